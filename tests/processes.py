"""Scripts in processes of their own, forked from one in which TensorFlow is imported already.

That saves each of them the seconds of the import. What happens before and during it is tested in
test_scripts.py with a process from the start.
"""

import multiprocessing
import os
import pathlib
import runpy
import subprocess
import sys
import tempfile

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    ["tensorflow", "tensorflow_probability", "tensorflow_datasets", "keras", "sklearn.cluster"]
)


def run(path, *flags, cwd=None, env=None, timeout=300) -> subprocess.CompletedProcess:
    """Runs a Python file as a script; returns the finished process as subprocess.run would."""
    with tempfile.TemporaryDirectory() as folder:
        outputs = [pathlib.Path(folder) / name for name in ("stdout", "stderr")]
        argv = [str(path), *map(str, flags)]
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
