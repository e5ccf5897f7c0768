#!/usr/bin/env python3
"""Evaluates trained models again and compares the metrics with those on their cards.

scripts/reproduce.py                                   all of saved_models whose data is available
scripts/reproduce.py --models=cvae_mnist,dcgan_mnist   some of them
scripts/reproduce.py --out=differences.json            also write all metrics and differences
"""

from absl import flags

from zoo import files
from zoo.cli import command_line, shared_flags
from zoo.exports import versions

shared_flags.define_data_flags()
shared_flags.define_judge_flag()
_SAVED_MODELS = flags.DEFINE_string(
    "saved_models", None, "Folder of trained models; saved_models/ of the checkout if not given."
)
_MODELS = flags.DEFINE_list("models", [], "Names of models; all if not given.")
_OUT = flags.DEFINE_string("out", None, "File for all metrics and their differences.")


def measure(folder, name):
    """The differences of a model's metrics, and the names of those that were not measured."""
    import zoo
    from zoo.evaluation import reproduction
    from zoo.evaluation.subject import Subject

    loaded = zoo.load(name, folder)
    model = loaded.to_keras()
    dataset = shared_flags.load_data(model.config)
    subject = Subject(model, dataset, shared_flags.load_judge(model.config, dataset.spec))
    differences = reproduction.reproduce(subject, loaded.metrics)
    return differences, reproduction.not_measured(loaded.metrics, differences)


def main():
    import zoo
    from zoo.errors import UserError

    folder = versions.models_folder(_SAVED_MODELS.value)
    found, off = {}, []
    for name in _MODELS.value or zoo.list_models(folder):
        try:
            differences, left = measure(folder, name)
        except UserError as error:
            if _MODELS.value:
                raise
            print(f"{name}: not measured. {error}", flush=True)
            continue
        others = [d for d in differences if not d.within]
        off += [f"{name} ({d.figure}: {d.again:.4g}, recorded {d.recorded:.4g})" for d in others]
        found[name] = [d._asdict() for d in differences]
        not_measured = f"; not measured: {', '.join(left)}" if left else ""
        agree = len(differences) - len(others)
        print(f"{name}: {agree} of {len(differences)} figures{not_measured}", flush=True)
        if _OUT.value:
            files.write_json(_OUT.value, found)
    if off:
        raise UserError(f"Not reproduced: {'; '.join(off)}.")


if __name__ == "__main__":
    command_line.run(main)
