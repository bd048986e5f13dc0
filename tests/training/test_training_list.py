import hashlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

pytest.importorskip("scipy", reason="the training extra is not installed")

from brain_tumor.errors import DatasetError
from brain_tumor.labels import Label
from brain_tumor_training.examples import Example, check_groups
from brain_tumor_training.training_list import (
    build_further,
    build_other,
    build_own,
    drop_copies_of,
    drop_copies_of_tested,
    read_further,
)

INDEX = "path,label,official_split,source,group,mirrored,fold,near_fold_edge,box_x0,box_y0,box_x1,box_y1"


def own(
    tmp_path: Path, rows: Sequence[str], audited: dict[str, str], *hold_out: str, spare: bool = False
) -> list[Example]:
    """What build_own makes of rows without box; images that audited lacks are groups of their own."""
    index, groups = tmp_path / "index.csv", tmp_path / "groups.csv"
    index.write_text("\n".join([INDEX, *(f"{row},,,," for row in rows)]) + "\n", encoding="utf-8")
    paths = [row.split(",")[0] for row in rows]
    lines = [f"{path},{audited.get(path, f'alone-{path}')}" for path in paths]
    groups.write_text("\n".join(["path,group", *lines]) + "\n", encoding="utf-8")
    return build_own(index, groups, "set/", hold_out, spare_testing=spare)


def parts(examples: Sequence[Example]) -> dict[str, str]:
    """Name -> part, where training and validation are one: neither may be in the test."""
    return {Path(example.path).name: "test" if example.split == "test" else "seen" for example in examples}


def test_without_a_held_out_fold_official_testing_is_the_test_part(tmp_path: Path) -> None:
    rows = ["a,glioma,Training,sartaj,a,0,0,0", "b,glioma,Testing,sartaj,b,0,0,0"]
    assert parts(own(tmp_path, rows, {})) == {"a": "seen", "b": "test"}


def test_a_held_out_fold_is_the_test_part_whatever_the_official_split(tmp_path: Path) -> None:
    rows = ["a,glioma,Training,sartaj,a,0,4,0", "b,glioma,Testing,sartaj,b,0,1,0"]
    assert parts(own(tmp_path, rows, {}, "4")) == {"a": "test", "b": "seen"}


@pytest.mark.parametrize("fold", ["7", "0,4"])
def test_a_fold_that_the_index_lacks_is_refused(tmp_path: Path, fold: str) -> None:
    rows = ["a,glioma,Training,sartaj,a,0,4,0", "b,glioma,Testing,sartaj,b,0,0,0"]
    with pytest.raises(DatasetError, match=f"has no fold {fold}, but 0, 4; give the option once per fold"):
        own(tmp_path, rows, {}, "0", fold)


def test_what_lies_near_the_edge_of_a_fold_is_tested_or_left_out(tmp_path: Path) -> None:
    rows = ["a,glioma,Training,sartaj,a,0,4,1", "b,glioma,Training,sartaj,b,0,1,1"]
    assert parts(own(tmp_path, rows, {}, "4")) == {"a": "test"}


def test_a_copy_of_a_held_out_image_does_not_train(tmp_path: Path) -> None:
    rows = ["a,glioma,Training,sartaj,a,0,4,0", "copy,glioma,Training,sartaj,copy,0,1,0"]
    found = own(tmp_path, rows, {"a": "g", "copy": "g"}, "4")
    assert parts(found) == {"a": "test"}
    check_groups(found, copies_in_test=False)


def test_slices_of_one_figshare_group_are_copies_though_the_audit_saw_none(tmp_path: Path) -> None:
    rows = ["a,glioma,Training,figshare,figshare-7,0,4,0", "copy,glioma,Training,figshare,figshare-7,0,1,0"]
    assert parts(own(tmp_path, rows, {}, "4")) == {"a": "test"}


def test_chains_of_look_alikes_of_other_sources_are_no_copies(tmp_path: Path) -> None:
    rows = ["a,glioma,Training,sartaj,chain,0,4,0", "b,glioma,Training,sartaj,chain,0,1,0"]
    assert parts(own(tmp_path, rows, {}, "4")) == {"a": "test", "b": "seen"}


def test_copies_that_train_are_all_listed_in_one_group(tmp_path: Path) -> None:
    rows = [f"{n:03}{mirrored},glioma,Training,sartaj,x{n},{mirrored},0,0" for n in range(100) for mirrored in (0, 1)]
    found = own(tmp_path, rows, {row.split(",")[0]: row[:3] for row in rows})
    training = Counter(item.group for item in found if item.split == "train")
    assert set(training.values()) == {2}
    check_groups(found, copies_in_test=False)


def test_of_a_group_that_validates_the_original_does_and_the_mirror_image_does_not(tmp_path: Path) -> None:
    rows = [f"{n:03}{mirrored},glioma,Training,sartaj,x{n},{mirrored},0,0" for n in range(100) for mirrored in (0, 1)]
    found = own(tmp_path, rows, {row.split(",")[0]: row[:3] for row in rows})
    validating = [Path(item.path).name for item in found if item.split == "validation"]
    assert len(validating) > 1
    assert all(name.endswith("0") for name in validating)


def test_all_copies_in_the_test_part_are_tested(tmp_path: Path) -> None:
    rows = ["a,glioma,Testing,sartaj,x,1,0,0", "b,glioma,Testing,sartaj,x,0,0,0"]
    assert parts(own(tmp_path, rows, {"a": "g", "b": "g"})) == {"a": "test", "b": "test"}


def test_copies_with_different_labels_do_not_train(tmp_path: Path) -> None:
    rows = [
        "a,glioma,Training,sartaj,x,0,0,0",
        "b,meningioma,Training,sartaj,x,0,0,0",
        "c,glioma,Training,sartaj,c,0,0,0",
    ]
    assert parts(own(tmp_path, rows, {"a": "g", "b": "g"})) == {"c": "seen"}


def test_a_label_conflict_with_a_test_image_counts_too(tmp_path: Path) -> None:
    rows = ["a,glioma,Training,sartaj,x,0,0,0", "b,meningioma,Testing,sartaj,x,0,0,0"]
    assert parts(own(tmp_path, rows, {"a": "g", "b": "g"})) == {"b": "test"}


def test_official_testing_can_be_spared_beside_a_held_out_fold(tmp_path: Path) -> None:
    rows = [f"{split}{fold},glioma,{split},sartaj,x,0,{fold},0" for split in ("Training", "Testing") for fold in (1, 4)]
    tested = {"Training4": "test", "Testing4": "test"}
    assert parts(own(tmp_path, rows, {}, "4", spare=True)) == {"Training1": "seen", **tested}
    assert parts(own(tmp_path, rows, {}, "4")) == {"Training1": "seen", "Testing1": "seen", **tested}


def test_no_group_stands_on_both_sides_of_any_fold(tmp_path: Path) -> None:
    rows = [f"{n:03},glioma,Training,figshare,figshare-{n // 2},{n % 2},{n % 5},0" for n in range(100)]
    # Every third picture is a copy of its neighbour besides, so groups form chains.
    audited = {f"{n:03}": f"g{(n + 1) // 3}" for n in range(0, 100, 3)}
    for fold in range(5):
        found = own(tmp_path, rows, audited, str(fold))
        check_groups(found, copies_in_test=False)
        assert sum(item.split == "test" for item in found) == 20


def test_slices_of_one_stretch_validate_or_train_together(tmp_path: Path) -> None:
    rows = [f"{n:04},glioma,Training,figshare,figshare-{n},0,0,0" for n in range(1200)]
    found = own(tmp_path, rows, {})
    by_stretch = {stretch: {item.split for item in found[60 * stretch : 60 * stretch + 60]} for stretch in range(20)}
    assert {len(kinds) for kinds in by_stretch.values()} == {1}
    assert {"train"} in by_stretch.values() and {"validation"} in by_stretch.values()


def test_an_own_example_has_prefix_label_source_and_box(tmp_path: Path) -> None:
    (tmp_path / "index.csv").write_text(f"{INDEX}\na.jpg,glioma,Testing,figshare,f,0,0,0,0.1,0.2,0.3,0.4\n")
    (tmp_path / "groups.csv").write_text("path,group\na.jpg,g\n")
    (found,) = build_own(tmp_path / "index.csv", tmp_path / "groups.csv", "set/")
    assert (found.path, found.label, found.source) == ("set/a.jpg", Label.GLIOMA, "figshare")
    assert found.box == (0.1, 0.2, 0.3, 0.4)


def test_an_audit_of_another_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "index.csv").write_text(f"{INDEX}\na.jpg,glioma,Testing,figshare,f,0,0,0,,,,\n")
    (tmp_path / "groups.csv").write_text("path,group\nb.jpg,g\n")
    with pytest.raises(DatasetError, match=r"lacks 1 images of the index, a.jpg first; audit this folder"):
        build_own(tmp_path / "index.csv", tmp_path / "groups.csv", "")


def others(tmp_path: Path, names: dict[str, str], folder: str, label: str = "notumor") -> dict[str, Example]:
    """What build_other makes of one of several folders; names: folder/file -> audited group."""
    for name in names:
        (tmp_path / "more" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "more" / name).touch()
    groups = tmp_path / "groups.csv"
    groups.write_text("path,group\n" + "".join(f"{name},{group}\n" for name, group in names.items()), encoding="utf-8")
    found = build_other(tmp_path / "more" / folder, tmp_path, label, [groups])
    return {Path(item.path).name: item for item in found}


def name_for(part: str, kind: str = "s{:02}") -> str:
    """The first name whose hash puts it in a part."""
    bounds = {"train": (0.0, 0.6), "validation": (0.6, 0.7), "test": (0.7, 1.0)}[part]
    names = (kind.format(number) for number in range(100))
    return next(n for n in names if bounds[0] <= hashlib.sha256(n.encode()).digest()[0] / 256 < bounds[1])


def test_another_source_has_paths_below_the_root_its_label_and_no_box(tmp_path: Path) -> None:
    found = others(tmp_path, {"flair/a.png": "g"}, "flair")["a.png"]
    assert (found.path, found.label, found.source, found.box) == ("more/flair/a.png", Label.NO_TUMOR, "flair", None)


def test_a_tumor_of_unknown_type_has_no_label(tmp_path: Path) -> None:
    assert others(tmp_path, {"clinic/a.png": "g"}, "clinic", "tumor")["a.png"].label is None


def test_a_misspelt_label_is_not_taken_for_an_unknown_type(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"is given the label 'gliom'; Glioma, .* and tumor are known"):
        others(tmp_path, {"clinic/a.png": "g"}, "clinic", "gliom")


@pytest.mark.parametrize("part", ["train", "validation", "test"])
def test_a_subject_of_two_sources_stays_together(tmp_path: Path, part: str) -> None:
    subject = name_for(part)
    names = {f"t1/{subject}_t1_ax0.png": "g1", f"t1/{subject}_t1_ax1.png": "g2", f"flair/{subject}_fl_ax0.png": "g3"}
    found = [*others(tmp_path, names, "t1").values(), *others(tmp_path, names, "flair").values()]
    assert [item.split for item in found] == [part] * 3


def test_subjects_with_a_copy_of_one_picture_stay_together(tmp_path: Path) -> None:
    trains, tests = name_for("train"), name_for("test")
    names = {
        f"t1/{trains}_a.png": "g",
        f"t1/{trains}_b.png": "h",
        f"flair/{tests}_a.png": "g",
        f"flair/{tests}_b.png": "i",
    }
    found = [*others(tmp_path, names, "t1").values(), *others(tmp_path, names, "flair").values()]
    assert len({item.split for item in found}) == 1
    check_groups(found, copies_in_test=False)


def test_copies_in_two_folders_are_one_group(tmp_path: Path) -> None:
    names = {"one/a.png": "g", "two/b.png": "g"}
    assert others(tmp_path, names, "one")["a.png"].group == others(tmp_path, names, "two")["b.png"].group


@pytest.mark.parametrize(("part", "kept"), [("train", 1), ("validation", 1), ("test", 2)])
def test_one_copy_trains_and_all_are_tested(tmp_path: Path, part: str, kept: int) -> None:
    group = name_for(part, "g{}")
    assert len(others(tmp_path, {"flair/a.png": group, "flair/b.png": group}, "flair")) == kept


def test_an_image_that_the_audit_lacks_is_named(tmp_path: Path) -> None:
    (tmp_path / "more/flair").mkdir(parents=True)
    (tmp_path / "more/flair/new.png").touch()
    with pytest.raises(DatasetError, match=r"lacks flair/new.png; audit the folder above"):
        others(tmp_path, {"flair/a.png": "g"}, "flair")


def test_the_audit_that_lists_the_folder_counts(tmp_path: Path) -> None:
    (tmp_path / "more/flair").mkdir(parents=True)
    (tmp_path / "more/flair/a.png").touch()
    audits = [tmp_path / "clinic.csv", tmp_path / "more.csv"]
    for audit, name in zip(audits, ("clinic/a.png,g1", "flair/a.png,g2"), strict=True):
        audit.write_text(f"path,group\n{name}\n", encoding="utf-8")
    (found,) = build_other(tmp_path / "more/flair", tmp_path, "notumor", audits)
    assert found.group == "more/g2"
    with pytest.raises(DatasetError, match="list no image of flair; audit the folder above"):
        build_other(tmp_path / "more/flair", tmp_path, "notumor", audits[:1])


def test_what_has_a_tested_copy_in_another_source_neither_trains_nor_validates() -> None:
    parts = {"set/a": "test", "clinic/a": "train", "clinic/b": "validation", "clinic/c": "train", "set/b": "test"}
    examples = [Example(path, Label.GLIOMA, path, "s", part, None) for path, part in parts.items()]
    groups = {"set/a": 0, "clinic/a": 0, "clinic/b": 1, "clinic/c": 2, "set/b": 1}
    assert [item.path for item in drop_copies_of_tested(examples, groups)] == ["set/a", "clinic/c", "set/b"]


def test_other_sources_lose_what_is_a_copy_of_the_set_s_own_in_whatever_part() -> None:
    own = [Example(path, Label.GLIOMA, path, "s", part, None) for path, part in (("a", "train"), ("b", "test"))]
    others = [Example(path, None, path, "clinic", "train", None) for path in ("copy of a", "copy of b", "new")]
    groups = {"a": 0, "copy of a": 0, "b": 1, "copy of b": 1, "new": 2}
    assert [item.path for item in drop_copies_of(own, others, groups)] == ["new"]


FURTHER = "path,source,label,family,sequence,patient,skull_stripped,split"


def write_index(path: Path, *rows: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([FURTHER, *rows]) + "\n", encoding="utf-8")
    return path


def further(tmp_path: Path, *rows: str, left_out: Sequence[str] = (), no_tumor: Sequence[str] = ()) -> list[Example]:
    """What build_further makes of one index, whose paths get no prefix."""
    return build_further({write_index(tmp_path / "index.csv", *rows): ""}, left_out, no_tumor)


def patient_for(part: str) -> str:
    """A patient whose hash puts it in the training or the validation part."""
    wanted = (0.12, 1.0) if part == "train" else (0.0, 0.12)
    names = (f"p{number}" for number in range(100))
    return next(n for n in names if wanted[0] <= hashlib.sha256(n.encode()).digest()[0] / 256 < wanted[1])


def test_what_is_held_back_never_trains(tmp_path: Path) -> None:
    rows = [f"{n}.png,clinic,tumor,,t1,p{n},0,held-back" for n in range(60)]
    assert {item.split for item in further(tmp_path, *rows)} == {"test"}


def test_a_source_that_is_left_out_is_all_tested(tmp_path: Path) -> None:
    rows = [f"{source}{n}.png,{source},tumor,,t1,p{n},0,train" for source in ("clinic", "other") for n in range(60)]
    found = further(tmp_path, *rows, left_out=["clinic"])
    assert {item.split for item in found if item.source == "clinic"} == {"test"}
    assert {item.split for item in found if item.source == "other"} == {"train", "validation"}


@pytest.mark.parametrize("part", ["train", "validation"])
def test_a_patient_stays_in_one_part(tmp_path: Path, part: str) -> None:
    rows = [f"{n}.png,clinic,tumor,,t1,{patient_for(part)},0,train" for n in range(5)]
    assert [item.split for item in further(tmp_path, *rows)] == [part] * 5


def test_about_one_patient_in_eight_validates(tmp_path: Path) -> None:
    rows = [f"{n}.png,clinic,tumor,,t1,p{n},0,train" for n in range(400)]
    assert 30 <= sum(item.split == "validation" for item in further(tmp_path, *rows)) <= 70


@pytest.mark.parametrize(
    ("label", "found"),
    [("glioma", Label.GLIOMA), ("notumor", Label.NO_TUMOR), ("no tumor", Label.NO_TUMOR), ("tumor", None)],
)
def test_a_further_image_has_its_class_or_an_unknown_type(tmp_path: Path, label: str, found: Label | None) -> None:
    (example,) = further(tmp_path, f"a.png,clinic,{label},,t1,p,0,held-back")
    assert (example.label, example.box) == (found, None)


@pytest.mark.parametrize("label", ["other lesion", "not-brain-mri"])
def test_other_lesions_and_what_is_no_brain_mri_have_no_part(tmp_path: Path, label: str) -> None:
    rows = [f"{split}.png,clinic,{label},photo,t1,p,0,{split}" for split in ("train", "held-back")]
    assert further(tmp_path, *rows) == []


def test_other_lesions_of_a_named_source_count_as_no_tumor(tmp_path: Path) -> None:
    rows = [f"{source}.png,{source},other lesion,,t1,p,0,train" for source in ("stroke", "sclerosis")]
    (found,) = further(tmp_path, *rows, no_tumor=["stroke"])
    assert (found.source, found.label) == ("stroke", Label.NO_TUMOR)


def test_a_tumor_of_such_a_source_stays_one(tmp_path: Path) -> None:
    (found,) = further(tmp_path, "a.png,stroke,glioma,,t1,p,0,train", no_tumor=["stroke"])
    assert found.label is Label.GLIOMA


@pytest.mark.parametrize("names", [{"left_out": ["clinics"]}, {"no_tumor": ["clinics"]}])
def test_a_source_that_no_index_lists_is_an_error(tmp_path: Path, names: dict[str, list[str]]) -> None:
    with pytest.raises(DatasetError, match=r"index\.csv: lists no source clinics; known are clinic, other"):
        further(tmp_path, "a,clinic,tumor,,t1,p,0,train", "b,other,tumor,,t1,p,0,train", **names)


def test_a_source_may_be_named_that_one_of_several_indexes_lists(tmp_path: Path) -> None:
    first = write_index(tmp_path / "one/index.csv", "a.png,clinic,tumor,,t1,p,0,train")
    second = write_index(tmp_path / "two/index.csv", f"a.png,other,tumor,,t1,{patient_for('train')},0,train")
    found = build_further({first: "one/", second: "two/"}, ["clinic"])
    assert {each.path: each.split for each in found} == {"one/a.png": "test", "two/a.png": "train"}


def test_without_an_index_there_are_no_sources_to_name() -> None:
    assert build_further({}) == []
    with pytest.raises(DatasetError, match="no --further: lists no source clinic"):
        build_further({}, ["clinic"])


def test_a_further_image_is_its_own_group_and_says_whether_it_has_a_skull(tmp_path: Path) -> None:
    first, second = further(tmp_path, "a.png,clinic,tumor,,t1,p,1,held-back", "b.png,clinic,tumor,,t1,p,0,held-back")
    assert (first.group, first.skull_stripped) == ("a.png", True)
    assert (second.group, second.skull_stripped) == ("b.png", False)
    assert first.weight == 1


@pytest.mark.parametrize("text", ["", FURTHER, "path,label\na.png,tumor"])
def test_another_file_is_no_index_of_further_sources(tmp_path: Path, text: str) -> None:
    (tmp_path / "index.csv").write_text(text + "\n", encoding="utf-8")
    with pytest.raises(DatasetError, match=r"index\.csv: is not an index of further sources with the columns family"):
        read_further(tmp_path / "index.csv")
