#!/usr/bin/env python3
"""Draws images that change gradually: strips, grids of styles, animations.

scripts/interpolate.py --saved_model=saved_models/cvae_mnist --seeds=1,2 --label=3 --out=strip.png
scripts/interpolate.py --saved_model=saved_models/cvae_mnist --seeds=1,2 --label=3 --out=walk.gif
scripts/interpolate.py --saved_model=saved_models/vae_mnist --images=0,7 --out=strip.png
scripts/interpolate.py --saved_model=saved_models/cvae_mnist --grid --seeds=1,2,3 --out=styles.png
scripts/interpolate.py --saved_model=saved_models/cvae_mnist --grid --images=0,1,2 --out=restyle.png
scripts/interpolate.py --saved_model=saved_models/dcgan_mnist --grid --seeds=1,2,3,4 --out=grid.png
scripts/interpolate.py --saved_model=saved_models/cgan_mnist --seeds=1 --labels=3,8 --out=morph.gif
scripts/interpolate.py --saved_model=runs/infogan_mnist --seeds=1 --vary=0 --out=codes.png
scripts/interpolate.py --saved_model=runs/flow_matching_mnist --seeds=1,2 --from_noise --out=x.gif
scripts/interpolate.py --server=localhost:8501 --model_name=cvae_mnist --seeds=1,2 --out=walk.gif

--seeds draws the images to start from, without any dataset; --images takes them, by their number in
TFDS' order, from the test split of the model's dataset. A conditional VAE interpolates between
images of one label. --grid shows a style per row and a label per column; of a GAN without labels,
what lies between four seeds. --labels turns one label into the next, which conditional GANs can.
--vary shows a category of InfoGAN per row, and along it one of its uniform codes from -1 to 1.
--from_noise shows each sample's trajectory from noise, of a flow.
"""

from absl import flags

from zoo import files
from zoo.cli import command_line, shared_flags

shared_flags.define_data_flags()
shared_flags.define_model_flags()
_OUT = flags.DEFINE_string("out", None, "A .png or .gif.", required=True)
_SEEDS = flags.DEFINE_list("seeds", None, "Seeds of the samples to start from.")
_IMAGES = flags.DEFINE_list("images", None, "Numbers of the test images to start from.")
_LABEL = flags.DEFINE_string("label", None, "Label for all seeds; 0 if not given.")
_LABELS = flags.DEFINE_list("labels", None, "Labels (numbers or names) to go through.")
_GRID = flags.DEFINE_bool("grid", False, "A style per row, a label per column.")
_VARY = flags.DEFINE_integer("vary", None, "Index of InfoGAN's uniform code to vary.")
_FROM_NOISE = flags.DEFINE_bool("from_noise", False, "Trajectory from noise to each sample.")
_STEPS = flags.DEFINE_integer("steps", 11, "Images from one end to the other.", lower_bound=2)
flags.mark_flags_as_mutual_exclusive(["seeds", "images"], required=True)
flags.mark_flags_as_mutual_exclusive(["label", "labels"])
flags.mark_flags_as_mutual_exclusive(["vary", "labels"])
flags.mark_bool_flags_as_mutual_exclusive(["grid", "from_noise"])


def from_codes(model):
    """Frames of a generator, which has codes for seeds only, and their number per row."""
    from zoo.drawing import pictures
    from zoo.errors import UserError

    if _FROM_NOISE.value:
        raise UserError(f"{model.path} has no signature 'trajectory': --from_noise is for flows.")
    if _IMAGES.value:
        raise UserError(f"{model.path} has no code for an image: give --seeds.")
    if _VARY.value is not None:
        return pictures.vary_codes(model, _SEEDS.value[0], _VARY.value, _STEPS.value)
    if _GRID.value:
        return pictures.code_grid(model, _SEEDS.value, _STEPS.value)
    if _LABELS.value:
        return pictures.walk_labels(model, _SEEDS.value, _LABELS.value, _STEPS.value)
    return pictures.walk_codes(model, _SEEDS.value, _LABEL.value, _STEPS.value)


def from_images(model):
    """Frames of a model that encodes images, and their number per row."""
    from zoo.drawing import pictures
    from zoo.errors import UserError

    if _LABELS.value:
        raise UserError(f"{model.path} has no signature 'morph': --labels is for conditional GANs.")
    if _VARY.value is not None:
        raise UserError(f"{model.path} has no informative codes: try infogan.")
    if _FROM_NOISE.value:
        if _IMAGES.value:
            raise UserError("--from_noise shows how samples are made: give --seeds.")
        return pictures.trajectories(model, _SEEDS.value, _LABEL.value, _STEPS.value)
    if _SEEDS.value:
        x, y = pictures.from_seeds(model, _SEEDS.value, _LABEL.value)
    else:
        x, y = pictures.from_test_images(model, shared_flags.load_data(model.config), _IMAGES.value)
    return pictures.styles(model, x, y) if _GRID.value else pictures.walk(model, x, y, _STEPS.value)


def header(model, columns):
    """Names of the columns, if each column shows one label in all rows."""
    import numpy as np

    if _VARY.value is not None:
        return [f"{u:.2g}" for u in np.linspace(-1, 1, columns)]
    if _GRID.value and model.conditional:
        names = list(model.spec.label_names)
        return ["image"] * (columns - len(names)) + names
    return []


def prepare():
    shared_flags.check_model_flags()
    files.check_writable(files.user_path(_OUT.value).parent)


def main():
    from zoo.drawing import pictures

    model = shared_flags.open_model()
    of_codes = "decode" in model.signatures and "encode" not in model.signatures
    frames, columns = from_codes(model) if of_codes else from_images(model)
    pictures.save_samples_as(_OUT.value, frames, {}, columns, header(model, columns))
    print(f"Written to {_OUT.value}.")


if __name__ == "__main__":
    command_line.run(main, prepare)
