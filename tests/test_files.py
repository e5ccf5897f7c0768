"""Paths that people give."""

import pathlib

import pytest

import zoo
from zoo import files


def test_a_folder_is_tried_without_a_trace(tmp_path):
    assert files.check_writable(tmp_path / "a" / "b") == tmp_path / "a" / "b"
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(zoo.UserError, match="file is a file, expected a folder"):
        files.check_writable(tmp_path / "file" / "x")
    with pytest.raises(zoo.UserError, match="/proc/runs cannot be written .*permissions of /proc"):
        files.check_writable("/proc/runs")


@pytest.mark.parametrize("path", ["gs://bucket/run", "s3://a", pathlib.Path("https://host/x")])
def test_addresses_are_told_from_folders(path):
    with pytest.raises(zoo.UserError, match="is an address"):
        files.user_path(path)


@pytest.mark.parametrize("path", ["runs/a", "/tmp/b:c/d", "~/x", "C:/x"])
def test_folders_are_no_addresses(path):
    assert files.user_path(path)
