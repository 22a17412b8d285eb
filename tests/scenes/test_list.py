"""Lists of scenes, in PySceneDetect's own words and as pairs, and the frames they mean."""

import csv
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidrestore.errors import UsageError
from vidrestore.frame.frame import Frame
from vidrestore.scenes.assign import Placed, by_cuts, by_list, collect_scenes, cut_by_list, mismatches
from vidrestore.scenes.list import Scene, read_scenes, scene_list, timecode

# Written by scenedetect 0.7.2 list-scenes, of clips/cursed_vfr.mp4: 63 frames of uneven length, its numbers guessed.
SCENEDETECT = """\
Timecode List:,00:00:01.263
Scene Number,Start Frame,Start Timecode,Start Time (seconds),End Frame,End Timecode,End Time (seconds),Length (frames),Length (timecode),Length (seconds)
1,1,00:00:00.000,0.000,9,00:00:01.263,1.263,9,00:00:01.263,1.263
2,10,00:00:01.263,1.263,53,00:00:07.294,7.294,44,00:00:06.031,6.031
"""  # noqa: E501


def film(*lengths: int, durations: tuple[int, ...] = ()) -> list[Frame]:
    """Frames of a tenth of a second, or of `durations` tenths, with a cut after each of `lengths`."""
    firsts = {sum(lengths[:n]) for n in range(len(lengths))}
    tenths = durations or (1,) * sum(lengths)
    return [
        Frame(None, Fraction(sum(tenths[:n]), 10), Fraction(tenth, 10), cut=n in firsts)
        for n, tenth in enumerate(tenths)
    ]


def numbers(placed: list[Placed]) -> list[list[int]]:
    """Frame numbers by scene."""
    return [[p.number for p in placed if p.scene == scene] for scene in range(max(p.scene for p in placed) + 1)]


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "scenes.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_pyscenedetects_file_is_read_and_written_to_the_letter(tmp_path: Path) -> None:
    scenes = read_scenes(written(tmp_path, SCENEDETECT))
    assert scenes == (
        Scene(0, 8, Fraction(0), Fraction(1263, 1000)),
        Scene(9, 52, Fraction(1263, 1000), Fraction(7294, 1000)),
    )
    assert scene_list(scenes, form="scenedetect") == SCENEDETECT


def test_pyscenedetect_reads_ours() -> None:
    """As its load-scenes does: the header in the first or second row, one column of it, frames from 1."""
    scenes = [Scene(0, 9, Fraction(0), Fraction(1)), Scene(10, 14, Fraction(1), Fraction(3, 2))]
    rows = csv.reader(scene_list(scenes, form="scenedetect").splitlines())
    header = next(rows)
    if "Start Frame" not in header:
        header = next(rows)
    assert [int(row[header.index("Start Frame")]) - 1 for row in rows] == [0, 10]


@pytest.mark.parametrize("form", ["scenedetect", "pairs"])
@given(data=st.data())
def test_a_list_comes_back_as_it_went(form: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    ends = sorted(data.draw(st.sets(st.integers(0, 100_000), min_size=2, max_size=12)))
    pairs = list(zip(ends[::2], ends[1::2], strict=False))
    scenes = tuple(Scene(a, b, Fraction(a, 1000), Fraction(b + 1, 1000)) for a, b in pairs)
    back = read_scenes(written(tmp_path_factory.mktemp("list"), scene_list(scenes, form=form)))
    assert back == (scenes if form == "scenedetect" else tuple(Scene(a, b) for a, b in pairs))


def test_lists_edited_by_hand(tmp_path: Path) -> None:
    for text in (
        "1,9\n20,30\n",
        "\ufeff1 ; 9\r\n\r\n20 ; 30\r\n",
        "1\t9\n20\t30",
        "note,Start Frame,End Frame\nkeep,1,9\n,20,30\n",
        "End Frame;Start Frame\n9;1\n30;20\n",
    ):
        assert [(s.first, s.last) for s in read_scenes(written(tmp_path, text))] == [(0, 8), (19, 29)], text
    dropped = "\n".join(line for line in SCENEDETECT.splitlines() if not line.startswith("1,"))
    assert [(s.first, s.last) for s in read_scenes(written(tmp_path, dropped))] == [(9, 52)]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "names no scenes"),
        ("Start Frame,End Frame\n", "names no scenes"),
        ("1,9\n9,12\n", "frame 9 begins a scene, but the one before goes to 9"),
        ("20,30\n1,9\n", "in order"),
        ("9,1\n", "from 9 to 1"),
        ("0,4\n", "from 0 to 4"),
        ("1,nine\n", r"row 1 \(1,nine\)"),
        ("1,2,3\n", r"row 1 \(1,2,3\)"),
        ("Start Frame,End Frame\n1,2\n3\n", r"row 2 \(3\)"),
        ("Start Frame,End Frame,Start Time (seconds)\n1,2,soon\n", "row 1"),
    ],
)
def test_what_is_no_list_is_refused(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        read_scenes(written(tmp_path, text))
    assert "\n" not in str(caught.value)


def test_files_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00\x01\xff")
    for path in (tmp_path / "none.csv", tmp_path, tmp_path / "binary"):
        with pytest.raises(UsageError, match=path.name):
            read_scenes(path)


def test_scenes_without_times_are_written_as_pairs_only() -> None:
    assert scene_list([Scene(3, 7)], form="pairs") == "4,8\n"
    with pytest.raises(UsageError, match="4 to 8"):
        scene_list([Scene(3, 7)], form="scenedetect")


def test_timecodes() -> None:
    assert timecode(Fraction(3661_0015, 10_000)) == "01:01:01.002"
    assert timecode(Fraction(59_9996, 10_000)) == "00:01:00.000"


def test_cuts_make_scenes_with_exact_times() -> None:
    durations = (1, 2, 1, 5, 1, 1)
    scenes: dict[int, Scene] = {}
    placed = list(collect_scenes(by_cuts(film(2, 3, 1, durations=durations)), into=scenes))
    assert numbers(placed) == [[0, 1], [2, 3, 4], [5]]
    assert list(scenes.values()) == [
        Scene(0, 1, Fraction(0), Fraction(3, 10)),
        Scene(2, 4, Fraction(3, 10), Fraction(1)),
        Scene(5, 5, Fraction(1), Fraction(11, 10)),
    ]


def test_a_list_picks_its_frames_and_stops_reading() -> None:
    frames = iter(film(30))
    assert numbers(list(by_list(frames, [Scene(2, 4), Scene(5, 5), Scene(9, 10)]))) == [[2, 3, 4], [5], [9, 10]]
    assert next(frames).pts == Fraction(12, 10)


def test_going_by_time_finds_what_guessed_numbers_miss() -> None:
    """Three slow frames, then fast ones: 1.2 s is the fourth, whatever number the list gives it."""
    frames = film(14, durations=(4, 4, 4, *(1,) * 10, 20))
    late = [Frame(None, f.pts + 5, f.duration) for f in frames]
    scenes = [
        Scene(0, 8, Fraction(0), Fraction(1199, 1000)),
        Scene(9, 12, Fraction(1199, 1000), Fraction(1801, 1000)),
    ]
    for source in (frames, late):
        assert numbers(list(by_list(source, scenes, by_time=True))) == [[0, 1, 2], [3, 4, 5, 6, 7, 8]]
    with pytest.raises(UsageError, match="no times"):
        by_list(frames, [Scene(0, 8)], by_time=True)


def test_scenes_beyond_the_video_are_named() -> None:
    listed = [Scene(0, 4), Scene(5, 19), Scene(30, 39)]
    scenes: dict[int, Scene] = {}
    list(collect_scenes(by_list(film(10), listed), into=scenes))
    first, second = mismatches(listed, scenes, frames=10, began=Fraction(0))
    assert "scene 2 of the list, frames 6 to 20, became frames 6 to 10" in first
    assert "scene 3 of the list, frames 31 to 40, is not in the video" in second


def test_times_that_belong_to_other_frames_are_named() -> None:
    """As where numbers were guessed from times, or one of both was edited."""
    listed = [Scene(0, 4, Fraction(0), Fraction(1, 2)), Scene(5, 9, Fraction(1, 2), Fraction(1))]
    for shift, count in ((0, 0), (Fraction(4, 100), 0), (Fraction(1, 10), 1)):
        scenes: dict[int, Scene] = {}
        moved = [listed[0], Scene(5, 9, Fraction(1, 2) + shift, Fraction(1))]
        list(collect_scenes(by_list(film(10), moved), into=scenes))
        notes = list(mismatches(moved, scenes, frames=10, began=Fraction(0)))
        assert len(notes) == count
    assert "begins at 0.500 s, not at 0.600 s" in notes[0]


@pytest.mark.parametrize(
    ("scenes", "cuts"),
    [
        ([Scene(0, 4), Scene(5, 9)], [5]),
        ([Scene(0, 3), Scene(6, 7)], [4, 6, 8]),
        ([Scene(2, 4)], [2, 5]),
        ([Scene(0, 20)], []),
        ([Scene(0, 4), Scene(50, 60)], [5]),
    ],
)
def test_cuts_where_scenes_of_a_list_begin_and_end(scenes: list[Scene], cuts: list[int]) -> None:
    made = list(cut_by_list(film(3, 7), scenes))
    assert [n for n, frame in enumerate(made) if frame.cut] == cuts
    assert [frame.pts for frame in made] == [frame.pts for frame in film(10)], "all frames come, wherever they lie"


def test_cuts_by_the_times_of_a_list() -> None:
    scenes = [Scene(0, 1, Fraction(0), Fraction(5, 10)), Scene(2, 3, Fraction(5, 10), Fraction(9, 10))]
    made = list(cut_by_list(film(4, durations=(1, 1, 1, 2, 2, 2)), scenes, by_time=True))
    assert [n for n, frame in enumerate(made) if frame.cut] == [4]
