"""visible(): text of files and paths, fit to be shown."""

from unicodedata import category

LONGEST = 4000
"""Characters of one text that are shown."""
_HIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""Kinds of characters that steer a terminal, turn the direction of others, or show nothing."""
_JOINERS = "\u200c\u200d"
"""Two of them that Persian and emoji need."""


def visible(text: object, *, longest: int = LONGEST) -> str:
    """One line in which every character is seen: those that would act or hide as \\x1b, \\n or \\u202e.

    A byte of a name that is no UTF-8 is \\xff and the like. Of a longer text the middle is left out.
    """
    line = str(text)
    if len(line) > longest:
        half = (longest - 5) // 2
        line = f"{line[:half]} ... {line[-half:]}"
    return line if line.isprintable() else "".join(map(_visible_letter, line))


def _visible_letter(letter: str) -> str:
    if category(letter) not in _HIDDEN or letter in _JOINERS:
        return letter
    if "\udc80" <= letter <= "\udcff":  # how Python keeps such a byte
        return f"\\x{ord(letter) - 0xDC00:02x}"
    return letter.encode("unicode_escape").decode()
