"""What the OpenAPI document says of requests and answers; the fields of rows are those of the tables."""

from typing import Any

from brain_tumor.service.refusals import FIELD, PROBLEM_TYPE, Refusal
from brain_tumor.tables.rows import NUMBER_COLUMNS, TEXT_COLUMNS, slice_columns
from brain_tumor.tables.series_rows import SERIES_NUMBER_COLUMNS, series_columns

Schema = dict[str, Any]

_SERIES_NUMBERS = ("analysed", "slices", "duplicates")
_NUMBER: Schema = {"type": ["number", "null"]}


def _object(properties: dict[str, Schema], **more: Any) -> Schema:
    return {"type": "object", "properties": properties, "required": list(properties), **more}


def _slice_column(column: str) -> Schema:
    kind = "string" if column in TEXT_COLUMNS else "integer" if column in NUMBER_COLUMNS else "number"
    return {"type": [kind, "null"]}


def _series_column(column: str) -> Schema:
    if column == "most_suspicious":
        return {"type": "array", "items": {"type": "integer"}}
    if column in NUMBER_COLUMNS:
        return _slice_column(column)
    return {"type": ["integer" if column in SERIES_NUMBER_COLUMNS else "string", "null"]}


# Without classes: which there are, the model's card says, and it is loaded after this document can be asked for.
_SLICE = _object(
    {column: _slice_column(column) for column in slice_columns(())}
    | {"upload": {"type": ["integer", "null"], "description": "number of the file in the request, counted from 1"}},
    patternProperties={"^p_": {**_NUMBER, "description": "probability of a class, 0 to 1"}},
)
_SERIES = _object(
    {column: _series_column(column) for column in series_columns(())},
    patternProperties={"^share_": {**_NUMBER, "description": "of the analysed slices, 0 to 1"}},
)
_TEXT: Schema = {"type": "string"}

ANSWER = _object(
    {
        "model_id": _TEXT,
        "version": _TEXT,
        "notice": _TEXT,
        "slices": {"type": "array", "items": _SLICE, "minItems": 1},
        "series": {"type": "array", "items": _SERIES},
        "duplicates": {"type": "integer", "description": "copies of DICOM images, which are answered once"},
    }
)
PROBLEM = _object(
    {
        "type": {"type": "string", "format": "uri"},
        "title": _TEXT,
        "status": {"type": "integer"},
        "detail": _TEXT,
        "instance": {"type": "string", "format": "uri"},
        "code": {"type": "string", "enum": [refusal.value for refusal in Refusal]},
    },
    description="RFC 9457; code is stable.",
)
HEALTH = _object({"status": _TEXT})
READY = _object({"status": _TEXT, "model_id": _TEXT, "notice": _TEXT})
MODEL = _object({"model_id": _TEXT, "rules": {"type": "object"}, "file": {"type": "object"}, "notice": _TEXT})
FORM = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "properties": {
                    FIELD: {
                        "type": "array",
                        "minItems": 1,
                        "items": {"type": "string", "format": "binary"},
                        "description": "images, volumes, DICOM files, or ZIP archives of these; one part each",
                    }
                },
                "required": [FIELD],
                "additionalProperties": False,
            }
        }
    },
}


def json_answer(description: str, schema: Schema) -> dict[str, Any]:
    """One answer of an operation."""
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def refusals(*accepted: Refusal) -> dict[int | str, dict[str, Any]]:
    """The problem documents of an operation, by status."""
    found: dict[int | str, dict[str, Any]] = {}
    for status in sorted({refusal.status for refusal in accepted}):
        titles = [refusal.heading for refusal in accepted if refusal.status == status]
        found[status] = {"description": "; ".join(titles), "content": {PROBLEM_TYPE: {"schema": PROBLEM}}}
        if status == Refusal.TOO_BUSY.status:
            found[status]["headers"] = {
                "Retry-After": {"description": "seconds", "schema": {"type": "integer", "minimum": 1}}
            }
    return found
