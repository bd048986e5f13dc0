import json
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from brain_tumor.classifier import Classifier, Result, SliceOutcome
from brain_tumor.cli import main
from brain_tumor.decision.verdict import decide
from brain_tumor.errors import ScanError
from brain_tumor.input.scan import Scan
from brain_tumor.input.series import Slice
from brain_tumor.model.card import Card
from brain_tumor.model.model_file import ModelFile
from brain_tumor.presentation.wording import NOTICE
from tests.factories import make_model_bytes, make_output, png_bytes
from tests.fit_check.archive import GOLDEN, REFERENCE, RULES
from tests.scripted import CLEAR

Capture = pytest.CaptureFixture[str]


@dataclass
class TwoScores:
    """Answers a clear glioma; a name with "other" is no brain MRI, one with "strange" is unfamiliar."""

    card: Card

    def classify_many(self, slices: Iterable[Slice]) -> Generator[SliceOutcome, None, None]:
        """As Classifier.classify_many, without threads."""
        for slice_ in slices:
            try:
                yield SliceOutcome(slice_, self._answer(slice_.read(), slice_.file), None, 0.1)
            except ScanError as error:
                yield SliceOutcome(slice_, None, error, 0.1)

    def _answer(self, scan: Scan, name: str) -> Result:
        gate_score, familiarity = -3.0 if "other" in name else 5.0, -3.0 if "strange" in name else -1.0
        output = make_output(CLEAR, gate_score, familiarity=familiarity)
        verdict = decide(scan, output, self.card.rules)
        return Result(name, scan, output, verdict, self.card.rules.order, self.card.model_id)


def load(model: ModelFile, threads: int | None, engine: str) -> TwoScores:
    return TwoScores(model.card)


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Classifier, "from_model_file", load)
    Path("m.tfliteA").write_bytes(make_model_bytes(rules=RULES, golden=GOLDEN, about={"reference": REFERENCE}))


def fill(folder: str, count: int, name: str = "slice") -> None:
    Path(folder).mkdir(exist_ok=True)
    for number in range(count):
        Path(folder, f"{name}-{number:03}.png").write_bytes(png_bytes())


def check(*arguments: str) -> int:
    return main(["check-fit", *arguments, "--model", "m.tfliteA"])


def test_images_like_the_references_fit(capsys: Capture) -> None:
    fill("archive", 40)
    assert check("archive") == 0
    out, err = capsys.readouterr()
    assert out.startswith("Fits. ")
    assert "40 images, from 40 of 40 files." in out
    assert err == f"{NOTICE}\n"


def test_no_more_than_the_number_asked_for_is_read(capsys: Capture) -> None:
    fill("archive", 90)
    assert check("archive", "--images", "50", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["files_found"], found["files_sampled"], found["images"]) == (90, 50, 50)


def test_two_hundred_images_are_enough_by_default(capsys: Capture) -> None:
    fill("archive", 201)
    check("archive", "--json")
    assert json.loads(capsys.readouterr().out)["images"] == 200


def test_several_folders_are_one_archive(capsys: Capture) -> None:
    fill("a", 30)
    fill("b", 30, "other")
    check("a", "b", "--json")
    found = json.loads(capsys.readouterr().out)
    assert (found["fit"], found["rejected"]["hits"]) == ("fits_in_part", 30)


def test_images_that_the_network_does_not_know_do_not_fit(capsys: Capture) -> None:
    fill("archive", 60, "strange")
    assert check("archive") == 0
    assert capsys.readouterr().out.startswith("Does not fit. ")


def test_volumes_give_slices(capsys: Capture) -> None:
    Path("archive").mkdir()
    voxels = np.random.default_rng(0).integers(0, 1000, (64, 64, 100)).astype(np.int16)
    nib.save(nib.Nifti1Image(voxels, np.diag([1.0, 1.0, 3.0, 1.0])), "archive/a.nii")  # type: ignore[no-untyped-call]
    check("archive", "--images", "60", "--json")
    found = json.loads(capsys.readouterr().out)
    assert (found["files_sampled"], found["images"]) == (1, 60)


def test_files_that_cannot_be_read_are_counted_and_some_are_named(capsys: Capture) -> None:
    fill("archive", 40)
    for number in range(7):
        Path(f"archive/note-{number}.png").write_text("no image")
    assert check("archive") == 1
    out, err = capsys.readouterr()
    assert "; 7 could not be read." in out
    assert err.count("not an image file") == 5
    assert "not read: 2 more; brain-tumor predict names each\n" in err


def test_the_picture_is_written_and_not_taken_for_an_image_of_the_archive(capsys: Capture) -> None:
    fill("archive", 40)
    for _ in range(2):
        assert check("archive", "--out", "archive/fit.svg") == 0
        assert capsys.readouterr().out.endswith("Picture: archive/fit.svg\n")
    assert Path("archive/fit.svg").read_text(encoding="utf-8").startswith("<svg ")
    assert not list(Path("archive").glob("*.part"))


def test_names_of_files_stay_out_of_json_and_picture(capsys: Capture) -> None:
    fill("Jane", 40, "Jane")
    check("Jane", "--json", "--out", "fit.svg")
    assert "Jane" not in capsys.readouterr().out + Path("fit.svg").read_text(encoding="utf-8")


def test_a_model_without_a_reference_is_status_2_and_says_what_to_do(capsys: Capture) -> None:
    fill("archive", 1)
    Path("m.tfliteA").write_bytes(make_model_bytes())
    assert check("archive") == 2
    assert "name a newer file with --model" in capsys.readouterr().err


def test_no_files_are_status_2(capsys: Capture) -> None:
    Path("empty").mkdir()
    assert check("empty", "missing") == 2
    assert capsys.readouterr().err == "brain-tumor: no files found: empty, missing\n"


def test_a_picture_in_a_folder_that_is_not_there_is_status_2_before_the_work(capsys: Capture) -> None:
    assert check("missing", "--out", "nowhere/fit.svg") == 2
    assert "nowhere/fit.svg: its folder does not exist" in capsys.readouterr().err


def test_a_picture_that_cannot_be_written_is_status_2(capsys: Capture) -> None:
    fill("archive", 1)
    Path("fit.svg").mkdir()
    assert check("archive", "--out", "fit.svg") == 2
    assert "fit.svg: cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--out", "fit.html"], ["--images", "0"], []])
def test_wrong_use_is_status_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as end:
        check(*(["archive", *arguments] if arguments else []))
    assert end.value.code == 2
