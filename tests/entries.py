"""What documentation says of each entry, and tiny ones to test with."""

import numpy as np

from zoo import configs

# Cases of the conformance tests, {name: (entry, fields)}, chosen so that every family, posterior,
# prior, likelihood, network, loss, penalty and technique is in one of them. `make test-all` adds
# all models with their defaults.
_REAL = {"pixels": "dequantized"}
CASES = {
    "classifier": ("classifier", {}),
    "made": ("made", {"order": "random"}),
    "pixelcnn": ("pixelcnn", {}),
    "cvae": ("cvae", {"likelihood": "continuous_bernoulli", **_REAL}),
    "ddpm": ("ddpm", {"network": "transformer"}),
    "flow_matching": ("flow_matching", {}),
    "gmm": ("gmm", {}),
    "gmm_stepwise": ("gmm", {"covariance": "low_rank", "start": "random", "stepwise": 0.7}),
    "gmvae": ("gmvae", {"likelihood": "gaussian_shared", **_REAL}),
    "hvae": ("hvae", {"free_bits": 0.5, "likelihood": "pixelcnn"}),
    "iwae": ("iwae", {}),
    "m1_m2": ("m1_m2", {}),
    "m1_m2_conv": ("m1_m2_conv", {}),
    "m2": ("m2_colour", {"class_network": "gated"}),
    "vqvae": ("vqvae", {"decay": 0.5}),
    "vqvae_prior": ("vqvae_prior", {}),
    "vae_conv": (
        "vae",
        {"network": "conv", "likelihood": "discretized_logistic", "pixels": "scaled"}
        | {"hidden": (4, 4), "free_bits": 0.1},
    ),
    "vae_iaf": ("vae_iaf", {"prior": "mog", "likelihood": "gaussian_low_rank", **_REAL}),
    "vae_tril": (
        "vae_tril",
        {"prior": "vamp", "network": "mlp", "likelihood": "gaussian_pixel", **_REAL},
    ),
    "cgan": ("cgan", {"loss": "hinge", "label": "concatenation"}),
    "dcgan": ("dcgan", {"spectral_norm": True, "minibatch_stddev": True}),
    "gan": ("gan", {"loss": "minimax", "codes": "uniform", "l2": 0.1, "d_l2": 0.1}),
    "improved_gan": ("improved_gan", {}),
    "infogan": ("infogan", {"loss": "least_squares"}),
    "r3gan": ("r3gan", {"packing": 2}),
    "wgan_gp": ("wgan_gp", {}),
}
# Every model with its defaults, unless it is a case of its own.
DEFAULTS = {
    f"{entry}_default": (entry, {})
    for entry in configs.entries()
    if (entry, {}) not in CASES.values()
}
# Choices that no case has: the file of tests that have them, and what stands there.
ELSEWHERE = {
    "channels": ("tests/data/test_image_folders.py", ["[1, 3]"]),
    "covariance": ("tests/mixtures/rows.py", ["mixtures.COVARIANCES"]),
    "fit": ("tests/data/test_data.py", ["crop", "stretch"]),
    "precision": ("tests/training/test_loop.py", ["mixed_bfloat16", "float64"]),
    "likelihood": ("tests/models/test_autoregressive.py", ["pixelcnn_grey", "logistic_mixture"]),
    "order": ("tests/models/test_autoregressive.py", ["made", '"order": "random"']),
    "network": ("tests/models/test_flow_matching.py", ['network="mlp"']),
    "quantizer": ("tests/models/test_vqvae.py", ['"gradient"', '"finite_scalar"']),
    "solver": ("tests/models/test_flow_matching.py", ["ode.SOLVERS"]),
    "start": ("tests/models/test_gmm.py", ["kmeans++", "kmeans", "random"]),
    "technique": ("tests/models/test_improved_gan.py", ["minibatch_discrimination"]),
}
# Parameters of the full-size entry on MNIST's shape; a change here is a change of the model.
PARAMETERS = {
    "cgan": 1_104_802,
    "classifier": 467_818,
    "cvae": 1_109_600,
    "dcgan": 1_070_882,
    "ddpm": 589_764,
    "flow_matching": 589_764,
    "gan": 1_084_689,
    "gmm": 0,
    "gmvae": 1_332_014,
    "improved_gan": 2_233_554,
    "infogan": 975_598,
    "hvae": 2_115_324,
    "iwae": 1_372_864,
    "m1_m2": 126_630,
    "m1_m2_conv": 925_578,
    "m2": 1_934_058,
    "m2_colour": 2_353_675,
    "made": 2_145_440,
    "pixelcnn": 174_932,
    "pixelcnn_grey": 449_600,
    "r3gan": 1_824_194,
    "vae": 1_372_864,
    "vae_gaussian": 1_648_048,
    "vae_iaf": 1_514_048,
    "vae_mog": 1_413_364,
    "vae_pixel": 1_686_884,
    "vae_tril": 1_646_644,
    "vae_vamp": 1_764_864,
    "vqvae": 159_185,
    "vqvae_prior": 589_184,
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
VQVAE = {
    "encode": (["x"], {"tokens": (2, 2)}),
    "decode": (["tokens"], {"x": X}),
    "reconstruct": (["x"], {"x": X}),
}
M2 = {**CVAE, "classify": (["x"], {"probs": (3,)})}
FLOW = {
    "sample": (["seed", "y"], {"x": X}),
    "sample_fast": (["seed", "y"], {"x": X}),
    "sample_guided": (["seed", "y", "guidance"], {"x": X}),
    "trajectory": (["seed", "t", "y"], {"x": X}),
    "decode": (["z", "y"], {"x": X}),
    "encode": (["x", "y"], {"z": (64,)}),
    "interpolate": (["x0", "x1", "t", "y"], {"x": X}),
}
AUTOREGRESSIVE = {
    "sample": (["seed"], {"x": X}),
    "complete": (["x", "mask", "seed"], {"x": X}),
    "score": (["x"], {"log_prob": ()}),
}
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
    "ddpm": FLOW,
    "flow_matching": FLOW,
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
    "made": AUTOREGRESSIVE,
    "pixelcnn": AUTOREGRESSIVE,
    "pixelcnn_grey": AUTOREGRESSIVE,
    "m2_colour": M2,
    "gmvae": {
        **VAE,
        "responsibilities": (["x"], {"probs": (3,)}),
        "sample_cluster": (["seed", "cluster"], {"x": X}),
    },
    "hvae": {
        **VAE,
        "encode": (["x"], {"loc": (6,), "scale": (6,)}),
        "redraw": (["x", "level", "seed"], {"x": X}),
    },
    "iwae": VAE,
    "r3gan": GAN,
    "wgan_gp": GAN,
    "vae": VAE,
    "vae_gaussian": VAE,
    "vae_iaf": VAE,
    "vae_mog": VAE,
    "vae_pixel": VAE,
    "vae_tril": VAE,
    "vae_vamp": VAE,
    "vqvae": VQVAE,
    "vqvae_prior": {
        "sample": (["seed", "y"], {"x": X}),
        **VQVAE,
        "score": (["x", "y"], {"log_prob": ()}),
    },
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


def tiny_case(name, **overrides):
    """The tiny config of one of CASES or DEFAULTS."""
    entry, fields = {**CASES, **DEFAULTS}[name]
    return tiny(entry, **{**fields, **overrides})


def arguments(model, names, rows):
    """Some rows of each named input."""
    rng = np.random.default_rng(rows)
    made = {
        "seed": np.arange(rows, dtype=np.int32) + 7,
        "t": np.linspace(0, 1, rows, dtype=np.float32),
        "guidance": np.linspace(3, 0, rows, dtype=np.float32),
        **{
            k: rng.integers(0, 3, rows).astype(np.int32) for k in ("y", "y_new", "cluster", "level")
        },
        **{k: rng.random((rows, *model.spec.shape), np.float32) for k in ("x", "x0", "x1")},
    }
    if "tokens" in names:
        made["tokens"] = rng.integers(0, model.num_tokens, (rows, *model.sizes.grid)).astype(
            "int32"
        )
    if "mask" in names:
        made["mask"] = (rng.random((rows, *model.spec.shape[:-1], 1)) < 0.5).astype(np.float32)
    if "z" in names:
        latent_dim = model.inputs(["z"])[0].shape[0]
        made["z"] = rng.normal(size=(rows, latent_dim)).astype(np.float32)
    return [made[name] for name in names]
