"""Folders of images: what is read is what Pillow reads, what cannot be used is named."""

import pathlib
import re

import numpy as np
import PIL.Image
import pytest

import zoo
from tests.data import odd_files
from tests.data.image_files import write
from zoo import data
from zoo.configs.spec import Spec
from zoo.data import image_folders


@pytest.fixture
def load(tmp_path):
    """data.load, prepared sets in a folder of the test's own."""

    def loaded(folder, **options):
        fraction = options.pop("validation_fraction", 0.25)
        where = str(tmp_path.parent / f"{tmp_path.name}_prepared")
        return data.load(str(folder), data_dir=where, validation_fraction=fraction, **options)

    return loaded


def everything(loaded):
    """All images and labels of a set."""
    splits = (loaded.train, loaded.validation, loaded.test)
    return np.concatenate([s.x for s in splits]), np.concatenate([s.y for s in splits])


@pytest.mark.parametrize("channels", [1, 3])
def test_odd_files_are_read_as_pillow_reads_them(tmp_path, load, channels):
    for i, (name, save) in enumerate(odd_files.READ.items()):
        (tmp_path / f"{i:02d}_{name}").mkdir()
        save(tmp_path / f"{i:02d}_{name}" / name)
    # One image per class: its label finds it again, whichever split it is in.
    loaded = load(tmp_path, channels=channels, validation_fraction=0.1)
    x, y = everything(loaded)
    assert sorted(y) == list(range(len(odd_files.READ)))
    for image, label in zip(x, y, strict=True):
        (file,) = (tmp_path / loaded.spec.class_names[label]).iterdir()
        expected = odd_files.expected(file)
        if channels == 1:
            expected = expected @ [[0.299], [0.587], [0.114]]
        np.testing.assert_allclose(image, expected, atol=2, err_msg=file.name)


@pytest.mark.parametrize("name", odd_files.REFUSED)
def test_files_that_cannot_be_read_are_named_in_one_line(tmp_path, load, name):
    write(tmp_path, "cat", "dog", size=odd_files.SIZE)
    save, message = odd_files.REFUSED[name]
    save(tmp_path / "dog" / name)
    with pytest.raises(zoo.UserError, match=message) as raised:
        load(tmp_path)
    assert "\n" not in str(raised.value)


def test_all_broken_files_are_counted(tmp_path, load):
    write(tmp_path, "cat")
    for i in range(3):
        odd_files.cut_off(tmp_path / "cat" / f"broken{i}")
    with pytest.raises(zoo.UserError, match=r"broken0\.png.* 2 more cannot be read"):
        load(tmp_path, image_size=6)


def test_what_is_no_image_is_skipped_and_counted(tmp_path, load, capsys):
    write(tmp_path, "cat", "dog")
    (tmp_path / ".ipynb_checkpoints").mkdir()
    write(tmp_path, "__MACOSX", ".git")
    (tmp_path / "cat" / "notes.txt").write_text("soft")
    (tmp_path / "cat" / "photo.heic").write_text("apple")
    (tmp_path / "dog" / "._1.png").write_text("mac")
    PIL.Image.new("RGB", (3, 3)).save(tmp_path / "cover.png")
    loaded = load(tmp_path)
    assert loaded.spec == Spec((6, 6, 3), 2, ("cat", "dog"))
    said = capsys.readouterr().err
    assert "24 images in 2 classes. Skipped: 1 .heic, 1 .txt, 4 hidden, 1 images beside" in said


def test_labels_are_the_folders_in_order(tmp_path, load):
    loaded = load(write(tmp_path, "b", "A", "c/inner", "c/other"), channels=1)
    x, y = everything(loaded)
    assert loaded.spec.class_names == ("A", "b", "c")
    colour = {0: (60,), 1: (30,), 2: (90, 120)}
    assert all(image[3, 3, 0] in colour[label] for image, label in zip(x, y, strict=True))
    assert len(x) == 48


LAYOUTS = {
    "flat": ([""], ()),
    "a_class_called_train": (["train", "bus", "ship"], ("bus", "ship", "train")),
    "splits": (["train/a", "train/b", "test/a"], ("a", "b")),
    "splits_for_validation": (["train/a", "train/b", "val/b"], ("a", "b")),
    "splits_without_labels": (["train", "test"], ()),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(tmp_path, load, layout):
    folders, names = LAYOUTS[layout]
    loaded = load(write(tmp_path, *folders))
    assert loaded.spec.class_names == names and loaded.spec.num_classes == len(names)
    x, _ = everything(loaded)
    assert len(x) == 12 * len(folders)
    for split in ("test", "val"):
        own = [f for f in folders if f.startswith(split)]
        if own and layout.startswith("splits"):
            used = loaded.test if split == "test" else loaded.validation
            assert used.size == 12 * len(own)
            assert set(used.x[:, 3, 3, 0]) == {30 * (folders.index(f) + 1) for f in own}


@pytest.mark.parametrize(
    ("folders", "empty", "message"),
    [
        (["cat"], "dog", r"class .*dog holds no image: remove the folder"),
        (["train/a", "train/b"], "test", r"test holds no image: fill it or remove it"),
        (["train/a"], "train/b", r"class .*train/b holds no image"),
        (["train/a", "train/b", "test"], None, r"test holds images without a subfolder per class"),
        (["train/a", "test/b"], None, r"test/b is a class that the images to train on do not have"),
        (["train/a", "val/a", "valid/a"], None, r"more than one of them is for validation"),
        (["train/a", "bus"], None, r"train has subfolders, so it looks like a split.*'bus'"),
        ([""], "cat", r"has images, and the folders 'cat' without any"),
        ([], "cat", r"No image in .*expected one subfolder per class"),
    ],
)
def test_layouts_that_cannot_be_used_are_named(tmp_path, load, folders, empty, message):
    write(tmp_path, *folders)
    if empty:
        (tmp_path / empty).mkdir(parents=True)
    with pytest.raises(zoo.UserError, match=message):
        load(tmp_path)


def test_records_are_made_once_and_anew_when_a_file_changes(tmp_path, load, monkeypatch):
    write(tmp_path, "cat", "dog")
    first, _ = everything(load(tmp_path))
    reads = []
    read = image_folders.image_files.read_pixels
    monkeypatch.setattr(
        image_folders.image_files, "read_pixels", lambda *a: reads.append(a) or read(*a)
    )
    again, _ = everything(load(tmp_path))
    np.testing.assert_array_equal(first, again)
    assert not reads
    PIL.Image.new("RGB", (6, 6), (255, 0, 0)).save(tmp_path / "cat" / "3.png")
    x, _ = everything(load(tmp_path))
    assert len(reads) == 24 and (x == (255, 0, 0)).all((1, 2, 3)).sum() == 1
    x, _ = everything(load(tmp_path, image_size=4))
    assert x.shape[1:] == (4, 4, 3)


def test_a_folder_may_have_any_name(tmp_path, load, monkeypatch):
    folder = write(tmp_path / "my [1] *?", "cat", "dog")
    assert load(folder).spec.class_names == ("cat", "dog")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert load("~/my [1] *?").train.size > 0


def test_transparency_is_laid_on_the_background(tmp_path, load):
    (tmp_path / "a").mkdir()
    for i in range(6):
        PIL.Image.new("RGBA", (4, 4), (9, 9, 9, 0)).save(tmp_path / "a" / f"{i}.png")
    for background, colour in (("white", 255), ("#102030", (16, 32, 48))):
        x, _ = everything(load(tmp_path, background=background))
        assert (x == colour).all()
    with pytest.raises(zoo.UserError, match=r"background='whitest' is not a colour"):
        load(tmp_path, background="whitest")


def test_sixteen_bits_are_told_with_their_range(tmp_path, load, capsys):
    (tmp_path / "a").mkdir()
    for i in range(6):
        odd_files.sixteen_bits(4095)(tmp_path / "a" / str(i))
    loaded = load(tmp_path)
    assert loaded.spec.shape == (6, 8, 1)
    said = capsys.readouterr().err
    assert re.search(r"6 images have 16 bits per pixel, .* from 0 to 4095; .*dark", said)


def test_a_script_makes_them_to_look_at(tmp_path):
    odd_files.main(tmp_path)
    made = [pathlib.Path(f).name for f in tmp_path.rglob("*") if not f.is_dir()]
    assert len(made) == len(odd_files.READ) + len(odd_files.REFUSED) >= 30


@pytest.mark.parametrize(
    ("name", "layout"),
    [("unlabelled", ""), ("unlabeled", "train"), ("unlabelled", "beside train")],
)
def test_images_of_a_folder_unlabelled_have_no_label(tmp_path, load, name, layout):
    classes = [f"{'train/' * bool(layout)}{kind}" for kind in ("cat", "dog")]
    write(tmp_path, *classes, f"{'train/' * (layout == 'train')}{name}", count=12)
    if layout:
        write(tmp_path, "test/cat", "test/dog", count=2)
    loaded = load(tmp_path)
    assert loaded.spec.class_names == ("cat", "dog")
    colours = {-1: 90, 0: 30, 1: 60}
    for x, y in zip(*everything(loaded), strict=True):
        assert x[3, 3, 0] == colours[y] or layout
    assert np.all(loaded.validation.y == -1) and len(loaded.validation.y) == 3
    assert np.all(loaded.test.y >= 0)
    assert loaded.train.count_unknown() == 9


def test_labels_unknown_in_a_streamed_folder_are_counted(tmp_path, load):
    write(tmp_path, "cat", "dog", "unlabelled")
    loaded = load(tmp_path, in_memory_bytes=0)
    assert loaded.train.count_unknown() == 9
    np.testing.assert_array_equal(loaded.train.labels(), load(tmp_path).train.y)
    with pytest.raises(zoo.UserError, match="9 of the 27 training rows .* have no label"):
        loaded.check_labels(all_known=True)


def test_unlabelled_images_cannot_be_tested_on(tmp_path, load):
    write(tmp_path, "train/cat", "train/dog", "test/cat", "test/dog", "test/unlabelled")
    with pytest.raises(zoo.UserError, match="test/unlabelled has images without labels"):
        load(tmp_path)


def test_a_folder_unlabelled_alone_has_no_classes(tmp_path, load):
    loaded = load(write(tmp_path, "unlabelled"))
    assert loaded.spec.num_classes == 0 and loaded.train.size > 0
