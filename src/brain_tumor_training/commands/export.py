"""`brain-tumor-train export`."""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from brain_tumor.model.model_file import DEFAULT_NAME
from brain_tumor_training.commands.arguments import Commands
from brain_tumor_training.recipes import QUANTIZATIONS


def add_export(commands: Commands) -> None:
    """Add the command to the parser."""
    export = commands.add_parser("export", help="write the .tfliteA, once it answers like the Keras network")
    export.add_argument("run_folder", type=Path, metavar="RUN", help="a folder that fit and fit-decision filled")
    export.add_argument("--data", type=Path, required=True, help="the folder that the run was trained on")
    export.add_argument("--out", type=Path, default=Path(DEFAULT_NAME))
    export.add_argument("--parity-images", type=int, default=400, help="validation images to compare, 200 or more")
    export.add_argument(
        "--quantization",
        choices=sorted(QUANTIZATIONS),
        default="auto",
        help="static computes in eight bits, dynamic stores the weights alone in them, none is float32; auto, the "
        "default, is static where that answers as Keras does, else dynamic",
    )
    export.add_argument("--licence", default="not stated", help="the terms of the file, for its card")
    export.add_argument(
        "--terms",
        type=Path,
        metavar="CSV",
        help="source, shows, origin and terms of what trained the network, for the card of a finetune run",
    )
    export.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> None:
    from brain_tumor_training import export

    quantizations = QUANTIZATIONS[args.quantization]
    about = args.licence, args.terms
    parity = export.export(args.run_folder, args.data, args.out, args.parity_images, quantizations, *about)
    print(json.dumps(asdict(parity), indent=2))
    print(f"{args.out}: {args.out.stat().st_size / 1e6:.1f} MB")
