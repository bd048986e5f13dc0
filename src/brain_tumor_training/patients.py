"""Whose image is it? Patients from the names of files or from a table, so that each stays on one side of a split."""

import re
from collections.abc import Collection
from pathlib import Path

from brain_tumor.csv_reader import read_csv
from brain_tumor.errors import DatasetError


def patients_from_names(paths: Collection[str], pattern: str) -> dict[str, str]:
    """Image -> patient, by a pattern.

    Args:
        paths: of the images, below the data folder.
        pattern: a regular expression that is searched in each path. Its groups together, without any the whole match,
            name the patient.

    Raises:
        DatasetError: the pattern is none, or does not match a path.
    """
    try:
        expression = re.compile(pattern)
    except re.error as error:
        raise DatasetError(f"--patient-from {pattern}: is no regular expression ({error})") from None
    patients, missing = {}, []
    for path in paths:
        if match := expression.search(path):
            patients[path] = "/".join(part or "" for part in match.groups()) or match[0]
        else:
            missing.append(path)
    if missing:
        raise DatasetError(
            f"--patient-from {pattern}: matches {len(patients)} of {len(paths)} paths, not {missing[0]}; "
            "the pattern must find the patient in each, as '(P[0-9]+)_' finds P17 in glioma/P17_slice3.png"
        )
    return patients


def patients_from_table(paths: Collection[str], table: Path) -> dict[str, str]:
    """Image -> patient, by a CSV with the columns path and patient; raises DatasetError where it lacks an image."""
    known = {row["path"]: row["patient"] for row in read_csv(table, ("path", "patient"), "--patients")}
    if missing := [path for path in paths if not known.get(path)]:
        raise DatasetError(f"{table}: names no patient for {len(missing)} images, {missing[0]} first")
    return {path: known[path] for path in paths}
