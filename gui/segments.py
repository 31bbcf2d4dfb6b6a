"""A row of buttons of which one is on."""

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QPushButton,
    QSizePolicy,
    QStyle,
    QStyleOptionButton,
    QStylePainter,
    QWidget,
)


class Segment(QPushButton):
    """A button in the accent while it is on."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setCheckable(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Its text with little around it; the style wants room for a longer one."""
        metrics = self.fontMetrics()
        return QSize(metrics.horizontalAdvance(self.text()) + metrics.height() // 2, super().minimumSizeHint().height())

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """The style's button; while on a plain area of the accent, which the style's shine would make too pale."""
        option = QStyleOptionButton()
        self.initStyleOption(option)
        painter = QStylePainter(self)
        if not self.isChecked():
            painter.drawControl(QStyle.ControlElement.CE_PushButton, option)
            return
        palette = QPalette(option.palette)
        palette.setColor(QPalette.ColorRole.ButtonText, palette.color(QPalette.ColorRole.HighlightedText))
        option.palette = palette
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(palette.color(QPalette.ColorRole.Accent))
        painter.setPen(palette.color(QPalette.ColorRole.Text) if self.hasFocus() else Qt.PenStyle.NoPen)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 3, 3)
        painter.drawControl(QStyle.ControlElement.CE_PushButtonLabel, option)


class Segments(QWidget):
    """Names side by side; the arrow keys go from one to the next."""

    chosen = Signal(str)
    """By hand, never by `set_choice`."""

    def __init__(self, names: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.buttons = {name: Segment(self) for name in names}
        self._group = QButtonGroup(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        for name, button in self.buttons.items():
            self._group.addButton(button)
            row.addWidget(button)
            button.clicked.connect(lambda _on=True, name=name: self.chosen.emit(name))

    def choice(self) -> str:
        """The name that is on; empty at first."""
        return next((name for name, button in self.buttons.items() if button.isChecked()), "")

    def set_choice(self, name: str) -> None:
        """Turn one on; no signal."""
        self.buttons[name].setChecked(True)

    def set_words(self, name: str, text: str, tip: str) -> None:
        """What a button says, and its tooltip."""
        self.buttons[name].setText(text)
        self.buttons[name].setToolTip(tip)
        self.buttons[name].setAccessibleDescription(tip)
