"""What every wrong text is answered, word by word, as a page that people read before they take a change of it.

python tests/language/messages.py      write the page anew
"""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).resolve().parents[1])]

from language.wrong import WRONG, Wrong, diagnose

PAGE = Path(__file__).with_name("messages.txt")


def message(wrong: Wrong) -> str:
    """A text with its wrong place between « and », its sizes, and the sentences in both languages."""
    found = diagnose(wrong.text, wrong.sizes)
    text = wrong.marked if len(wrong.marked) < 300 else f"{wrong.marked[:40]}…"
    lines = [f"{found.code}{f'  sizes: {wrong.sizes}' if wrong.sizes else ''}"]
    lines += [f"    | {line}" for line in text.split("\n")]
    for language in ("en", "zh"):
        lines += [f"    {found.detail(language)}", f"        {found.hint(language)}"]
    return "\n".join(lines)


def page() -> str:
    return "\n\n".join(message(wrong) for wrong in WRONG) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
