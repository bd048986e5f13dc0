"""`brain-tumor-train fit-decision`."""

import argparse
from pathlib import Path

from brain_tumor_training.commands.arguments import LEAVE_OUT_HELP, Commands, print_next


def add_fit_decision(commands: Commands) -> None:
    """Add the command to the parser."""
    fit = commands.add_parser("fit-decision", help="fit temperature, doubt thresholds and the gate")
    fit.add_argument("run_folder", type=Path, metavar="RUN", help="the --out folder of fit")
    fit.add_argument("--data", type=Path, required=True, help="the folder that the run was trained on")
    fit.add_argument("--brain-mri", type=Path, action="append", default=[], help="further brain MRI, a folder a source")
    fit.add_argument(
        "--not-brain-mri",
        type=Path,
        action="append",
        default=[],
        help="images that are no brain MRI, such as CT and photographs, a folder a family; without any, and without "
        "--further, drawn pictures take their place, and the gate is worth less",
    )
    fit.add_argument("--unseen", action="append", default=[], help="family that is only reported, never fitted")
    fit.add_argument("--leave-out", type=Path, metavar="FILE", help=LEAVE_OUT_HELP)
    fit.add_argument(
        "--further",
        type=Path,
        action="append",
        default=[],
        metavar="INDEX",
        help="index of further sources, as for training-list: their images that are no brain MRI, by family",
    )
    fit.add_argument(
        "--doubt",
        type=Path,
        metavar="LIST",
        help="training list of images of sources that trained nothing, on which the thresholds of doubt are chosen; or "
        "the folder of a run with thresholds that were chosen so",
    )
    fit.add_argument("--feature-cache", type=Path, help="folder of the feature cache (default: RUN/features)")
    fit.set_defaults(run=_run, needs_keras=True)


def _run(args: argparse.Namespace) -> None:
    from brain_tumor_training import drawn_negatives, fit_decision, label_notes
    from brain_tumor_training.run_folder import read_run

    cache = args.feature_cache or args.run_folder / "features"
    negatives = args.not_brain_mri
    if not negatives and not args.further:
        read_run(args.run_folder)  # so that no folder is made where no training has been
        negatives = [drawn_negatives.write_drawn_negatives(args.run_folder)]
        print(drawn_negatives.WORTH)
    notes = label_notes.read_notes(args.leave_out) if args.leave_out else None
    decision = fit_decision.fit_decision(
        args.run_folder,
        args.data,
        args.brain_mri,
        negatives,
        set(args.unseen),
        cache,
        notes,
        args.further,
        args.doubt,
    )
    print(f"temperature {decision.temperature:.3f}, uncertain below {decision.min_probability:.3f}")
    for name, rate in decision.gate_rates.items():
        kind = "brain MRI" if rate["brain_mri"] else "not brain MRI"
        seen = ", never fitted" if name in args.unseen else "" if rate["seen_in_fit"] else ", too small to be fitted"
        print(f"  {name} ({kind}{seen}): {rate['test_accepted']} of {rate['test_images']} held-back images accepted")
    print(f"written to {args.run_folder}")
    print_next("brain-tumor-train", "export", args.run_folder, "--data", args.data, "--out", "mine.tfliteA")
