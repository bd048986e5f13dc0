"""Where a tumor lies, as a person marked it: boxes from a list, and what can be said of two of them."""

from pathlib import Path, PurePosixPath

from brain_tumor.csv_reader import read_csv
from brain_tumor.errors import DatasetError
from brain_tumor.input.scan import Box

COLUMNS = ("box_x0", "box_y0", "box_x1", "box_y1")


def read_boxes(table: Path) -> dict[str, Box]:
    """Read marked boxes. Rows with four empty cells are left out: nobody marked a tumor there.

    Args:
        table: a CSV with the columns path and COLUMNS; further columns and images that are not evaluated do no harm.

    Returns:
        Boxes by path, below the evaluated folder with slashes.

    Raises:
        DatasetError: columns are missing, cells are no box, or a path is named twice.
    """
    rows = read_csv(table, ("path", *COLUMNS), "--boxes")
    boxes: dict[str, Box] = {}
    for number, row in enumerate(rows, start=2):
        cells = [row[column] for column in COLUMNS]
        if not any(cells):
            continue
        path = str(PurePosixPath(row["path"]))
        if path in boxes:
            raise DatasetError(f"{table.name}, row {number}: {path} is listed a second time; one box an image is read")
        boxes[path] = _to_box(cells, f"{table.name}, row {number}")
    return boxes


def grow(box: Box, share: float) -> Box:
    """The box with so much of its sides added on each side, as far as the image goes."""
    x0, y0, x1, y1 = box
    across, down = share * (x1 - x0), share * (y1 - y0)
    return max(0.0, x0 - across), max(0.0, y0 - down), min(1.0, x1 + across), min(1.0, y1 + down)


def area_of(box: Box) -> float:
    """The share of the image that the box covers, 0 to 1."""
    x0, y0, x1, y1 = box
    return (x1 - x0) * (y1 - y0)


def holds(box: Box, point: tuple[float, float]) -> bool:
    """Whether a point, (x, y), lies in the box or on its edge."""
    x0, y0, x1, y1 = box
    return x0 <= point[0] <= x1 and y0 <= point[1] <= y1


def overlap(first: Box, second: Box) -> float:
    """Intersection over union of two boxes, 0 to 1. Source: Jaccard 1912, doi:10.1111/j.1469-8137.1912.tb05611.x."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    if width <= 0 or height <= 0:
        return 0.0
    return width * height / (area_of(first) + area_of(second) - width * height)


def in_region(box: Box, region: Box) -> Box | None:
    """A box of the picture in fractions of a region of it, less what lies outside; None where nothing is left.

    Args:
        box: in fractions of the picture.
        region: in fractions of the picture, such as the part that the network looks at.
    """
    left, top, right, bottom = region
    x0, x1 = ((x - left) / (right - left) for x in box[::2])
    y0, y1 = ((y - top) / (bottom - top) for y in box[1::2])
    x0, y0, x1, y1 = (min(max(edge, 0.0), 1.0) for edge in (x0, y0, x1, y1))
    return (x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None


def _to_box(cells: list[str], where: str) -> Box:
    try:
        x0, y0, x1, y1 = map(float, cells)
    except ValueError:
        raise DatasetError(f"{where}: {', '.join(cells)} are not four numbers; leave all four empty or none") from None
    if not (0 <= x0 < x1 <= 1 and 0 <= y0 < y1 <= 1):  # also true for NaN
        raise DatasetError(
            f"{where}: {', '.join(cells)} is no box; fractions from 0 to 1 are needed, x0 below x1 and y0 below y1"
        )
    return x0, y0, x1, y1
