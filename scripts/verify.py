#!/usr/bin/env python3
"""Checks that exports still give the answers recorded when they were made.

scripts/verify.py                        all models in saved_models
scripts/verify.py --saved_models=FOLDER
"""

from absl import flags

from zoo.cli import command_line
from zoo.exports import versions

_SAVED_MODELS = flags.DEFINE_string(
    "saved_models", None, "Folder of trained models; saved_models/ of the checkout if not given."
)
_TOLERANCE = flags.DEFINE_float("tolerance", 1e-4, "Largest relative difference.", 0.0)


def main():
    from zoo.errors import UserError
    from zoo.serving import golden

    others = []
    for base in sorted(versions.models_folder(_SAVED_MODELS.value).iterdir()):
        for number in versions.list_versions(base):
            differences = golden.compare_answers(base / str(number))
            worst = max(differences, key=differences.get)
            print(f"{base.name}/{number}: {differences[worst]:.1e} ({worst})")
            others += [f"{base.name}/{number}"] if differences[worst] > _TOLERANCE.value else []
    if others:
        raise UserError(f"These exports have changed their answers: {', '.join(others)}.")


if __name__ == "__main__":
    command_line.run(main)
