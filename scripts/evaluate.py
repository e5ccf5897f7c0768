#!/usr/bin/env python3
"""Measures a trained model on its test split and writes metrics.json.

scripts/evaluate.py --workdir=runs/cvae_mnist_5k            writes there, and on the export's card
scripts/evaluate.py --saved_model=saved_models/cvae_mnist   prints, or writes to --out
"""

import json
import pathlib

from absl import flags

from zoo import cli

cli.define_data_flags()
cli.define_judge_flag()
_WORKDIR = flags.DEFINE_string("workdir", None, "Folder of a run.")
_SAVED_MODEL = flags.DEFINE_string("saved_model", None, "An export, in place of a run.")
_SAMPLES = flags.DEFINE_integer(
    "importance_samples", 5000, "Codes an image for the log-likelihood of a VAE; 0: without it.", 0
)
_CHUNK = flags.DEFINE_integer("chunk", 2000, "Codes decoded at once: bounds the memory.", 1)
_OUT = flags.DEFINE_string("out", None, "File for the metrics; WORKDIR/metrics.json if not given.")
flags.mark_flags_as_mutual_exclusive(["workdir", "saved_model"], required=True)


def main():
    import zoo
    from zoo import evaluation, files, runs
    from zoo.serving import export
    from zoo.training import loop

    if _WORKDIR.value:
        workdir = pathlib.Path(_WORKDIR.value)
        model, training = loop.load_run(workdir)
        path = workdir / "metrics.json"
        before = json.loads(path.read_text())["training"] if path.exists() else {}
        training["hardware"] = before.get("hardware") or runs.hardware()
        out = _OUT.value or path
    else:
        loaded = zoo.load(_SAVED_MODEL.value)
        model, training, out = loaded.to_keras(), loaded.metrics["training"], _OUT.value
    dataset = cli.load_data(model.config)
    judge = cli.load_judge(model.config, dataset.spec)
    metrics = evaluation.report(model, dataset.test, judge, training, _SAMPLES.value, _CHUNK.value)
    print(runs.describe(metrics))
    if out:
        files.write_json(out, metrics)
        print(f"Written to {out}.")
    export_path = runs.exported(workdir) if _WORKDIR.value and not _OUT.value else None
    if export_path:
        export.refresh_metrics(export_path, metrics)
        print(f"Written to the export {export_path} and its card.")


if __name__ == "__main__":
    cli.run(main)
