"""A short run of the fuzzers in tools/; the long ones are run by hand, as README.md and the tools say."""

import sys
from pathlib import Path

import pytest

from tests.clips import make_clip
from tests.conftest import REPOSITORY

sys.path.append(str(REPOSITORY / "tools" / "checks"))  # where they find each other

import fuzz
import fuzz_readers

READERS = (
    *("weights", "manifest", "frames.csv", "scenes", "pairs", "piece", "run settings"),
    *("checkpoint", "cache", "blur", "package", "catalogue", "index", "record"),
)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".flv", ".ts", ".avi"])
def test_damaged_videos(suffix: str, tmp_path: Path) -> None:
    source = make_clip(tmp_path / f"in{suffix}", frames=4, size=(48, 32), audio=1, chapters=suffix in (".mp4", ".mkv"))
    case = tmp_path / "case"
    for number in range(20):
        case.mkdir()
        for each, _ in fuzz.cases(7, [number], [source], case):
            assert not fuzz.judge(each, case), each
        case.rename(tmp_path / f"done{number}")


def test_there_are_no_other_readers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIDRESTORE_CACHE", str(tmp_path / "cache"))
    assert set(fuzz_readers.readers(tmp_path)) == set(READERS)


@pytest.mark.parametrize("name", READERS)
def test_damaged_files_of_our_own(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIDRESTORE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(fuzz_readers, "LIMIT", 0)  # pytest's own timer counts
    reader = fuzz_readers.readers(tmp_path)[name]
    if name != "checkpoint":  # a public network's is large: what is damaged here fits none
        reader.read(whole(reader, tmp_path))
    assert not list(fuzz_readers.fuzz(name, reader, seed=7, cases=40, folder=tmp_path))


def whole(reader: fuzz_readers.Reader, folder: Path) -> Path:
    path = folder / reader.name
    path.write_bytes(reader.seed)
    return path
