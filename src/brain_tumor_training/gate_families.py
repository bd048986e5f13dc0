"""What the gate is fitted, chosen and tested on: families of images, each image with its part."""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from brain_tumor.errors import DatasetError
from brain_tumor_training.dataset import find_images
from brain_tumor_training.examples import Example
from brain_tumor_training.label_notes import find_note, leave_out
from brain_tumor_training.pipeline import View, training_view
from brain_tumor_training.recipes import Recipe
from brain_tumor_training.run_folder import read_list, read_rows, read_run
from brain_tumor_training.splits import PARTS, TEST, TRAIN, VALIDATION, SplitRow, hash_share
from brain_tumor_training.training_list import NOT_BRAIN_MRI, OF_OTHER_LESIONS, OTHER_LESION, SUBJECT, read_further

# More images of one part of a source tell the gate little that is new, and each costs a forward pass.
MAX_GATE_IMAGES = 60
_FURTHER_VALIDATION = 0.2


@dataclass(frozen=True, slots=True, eq=False)
class GateFamily:
    """Images of one kind or source."""

    name: str
    brain_mri: bool
    views: tuple[View, ...]
    parts: tuple[str, ...]  # which part each image plays: fit on train, choose on validation, report on test


def find_families(
    own: Sequence[GateFamily],
    brain_mri: Sequence[Path],
    not_brain_mri: Sequence[Path],
    unseen: set[str],
    notes: Mapping[str, str],
    further: Sequence[Path],
) -> list[GateFamily]:
    """The families of a run, of further indexes and of folders, those of one name as one.

    Args:
        own: of own_families.
        brain_mri: as for fit_decision, and so are the following.
        not_brain_mri: folders.
        unseen: names.
        notes: as read_notes gives them.
        further: indexes.

    Raises:
        DatasetError: a folder holds nothing, nothing is left that is not brain MRI, a name of unseen is unknown or
            trained the network, or one name stands for brain MRI and for other images.
    """
    families = list(own)
    if trained := unseen & {family.name for family in families}:
        raise DatasetError(
            f"--unseen names {', '.join(sorted(trained))}, which the network was trained on; leave the option out, "
            "decision.json says under accepted_unseen what a gate without them accepts"
        )
    families += [family for index in further for family in further_families(index, unseen)]
    listed = {view.path.resolve() for family in families for view in family.views}
    others = [folder_family(folder, True, unseen, notes) for root in brain_mri for folder in _subfolders(root)]
    # What the training list has, has its part already.
    families += [other for other in others if listed.isdisjoint(view.path.resolve() for view in other.views)]
    families += [folder_family(folder, False, unseen, notes) for root in not_brain_mri for folder in _subfolders(root)]
    families = unite_families(families)
    if not any(not family.brain_mri and TRAIN in family.parts for family in families):
        raise DatasetError(
            "the gate needs images to learn what is not brain MRI; give folders with --not-brain-mri, not all --unseen"
        )
    if missing := unseen - {family.name for family in families}:
        raise DatasetError(
            f"--unseen names {', '.join(sorted(missing))}, found are {', '.join(f.name for f in families)}"
        )
    return families


def unite_families(families: Iterable[GateFamily]) -> list[GateFamily]:
    """The families, those of one name as one, each image once; raises DatasetError where their kinds differ."""
    united: dict[str, GateFamily] = {}
    for family in families:
        known = united.setdefault(family.name, family)
        if known is family:
            continue
        if known.brain_mri is not family.brain_mri:
            raise DatasetError(f"{family.name}: is given as brain MRI and as something else; rename one of the two")
        parts = dict(zip(known.views, known.parts, strict=True))
        for view, part in zip(family.views, family.parts, strict=True):
            parts.setdefault(view, part)
        united[family.name] = GateFamily(family.name, family.brain_mri, tuple(parts), tuple(parts.values()))
    return list(united.values())


def own_families(run: Path, data: Path, notes: Mapping[str, str]) -> list[GateFamily]:
    """What the network was trained on: a family for each source of a training list, one for a split.

    Args:
        run: a run folder.
        data: the folder that its paths are below.
        notes: as read_notes gives them; noted images are tested only.
    """
    examples = read_list(run)
    if examples is None:
        return [_split_family(run, data, notes)]
    examples = leave_out(examples, notes)
    sources = sorted({example.source for example in examples})
    return [
        listed_family(source, [example for example in examples if example.source == source], data) for source in sources
    ]


def listed_family(source: str, examples: Sequence[Example], data: Path) -> GateFamily:
    """At most MAX_GATE_IMAGES of each part of a source of a training list."""
    # By hash, so that the choice is even over patients and the same every time.
    shuffled = sorted(examples, key=lambda example: hashlib.sha256(example.path.encode()).digest())
    kept = [
        example
        for part in PARTS
        for example in [example for example in shuffled if example.split == part][:MAX_GATE_IMAGES]
    ]
    views = tuple(View(data / example.path) for example in kept)
    return GateFamily(source, True, views, tuple(example.split for example in kept))


def _split_family(run: Path, data: Path, notes: Mapping[str, str]) -> GateFamily:
    rows = [row for row in read_rows(run) if row.split == TEST or not find_note(row.path, notes)]
    recipe, seed = read_run(run)

    def view(row: SplitRow) -> View:
        path = data / row.path
        if isinstance(recipe, Recipe) and row.split == TRAIN:
            return training_view(path, recipe, seed, 0)  # which fit() has left in the feature cache
        return View(path)

    return GateFamily("training set", True, tuple(map(view, rows)), tuple(row.split for row in rows))


def folder_family(folder: Path, brain_mri: bool, unseen: set[str], notes: Mapping[str, str]) -> GateFamily:
    """The images of a folder, dealt into parts; raises DatasetError for an empty folder.

    Args:
        folder: names the family.
        brain_mri: what its images are.
        unseen: names of families of which every image is tested.
        notes: as read_notes gives them; noted images are tested only.
    """
    paths = find_images(folder)
    if not paths:
        raise DatasetError(f"{folder}: holds no images; fill the folder or remove it")
    parts = [TEST] * len(paths) if folder.name in unseen else deal_parts(paths, folder.name)
    kept = [
        (path, part)
        for path, part in zip(paths, parts, strict=True)
        if part == TEST or not find_note(path.as_posix(), notes)
    ]
    return GateFamily(folder.name, brain_mri, tuple(View(path) for path, _ in kept), tuple(part for _, part in kept))


def further_families(index: Path, unseen: set[str]) -> list[GateFamily]:
    """Images that are no brain MRI, by family, and lesions that are no tumor, by source; held back is tested."""
    found: dict[tuple[str, bool], list[tuple[View, str]]] = {}
    for row in read_further(index):
        if row["label"] not in (NOT_BRAIN_MRI, OTHER_LESION):
            continue
        is_brain = row["label"] == OTHER_LESION
        name = f"{row['source']}{OF_OTHER_LESIONS}" if is_brain else row["family"]
        held_back = row["split"] != TRAIN or name in unseen
        # A fifth of what trains chooses the threshold; a patient stays in one part.
        part = TEST if held_back else VALIDATION if hash_share(row["patient"]) < _FURTHER_VALIDATION else TRAIN
        found.setdefault((name, is_brain), []).append((View(index.parent / row["path"]), part))
    return [
        GateFamily(name, is_brain, tuple(view for view, _ in rows), tuple(part for _, part in rows))
        for (name, is_brain), rows in sorted(found.items())
    ]


def deal_parts(paths: Sequence[Path], family: str) -> list[str]:
    """The parts of a folder's images, by deal_part.

    Where chance leaves a small family without a part, images that belong to no examination are dealt out in the order
    of their hashes. Examinations stay where they are, as other families may have images of them.
    """
    parts = [deal_part(path, family) for path in paths]
    alone = [index for index, path in enumerate(paths) if not re.match(SUBJECT, path.stem)]
    if len(set(parts)) < len(PARTS):
        alone.sort(
            key=lambda position_index: (hash_share(f"{family}/{paths[position_index].stem}"), paths[position_index])
        )
        held = max(1, round(len(alone) / 5)) if len(alone) >= len(PARTS) else 0
        for left, position_index in enumerate(reversed(alone)):
            parts[position_index] = TEST if left < held else VALIDATION if left < 2 * held else TRAIN
    return parts


def deal_part(path: Path, family: str) -> str:
    """The part of an image of a folder: 60 % train, 20 % validation, 20 % test, one examination in one part."""
    # An examination may have images in several families; of other images, two families use the same names.
    case = match[1] if (match := re.match(SUBJECT, path.stem)) else f"{family}/{path.stem}"
    return _part_of(hash_share(case))


def _part_of(share: float) -> str:
    return TRAIN if share < 0.6 else VALIDATION if share < 0.8 else TEST


def _subfolders(root: Path) -> list[Path]:
    if not root.is_dir():
        raise DatasetError(f"{root}: is not a folder; give one that holds a folder per family of images")
    folders = sorted(path for path in root.iterdir() if path.is_dir())
    if not folders:
        raise DatasetError(f"{root}: has no subfolders; one folder per family of images is needed")
    return folders
