"""What pyproject.toml has no word for: scripts/ is installed as zoo.scripts, for `zoo train`."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["zoo*"]), "zoo.scripts"],
    package_dir={"zoo.scripts": "scripts"},
)
