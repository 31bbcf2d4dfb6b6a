"""The sheet to write on: a title, the text, and takes below it when they are wanted."""

from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QFrame, QLineEdit, QSplitter, QVBoxLayout, QWidget

from .fonts import lyric_font
from .lyric_editor import LyricEditor
from .takes_view import TakesView


class WritingPage(QWidget):
    """Where a text is written."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._points = 15
        self.title = QLineEdit()
        self.title.setFrame(False)
        self.title.setMaxLength(200)
        self.editor = LyricEditor()
        self.takes = TakesView()
        sheet = QFrame()
        sheet.setObjectName("sheet")
        column = QVBoxLayout(sheet)
        column.setContentsMargins(1, 10, 1, 8)
        column.setSpacing(4)
        column.addWidget(self.title)
        column.addWidget(self.editor, 1)
        self._splitter = QSplitter(Qt.Orientation.Vertical)
        self._splitter.addWidget(sheet)
        self._splitter.addWidget(self.takes)
        self._splitter.setStretchFactor(0, 1)
        self._splitter.setCollapsible(0, False)
        self._splitter.setSizes([320, 340])
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self._splitter, 1)
        self.title.returnPressed.connect(self.editor.setFocus)
        self.retranslate()

    def show_takes(self, *, shown: bool) -> None:
        """Takes below the text, or the text alone."""
        self.takes.setVisible(shown)
        if not shown:
            self.editor.setFocus()

    def set_font_points(self, points: int) -> None:
        """The size of all texts that are written here."""
        self._points = points
        self.editor.setFont(lyric_font(points))
        self.editor.set_font_size(points)
        self.takes.set_text_font(lyric_font(max(9, points - 3)))
        font = lyric_font(points + 3)
        font.setBold(True)
        self.title.setFont(font)

    def set_font_anew(self) -> None:
        """The same size again: another style sheet takes fonts away."""
        self.set_font_points(self._points)

    def retranslate(self) -> None:
        """Set all texts in the language of the window."""
        self.title.setPlaceholderText(self.tr("Title"))
        self.title.setAccessibleName(self.tr("Title of the text"))

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """Another language."""
        if event.type() == QEvent.Type.LanguageChange:
            self.retranslate()
        super().changeEvent(event)
