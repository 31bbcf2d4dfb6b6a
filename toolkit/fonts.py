"""Whether this machine can show Chinese."""

import shutil
import subprocess
import sys
from pathlib import Path

_CJK_FILES = {
    "win32": ("C:/Windows/Fonts", ("msyh.ttc", "msyh.ttf", "simsun.ttc", "simhei.ttf")),
    "darwin": ("/System/Library/Fonts", ("PingFang.ttc", "STHeiti Light.ttc", "Hiragino Sans GB.ttc")),
}


def cjk_font() -> str | None:
    """The name of a font with Chinese characters, or None if there is none.

    Linux asks fontconfig; Windows and macOS come with fonts of known names.
    """
    if sys.platform in _CJK_FILES:
        folder, names = _CJK_FILES[sys.platform]
        return next((name for name in names if (Path(folder) / name).exists()), None)
    program = shutil.which("fc-list")
    if program is None:
        return None
    listed = subprocess.run([program, ":lang=zh", "family"], capture_output=True, text=True, check=False)
    families = sorted(line.split(",")[0] for line in listed.stdout.splitlines() if line.strip())
    return families[0] if families else None
