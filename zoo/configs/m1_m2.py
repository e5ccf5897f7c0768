"""M1+M2: M2 on the codes of a VAE (M1), which learned them from images without labels.

Paper: Kingma et al. 2014, Semi-supervised Learning with Deep Generative Models (arXiv 1406.5298).
Command: scripts/train.py --model=m1_m2 --dataset=mnist --config.m1=saved_models/vae_mog_mnist
Takes: three minutes on MNIST with a trained M1, on two CPU cores.
Expect: on MNIST with 100 labels a test error of 1.8 to 3.2%, depending on the labels drawn (the
paper:
  3.33%).
"""

from zoo.configs import common, m2, vae
from zoo.configs.fields import add, field


def get_config():
    config = common.get_config()
    config.model = "m1_m2"
    config.family = "m1_m2"
    vae.add_fields(config)
    m2.add_fields(config)

    add(
        config,
        m1=field(
            "vae_mog",
            "M1: the path of an exported VAE, or the name of a model to train first, in "
            "WORKDIR/m1.",
        ),
        m1_fields=field(
            "",
            "Settings of that model, such as 'num_epochs=100,latent_dim=20'.",
        ),
    )
    # The other fields are M2's, whose data are M1's codes.
    config.likelihood = "normal"
    config.pixel_scale = 1.0
    config.network = "mlp"
    config.hidden = config.class_hidden = (500,)
    config.latent_dim = 20
    config.batch_size = 120

    config.num_epochs = 40
    config.eval_every = 5
    config.learning_rate = 3e-3
    config.schedule = "cosine"
    config.ema = 0.99
    return config


def get_tiny():
    return shrink(get_config())


def shrink(config):
    """Returns the config made small enough for tests, its M1 too."""
    config = m2.shrink(config)
    config.m1 = "vae"
    config.m1_fields = "hidden=(8,),latent_dim=3,batch_size=8,num_epochs=1,jit=False"
    config.class_hidden = (16,)
    return config
