"""Diffusion: flow matching with a variance-preserving path and a network that predicts the noise.

Paper: Ho et al. 2020, Denoising Diffusion Probabilistic Models (arXiv 2006.11239).
Command: scripts/train.py --model=ddpm --dataset=mnist
Takes: an hour on MNIST, on two CPU cores.
Expect: on MNIST a Frechet classifier distance below 10 with 20 steps.
"""

from zoo.configs import flow_matching


def get_config():
    config = flow_matching.get_config()
    config.model = "ddpm"
    config.path = "variance_preserving"
    config.predict = "noise"
    config.times = "uniform"
    config.steps = 20
    config.fast_steps = 10
    return config


def get_tiny():
    return flow_matching.shrink(get_config())
