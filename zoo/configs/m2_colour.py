"""M2 on small colour images: convolutions, and a likelihood of colours.

Paper: Kingma et al. 2014, Semi-supervised Learning with Deep Generative Models (arXiv 1406.5298).
Command: scripts/train.py --model=m2_colour --dataset=FOLDER --config.labels=180
         scripts/train.py --model=m2_colour --dataset=svhn_cropped --config.labels=1000
         scripts/train.py --model=m2_colour --dataset=cifar10 --config.labels=4000
Takes: six minutes on 3,000 images, on two CPU cores; SVHN and CIFAR-10 want a GPU.
Expect: docs/colour.md has what it makes of 180 labelled emoji; the paper's M1+M2 has an error of
  36.02% on SVHN with 1,000 labels.
"""

from zoo.configs import m2


def get_config():
    config = m2.get_config()
    config.model = "m2_colour"
    config.image_size = 32
    config.channels = 3

    config.network = "conv"
    config.hidden = (32, 64)
    config.class_hidden = (32, 64, 128)
    config.latent_dim = 64
    config.pixels = "dequantized"
    config.likelihood = "gaussian"

    config.batch_size = 45
    config.labelled_rows = 18
    config.alpha = 10.0
    config.num_epochs = 40
    return config


def get_tiny():
    config = m2.shrink(get_config())
    config.image_size = 8
    return config
