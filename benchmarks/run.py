"""Measure all figures of docs/benchmarks.md, and rewrite its table.

    python benchmarks/run.py                     everything, some twelve minutes; writes the document
    python benchmarks/run.py generate export     parts of it; prints the table and writes nothing

Leave the machine alone meanwhile: other work shows in the spread, and in the load average that is noted.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

from d2l_training import EPOCHS, measure_training
from processes import measure_demo, measure_export, measure_generate
from report import Figure, check_marks, machine, markdown, rewrite

DOCUMENT = Path(__file__).parents[1] / "docs" / "benchmarks.md"
SCRIPT = "benchmarks/run.py"
PARTS = ("training", "generate", "export", "demo")


def arguments() -> argparse.Namespace:
    """What the command line asks for."""
    summary, _, more = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        description=summary, epilog=more, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"what to measure: {', '.join(PARTS)}; default: all")
    parser.add_argument("--runs", type=int, default=7, help="counted runs of generate and export (%(default)s)")
    parser.add_argument("--demo-runs", type=int, default=3, help="counted runs of demo (%(default)s)")
    parser.add_argument("--epochs", type=int, default=EPOCHS, help="epochs of training (%(default)s)")
    parser.add_argument("--demo", type=Path, help="folder of an earlier `toolkit demo`, for generate and export")
    parser.add_argument("--json", action="store_true", help="one JSON object with every value on standard output")
    chosen = parser.parse_args()
    unknown = set(chosen.parts) - set(PARTS)
    if unknown:
        parser.error(f"expected parts among {', '.join(PARTS)}, found {', '.join(sorted(unknown))}")
    if min(chosen.runs, chosen.demo_runs, chosen.epochs - 1) < 1:
        parser.error("expected at least 1 run and 2 epochs")
    return chosen


def measure(parts: set[str], args: argparse.Namespace, folder: Path) -> list[Figure]:
    """The figures of the parts asked for. generate and export use what the first demo made."""
    figures = []
    if "training" in parts:
        figures += measure_training(folder / "d2l", args.epochs)
    demo = args.demo
    if "demo" in parts or (demo is None and parts & {"generate", "export"}):
        demo_figure = measure_demo(folder / "demo", args.demo_runs if "demo" in parts else 1)
        demo = demo or folder / "demo" / "1"
    if "generate" in parts:
        figures.append(measure_generate(demo, args.runs))
    if "export" in parts:
        figures.append(measure_export(demo, folder, args.runs))
    if "demo" in parts:
        figures.append(demo_figure)
    return figures


def main() -> None:
    """Measure, print, and write the document if everything was measured at full length."""
    args = arguments()
    parts = set(args.parts or PARTS)
    complete = parts == set(PARTS) and args.epochs == EPOCHS and args.runs >= 5
    if complete:
        check_marks(DOCUMENT, SCRIPT)
    facts = machine()
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(parts, args, Path(folder))
    table = markdown(figures, facts)
    if args.json:
        print(json.dumps({"machine": facts, "figures": [figure.to_dict() for figure in figures]}, ensure_ascii=False))
    else:
        print(table)
    if complete:
        rewrite(DOCUMENT, SCRIPT, table)
        print(f"wrote {DOCUMENT}", file=sys.stderr)
    else:
        print("not everything was measured at full length: docs/benchmarks.md stays as it is", file=sys.stderr)


if __name__ == "__main__":
    main()
