"""`brain-tumor-train export`."""

import argparse
from pathlib import Path

from brain_tumor.extras import require_extra
from brain_tumor.model.card import BRAIN_MRI
from brain_tumor.model.model_file import DEFAULT_NAME
from brain_tumor_training.commands.arguments import TERMS_HELP, Commands, count, named_color, print_next, subject
from brain_tumor_training.recipes import QUANTIZATIONS


def add_export(commands: Commands) -> None:
    """Add the command to the parser."""
    export = commands.add_parser(
        "export",
        help="write the .tfliteA, in the smallest form that answers like the Keras network",
        description="Convert a run to one model file. Eight bits throughout, weights in eight bits, float16 and "
        "float32 are tried in turn; the first that answers as Keras does is written and named in its card.",
    )
    export.add_argument("run_folder", type=Path, metavar="RUN", help="a folder that fit and fit-decision filled")
    export.add_argument("--data", type=Path, required=True, help="the folder that the run was trained on")
    export.add_argument("--out", type=Path, default=Path(DEFAULT_NAME))
    export.add_argument(
        "--parity-images",
        type=count,
        default=300,
        metavar="N",
        help="images to compare at most: validation images, then training images (default: %(default)s)",
    )
    export.add_argument(
        "--quantization",
        choices=sorted(QUANTIZATIONS),
        default="auto",
        help="static computes in eight bits, dynamic stores the weights alone in them, float16 in half the bytes, none "
        "is float32; auto, the default, takes the first of these that answers as Keras does",
    )
    export.add_argument(
        "--onnx", type=Path, metavar="FILE", help="also write the network as ONNX, in float32, compared like the other"
    )
    export.add_argument(
        "--hub-card", type=Path, metavar="FILE", help="also write a model card for Hugging Face, such as README.md"
    )
    export.add_argument("--licence", default="not stated", help="the terms of the file, for its card")
    export.add_argument(
        "--terms",
        type=Path,
        metavar="CSV",
        help=f"{TERMS_HELP}, for the card of a finetune run",
    )
    export.add_argument(
        "--subject",
        type=subject,
        default=BRAIN_MRI,
        metavar="TEXT",
        help="what the training images show and the gate accepts, such as 'knee MRI'; page, reports and tables say it "
        "(default: %(default)s)",
    )
    export.add_argument(
        "--color",
        type=named_color,
        action="append",
        default=[],
        metavar="CLASS=#RRGGBB",
        help="of a class of your own in charts; the others get the palette's. The card holds them",
    )
    export.set_defaults(run=_run, needs_keras=True)


def _run(args: argparse.Namespace) -> None:
    from brain_tumor.atomic_write import write_whole
    from brain_tumor.model.model_file import load_model_file
    from brain_tumor_training import export, hub_card

    if args.onnx:
        require_extra("--onnx", "onnx", "tf2onnx", "onnxruntime")
    quantizations = QUANTIZATIONS[args.quantization]
    about = args.licence, args.terms, args.subject, dict(args.color)
    taken, parity = export.export(args.run_folder, args.data, args.out, args.parity_images, quantizations, *about)
    low, high = parity.same_class_interval
    print(f"written as {taken}; compared with Keras on {parity.images} images, on {parity.torn} of which it is torn")
    # Of no images there is no share.
    others = f"; of the others {parity.same_class:.1%} ({low:.1%} to {high:.1%}) have the same class"
    print(f"between two classes{others if parity.torn < parity.images else ', so no class is compared'}")
    print(f"accuracy on them: {parity.accuracy_keras:.1%} before, {parity.accuracy_exported:.1%} after")
    print(f"{args.out}: {args.out.stat().st_size / 1e6:.1f} MB")
    if args.onnx:
        from brain_tumor_training import onnx_file

        difference = onnx_file.export_onnx(args.run_folder, args.data, args.onnx)
        print(f"{args.onnx}: {args.onnx.stat().st_size / 1e6:.1f} MB, differs from Keras by {difference:.6f} at most")
    if args.hub_card:
        write_whole(args.hub_card, hub_card.render_hub_card(load_model_file(args.out).card, args.out.name).encode())
        print(f"{args.hub_card}: read it before you publish; what a card does not know, it says")
    # The test part alone: the folder may hold what trained the network, too.
    tested = "--list", args.run_folder / "split.csv"
    print_next("brain-tumor", "evaluate", args.data, *tested, "--model", args.out, "--out", "report")
    print_next("brain-tumor", "predict", "IMAGES", "--model", args.out, first=False)
    print_next("make", "app", f"BRAIN_TUMOR_MODEL={args.out.absolute()}", first=False)
