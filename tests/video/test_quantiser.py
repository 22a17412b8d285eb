"""The quantiser's step of each frame, as decoders, MJPEG's packets and JPEG's tables tell it."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.clips import make_clip
from vidrestore.video.facts.probe import probe
from vidrestore.video.reader import Reader


def steps(path: Path) -> list[float | None]:
    return [frame.step for frame in Reader(probe(path), tells_step=True)]


@pytest.mark.parametrize(
    ("codec", "pix_fmt", "options", "step"),
    [
        ("libx264", "yuv420p", {"qp": "28", "aq-mode": "0"}, 0.625 * 2 ** (28 / 6)),
        ("libx264", "yuv420p10le", {"qp": "40", "aq-mode": "0"}, 0.625 * 2 ** (28 / 6)),  # its scale begins at -12
        ("mpeg4", "yuv420p", {"qmin": "5", "qmax": "5"}, 10),
        ("mpeg2video", "yuv420p", {"qmin": "5", "qmax": "5"}, 10),
        ("libvpx-vp9", "yuv420p", {"crf": "63", "b": "0", "qmin": "63", "qmax": "63"}, 1828 / 8),
    ],
)
def test_decoders_tell_what_the_encoder_was_given(
    codec: str, pix_fmt: str, options: dict[str, str], step: float, tmp_path: Path
) -> None:
    suffix = "webm" if "vp9" in codec else "mkv"
    path = make_clip(tmp_path / f"in.{suffix}", codec=codec, frames=6, size=(160, 96), pix_fmt=pix_fmt, options=options)
    found = steps(path)
    assert len(found) == 6 and all(found)
    # Key frames and B pictures lie up to three quantisers beside x264's own: half an octave.
    assert all(step / 1.5 < each < step * 1.5 for each in found if each)
    assert found[1] == pytest.approx(step, rel=0.3)


def test_the_same_in_every_run_and_only_where_asked_for(tmp_path: Path) -> None:
    """A decoder with frame threads hands out frames whose quantisers are not written yet."""
    path = make_clip(tmp_path / "in.mp4", frames=40, size=(320, 240), options={"crf": "30"})
    first = steps(path)
    assert all(first) and all(steps(path) == first for _ in range(4))
    assert [frame.step for frame in Reader(probe(path))] == [None] * 40


def test_mjpeg_and_jpeg_tell_it_by_their_tables(tmp_path: Path) -> None:
    coarse, fine = (
        steps(
            make_clip(
                tmp_path / f"{q}.avi", codec="mjpeg", frames=3, pix_fmt="yuvj420p", options={"qmin": q, "qmax": q}
            )
        )
        for q in ("20", "4")
    )
    assert len(set(coarse)) == len(set(fine)) == 1
    assert coarse[0] == pytest.approx(5 * (fine[0] or 0), rel=0.1)
    picture = np.random.default_rng(0).integers(0, 256, (40, 48, 3), np.uint8)
    for quality, least, most in ((95, 1, 4), (50, 10, 30), (5, 100, 255)):
        cv2.imwrite(str(tmp_path / "in.jpg"), picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
        (step,) = steps(tmp_path / "in.jpg")
        assert step is not None and least < step < most
    cv2.imwrite(str(tmp_path / "in.png"), picture)
    assert steps(tmp_path / "in.png") == [None]


def test_hevc_does_not_tell_it(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "in.mp4", codec="libx265", frames=3, options={"x265-params": "log-level=none"})
    assert steps(path) == [None] * 3


def test_deinterlaced_frames_keep_it(shared_data: Path) -> None:
    info = probe(shared_data / "clips" / "interlaced_h264.mp4")
    from vidrestore.base.settings import Reading

    found = [frame.step for frame in Reader(info, Reading(deinterlace="fields", end=8), tells_step=True)]
    assert len(found) >= 8 and all(found)
