from collections.abc import Callable
from contextlib import closing

import pytest

from brain_tumor.service.multipart import MultipartReader
from brain_tumor.service.refusals import Refusal, RefusedError
from brain_tumor.service.spool import Spool
from tests.service.forms import CONTENT_TYPE, form, part, pieces


def read(body: bytes, size: int = 2**20, content_type: str = CONTENT_TYPE) -> dict[str, bytes]:
    with closing(Spool()) as spool:
        reader = MultipartReader(content_type, spool, max_files=10)
        for chunk in pieces(body, size):
            reader.write(chunk)
        return {upload.name: upload.to_source().read() for upload in reader.finish()}


@pytest.mark.parametrize("size", [1, 7, 64, 10_000])
def test_files_are_the_same_in_pieces_of_any_size(size: int) -> None:
    body = form(part(b"one\r\n--AaB03", "a.png"), part(b"", "empty"), part(bytes(range(256)) * 5, "b.dcm"))
    assert read(body, size=size) == {"a.png": b"one\r\n--AaB03", "empty": b"", "b.dcm": bytes(range(256)) * 5}


def test_files_of_one_name_stay_two() -> None:
    body = form(part(b"1", "a"), part(b"2", "a"), part(b"3", "a"), part(b"4", "a (2)"))
    assert read(body) == {"a": b"1", "a (2)": b"2", "a (3)": b"3", "a (2) (2)": b"4"}


def test_a_file_without_a_name_gets_a_number() -> None:
    assert read(form(part(b"1", ""), part(b"2", "c", field="file"))) == {"upload 1": b"1", "c": b"2"}


def test_a_name_that_is_no_utf_8_can_stand_in_json() -> None:
    body = form(part(b"1", "a").replace(b'"a"', b'"\xff\xe9.png"'), part(b"2", "Zoë/ß.png"))
    assert list(read(body)) == ["\ufffd\ufffd.png", "Zoë/ß.png"]


@pytest.mark.parametrize(
    ("content_type", "body", "refusal"),
    [
        ("", b"", Refusal.NOT_MULTIPART),
        ("application/json", b"{}", Refusal.NOT_MULTIPART),
        ("multipart/mixed; boundary=x", b"", Refusal.NOT_MULTIPART),
        ("multipart/form-data", b"", Refusal.MALFORMED),
        (f"multipart/form-data; boundary={'x' * 1000}", b"", Refusal.MALFORMED),
        (CONTENT_TYPE, b"", Refusal.MALFORMED),
        (CONTENT_TYPE, b"nonsense", Refusal.MALFORMED),
        (CONTENT_TYPE, part(b"1"), Refusal.MALFORMED),
        (CONTENT_TYPE, form(part(b"1"))[:-6], Refusal.MALFORMED),
        (CONTENT_TYPE, form(), Refusal.NO_FILES),
        (CONTENT_TYPE, form(part(b"1", field="image")), Refusal.UNKNOWN_FIELD),
        (CONTENT_TYPE, form(part(b"1", None)), Refusal.UNKNOWN_FIELD),
        (CONTENT_TYPE, form(*[part(b"1")] * 11), Refusal.TOO_MANY_FILES),
        (CONTENT_TYPE, form(part(b"1").replace(b"Content-Disposition", b"X" * 10_000)), Refusal.MALFORMED),
    ],
)
def test_what_is_no_form_of_files_is_refused(content_type: str, body: bytes, refusal: Refusal) -> None:
    with pytest.raises(RefusedError) as caught:
        read(body, content_type=content_type)
    assert caught.value.refusal is refusal


def test_a_file_too_many_is_refused_before_it_came(new_spool: Callable[[], Spool]) -> None:
    reader = MultipartReader(CONTENT_TYPE, new_spool(), 1)
    reader.write(part(b"1"))
    with pytest.raises(RefusedError, match="at most 1 are taken"):
        reader.write(part(b"")[:-2])
