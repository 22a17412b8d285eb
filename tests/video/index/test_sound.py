"""Sound from a late start is the same whether the file is searched or read from its beginning."""

from fractions import Fraction
from pathlib import Path

import pytest

from tests.clips import make_clip
from tests.packets import packets
from tests.restoration.made import made
from vidrestore.base.settings import Encoding, Reading
from vidrestore.restoration.job import prepare
from vidrestore.restoration.pipeline import restore
from vidrestore.video.tracks import copier


@pytest.mark.parametrize("subtitles", [0, 1])
@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_sound_and_subtitles_of_a_late_start(
    tmp_path: Path, suffix: str, subtitles: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    if subtitles and suffix != "mkv":
        pytest.skip("made for Matroska only")
    source = tmp_path / f"in.{suffix}"
    make_clip(source, frames=900, rate=Fraction(10), options={"g": "20"}, audio=2, subtitles=subtitles)
    found = []
    for near in (Fraction(10**6), Fraction(60)):
        monkeypatch.setattr(copier, "NEAR", near)
        target = tmp_path / f"out{near}.mkv"
        reading = Reading(start=Fraction(803, 10), end=Fraction(85))
        stage = made("same", lambda frames, _: iter(frames))
        restore(prepare(source, target, (stage,), reading=reading, encoding=Encoding(codec="ffv1")))
        found.append([packets(target, kind) for kind in ("video", "audio", "subtitle")])
    assert found[0] == found[1]
    assert len(found[1][1]) == 2 and all(found[1][1])
