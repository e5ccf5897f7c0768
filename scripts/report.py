#!/usr/bin/env python3
"""Writes docs/results.md from the metrics of the exported models.

scripts/report.py
"""

from absl import flags

from zoo import cli, versions

_SAVED_MODELS = flags.DEFINE_string(
    "saved_models", str(versions.SAVED_MODELS), "Folder of exports."
)
_DOCS = flags.DEFINE_string("docs", str(cli.ROOT / "docs"), "Folder of the page.")


def main():
    from zoo import files, report

    path = report.write(files.tensorflow_path(_SAVED_MODELS.value), files.user_path(_DOCS.value))
    print(f"Written to {path}.")


if __name__ == "__main__":
    cli.run(main)
