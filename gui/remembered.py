"""What a window takes from the last one, and leaves for the next."""

from typing import TYPE_CHECKING

from toolkit.errors import OptionError
from toolkit.lyrics.rules import LyricRules
from toolkit.sampling import SamplingOptions

from . import settings
from .presets import BALANCED, with_preset

if TYPE_CHECKING:
    from .main_window import MainWindow

FIRST_SAMPLING = with_preset(SamplingOptions(), BALANCED)
"""Of somebody who never chose."""


def recall(window: "MainWindow") -> None:
    """Set up a window as the last one was."""
    rules, sampling = window.panel.rules, window.panel.sampling
    try:
        rules.set_rules(LyricRules.from_dict(settings.RULES.get(), "settings"))
    except OptionError:
        rules.set_rules(LyricRules.from_dict(settings.RULES.default, "settings"))
    rules.set_on(settings.RULES_ON.get())
    try:
        sampling.set_options(SamplingOptions.from_dict(settings.SAMPLING.get() or FIRST_SAMPLING.to_dict(), "settings"))
    except OptionError:
        sampling.set_options(FIRST_SAMPLING)
    sampling.set_seed_locked(settings.SEED_LOCKED.get())
    sampling.set_preview_on(settings.PREVIEW.get())
    window.panel.setCurrentIndex(settings.PANEL.get())
    window.page.takes.count.setValue(settings.TAKES.get())
    window.page.show_takes(shown=False)
    window.set_font_points(settings.FONT_POINTS.get())
    for name, setting in (("show_probs", settings.SHOW_PROBS), ("show_rhymes", settings.SHOW_RHYMES)):
        window.actions_by_name[name].setChecked(setting.get())
    window.actions_by_name["show_panel"].setChecked(settings.SHOW_PANEL.get())
    window.panel.setVisible(settings.SHOW_PANEL.get())
    window.bars.show_chosen(settings.LANGUAGE.get(), settings.SCHEME.get())
    if not window.restoreGeometry(settings.to_bytes(settings.GEOMETRY.get())):
        window.resize(1120, 720)
    window.splitter.restoreState(settings.to_bytes(settings.WINDOW_STATE.get()))


def remember(window: "MainWindow") -> None:
    """Leave how a window is."""
    rules, sampling = window.panel.rules, window.panel.sampling
    found = rules.rules()
    if found is not None:
        settings.RULES.set(found.to_dict())
    settings.RULES_ON.set(rules.is_on())
    settings.SAMPLING.set(sampling.options().to_dict())
    settings.SEED_LOCKED.set(sampling.seed_is_locked())
    settings.PREVIEW.set(sampling.preview_is_on())
    settings.PANEL.set(window.panel.currentIndex())
    settings.SHOW_PANEL.set(window.actions_by_name["show_panel"].isChecked())
    settings.TAKES.set(window.page.takes.count.value())
    settings.GEOMETRY.set(settings.from_bytes(window.saveGeometry()))
    settings.WINDOW_STATE.set(settings.from_bytes(window.splitter.saveState()))
    settings.FILE.set(str(window.keeper.path or ""))
