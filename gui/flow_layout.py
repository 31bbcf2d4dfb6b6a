"""Widgets in a row that goes on in the next one where it is full."""

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import QLayout, QLayoutItem, QStyle, QWidget


class FlowLayout(QLayout):
    """From left to right, each widget as wide as it wants to be, and as many rows as that takes."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._items: list[QLayoutItem] = []
        self.setContentsMargins(0, 0, 0, 0)

    def addItem(self, item: QLayoutItem) -> None:  # noqa: N802 - Qt's name
        """As of QLayout."""
        self._items.append(item)

    def count(self) -> int:
        """As of QLayout."""
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:  # noqa: N802 - Qt's name
        """As of QLayout."""
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:  # noqa: N802 - Qt's name
        """As of QLayout."""
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def expandingDirections(self) -> Qt.Orientation:  # noqa: N802 - Qt's name
        """None: it takes what it needs."""
        return Qt.Orientation(0)

    def hasHeightForWidth(self) -> bool:  # noqa: N802 - Qt's name
        """The narrower, the more rows."""
        return True

    def heightForWidth(self, width: int) -> int:  # noqa: N802 - Qt's name
        """Of all rows."""
        return self._place(QRect(0, 0, width, 0), move=False)

    def setGeometry(self, rect: QRect) -> None:  # noqa: N802 - Qt's name
        """Put the widgets in their places."""
        super().setGeometry(rect)
        self._place(rect, move=True)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """All in one row."""
        sizes = [item.sizeHint() for item in self._items if not item.isEmpty()]
        gaps = self._gap(Qt.Orientation.Horizontal) * max(0, len(sizes) - 1)
        return QSize(sum(size.width() for size in sizes) + gaps, max((size.height() for size in sizes), default=0))

    def minimumSize(self) -> QSize:  # noqa: N802 - Qt's name
        """Room for the widest of them."""
        size = QSize()
        for item in self._items:
            size = size.expandedTo(item.minimumSize())
        return size

    def _gap(self, orientation: Qt.Orientation) -> int:
        across = orientation == Qt.Orientation.Horizontal
        metric = (
            QStyle.PixelMetric.PM_LayoutHorizontalSpacing if across else QStyle.PixelMetric.PM_LayoutVerticalSpacing
        )
        parent = self.parentWidget()
        gap = parent.style().pixelMetric(metric, None, parent) if parent is not None else -1
        return gap if gap >= 0 else 6

    def _place(self, rect: QRect, *, move: bool) -> int:
        """The height of all rows in this width."""
        across, down = self._gap(Qt.Orientation.Horizontal), self._gap(Qt.Orientation.Vertical)
        x, y = rect.x(), rect.y()
        row: list[tuple[QLayoutItem, QRect]] = []
        height = 0

        def put() -> None:
            for item, place in row if move else ():
                item.setGeometry(place.translated(0, (height - place.height()) // 2))

        for item in self._items:
            if item.isEmpty():
                continue
            size = item.sizeHint()
            if row and x + size.width() > rect.x() + rect.width():
                put()
                x, y, row, height = rect.x(), y + height + down, [], 0
            row.append((item, QRect(QPoint(x, y), size)))
            x, height = x + size.width() + across, max(height, size.height())
        put()
        return y + height - rect.y()
