#!/usr/bin/env python3
"""Diagnoses a GAN: a verdict, its reasons, a page with plots.

scripts/diagnose.py --workdir=runs/dcgan_mnist
scripts/diagnose.py --saved_model=saved_models/dcgan_mnist --out=diagnosis.html
scripts/diagnose.py --saved_model=saved_models/r3gan_mnist --json

Players are frozen, discriminators are trained afresh against the generator, and tested on rows that
nobody has seen: minutes on two cores. The exit code is 0 whatever the verdict.
"""

import contextlib
import json
import pathlib
import sys

from absl import flags

from zoo import files
from zoo.cli import command_line, shared_flags

shared_flags.define_data_flags()
shared_flags.define_judge_flag()
_WORKDIR, _SAVED_MODEL = shared_flags.define_trained_flags()
_OUT = flags.DEFINE_string(
    "out", None, "Page to write; WORKDIR/diagnosis.html, or diagnosis.html here, if not given."
)
_JSON = flags.DEFINE_bool("json", False, "Print verdict and figures as JSON, and nothing else.")
_SEED = flags.DEFINE_integer("seed", 0, "Seed of the codes and the fresh discriminators.", 0)


def main():
    with contextlib.redirect_stdout(sys.stderr) if _JSON.value else contextlib.nullcontext():
        found, out = diagnose()
    if _JSON.value:
        print(json.dumps({**found.verdict._asdict(), "figures": found.figures}, indent=2))
        return
    print(f"{found.verdict.name}: {found.verdict.sentence}")
    for reason in found.verdict.reasons:
        print(f"- {reason}")
    print(f"Written to {out}.")


def diagnose():
    """Returns the diagnosis, and the path of its page."""
    import zoo
    from zoo.diagnosis import diagnose, page
    from zoo.training import checkpoint

    if _WORKDIR.value:
        workdir = files.tensorflow_path(_WORKDIR.value)
        model, _ = checkpoint.load_run(workdir)
        default = workdir / "diagnosis.html"
    else:
        model, default = zoo.load(_SAVED_MODEL.value).to_keras(), pathlib.Path("diagnosis.html")
    diagnose.check_model(model)
    dataset = shared_flags.load_data_of(model)
    judge = shared_flags.load_judge(model.config, dataset.spec)
    found = diagnose.diagnose(model, dataset, judge, _SEED.value)
    out = files.user_path(_OUT.value or default)
    page.write_page(out, found, _WORKDIR.value or _SAVED_MODEL.value)
    return found, out


if __name__ == "__main__":
    command_line.run(main, shared_flags.check_trained_flags)
