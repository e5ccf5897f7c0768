"""What documentation says of each entry, and tiny ones to test with."""

import numpy as np

from zoo import configs

# Of the full-size entry on MNIST's shape; a change here is a change of the model.
PARAMETERS = {
    "cgan": 1_104_802,
    "classifier": 467_818,
    "cvae": 1_109_600,
    "dcgan": 1_070_882,
    "gan": 1_084_689,
    "gmm": 0,
    "gmvae": 1_332_014,
    "improved_gan": 2_233_554,
    "infogan": 975_598,
    "iwae": 1_372_864,
    "m1_m2": 126_630,
    "m1_m2_conv": 925_578,
    "m2": 1_934_058,
    "m2_colour": 2_353_675,
    "r3gan": 1_824_194,
    "vae": 1_372_864,
    "vae_gaussian": 1_648_048,
    "vae_iaf": 1_514_048,
    "vae_mog": 1_413_364,
    "vae_tril": 1_646_644,
    "vae_vamp": 1_764_864,
    "wgan_gp": 1_070_882,
}
# Names and shapes of docs: signature -> (inputs, {output: shape of a row}).
X = (8, 8, 1)
VAE = {
    "sample": (["seed"], {"x": X}),
    "encode": (["x"], {"loc": (3,), "scale": (3,)}),
    "decode": (["z"], {"x": X}),
    "reconstruct": (["x"], {"x": X}),
    "score": (["x", "seed"], {"elbo": ()}),
    "interpolate": (["x0", "x1", "t"], {"x": X}),
}
CVAE = {
    "sample": (["seed", "y"], {"x": X}),
    "encode": (["x", "y"], {"loc": (3,), "scale": (3,)}),
    "decode": (["z", "y"], {"x": X}),
    "reconstruct": (["x", "y"], {"x": X}),
    "score": (["x", "y", "seed"], {"elbo": ()}),
    "interpolate": (["x0", "x1", "t", "y"], {"x": X}),
    "restyle": (["x", "y", "y_new"], {"x": X}),
}
M1_M2 = {
    "sample": (["seed", "y"], {"x": X}),
    "classify": (["x"], {"probs": (3,)}),
    "encode": (["x", "y"], {"loc": (3,), "scale": (3,)}),
    "decode": (["z", "y"], {"x": X}),
    "restyle": (["x", "y", "y_new"], {"x": X}),
}
M2 = {**CVAE, "classify": (["x"], {"probs": (3,)})}
GAN = {
    "sample": (["seed"], {"x": X}),
    "decode": (["z"], {"x": X}),
    "discriminate": (["x"], {"logit": ()}),
}
SIGNATURES = {
    "cgan": {
        "sample": (["seed", "y"], {"x": X}),
        "decode": (["z", "y"], {"x": X}),
        "discriminate": (["x", "y"], {"logit": ()}),
        "morph": (["z", "y", "y_new", "t"], {"x": X}),
    },
    "classifier": {
        "classify": (["x"], {"probs": (3,)}),
        "features": (["x"], {"features": (8,)}),
    },
    "cvae": CVAE,
    "gmm": {
        "sample": (["seed"], {"x": X}),
        "score": (["x"], {"log_prob": ()}),
        "responsibilities": (["x"], {"probs": (3,)}),
    },
    "dcgan": GAN,
    "gan": GAN,
    "improved_gan": {**GAN, "classify": (["x"], {"probs": (3,)})},
    "infogan": {
        **GAN,
        "classify": (["x"], {"probs": (3,)}),
        "sample_cluster": (["seed", "cluster"], {"x": X}),
    },
    "m1_m2": M1_M2,
    "m1_m2_conv": M1_M2,
    "m2": M2,
    "m2_colour": M2,
    "gmvae": {
        **VAE,
        "responsibilities": (["x"], {"probs": (3,)}),
        "sample_cluster": (["seed", "cluster"], {"x": X}),
    },
    "iwae": VAE,
    "r3gan": GAN,
    "wgan_gp": GAN,
    "vae": VAE,
    "vae_gaussian": VAE,
    "vae_iaf": VAE,
    "vae_mog": VAE,
    "vae_tril": VAE,
    "vae_vamp": VAE,
}
METRICS = {
    "images": 1,
    "metrics": {},
    "protocol": [],
    "training": {
        "steps": 1,
        "best_step": 1,
        "seconds": 1.0,
        "hardware": "none",
        "selection": "are the last",
    },
}


def tiny(entry, **overrides):
    return configs.get_tiny(entry, dataset="tiny", **overrides)


def arguments(model, names, rows):
    """Some rows of each named input."""
    rng = np.random.default_rng(rows)
    made = {
        "seed": np.arange(rows, dtype=np.int32) + 7,
        "t": np.linspace(0, 1, rows, dtype=np.float32),
        **{k: rng.integers(0, 3, rows).astype(np.int32) for k in ("y", "y_new", "cluster")},
        **{k: rng.random((rows, *model.spec.shape), np.float32) for k in ("x", "x0", "x1")},
    }
    if "z" in names:
        made["z"] = rng.normal(size=(rows, model.config.latent_dim)).astype(np.float32)
    return [made[name] for name in names]
