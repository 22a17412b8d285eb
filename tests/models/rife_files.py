"""Files of RIFE with random weights: as PyTorch keeps them under the public names, and as ncnn does."""

import re
from pathlib import Path

import torch
from torch import Tensor, nn

from tests.models.foreign.ncnn_files import plain, tagged
from vidrestore.models.networks.interpolation.rife import Rife


def random_rife(channels: tuple[int, ...] = (192, 128, 96, 64)) -> Rife:
    """Of the full width where it is to be read from a public file; motion of some pixels."""
    torch.manual_seed(1)
    network = Rife(channels)
    for block in network.core.blocks:
        for layer in block.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight)
        block.end.weight.data *= 0.1
    return network.eval().requires_grad_(False)


def public_state(network: Rife) -> dict[str, Tensor]:
    """Its weights under the names of a flownet.pkl, beside some that RIFE 4 does not use."""
    state = {f"module.{_public(name)}": tensor for name, tensor in network.state_dict().items()}
    return state | {"module.contextnet.conv1.conv1.0.weight": torch.zeros(16), "module.block_tea.a": torch.zeros(3)}


def _public(name: str) -> str:
    def renamed(match: re.Match[str]) -> str:
        part, number, kind = "conv0" if match[2] == "start" else "convblock", int(match[3]), match[4]
        return f"block{match[1]}.{part}.{number // 2}.{number % 2}.{kind}"

    name = re.sub(r"core\.blocks\.(\d)\.(start|deep)\.(\d+)\.(\w+)", renamed, name)
    return re.sub(r"core\.blocks\.(\d)\.end\.(\w+)", r"block\1.lastconv.\2", name)


def write_pickle(path: Path, network: Rife | None = None) -> Path:
    torch.save(public_state(network or random_rife()), path)
    return path


def write_ncnn(folder: Path, network: Rife) -> Path:
    """NAME.param and NAME.bin, laid out as the public RIFE 4 of ncnn is."""
    made = _Layers()
    first, second, time = (made.add("Input", (), "") for _ in range(3))
    found = ""
    for block, part in zip(network.core.blocks, network.core.parts, strict=True):
        if not found:
            sees = made.add("Concat", (first, second, time))
        else:
            motions = made.add("Crop", (found,), "-23309=1,0 -23310=1,4 -23311=1,0")
            mask = made.add("Crop", (found,), "-23309=1,4 -23310=1,5 -23311=1,0")
            pictures = [made.warp(picture, motions, start) for picture, start in ((first, 0), (second, 2))]
            small = made.add("BinaryOp", (motions,), f"0=3 1=1 2={part}")
            sees = made.add("Concat", (*pictures, time, mask, small))
        small = made.add("Interp", (sees,), f"0=2 1={1 / part} 2={1 / part}")
        out = made.block(block, small, 2 * part)
        found = made.add("BinaryOp", (found, out), "0=0") if found else out
    motions = made.add("Crop", (found,), "-23309=1,0 -23310=1,4 -23311=1,0")
    mask = made.add("Crop", (found,), "-23309=1,4 -23310=1,5 -23311=1,0")
    share = made.add("Sigmoid", (mask,))
    one = made.add("BinaryOp", (made.warp(first, motions, 0), share), "0=2")
    rest = made.add("BinaryOp", (share,), "0=7 1=1 2=1.0")
    other = made.add("BinaryOp", (made.warp(second, motions, 2), rest), "0=2")
    made.add("BinaryOp", (one, other), "0=0")
    return made.write(folder / "flownet.param")


class _Layers:
    """Lines and weights as they are added."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.weights = b""

    def add(self, kind: str, reads: tuple[str, ...], options: str = "", weights: bytes = b"") -> str:
        """A layer that writes one blob; its name."""
        blob = str(len(self.lines))
        self.lines.append(f"{kind} layer{blob} {len(reads)} 1 {' '.join((*reads, blob))} {options}")
        self.weights += weights
        return blob

    def warp(self, picture: str, motions: str, start: int) -> str:
        motion = self.add("Crop", (motions,), f"-23309=1,{start} -23310=1,{start + 2} -23311=1,0")
        return self.add("rife.Warp", (picture, motion))

    def conv(self, kind: str, layer: nn.Module, reads: str) -> str:
        assert isinstance(layer, nn.Conv2d | nn.ConvTranspose2d) and layer.bias is not None
        # Of a transposed convolution the channels that are made come first.
        weight = layer.weight.transpose(0, 1).contiguous() if isinstance(layer, nn.ConvTranspose2d) else layer.weight
        options = f"0={layer.out_channels} 1={layer.kernel_size[0]} 3={layer.stride[0]} 4=1 5=1 6={weight.numel()}"
        return self.add(kind, (reads,), options, tagged(weight) + plain(layer.bias))

    def block(self, block: nn.Module, blob: str, grow: int) -> str:
        skipped = ""
        for part in (block.start, block.deep):
            assert isinstance(part, nn.Sequential)
            skipped = blob
            for layer in part:
                if isinstance(layer, nn.Conv2d):
                    blob = self.conv("Convolution", layer, blob)
                else:
                    blob = self.add("PReLU", (blob,), f"0={layer.weight.numel()}", plain(layer.weight))
        out = self.conv("Deconvolution", block.end, self.add("BinaryOp", (blob, skipped), "0=0"))
        out = self.add("Interp", (out,), f"0=2 1={grow}.0 2={grow}.0")
        motions = self.add("Crop", (out,), "-23309=1,0 -23310=1,4 -23311=1,0")
        mask = self.add("Crop", (out,), "-23309=1,4 -23310=1,5 -23311=1,0")
        return self.add("Concat", (self.add("BinaryOp", (motions,), f"0=2 1=1 2={grow}.0"), mask))

    def write(self, param: Path) -> Path:
        param.write_text("\n".join(["7767517", f"{len(self.lines)} {len(self.lines)}", *self.lines, ""]))
        param.with_suffix(".bin").write_bytes(self.weights)
        return param
