#!/usr/bin/env python3
"""Measures a trained model on its test split and writes metrics.json.

Figures that are not measured again keep their values.

scripts/evaluate.py --workdir=runs/cvae_mnist_5k            writes there, and on the export's card
scripts/evaluate.py --saved_model=saved_models/cvae_mnist   prints, or writes to --out
scripts/evaluate.py --saved_model=saved_models/vae_mnist --only=neighbourhoods --update
"""

import json

from absl import flags

from zoo import cli, command_line, files, workdirs

cli.define_data_flags()
cli.define_judge_flag()
_WORKDIR, _SAVED_MODEL = cli.define_trained_flags()
_SAMPLES = flags.DEFINE_integer(
    "importance_samples", 5000, "Codes per image for the log-likelihood of a VAE; 0 skips it.", 0
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
    from zoo import evaluation
    from zoo.evaluation import summary
    from zoo.serving import export
    from zoo.training import loop, strategy

    before = workdir = None
    if _WORKDIR.value:
        workdir = files.tensorflow_path(_WORKDIR.value)
        model, training = loop.load_run(workdir)
        path = workdir / "metrics.json"
        earlier = json.loads(path.read_text()) if path.exists() else {}
        training["hardware"] = earlier.get("training", {}).get("hardware") or strategy.hardware()
        if earlier.get("training", {}).get("best_step") == training["best_step"]:
            before = earlier
        elif earlier:
            print(f"The figures in {path} are of other weights, those of an earlier step.")
        out, export_path = _OUT.value or path, None if _OUT.value else workdirs.exported(workdir)
    else:
        loaded = zoo.load(_SAVED_MODEL.value)
        model, training, before = loaded.to_keras(), loaded.metrics["training"], loaded.metrics
        out, export_path = _OUT.value, loaded.path if _UPDATE.value else None
    dataset = cli.load_data_of(model)
    judge = cli.load_judge(model.config, dataset.spec, workdir)
    subject = evaluation.Subject(model, dataset, judge, _SAMPLES.value, _CHUNK.value)
    metrics = evaluation.report(subject, training, _ONLY.value, before)
    if judge and workdir:
        workdirs.remember_judge(workdir, judge.folder)
    print(summary.describe(metrics))
    if out:
        files.write_json(out, metrics)
        print(f"Written to {out}.")
    if export_path:
        export.refresh_metrics(export_path, metrics)
        print(f"Written to the export {export_path} and its card.")


if __name__ == "__main__":
    command_line.run(main, cli.check_trained_flags)
