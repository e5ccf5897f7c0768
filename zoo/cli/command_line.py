"""Runs scripts: flags and configs, one-line errors, exit codes, the command `zoo`."""

import ast
import contextlib
import os
import pathlib
import re
import runpy
import sys
from collections.abc import Callable

from absl import app, flags, logging
from ml_collections import config_flags

from zoo import configs, tf_startup
from zoo.cli import shared_flags
from zoo.configs import help as configs_help
from zoo.errors import Stopped, UserError, first_line, near_miss, speak_of_flags

ROOT = pathlib.Path(__file__).resolve().parents[2]
# An installed package contains the scripts.
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
# The exit code by which shells report a process that SIGINT ended.
EXIT_INTERRUPTED = 130
_REQUIREMENTS = {"beam": "requirements-beam.txt", "bench": "requirements-bench.txt"}


def first_argument() -> str:
    """Removes and returns the word before all flags of the command line; "" if there is none."""
    return sys.argv.pop(1) if sys.argv[1:] and not sys.argv[1].startswith("-") else ""


def run(main: Callable[[], None] | None, prepare: Callable[[], None] = lambda: None) -> None:
    """Runs a script: a UserError becomes one line on stderr and exit code 2.

    Args:
      main: called after TensorFlow is imported; None if the script needs no TensorFlow.
      prepare: called before that, to check names and paths.
    """

    speak_of_flags()

    def whole():
        prepare()
        if main:
            with _status("Starting TensorFlow ..."):
                tf_startup.import_tensorflow()
            main()

    for flag in flags.FLAGS.get_key_flags_for_module(shared_flags.__name__):
        flags.FLAGS.register_key_flag_for_module(sys.argv[0], flag)  # for --help
    app.run(lambda argv: _guarded(whole), flags_parser=lambda argv: _guarded(_parse, argv))


@contextlib.contextmanager
def _status(text):
    """Prints a status line to stderr; a terminal shows it only while the body runs."""
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
    """The first line of a script's docstring."""
    return ast.get_docstring(ast.parse(path.read_text())).splitlines()[0]


def _show_help(argv):
    """Prints the script's docstring, its flags and the fields of the model's config."""
    name = next((a.partition("=")[2] for a in argv if re.match("--?model=", a)), "")
    config = configs.get(name) if name else None
    print(sys.modules["__main__"].__doc__ or "", flags.FLAGS.main_module_help(), sep="\n")
    if config:
        print(f"\n{configs.describe(name)}\n\nFields of the config of {name}:\n")
        print(configs_help.describe_fields(config))
    elif "model" in flags.FLAGS:
        print("\n--model=NAME --help shows the fields of its config, --config.FIELD=VALUE.")
    sys.exit(0)


def _check_model(argv):
    """Raises a UserError if the command line names no model."""
    if flags.FLAGS.model is None:
        known = configs.entries()
        word = next((a for a in argv[1:] if a in known), None)
        meant = f"write --model={word}." if word else f"choose one of {', '.join(known)}."
        raise UserError(f"--model must have a value: {meant}")


def _parse(argv):
    flags_ = flags.FLAGS
    if any(re.fullmatch("--?h(elp(full|short)?)?", a) for a in argv[1:]):
        _show_help(argv)
    if "model" in flags_:
        flags_(argv, known_only=True)
        _check_model(argv)
        overrides = {"dataset": flags_.dataset} if flags_.dataset else {}
        shared_flags.check_dataset(flags_.dataset)
        config = configs.get(flags_.model, **overrides)
        argv = [f"-{a}" if a.startswith("-config.") else a for a in argv]
        for argument in argv:
            _check_config_flag(argument)
        for argument in (a for a in argv if a.startswith("--config.")):
            field, equals, text = argument.removeprefix("--config.").partition("=")
            configs.check_field(config, field)
            if field in ("model", "family"):
                raise UserError(f"--config.{field} makes the model: choose another by --model.")
            if equals:
                configs.parse(config, field, text)
        config_flags.DEFINE_config_dict("config", config, sys_argv=argv)
    try:
        rest = flags_(argv)
    except flags.UnrecognizedFlagError as error:
        raise UserError(_unknown_flag(error.flagname)) from error
    if "config" in flags_ and (wrong := configs.out_of_range(flags_.config)):
        raise UserError(" ".join(wrong.values()))
    if len(rest) > 1:
        raise UserError(f"Unexpected argument {rest[1]!r}: flags are written as --name=value.")
    logging.set_verbosity(logging.WARNING)
    return rest


def _check_config_flag(argument):
    """Raises a UserError for --config=FILE and --noconfig.FIELD, which other programs accept."""
    name, _, value = argument.lstrip("-").partition("=")
    if argument.startswith("-") and name == "config":
        raise UserError(
            f"--config={value}: --config is not a file here: set fields, as in "
            "--config.latent_dim=20. A run's config.json lists them."
        )
    if argument.startswith("-") and name.startswith("noconfig."):
        raise UserError(f"{argument}: write --config.{name.removeprefix('noconfig.')}=False.")


def _unknown_flag(name):
    """The error for an unknown flag; it names the closest flag or field of the config."""
    fields = list(flags.FLAGS.config) if "config" in flags.FLAGS else []
    if name in fields:
        return f"Unknown flag --{name}: it is a field of the config, --config.{name}."
    missed = near_miss(name, list(flags.FLAGS)).replace("mean '", "mean '--")
    missed = missed or near_miss(name, fields).replace("mean '", "mean '--config.")
    return f"Unknown flag --{name}.{missed.replace(chr(39), '')}"


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
    except BrokenPipeError:  # the reader of the output closed the pipe, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(EXIT_ERROR)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        print(f"error: {where}{error.strerror or error}", file=sys.stderr)
        sys.exit(EXIT_ERROR)
    except flags.Error as error:
        print(f"error: {first_line(error)}", file=sys.stderr)
        sys.exit(EXIT_ERROR)
