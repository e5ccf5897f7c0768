"""Pictures that visitors upload."""

import io

import numpy as np
import PIL.Image
import pytest
import scipy.ndimage

import zoo
from zoo.explore import examples, uploads

GREY, COLOUR = (28, 28, 1), (32, 32, 3)


def as_file(array, kind="PNG", **given):
    buffer = io.BytesIO()
    PIL.Image.fromarray(array).save(buffer, kind, **given)
    return buffer.getvalue()


def photograph(digit, rng):
    """A digit [28, 28] in [0, 1] written on paper, beside the middle, under uneven light."""
    ink = np.asarray(PIL.Image.fromarray(digit).resize((300, 300), PIL.Image.Resampling.BICUBIC))
    page = np.zeros((900, 1200), np.float32)
    page[420:720, 180:480] = np.clip(ink, 0, 1)
    light = np.linspace(0.95, 0.6, 1200)[None] * np.linspace(1, 0.85, 900)[:, None]
    grey = light * (1 - 0.75 * page) + rng.normal(0, 0.01, page.shape)
    warm = np.stack([grey, 0.97 * grey, 0.9 * grey], -1)
    return np.uint8(255 * np.clip(warm, 0, 1))


def test_photographs_of_digits_become_those_of_mnist():
    digits, rng = examples.load("mnist", GREY), np.random.default_rng(0)
    judge = zoo.load("classifier_mnist")
    made, labels = [], np.repeat(np.arange(10), 3)
    for label, number in zip(labels, np.tile(np.arange(3), 10), strict=True):
        original = digits[label, number]
        x = uploads.read_picture(
            as_file(photograph(original[..., 0], rng), "JPEG", quality=90), GREY, digits=True
        )
        assert x.shape == GREY and x.min() == 0 and x.max() == 1
        found = scipy.ndimage.center_of_mass(x[..., 0])
        np.testing.assert_allclose(found, [13.5, 13.5], atol=1.0)
        made.append(x)
    assert np.mean(judge.classify(np.stack(made)).argmax(-1) == labels) > 0.9


def test_paper_without_ink_is_said_to_be_empty():
    with pytest.raises(zoo.UserError, match="nothing on that picture"):
        uploads.read_picture(as_file(np.full((200, 200), 230, np.uint8)), GREY, digits=True)


def test_grey_pictures_are_bright_on_dark_and_keep_their_proportions():
    paper = np.full((60, 100), 255, np.uint8)
    paper[20:40, 45:55] = 0  # ink
    x = uploads.read_picture(as_file(paper), GREY)
    assert x.shape == GREY and x[14, 14, 0] > 0.9 and x[14, 2, 0] < 0.05
    assert not x[:5].any() and not x[-5:].any()  # wider than high


def test_pictures_are_upright_and_on_white_where_they_are_transparent():
    turned = np.zeros((40, 80, 3), np.uint8)
    turned[:, 40:] = 255, 0, 0  # the right half is red
    exif = PIL.Image.Exif()
    exif[0x0112] = 6  # a camera on its side: the right half is the lower one
    x = uploads.read_picture(as_file(turned, "PNG", exif=exif), COLOUR)
    assert x[28, 16, 0] > 0.9 and x[4, 16, 0] < 0.1
    clear = np.zeros((50, 50, 4), np.uint8)
    clear[20:30, 20:30] = 0, 0, 255, 255
    x = uploads.read_picture(as_file(clear), COLOUR)
    np.testing.assert_allclose(x[2, 2], 1)
    np.testing.assert_allclose(x[16, 16], [0, 0, 1])


def test_what_is_no_picture_or_too_large_is_refused_before_it_is_decoded():
    whole = as_file(np.zeros((60, 60), np.uint8))
    for data in (b"", b"not a picture", whole[:40]):
        with pytest.raises(zoo.UserError, match="not a picture that can be read"):
            uploads.read_picture(data, GREY)
    huge = as_file(np.zeros((12_000, 12_000), np.uint8))
    assert len(huge) < uploads.LARGEST_FILE
    with pytest.raises(zoo.UserError, match=r"12,000 x 12,000 pixels: choose one of at most"):
        uploads.read_picture(huge, GREY)
    endless = as_file(np.zeros((1, 20_000), np.uint8).repeat(20_000, 0), "PNG")
    with pytest.raises(zoo.UserError, match="far too many pixels: choose one of at most"):
        uploads.read_picture(endless, GREY)
    with pytest.raises(zoo.UserError, match="has 30 MB: choose one below 20 MB"):
        uploads.read_picture(bytes(30_000_000), GREY)


def test_sheets_of_examples_hold_what_was_saved(tmp_path, monkeypatch):
    monkeypatch.setattr(examples, "FOLDER", tmp_path)
    rng = np.random.default_rng(0)
    for channels in (1, 3):
        images = rng.integers(0, 256, (4, examples.EACH, 6, 8, channels), np.uint8)
        examples.save(tmp_path / "pets.png", images)
        np.testing.assert_allclose(255 * examples.load("pets", (6, 8, channels)), images, atol=1e-3)
        assert not len(examples.load("pets", (8, 6, channels)))
    assert examples.load("plants", (6, 8, 1)).shape == (0, 10, 6, 8, 1)
