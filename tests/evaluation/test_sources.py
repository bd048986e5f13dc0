from pathlib import Path

import pytest

from brain_tumor.errors import DatasetError
from brain_tumor.evaluation.sources import Source, find_sources, name_apart, read_sources
from brain_tumor.labels import TUMORS, ClassNames, Label
from tests.evaluation.fakes import fill


def names(source: Source) -> list[str]:
    return [file.name for file in source.files]


def write(folder: Path, text: str) -> Path:
    path = folder / "held-back.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        ("glioma_tumor", (Label.GLIOMA,)),
        ("notumor", (Label.NO_TUMOR,)),
        ("Healthy-T1", (Label.NO_TUMOR,)),
        ("tumor-type-unknown", (Label.GLIOMA, Label.MENINGIOMA, Label.PITUITARY)),
        ("tumours", (Label.GLIOMA, Label.MENINGIOMA, Label.PITUITARY)),
        ("mixed-pathology", ()),
    ],
)
def test_the_name_of_a_folder_says_which_classes_are_right(
    tmp_path: Path, folder: str, expected: tuple[Label, ...]
) -> None:
    (source,) = find_sources(fill(tmp_path / "other", f"{folder}/a.png"), is_brain_mri=True)
    assert (source.name, source.origin, source.expected) == (folder, "other", expected)


def test_a_flat_folder_is_one_source_with_its_own_name(tmp_path: Path) -> None:
    (source,) = find_sources(fill(tmp_path / "healthy", "a.png", "b.png"), is_brain_mri=True)
    assert (source.name, names(source), source.expected) == ("healthy", ["a.png", "b.png"], (Label.NO_TUMOR,))


def test_what_is_not_brain_mri_has_no_expected_class_whatever_its_name(tmp_path: Path) -> None:
    (source,) = find_sources(fill(tmp_path, "tumor-breast/a.png"), is_brain_mri=False)
    assert (source.expected, source.kind) == ((), "not brain MRI")


def test_a_list_gives_its_test_rows_by_source(tmp_path: Path) -> None:
    table = write(
        tmp_path,
        "path,source,label,kind,split\n"
        "a.png,hospital,tumor,,test\n"
        "b.png,hospital,tumor,brain_mri,train\n"
        "c.png,volunteers,notumor,,test\n"
        "d.png,hospital,tumor,,test\n"
        "e.png,mixed,,,test\n"
        "f.png,ct,,not_brain_mri,test\n",
    )
    sources, note = read_sources(table, tmp_path)
    assert [(source.name, source.kind, names(source)) for source in sources] == [
        ("hospital", "brain MRI, a tumor", ["a.png", "d.png"]),
        ("volunteers", "brain MRI, No Tumor", ["c.png"]),
        ("mixed", "brain MRI", ["e.png"]),
        ("ct", "not brain MRI", ["f.png"]),
    ]
    assert {source.origin for source in sources} == {"held-back.csv"}
    assert sources[0].files[0].path == tmp_path / "a.png"
    assert note == "The list held-back.csv chose 5 of its 6 rows."


def test_a_list_without_split_and_kind_is_all_brain_mri(tmp_path: Path) -> None:
    (source,), _ = read_sources(write(tmp_path, "path,source,label\na.png,x,\nb.png,x,\n"), tmp_path)
    assert (source.is_brain_mri, names(source)) == (True, ["a.png", "b.png"])


def test_a_listed_source_with_two_labels_becomes_two_sources(tmp_path: Path) -> None:
    sources, _ = read_sources(write(tmp_path, "path,source,label\na.png,x,glioma\nb.png,x,tumor\n"), tmp_path)
    assert [(source.name, source.expected) for source in sources] == [
        ("x: brain MRI, Glioma", (Label.GLIOMA,)),
        ("x: brain MRI, a tumor", TUMORS),
    ]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("path,label\na.png,Glioma\n", "no column source; path and source and label are needed"),
        ("path,source,label\na.png,,Glioma\n", "row 2: names no source"),
        ("path,source,label\na.png,x,cat\n", "row 2: the label 'cat'"),
        ("path,source,label,kind\na.png,x,,ct\n", "row 2: the kind 'ct'"),
        ("path,source,label,kind\na.png,x,tumor,not_brain_mri\n", "row 2: is not_brain_mri and yet"),
        ("path,source,label\n../a.png,x,\n", "below the data folder"),
        ("path,source,label\na.png,x,\na.png,y,\n", "row 3: a.png is listed a second time"),
        ("path,source,label,split\na.png,x,,train\n", "none of its 1 rows"),
    ],
)
def test_a_list_that_cannot_be_meant_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(DatasetError, match=complaint):
        read_sources(write(tmp_path, text), tmp_path)


def test_a_missing_list_is_refused_with_the_option_to_give(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="with --sources-list"):
        read_sources(tmp_path / "none.csv", tmp_path)


KNEE = ClassNames(classes=(Label("meniscus tear", True), Label("ruptured ligament", True), Label("intact", False)))


@pytest.mark.parametrize(
    ("folder", "kind", "expected"),
    [
        ("Meniscus-Tear", "knee MRI, meniscus tear", ("meniscus tear",)),
        ("healthy-volunteers", "knee MRI, intact", ("intact",)),
        ("finding-unknown", "knee MRI, a finding", ("meniscus tear", "ruptured ligament")),
        ("glioma", "knee MRI", ()),
    ],
)
def test_folders_name_the_classes_of_another_model(
    tmp_path: Path, folder: str, kind: str, expected: tuple[str, ...]
) -> None:
    (source,) = find_sources(fill(tmp_path / "other", f"{folder}/a.png"), True, KNEE, "knee MRI")
    assert (source.kind, source.expected) == (kind, expected)


def test_a_list_names_the_classes_of_another_model(tmp_path: Path) -> None:
    table = write(tmp_path, "path,source,label,kind\na.png,x,intact,\nb.png,y,finding,\nc.png,ct,,not_brain_mri\n")
    sources, _ = read_sources(table, tmp_path, KNEE, "knee MRI")
    kinds = {source.name: source.kind for source in sources}
    assert kinds == {"x": "knee MRI, intact", "y": "knee MRI, a finding", "ct": "not knee MRI"}
    with pytest.raises(DatasetError, match="none of meniscus tear, ruptured ligament, intact, finding, other lesion"):
        read_sources(write(tmp_path, "path,source,label\na.png,x,glioma\n"), tmp_path, KNEE, "knee MRI")


def source(name: str, origin: str) -> Source:
    return Source(name, origin, True, (), ())


def test_sources_of_equal_names_get_their_origin_in_front() -> None:
    sources = [source("glioma", "site-a"), source("glioma", "site-b"), source("t1", "site-b")]
    assert [item.name for item in name_apart(sources)] == ["site-a/glioma", "site-b/glioma", "t1"]


def test_sources_that_stay_equal_are_refused() -> None:
    with pytest.raises(DatasetError, match="site/t1: 2 sources have this name"):
        name_apart([source("t1", "site"), source("t1", "site")])
