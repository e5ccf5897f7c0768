"""PixelCNN of grey images: a softmax over the bytes of a pixel; of colour images, a mixture.

Papers: van den Oord et al. 2016, Conditional Image Generation with PixelCNN Decoders (arXiv
1606.05328), and, for the mixture of logistics, Salimans et al. 2017, PixelCNN++ (arXiv 1701.05517).
Command: scripts/train.py --model=pixelcnn_grey --dataset=mnist
Takes: an hour on MNIST, on two CPU cores.
Expect: on MNIST fewer than 1.0 bits per dimension (test set, exact).
"""

from zoo.configs import pixelcnn


def get_config():
    config = pixelcnn.get_config()
    config.model = "pixelcnn_grey"
    config.pixels = "scaled"
    config.likelihood = "categorical"
    config.num_epochs = 16
    return config


def get_tiny():
    return pixelcnn.shrink(get_config())
