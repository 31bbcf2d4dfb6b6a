"""Where the folder app begins: `toolkit gui` with the arguments that the program was given."""

import os

from toolkit.gui.commands import main

_PATH = "LD_LIBRARY_PATH"


def own_library_path() -> None:
    """Give the system's programs that we start their own libraries; ours have been found by now."""
    own = os.environ.pop(f"{_PATH}_ORIG", None)
    if own is None:
        os.environ.pop(_PATH, None)
    else:
        os.environ[_PATH] = own


if __name__ == "__main__":
    own_library_path()
    main()
