"""The adapter of FastAPI: addresses, what each takes, and what it gives."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from fastapi.security import HTTPBearer
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from brain_tumor.input.series import Plane, ReadOptions, WindowMode
from brain_tumor.presentation.wording import NOTICE
from brain_tumor.service import schema
from brain_tumor.service.api_key import ApiKey
from brain_tumor.service.docs_page import render_docs
from brain_tumor.service.loading import LoadedModel, Loading
from brain_tumor.service.metrics import CONTENT_TYPE, Metrics
from brain_tumor.service.observed import Observed
from brain_tumor.service.receive import GONE_STATUS, Body, GoneError
from brain_tumor.service.refusals import Refusal, RefusedError
from brain_tumor.service.settings import ServiceSettings
from brain_tumor.service.work import AnswerOptions, Workplace
from brain_tumor.version import package_version

_DESCRIPTION = f"""Names the class of MRI slices. {NOTICE}

The fields of slices and series are the columns of `brain-tumor predict --csv` and `--series-csv`. A file that cannot be
read is a row with the status `error` and a `reason_code`; only a request as a whole is refused with a problem document.
"""


def create_app(
    settings: ServiceSettings,
    load: Callable[[], LoadedModel],
    key: ApiKey | None = None,
    on_failure: Callable[[BaseException | None], None] = lambda error: None,
) -> Observed:
    """The service as an ASGI application.

    Args:
        settings: its bounds.
        load: gives the network; called in a thread, once the server starts.
        key: what callers must send; None asks for none.
        on_failure: called in that thread where the network cannot be loaded.
    """
    metrics = Metrics()
    work = Workplace(settings, metrics)

    @asynccontextmanager
    async def run(_: FastAPI) -> AsyncIterator[None]:
        loading = Loading(load, work.begin, lambda: on_failure(loading.error))
        loading.start()
        try:
            yield
        finally:
            work.close()

    app = FastAPI(
        title="brain-tumor-mri",
        description=_DESCRIPTION,
        version=package_version(),
        lifespan=run,
        docs_url=None,  # FastAPI's page comes from another server, which hospitals cannot reach
        redoc_url=None,
        redirect_slashes=False,
    )
    _add_health(app, work)
    _add_answers(app, work, [Depends(_key_check(key))] if key else [])
    _add_docs(app)
    _add_refusals(app)
    return Observed(app, metrics)


def _key_check(key: ApiKey) -> Callable[..., None]:
    bearer = HTTPBearer(auto_error=False, description="the key of the file api_key_file")

    def check(request: Request, _: Annotated[Any, Depends(bearer)]) -> None:
        if not key.accepts(request.headers.get("authorization")):
            raise RefusedError(Refusal.UNAUTHORIZED)

    return check


def _add_health(app: FastAPI, work: Workplace) -> None:
    @app.get(
        "/health/live",
        summary="Whether the process runs",
        tags=["health"],
        responses={200: schema.json_answer("It does", schema.HEALTH)},
    )
    async def live() -> Response:
        return JSONResponse({"status": "live"})

    @app.get(
        "/health/ready",
        summary="Whether the network is loaded and gave its golden answer",
        tags=["health"],
        responses={200: schema.json_answer("It did", schema.READY), **schema.refusals(Refusal.NOT_READY)},
    )
    async def ready() -> Response:
        return JSONResponse({"status": "ready", "model_id": work.batcher.card.model_id, "notice": NOTICE})


def _add_answers(app: FastAPI, work: Workplace, checks: list[Any]) -> None:
    keyed = [Refusal.UNAUTHORIZED] if checks else []
    refused = [refusal for refusal in Refusal if refusal.status in (408, 413, 415, 422, 503)]

    @app.post(
        "/v1/classify",
        summary="Classify images, volumes and series",
        tags=["answers"],
        dependencies=checks,
        openapi_extra={"requestBody": schema.FORM},
        responses={
            200: schema.json_answer("A row per slice, and one more per series", schema.ANSWER),
            **schema.refusals(*keyed, *refused),
        },
    )
    async def classify(
        request: Request,
        plane: Annotated[Plane | None, Query(description="of volumes; by default the acquired one")] = None,
        window: Annotated[
            WindowMode, Query(description="which stored values of DICOM and NIfTI files become black and white")
        ] = WindowMode.FILE,
        by_folder: Annotated[
            bool, Query(description="take the single images of a folder, of a ZIP for example, for one series")
        ] = False,
        dicom_ids: Annotated[
            bool, Query(description="add the UIDs of DICOM files, to join answers with images")
        ] = False,
    ) -> Response:
        body: Body = request.state.body
        options = AnswerOptions(ReadOptions(plane, window), by_folder, dicom_ids)
        answer = await work.answer(body, options, request.state.facts)
        return Response(answer, media_type="application/json")

    @app.get(
        "/v1/model",
        summary="The card of the model that answers",
        tags=["answers"],
        dependencies=checks,
        responses={
            200: schema.json_answer("Everything that the card says", schema.MODEL),
            **schema.refusals(*keyed, Refusal.NOT_READY),
        },
    )
    async def model() -> Response:
        _ = work.batcher  # raises before the network is there
        assert work.model  # noqa: S101 - there is one with the batcher
        return JSONResponse(work.model.card)

    @app.get(
        "/metrics",
        summary="Numbers for Prometheus",
        tags=["health"],
        dependencies=checks,
        responses={
            200: {
                "description": "In Prometheus' text format",
                "content": {"text/plain": {"schema": {"type": "string"}}},
            },
            **schema.refusals(*keyed),
        },
    )
    async def metrics() -> Response:
        return Response(work.metrics.render(), headers={"Content-Type": CONTENT_TYPE})


def _add_docs(app: FastAPI) -> None:
    @app.get("/docs", include_in_schema=False)
    async def docs(request: Request) -> Response:
        page = render_docs(app.openapi(), str(request.scope.get("root_path", "")))
        policy = "default-src 'none'; style-src 'unsafe-inline'"
        return HTMLResponse(page, headers={"Content-Security-Policy": policy})

    @app.get("/", include_in_schema=False)
    async def root(request: Request) -> Response:
        return RedirectResponse(f"{request.scope.get('root_path', '')}/docs")


def _add_refusals(app: FastAPI) -> None:
    @app.exception_handler(RefusedError)
    async def refused(request: Request, error: RefusedError) -> Response:
        return RefusalResponse(request, error)

    @app.exception_handler(RequestValidationError)
    async def not_valid(request: Request, error: RequestValidationError) -> Response:
        # What was sent is not repeated: it may be anything, a name too.
        wrong = {str(item["loc"][-1]): item["msg"] for item in error.errors()}
        found = "; ".join(f"{name}: {message}" for name, message in wrong.items())
        return RefusalResponse(request, RefusedError(Refusal.BAD_PARAMETER, found=found))

    @app.exception_handler(HTTPException)
    async def other(request: Request, error: HTTPException) -> Response:
        refusal = {404: Refusal.NOT_FOUND, 405: Refusal.WRONG_METHOD}.get(error.status_code, Refusal.FAILED)
        return RefusalResponse(request, RefusedError(refusal), error.headers)

    @app.exception_handler(GoneError)
    async def gone(_: Request, __: GoneError) -> Response:
        return Response(status_code=GONE_STATUS)  # for the log; nobody reads it

    @app.exception_handler(Exception)
    async def failed(request: Request, _: Exception) -> Response:
        return RefusalResponse(request, RefusedError(Refusal.FAILED))


class RefusalResponse(JSONResponse):
    """A problem document; a little of an upload that was not read is, so that the caller gets to read this."""

    def __init__(self, request: Request, error: RefusedError, headers: Any = None) -> None:
        self._body: Body = request.state.body
        request.state.facts.refusal = error.refusal.value
        unread = {} if self._body.is_complete else {"Connection": "close"}
        super().__init__(
            error.to_problem(request.state.request_id),
            error.refusal.status,
            {**(headers or {}), **error.headers(), **unread},
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it, and close the connection only after a moment."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": True})
        await self._body.linger()
        await send({"type": "http.response.body", "body": b""})
