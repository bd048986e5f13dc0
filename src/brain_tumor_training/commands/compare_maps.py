"""`brain-tumor-train compare-maps`."""

import argparse
import json
from pathlib import Path

from brain_tumor_training.commands.arguments import Commands, count


def add_compare_maps(commands: Commands) -> None:
    """Add the command to the parser."""
    compare = commands.add_parser("compare-maps", help="check the saliency's formula against Grad-CAM from Keras")
    compare.add_argument("run_folder", type=Path, metavar="RUN", help="a folder that fit filled")
    compare.add_argument("--data", type=Path, required=True, help="the folder that the run was trained on")
    compare.add_argument("--boxes", type=Path, required=True, help="CSV: path, box_x0, box_y0, box_x1, box_y1")
    compare.add_argument("--images", type=count, default=100, help="test images with a box (default: %(default)s)")
    compare.add_argument("--out", type=Path, required=True, metavar="FILE", help="JSON file for the figures")
    compare.set_defaults(run=_run, needs_keras=True)


def _run(args: argparse.Namespace) -> None:
    from brain_tumor.atomic_write import write_whole
    from brain_tumor.evaluation.map_tables import maps_to_document
    from brain_tumor_training import compare_maps

    comparison = compare_maps.compare_maps(args.run_folder, args.data, args.boxes, args.images)
    text = json.dumps(maps_to_document(comparison), indent=2) + "\n"
    args.out.parent.mkdir(parents=True, exist_ok=True)
    write_whole(args.out, text.encode())
    print(text, end="")
