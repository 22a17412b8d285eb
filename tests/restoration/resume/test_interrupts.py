"""What an interrupt leaves, at any moment of a run."""

from pathlib import Path

import pytest

from tests.clips import make_clip
from vidrestore.base.settings import Encoding
from vidrestore.video.encode import mux
from vidrestore.video.resume import pieces
from vidrestore.video.resume.pieces import PieceUnderWay

from .runs import PIECE, identity, made, pictures, stopping


def test_a_run_stopped_early_leaves_nothing(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mkv", frames=12)
    for stop in (0, 1, PIECE - 1):
        with pytest.raises(KeyboardInterrupt):
            made(source, tmp_path / "out.mp4", stopping(identity(), stop))
        assert [path.name for path in tmp_path.iterdir()] == ["in.mkv"]


def test_without_it_nothing_is_left_as_ever(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mkv", frames=12)
    with pytest.raises(KeyboardInterrupt):
        made(source, tmp_path / "out.mp4", stopping(identity(), 11), resume=False)
    assert [path.name for path in tmp_path.iterdir()] == ["in.mkv"]


def test_what_is_left_of_an_interrupted_run_is_said(tmp_path: Path) -> None:
    source, target = make_clip(tmp_path / "in.mkv", frames=12), tmp_path / "out.mkv"
    with pytest.raises(KeyboardInterrupt):
        made(source, target, stopping(identity(), 11))
    (tmp_path / "out.part.mkv").write_bytes(b"half")
    report = made(source, target, identity(), resume=False)
    assert [warning.split(" ", 1)[0] for warning in report.warnings] == [
        str(tmp_path / "out.mkv.part"),
        str(tmp_path / "out.part.mkv"),
    ]
    assert "--resume goes on" in report.warnings[0] and "one that was killed left it" in report.warnings[1]


def test_an_interrupt_just_after_a_piece_is_whole_costs_a_piece_at_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = make_clip(tmp_path / "in.mkv", frames=12)
    finish, times = PieceUnderWay.finish, []

    def interrupted(self: PieceUnderWay) -> None:
        finish(self)
        times.append(1)
        if len(times) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(PieceUnderWay, "finish", interrupted)
    with pytest.raises(KeyboardInterrupt):
        made(source, tmp_path / "out.mkv", identity())
    assert made(source, tmp_path / "out.mkv", identity()).resumed in (5, 10)
    assert len(pictures(tmp_path / "out.mkv")) == 12


@pytest.mark.parametrize("place", ["start", "middle", "end"])
def test_an_interrupt_while_the_file_is_made_of_the_pieces(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = make_clip(tmp_path / "in.mp4", frames=12, audio=1)
    name = {"start": "open_output", "middle": "PacketClock", "end": ""}[place]

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        if place == "end":
            patched.setattr(mux.Mux, "give_name", interrupt)
        else:
            patched.setattr(mux, name, interrupt)
        with pytest.raises(KeyboardInterrupt):
            made(source, tmp_path / "out.mp4", identity(), Encoding())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.mp4", "out.mp4.part"]
    assert made(source, tmp_path / "out.mp4", identity(), Encoding()).resumed == 12
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.mp4", "out.mp4"]
    assert len(pictures(tmp_path / "out.mp4")) == 12


def test_an_interrupt_before_anything_is_whole_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = make_clip(tmp_path / "in.mkv", frames=12)

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    for module, name in ((pieces, "open_output"), (pieces, "write_whole")):
        with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
            patched.setattr(module, name, interrupt)
            made(source, tmp_path / "out.mkv", identity())
        assert [path.name for path in tmp_path.iterdir()] == ["in.mkv"]
