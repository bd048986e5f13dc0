import pytest

from brain_tumor.input.file_names import find_folder, is_url


@pytest.mark.parametrize(
    ("name", "expected"),
    [("s3://bucket/x", True), ("file:///x", True), ("C:\\x", False), ("x/y.png", False), ("a://", False)],
)
def test_a_url_is_distinguished_from_a_path(name: str, expected: bool) -> None:
    assert is_url(name) is expected


@pytest.mark.parametrize(
    ("names", "folder"),
    [
        (["a/b/1", "a/b/2"], "a/b"),
        (["a/b/1", "a/c/2"], "a"),
        (["a/1", "b/2"], ""),
        (["1"], ""),
        (["/1", "/a/2"], "/"),
        (["/a/1", "b/2"], ""),  # one given by its whole path, the other one not
        (["b/2", "/a/1"], ""),
        (["s3://bucket/a/1"], "s3://bucket/a"),
        (["s3://bucket/a/1", "s3://bucket/ab/2"], "s3://bucket"),
        (["file:///a/1", "file:///a/b/2"], "file:///a"),
        (["s3://bucket/1", "a/2"], ""),
        (["a/2", "s3://bucket/1"], ""),
    ],
)
def test_the_folder_of_files_is_the_nearest_that_holds_all(names: list[str], folder: str) -> None:
    assert find_folder(names) == folder
