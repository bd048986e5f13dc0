import sys
from pathlib import Path

import pytest

from benchmarks import peers
from brain_tumor.decision.verdict import Status
from brain_tumor.labels import Label
from tools import render_peers
from tools.render_peers import Answer, measure

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "samples" / "2-drawn-lesion-no-patient.png"


def hits(estimate: object) -> int | None:
    return getattr(estimate, "hits", None)


def make_report(answers: list[dict[str, object]]) -> render_peers.Figures:
    """One official glioma, one tumor, one healthy slice and one that is no brain MRI."""
    kinds = zip(peers.KINDS, ("glioma", "tumor", "no tumor", "not-brain-mri"), strict=True)
    program = {
        "title": "a peer",
        "versions": {"numpy": "2.0"},
        "model": None,
        "first_answer_s": 1.5,
        "single_image_s": 0.25,
        "batch_image_s": 0.125,
        "single_peak_mb": 1000.0,
        "peak_mb": 1100.0,
        "answers": answers,
    }
    return {
        "machine": {"cores": 2, "system": "Linux x86_64", "python": "3.11", "load_before": 0.1},
        "images": [{"path": f"{kind}.jpg", "kind": kind, "label": label} for kind, label in kinds],
        "left_out": {"another": "no such package"},
        "programs": {"peer": program},
    }


def test_the_same_images_are_drawn_whatever_the_order_of_the_index() -> None:
    rows = [{"path": f"{number}.jpg"} for number in range(50)]
    assert peers.sample(rows, 10) == peers.sample(rows[::-1], 10)


def test_a_longer_sample_holds_the_shorter_one() -> None:
    rows = [{"path": f"{number}.jpg"} for number in range(50)]
    assert peers.sample(rows, 20)[:10] == peers.sample(rows, 10)


def test_only_files_that_every_program_reads_are_drawn() -> None:
    rows = [{"path": name} for name in ("volume.nii.gz", "slice.dcm", "slice.JPG")]
    assert peers.sample(rows, 10) == [{"path": "slice.JPG"}]


def test_the_list_takes_test_images_and_what_is_held_back_but_no_other_lesions(tmp_path: Path) -> None:
    for folder, columns, rows in (
        ("main", "path,official_split,label", ["a.jpg,Testing,notumor", "b.jpg,Training,glioma"]),
        (
            "other",
            "path,label,split",
            [
                "c.jpg,tumor,held-back",
                "d.jpg,no tumor,held-back",
                "e.jpg,not-brain-mri,held-back",
                "f.jpg,other lesion,held-back",
                "g.jpg,glioma,train",
            ],
        ),
    ):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "index.csv").write_text("\n".join([columns, *rows]), encoding="utf-8")
    indexes = ["--official", "main/index.csv", "--sources", "other/index.csv"]
    drawn = tmp_path / "peers.csv"
    assert peers.main(["--data", str(tmp_path), "--images", str(drawn), "--draw", *indexes]) == 0
    assert [(image.path, image.kind, image.label) for image in peers.read_list(drawn)] == [
        ("main/a.jpg", "official", "notumor"),
        ("other/c.jpg", "tumor", "tumor"),
        ("other/d.jpg", "healthy", "no tumor"),
        ("other/e.jpg", "not-brain-mri", "not-brain-mri"),
    ]


def test_a_list_with_an_unknown_kind_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "peers.csv"
    file.write_text("path,kind,label\na.jpg,brain,glioma\n", encoding="utf-8")
    with pytest.raises(SystemExit, match="kind is brain"):
        peers.read_list(file)


def test_an_official_image_is_right_with_its_own_class_only() -> None:
    found = [Answer("official", Label.GLIOMA, label) for label in (Label.GLIOMA, Label.MENINGIOMA, None)]
    assert hits(measure(found).right) == 1
    assert [item.is_wrong for item in found] == [False, True, False]


def test_an_image_without_class_is_never_right_where_the_program_fails() -> None:
    assert hits(measure([Answer("tumor", None, None)]).right) == 0


def test_an_image_that_raised_is_not_called_a_tumor_and_counts_as_unanswered() -> None:
    measured = measure([Answer("tumor", None, None), Answer("tumor", None, Label.PITUITARY)])
    assert (hits(measured.called_tumor), measured.unanswered) == (1, 1)


def test_any_class_of_tumor_finds_a_tumor() -> None:
    assert not Answer("tumor", Label.GLIOMA, Label.MENINGIOMA).is_wrong


def test_sure_and_wrong_are_missed_tumors_and_false_alarms_from_ninety_per_cent_on() -> None:
    assert [
        hits(measure([Answer(kind, None, label, probability)]).wrong_and_sure)
        for kind, label, probability in (
            ("tumor", Label.NO_TUMOR, 0.9),
            ("tumor", Label.NO_TUMOR, 0.89),
            ("tumor", Label.GLIOMA, 0.99),
            ("healthy", Label.GLIOMA, 0.99),
            ("not-brain-mri", Label.GLIOMA, 0.99),
            ("not-brain-mri", Label.NO_TUMOR, 0.99),
        )
    ] == [1, 0, 0, 1, 1, 0]


def test_what_asks_for_a_second_look_is_not_sure() -> None:
    doubted = [Answer("tumor", None, Label.NO_TUMOR, 0.99, status) for status in Status]
    assert hits(measure(doubted).wrong_and_sure) == 1


def test_an_uncertain_tumor_counts_as_called_but_not_as_classified() -> None:
    found = [Answer("tumor", None, Label.GLIOMA, 0.6, status) for status in (Status.UNCERTAIN, Status.CLASSIFIED)]
    measured = measure(found)
    assert (hits(measured.called_tumor), hits(measured.classified_tumor), hits(measured.uncertain)) == (2, 1, 1)


def test_what_a_program_does_not_have_is_not_measured() -> None:
    measured = measure([Answer("tumor", None, Label.NO_TUMOR)])
    assert (measured.wrong_and_sure, measured.classified_tumor, measured.uncertain, measured.not_analysed) == (
        None,
    ) * 4


def test_a_kind_without_images_has_no_shares() -> None:
    assert measure([]).called_tumor is None


def test_the_table_has_hits_shares_and_intervals() -> None:
    report = make_report([{"label": "glioma"}, {"label": "notumor"}, {"label": "pituitary"}, {"error": "OSError"}])
    lines = list(render_peers.render(report))
    assert [line for line in lines if line.startswith(("| class", "| called a tumor |", "| no answer"))] == [
        "| class right | 1, 100 % (21 to 100) |",
        "| called a tumor | 0, 0 % (0 to 79) |",
        "| called a tumor | 1, 100 % (21 to 100) |",
        "| called a tumor | 0, 0 % (0 to 79) |",
        "| no answer | 1 |",
    ]
    assert "| peak memory, all in a batch | 1,100 MB |" in lines
    assert "- Left out: another (no such package)." in lines


def test_ours_answers_a_list_and_says_which_network_it_was(tmp_path: Path) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\n")
    measured = peers.ask(Path(sys.executable), "ours", [SAMPLE, broken], singles=1, model=None)
    first, second = measured["answers"]
    assert first["status"] in {status.value for status in Status}
    assert second == {"error": "ScanError"}
    assert measured["model"]
    assert 0 < measured["single_image_s"] < measured["first_answer_s"]


def test_an_image_that_makes_the_call_for_many_fail_costs_the_others_nothing() -> None:
    from benchmarks.peer_worker import answer_all

    def ask(path: Path) -> dict[str, str]:
        if path.name == "broken":
            raise ValueError
        return {"label": "glioma"}

    def ask_many(_: object) -> list[dict[str, str]]:
        raise ValueError

    answers = answer_all(ask, ask_many, [Path("whole"), Path("broken")])
    assert answers == [{"label": "glioma"}, {"error": "ValueError"}]
