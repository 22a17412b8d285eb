import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from vidrestore.engine.blend import shares
from vidrestore.engine.tile import Span, in_tiles, spans
from vidrestore.errors import UsageError
from vidrestore.models.processor import Needs


@given(
    count=st.integers(1, 60),
    multiple=st.integers(1, 5),
    halo=st.integers(0, 9),
    extra=st.integers(1, 40),
    scale=st.integers(1, 4),
)
def test_spans_keep_their_promises(count: int, multiple: int, halo: int, extra: int, scale: int):
    size = count * multiple
    margin = -(-halo // multiple) * multiple
    tile = 2 * margin + multiple + extra
    cover = spans(size, tile=tile, halo=halo, multiple=multiple, scale=scale)
    lengths = {s.read.stop - s.read.start for s in cover}
    assert len(lengths) == 1 and max(lengths) <= max(tile, size if len(cover) == 1 else 0)
    assert all(s.read.start % multiple == 0 and s.read.stop % multiple == 0 for s in cover)
    # The kept parts lie side by side and cover the whole; each is where its tile says it is.
    assert [s.into.start for s in cover] == [0, *(s.into.stop for s in cover[:-1])]
    assert cover[-1].into.stop == size * scale
    for s in cover:
        assert s.into.stop - s.into.start == s.keep.stop - s.keep.start > 0
        assert s.keep.start + s.read.start * scale == s.into.start
        # A seam inside the picture lies `halo` or more inside the tile; the outermost tiles end at the border.
        assert s.read.start == 0 or s.keep.start >= halo * scale
        assert s.read.stop == size or s.keep.stop + halo * scale <= (s.read.stop - s.read.start) * scale
    assert cover[0].read.start == 0 and cover[-1].read.stop == size


def test_no_more_tiles_than_needed():
    assert len(spans(1000, tile=512, halo=0)) == 2
    assert [s.read for s in spans(1000, tile=999, halo=4)] == [slice(0, 504), slice(496, 1000)]
    assert spans(96, tile=0, halo=4) == spans(96, tile=96, halo=400) == [Span(*[slice(0, 96)] * 3)]


@pytest.mark.parametrize(
    ("halo", "multiple", "least", "advised"), [(5, 1, 11, 36), (8, 1, 17, 48), (5, 4, 20, 48), (300, 4, 604, 1216)]
)
def test_a_tile_inside_the_halo_is_refused(halo: int, multiple: int, least: int, advised: int):
    """The least would work, but compute nearly everything many times over."""
    size = 1200
    spans(size, tile=least, halo=halo, multiple=multiple)
    with pytest.raises(UsageError, match=f"tile = {least - 1} .*halo = {halo}.* {advised} or more"):
        spans(size, tile=least - 1, halo=halo, multiple=multiple)


def _network(x: Tensor) -> Tensor:
    """Halo 3 with zeros around the picture, scale 2, and a grid of 2 it pools on: everything a tile can get wrong."""
    kernel = torch.arange(1.0, 10.0).reshape(1, 1, 3, 3)
    y = F.conv2d(x.flatten(0, 2)[:, None], kernel, padding=1)
    y = F.interpolate(F.avg_pool2d(y, 2), scale_factor=2, mode="nearest") + y
    y = F.conv2d(y + 1, kernel, padding=1)
    y = F.interpolate(y, scale_factor=2, mode="nearest")
    return y.reshape(*x.shape[:3], *y.shape[-2:])


@pytest.mark.parametrize("tile", [10, 11, 16, 23, 40])
@pytest.mark.parametrize(("height", "width"), [(33, 57), (34, 10), (7, 70)])
def test_tiled_is_whole(height: int, width: int, tile: int):
    x = torch.randint(0, 256, (2, 3, 1, height, width)).float()  # whole numbers: every sum is exact in any order
    needs = Needs(scale=2, halo=3, multiple=2)
    whole = in_tiles(_network, x, tile=0, needs=needs)
    assert whole.shape == (2, 3, 1, 2 * height, 2 * width)
    assert torch.equal(in_tiles(_network, x, tile=tile, needs=needs), whole)
    # With less of a halo than the network has, the seams show: the comparison above can fail.
    if tile < min(height, width):
        assert not torch.equal(in_tiles(_network, x, tile=tile, needs=Needs(scale=2, halo=0, multiple=2)), whole)


def test_odd_sizes_are_padded_by_replication():
    x = torch.rand(1, 1, 1, 5, 6)
    seen = []
    out = in_tiles(lambda t: seen.append(t) or t, x, tile=0, needs=Needs(multiple=4))
    (padded,) = seen
    assert padded.shape == (1, 1, 1, 8, 8)
    assert torch.equal(padded[..., :5, 6:], x[..., -1:].expand(-1, -1, -1, -1, 2))
    assert torch.equal(padded[..., 5:, :6], x[..., -1:, :].expand(-1, -1, -1, 3, -1))
    assert torch.equal(out, x)


def test_tiles_have_one_size():
    sizes = set()
    in_tiles(lambda t: sizes.add(t.shape[-2:]) or t, torch.rand(1, 1, 1, 100, 37), tile=32, needs=Needs(halo=3))
    assert len(sizes) == 1


@settings(deadline=None)
@given(
    size=st.integers(1, 150),
    halo=st.integers(1, 9),
    extra=st.integers(1, 40),
    multiple=st.integers(1, 4),
    scale=st.integers(1, 3),
)
def test_shares_of_tiles_add_up_to_one(size: int, halo: int, extra: int, multiple: int, scale: int):
    size, margin = size * multiple, -(-halo // multiple) * multiple
    reads = [s.read for s in spans(size, tile=2 * margin + multiple + extra, halo=halo, multiple=multiple)]
    total = torch.zeros(size * scale)
    for read, share in zip(reads, shares(reads, size=size, margin=halo, scale=scale), strict=True):
        assert share.min() >= 0 and len(share) == (read.stop - read.start) * scale
        assert (read.start == 0 or share[0] == 0) and (read.stop == size or share[-1] == 0)
        total[read.start * scale : read.stop * scale] += share
    torch.testing.assert_close(total, torch.ones_like(total))


def test_blended_tiles_show_no_seam():
    """Each pixel times the mean of what the network gets: what a tile makes is brighter or darker than the next."""

    def network(x: Tensor) -> Tensor:
        return (x * x.mean((-2, -1), keepdim=True)).repeat_interleave(2, -1).repeat_interleave(2, -2)

    x = torch.linspace(0, 1, 300)[:, None].expand(1, 1, 1, 300, 200).contiguous()
    hard = in_tiles(network, x, tile=120, needs=Needs(scale=2, halo=16))
    soft = in_tiles(network, x, tile=120, needs=Needs(scale=2, halo=16, blends=True))
    assert hard.shape == soft.shape == (1, 1, 1, 600, 400)
    step = soft.diff(dim=-2).abs().max() / hard.diff(dim=-2).abs().max()
    assert step < 0.2 and hard.diff(dim=-2).abs().max() > 0.05
