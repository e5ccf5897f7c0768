"""Checks a ModelServerConfig, and chooses the versions in a folder that it asks for."""

import contextlib
import os
import pathlib

from tensorflow_serving.config import model_server_config_pb2
from tensorflow_serving.config.file_system_storage_path_source_pb2 import (
    FileSystemStoragePathSourceConfig as _Config,
)

from zoo.tfserving.contract import errors

_PLATFORM = "tensorflow"


def check(
    config: model_server_config_pb2.ModelServerConfig,
    before: dict[str, model_server_config_pb2.ModelConfig],
) -> None:
    """Raises a ServingError for an invalid config.

    Args:
      config: to check.
      before: {model: its current config}; the platform of a model cannot change.
    """
    if config.WhichOneof("config") != "model_config_list":
        raise errors.invalid(
            "ServerModelConfig type not supported by HandleReloadConfigRequest. Only "
            "ModelConfigList is currently supported"
        )
    seen = set()
    for model in config.model_config_list.config:
        if not model.name:
            raise errors.invalid("A model of the config has no name")
        if model.name in seen:
            raise errors.invalid(
                f"Illegal to list model {model.name} multiple times in config list"
            )
        seen.add(model.name)
        if not model.base_path or not os.path.isabs(model.base_path):
            raise errors.invalid(
                f"Expected model {model.name} to have an absolute path or URI; got base_path()="
                f"{model.base_path}"
            )
        if not model.model_platform:
            raise errors.invalid(
                "Illegal setting neither ModelServerConfig::model_type (deprecated) nor "
                f"ModelServerConfig::model_platform, model name is {model.name}"
            )
        if model.model_platform != _PLATFORM:
            raise errors.invalid(
                f"Model {model.name} requests unsupported platform {model.model_platform}"
            )
        old = before.get(model.name)
        if old is not None and old.model_platform != model.model_platform:
            raise errors.invalid(f"Illegal to change a model's platform. For model {model.name}")


def find_versions(base_path: str) -> dict[int, pathlib.Path]:
    """Returns {version: its folder} of a model; if two names mean one version, the shorter one."""
    found = {}
    with contextlib.suppress(OSError, ValueError):  # no such folder, or an invalid name
        for entry in sorted(os.scandir(base_path), key=lambda e: len(e.name), reverse=True):
            number = int(entry.name) if entry.name.isascii() and entry.name.isdigit() else None
            if number is not None and number < 2**63 and entry.is_dir():
                found[number] = pathlib.Path(entry.path)
    return found


def explain_no_versions(name: str, base_path: str) -> str:
    """Returns why a model has no versions, in TF Serving's words."""
    if not os.path.exists(base_path):
        return f"Could not find base path {base_path} for servable {name}"
    hint = ""
    if os.path.exists(os.path.join(base_path, "saved_model.pb")):
        hint = " It is itself a version: give the folder that contains it."
    return (
        f"No versions of servable {name} found under base path {base_path}. Did you forget to name "
        f"your leaf directory as a number (eg. '/1/')?{hint}"
    )


def choose_versions(
    found: dict[int, pathlib.Path],
    policy: _Config.ServableVersionPolicy,
) -> list[int]:
    """Returns the versions that a policy selects from those found."""
    choice = policy.WhichOneof("policy_choice")
    if choice == "all":
        return list(found)
    if choice == "specific":
        return [number for number in policy.specific.versions if number in found]
    return sorted(found)[-max(policy.latest.num_versions, 1) :]


def describe_files(path: pathlib.Path) -> list[tuple]:
    """Returns the files of a version with sizes and times, which change while it is copied."""
    described = []
    for folder, _, names in os.walk(path):
        for name in names:
            with contextlib.suppress(OSError):
                stat = os.stat(os.path.join(folder, name))
                described.append((folder, name, stat.st_size, stat.st_mtime_ns))
    return sorted(described)
