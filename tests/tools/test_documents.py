"""The documents: examples run as printed, paths and options that they name are there, and the site builds."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import typer

from tests.conftest import REPOSITORY
from vidrestore.cli.program import app
from vidrestore.models.processor import apply

sys.path.append(str(REPOSITORY / "tools" / "checks"))

import run_documents

PAGES = [REPOSITORY / "CONTRIBUTING.md", REPOSITORY / "CHANGELOG.md", *run_documents.pages()]
FAST = ("README.md",)
"""Pages whose examples take less than half a minute."""
EXAMPLES = {"vidrestore/models/networks/srcnn.py"}
"""Files that a reader is told to make."""


def name_of(page: Path) -> str:
    return str(page.relative_to(REPOSITORY))


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, id=name_of(page), marks=[] if name_of(page) in FAST else [pytest.mark.slow])
        for page in run_documents.pages()
        if any(run_documents.blocks(page))
    ],
)
@pytest.mark.timeout(1200)
def test_examples_run_as_printed(page: Path, shared_data: Path) -> None:
    wrong = run_documents.failures(page, shared_data)
    assert not wrong, "\n".join(f"line {each.block.line}\n{each.block.text}{each.printed}" for each in wrong)


def test_an_example_that_fails_is_told(tmp_path: Path) -> None:
    page, apart = tmp_path / "page.md", "<!-- not run: why -->\n```bash\nfalse\n```\n"
    page.write_text(f"{apart}\n```bash\necho seen && false\n```\n\n{apart}")
    (failure,) = run_documents.failures(page, tmp_path)
    assert failure.block.line == 6
    assert failure.printed == "seen\nexit code 1"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_blocks_are_run_or_text(page: Path) -> None:
    fences = re.findall(r"^```(.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert set(fences[::2]) <= {"bash", "python", "text"}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_paths_are_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    named = set(re.findall(r"(?<![\w./-])(?:vidrestore|tests|tools|docs|weights)/[\w./-]*\w", text))
    assert [path for path in sorted(named - EXAMPLES) if not (REPOSITORY / path).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_commands_and_their_options_are_there(page: Path) -> None:
    for line in re.findall(r"vidrestore [a-z][^`\n#]*", page.read_text(encoding="utf-8")):
        command = typer.main.get_command(app)
        words = line.split()[1:]
        while words and (inner := getattr(command, "commands", {}).get(words[0])):
            command, words = inner, words[1:]
        known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
        asked = {word.split("=")[0] for each in words for word in each.split("|") if re.match(r"-[a-z-]", word)}
        assert asked <= known, line


def made(page: str, package: str) -> dict[str, Any]:
    """What the first python block of a page defines as a file of `package`."""
    block = re.search(r"^```python\n(.*?)^```$", (REPOSITORY / "docs" / page).read_text(), re.MULTILINE | re.DOTALL)
    assert block
    names: dict[str, Any] = {"__name__": f"{package}.made", "__package__": package}
    exec(block[1], names)
    return names


def test_the_network_that_a_reader_adds_enlarges() -> None:
    network = made("add_network.md", "vidrestore.models.networks")["Srcnn"](3)
    assert apply(network, torch.rand(1, 1, 1, 8, 9)).shape == (1, 1, 1, 24, 27)


def test_the_metric_that_a_reader_adds_measures() -> None:
    max_error = made("add_metric.md", "vidrestore.metrics")["max_error"]
    assert max_error(np.array([[1, 250]], np.uint8), np.array([[3, 5]], np.uint8)) == 245


@pytest.mark.skipif(importlib.util.find_spec("mkdocs") is None, reason='mkdocs is missing: pip install -e ".[docs]"')
def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")]
    built = subprocess.run(words, cwd=REPOSITORY, capture_output=True, text=True, env=os.environ)
    assert built.returncode == 0, built.stderr
    assert (tmp_path / "site" / "guides" / "anime" / "index.html").is_file()
