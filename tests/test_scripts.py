"""The scripts as a person runs them, from another folder."""

import html
import json
import os
import re
import shutil
import subprocess
import sys

import numpy as np
import PIL.Image
import pytest

import zoo
from tests import tiny_exports
from tests.data import image_files
from tests.entries import METRICS, tiny
from tests.processes import ROOT, call, script
from zoo import configs, models
from zoo.configs.spec import Spec
from zoo.diagnosis.verdict import VERDICTS
from zoo.drawing import pictures
from zoo.exports import versions
from zoo.seeds import row_sample
from zoo.serving import export

TRAIN = ["--model=cvae", "--config.hidden=(16,)", "--config.latent_dim=3", "--config.jit=False"]


@pytest.fixture(scope="module")
def saved_model(exports_folder):
    return tiny_exports.of_entry("cvae", exports_folder)


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """A folder of 80 images of two classes, 8 x 8 pixels."""
    return image_files.write(
        tmp_path_factory.mktemp("folder") / "photos", "a", "b", size=(8, 8), count=40
    )


def succeed(done):
    """What a script said that ended well."""
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.mark.thorough
def test_evaluation_uses_the_judge_of_the_run_again(tmp_path, data_dir, exports_folder):
    """All figures of the training are still there afterwards, without --judge."""
    pictures = image_files.write(tmp_path / "photos", "a", "b", "c", size=(8, 8), count=20)
    judge = tiny_exports.of_entry("classifier", exports_folder)
    flags = [f"--dataset={pictures}", f"--data_dir={data_dir}", "--config.channels=1"]
    flags += ["--config.num_epochs=1", f"--judge={judge}", f"--workdir={tmp_path / 'run'}"]
    succeed(call("train.py", *TRAIN, *flags))
    before = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert "conditional_accuracy" in before["metrics"]
    evaluate = ["evaluate.py", f"--workdir={tmp_path / 'run'}", f"--data_dir={data_dir}"]
    succeed(call(*evaluate, "--importance_samples=5"))
    after = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert after["metrics"].keys() - before["metrics"].keys() >= {"nll"}
    succeed(call(*evaluate, "--judge=", "--importance_samples=0"))
    without = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert without["metrics"] == after["metrics"]
    assert sorted(without["protocol"]) == sorted(after["protocol"])
    assert without["importance_samples"] == 5


def check_picture(path, cell, columns, rows):
    """Whether a PNG is a grid of cells with a line of names above."""
    width, height = PIL.Image.open(path).size
    assert width == 2 * (cell * columns + 2)
    assert 2 * (cell * rows + 2) + 12 < height < 2 * (cell * rows + 2) + 60


@pytest.mark.parametrize(
    ("run", "set_name", "side", "classes"),
    [
        (call, "photos", 8, 2),
        pytest.param(script, "mnist_5k", 28, 10, marks=pytest.mark.thorough),
    ],
)
def test_train_evaluate_export_and_draw(run, set_name, side, classes, tmp_path, data_dir, photos):
    """The whole way; with --all in processes of their own, on the default set and two replicas."""
    place = f"--data_dir={data_dir}"
    more = ["--virtual_devices=2"] if run is script else [f"--dataset={photos}"]
    flags = [*TRAIN, "--config.num_epochs=1", "--config.batch_size=16", place, *more]
    said = succeed(run("train.py", *flags, cwd=tmp_path))
    assert "ELBO" in said and (run is call or "Conditional accuracy" in said)
    (folder,) = (tmp_path / "runs").iterdir()
    name = f"cvae_{set_name}"
    changed = "-batch_size_16-hidden_16-jit_False-latent_dim_3-num_epochs_1"
    assert folder.name == name + changed
    cell = side + 2
    check_picture(folder / "samples.png", cell, classes, 10)
    check_picture(folder / "restyle.png", cell, classes + 1, classes)
    columns = min(10, classes * 4)  # the small set has 8 test images
    assert PIL.Image.open(folder / "reconstructions.png").width > 2 * (cell * columns + 2)
    metrics = json.loads((folder / "metrics.json").read_text())
    exported = folder / "export" / name / "1"
    assert (exported / "saved_model.pb").exists()

    succeed(run("evaluate.py", f"--workdir={folder}", place, "--importance_samples=20"))
    again = json.loads((folder / "metrics.json").read_text())
    # The ELBO is from one code per image, which differ from those of the estimate.
    assert again["metrics"]["nll"] < -again["metrics"]["elbo"] + 0.1
    assert json.loads((exported / "assets.extra" / "metrics.json").read_text()) == again
    for metric, value in metrics["metrics"].items():
        assert again["metrics"][metric] == pytest.approx(value, rel=1e-5)

    export_to = [f"--workdir={folder}", f"--export_dir={tmp_path / 'out'}"]
    succeed(run("export.py", *export_to))
    done = run("export.py", *export_to, "--version=1")
    assert done.returncode == 2 and "exists" in done.stderr
    flags = [f"--saved_model={tmp_path / 'out' / name}", place]
    out = tmp_path / "m.json"
    succeed(run("evaluate.py", *flags, f"--out={out}", "--importance_samples=0"))
    of_export = json.loads(out.read_text())["metrics"]
    assert of_export["elbo"] == pytest.approx(metrics["metrics"]["elbo"], rel=1e-5)

    copy = shutil.copytree(folder, tmp_path / "copy")
    assert versions.read_exported(copy).is_relative_to(copy)

    out = tmp_path / "restyled.png"
    succeed(run("interpolate.py", *flags, "--grid", "--images=0,5", f"--out={out}"))
    check_picture(out, cell, classes + 1, 2)


STARTING = "Starting TensorFlow ...\n"
README_LINES = """
import zoo

model = zoo.load("cvae_mnist")
zoo.draw_grid(model.sample(seed=range(100), y=[*range(10)] * 10)).save("digits.png")
"""


def start(*argv, cwd):
    """What a process from the start says: (stdout, stderr)."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("TF_")}
    command = [sys.executable, *map(str, argv)]
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


def test_the_lines_of_the_readme_draw_and_say_nothing(tmp_path):
    """None of TensorFlow's start-up notes, which it writes past Python."""
    assert README_LINES.strip().removeprefix("import zoo\n\n") in (ROOT / "README.md").read_text()
    assert start("-c", README_LINES, cwd=tmp_path) == ("", "")
    assert PIL.Image.open(tmp_path / "digits.png").width > 300


@pytest.mark.thorough
def test_a_script_says_its_own_lines_alone(saved_model, tmp_path):
    flags = [f"--saved_model={saved_model}", "--count=3", f"--out={tmp_path / 'grid.png'}"]
    said = start(ROOT / "scripts" / "sample.py", *flags, cwd=tmp_path)
    assert said == (f"3 samples written to {tmp_path / 'grid.png'}.\n", STARTING)


@pytest.mark.thorough
def test_a_training_says_its_own_lines_alone(photos, tmp_path):
    """Convolutions, half precision and images on disk, which TensorFlow has most notes of."""
    flags = ["--model=dcgan", f"--dataset={photos}", "--config.num_epochs=1"]
    small = ["--config.g_hidden=(4,4)", "--config.d_hidden=(4,4)", "--config.batch_size=8"]
    more = [f"--data_dir={tmp_path}", "--config.precision=mixed_bfloat16"]
    out, errors = start(ROOT / "scripts" / "train.py", *flags, *small, *more, cwd=tmp_path)
    # Bars show img/s, or s/img if they are slow.
    bars = re.compile(
        r"(img|image|metric)/s|s/(img|image|metric)|^\s*$|Starting TensorFlow|80 images in 2 cl"
    )
    others = [line for line in re.split(r"[\r\n]", errors) if not bars.search(line)]
    assert not others and "Exported to" in out
    assert "\ndcgan: " in out and not re.search(r"WARNING|E0000|W0000|I0000", out)


@pytest.mark.parametrize(
    ("name", "flags", "message"),
    [
        ("train.py", ["--model=cvea"], "Unknown model 'cvea'. Did you mean 'cvae'?"),
        ("experiment.py", ["kl_term"], "Did you mean 'kl_terms'?"),
        ("sample.py", ["--saved_model=/no/such", "--out=x.png"], "/no/such is not a SavedModel"),
        (
            "sample.py",
            ["--saved_model=cvae_fashion_mnist", "--labels=Bagg", "--out=x.png"],
            "has no label 'Bagg'. Did you mean 'Bag'?",
        ),
    ],
)
def test_errors_in_names_come_before_tensorflow(name, flags, message):
    code = (
        "import runpy, sys; sys.modules['tensorflow'] = None; sys.argv = sys.argv[1:]; "
        "runpy.run_path(sys.argv[0], run_name='__main__')"
    )
    command = [sys.executable, "-c", code, ROOT / "scripts" / name, *flags]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and message in done.stderr


def test_sample_writes_a_grid_single_files_or_arrays(saved_model, tmp_path):
    flags = [f"--saved_model={saved_model}", "--count=5", "--seed=3", "--labels=2,0"]
    for out in ("grid.png", "arrays.npz", "single"):
        done = call("sample.py", *flags, f"--out={tmp_path / out}", cwd=tmp_path)
        assert done.returncode == 0, done.stderr[-3000:]
    arrays = np.load(tmp_path / "arrays.npz")
    assert arrays["seed"].tolist() == [3, 4, 5, 6, 7] and arrays["y"].tolist() == [2, 0, 2, 0, 2]
    single = sorted((tmp_path / "single").iterdir())
    assert len(single) == 5
    for file, x in zip(single, arrays["x"], strict=True):
        np.testing.assert_array_equal(np.asarray(PIL.Image.open(file)), np.round(x[..., 0] * 255))
    assert PIL.Image.open(tmp_path / "grid.png").size == (2 * 52, 2 * 12)


def test_interpolate_walks_between_seeds(saved_model, tmp_path):
    flags = [f"--saved_model={saved_model}", "--seeds=1,2", "--label=1", "--steps=4"]
    for out in ("walk.png", "walk.gif"):
        done = call("interpolate.py", *flags, f"--out={tmp_path / out}")
        assert done.returncode == 0, done.stderr[-3000:]
    assert PIL.Image.open(tmp_path / "walk.png").size == (2 * 42, 2 * 12)
    assert PIL.Image.open(tmp_path / "walk.gif").n_frames == 6


def test_a_walk_between_test_images_needs_one_label_only_where_labels_count(
    tiny_data, exports_folder
):
    for entry in ("vae", "cvae"):
        loaded = zoo.load(tiny_exports.of_entry(entry, exports_folder))
        different = [0, int(np.argmax(tiny_data.test.y != tiny_data.test.y[0]))]
        x, y = pictures.from_test_images(loaded, tiny_data, different)
        if entry == "cvae":
            with pytest.raises(zoo.UserError, match="these images have"):
                pictures.walk(loaded, x, y, 3)
        else:
            assert pictures.walk(loaded, x, y, 3)[0].shape == (3, 8, 8, 1)


@pytest.mark.thorough
def test_diagnose_prints_json_alone_and_leaves_a_page(tmp_path):
    spec = Spec((2,), 8)
    model = models.create(configs.get_tiny("gan", dataset="ring/600"), spec)
    exported = export.export(model, tmp_path / "export", METRICS)
    done = call("diagnose.py", f"--saved_model={exported}", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout)
    assert found["name"] in VERDICTS and found["reasons"] and found["figures"]["auc"] <= 1
    assert found["sentence"].split(".")[0] in html.unescape(
        (tmp_path / "diagnosis.html").read_text()
    )


ERRORS = [
    ("train.py", ["--model=cvea"], "Unknown model 'cvea'. Did you mean 'cvae'?"),
    ("train.py", [], "--model must have a value"),
    ("train.py", ["--model=cvae", "--config.latent_dimm=3"], "Did you mean 'latent_dim'?"),
    ("train.py", ["cvae"], "--model must have a value: write --model=cvae."),
    ("train.py", ["--foo"], "--model must have a value: choose one of cgan, "),
    ("train.py", ["--model=cvae", "--config.latent_dim=x"], "=x: expected a whole number"),
    ("train.py", ["--model=cvae", "--config.beta=much"], "=much: expected a number"),
    ("train.py", ["--model=cvae", "--config.hidden=wide"], "=wide: expected whole numbers"),
    ("train.py", ["--model=cvae", "--modle=x"], "Unknown flag --modle. Did you mean --model?"),
    ("train.py", ["--model=cvae", "--latent_dim=3"], "a field of the config, --config.latent_dim"),
    ("train.py", ["--model=cvae", "-config.latnt_dim=3"], "Did you mean 'latent_dim'?"),
    ("train.py", ["--model=cvae", "--workdir=a[1]"], "takes a path with [ ] for a pattern"),
    ("sample.py", ["--saved_model=~/no*such", "--out=x.png"], "takes a path with * for a pattern"),
    ("train.py", ["--model=cvae", "cvae"], "Unexpected argument 'cvae'"),
    ("train.py", ["--model=cvae", "--dataset=mnits"], "Did you mean 'mnist'?"),
    ("train.py", ["--model=cvae", "--strategy=mirror"], "should be one of <auto|default|mirrored"),
    ("train.py", ["--model=cvae", "--config.model=vae"], "choose another by --model."),
    ("train.py", ["--model=cvae", "--config.hidden=(0,)"], "hidden=(0,): expected whole numbers"),
    ("train.py", ["--model=cvae", "--export_dir=/dev/null"], "/dev/null is a file"),
    ("train.py", ["--model=cvae", "--export_dir=/proc/x"], "/proc/x cannot be written"),
    ("train.py", ["--model=cvae", "--workdir=gs://bucket/run"], "gs://bucket/run is an address"),
    ("train.py", ["--model=cvae", "--config=FILE"], "--config is not a file here: set fields"),
    ("train.py", ["--model=cvae", "--noconfig.jit"], "write --config.jit=False"),
    ("train.py", ["--model=cvae", "--noconfig.jit=True"], "write --config.jit=False"),
    ("train.py", ["--model=cvae", "--config.num_epochs=10.5"], "expected a whole number"),
    ("sample.py", ["--saved_model=cvae_mnist", "--out=/proc/x/a.png"], "/proc/x cannot be writ"),
    ("sweep.py", ["--model=gmm", "--over=seed=1", "--report=s3://a/b"], "s3://a/b is an address"),
    ("experiment.py", ["--num_epochs=1"], "the name comes before all flags"),
    ("benchmark.py", ["trian"], "given: 'trian'"),
    ("evaluate.py", ["--workdir=/no/such"], "not a workdir of a run"),
    ("evaluate.py", [], "workdir"),
    ("export.py", ["--workdir=/no/such", "--export_dir=out"], "not a workdir of a run"),
    ("sample.py", ["--saved_model=/no/such", "--out=x.png"], "/no/such is not a SavedModel"),
    ("sample.py", ["--saved_model=MODEL", "--out=x.jpg"], "expected a .png, .gif or .npz"),
    ("sample.py", ["--saved_model=MODEL", "--out=x.png", "--labels=1,3"], "no label '3'"),
    ("sample.py", ["--saved_model=MODEL", "--out=x.png", "--labels=a"], "known: 0 .. 2"),
    ("sample.py", ["--saved_model=cvae_mnsit", "--out=x.png"], "Did you mean 'cvae_mnist'?"),
    ("interpolate.py", ["--saved_model=MODEL", "--out=x.png", "--seeds=1"], "needs two images"),
    ("diagnose.py", ["--saved_model=MODEL"], "'cvae' has no discriminator to diagnose"),
    ("benchmark.py", ["modes", "--dataset=moons"], "modes of 'moons' are not known"),
]


def test_help_lists_the_fields_of_a_model_with_what_they_take():
    done = call("train.py", "--model=vae", "--help")
    assert done.returncode == 0 and not done.stderr
    config = configs.get("vae")
    for field in set(config) - {"model", "family", "dataset"}:
        assert f"  --config.{field}=" in done.stdout
    said = " ".join(done.stdout.split())
    assert "One of 'diagonal', 'tril', 'iaf'." in said and "From 1 to 100000." in said
    assert "arXiv 1312.6114" in said and "--workdir: Folder of the run" in said
    for name, flag in (("train.py", "-h"), ("sample.py", "--help")):
        done = call(name, flag)
        assert done.returncode == 0 and "scripts/" in done.stdout
    assert call("train.py", "--model=cvea", "--help").returncode == 2


def test_names_of_trained_models_go_for_their_paths(tmp_path):
    out = tmp_path / "named.png"
    succeed(call("sample.py", "--saved_model=cvae_mnist", "--count=10", f"--out={out}"))
    assert out.exists()


@pytest.mark.parametrize(("name", "flags", "message"), ERRORS)
def test_errors_are_one_line_and_leave_nothing(saved_model, tmp_path, name, flags, message):
    flags = [flag.replace("MODEL", str(saved_model)) for flag in flags]
    done = call(name, *flags, cwd=tmp_path)
    assert done.returncode == 2
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1 and message in errors[0], done.stderr[-2000:]
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("entry", ["dcgan", "cgan"])
def test_walks_through_the_codes_of_a_generator(entry, exports_folder):
    """They begin and end at the samples of their seeds, morphs at those of their labels."""
    loaded = zoo.load(tiny_exports.of_entry(entry, exports_folder))
    y = [np.zeros(2, np.int32)] if entry == "cgan" else []
    ends = loaded.sample(np.array([5, 9], np.int32), *y)
    x, columns = pictures.walk_codes(loaded, ["5", "9"], None, 4)
    assert columns == 4 and x.shape == (4, 8, 8, 1)
    np.testing.assert_allclose(x[[0, -1]], ends, atol=1e-5)
    if entry == "cgan":
        x, columns = pictures.code_grid(loaded, [5, 9], 4)
        assert columns == 3
        np.testing.assert_allclose(x[[0, 3]], ends, atol=1e-5)
        x, columns = pictures.walk_labels(loaded, [5, 9], [0, 2, 1], 4)
        assert columns == 8
        np.testing.assert_allclose(x[[0, 8]], ends, atol=1e-5)
    else:
        x, columns = pictures.code_grid(loaded, [5, 1, 2, 9], 4)
        assert columns == 4
        np.testing.assert_allclose(x[[0, -1]], ends, atol=1e-5)
        with pytest.raises(zoo.UserError, match="give 4 seeds, not 3"):
            pictures.code_grid(loaded, [1, 2, 3], 4)
        with pytest.raises(zoo.UserError, match="no signature 'morph'"):
            pictures.walk_labels(loaded, [1], [0, 1], 4)


def test_a_code_of_infogan_varies_along_a_row_and_the_category_from_row_to_row(exports_folder):
    model = tiny_exports.create(tiny("infogan"))
    loaded = zoo.load(tiny_exports.of_entry("infogan", exports_folder))
    x, columns = pictures.vary_codes(loaded, 5, 0, 4)
    assert columns == 4 and x.shape == (12, 8, 8, 1)
    z = row_sample(model.prior(), [5]).numpy()
    for i, (category, u) in enumerate((k, u) for k in range(3) for u in np.linspace(-1, 1, 4)):
        z[0, :3], z[0, 3] = np.eye(3)[category], u
        np.testing.assert_allclose(x[i : i + 1], model.decode(z), atol=1e-5)
    with pytest.raises(zoo.UserError, match=r"vary=1: .* uniform codes 0 \.\. 0"):
        pictures.vary_codes(loaded, 5, 1, 4)
    loaded = zoo.load(tiny_exports.of_entry("dcgan", exports_folder))
    with pytest.raises(zoo.UserError, match="no informative codes: try infogan"):
        pictures.vary_codes(loaded, 5, 0, 4)
