import hashlib
import io
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from brain_tumor.errors import ModelFileError
from brain_tumor.labels import LABELS, Label
from brain_tumor.model.model_file import (
    DEFAULT_NAME,
    default_model_path,
    load_model_file,
    pack_model_file,
    read_model_file,
)
from tests.factories import FLATBUFFER, make_card, make_model_bytes, make_rules, png_bytes


def seal(data: bytes) -> bytes:
    """The data with a seal that fits, whatever was changed in it."""
    front = data[:-64]
    return front + hashlib.sha256(front).hexdigest().encode()


def test_a_packed_file_gives_back_what_was_packed() -> None:
    model = read_model_file(make_model_bytes(), "m")
    assert (model.flatbuffer, model.card, model.golden_image) == (FLATBUFFER, make_card(), png_bytes())


def test_equal_contents_are_equal_bytes() -> None:
    assert make_model_bytes() == make_model_bytes()


def test_the_network_stands_in_front_so_that_any_runtime_reads_it() -> None:
    assert make_model_bytes().startswith(FLATBUFFER)


def test_unzip_lists_what_stands_behind_the_network() -> None:
    with zipfile.ZipFile(io.BytesIO(make_model_bytes())) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["labels.txt", "card.json", "golden.png"]


def test_the_members_are_listed_with_their_sizes() -> None:
    assert read_model_file(make_model_bytes(), "m").members[0] == ("labels.txt", 37)


def test_the_labels_stand_in_the_order_of_the_card() -> None:
    order = (Label.NO_TUMOR, Label.PITUITARY, Label.GLIOMA, Label.MENINGIOMA)
    data = make_model_bytes(rules=make_rules(order=order))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.read("labels.txt") == b"No Tumor\nPituitary\nGlioma\nMeningioma\n"


def test_any_changed_byte_is_noticed() -> None:
    whole = make_model_bytes()
    accepted = []
    for position in range(len(whole)):
        changed = bytearray(whole)
        changed[position] ^= 1
        try:
            read_model_file(bytes(changed), "m")
        except ModelFileError:
            continue
        accepted.append(position)
    assert accepted == []


def test_a_file_cut_anywhere_is_noticed() -> None:
    whole = make_model_bytes()
    accepted = []
    for length in range(len(whole)):
        try:
            read_model_file(whole[:length], "m")
        except ModelFileError:
            continue
        accepted.append(length)
    assert accepted == []


def test_bytes_added_at_the_end_are_noticed() -> None:
    with pytest.raises(ModelFileError, match="no sealed card"):
        read_model_file(make_model_bytes() + b"\n", "m")


def test_a_changed_byte_is_called_damage() -> None:
    with pytest.raises(ModelFileError, match=r"m: is damaged .*download it again"):
        read_model_file(make_model_bytes().replace(b"\x10\x11", b"\x10\x10"), "m")


def test_an_empty_file_is_called_empty() -> None:
    with pytest.raises(ModelFileError, match="the file is empty"):
        read_model_file(b"", "m")


def test_a_git_lfs_pointer_is_called_by_its_name() -> None:
    with pytest.raises(ModelFileError, match="git lfs pull"):
        read_model_file(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "m")


def test_a_plain_tflite_is_distinguished_from_a_damaged_file() -> None:
    with pytest.raises(ModelFileError, match=r"plain \.tflite"):
        read_model_file(FLATBUFFER, "m")


@pytest.mark.parametrize("data", [b"x", b"hello, world", b"PK\x03\x04 some other archive", bytes(1000)])
def test_another_format_is_refused(data: bytes) -> None:
    with pytest.raises(ModelFileError, match="not a TensorFlow Lite file"):
        read_model_file(data, "m")


def test_another_card_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as later:
        later.setattr("brain_tumor.model.card.CARD_VERSION", 2)
        data = make_model_bytes()
    with pytest.raises(ModelFileError, match="format version 2, this program reads 1"):
        read_model_file(data, "m")


def test_a_card_of_another_network_is_refused() -> None:
    data = pack_model_file(FLATBUFFER, make_card(FLATBUFFER[:-1] + b"\x00"), png_bytes())
    with pytest.raises(ModelFileError, match="another network"):
        read_model_file(data, "m")


def test_a_card_without_a_size_is_refused() -> None:
    data = pack_model_file(FLATBUFFER, replace(make_card(), flatbuffer_bytes="268"), png_bytes())  # type: ignore[arg-type]
    with pytest.raises(ModelFileError, match="no size"):
        read_model_file(data, "m")


def repack(**members: bytes) -> bytes:
    """A sealed file whose ZIP holds these members and the usual ones, packed by hand."""
    usual = {"labels.txt": b"", "card.json": make_card().to_json().encode(), "golden.png": png_bytes()}
    buffer = io.BytesIO(FLATBUFFER)
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {
            **usual,
            **{name.replace("_", "."): data for name, data in members.items()},
        }.items():
            archive.writestr(name, content)
        archive.comment = b"sha256:" + b"0" * 64
    return seal(buffer.getvalue())


def test_labels_in_another_order_than_the_card_are_refused() -> None:
    data = repack(labels_txt=b"Pituitary\nGlioma\nMeningioma\nNo Tumor\n")
    with pytest.raises(ModelFileError, match="order the classes differently"):
        read_model_file(data, "m")


def test_a_card_that_is_no_text_is_refused() -> None:
    with pytest.raises(ModelFileError, match="card"):
        read_model_file(repack(card_json=b"\xff\xfe"), "m")


def test_members_that_unfold_into_gigabytes_are_refused() -> None:
    with pytest.raises(ModelFileError, match="too large"):
        read_model_file(repack(golden_png=bytes(17 * 2**20)), "m")


def test_damage_in_the_zip_is_an_error_even_under_a_seal_that_fits() -> None:
    whole = make_model_bytes()
    for position in range(len(FLATBUFFER), len(whole) - 71):
        changed = bytearray(whole)
        changed[position] ^= 0xFF
        try:
            read_model_file(seal(bytes(changed)), "m")
        except ModelFileError:
            continue
        # Fields that nobody reads, such as dates and permissions, may change.


def test_a_missing_file_says_where_it_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=r"m\.tfliteA: cannot be read \(No such file"):
        load_model_file(tmp_path / "m.tfliteA")


def test_a_path_that_no_file_can_have_is_a_missing_file() -> None:
    with pytest.raises(ModelFileError, match=r"cannot be read \(embedded null"):
        load_model_file(Path("a\0b"))


def test_a_folder_is_no_model_file(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="is not a file"):
        load_model_file(tmp_path)


def test_messages_name_the_file_not_the_folder(tmp_path: Path) -> None:
    (tmp_path / "m.tfliteA").write_bytes(b"")
    with pytest.raises(ModelFileError, match=r"^m\.tfliteA: "):
        load_model_file(tmp_path / "m.tfliteA")


def test_the_environment_chooses_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRAIN_TUMOR_MODEL", "mine.tfliteA")
    assert default_model_path() == Path("mine.tfliteA")


def test_the_shipped_model_is_the_default(model_path: Path) -> None:
    assert default_model_path().samefile(model_path)


def test_the_shipped_model_passes_every_check(model_path: Path) -> None:
    assert load_model_file(model_path).card.rules.order == LABELS


def test_the_shipped_model_keeps_the_name_that_users_know() -> None:
    assert DEFAULT_NAME == "brain_tumor_model_lite.tfliteA"
