#!/usr/bin/env python3
"""Images that change gradually: strips between two images, grids of styles, animations.

scripts/interpolate.py --saved_model=saved_models/cvae_mnist --seeds=1,2 --label=3 --out=strip.png
scripts/interpolate.py --saved_model=saved_models/cvae_mnist --seeds=1,2 --label=3 --out=walk.gif
scripts/interpolate.py --saved_model=saved_models/vae_mnist --images=0,7 --out=strip.png
scripts/interpolate.py --saved_model=saved_models/cvae_mnist --grid --seeds=1,2,3 --out=styles.png
scripts/interpolate.py --saved_model=saved_models/cvae_mnist --grid --images=0,1,2 --out=restyle.png

--seeds draws the images to start from, without any dataset; --images takes them, by their number in
TFDS' order, from the test split of the model's dataset. A walk of a conditional model is between
images of one label. --grid shows a style a row and a label a column.
"""

from absl import flags

from zoo import cli

cli.define_data_flags()
_SAVED_MODEL = flags.DEFINE_string("saved_model", None, "An export.", required=True)
_OUT = flags.DEFINE_string("out", None, "A .png or .gif.", required=True)
_SEEDS = flags.DEFINE_list("seeds", None, "Seeds of the samples to start from.")
_IMAGES = flags.DEFINE_list("images", None, "Numbers of the test images to start from.")
_LABEL = flags.DEFINE_integer("label", None, "Label of all seeds; 0 if not given.")
_GRID = flags.DEFINE_bool("grid", False, "A style a row, a label a column.")
_STEPS = flags.DEFINE_integer("steps", 11, "Images from one end to the other.", lower_bound=2)
flags.mark_flags_as_mutual_exclusive(["seeds", "images"], required=True)


def main():
    import zoo
    from zoo import pictures

    model = zoo.load(_SAVED_MODEL.value)
    if _SEEDS.value:
        x, y = pictures.from_seeds(model, _SEEDS.value, _LABEL.value)
    else:
        x, y = pictures.from_test_images(model, cli.load_data(model.config), _IMAGES.value)
    frames, columns = (
        pictures.styles(model, x, y) if _GRID.value else pictures.walk(model, x, y, _STEPS.value)
    )
    pictures.save(_OUT.value, frames, {}, columns)
    print(f"Written to {_OUT.value}.")


if __name__ == "__main__":
    cli.run(main)
