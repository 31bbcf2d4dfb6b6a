"""The command of text.py, generate.py and step.py: options, beginnings, and what is written, as it grows."""

import argparse
import os
import signal
import sys
from collections.abc import Callable, Iterator

Stream = Callable[[bytes, argparse.Namespace], Iterator[tuple[str, list[int]]]]
MOST_BYTES, MOST_TOKENS = 60_000, 100_000  # of a beginning, which takes a minute to read, and of a text


def run(stream: Stream) -> None:
    """Go on after the beginning that was given, or after each line of standard input. Ctrl-C stops a text."""
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__)
    parser.add_argument("beginning", nargs="?", help="without it each line of standard input is one")
    parser.add_argument("--max-new-tokens", type=int, default=100, metavar="N")
    parser.add_argument("--temperature", type=float, default=0.8, help="0 takes the best token")
    parser.add_argument("--top-k", type=int, default=0, metavar="K", help="choose among so many; 0 is all")
    parser.add_argument("--seed", type=int, default=1, help="the same seed writes the same text")
    parser.add_argument("--stop-at-newline", action="store_true")
    parser.add_argument("--ids", action="store_true", help="print the ids of the tokens")
    options = parser.parse_args()
    for name, most in {"seed": 2**63 - 1, "max_new_tokens": MOST_TOKENS, "top_k": 2**31, "temperature": 1e30}.items():
        if not 0 <= (value := getattr(options, name)) <= most:
            parser.error(f"expected {name} from 0 to {most}, found {value}")
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # whoever reads may stop reading
    try:
        for line in sys.stdin.buffer if options.beginning is None else [os.fsencode(options.beginning)]:
            write_on(line.removesuffix(b"\n"), stream, options)
    except KeyboardInterrupt:
        sys.exit(130)


def write_on(octets: bytes, stream: Stream, options: argparse.Namespace) -> None:
    """Print what follows on one beginning, as it is written."""
    if len(octets) > MOST_BYTES:
        print(f"this beginning has {len(octets)} bytes, {MOST_BYTES} can be read: shorten it", file=sys.stderr)
        return
    try:
        for text, ids in stream(octets, options):
            sys.stdout.buffer.write("".join(f"{i} " for i in ids).encode() if options.ids else text.encode())
            sys.stdout.flush()
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
    sys.stdout.buffer.write(b"\n")
    sys.stdout.flush()
