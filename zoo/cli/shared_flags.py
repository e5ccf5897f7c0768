"""Flags that scripts share: of models, data and evaluation classifiers."""

import os
import pathlib
from collections.abc import Collection

import ml_collections
from absl import flags
from ml_collections import config_flags

from zoo import configs, files
from zoo.errors import UserError, near_miss
from zoo.exports import versions
from zoo.exports.folder import ExportFolder
from zoo.training import workdirs


def define_config_flags() -> None:
    """Defines --model and --dataset, and --config.FIELD for each field of that model."""
    flags.DEFINE_string("model", None, f"Model to train: {', '.join(configs.entries())}.")
    flags.DEFINE_string(
        "dataset",
        None,
        "TFDS name, a folder with a subfolder per class, or a .npz, .npy or .csv file.",
    )


def run_name(config) -> str:
    """Returns the name of a run's folder: model, dataset and the fields that were changed."""
    changed = configs.changed(config)
    changed.pop("dataset", None)
    return configs.folder_name(versions.export_name(config.model, config.dataset), fields=changed)


def check_dataset(dataset: str | None) -> None:
    """Raises a UserError if a folder or file does not exist, before TensorFlow is imported."""
    if not dataset or os.path.exists(os.path.expanduser(dataset)):
        return
    suffix = pathlib.PurePath(dataset).suffix
    # Names of TFDS are "mnist", "emnist/letters" or "mnist:3.0.1".
    if dataset.startswith(("/", ".", "~")) or dataset.endswith("/") or suffix in files.ARRAYS:
        raise UserError(f"--dataset={dataset}: no such folder or file.")


def adapt(config, dataset, given: Collection[str] = ()):
    """Returns the config adapted to the data (`zoo.configs.adapt`), and prints the changes.

    Args:
      config: of --config; fields that were set on the command line are not changed.
      dataset: to train on.
      given: further fields that must not be changed.
    """
    set_by_flags = config_flags.get_override_values(flags.FLAGS["config"])
    config, note = configs.adapt(
        config, dataset.spec.shape, {*set_by_flags, *given}, dataset.train.size
    )
    if note:
        print(f"{note} Fields that you set keep their values.")
    return config


def define_data_flags() -> None:
    """Defines --data_dir and --manual_dir."""
    flags.DEFINE_string("data_dir", None, "Folder where TFDS keeps prepared datasets.")
    flags.DEFINE_string(
        "manual_dir",
        None,
        "Folder with the original files of the dataset, for machines without a network.",
    )


def define_model_flags() -> None:
    """Defines --saved_model and --server, of which a script needs one."""
    flags.DEFINE_string("saved_model", None, "Name of a trained model, or folder of an export.")
    flags.DEFINE_string(
        "server", None, "HOST:PORT of a model server (REST), or grpc://HOST:PORT, for --model_name."
    )
    flags.DEFINE_string("model_name", None, "Name of the model on the --server.")


def check_model_flags() -> None:
    """Raises a UserError unless the model flags name exactly one model."""
    given = flags.FLAGS
    if bool(given.saved_model) == bool(given.server):
        raise UserError("Choose a model: --saved_model=NAME or FOLDER, or --server=HOST:PORT.")
    if given.saved_model:
        _check_labels(find_saved_model(), given)
    elif not given.model_name:
        raise UserError("--server needs --model_name, the name of the model there.")


def find_saved_model() -> pathlib.Path:
    """Returns the version folder of --saved_model, a name as in zoo.load or a path.

    Sets the flag to that path.

    Raises:
      UserError: if there is none.
    """
    from zoo.exports import repository

    path, _ = repository.locate_version(flags.FLAGS.saved_model)
    flags.FLAGS.saved_model = str(path)
    return path


def _check_labels(path, given):
    """Raises a UserError for labels that a model lacks, before TensorFlow is imported."""
    labels = list(given.labels or []) if "labels" in given else []
    labels += [given.label] if "label" in given and given.label is not None else []
    if not labels:
        return
    description = ExportFolder(path).description
    names, count = description.get("class_names", []), description["num_classes"]
    for label in labels if count else []:  # a model without labels says so itself
        if label in names or (label.isdigit() and int(label) < count):
            continue
        known = ", ".join(names) or f"0 .. {count - 1}"
        raise UserError(
            f"{path} has no label {label!r}.{near_miss(label, names)} A label is a name or a "
            f"number; known: {known}."
        )


def define_trained_flags() -> tuple[flags.FlagHolder, flags.FlagHolder]:
    """Defines --workdir and --saved_model, of which a script needs one."""
    workdir = flags.DEFINE_string("workdir", None, "Folder of a run.")
    saved_model = flags.DEFINE_string(
        "saved_model", None, "Name of a trained model or folder of an export, instead of a run."
    )
    flags.DEFINE_string("dataset", None, "Dataset location, if it moved.")
    flags.mark_flags_as_mutual_exclusive([workdir, saved_model], required=True)
    return workdir, saved_model


def check_trained_flags() -> None:
    """Raises a UserError if the folder holds no run or no export."""
    if flags.FLAGS.workdir:
        workdirs.read_description(files.tensorflow_path(flags.FLAGS.workdir))
    else:
        find_saved_model()


def open_model():
    """Returns the model that the flags name, in this process or on a server."""
    import zoo

    given = flags.FLAGS
    if not given.server:
        return zoo.load(given.saved_model)
    return zoo.connect(given.server, given.model_name)


def define_judge_flag() -> None:
    """Defines --judge, the classifier that evaluates samples."""
    flags.DEFINE_string(
        "judge",
        None,
        "Exported classifier that evaluates samples; the zoo's own for the dataset if not given, "
        "none if empty.",
    )


def define_strategy_flag() -> flags.FlagHolder:
    """Defines --strategy."""
    return flags.DEFINE_enum(
        "strategy", "auto", ["auto", "default", "mirrored", "multiworker"], "Distribution strategy."
    )


def data_places() -> dict[str, str | None]:
    """Returns the data flags as arguments of zoo.data.load."""
    folders = {"data_dir": flags.FLAGS.data_dir, "manual_dir": flags.FLAGS.manual_dir}
    return {k: v and str(files.tensorflow_path(v)) for k, v in folders.items()}


def load_data(config):
    """Returns the dataset of a config, read from the places of the data flags."""
    from zoo import data, models

    models.check(config)
    return data.load(
        config.dataset,
        **data_places(),
        image_size=config.image_size,
        channels=config.channels,
        fit=config.fit,
        background=config.background,
        validation_fraction=config.validation_fraction,
        label_column=config.label_column,
    )


def load_data_of(model):
    """Returns the dataset that the model of --workdir or --saved_model was trained on.

    Raises:
      UserError: if the data has another shape, or is not that of the run.
    """
    given = flags.FLAGS
    fields = {"dataset": given.dataset} if given.dataset else {}
    dataset = load_data(ml_collections.ConfigDict({**model.config.to_dict(), **fields}))
    if dataset.spec != model.spec:
        raise UserError(
            f"Dataset {dataset.name!r} has {dataset.spec}, the model was trained on {model.spec}: "
            "give --dataset, the data that it was trained on."
        )
    if given.workdir:
        before = workdirs.read_description(files.tensorflow_path(given.workdir)).get("data")
        if before != dataset.fingerprint():
            raise UserError(
                f"{dataset.name!r} has changed since the run in {given.workdir}: rows that it was "
                "trained on could be in the test split. Restore the data, or train again."
            )
    return dataset


def load_data_like(spec, name):
    """Returns a dataset by its name, with images of the shape of a model's spec."""
    from zoo import data

    made = {"image_size": spec.shape[0], "channels": spec.shape[2]} if len(spec.shape) == 3 else {}
    return data.load(name, **data_places(), **made)


def load_judge(config, spec, workdir: pathlib.Path | None = None):
    """Returns the zoo.evaluation.judges.Judge of samples, or None after printing the reason.

    It is --judge, or the one that the run in `workdir` used, or the zoo's classifier of
    the dataset; that of a whole dataset also serves its subsets.
    """
    from zoo.evaluation.judges import Judge
    from zoo.serving import loading

    given = flags.FLAGS.judge
    if given == "" or len(spec.shape) != 3 or config.model == "classifier":
        return None
    name = versions.export_name("classifier", config.dataset.removesuffix("_5k"))
    before = workdirs.read_judge(workdir) if workdir and not given else None
    path = files.tensorflow_path(given) if given else before or versions.SAVED_MODELS / name
    if not given and not path.is_dir():
        print(f"No metrics of samples: there is no {path}. Train one, or give --judge.")
        return None
    judge = loading.load(path)
    needed = {"classify", "features"} <= set(judge.signatures)
    if not needed or judge.spec[:2] != spec[:2]:
        reason = (
            f"{path} is {judge.config.model!r} of {judge.spec[:2]}; expected a model 'classifier' "
            f"of {spec[:2]}: shape and number of classes."
        )
        if given:
            raise UserError(reason)
        print(f"No metrics of samples: {reason} Give one with --judge.")
        return None
    return Judge(judge)
