"""Text to recurrence: the language in which a model is written.

`parse` reads a text into a `Recurrence`; `FUNCTIONS` is the whole vocabulary; `latex` typesets.
This room needs the standard library only.
"""

from unrolled.language.diagnostics import (
    MESSAGES,
    Diagnostic,
    LanguageError,
    Span,
    Tongue,
    Words,
    listed,
    spoken,
)
from unrolled.language.functions import FUNCTIONS, Function
from unrolled.language.reading import parse
from unrolled.language.terms import (
    Constant,
    Domain,
    Equation,
    Initial,
    Parameter,
    Position,
    Recurrence,
    Reference,
    Setting,
    Shape,
    Stop,
    Term,
    Variable,
)

__all__ = [
    "FUNCTIONS",
    "MESSAGES",
    "Constant",
    "Diagnostic",
    "Domain",
    "Equation",
    "Function",
    "Initial",
    "LanguageError",
    "Parameter",
    "Position",
    "Recurrence",
    "Reference",
    "Setting",
    "Shape",
    "Span",
    "Stop",
    "Term",
    "Tongue",
    "Variable",
    "Words",
    "listed",
    "parse",
    "spoken",
]
