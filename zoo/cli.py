"""What the scripts share: configs as flags, errors as one line, exit codes."""

import ast
import contextlib
import logging as std_logging
import pathlib
import runpy
import sys
from collections.abc import Callable

import ml_collections
from absl import app, flags, logging
from ml_collections import config_flags

from zoo import configs, files, tf_startup
from zoo.errors import Stopped, UserError, near_miss

ROOT = pathlib.Path(__file__).resolve().parent.parent
# An installation has the scripts inside of the package.
SCRIPTS = next(d for d in (ROOT / "zoo" / "scripts", ROOT / "scripts") if d.is_dir())
# Packages of optional dependencies, and the extra of pyproject.toml that installs them.
EXTRAS = {
    "apache_beam": "beam",
    "grpc_health": "serve",
    "nicegui": "explore",
    "prometheus_client": "serve",
    "pyarrow": "beam",
    "starlette": "serve",
    "torch": "bench",
    "uvicorn": "serve",
    "uvloop": "serve",
}
EXIT_ERROR = 2
# The run saved and left on a signal: "try again later" (EX_TEMPFAIL of sysexits.h).
EXIT_STOPPED = 75
# As shells report a process that SIGINT ended.
EXIT_INTERRUPTED = 130


_REQUIREMENTS = {"beam": "requirements-beam.txt", "bench": "requirements-bench.txt"}


def define_config_flags() -> None:
    """Defines --model, --dataset, and after these are known --config.FIELD for each field."""
    flags.DEFINE_string("model", None, f"Entry to train: {', '.join(configs.entries())}.")
    flags.DEFINE_string("dataset", None, "TFDS name, or a folder with a subfolder per class.")
    flags.mark_flag_as_required("model")


def fields_set(config) -> list[str]:
    """Returns "field=value" for each field, but for the dataset, that is not the entry's own."""
    changed = configs.changed(config)
    changed.pop("dataset", None)
    return configs.written(changed)


def define_data_flags() -> None:
    """Defines where data sets are looked for."""
    flags.DEFINE_string("data_dir", None, "Where TFDS keeps prepared sets.")
    flags.DEFINE_string("manual_dir", None, "Original files of the set, where there is no network.")


def define_model_flags() -> None:
    """Defines --saved_model and --server, of which a script takes one."""
    flags.DEFINE_string("saved_model", None, "An export.")
    flags.DEFINE_string(
        "server", None, "HOST:PORT of a model server (REST), or grpc://HOST:PORT, for --model_name."
    )
    flags.DEFINE_string("model_name", None, "Name of the model on the --server.")


def check_model_flags() -> None:
    """Refuses model flags that name no model, or two."""
    from zoo import versions

    given = flags.FLAGS
    if bool(given.saved_model) == bool(given.server):
        raise UserError("Say which model: --saved_model=FOLDER, or --server=HOST:PORT.")
    if given.saved_model:
        versions.find(given.saved_model)
    elif not given.model_name:
        raise UserError("--server needs --model_name, the name of the model there.")


def define_trained_flags() -> tuple[flags.FlagHolder, flags.FlagHolder]:
    """Defines --workdir and --saved_model, of which a script takes one."""
    workdir = flags.DEFINE_string("workdir", None, "Folder of a run.")
    saved_model = flags.DEFINE_string("saved_model", None, "An export, in place of a run.")
    flags.DEFINE_string("dataset", None, "Its data, where they lie elsewhere by now.")
    flags.mark_flags_as_mutual_exclusive([workdir, saved_model], required=True)
    return workdir, saved_model


def check_trained_flags() -> None:
    """Refuses a folder that holds no run, or no export."""
    from zoo import versions, workdirs

    if flags.FLAGS.workdir:
        workdirs.read_description(files.tensorflow_path(flags.FLAGS.workdir))
    else:
        versions.find(flags.FLAGS.saved_model)


def open_model():
    """Returns the model of the model flags, in this process or on a server."""
    import zoo

    given = flags.FLAGS
    if not given.server:
        return zoo.load(given.saved_model)
    # Its warnings about each new try say less than the error that follows the last one.
    std_logging.getLogger("urllib3").setLevel(std_logging.ERROR)
    model = zoo.connect(given.server, given.model_name)
    model.ask_limits()
    return model


def define_judge_flag() -> None:
    """Defines which classifier judges samples."""
    flags.DEFINE_string(
        "judge",
        None,
        "Exported classifier for the metrics of samples; the zoo's own of the dataset if not "
        "given, none if empty.",
    )


def define_strategy_flag() -> flags.FlagHolder:
    """Defines which devices train."""
    return flags.DEFINE_enum(
        "strategy", "auto", ["auto", "default", "mirrored", "multiworker"], "Devices that train."
    )


def data_places() -> dict[str, str | None]:
    """Returns the data flags as arguments of zoo.data.load."""
    places = {"data_dir": flags.FLAGS.data_dir, "manual_dir": flags.FLAGS.manual_dir}
    return {k: v and str(files.tensorflow_path(v)) for k, v in places.items()}


def load_data(config):
    """Returns the dataset of a config, from where the data flags say."""
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
    )


def load_data_of(model):
    """Returns the dataset that the model of --workdir or --saved_model was trained on.

    Raises:
      UserError: if the data that is found is of another shape, or not that of the run.
    """
    from zoo import workdirs

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
                "trained on would count as unseen. Bring the data back, or train anew."
            )
    return dataset


def load_data_like(spec, name):
    """Returns a dataset by its name, its images made as those of a model's spec are."""
    from zoo import data

    made = {"image_size": spec.shape[0], "channels": spec.shape[2]} if len(spec.shape) == 3 else {}
    return data.load(name, **data_places(), **made)


def load_judge(config, spec):
    """Returns the zoo.evaluation.Judge of samples, or None after saying why.

    It is --judge, or the zoo's classifier of the dataset; that of a whole set judges its part too.
    """
    from zoo import evaluation, versions
    from zoo.serving import loading

    given = flags.FLAGS.judge
    if given == "" or len(spec.shape) != 3 or config.model == "classifier":
        return None
    name = versions.export_name("classifier", config.dataset.removesuffix("_5k"))
    path = files.tensorflow_path(given) if given else versions.SAVED_MODELS / name
    if not given and not path.is_dir():
        print(f"No metrics of samples: there is no {path}. Train one, or give --judge.")
        return None
    judge = loading.load(path)
    needed = {"classify", "features"} <= set(judge.signatures)
    if not needed or judge.spec[:2] != spec[:2]:
        reason = (
            f"{path} is {judge.config.model!r} of {judge.spec[:2]}, needed is a model 'classifier' "
            f"of {spec[:2]}: shape and number of classes."
        )
        if given:
            raise UserError(reason)
        print(f"No metrics of samples: {reason} Give one with --judge.")
        return None
    return evaluation.Judge(judge)


def first_argument() -> str:
    """Takes the word that stands before all flags from the command line; "" if there is none."""
    return sys.argv.pop(1) if sys.argv[1:] and not sys.argv[1].startswith("-") else ""


def run(main: Callable[[], None] | None, prepare: Callable[[], None] = lambda: None) -> None:
    """Runs a script: a UserError becomes one line on stderr and exit code 2.

    Args:
      main: what the script does; TensorFlow is imported before. None if it needs no TensorFlow.
      prepare: what it looks at before that, names and paths that may be wrong.
    """

    def whole():
        prepare()
        if main:
            with _status("Starting TensorFlow ..."):
                tf_startup.import_tensorflow()
            main()

    for flag in flags.FLAGS.get_key_flags_for_module(__name__):
        flags.FLAGS.register_key_flag_for_module(sys.argv[0], flag)  # for --help
    app.run(lambda argv: _guarded(whole), flags_parser=lambda argv: _guarded(_parse, argv))


@contextlib.contextmanager
def _status(text):
    """Says on stderr what takes some seconds; in a terminal only as long as it takes."""
    in_terminal = sys.stderr.isatty()
    print(text, end="" if in_terminal else "\n", file=sys.stderr, flush=True)
    yield
    if in_terminal:
        print(f"\r{' ' * len(text)}\r", end="", file=sys.stderr, flush=True)


def main() -> None:
    """The command `zoo`: `zoo train --model=cvae` is scripts/train.py --model=cvae."""
    commands = {path.stem: path for path in sorted(SCRIPTS.glob("[!_]*.py"))}
    name = first_argument()
    if name in commands:
        sys.argv[0] = str(commands[name])
        runpy.run_path(sys.argv[0], run_name="__main__")
        return
    if name:
        print(f"error: Unknown command {name!r}.{near_miss(name, commands)}", file=sys.stderr)
    rows = (f"  {stem:<14}{_first_line(path)}" for stem, path in commands.items())
    out = sys.stderr if name else sys.stdout
    print("Usage: zoo COMMAND [--FLAG=VALUE ...]", *rows, sep="\n", file=out)
    print("zoo COMMAND --help shows its flags.", file=out)
    sys.exit(EXIT_ERROR if name else 0)


def _first_line(path):
    """What a script does, by its docstring."""
    return ast.get_docstring(ast.parse(path.read_text())).splitlines()[0]


def _parse(argv):
    flags_ = flags.FLAGS
    if "model" in flags_:
        flags_(argv, known_only=True)
        overrides = {"dataset": flags_.dataset} if flags_.dataset else {}
        config = configs.get(flags_.model, **overrides)
        argv = [f"-{a}" if a.startswith("-config.") else a for a in argv]
        for name in (a.split("=")[0].lstrip("-") for a in argv if a.startswith("--config.")):
            field = name.removeprefix("config.")
            configs.check_field(config, field)
            if field in ("model", "family"):
                raise UserError(f"--{name} is what makes the entry: choose another by --model.")
        config_flags.DEFINE_config_dict("config", config, sys_argv=argv)
    try:
        rest = flags_(argv)
    except flags.UnrecognizedFlagError as error:
        raise UserError(_unknown_flag(error.flagname)) from error
    if len(rest) > 1:
        raise UserError(f"Unexpected argument {rest[1]!r}: flags are written as --name=value.")
    logging.set_verbosity(logging.WARNING)
    return rest


def _unknown_flag(name):
    """An error that names the flag meant, with fields of the config among those there are."""
    known = list(flags.FLAGS)
    if "config" in known:
        known += [f"config.{field}" for field in flags.FLAGS.config]
        if f"config.{name}" in known:
            return f"Unknown flag --{name}: it is a field of the config, --config.{name}."
    missed = near_miss(name, known) or near_miss(f"config.{name}", known)
    return f"Unknown flag --{name}.{missed.replace(chr(39), '').replace('mean ', 'mean --')}"


def _guarded(function, *args):
    try:
        return function(*args)
    except Stopped as stopped:
        print(stopped, file=sys.stderr)
        sys.exit(EXIT_STOPPED)
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(EXIT_ERROR)
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in EXTRAS:
            raise
        print(
            f"error: {missing} is missing: pip install 'generative-zoo[{EXTRAS[missing]}]', or "
            f"{_REQUIREMENTS.get(EXTRAS[missing], 'requirements.txt')} of a checkout.",
            file=sys.stderr,
        )
        sys.exit(EXIT_ERROR)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        print(f"error: {where}{error.strerror or error}", file=sys.stderr)
        sys.exit(EXIT_ERROR)
    except flags.Error as error:
        print(f"error: {str(error).splitlines()[0]}", file=sys.stderr)
        sys.exit(EXIT_ERROR)
