"""What stands beside the text: rules, sampling, the model, and what was generated."""

from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QTabWidget, QWidget

from .history_panel import HistoryPanel
from .model_panel import ModelPanel
from .rules_panel import RulesPanel
from .sampling_panel import SamplingPanel


class SidePanel(QTabWidget):
    """The panels, one at a time."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rules = RulesPanel()
        self.sampling = SamplingPanel()
        self.model = ModelPanel()
        self.history = HistoryPanel()
        for panel in (self.rules, self.sampling, self.model):
            self.addTab(_scrolled(panel), "")
        self.addTab(self.history, "")
        self.setDocumentMode(True)
        self.setMinimumWidth(330)
        self.retranslate()

    def show_model(self) -> None:
        """The panel of the model."""
        self.show()
        self.setCurrentIndex(2)

    def retranslate(self) -> None:
        """Set all texts in the language of the window."""
        names = (self.tr("Rules"), self.tr("Sampling"), self.tr("Model"), self.tr("History"))
        for i, name in enumerate(names):
            self.setTabText(i, name)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """Another language."""
        if event.type() == QEvent.Type.LanguageChange:
            self.retranslate()
        super().changeEvent(event)


def _scrolled(panel: QWidget) -> QScrollArea:
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(panel)
    return area
