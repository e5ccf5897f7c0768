"""Scripts run by tests: in this process, or in one of their own, forked from a warm one.

A warm process has imported TensorFlow and the zoo already, which saves the seconds of the import.
What happens before and during it is tested in test_scripts.py with a process from the start.
"""

import contextlib
import io
import multiprocessing
import os
import pathlib
import runpy
import subprocess
import sys
import tempfile

from absl import flags

ROOT = pathlib.Path(__file__).resolve().parent.parent
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    [
        *("tensorflow", "tensorflow_probability", "tensorflow_datasets", "keras"),
        *("sklearn.cluster", "zoo.runs.run", "zoo.serving.loading", "zoo.drawing.pictures"),
    ]
)


def call(name: str, *argv, cwd=None) -> subprocess.CompletedProcess:
    """Runs a script of the zoo in this process; returns what `script` would."""
    path, known = ROOT / "scripts" / name, set(flags.FLAGS)
    out, errors, code = io.StringIO(), io.StringIO(), 0
    before, sys.argv = sys.argv, [str(path), *map(str, argv)]
    try:
        with (
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(errors),
            contextlib.chdir(cwd or os.getcwd()),
        ):
            runpy.run_path(str(path), run_name="__main__")
    except SystemExit as exit_:
        code = exit_.code or 0
    finally:
        sys.argv = before
        for flag in set(flags.FLAGS) - known:
            delattr(flags.FLAGS, flag)
        flags.FLAGS.unparse_flags()
    return subprocess.CompletedProcess([name, *argv], code, out.getvalue(), errors.getvalue())


def script(name: str, *argv, **options) -> subprocess.CompletedProcess:
    """Runs a script of the zoo in a process of its own; returns the finished process."""
    return run(ROOT / "scripts" / name, *argv, **options)


def run(path, *argv, cwd=None, env=None, timeout=300) -> subprocess.CompletedProcess:
    """Runs a Python file as a script; returns the finished process as subprocess.run would."""
    with tempfile.TemporaryDirectory() as folder:
        outputs = [pathlib.Path(folder) / name for name in ("stdout", "stderr")]
        argv = [str(path), *map(str, argv)]
        process = _CONTEXT.Process(target=_main, args=(argv, cwd, env or {}, outputs))
        process.start()
        process.join(timeout)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(argv, timeout, *[o.read_bytes() for o in outputs])
        texts = [output.read_text() for output in outputs]
        return subprocess.CompletedProcess(argv, process.exitcode, *texts)


def _main(argv, cwd, env, outputs):
    for number, output in enumerate(outputs, 1):
        with open(output, "w") as file:
            os.dup2(file.fileno(), number)
    if cwd:
        os.chdir(cwd)
    os.environ.update(env)
    sys.argv = argv
    runpy.run_path(argv[0], run_name="__main__")
