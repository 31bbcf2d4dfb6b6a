"""The fonts that lyrics are set in."""

from PySide6.QtGui import QFont, QFontDatabase

_PREFERRED = (
    "Noto Serif CJK SC",
    "Noto Serif SC",
    "Source Han Serif SC",
    "Source Han Serif CN",
    "Songti SC",
    "STSong",
    "SimSun",
    "AR PL UMing CN",
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "PingFang SC",
    "Microsoft YaHei",
    "WenQuanYi Micro Hei",
)
"""Serif before sans: of Linux, macOS and Windows."""
_LATIN_SERIF = ("Noto Serif", "Source Serif 4", "Georgia", "DejaVu Serif")


def cjk_family() -> str | None:
    """The family with Chinese characters that lyrics are best set in; None: this machine has none."""
    found = [name for name in QFontDatabase.families(QFontDatabase.WritingSystem.SimplifiedChinese) if name[0] != "."]
    known = {name.partition(" [")[0]: name for name in reversed(found)}  # "[…]" tells apart two makers' fonts of a name
    return next((known[name] for name in _PREFERRED if name in known), found[0] if found else None)


def lyric_font(size: float) -> QFont:
    """A serif with Chinese characters, where there is one, in so many points."""
    family = cjk_family()
    font = QFont()
    font.setFamilies([*([family] if family else []), *_LATIN_SERIF])
    font.setStyleHint(QFont.StyleHint.Serif)
    font.setPointSizeF(size)
    return font
