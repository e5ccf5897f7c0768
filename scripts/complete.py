#!/usr/bin/env python3
"""Completes halves of test images: shows the image, the half that is kept, and several completions.

scripts/complete.py --saved_model=saved_models/pixelcnn_mnist --images=0,1,2 --out=completed.png
scripts/complete.py --saved_model=saved_models/pixelcnn_mnist --images=7 --keep=left --out=left.png
scripts/complete.py --server=localhost:8501 --model_name=pixelcnn_mnist --images=0 --out=top.png

--images are numbers in TFDS' order of the test split of the model's dataset. Missing pixels are
drawn in the model's order, for most models from the top down, each given the pixels before it. Kept
pixels that come later have no influence: --keep=top shows most, --keep=bottom least.
"""

from absl import flags

from zoo import files
from zoo.cli import command_line, shared_flags

shared_flags.define_data_flags()
shared_flags.define_model_flags()
_OUT = flags.DEFINE_string("out", None, "A .png.", required=True)
_IMAGES = flags.DEFINE_list("images", None, "Numbers of the test images.", required=True)
_KEEP = flags.DEFINE_enum("keep", "top", ["top", "bottom", "left", "right"], "The half to keep.")
_COUNT = flags.DEFINE_integer("count", 8, "Completions of each image.", lower_bound=1)


def prepare():
    shared_flags.check_model_flags()
    files.check_writable(files.user_path(_OUT.value).parent)


def main():
    from zoo.drawing import pictures

    model = shared_flags.open_model()
    dataset = shared_flags.load_data(model.config)
    x, y = pictures.from_test_images(model, dataset, _IMAGES.value, model.config.pixels)
    shown, header = pictures.complete(model, x, y, _KEEP.value, _COUNT.value)
    pictures.save_samples_as(_OUT.value, shown, {}, len(header), header)
    print(f"Written to {_OUT.value}.")


if __name__ == "__main__":
    command_line.run(main, prepare)
