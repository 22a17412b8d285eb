"""An unknown reduction: it is learned from pairs, as far as the noise lets it, and a network learns to undo it."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from vidrestore.errors import InputError
from vidrestore.training.data.learned_degradation import learn, read
from vidrestore.training.loop import Progress, Training
from vidrestore.training.recipes import RECIPES
from vidrestore.training.tasks.unknown import KEPT, UnknownTask, pairs_in

KERNEL = torch.tensor([[0.0, 0.0, 0.2], [0.1, 0.4, 0.1], [0.2, 0.0, 0.0]])
"""Neither even nor the same mirrored."""
NOISE = 2 / 255


def reduced(large: Tensor, seed: int, noise: float = NOISE) -> Tensor:
    """(1, H, W) -> (1, H / 2, W / 2): every second pixel from the first on."""
    padded = F.pad(large[None], (1, 1, 1, 1), mode="replicate")
    small = F.conv2d(padded, KERNEL[None, None])[0, :, ::2, ::2]
    return small + noise * torch.randn(small.shape, generator=torch.Generator().manual_seed(seed))


def codes(picture: Tensor) -> np.ndarray:
    return (picture[0] * 255).round().clamp(0, 255).byte().numpy()


@pytest.fixture
def data(pictures: Path, tmp_path: Path) -> Path:
    """Four pairs, one of them named as NTIRE does, and the other pictures large alone."""
    folder = tmp_path / "data"
    for name in ("high", "low", "others"):
        (folder / name).mkdir(parents=True)
    for number, path in enumerate(sorted(pictures.glob("*.png"))):
        large = torch.from_numpy(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)[None]).float() / 255
        cv2.imwrite(str(folder / ("high" if number < 4 else "others") / path.name), codes(large))
        if number < 4:
            name = f"{path.stem}x2.png" if number == 1 else path.name
            cv2.imwrite(str(folder / "low" / name), codes(reduced(large, number)))
    return folder


def test_a_reduction_is_learned_as_far_as_its_noise_lets_it(data: Path, tmp_path: Path) -> None:
    torch.set_num_threads(1)
    task = UnknownTask(2)
    pairs = [task._pair(pair) for pair in pairs_in(data, 2)]
    learned = learn(pairs[1:], 2, steps=40, seed=1)
    large, _ = pairs[0]
    made = learned.network(large[None])[0]
    truth = reduced(large, 0, noise=0.0)
    error = float((made - truth)[..., 4:-4, 4:-4].square().mean().sqrt())
    assert error < NOISE / 2, "on a picture that it has not seen"
    assert learned.noise == pytest.approx(NOISE, rel=0.2)
    spread = (learned.reduced(large[None], generator=torch.Generator().manual_seed(1))[0] - made).std()
    assert float(spread) == pytest.approx(learned.noise, rel=0.1)
    learned.write(tmp_path / KEPT)
    again = read(tmp_path / KEPT, 2)
    assert torch.equal(again.network(large[None])[0], made) and again.noise == pytest.approx(learned.noise)
    with pytest.raises(InputError, match="of another scale; delete it"):
        read(tmp_path / KEPT, 4)


def test_what_is_trained_on_it_beats_bicubic_on_the_real_pairs(data: Path, tmp_path: Path) -> None:
    torch.set_num_threads(1)
    recipe = RECIPES["unknown-x2"]
    recipe = replace(
        recipe,
        args={**recipe.args, "blocks": 1, "width": 12},
        task=replace(recipe.task, patch=16, learning=20),  # type: ignore[type-var]
        batch=6,
        learning_rate=2e-3,
        precision="fp32",
        ema=0.95,
        warmup=20,
        validate_every=60,
    )
    seen: list[Progress] = []
    Training(recipe, data, tmp_path / "run", steps=60, workers=0).run(seen.append)
    assert (seen[-1].psnr or 0) > (seen[-1].baseline or 0) + 0.5
    kept = tmp_path / "run" / "unpacked" / KEPT
    before = kept.stat().st_mtime_ns
    UnknownTask(2).open(data, kept.parent)
    assert kept.stat().st_mtime_ns == before, "it is learned once a run"


def test_the_pair_that_is_held_back_is_not_learned_from(data: Path, tmp_path: Path) -> None:
    material = UnknownTask(2, learning=1).open(data, tmp_path)
    (pair,) = material.held.pairs
    assert pair[0].shape == (1, 1, 1, 80, 80) and pair[1].shape == (1, 1, 1, 160, 160)
    names = {source.path.name for source in material.batches.args[0]}  # type: ignore[attr-defined]
    assert len(names) == 7 and "0.png" not in names


def test_pictures_that_are_no_pairs_are_refused(data: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no pairs: high/NAME\.png and low/NAME\.png"):
        UnknownTask(2).open(tmp_path / "run", tmp_path)
    with pytest.raises(InputError, match=r"is 160x160 and .* 80x80; the first must be x4"):
        UnknownTask(4).open(data, tmp_path)
    for path in list((data / "high").glob("*"))[1:]:
        path.unlink()
    with pytest.raises(InputError, match="holds 1 pairs; two at least"):
        UnknownTask(2).open(data, tmp_path)
