"""Count the lines of product code, without blanks, comments and docstrings.

python tools/checks/count_lines.py vidrestore
"""

import ast
import io
import sys
import tokenize
from collections import Counter
from pathlib import Path

SILENT = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}


def code_lines(text: str) -> int:
    """Lines with a token that is neither a comment nor part of a docstring (any string that stands alone)."""
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    lines = {line for token in tokens if token.type not in SILENT for line in range(token.start[0], token.end[0] + 1)}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            lines -= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return len(lines)


def main() -> None:
    """Print the lines of each folder below the one that is named, and of all."""
    package, found = Path(sys.argv[1]), Counter[str]()
    for path in sorted(package.rglob("*.py")):
        found[path.relative_to(package).parts[0]] += code_lines(path.read_text(encoding="utf-8"))
    for name, lines in found.items():
        print(f"{lines:6} {name}")
    print(f"{found.total():6} in all")


if __name__ == "__main__":
    main()
