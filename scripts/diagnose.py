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

from zoo import cli, command_line, files

cli.define_data_flags()
cli.define_judge_flag()
_WORKDIR, _SAVED_MODEL = cli.define_trained_flags()
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
    from zoo import diagnosis
    from zoo.diagnosis import page
    from zoo.training import loop

    if _WORKDIR.value:
        workdir = files.tensorflow_path(_WORKDIR.value)
        model, _ = loop.load_run(workdir)
        default = workdir / "diagnosis.html"
    else:
        model, default = zoo.load(_SAVED_MODEL.value).to_keras(), pathlib.Path("diagnosis.html")
    diagnosis.check(model)
    dataset = cli.load_data_of(model)
    judge = cli.load_judge(model.config, dataset.spec)
    found = diagnosis.diagnose(model, dataset, judge, _SEED.value)
    out = files.user_path(_OUT.value or default)
    page.write(out, found, _WORKDIR.value or _SAVED_MODEL.value)
    return found, out


if __name__ == "__main__":
    command_line.run(main, cli.check_trained_flags)
