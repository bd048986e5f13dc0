"""Why a whole request gets no answer: stable codes for programs, each beside its status and words (RFC 9457).

A file that cannot be read is no refusal: it is a row with a reason among the others.
"""

from enum import StrEnum
from typing import Any, Self

from brain_tumor.errors import BrainTumorError
from brain_tumor.problems import ACCEPTED

PROBLEM_TYPE = "application/problem+json"
FIELD = "files"  # of the form; each part with this name is a file


class Refusal(StrEnum):
    """One reason; its words have gaps for the facts that an error carries."""

    status: int
    heading: str
    words: str

    def __new__(cls, code: str, status: int, heading: str, words: str) -> Self:
        """Keep the code as the value, the rest beside it."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.status, member.heading, member.words = status, heading, words
        return member

    UNAUTHORIZED = (
        "unauthorized",
        401,
        "The key is missing or wrong",
        "this service asks for its key; send it as 'Authorization: Bearer KEY'",
    )
    NOT_FOUND = "not_found", 404, "There is nothing at this address", "GET /docs lists the addresses that there are"
    WRONG_METHOD = "wrong_method", 405, "The address does not take this method", "GET /docs lists what each takes"
    UPLOAD_TIMEOUT = (
        "upload_timeout",
        408,
        "The upload took too long",
        "it took more than {limit_s:g} s {found}; send fewer files at a time, or over a faster connection",
    )
    TOO_LARGE = (
        "too_large",
        413,
        "The request is too large",
        "at most {limit_mib} MiB are taken at a time; send the files in several requests",
    )
    TOO_MANY_FILES = (
        "too_many_files",
        413,
        "The request has too many files",
        "at most {limit} are taken at a time; send them in several requests, or as a ZIP archive",
    )
    TOO_MANY_SLICES = (
        "too_many_slices",
        413,
        "The files hold too many slices",
        "at most {limit} are answered at a time; send the series one by one",
    )
    NOT_MULTIPART = (
        "not_multipart",
        415,
        "The body is not multipart/form-data",
        f"send files as multipart/form-data, in fields called {FIELD}, as curl -F {FIELD}=@scan.dcm does: {ACCEPTED}",
    )
    ENCODED = (
        "encoded",
        415,
        "The body is compressed",
        "a Content-Encoding is not undone here; send the body as it is, a ZIP archive for example",
    )
    MALFORMED = (
        "malformed",
        422,
        "The form cannot be read",
        "the body is no complete multipart/form-data of its boundary; let an HTTP library build it",
    )
    UNKNOWN_FIELD = (
        "unknown_field",
        422,
        "The form has a field that is no file",
        f"files come in fields called {FIELD}, each with a filename; options are in the address: ?plane=axial",
    )
    NO_FILES = "no_files", 422, "The form has no file", f"send at least one in a field called {FIELD}: {ACCEPTED}"
    BAD_PARAMETER = "bad_parameter", 422, "A parameter has no accepted value", "the parameter {found}"
    FAILED = "failed", 500, "The service failed", "its log has the request's number and says where; please report it"
    NOT_READY = "not_ready", 503, "The network is not loaded yet", "ask again in a moment"
    STOPPING = (
        "stopping",
        503,
        "The service is stopping",
        "it gets no more time to finish the answer; send the request again in a moment",
    )
    TOO_BUSY = (
        "too_busy",
        503,
        "The service has as much to do as it takes on",
        "{found} are being answered; send the request again later",
    )
    NO_ROOM = (
        "no_room",
        503,
        "There is no room for the upload",
        "uploads of all requests fill what they may ({found}); send the request again later",
    )
    ANSWER_TIMEOUT = (
        "answer_timeout",
        503,
        "The answer took too long",
        "it was not there after {limit_s:g} s; send fewer slices at a time",
    )


class RefusedError(BrainTumorError):
    """A request that is not answered."""

    def __init__(self, refusal: Refusal, *, retry_after_s: int | None = None, **facts: Any) -> None:
        """Make the sentence.

        Args:
            refusal: why.
            retry_after_s: when the same request may be taken; None where it never is.
            facts: one for each gap in the refusal's words.
        """
        self.refusal = refusal
        self.retry_after_s = retry_after_s
        super().__init__(refusal.words.format(**facts))

    def to_problem(self, request_id: str) -> dict[str, Any]:
        """The members of a problem document; `code` is the stable one."""
        return {
            "type": f"urn:brain-tumor:problem:{self.refusal.value}",
            "title": self.refusal.heading,
            "status": self.refusal.status,
            "detail": f"{str(self)[:1].upper()}{str(self)[1:]}.",
            "instance": f"urn:uuid:{request_id}",
            "code": self.refusal.value,
        }

    def headers(self) -> dict[str, str]:
        """What the answer's head says besides."""
        headers = {"Content-Type": PROBLEM_TYPE}
        if self.retry_after_s is not None:
            headers["Retry-After"] = str(self.retry_after_s)
        if self.refusal is Refusal.UNAUTHORIZED:
            headers["WWW-Authenticate"] = "Bearer"
        return headers
