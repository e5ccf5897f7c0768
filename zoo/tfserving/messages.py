"""Declares protocol buffer messages in Python, without .proto files."""

from collections.abc import Mapping

from google.protobuf import (
    any_pb2,
    descriptor_pb2,
    descriptor_pool,
    message,
    message_factory,
    wrappers_pb2,
)

_FIELD = descriptor_pb2.FieldDescriptorProto
BOOL, BYTES, DOUBLE, FLOAT, INT32, INT64, STRING, UINT32, UINT64 = (
    getattr(_FIELD, f"TYPE_{name}")
    for name in ("BOOL", "BYTES", "DOUBLE", "FLOAT", "INT32", "INT64", "STRING", "UINT32", "UINT64")
)


class Map:
    """A field that maps strings to messages of a type."""

    def __init__(self, kind: str):
        self.kind = kind


def declare(
    name: str, messages: Mapping[str, Mapping[str, tuple]]
) -> dict[str, type[message.Message]]:
    """Returns {message: its class}.

    Args:
      name: of the package; must be unique.
      messages: {message: {field: (number, kind)}}. A kind is a constant of this module; the name of
        a message of this package, or a full name that starts with a dot; a list of one kind for a
        repeated field; or a Map.
    """
    file = descriptor_pb2.FileDescriptorProto(name=f"{name}.proto", package=name, syntax="proto3")
    file.dependency.extend([wrappers_pb2.DESCRIPTOR.name, any_pb2.DESCRIPTOR.name])
    for title, fields in messages.items():
        declared = file.message_type.add(name=title)
        for field, (number, kind) in fields.items():
            added = declared.field.add(name=field, number=number, label=_FIELD.LABEL_OPTIONAL)
            if isinstance(kind, list | Map):
                added.label = _FIELD.LABEL_REPEATED
            if isinstance(kind, list):
                [kind] = kind
            elif isinstance(kind, Map):
                kind = _add_entry(declared, field, kind, name)
            if isinstance(kind, str):
                added.type = _FIELD.TYPE_MESSAGE
                added.type_name = kind if kind.startswith(".") else f".{name}.{kind}"
            else:
                added.type = kind
    pool = descriptor_pool.Default()
    pool.Add(file)
    return {
        title: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{name}.{title}"))
        for title in messages
    }


def _add_entry(declared, field, kind, package):
    """Declares the entry message of a map field; returns its name."""
    title = "".join(part.capitalize() for part in field.split("_")) + "Entry"
    entry = declared.nested_type.add(name=title)
    entry.options.map_entry = True
    entry.field.add(name="key", number=1, label=_FIELD.LABEL_OPTIONAL, type=STRING)
    value = entry.field.add(name="value", number=2, label=_FIELD.LABEL_OPTIONAL)
    value.type = _FIELD.TYPE_MESSAGE
    value.type_name = kind.kind if kind.kind.startswith(".") else f".{package}.{kind.kind}"
    return f"{declared.name}.{title}"
