import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pyarrow")
from pyarrow.fs import FileSystem, LocalFileSystem, SubTreeFileSystem  # type: ignore[import-untyped]

from brain_tumor.errors import BrainTumorError, ScanError
from brain_tumor.input import object_store
from brain_tumor.input.no_images import LeftOut
from brain_tumor.input.object_store import find_objects, to_remote_source, walk
from brain_tumor.input.series import ReadOptions
from brain_tumor.input.series_builder import open_series
from brain_tumor.input.slice_ref import with_refs
from brain_tumor.input.sources import find_any, find_any_sources, keep_images
from tests.dicom_factory import slice_of_series
from tests.factories import png_bytes


def fill(folder: Path) -> None:
    for name in ("b/2.png", "b/1.png", "a.png", "c d/3.png", ".hidden.png", "b/.x/4.png"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png_bytes())


def test_a_folders_own_files_come_before_its_subfolders(tmp_path: Path) -> None:
    fill(tmp_path)
    store = SubTreeFileSystem(str(tmp_path), LocalFileSystem())
    assert list(walk(store, "")) == ["a.png", "b/1.png", "b/2.png", "c d/3.png"]


def test_a_mock_store_is_walked_too() -> None:
    store, _ = FileSystem.from_uri("mock:///")
    store.create_dir("bucket/sub")
    for name in ("bucket/sub/2.png", "bucket/1.png"):
        with store.open_output_stream(name) as stream:
            stream.write(b"x")
    assert list(walk(store, "bucket")) == ["bucket/1.png", "bucket/sub/2.png"]


def test_only_one_folder_is_listed_before_its_first_file_comes(tmp_path: Path) -> None:
    fill(tmp_path)
    files = walk(SubTreeFileSystem(str(tmp_path), LocalFileSystem()), "")
    next(files)
    (tmp_path / "b/3.png").write_bytes(b"x")  # not listed yet
    assert "b/3.png" in list(files)


def test_what_is_found_is_opened_by_its_url(tmp_path: Path) -> None:
    fill(tmp_path)
    found = list(find_any([f"file://{tmp_path}"]))
    assert [file.name for file in found] == [
        f"file://{tmp_path}/{name}" for name in ("a.png", "b/1.png", "b/2.png", "c%20d/3.png")
    ]
    opened = list(open_series(keep_images(found, LeftOut()), ReadOptions()))
    assert {series.slices[0].read().pixels.shape for series in opened} == {(64, 64)}


def test_options_of_a_store_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRAIN_TUMOR_OBJECT_STORE", "endpoint_override=127.0.0.1:9&scheme=http&region=here")
    store, path = object_store._resolve("s3://bucket/a%3Fb/1.png")
    assert path == "bucket/a?b/1.png"
    _, (options,) = store.__reduce__()  # what another process would make it from
    assert (options["endpoint_override"], options["scheme"], options["region"]) == ("127.0.0.1:9", "http", "here")


def test_a_disk_has_no_options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path)
    monkeypatch.setenv("BRAIN_TUMOR_OBJECT_STORE", "scheme=http")
    assert len(list(find_objects(f"file://{tmp_path}"))) == 4


def test_a_series_behind_a_url_is_read_from_its_reference(tmp_path: Path) -> None:
    for number in range(4):
        (tmp_path / f"{number % 2}").mkdir(exist_ok=True)
        (tmp_path / f"{number % 2}/{number}.dcm").write_bytes(slice_of_series(number, "1.2.3"))
    opened = open_series(find_any_sources([f"file://{tmp_path}"]), ReadOptions())
    (series,) = with_refs(opened, ReadOptions(), find_any_sources)
    assert series.name == f"file://{tmp_path}"
    for here in series.slices:
        there = pickle.loads(pickle.dumps(here))  # noqa: S301 - made in this line
        np.testing.assert_array_equal(there.read().pixels, here.read().pixels)


def test_an_archive_behind_a_url_is_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("in/1.png", png_bytes())
    opened = list(open_series(keep_images(find_any([f"file://{tmp_path}/a.zip"]), LeftOut()), ReadOptions()))
    assert [series.name for series in opened] == [f"file://{tmp_path}/a.zip/in/1.png"]
    assert opened[0].slices[0].read().pixels.shape == (64, 64)


def test_a_file_that_is_not_there_says_so_when_it_is_read(tmp_path: Path) -> None:
    (name, is_found), *_ = find_objects(f"file://{tmp_path}/none.png")
    assert not is_found
    with pytest.raises(ScanError, match="cannot be read"):
        to_remote_source(name).content()


def test_what_is_no_image_is_counted(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no image")
    left_out = LeftOut()
    assert list(keep_images(find_any([f"file://{tmp_path}"]), left_out)) == []
    assert left_out.files == 1


@pytest.mark.parametrize(
    "url", ["s3://key:secret@bucket/x", "nothing://x/y", "s3://bucket/x?endpoint_override=secret:9000"]
)
def test_a_url_that_must_not_or_cannot_be_used_is_refused(url: str) -> None:
    with pytest.raises(BrainTumorError) as refused:
        list(find_objects(url))
    assert "secret" not in str(refused.value)
