"""`brain-tumor check-fit`: arguments, files, calls."""

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

from brain_tumor.arguments import Commands, add_command, add_network, check_found, positive
from brain_tumor.atomic_write import write_whole
from brain_tumor.classifier import Classifier
from brain_tumor.errors import BrainTumorError, ScanError
from brain_tumor.fit_check.drawing import render_svg
from brain_tumor.fit_check.facts import Drawn, Score, to_facts, to_score
from brain_tumor.fit_check.judgement import judge
from brain_tumor.fit_check.reference import read_reference
from brain_tumor.fit_check.sample import choose_slices, draw_evenly
from brain_tumor.fit_check.words import render_json, render_text
from brain_tumor.input.files import find_sources
from brain_tumor.input.no_images import LeftOut
from brain_tumor.input.series import ReadOptions, Slice
from brain_tumor.input.series_builder import unpack_archives
from brain_tumor.input.source_file import SourceFile
from brain_tumor.model.model_file import default_model_path, load_model_file
from brain_tumor.prediction.progress import Progress
from brain_tumor.presentation.wording import NOTICE, render_left_out, to_printable

ALL_READ, SOME_FAILED = 0, 1
# 95 % intervals of shares are then at most 14 points wide, and the answers take less than a minute on two cores.
IMAGES = 200
_SHOWN_ERRORS = 5
_DESCRIPTION = """\
Does the network fit your images? No labels are needed. A few images, spread evenly over all that is found, are
compared with images of the sources that trained the network: how many are accepted, familiar, and answered without
doubt. This says whether answers are to be expected, not whether they are right.

Exit status: 0 done, 1 done but some files could not be read, 2 wrong use."""


def add_check_fit(commands: Commands) -> None:
    """Add the command to the program's parser; `arguments.run` takes the arguments and gives the exit status."""
    parser = add_command(
        commands,
        "check-fit",
        "see whether the network fits your images, without labels",
        _DESCRIPTION,
        ("archive --out fit.svg", "archive --images 500 --json"),
    )
    parser.add_argument(
        "paths",
        nargs="+",
        metavar="FOLDER",
        help="folder (searched with its subfolders, hidden files left out), file, or quoted pattern",
    )
    parser.add_argument(
        "--images",
        type=positive,
        default=IMAGES,
        metavar="N",
        help="look at this many, slices of volumes counted one by one (default: %(default)s)",
    )
    parser.add_argument("--out", type=_svg, metavar="FILE.svg", help="also draw the scores over the reference's")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    add_network(parser)
    parser.set_defaults(run=run_check_fit)


def _svg(text: str) -> Path:
    path = Path(text)
    if path.suffix.lower() != ".svg":
        raise argparse.ArgumentTypeError(f"{text!r} is not an SVG file's name; give one, such as fit.svg")
    return path


def run_check_fit(arguments: argparse.Namespace) -> int:
    """Sample, answer, judge, show.

    Returns:
        0, or 1 when some files could not be read.

    Raises:
        BrainTumorError: for everything that a person must change first.
    """
    out: Path | None = arguments.out
    if out and not out.parent.is_dir():  # known before the work is done
        raise BrainTumorError(f"{out}: its folder does not exist; make it, or name another file")
    model = load_model_file(arguments.model or default_model_path())
    reference, rules = read_reference(model.card), model.card.rules
    skip = {out.resolve()} if out else set()  # it may lie in the very folder that is searched
    check_found(arguments.paths, skip, ", ".join(arguments.paths))
    searches: list[LeftOut] = []  # the files are gone through more than once

    def find() -> Iterator[SourceFile]:
        searches.append(LeftOut())
        return unpack_archives(find_sources(arguments.paths, skip, searches[-1]), searches[-1])

    files, count = draw_evenly(find, arguments.images)
    classifier = Classifier.from_model_file(model, arguments.threads, arguments.engine)
    scores, errors = _answer(classifier, files, arguments.images)
    facts = to_facts(scores, Drawn(count, len(files), len(errors)), rules)
    judgement = judge(facts, reference)
    if out:
        _write(out, render_svg(judgement, facts, reference, rules))
    if arguments.json:
        print(render_json(judgement, facts, reference, model.card.model_id))
    else:
        print(render_text(judgement, facts, reference))
        if out:
            print(to_printable(f"Picture: {out}"))
        print(NOTICE, file=sys.stderr)
    if searches[0].kinds:
        print(render_left_out(searches[0]), file=sys.stderr)
    _show_errors(errors)
    return SOME_FAILED if facts.drawn.unreadable else ALL_READ


def _answer(classifier: Classifier, files: Sequence[SourceFile], count: int) -> tuple[list[Score], list[ScanError]]:
    scores: list[Score] = []
    errors: list[ScanError] = []
    progress = Progress(lambda: (file.name for file in files))
    slices = _announce(choose_slices(files, count, ReadOptions()), progress, files)
    with closing(progress), closing(classifier.classify_many(slices)) as answers:
        for answered in answers:
            if answered.result:
                scores.append(to_score(answered.result))
            elif answered.error:
                errors.append(answered.error)
            progress.advance()
    return scores, errors


def _announce(chosen: Iterable[tuple[Slice, ...]], progress: Progress, files: Sequence[SourceFile]) -> Iterator[Slice]:
    for _, slices in zip(progress.pass_on(file.name for file in files), chosen, strict=True):
        progress.expect(len(slices))
        yield from slices


def _write(out: Path, picture: str) -> None:
    try:
        write_whole(out, picture.encode())
    except OSError as error:
        raise BrainTumorError(
            f"{out}: cannot be written ({error.strerror}); make room there or name another file"
        ) from None


def _show_errors(errors: Sequence[ScanError]) -> None:
    for error in errors[:_SHOWN_ERRORS]:
        print(to_printable(f"not read: {error}"), file=sys.stderr)
    if left := len(errors[_SHOWN_ERRORS:]):
        print(f"not read: {left} more; brain-tumor predict names each", file=sys.stderr)
