"""A study of a real Orthanc, read over DICOMweb, against the same study as files."""

import csv
import io
from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from brain_tumor.cli import main
from tests.dicom_node.orthanc import PASSWORD, USER, running_orthanc
from tests.dicom_node.peers import LOOPBACK, STUDY_UID, make_image

pytestmark = pytest.mark.slow

# Names, and what a file alone has.
_OF_FILES = {"file", "series", "name", "file_bytes", "file_modified", "elapsed_s"}


def file_content(image: Dataset) -> bytes:
    content = io.BytesIO()
    image.save_as(content, enforce_file_format=True)
    return content.getvalue()


def read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return [{key: value for key, value in row.items() if key not in _OF_FILES} for row in csv.DictReader(file)]


def test_a_study_of_an_archive_has_the_rows_of_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with running_orthanc(tmp_path / "orthanc") as orthanc:
        for series in (1, 2):
            for number in range(1, 7):
                image = make_image(
                    number,
                    f"{STUDY_UID}.{series}",
                    SeriesNumber=series,
                    ImagePositionPatient=[0, 0, 3 * number],
                    ImageOrientationPatient=[1, 0, 0, 0, 1, 0],
                    PixelSpacing=[1, 1],
                )
                folder = tmp_path / "study" / f"series-00{series}"
                folder.mkdir(parents=True, exist_ok=True)
                content = file_content(image)
                (folder / f"image-{number:05}.dcm").write_bytes(content)
                orthanc.add(content)
        report = make_image(9, f"{STUDY_UID}.3", SOPClassUID="1.2.840.10008.5.1.4.1.1.88.33", Modality="SR")
        orthanc.add(file_content(report))
        url = f"http://{LOOPBACK}:{orthanc.http_port}/dicom-web"
        tables = {
            name: [f"--csv={tmp_path / name}.csv", f"--series-csv={tmp_path / name}-s.csv"] for name in ("a", "b")
        }
        assert main(["predict", str(tmp_path / "study"), *tables["a"], "--quiet"]) == 0

        monkeypatch.setenv("BRAIN_TUMOR_DICOMWEB_CREDENTIALS", f"{USER}:{PASSWORD}")
        assert main(["predict", "--dicomweb", url, "--study", STUDY_UID, *tables["b"]]) == 0
        said = capsys.readouterr()
        assert "left out of the study: 1 objects" in said.err

        for ending in ("", "-s"):
            rows = read_rows(tmp_path / f"b{ending}.csv")
            assert rows == read_rows(tmp_path / f"a{ending}.csv")
            assert len(rows) == (12 if not ending else 2)
        text = (tmp_path / "b.csv").read_text() + (tmp_path / "b-s.csv").read_text() + said.out + said.err
        assert "series-001/image-00001.dcm" in text
        assert all(secret not in text for secret in (PASSWORD, USER, url, STUDY_UID, "Doe"))

        results = tmp_path / "results"
        assert main(["predict", "--dicomweb", url, "--study", STUDY_UID, "--dicom-out", str(results), "--quiet"]) == 0
        for path in results.iterdir():
            orthanc.add(path.read_bytes())
        assert len(orthanc.files_of_study(STUDY_UID, "SR")) == 1 + 2
        capsys.readouterr()
        # The results are left out when the study is read again.
        assert main(["predict", "--dicomweb", url, "--study", STUDY_UID, "--json"]) == 0
        said = capsys.readouterr()
        assert "left out of the study: 5 objects" in said.err
        assert len(said.out.splitlines()) == 12 + 2

        monkeypatch.setenv("BRAIN_TUMOR_DICOMWEB_CREDENTIALS", f"{USER}:wrong")
        assert main(["predict", "--dicomweb", url, "--study", STUDY_UID]) == 2
        assert "HTTP status 401" in capsys.readouterr().err
