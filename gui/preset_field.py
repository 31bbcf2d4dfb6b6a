"""Where rules begin: some that are ready, the classical forms, or one's own."""

from collections.abc import Mapping

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QComboBox

from toolkit.lyrics.forms import find_form
from toolkit.lyrics.rules import LyricRules

from .rule_fields import RuleField
from .rule_presets import form_groups

_MOST_SHOWN = 18
_RULES = Qt.ItemDataRole.UserRole


class PresetField(RuleField):
    """A list in groups; what is chosen in it becomes the rules."""

    chosen = Signal(object)  # LyricRules, or None: one's own

    def __init__(self) -> None:
        self._box = QComboBox()
        self._box.setMaxVisibleItems(_MOST_SHOWN)
        self._box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        super().__init__("form", self._box)
        self._own = 0
        self._box.activated.connect(self._choose)

    def set_presets(self, own: str, groups: Mapping[str, Mapping[str, LyricRules]]) -> None:
        """What can be chosen.

        Args:
            own: the name of the first, one's own rules.
            groups: by their titles, in the language of the window.
        """
        model = QStandardItemModel(self._box)
        model.appendRow(QStandardItem(own))
        for title, presets in groups.items():
            head = QStandardItem(title)
            head.setFlags(Qt.ItemFlag.NoItemFlags)
            font = head.font()
            font.setBold(True)
            head.setFont(font)
            model.appendRow(head)
            for name, rules in presets.items():
                item = QStandardItem(name)
                item.setData(rules, _RULES)
                model.appendRow(item)
        with QSignalBlocker(self._box):
            self._box.setModel(model)
            self._box.setCurrentIndex(0)

    def value(self) -> object:
        """The rules chosen; None is one's own."""
        return self._box.currentData(_RULES)

    def _show(self, value: object) -> None:
        form = find_form(value.form) if isinstance(value, LyricRules) and value.form else None
        for i in range(self._box.count()):
            rules = self._box.itemData(i, _RULES)
            if rules is not None and (rules == value or (form and find_form(rules.form) is form)):
                self._box.setCurrentIndex(i)
                return
        self._box.setCurrentIndex(0)

    def set_own_name(self, name: str) -> None:
        """What the first is called: rules, or a template, of one's own."""
        self._box.setItemText(0, name)

    def _choose(self, index: int) -> None:
        self.chosen.emit(self._box.itemData(index, _RULES))


def form_presets() -> tuple[dict[str, LyricRules], dict[str, LyricRules]]:
    """The classical forms as rules: regulated verse, and tunes."""
    verse, tunes = ({name: LyricRules(form=name) for name in names} for names in form_groups())
    return verse, tunes
