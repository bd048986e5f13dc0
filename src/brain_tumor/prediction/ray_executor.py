"""The adapter of Ray: blocks of files are answered by processes of one machine or of many.

Ray Data lists the files in a task of its own, hands blocks to workers, waits with listing while they are busy, and
repeats what was lost with a worker or a machine. What makes repeating safe is in `BlockFolder` and `Attempts`.
"""

import logging
import os
import secrets
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from brain_tumor.errors import BrainTumorError
from brain_tumor.extras import require_extra
from brain_tumor.model.threads import count_cores
from brain_tumor.prediction.batch import Batch
from brain_tumor.prediction.block_folder import BlockFolder
from brain_tumor.prediction.block_worker import BlockAnswer, BlockJob, BlockWorker, find_block_series
from brain_tumor.prediction.file_folders import set_aside
from brain_tumor.prediction.shared_series import BlockGroups, may_hold_dicom, merge_blocks
from brain_tumor.prediction.work_blocks import WorkBlock

LOCAL = "local"
_CONNECT_S = 10
# Names and rows are all that Ray keeps here; it would take a third of the memory otherwise.
_STORE_BYTES = 200 * 2**20


@dataclass(frozen=True, slots=True)
class RayExecutor:
    """Processes of a Ray cluster, each with one classifier for all blocks that it is given."""

    address: str  # LOCAL starts a cluster on this machine for this run; else that of a running one, such as "auto"
    job: BlockJob
    cut: Callable[[], Iterator[WorkBlock]]  # lists the files; it runs in a process beside this one
    shows_progress: bool = False  # Ray's own bars, on the standard error

    def answer(self, batch: Batch) -> None:
        """See Executor; blocks come in the order in which they are ready.

        Raises:
            BrainTumorError: there are no files, no cluster, or the workers cannot answer.
            MissingExtraError: Ray is not installed.
        """
        folder = BlockFolder(self.job.folder)
        with _connected(self.address, self.job.threads, self.shows_progress), folder.manifest() as manifest:
            for answer in self._answers():
                if answer.key in manifest.keys:
                    continue  # the same files were given twice
                if not folder.has(answer.key):
                    raise BrainTumorError(
                        f"{folder.path}: the answers of {answer.worker} are not seen here; "
                        "name a folder on storage that all machines share"
                    )
                manifest.enter(answer.key, **answer.facts())
                batch.take(answer.answered)
            if not manifest.keys:
                raise BrainTumorError("no files found; give files, folders or URLs that hold some")
            batch.close_taken()
            set_aside(self.job.files, manifest.keys)

    def _answers(self) -> Iterator[BlockAnswer]:
        groups = BlockGroups()
        for key, locations in self._run(_with_dicom, _Scanning(self.job)):
            groups.add(key, locations)
        yield from self._run(partial(merge_blocks, members=groups.members()), _Answering(self.job))

    def _run(self, choose: "Callable[[Iterator[WorkBlock]], Iterator[WorkBlock]]", work: Any) -> Iterator[Any]:
        """List the files, choose from their blocks, and give each block to a worker; what it says comes back."""
        import ray

        # The listing stays beside the program that started it: where this machine is lost, the run is over anyway.
        here = {"ray.io/node-id": ray.get_runtime_context().get_node_id()}
        done = (
            ray.data.from_items([{"run": 0}])
            .map_batches(_Listing(self.cut, choose, self.job), batch_size=None, num_cpus=0, label_selector=here)
            .map_batches(work, batch_size=None, num_cpus=self.job.threads)
        )
        try:
            for batch in done.iter_batches(batch_size=None, batch_format="numpy"):
                yield from batch.get("answer", ())
        except ray.exceptions.RayError as error:
            raise _to_own(error) from None


def _with_dicom(blocks: Iterator[WorkBlock]) -> Iterator[WorkBlock]:
    return filter(may_hold_dicom, blocks)


@dataclass(frozen=True, slots=True)
class _Listing:
    """The task that lists files: blocks of names, one after the other, as long as somebody takes them."""

    cut: Callable[[], Iterator[WorkBlock]]
    choose: Callable[[Iterator[WorkBlock]], Iterator[WorkBlock]]
    job: BlockJob

    def __call__(self, _: Any) -> Iterator[dict[str, Any]]:
        os.chdir(self.job.working_folder)
        for block in self.choose(self.cut()):
            yield {"block": _to_column(block)}


@dataclass(frozen=True, slots=True)
class _Scanning:
    """The task that reads the headers of DICOM files."""

    job: BlockJob

    def __call__(self, batch: dict[str, Any]) -> Iterator[dict[str, Any]]:
        os.chdir(self.job.working_folder)
        for block in batch.get("block", ()):
            yield {"answer": _to_column((block.key, find_block_series(self.job, block)))}


@dataclass(frozen=True, slots=True)
class _Answering:
    """The task that answers blocks."""

    job: BlockJob

    def __call__(self, batch: dict[str, Any]) -> Iterator[dict[str, Any]]:
        for block in batch.get("block", ()):
            yield {"answer": _to_column(_worker(self.job).answer(block))}


# Ray gives a process many tasks of a run; loading the network for each would take longer than answering.
_loaded: dict[BlockJob, BlockWorker] = {}


def _worker(job: BlockJob) -> BlockWorker:
    if job not in _loaded:
        _loaded.clear()
        _loaded[job] = BlockWorker(job)
    return _loaded[job]


def _to_column(value: Any) -> Any:
    """A column of one Python object."""
    column = np.empty(1, dtype=object)
    column[0] = value
    return column


def check_cluster(address: str) -> None:
    """Refuse an address where nobody listens: Ray itself tries for minutes, and writes of every try.

    Raises:
        BrainTumorError: it is a host and a port, and cannot be reached.
    """
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if not colon or not port.isdigit():
        return  # local, auto or a name of Ray's own
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_CONNECT_S).close()
    except (OSError, OverflowError) as error:
        raise _to_no_cluster(address, error) from None


@contextmanager
def _connected(address: str, threads: int, shows_progress: bool) -> Iterator[None]:
    require_extra("--ray", "cluster", "ray", "pyarrow")
    # Nothing is sent to Ray's makers.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    if address == LOCAL:
        # As on Windows and macOS, where Ray listens to this machine alone; it reads this when it is imported.
        os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
        if "RAY_AUTH_MODE" not in os.environ:
            # Only processes of this run may speak with it. Ray would leave a token in the home folder otherwise.
            os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    import ray
    import ray.data

    # Ray's own messages would stand between the answers.
    quiet: dict[str, Any] = {"logging_level": logging.ERROR, "log_to_driver": False}
    local: dict[str, Any] = {"object_store_memory": _STORE_BYTES, "include_dashboard": False}
    ends_run = signal.getsignal(signal.SIGTERM)
    try:
        if address == LOCAL:
            ray.init(LOCAL, num_cpus=max(count_cores(), threads), **local, **quiet)
        else:
            ray.init(address, **quiet)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise _to_no_cluster(address, error) from None
    if threading.current_thread() is threading.main_thread():
        # Ray's own handler would print a trace, and end the program without the exit status of this one.
        signal.signal(signal.SIGTERM, ends_run)
    try:
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = shows_progress
        context.target_max_block_size = 1  # bytes: each row, a block of files or its answer, travels alone
        logging.getLogger("ray.data").setLevel(logging.ERROR)
        yield
    finally:
        ray.shutdown()


def _to_no_cluster(address: str, error: Exception) -> BrainTumorError:
    return BrainTumorError(
        f"--ray {address}: no cluster answers there ({error}); start one with 'ray start --head', or give local"
    )


def _to_own(error: Exception) -> BrainTumorError:
    """The error of ours that a worker raised; for any other, that the run stopped."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, BrainTumorError):
            return BrainTumorError(str(cause).strip().splitlines()[-1])
        cause = getattr(cause, "cause", None) or cause.__cause__
    last = (str(error).strip() or type(error).__name__).splitlines()[-1]
    return BrainTumorError(f"the workers stopped ({last}); what was answered is kept, and --resume goes on")
