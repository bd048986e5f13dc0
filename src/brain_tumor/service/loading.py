"""The network that answers: loaded once, beside the server that already listens."""

import hashlib
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from brain_tumor.classifier import Classifier
from brain_tumor.configuration import ModelSettings
from brain_tumor.model.model_file import default_model_path, load_model_file
from brain_tumor.presentation.model_info import FileFacts, render_model_json
from brain_tumor.presentation.wording import NOTICE


@dataclass(frozen=True, slots=True, eq=False)
class LoadedModel:
    """A network that answered its golden input right, and what its card says."""

    classifier: Classifier
    card: dict[str, Any]  # as stored, with the file's facts and the notice


def load_model(settings: ModelSettings) -> LoadedModel:
    """Read, check and try the model file.

    Raises:
        ModelFileError: it cannot be used.
        MissingExtraError: the engine is not installed.
    """
    path = settings.file or default_model_path()
    model = load_model_file(path)
    facts = FileFacts(path.name, path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest())
    card = {**json.loads(render_model_json(model, facts)), "notice": NOTICE}
    return LoadedModel(Classifier.from_model_file(model, settings.threads, settings.engine), card)


class Loading:
    """Loads in a thread of its own."""

    def __init__(
        self,
        load: Callable[[], LoadedModel],
        on_loaded: Callable[[LoadedModel], None],
        on_failure: Callable[[], None],
    ) -> None:
        """Nothing happens before start().

        Args:
            load: how.
            on_loaded: called in that thread.
            on_failure: called in that thread, after `error` is set.
        """
        self.error: BaseException | None = None
        self._load, self._on_loaded, self._on_failure = load, on_loaded, on_failure
        self._thread = threading.Thread(target=self._run, name="brain-tumor-load", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def _run(self) -> None:
        try:
            self._on_loaded(self._load())
        except Exception as error:  # raised again in the main thread
            self.error = error
            self._on_failure()
