"""Where no motion is believable, frames are blended or held as the user asks; the report tells of each frame."""

import json
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from vidrestore.cli.program import app
from vidrestore.restoration.interpolation.flow import FlowInterpolator
from vidrestore.restoration.interpolation.motion.confidence import DOUBT
from vidrestore.restoration.interpolation.motion.presets import PRESETS

from .test_flow import shifted, tensor, texture

SEARCH = PRESETS["fast"].search
TIMES = [Fraction(1, 4), Fraction(1, 2)]
UNRELATED = tensor(texture(128, 192)), tensor(texture(128, 192, seed=5))


@pytest.mark.parametrize("on_doubt", ["blend", "hold"])
def test_unrelated_pictures_are_not_torn(on_doubt: str) -> None:
    first, second = UNRELATED
    interpolate = FlowInterpolator(SEARCH, on_doubt=on_doubt)  # type: ignore[arg-type]
    for time, made in zip(TIMES, interpolate(first, second, TIMES), strict=True):
        wanted = first if on_doubt == "hold" else torch.lerp(first, second, float(time))
        assert (made - wanted).abs().max() < 1e-6
        assert interpolate.confidence is not None and interpolate.confidence < DOUBT


def test_the_best_that_was_found_can_be_had() -> None:
    first, second = UNRELATED
    (made,) = FlowInterpolator(SEARCH, on_doubt="best")(first, second, TIMES[:1])
    assert (made - torch.lerp(first, second, 0.25)).abs().max() > 0.1


def test_a_motion_that_is_found_is_believed() -> None:
    still = texture(128, 192)
    interpolate = FlowInterpolator(SEARCH)
    assert len(list(interpolate(tensor(still), tensor(shifted(still, 9, -4)), TIMES))) == 2
    assert interpolate.confidence is not None and interpolate.confidence > 0.95


def test_the_report_tells_of_each_frame(tmp_path: Path) -> None:
    """Three frames that move, and one that has nothing to do with them."""
    still = texture(96, 128)
    frames = [still, shifted(still, 3, 1), shifted(still, 6, 2), texture(96, 128, seed=5)]
    (tmp_path / "in").mkdir()
    for number, frame in enumerate(frames):
        cv2.imwrite(str(tmp_path / f"in/{number:04}.png"), np.rint(frame[..., ::-1] * 255).astype(np.uint8))
    words = [str(tmp_path / "in"), str(tmp_path / "out.mkv"), "--quality", "fast", "--cuts", "none", "--json", "-v"]
    said = CliRunner().invoke(app, ["interpolate", *words])
    assert said.exit_code == 0, said.output
    report = json.loads(said.stdout)
    per_frame = report["confidence"]["per_frame"]
    assert [each is None for each in per_frame] == [n not in (1, 3, 5) for n in range(8)]
    assert min(per_frame[1], per_frame[3]) > 0.95
    assert report["confidence"]["least"] == per_frame[5] < DOUBT
    assert "no motion was believable: 1" in " ".join(report["warnings"])
