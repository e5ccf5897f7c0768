#!/usr/bin/env python3
"""Draws samples from a SavedModel, or one on a server: a grid, single files or an array.

scripts/sample.py --saved_model=saved_models/cvae_mnist --out=samples.png
scripts/sample.py --saved_model=saved_models/cvae_mnist --labels=3,8 --count=20 --out=digits/
scripts/sample.py --saved_model=saved_models/cvae_mnist --count=1000 --out=samples.npz
scripts/sample.py --server=localhost:8501 --model_name=cvae_mnist --out=samples.png

Needs no dataset. Sample i is drawn from seed + i and, where the model is conditional, from the
labels in turn.
"""

from absl import flags

from zoo import cli

cli.define_model_flags()
_OUT = flags.DEFINE_string("out", None, "A .png (grid), an .npz or a folder.", required=True)
_COUNT = flags.DEFINE_integer("count", 100, "Number of samples.", lower_bound=1)
_SEED = flags.DEFINE_integer("seed", 0, "Seed of the first sample.")
_LABELS = flags.DEFINE_list(
    "labels", None, "Labels (numbers or names), in turn; all of them if not given."
)
_COLUMNS = flags.DEFINE_integer("columns", 10, "Columns of the grid.", lower_bound=1)


def main():
    from zoo import pictures

    model = cli.open_model()
    x, arrays = pictures.draw_samples(model, _COUNT.value, _SEED.value, _LABELS.value)
    header = pictures.label_header(model, _LABELS.value, _COLUMNS.value)
    pictures.save(_OUT.value, x, arrays, _COLUMNS.value, header)
    print(f"{len(x)} samples written to {_OUT.value}.")


if __name__ == "__main__":
    cli.run(main, cli.check_model_flags)
