"""The fields that every entry has: data, optimisation, what happens while it trains."""

import ml_collections

# The lowest and the highest value of a number, whichever entry has it. NaN is within no limits.
LIMITS = {
    "image_size": (0, 4096),
    "seed": (0, 2**31 - 1),
    "batch_size": (1, 2**20),
    "num_epochs": (1, 10**6),
    "learning_rate": (0.0, 10.0),
    "warmup": (0.0, 0.9),
    "clip_norm": (0.0, 10**9),
    "validation_fraction": (10**-9, 0.5),
    "ema": (0.0, 0.999999),
    "patience": (0, 10**6),
    "eval_every": (1, 10**6),
    "checkpoint_every": (1, 10**9),
    "d_learning_rate": (0.0, 10.0),
    "d_steps": (1, 1000),
    "adam_beta_1": (0.0, 0.99999),
    "adam_beta_2": (0.0, 0.9999999),
    "packing": (1, 1000),
    "r1": (0.0, 10**6),
    "r2": (0.0, 10**6),
    "gradient_penalty": (0.0, 10**6),
    "l2": (0.0, 10**6),
    "d_l2": (0.0, 10**6),
    "latent_dim": (1, 10**5),
    "beta": (0.0, 10**6),
    "kl_warmup": (0.0, 1.0),
    "free_bits": (0.0, 10**3),
    "importance_samples": (1, 10**4),
    "flow_steps": (1, 100),
    "prior_components": (1, 10**6),
    "pixel_scale": (0.5 / 256, 10.0),
    "likelihood_rank": (1, 10**3),
    "cluster_at": (0.0, 0.99),
    "num_components": (1, 10**6),
    "covariance_rank": (1, 10**4),
    "reg_covar": (0.0, 10**18),
    "num_starts": (1, 10**4),
    "tolerance": (0.0, 10**9),
    "stepwise": (0.0, 1.0),
    "features": (1, 10**5),
    "max_shift": (0, 1000),
    "labels": (0, 10**9),
    "labelled_rows": (1, 2**20),
    "alpha": (0.0, 10**6),
    "labels_first": (0.0, 0.9),
    "categories": (2, 10**4),
    "uniform_codes": (0, 10**4),
    "information": (0.0, 10**6),
    "uniform_information": (0.0, 10**6),
    "agreement": (0.0, 10**6),
    "contrast": (0.0, 10**6),
    "real_information": (0.0, 10**6),
    "input_noise": (0.0, 100.0),
    "hidden_noise": (0.0, 100.0),
    "group": (2, 10**4),
}
CHOICES = {
    "channels": (0, 1, 3),
    "fit": ("pad", "crop", "stretch"),
    "schedule": ("constant", "cosine"),
    "precision": ("float32", "mixed_bfloat16", "float64"),
    "network": ("mlp", "gated", "conv"),
    "class_network": ("mlp", "gated", "conv"),
    "codes": ("normal", "uniform", "informative"),
    "technique": ("feature_matching", "minibatch_discrimination"),
    "label": ("projection", "concatenation"),
    "loss": (
        "minimax",
        "non_saturating",
        "least_squares",
        "hinge",
        "wasserstein",
        "relativistic",
    ),
    "posterior": ("diagonal", "tril", "iaf"),
    "prior": ("standard", "mog", "mog_full", "vamp"),
    "likelihood": (
        "bernoulli",
        "continuous_bernoulli",
        "gaussian",
        "gaussian_shared",
        "gaussian_pixel",
        "gaussian_low_rank",
        "discretized_logistic",
        "normal",
    ),
    "pixels": ("scaled", "binarized", "dequantized"),
    "covariance": ("auto", "spherical", "diag", "tied", "full", "low_rank"),
    "start": ("kmeans++", "kmeans", "random"),
}


def get_config() -> ml_collections.ConfigDict:
    """Returns the defaults; an entry's file sets its own values and adds its model's fields."""
    config = ml_collections.ConfigDict()

    # Entry (a file in zoo/configs) and the model class (zoo/models) that it configures.
    config.model = ""
    config.family = ""

    # TFDS name, or a folder of images with one subfolder per class.
    config.dataset = "mnist_5k"
    # Side of the square images; 0 keeps the set's own.
    config.image_size = 0
    # How images get that size: "pad" (with black; larger images are scaled down), "crop" (the
    # middle is kept) or "stretch".
    config.fit = "pad"
    # Colour behind the transparent images of a folder, "white" or "#8080ff".
    config.background = "white"
    # 1 makes images grey, 3 makes them colour, 0 keeps the set's own.
    config.channels = 0
    # How bytes become floats: "scaled" to [0, 1]; "binarized", each pixel drawn from its grey
    # level; "dequantized", with noise of one grey level. Noise is new at each visit in training,
    # and drawn once for evaluation.
    config.pixels = "scaled"
    # Share of the training split that is held out to choose the weights.
    config.validation_fraction = 0.1

    # A run is a function of its config, this seed included.
    config.seed = 0
    # Images a step, over all replicas.
    config.batch_size = 128
    # Passes over the training split.
    config.num_epochs = 10
    # Adam's rate at its highest, reached at the end of the warm-up, then held or lowered by the
    # schedule; and the share of the run that the warm-up takes.
    config.learning_rate = 1e-3
    config.warmup = 0.0
    # "constant" or "cosine" (to zero at the last step).
    config.schedule = "constant"
    # Gradients with a larger global norm are scaled down to it; 0 leaves them alone.
    config.clip_norm = 0.0
    # Momentum of the moving average of the weights used for evaluation and export; 0 for none.
    config.ema = 0.0
    # Evaluations without a better validation loss after which the run ends; 0 trains to the end.
    config.patience = 0

    # "float32" or "mixed_bfloat16"; gmm also takes "float64".
    config.precision = "float32"
    # Compile the whole step with XLA, where one device trains alone; convolutions on a GPU only.
    config.jit = True
    # Epochs between evaluations on the validation split.
    config.eval_every = 1
    # Steps between checkpoints; one more is written at the end.
    config.checkpoint_every = 1000
    return config
