import pytest

from brain_tumor.cli import main
from brain_tumor.errors import BrainTumorError
from brain_tumor.prediction.credentials import Bearer
from brain_tumor.prediction.dicomweb_access import check_url

STUDY = "1.2.3"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("pacs.example", "no HTTP address"),
        ("ftp://pacs.example", "no HTTP address"),
        ("https://doctor:secret@pacs.example", "holds credentials"),
        ("https://pacs.example/?token=secret", "holds credentials, a question"),
        ("https://pacs.example:port", "no HTTP address"),
        ("http://pacs.example", "unencrypted"),
    ],
)
def test_an_address_that_gives_something_away_is_refused(url: str, words: str) -> None:
    with pytest.raises(BrainTumorError, match=words) as error:
        check_url(url, Bearer("abc"))
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    "url", ["https://pacs.example/dicom-web", "http://127.0.0.1:8042/dicom-web", "http://localhost"]
)
def test_an_encrypted_or_a_local_address_may_have_credentials(url: str) -> None:
    check_url(url, Bearer("abc"))


@pytest.mark.parametrize(
    "arguments",
    [
        ["--dicomweb", "https://pacs.example"],
        ["--study", STUDY],
        ["--dicomweb", "https://pacs.example", "--study", STUDY, "file.png"],
        ["--dicomweb", "https://pacs.example", "--study", STUDY, "--resume", "--csv", "a.csv"],
    ],
)
def test_arguments_that_do_not_go_together_are_refused(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["predict", *arguments])
    assert ended.value.code == 2
