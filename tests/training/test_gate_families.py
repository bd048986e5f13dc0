from pathlib import Path

import pytest

pytest.importorskip("keras", reason="Keras finds no backend", exc_type=ImportError)

from brain_tumor.errors import DatasetError
from brain_tumor.labels import Label
from brain_tumor_training import gate_families as module
from brain_tumor_training.examples import Example, write_examples
from brain_tumor_training.gate_families import GateFamily
from brain_tumor_training.pipeline import View
from brain_tumor_training.splits import TEST, TRAIN, VALIDATION, read_split
from tests.training.drawn import Run


def test_images_of_one_case_stay_in_one_part() -> None:
    parts = {module.deal_part(Path(f"MPX1012_synpic{number}.jpg"), "ct") for number in range(30)}
    assert len(parts) == 1


def test_images_of_one_case_stay_in_one_part_across_families() -> None:
    parts = {module.deal_part(Path("MPX1672_synpic40.jpg"), f"family-{number}") for number in range(30)}
    assert len(parts) == 1


def test_images_of_one_name_without_a_case_are_not_tied_across_families() -> None:
    assert {module.deal_part(Path("000.png"), f"drawn-{number}") for number in range(30)} == {TRAIN, VALIDATION, TEST}


def test_images_without_a_case_are_spread_over_the_parts() -> None:
    parts = [module.deal_part(Path(f"{number}.jpg"), "ct") for number in range(500)]
    assert [round(parts.count(part) / 500, 1) for part in (TRAIN, VALIDATION, TEST)] == [0.6, 0.2, 0.2]


@pytest.mark.parametrize("family", ["photo", "ct", "cloth", "fence", "page"])
@pytest.mark.parametrize("images", [3, 5, 8])
def test_a_small_family_has_every_part_all_the_same(family: str, images: int) -> None:
    parts = module.deal_parts([Path(f"photo-{number}.jpg") for number in range(images)], family)
    assert set(parts) == {TRAIN, VALIDATION, TEST}


def test_an_examination_stays_where_it_is_in_a_small_family() -> None:
    paths = [Path("MPX1672_synpic40.jpg"), Path("MPX1672_synpic41.jpg")]
    assert module.deal_parts(paths, "ct") == [module.deal_part(path, "ct") for path in paths]


def listed(split: str, count: int, source: str = "clinic") -> list[Example]:
    return [
        Example(f"{source}/{split}{number}.png", Label.GLIOMA, f"{split}{number}", source, split, None)
        for number in range(count)
    ]


def test_a_large_family_is_capped_in_every_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_GATE_IMAGES", 3)
    family = module.listed_family("clinic", [*listed(TRAIN, 9), *listed(VALIDATION, 2), *listed(TEST, 4)], Path("d"))
    assert [family.parts.count(part) for part in (TRAIN, VALIDATION, TEST)] == [3, 2, 3]
    assert all(view.path.name.startswith(part) for view, part in zip(family.views, family.parts, strict=True))
    assert (family.name, family.brain_mri) == ("clinic", True)


def test_the_same_images_are_kept_whatever_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_GATE_IMAGES", 3)
    examples = listed(TRAIN, 9)
    first, second = (module.listed_family("clinic", rows, Path("d")) for rows in (examples, examples[::-1]))
    assert first.views == second.views


def test_a_training_list_gives_a_family_per_source(tmp_path: Path) -> None:
    write_examples([*listed(TRAIN, 2, "one"), *listed(TEST, 3, "two")], tmp_path / "examples.csv")
    families = module.own_families(tmp_path, tmp_path / "data", {})
    assert [(family.name, len(family.views)) for family in families] == [("one", 2), ("two", 3)]
    assert families[0].views[0].path.parent == tmp_path / "data/one"


def test_noted_images_of_a_list_are_tested_only(tmp_path: Path) -> None:
    rows = [*listed(TRAIN, 2), *listed(VALIDATION, 2), *listed(TEST, 2)]
    write_examples(rows, tmp_path / "examples.csv")
    notes = {f"clinic/{part}0.png": "CT" for part in (TRAIN, VALIDATION, TEST)}
    (family,) = module.own_families(tmp_path, tmp_path / "data", notes)
    assert [view.path.name for view in family.views if view.path.name != "test0.png"] == [
        "train1.png",
        "validation1.png",
        "test1.png",
    ]
    assert len(family.views) == 4  # what is reported keeps them


def test_a_run_without_a_list_leaves_them_out_as_well(small_run: Run) -> None:
    rows = read_split(small_run.folder / "split.csv")
    noted = next(row.path for row in rows if row.split == TRAIN)
    notes = {"/".join(Path(noted).parts[-2:]): "CT"}
    (family,) = module.own_families(small_run.folder, small_run.data, notes)
    assert len(family.views) == len(rows) - 1
    assert small_run.data / noted not in {view.path for view in family.views}


def test_noted_images_of_a_family_are_reported_but_not_fitted(tmp_path: Path) -> None:
    for number in range(30):
        (tmp_path / "ct").mkdir(exist_ok=True)
        (tmp_path / f"ct/{number}.png").touch()
    whole = module.folder_family(tmp_path / "ct", False, set(), {})
    noted = {f"ct/{view.path.name}": "brain MRI" for view in whole.views}
    family = module.folder_family(tmp_path / "ct", False, set(), noted)
    assert set(whole.parts) == {TRAIN, VALIDATION, TEST}
    assert family.parts == (TEST,) * whole.parts.count(TEST)


INDEX = "path,source,label,family,sequence,patient,skull_stripped,split\n"


def further(tmp_path: Path, *rows: str, unseen: set[str] | None = None) -> dict[str, GateFamily]:
    (tmp_path / "index.csv").write_text(INDEX + "\n".join(rows) + "\n", encoding="utf-8")
    return {family.name: family for family in module.further_families(tmp_path / "index.csv", unseen or set())}


def test_held_back_images_of_a_further_family_are_tested(tmp_path: Path) -> None:
    rows = [f"{n}.png,web,not-brain-mri,photo,,p{n},0,{('train', 'held-back')[n % 2]}" for n in range(200)]
    (family,) = further(tmp_path, *rows).values()
    assert (family.name, family.brain_mri) == ("photo", False)
    parts = {view.path.name: part for view, part in zip(family.views, family.parts, strict=True)}
    assert {parts[f"{n}.png"] for n in range(1, 200, 2)} == {TEST}
    assert {parts[f"{n}.png"] for n in range(0, 200, 2)} == {TRAIN, VALIDATION}
    assert 10 <= family.parts.count(VALIDATION) <= 30  # a fifth of the hundred that train


def test_a_further_family_that_is_unseen_is_only_tested(tmp_path: Path) -> None:
    rows = [f"{n}.png,web,not-brain-mri,photo,,p{n},0,train" for n in range(20)]
    (family,) = further(tmp_path, *rows, unseen={"photo"}).values()
    assert family.parts == (TEST,) * 20


def test_lesions_that_are_no_tumor_are_brain_mri_and_a_family_per_source(tmp_path: Path) -> None:
    rows = [f"{source}/{n}.png,{source},other lesion,,,p{n},0,train" for source in ("stroke", "ms") for n in range(3)]
    found = further(tmp_path, *rows, "a.png,web,not-brain-mri,photo,,p,0,train")
    assert {name: (family.brain_mri, len(family.views)) for name, family in found.items()} == {
        "ms, other lesions": (True, 3),
        "stroke, other lesions": (True, 3),
        "photo": (False, 1),
    }
    assert found["photo"].views[0].path == tmp_path / "a.png"


def test_what_the_training_list_has_is_no_further_family(tmp_path: Path) -> None:
    rows = [f"{n}.png,clinic,{label},,,p{n},0,train" for n, label in enumerate(("glioma", "tumor", "notumor"))]
    assert further(tmp_path, *rows) == {}


def test_a_patient_of_a_further_family_stays_in_one_part(tmp_path: Path) -> None:
    rows = [f"{n}.png,web,not-brain-mri,photo,,one,0,train" for n in range(20)]
    (family,) = further(tmp_path, *rows).values()
    assert len(set(family.parts)) == 1


def test_a_family_of_two_indexes_is_one_family(tmp_path: Path) -> None:
    indexes = [tmp_path / "one/index.csv", tmp_path / "two/index.csv"]
    for index in indexes:
        index.parent.mkdir()
        rows = [f"{n}.png,web,not-brain-mri,photo,,p{n},0,train\n" for n in range(9)]
        index.write_text(INDEX + "".join(rows), encoding="utf-8")
    (family,) = module.find_families([], [], [], set(), {}, indexes)
    assert family.name == "photo"
    assert [view.path.parent.name for view in family.views] == ["one"] * 9 + ["two"] * 9


def test_an_image_that_is_listed_twice_counts_once() -> None:
    view = View(Path("a.png"))
    (family,) = module.unite_families([GateFamily("photo", False, (view,), (TRAIN,))] * 2)
    assert family.views == (view,)


def test_one_name_for_brain_mri_and_other_images_is_refused() -> None:
    kinds = [GateFamily("ct", brain_mri, (View(Path(f"{brain_mri}.png")),), (TRAIN,)) for brain_mri in (True, False)]
    with pytest.raises(DatasetError, match="ct: is given as brain MRI and as something else"):
        module.unite_families(kinds)
