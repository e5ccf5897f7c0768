#!/usr/bin/env python3
"""Draws overview.png, the README's picture, from the trained models."""

import pathlib

import matplotlib.figure
import numpy as np

import zoo

ROWS, COLUMNS = 5, 8
# Codes that were chosen for showing faces, people and flags side by side.
EMOJI = (1, 2, 3, 4, 7, 9, 10, 11, 12, 21, 22, 23, 35, 45, 46, 49, 54, 64, 65, 69)
EMOJI += (70, 71, 74, 75, 80, 81, 86, 90, 93, 94, 97, 99, 8, 59, 66, 40, 41, 13, 67, 98)


def labelled(name):
    """Samples with a class in each column, [ROWS COLUMNS, H, W, C]."""
    model = zoo.load(name)
    y = np.tile(np.arange(COLUMNS), ROWS)
    return model.sample(seed=range(len(y)), y=y)


def restyled():
    """Rows of one style each: the digits 0 to 7 from the same code."""
    model = zoo.load("cvae_mnist")
    z = np.random.default_rng(3).normal(size=[ROWS, model.config.latent_dim])
    y = np.tile(np.arange(COLUMNS), ROWS)
    return model.decode(np.repeat(z, COLUMNS, 0).astype(np.float32), y)


def main():
    panels = {
        "cvae: one handwriting per row": restyled(),
        "cgan: one class per column": labelled("cgan_fashion_mnist"),
        "gmvae: clusters, no labels": zoo.load("gmvae_mnist").sample_cluster(
            seed=range(ROWS * COLUMNS), cluster=np.tile(np.arange(COLUMNS), ROWS)
        ),
        "r3gan: emoji": zoo.load("r3gan_emoji").sample(seed=EMOJI),
    }
    figure = matplotlib.figure.Figure(figsize=(12.6, 2.45), layout="constrained")
    for axes, (title, x) in zip(figure.subplots(1, len(panels)), panels.items(), strict=True):
        axes.imshow(zoo.draw_grid(x, columns=COLUMNS), cmap="gray", vmin=0, vmax=255)
        axes.set_title(title)
        axes.set_axis_off()
    figure.savefig(pathlib.Path(__file__).with_suffix(".png"), dpi=130)


if __name__ == "__main__":
    main()
