"""The models that the experiments compare: small enough that each trains within minutes.

Those of entries that take longer are the zoo's own exports.
"""

from zoo.distributions import likelihood
from zoo.exports import versions
from zoo.serving import loading

# Fields of `vae` that differ from the entry in all of its variants.
COMMON = {
    "hidden": (300,),
    "latent_dim": 40,
    "kl_warmup": 0.0,
    "patience": 0,
    "eval_every": 5,
    "ema": 0.99,
}
GREY = {"pixels": "dequantized", "learning_rate": 1e-3, "clip_norm": 100.0}
# What the noise of dequantisation, 1/12 of a squared grey level, lacks of the least variance that a
# VAE's pixels have: so constant pixels cost both kinds of model the same.
MIN_VARIANCE = likelihood.MIN_SCALE**2 - 1 / 12 / 256**2
MIXTURES = {
    f"mixture of {count}": {
        "entry": "gmm",
        "num_components": count,
        "covariance": "low_rank",
        "covariance_rank": 10,
        "reg_covar": MIN_VARIANCE,
    }
    for count in (1, 2, 4, 8, 16, 32, 64, 128, 256)
}
CODES = {
    f"{kind} codes of {size}": {
        "entry": "gan",
        "codes": kind,
        "latent_dim": size,
        "num_epochs": 10,
        "eval_every": 10,
    }
    for kind, size in (
        ("normal", 2),
        ("normal", 8),
        ("normal", 64),
        ("uniform", 64),
        ("normal", 512),
    )
}
EXPORTED = (
    *("vae", "vae_mog", "vae_vamp", "vae_pixel", "hvae", "gmvae", "cvae"),
    *("m2", "m1_m2", "m1_m2_conv"),
    *("gan", "dcgan", "wgan_gp", "r3gan", "infogan", "flow_matching"),
    *("made", "pixelcnn", "vqvae_prior"),
)
VARIANTS: dict[str, dict] = {
    **MIXTURES,
    **CODES,
    "ten codes": {"likelihood": "gaussian_pixel", "latent_dim": 10, **GREY},
    "diagonal": {},
    "without variance terms": {"family": "vae_without_variance_terms"},
    "without squared mean": {"family": "vae_without_squared_mean"},
    "tril": {"posterior": "tril"},
    "iaf": {"posterior": "iaf"},
    "fixed": {"likelihood": "gaussian", **GREY},
    "shared": {"likelihood": "gaussian_shared", **GREY},
    "per pixel": {"likelihood": "gaussian_pixel", **GREY},
    "low rank": {"likelihood": "gaussian_low_rank", **GREY},
    **{f"exported {entry}": {"exported": entry} for entry in EXPORTED},
}


def load_export(entry: str, dataset) -> loading.LoadedModel:
    """Returns the zoo's export of an entry that was trained on a dataset."""
    return loading.load(versions.SAVED_MODELS / versions.export_name(entry, dataset.name))
