from streamlit.proto.Common_pb2 import FileURLs
from streamlit.runtime.uploaded_file_manager import UploadedFile, UploadedFileRec

from page import uploads


def test_repeated_names_get_a_number() -> None:
    assert uploads.number_repeats(["a", "b", "a", "a"]) == ["a", "b", "a (2)", "a (3)"]


def test_a_folder_s_own_files_come_before_its_subfolders_and_hidden_ones_never() -> None:
    names = ["s/1.dcm", "s/3.dcm", "s/2/1.dcm", "s/.thumbs/a.png", "s/.DS_Store", "s/2.dcm", "__MACOSX/s/1.dcm"]
    folder = [UploadedFile(UploadedFileRec(name, name, "", b"x"), FileURLs()) for name in names]
    shown = [upload.name for upload in uploads.in_order(folder)]
    assert shown == ["s/1.dcm", "s/2.dcm", "s/3.dcm", "s/2/1.dcm"]
