#!/usr/bin/env python3
"""Writes tables, cards and the catalogue from the metrics of the exported models.

scripts/report.py           writes the README's table, docs/results.md, docs/metrics.md and, in
                            saved_models, README.md, models.config and every card
scripts/report.py --check   writes nothing and fails if one of them is out of date
"""

from absl import flags

from zoo.cli import command_line
from zoo.exports import versions

_SAVED_MODELS = flags.DEFINE_string(
    "saved_models", str(versions.SAVED_MODELS), "Folder of exports."
)
_ROOT = flags.DEFINE_string("root", str(command_line.ROOT), "Folder with README.md and docs/.")
_CHECK = flags.DEFINE_bool("check", False, "Only check whether everything is up to date.")


def main():
    from zoo import files
    from zoo.errors import UserError
    from zoo.reports import pages

    saved_models, root = files.tensorflow_path(_SAVED_MODELS.value), files.user_path(_ROOT.value)
    generated = pages.build_pages(saved_models, root)
    if not _CHECK.value:
        written = pages.write_pages(generated)
        print(f"Written: {', '.join(map(str, written)) or 'nothing, all was up to date'}.")
    elif stale := pages.find_stale(generated):
        raise UserError(
            f"Out of date: {', '.join(map(str, stale))}. Run scripts/report.py and commit them."
        )
    else:
        print("All is up to date.")


if __name__ == "__main__":
    command_line.run(main)
