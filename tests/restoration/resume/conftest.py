"""Pieces of these tests are short."""

import pytest

from vidrestore.video.resume import pieces

from .runs import PIECE


@pytest.fixture(autouse=True)
def _short_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "FRAMES", PIECE)
