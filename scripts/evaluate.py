#!/usr/bin/env python3
"""Measures a trained model on its test split and writes metrics.json.

Figures that are not measured again keep their values.

scripts/evaluate.py --workdir=runs/cvae_mnist_5k            writes there, and on the export's card
scripts/evaluate.py --saved_model=saved_models/cvae_mnist   prints, or writes to --out
scripts/evaluate.py --saved_model=saved_models/vae_mnist --only=neighbourhoods --update
"""

import json

from absl import flags

from zoo import files
from zoo.cli import command_line, shared_flags
from zoo.exports import versions
from zoo.training import workdirs

shared_flags.define_data_flags()
shared_flags.define_judge_flag()
_WORKDIR, _SAVED_MODEL = shared_flags.define_trained_flags()
_SAMPLES = flags.DEFINE_integer(
    "importance_samples",
    5000,
    "Codes per image for the log-likelihood of a VAE; 0 skips all metrics that take minutes.",
    0,
)
_CHUNK = flags.DEFINE_integer(
    "chunk", 2000, "Number of codes decoded at once; bounds the memory.", 1
)
_ONLY = flags.DEFINE_list("only", [], "Names of metrics to measure; all that apply if not given.")
_UPDATE = flags.DEFINE_bool(
    "update", False, "Write the figures into the --saved_model and its card; keep its others."
)
_OUT = flags.DEFINE_string("out", None, "File for the metrics; WORKDIR/metrics.json if not given.")


def main():
    import zoo
    from zoo.evaluation import evaluate, summary
    from zoo.evaluation.subject import Subject
    from zoo.serving import export
    from zoo.training import checkpoint, strategy

    before = workdir = None
    if _WORKDIR.value:
        workdir = files.tensorflow_path(_WORKDIR.value)
        model, training = checkpoint.load_run(workdir)
        path = workdir / "metrics.json"
        earlier = json.loads(path.read_text()) if path.exists() else {}
        training["hardware"] = earlier.get("training", {}).get("hardware") or strategy.hardware()
        if earlier.get("training", {}).get("best_step") == training["best_step"]:
            before = earlier
        elif earlier:
            print(f"The figures in {path} are of other weights, those of an earlier step.")
        out = _OUT.value or path
        export_path = None if _OUT.value else versions.read_exported(workdir)
    else:
        loaded = zoo.load(_SAVED_MODEL.value)
        model, training, before = loaded.to_keras(), loaded.metrics["training"], loaded.metrics
        out, export_path = _OUT.value, loaded.path if _UPDATE.value else None
    dataset = shared_flags.load_data_of(model)
    judge = shared_flags.load_judge(model.config, dataset.spec, workdir)
    subject = Subject(model, dataset, judge, _SAMPLES.value, _CHUNK.value)
    metrics = evaluate.build_report(subject, training, _ONLY.value, before)
    if judge and workdir:
        workdirs.record_judge(workdir, judge.folder)
    print(summary.describe_metrics(metrics))
    if out:
        files.write_json(out, metrics)
        print(f"Written to {out}.")
    if export_path:
        export.refresh_metrics(export_path, metrics)
        print(f"Written to the export {export_path} and its card.")


if __name__ == "__main__":
    command_line.run(main, shared_flags.check_trained_flags)
