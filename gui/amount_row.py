"""One number: label and box in a line, a slider beneath, a sentence of help."""

from collections.abc import Sequence
from itertools import pairwise

from PySide6.QtCore import QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QDoubleSpinBox, QGridLayout, QLabel, QSlider, QWidget

from .muted_label import MutedLabel
from .scales import position_of

_WIDEST = "100,000"
"""Of the numbers that a box shows."""


class _Box(QDoubleSpinBox):
    """A box that leaves the wheel to the panel it stands in until it is chosen; all are of one width."""

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """As high as any, as wide as the widest number."""
        metrics = self.fontMetrics()
        return QSize(metrics.horizontalAdvance(_WIDEST) + 2 * metrics.height(), super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """The same."""
        return self.sizeHint()

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 - Qt's name
        """Only with the focus."""
        super().wheelEvent(event) if self.hasFocus() else event.ignore()


class _Slider(QSlider):
    """A slider that leaves the wheel alone in the same way."""

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 - Qt's name
        """Only with the focus."""
        super().wheelEvent(event) if self.hasFocus() else event.ignore()


class AmountRow(QWidget):
    """A number that is changed in a box or by a slider whose stops need not be even.

    The slider may end before the box does. A value that was set is kept as it is, however the box rounds it.
    """

    changed = Signal()
    """By hand, never by `set_value`."""

    def __init__(
        self, stops: Sequence[float], low: float, high: float, decimals: int, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._value = float(low)
        self._stops = tuple(stops)
        self.label = QLabel(self)
        self.box = _Box(self)
        self.slider = _Slider(Qt.Orientation.Horizontal, self)
        self.help = MutedLabel(self)
        self.label.setBuddy(self.box)
        self.label.setTextFormat(Qt.TextFormat.PlainText)
        self.box.setDecimals(decimals)
        self.box.setRange(low, high)
        self.box.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.box.setSingleStep(min((b - a for a, b in pairwise(stops)), default=1))
        for part in (self.box, self.slider):
            part.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # a wheel that passes over them takes no focus
        self._fit_slider()

        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(1)
        grid.setColumnStretch(0, 1)
        grid.addWidget(self.label, 0, 0)
        grid.addWidget(self.box, 0, 1)
        grid.addWidget(self.slider, 1, 0, 1, 2)
        grid.addWidget(self.help, 2, 0, 1, 2)

        self.box.valueChanged.connect(self._typed)
        self.slider.valueChanged.connect(self._slid)

    def value(self) -> float:
        """The number, whole where the box has no decimals."""
        return self._value if self.box.decimals() else int(self._value)

    def set_value(self, value: float) -> None:
        """Show a number; no signal."""
        self._value = value
        self._show()

    def set_end(self, high: int, stops: Sequence[float]) -> None:
        """Another largest number, and other stops. A value above it is shown as the largest, and kept."""
        self._stops = tuple(stops)
        with QSignalBlocker(self.box):
            self.box.setMaximum(high)
        self._fit_slider()
        self._show()

    def set_words(self, label: str, sentence: str, tip: str, lowest: str = "") -> None:
        """What it is called, a sentence of help, a tooltip, and what the lowest number is called."""
        self.label.setText(label)
        self.help.setText(sentence[:1].upper() + sentence[1:])
        self.box.setSpecialValueText(lowest)
        for part in (self.box, self.slider):
            part.setAccessibleName(label)
            part.setAccessibleDescription(sentence)
            part.setToolTip(tip)

    def _typed(self, value: float) -> None:
        self._value = value
        with QSignalBlocker(self.slider):
            self.slider.setValue(position_of(value, self._stops))
        self.changed.emit()

    def _slid(self, position: int) -> None:
        self._value = self._stops[position]
        with QSignalBlocker(self.box):
            self.box.setValue(self._value)
        self.changed.emit()

    def _show(self) -> None:
        with QSignalBlocker(self.box), QSignalBlocker(self.slider):
            self.box.setValue(self._value)
            self.slider.setValue(position_of(self._value, self._stops))

    def _fit_slider(self) -> None:
        with QSignalBlocker(self.slider):
            self.slider.setRange(0, len(self._stops) - 1)
            self.slider.setPageStep(max(1, len(self._stops) // 8))
