"""The version, in the one place that packaging and files take it from."""

__version__ = "0.1.0"
