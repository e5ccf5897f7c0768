#!/usr/bin/env python3
"""Draws samples from a SavedModel, or one on a server: a grid, single files or an array.

scripts/sample.py --saved_model=saved_models/cvae_mnist --out=samples.png
scripts/sample.py --saved_model=saved_models/cvae_mnist --labels=3,8 --count=20 --out=digits/
scripts/sample.py --saved_model=saved_models/cvae_mnist --count=1000 --out=samples.npz
scripts/sample.py --saved_model=saved_models/r3gan_mnist --nearest=mnist --out=nearest.png
scripts/sample.py --server=localhost:8501 --model_name=cvae_mnist --out=samples.png

Needs no dataset but for --nearest, which shows whether training images were memorised: below
each row of samples are the nearest training images. Sample i is drawn from seed + i and,
where the model is conditional, from the labels in turn.
"""

from absl import flags

from zoo import files
from zoo.cli import command_line, shared_flags

shared_flags.define_model_flags()
_OUT = flags.DEFINE_string("out", None, "A .png (grid), an .npz or a folder.", required=True)
_COUNT = flags.DEFINE_integer("count", 100, "Number of samples.", lower_bound=1)
_SEED = flags.DEFINE_integer("seed", 0, "Seed of the first sample.")
_LABELS = flags.DEFINE_list(
    "labels", None, "Labels (numbers or names), in turn; all of them if not given."
)
_NEAREST = flags.DEFINE_string(
    "nearest",
    None,
    "Show the nearest training images of this dataset (a name or a folder) below samples.",
)
shared_flags.define_data_flags()
_COLUMNS = flags.DEFINE_integer("columns", 10, "Columns of the grid.", lower_bound=1)


def prepare():
    shared_flags.check_model_flags()
    files.check_writable(files.user_path(_OUT.value).parent)


def main():
    from zoo.drawing import pictures

    model = shared_flags.open_model()
    x, arrays = pictures.draw_samples(model, _COUNT.value, _SEED.value, _LABELS.value)
    header = pictures.label_header(model, _LABELS.value, _COLUMNS.value)
    if _NEAREST.value:
        dataset = shared_flags.load_data_like(model.spec, _NEAREST.value)
        arrays["nearest"] = pictures.find_nearest(x, dataset.train)
        if not _OUT.value.endswith(".npz"):
            x = pictures.stack_rows(_COLUMNS.value, x, arrays["nearest"])
    pictures.save_samples_as(_OUT.value, x, arrays, _COLUMNS.value, header)
    print(f"{_COUNT.value} samples written to {_OUT.value}.")


if __name__ == "__main__":
    command_line.run(main, prepare)
