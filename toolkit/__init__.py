"""Run exported recurrent models: numpy and ONNX Runtime, nothing else.

>>> import toolkit
>>> model = toolkit.load("runs/a/best")              # a bundle folder, or one .onnx file
>>> model.generate("分开", max_new_tokens=50, seed=1)[0].text

Names are loaded on first use, so that ``import toolkit`` costs nothing and needs no onnxruntime.
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING

from .errors import OptionError, ToolkitError
from .version import __version__

# ONNX Runtime's own packages report models and machines to their maker, of late on Linux and macOS, too. Nothing leaves
# this machine unless its owner says so. It is read once, when the library loads.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

if TYPE_CHECKING:
    from .evaluation import perplexity
    from .generation import Generation
    from .language_model import LanguageModel
    from .loading import load, load_module, load_series, load_translator, load_window
    from .module_model import ModuleModel
    from .sampling import SamplingOptions
    from .series_model import SeriesModel
    from .step_model import State, StepModel
    from .tokenizer import CharTokenizer, Tokenizer, WordTokenizer
    from .translation import TranslateOptions, Translation
    from .translator import Translator
    from .window_model import WindowModel

__all__ = [
    "CharTokenizer",
    "Generation",
    "LanguageModel",
    "ModuleModel",
    "OptionError",
    "SamplingOptions",
    "SeriesModel",
    "State",
    "StepModel",
    "Tokenizer",
    "ToolkitError",
    "TranslateOptions",
    "Translation",
    "Translator",
    "WindowModel",
    "WordTokenizer",
    "__version__",
    "load",
    "load_module",
    "load_series",
    "load_translator",
    "load_window",
    "perplexity",
]

_HOME = {
    "CharTokenizer": "tokenizer",
    "Generation": "generation",
    "LanguageModel": "language_model",
    "ModuleModel": "module_model",
    "SamplingOptions": "sampling",
    "SeriesModel": "series_model",
    "State": "step_model",
    "StepModel": "step_model",
    "Tokenizer": "tokenizer",
    "TranslateOptions": "translation",
    "Translation": "translation",
    "Translator": "translator",
    "WindowModel": "window_model",
    "WordTokenizer": "tokenizer",
    "load": "loading",
    "load_module": "loading",
    "load_series": "loading",
    "load_translator": "loading",
    "load_window": "loading",
    "perplexity": "evaluation",
}


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'toolkit' has no attribute {name!r}")
    return getattr(import_module(f"toolkit.{_HOME[name]}"), name)
