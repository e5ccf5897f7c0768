"""The fields that every entry has: data, optimisation, what happens while it trains."""

import ml_collections

from zoo.configs.fields import add, field


def get_config() -> ml_collections.ConfigDict:
    """Returns the defaults; an entry's file sets its own values and adds its model's fields."""
    config = ml_collections.ConfigDict()

    add(
        config,
        model=field("", "Entry: a file in zoo/configs."),
        family=field("", "Model class of zoo/models that it configures."),
    )
    _add_data(config)
    _add_learning(config)
    _add_run(config)
    return config


def add_standardize(config):
    """Adds whether rows of numbers are standardized, for models that can."""
    add(
        config,
        standardize=field(
            False,
            "Learn rows of numbers in units of each column's standard deviation. True by itself "
            "where a model is trained on such rows.",
        ),
    )


def _add_data(config):
    """What is learned from."""
    add(
        config,
        dataset=field(
            "mnist_5k",
            "TFDS name; a folder of images, one subfolder per class; or a .npz, .npy or .csv file.",
        ),
        label_column=field("", "Column of a .csv file that holds the labels; none if empty."),
        image_size=field(0, "Side of the square images; 0 keeps the set's own.", 0, 4096),
        fit=field(
            "pad",
            "How images get that size: 'pad' (with black; larger images are scaled down), 'crop' "
            "(the middle is kept) or 'stretch'.",
            choices=("pad", "crop", "stretch"),
        ),
        background=field(
            "white", "Colour behind the transparent images of a folder, 'white' or '#8080ff'."
        ),
        channels=field(
            0,
            "1 makes images grey, 3 makes them colour, 0 keeps the set's own.",
            choices=(0, 1, 3),
        ),
        pixels=field(
            "scaled",
            "How bytes become floats: 'scaled' to [0, 1]; 'binarized', each pixel drawn from its "
            "grey level; 'dequantized', with noise of one grey level. Noise is new at each visit "
            "in training, and drawn once for evaluation.",
            choices=("scaled", "binarized", "dequantized"),
        ),
        validation_fraction=field(
            0.1,
            "Share of the training split that is held out to choose the weights.",
            10**-9,
            0.5,
        ),
    )


def _add_learning(config):
    """How it is learned."""
    add(
        config,
        seed=field(0, "A run is a function of its config, this seed included.", 0, 2**31 - 1),
        batch_size=field(128, "Images per step, over all replicas.", 1, 2**20),
        num_epochs=field(10, "Passes over the training split.", 1, 10**6),
        learning_rate=field(
            1e-3,
            "Adam's rate at its highest, reached at the end of the warm-up, then held or lowered "
            "by the schedule.",
            0.0,
            10.0,
        ),
        warmup=field(0.0, "Share of the run that the rate's warm-up takes.", 0.0, 0.9),
        schedule=field(
            "constant",
            "'constant' or 'cosine' (to zero at the last step).",
            choices=("constant", "cosine"),
        ),
        clip_norm=field(
            0.0,
            "Gradients with a larger global norm are scaled down to it; 0 leaves them alone.",
            0.0,
            10**9,
        ),
        ema=field(
            0.0,
            "Momentum of the moving average of the weights used for evaluation and export; 0 for "
            "none.",
            0.0,
            0.999999,
        ),
        patience=field(
            0,
            "Evaluations without a better validation loss after which the run ends; 0 trains to "
            "the end.",
            0,
            10**6,
        ),
    )


def _add_run(config):
    """What happens while a run goes on."""
    add(
        config,
        precision=field(
            "float32",
            "'float32' or 'mixed_bfloat16'; gmm also takes 'float64'.",
            choices=("float32", "mixed_bfloat16", "float64"),
        ),
        jit=field(
            True,
            "Compile the whole step with XLA, where one device trains alone; convolutions on a GPU "
            "only.",
        ),
        eval_every=field(1, "Epochs between evaluations on the validation split.", 1, 10**6),
        checkpoint_every=field(
            1000, "Steps between checkpoints; one more is written at the end.", 1, 10**9
        ),
    )
