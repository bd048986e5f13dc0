"""What bad files cost: processor time and memory of each of those in ``tests/hostile``, the dearest first.

    python benchmarks/bad_files.py --rows 20 --out bad-files.json

Each is read in a process of its own, all its slices, with a network that does nothing. Memory is what a process took
at most above one that has read good files.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # the files are made by the tests' recipes

from tests.hostile.bad_file import BadFile  # noqa: E402
from tests.hostile.test_bad_files import BAD_FILES  # noqa: E402


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, and write the JSON file where one is asked for."""
    args = _parse(argv)
    measured = sorted(measure(BAD_FILES), key=lambda line: -line["processor_s"])
    print(f"{len(measured)} bad files, {args.rows} that took longest; seconds of processor time, MB above good files")
    for line in measured[: args.rows]:
        name = ascii(line["name"])[1:-1]
        print(f"  {name[:44]:<46}{line['size'] / 1e6:8.2f} MB{line['processor_s']:8.2f} s{line['above_mb']:8.0f} MB")
    print(f"most memory: {max(line['above_mb'] for line in measured):.0f} MB above good files")
    if args.out:
        args.out.write_text(json.dumps(measured, indent=2) + "\n", encoding="utf-8")
    return 0


def measure(files: Sequence[BadFile]) -> Iterator[dict[str, Any]]:
    """Name, size and cost of each file; exits when a process did not end well."""
    with tempfile.TemporaryDirectory() as folder:
        content, listed = Path(folder, "file"), Path(folder, "list.json")
        for number, bad in enumerate(files, 1):
            print(f"\r{number} of {len(files)}", end="\r", file=sys.stderr)
            content.write_bytes(bad.build())
            listed.write_text(json.dumps([(bad.name, str(content))]), encoding="utf-8")
            command = [sys.executable, "-m", "tests.hostile.reading", str(listed)]
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
            if done.returncode:
                raise SystemExit(f"{bad.name!a} ended its process with status {done.returncode}\n{done.stderr}")
            good, line = map(json.loads, done.stdout.splitlines())
            yield {
                "name": bad.name,
                "size": content.stat().st_size,
                "processor_s": line["processor_s"],
                "above_mb": line["peak_mb"] - good["peak_mb"],
            }


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=20, help="how many to print")
    parser.add_argument("--out", type=Path, help="also write the figures of all to this JSON file")
    return parser.parse_args(argv)


if __name__ == "__main__":
    raise SystemExit(main())
