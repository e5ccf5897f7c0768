"""The fields that every model's config has: data, optimisation, run."""

from zoo.configs.fields import ModelConfig, add, field


def get_config() -> ModelConfig:
    """Returns the defaults; a model's file sets its own values and adds its own fields."""
    config = ModelConfig()

    add(
        config,
        model=field("", "Name of the model: a file in zoo/configs."),
        family=field("", "Model class in zoo/models that it configures."),
    )
    _add_data(config)
    _add_learning(config)
    _add_run(config)
    return config


def add_standardize(config):
    """Adds the field of models that can standardize rows of numbers."""
    add(
        config,
        standardize=field(
            False,
            "Standardize each column of rows of numbers within the model. Set automatically for "
            "models that are trained on such rows.",
        ),
    )


def _add_data(config):
    """Adds the fields of the data."""
    add(
        config,
        dataset=field(
            "mnist_5k",
            "TFDS name; a folder of images, one subfolder per class; or a .npz, .npy or .csv file.",
        ),
        label_column=field("", "Column of a .csv file that holds the labels; none if empty."),
        image_size=field(
            0, "Side of the square images in pixels; 0 keeps the dataset's own.", 0, 4096
        ),
        fit=field(
            "pad",
            "How images are brought to that size: 'pad' (with black; larger images are scaled "
            "down), 'crop' (keeps the middle) or 'stretch'.",
            choices=("pad", "crop", "stretch"),
        ),
        background=field(
            "white", "Colour behind the transparent images of a folder, 'white' or '#8080ff'."
        ),
        channels=field(
            0,
            "1 converts images to grey, 3 to colour; 0 keeps the dataset's own.",
            choices=(0, 1, 3),
        ),
        pixels=field(
            "scaled",
            "How bytes become floats: 'scaled' to [0, 1]; 'binarized', each pixel a Bernoulli "
            "draw of its grey level; 'dequantized', with uniform noise of one grey level. The "
            "noise is drawn again at each visit in training, and once for evaluation.",
            choices=("scaled", "binarized", "dequantized"),
        ),
        validation_fraction=field(
            0.1,
            "Share of the training split that is held out for model selection.",
            10**-9,
            0.5,
        ),
    )


def _add_learning(config):
    """Adds the fields of the optimisation."""
    add(
        config,
        seed=field(
            0, "Random seed. A run is a function of its config, seed included.", 0, 2**31 - 1
        ),
        batch_size=field(128, "Images per step, over all replicas.", 1, 2**20),
        num_epochs=field(10, "Passes over the training split.", 1, 10**6),
        learning_rate=field(
            1e-3,
            "Adam's peak learning rate: reached at the end of the warm-up, then constant or "
            "lowered by the schedule.",
            0.0,
            10.0,
        ),
        warmup=field(
            0.0, "Share of the run over which the learning rate grows linearly from 0.", 0.0, 0.9
        ),
        schedule=field(
            "constant",
            "'constant' or 'cosine' (to zero at the last step).",
            choices=("constant", "cosine"),
        ),
        clip_norm=field(
            0.0,
            "Gradients with a larger global norm are scaled down to this one; 0 disables it.",
            0.0,
            10**9,
        ),
        ema=field(
            0.0,
            "Momentum of the moving average of the weights, which is used for evaluation and "
            "export; 0 disables it.",
            0.0,
            0.999999,
        ),
        patience=field(
            0,
            "Number of evaluations without a better validation loss after which the run ends; 0 "
            "disables early stopping.",
            0,
            10**6,
        ),
    )


def _add_run(config):
    """Adds the fields of the run."""
    add(
        config,
        precision=field(
            "float32",
            "'float32' or 'mixed_bfloat16'; gmm also takes 'float64'.",
            choices=("float32", "mixed_bfloat16", "float64"),
        ),
        jit=field(
            True,
            "Compile the training step with XLA when a single device trains; convolutions only on "
            "a GPU.",
        ),
        eval_every=field(
            1, "Number of epochs between evaluations on the validation split.", 1, 10**6
        ),
        checkpoint_every=field(
            1000, "Number of steps between checkpoints; one more is written at the end.", 1, 10**9
        ),
    )
