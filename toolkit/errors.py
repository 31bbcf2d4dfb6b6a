"""The errors a user can cause. Everything else that is raised is a defect of ours."""


class ToolkitError(Exception):
    """Base of all errors with a message for the user.

    The message is one or two sentences: what was expected, what was found, in which file or
    argument, and what to do. The command line prints it without a traceback and exits with 2.
    """


class OptionError(ToolkitError, ValueError):
    """An option has a value outside its range. The message names each such option and its range."""


class FileFormatError(ToolkitError):
    """A file is not what its name or its place says: truncated, altered, or of another kind."""


class ParityError(ToolkitError):
    """An exported graph does not compute what eager PyTorch computes."""


class MissingDependencyError(ToolkitError, ImportError):
    """An optional package is needed for what was asked. The message says how to install it."""

    @classmethod
    def for_extra(cls, package: str, purpose: str, extra: str) -> "MissingDependencyError":
        """The standard sentence: which package, what for, and the one line that installs it."""
        return cls(f"{purpose} needs {package}, which is not installed. Run: pip install 'rnn-toolkit[{extra}]'")
