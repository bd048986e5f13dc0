"""CSV files that people give -> rows by column, or an error that says what is wrong with the file."""

import codecs
import csv
from collections.abc import Collection
from pathlib import Path

from brain_tumor.errors import DatasetError

# How files in UTF-16 begin, which Windows programs write: Excel's "Unicode text", lists of PowerShell.
UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_DELIMITERS = ",;\t"


def read_csv(path: Path, needed: Collection[str] = (), option: str = "") -> list[dict[str, str]]:
    """The rows of a CSV in UTF-8 or UTF-16: column -> text without blanks around it, empty where a row is too short.

    Commas, semicolons or tabs stand between its cells.

    Args:
        path: the file.
        needed: columns that it must have.
        option: how a person gave the file, for messages.

    Raises:
        DatasetError: the file cannot be read, is no CSV, or lacks a column.
    """
    try:
        with path.open("rb") as start:
            encoding = "utf-16" if start.read(2) in UTF_16_MARKS else "utf-8-sig"
        # Spreadsheets write a byte order mark. Surplus cells go under a name that no column has.
        with path.open(encoding=encoding, newline="") as file:
            # Where the comma is the decimal sign they write semicolons.
            head = file.readline()
            file.seek(0)
            delimiter = next((mark for mark in _DELIMITERS if mark in head), ",")
            reader = csv.DictReader(file, restval="", restkey="", delimiter=delimiter)
            columns = set(reader.fieldnames or ())
            rows = [{key: text.strip() for key, text in row.items() if isinstance(text, str)} for row in reader]
    except OSError as error:
        how = f" with {option}" if option else ""
        raise DatasetError(f"{path}: cannot be read ({error.strerror}); give a CSV file{how}") from None
    except (UnicodeError, csv.Error) as error:
        raise DatasetError(f"{path}: is not a CSV file in UTF-8 ({error}); save it as one") from None
    if missing := set(needed) - columns:
        raise DatasetError(f"{path}: has no column {' and '.join(sorted(missing))}; {' and '.join(needed)} are needed")
    return rows
