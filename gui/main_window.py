"""The window: where everything is, and who hears of what."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QEvent, Qt, QTimer
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtWidgets import QApplication, QLabel, QMainWindow, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from toolkit.errors import ToolkitError
from toolkit.lyrics.like import rules_like

from . import remembered, settings, theme
from .actions import TAKES, make_actions
from .alternatives_popup import AlternativesPopup
from .answerer import Answerer
from .bars import Bars
from .desk import Desk
from .dialogs import Dialogs
from .files import Files
from .fonts import cjk_family
from .inspector import Inspector
from .keeper import Keeper
from .languages import Languages
from .message_bar import MessageBar
from .model_in_use import ModelInUse
from .model_opener import ModelOpener
from .project import SUFFIX, Project
from .side_panel import SidePanel
from .takes_writer import TakesWriter
from .translate_page import TranslatePage
from .worker import close_lanes
from .workspace import Workspace
from .writer import Writer
from .writing_page import WritingPage

SMALLEST, LARGEST = 9, 40
"""Points of the text."""


class MainWindow(QMainWindow):
    """All of it; `toolkit.gui.app` makes one."""

    def __init__(self, languages: Languages) -> None:
        super().__init__()
        self._languages = languages
        self._generates_soon = False
        self.actions_by_name = make_actions(self)
        self.messages = MessageBar()
        self.page = WritingPage()
        self.panel = SidePanel()
        self.translate_page = TranslatePage()
        self.popup = AlternativesPopup(self.page.editor)
        self.models = ModelOpener(self)
        page, panel = self.page, self.panel
        self.desk = Desk(page.editor, panel.rules, panel.sampling, self.models, self)
        self.writer = Writer(self.desk)
        self.takes_writer = TakesWriter(self.desk, page.takes)
        self.inspector = Inspector(page.editor, self.popup, panel.rules, panel.sampling, self.models, self)
        self.answerer = Answerer(self.translate_page, self.models, self)
        self.workspace = Workspace(page, panel, self.takes_writer, self.models, self)
        self.keeper = Keeper(self.workspace.project, self)
        self.dialogs = Dialogs(self)
        self.files = Files(self.keeper, self.dialogs, self.page.title.text, self.desk.stop)
        self._build()
        self._connect()
        remembered.recall(self)
        self._show_busy()
        self.retranslate()

    # What it consists of --------------------------------------------------------------------------

    def _build(self) -> None:
        self._pages = QStackedWidget()
        self._pages.addWidget(self.page)
        self._pages.addWidget(self.translate_page)
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        middle = QWidget()
        column = QVBoxLayout(middle)
        column.setContentsMargins(10, 8, 4, 4)
        column.addWidget(self.messages)
        column.addWidget(self._pages, 1)
        self.splitter.addWidget(middle)
        self.splitter.addWidget(self.panel)
        self.splitter.setStretchFactor(0, 1)
        self.splitter.setStretchFactor(1, 0)
        self.splitter.setCollapsible(0, False)
        self.splitter.setSizes([720, 360])
        self.setCentralWidget(self.splitter)
        self.setAcceptDrops(True)
        self.setMinimumSize(640, 420)
        self.bars = Bars(self, self.actions_by_name)
        self.bars.language_chosen.connect(self.use_language)
        self.bars.scheme_chosen.connect(self.use_scheme)
        self.bars.model_wanted.connect(self.panel.show_model)
        self._speed = QLabel()
        self.statusBar().addPermanentWidget(self._speed)

    def _connect(self) -> None:
        page, panel, editor, files = self.page, self.panel, self.page.editor, self.files
        does: dict[str, Callable[[], object]] = {
            "new": files.new,
            "open": files.open,
            "save": files.save,
            "save_as": files.save_as,
            "export_sheet": files.export_sheet,
            "copy_text": lambda: QGuiApplication.clipboard().setText(editor.text()),
            "copy_recipe": self.workspace.copy_recipe,
            "open_model": self.choose_model,
            "quit": self.close,
            "undo": editor.undo,
            "redo": editor.redo,
            "cut": editor.cut,
            "copy": editor.copy,
            "paste": editor.paste,
            "select_all": editor.selectAll,
            "generate": self.generate,
            "stop": self.escape,
            "regenerate": self.writer.regenerate,
            "takes": lambda: self.write_takes(page.takes.count.value()),
            "alternatives": editor.ask,
            "lock_line": lambda: editor.toggle_lock(editor.current_line()),
            "reroll_line": lambda: self.writer.reroll(editor.current_line()),
            "answer": self.show_answers,
            "larger": lambda: self.set_font_points(settings.FONT_POINTS.get() + 1),
            "smaller": lambda: self.set_font_points(settings.FONT_POINTS.get() - 1),
            "usual_size": lambda: self.set_font_points(settings.FONT_POINTS.default),
            "keys": lambda: self.dialogs.show_keys(self.actions_by_name),
            "about": self.dialogs.show_about,
            **{name: partial(self.takes_writer.choose, n) for n, name in enumerate(TAKES)},
        }
        for name, call in does.items():
            self.actions_by_name[name].triggered.connect(_ignoring_checked(call))
        for name, switch in {
            "show_probs": self.show_probs,
            "show_rhymes": self.show_rhymes,
            "show_panel": self.panel.setVisible,
        }.items():
            self.actions_by_name[name].toggled.connect(switch)

        self.desk.busy_changed.connect(self._show_busy)
        self.takes_writer.changed.connect(self.keeper.changed)
        self.desk.problem.connect(self._show_problem)
        self.desk.notice.connect(self.messages.show_message)
        self.desk.wrote.connect(self.workspace.add)
        self.desk.wrote.connect(self.messages.settle)
        self.workspace.generated.connect(self.keeper.changed)
        self.workspace.problem.connect(self._show_problem)
        self.workspace.notice.connect(self.messages.show_message)
        self.workspace.model_wanted.connect(self.models.open)
        self.desk.speed.connect(self._show_speed)
        self.inspector.put_wanted.connect(
            lambda start, end, text, rest: self.writer.put(start, end, text, keep_rest=rest)
        )
        self.keeper.problem.connect(self._show_problem)
        self.keeper.notice.connect(self.messages.show_message)
        self.keeper.opened.connect(self._show_project)
        self.keeper.place_changed.connect(self._show_place)
        self.in_use = ModelInUse(self.models, panel, self.translate_page, self.bars, self)
        self.in_use.problem.connect(self.messages.show_problem)
        self.in_use.notice.connect(self.messages.show_message)
        self.in_use.loading.connect(self.statusBar().showMessage)
        self.models.changed.connect(self._model_changed)
        self.answerer.busy_changed.connect(self._show_busy)

        editor.reroll_wanted.connect(self.writer.reroll)
        for name, can in (("undo", editor.undoAvailable), ("redo", editor.redoAvailable)):
            self.actions_by_name[name].setEnabled(False)
            can.connect(self.actions_by_name[name].setEnabled)
        for changed in (editor.edited, editor.locked_changed, page.title.textChanged):
            changed.connect(self.keeper.changed)
        panel.rules.changed.connect(self.keeper.changed)
        panel.sampling.changed.connect(self.keeper.changed)
        panel.rules.template_like_wanted.connect(self._take_shape)
        panel.model.open_wanted.connect(self.choose_model)
        panel.history.restore_wanted.connect(self.workspace.restore)
        panel.history.copy_recipe_wanted.connect(self.workspace.copy_recipe)
        page.takes.wanted.connect(self.write_takes)
        page.takes.stop_wanted.connect(self.desk.stop)
        page.takes.chosen.connect(self.takes_writer.choose)
        page.takes.closed.connect(lambda: page.show_takes(shown=False))
        self.translate_page.stop_wanted.connect(self.answerer.stop)
        self.translate_page.chosen.connect(self.put_answer)

    def begin(self, model: str | None, project: Path | None) -> None:
        """What is to be in the window at first: a model, and a text."""
        self.page.set_font_anew()  # to be shown takes fonts away, too
        self.models.open(model or settings.MODEL.get())
        if model is not None:
            self.workspace.keep_model()
        restored = project is None and self.keeper.restore()
        if project is not None:
            self.files.open(project)
        elif not restored and settings.FILE.get() and Path(settings.FILE.get()).is_file():
            self.keeper.open(Path(settings.FILE.get()))
        if cjk_family() is None:
            self.messages.show_problem(
                self.tr("No font with Chinese characters was found. Install one, for example: {example}").format(
                    example="apt install fonts-noto-cjk"
                )
            )

    def _show_problem(self, error: ToolkitError) -> None:
        self.messages.show_problem(str(error))

    def show_defect(self, error: BaseException) -> None:
        """Say that the program has a defect; the text is safe."""
        self.messages.show_problem(
            self.tr("A defect of the program: {error}. Your text is kept; what is not saved is there again.").format(
                error=repr(error)
            )
        )

    # What is remembered ---------------------------------------------------------------------------

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - Qt's name
        """What is not saved is there again the next time; only where the disk does not take it, it is asked."""
        QGuiApplication.inputMethod().commit()
        self.page.editor.enter_composed()
        self.desk.stop()
        self.popup.hide()
        self.messages.hide()
        if not self.keeper.flush() and not self.files.may_leave():
            event.ignore()
            return
        remembered.remember(self)
        self.keeper.close()
        self.inspector.close()
        close_lanes(self)
        super().closeEvent(event)

    # The text -------------------------------------------------------------------------------------

    def _show_project(self, project: Project) -> None:
        self.writer.forget()
        self.messages.hide()
        self.inspector.close_popup()
        self.workspace.show(project)

    def _take_shape(self) -> None:
        """Rules with the shape of the text that stands there."""
        try:
            self.panel.rules.set_rules(rules_like(self.page.editor.text(), self.models.unit))
        except ToolkitError as error:
            self.messages.show_problem(str(error))

    # Writing --------------------------------------------------------------------------------------

    def generate(self) -> None:
        """Write on; with a model that answers, ask it for the line of the cursor, or what stands on its page."""
        if self.models.opened is None and self.models.busy:
            self._generates_soon = True
            self.messages.show_message(self.tr("The model is being opened; then it writes."))
        elif self.models.translator is None:
            self.writer.generate()
        elif self._pages.currentWidget() is self.translate_page:
            self.translate_page.want()
        else:
            line = self.page.editor.text().split("\n")[self.page.editor.current_line() - 1].strip()
            self._pages.setCurrentWidget(self.translate_page)
            if line:
                self.translate_page.input.setPlainText(line)
                self.translate_page.want()

    def show_answers(self) -> None:
        """The page of answers, or back to the text."""
        here = self._pages.currentWidget() is self.page
        self._pages.setCurrentWidget(self.translate_page if here else self.page)

    def put_answer(self, text: str) -> None:
        """An answer becomes the next line of the text."""
        editor = self.page.editor
        there = editor.text()
        end = len(there)
        editor.replace_range(end, end, f"{'' if not there or there.endswith(chr(10)) else chr(10)}{text}\n")
        self._pages.setCurrentWidget(self.page)
        editor.setFocus()

    def write_takes(self, count: int) -> None:
        """Write several texts side by side."""
        self.page.show_takes(shown=True)
        self.takes_writer.write(count)

    def escape(self) -> None:
        """Leave what is open: alternatives first, then what is being written."""
        if self.popup.isVisible():
            self.inspector.close_popup()
        else:
            self.desk.stop()
            self.answerer.stop()

    def show_probs(self, shown: bool) -> None:
        """Colour by probability, or no longer."""
        settings.SHOW_PROBS.set(shown)
        self.inspector.show_probs(shown)

    def show_rhymes(self, shown: bool) -> None:
        """Colour by rhyme, or no longer."""
        settings.SHOW_RHYMES.set(shown)
        self.page.editor.show_rhymes(shown)

    # The model ------------------------------------------------------------------------------------

    def choose_model(self) -> None:
        """Open a model that is chosen."""
        path = self.dialogs.model()
        if path is not None:
            self.models.open(str(path))

    def _model_changed(self) -> None:
        self.statusBar().clearMessage()
        self._speed.clear()
        self._pages.setCurrentWidget(self.page if self.models.translator is None else self.translate_page)
        self._show_busy()
        if self._generates_soon:
            self._generates_soon = False
            self.messages.hide()
            self.generate()

    def _show_speed(self, tokens_per_second: float) -> None:
        self.panel.model.show_speed(tokens_per_second)
        self._speed.setText(self.tr("{n:,.0f} tokens a second").format(n=tokens_per_second))

    # How it looks ---------------------------------------------------------------------------------

    def _show_busy(self) -> None:
        busy = self.desk.busy or self.answerer.busy
        can_write = self.models.language_model is not None
        actions = self.actions_by_name
        actions["generate"].setEnabled(not busy)
        actions["stop"].setEnabled(busy)
        for name in ("regenerate", "takes", "reroll_line", "alternatives"):
            actions[name].setEnabled(not busy and can_write)
        actions["answer"].setEnabled(not busy and self.models.translator is not None)

    def _show_place(self) -> None:
        path = self.keeper.path
        self.setWindowModified(self.keeper.modified)
        name = path.name if path else (self.page.title.text() or self.tr("Untitled"))
        self.setWindowTitle(self.tr("{name}[*] – Lyrics").format(name=name))

    def set_font_points(self, points: int) -> None:
        """The size of the text."""
        points = min(max(points, SMALLEST), LARGEST)
        settings.FONT_POINTS.set(points)
        self.page.set_font_points(points)

    def use_language(self, code: str) -> None:
        """Speak another language."""
        settings.LANGUAGE.set(code)
        self._languages.use(code)

    def use_scheme(self, scheme: str) -> None:
        """Light, dark, or as the system is."""
        settings.SCHEME.set(scheme)
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        theme.apply_scheme(app, scheme)
        self.page.set_font_anew()

    def follow_system_scheme(self) -> None:
        """The system became dark or light; whoever chose one of them keeps it."""
        if settings.SCHEME.get() not in {theme.LIGHT, theme.DARK}:
            self.use_scheme(theme.SYSTEM)

    def retranslate(self) -> None:
        """Set all texts in the language of the window."""
        self._show_place()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """Another language."""
        if event.type() == QEvent.Type.LanguageChange:
            self.retranslate()
        super().changeEvent(event)

    # What is dropped on it ------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 - Qt's name
        """Files are welcome; what they are is seen when they are opened."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802 - Qt's name
        """Open the first of the files, once the drag has ended."""
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            event.acceptProposedAction()
            QTimer.singleShot(0, self, lambda: self.open_dropped(paths[0]))

    def open_dropped(self, path: Path) -> None:
        """A project, a text or a model."""
        if path.suffix.lower() in {SUFFIX, ".txt"} and not path.is_dir():
            self.files.open(path)
        else:
            self.models.open(str(path))


def _ignoring_checked(call: Callable[[], object]) -> Callable[[], None]:
    """For a signal that says whether something is checked, where nothing is."""

    def called() -> None:
        call()

    return called
