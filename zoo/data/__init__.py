"""Images or rows of numbers, with labels: from TFDS, a folder or a file."""

from zoo.data import labelled
from zoo.data.in_memory import InMemory, to_memory
from zoo.data.loading import load
from zoo.data.pipeline import binarize, to_float, to_pixels
from zoo.data.splits import Dataset, Shard, Split
from zoo.data.streamed import Generated, Streamed

__all__ = [
    "Dataset",
    "Generated",
    "InMemory",
    "Shard",
    "Split",
    "Streamed",
    "binarize",
    "labelled",
    "load",
    "to_float",
    "to_memory",
    "to_pixels",
]
