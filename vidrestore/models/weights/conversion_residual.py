"""Public checkpoints of EDSR, MDSR, WDSR and DBPN: their names and conventions, and ours.

EDSR-PyTorch (Lim et al.), wdsr_ntire2018 (Yu et al.) and DBPN-Pytorch (Haris et al.). The tensors show how large a
network is.
"""

from __future__ import annotations  # torch is for type checkers only, until there is something to read

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

    State = Mapping[str, Tensor]

DIV2K = [0.4488, 0.4371, 0.4040]
"""Mean colour, which the first three take from a picture."""


def edsr_args(state: State) -> dict[str, Any]:
    """Sums are weighed where there are 256 channels, as the public code does."""
    width, factor = _outputs(state, "head.0.weight", 64), _outputs(state, "tail.0.0.weight", 256)
    ups = sum(bool(re.fullmatch(r"tail\.0\.\d+\.weight", name)) for name in state)
    return {
        "scale": 3 if factor == 9 * width else 2 ** max(1, ups),
        "blocks": _count(state, r"body\.(\d+)\.body\.0\.weight"),
        "width": width,
        "residual_scale": 0.1 if width == 256 else 1.0,
        "middle": DIV2K,
    }


def edsr(state: State) -> dict[str, Tensor]:
    """`head.0.weight`, `body.3.body.2.bias`, `tail.0.0.weight`, `tail.1.bias`.

    Its values are 255 times ours. Convolutions and ReLU scale with their input, so only the biases know.
    """
    ups = sum(bool(re.fullmatch(r"tail\.0\.\d+\.weight", name)) for name in state)
    renamed = {
        r"head\.0\.": "core.0.",
        r"body\.": "core.1.body.",
        r"tail\.0\.(\d+)\.": lambda m: f"core.{2 + int(m[1])}.",
        r"tail\.1\.": f"core.{2 + 2 * ups}.",
    }
    return _scaled(_renamed(_without_means(state), renamed), 255)


def mdsr_args(state: State) -> dict[str, Any]:
    """Of each of the three converters, which differ in the scale that the file is for."""
    return {
        "blocks": _count(state, r"body\.(\d+)\.body\.0\.weight"),
        "width": _outputs(state, "head.0.weight", 64),
        "middle": DIV2K,
    }


def mdsr(state: State) -> dict[str, Tensor]:
    """`pre_process.1.0.body.2.weight`, `body.79.body.0.bias`, `upsample.2.0.weight`, `tail.0.weight`; else as edsr."""
    renamed = {
        r"head\.0\.": "core.first.",
        r"pre_process\.": "core.own.",
        r"body\.": "core.shared.body.",
        r"upsample\.": "core.enlarge.",
        r"tail\.0\.": "core.last.",
    }
    return _scaled(_renamed(_without_means(state), renamed), 255)


def wdsr_args(state: State) -> dict[str, Any]:
    """Kind b has three convolutions in a block."""
    is_b = any(name.startswith("body.0.body.3.") for name in state)
    return {
        "scale": max(2, round((_outputs(state, "tail.0.bias", 12) / 3) ** 0.5)),
        "blocks": _count(state, r"body\.(\d+)\.body\.0\.bias"),
        "width": _outputs(state, "head.0.bias", 32),
        "wide": _outputs(state, "body.0.body.0.bias", 128),
        "kind": "b" if is_b else "a",
        "middle": DIV2K,
    }


def wdsr(state: State) -> dict[str, Tensor]:
    """`head.0.weight_g`, `body.3.body.2.weight_v`, `tail.0.bias`, `skip.0.bias`, with weight normalisation or without.

    A picture goes from -1 to 1 in it, where ours spans 1: its values are twice ours.
    """
    merged = {name: tensor for name, tensor in state.items() if not name.endswith((".weight_g", ".weight_v"))}
    for name, length in state.items():
        layer = name.removesuffix(".weight_g")
        if layer != name and (direction := state.get(f"{layer}.weight_v")) is not None:
            norm = direction.flatten(1).norm(dim=1).view(-1, 1, 1, 1)
            merged[f"{layer}.weight"] = length.view(-1, 1, 1, 1) * direction / norm
    renamed = {
        r"head\.0\.": "core.head.",
        r"body\.": "core.body.",
        r"tail\.0\.": "core.tail.",
        r"skip\.0\.": "core.beside.",
    }
    return _scaled(_renamed(merged, renamed), 2)


def dbpn_args(state: State) -> dict[str, Any]:
    """The kernel says the scale."""
    plain = {name.removeprefix("module."): tensor for name, tensor in state.items()}
    first = plain.get("up1.up_conv1.deconv.weight")
    kernel = first.shape[-1] if first is not None and first.dim() == 4 else 8
    return {
        "scale": {6: 2, 8: 4, 12: 8}.get(kernel, 4),
        "stages": max(1, max((int(m[1]) for name in plain if (m := re.match(r"up(\d{1,2})\.", name))), default=7)),
        "width": _outputs(plain, "feat1.conv.weight", 64),
        "features": _outputs(plain, "feat0.conv.weight", 256),
        "middle": [0.0],
    }


def dbpn(state: State) -> dict[str, Tensor]:
    """`module.feat0.conv.weight`, `up3.conv.act.weight`, `up3.up_conv1.deconv.bias`, `down2.down_conv3.conv.weight`."""
    parts = {"1": "there", "2": "back", "3": "again"}
    kinds = {"conv": "0", "deconv": "0", "act": "1"}
    renamed = {
        r"feat0\.(conv|act)\.": lambda m: f"core.first.{kinds[m[1]]}.",
        r"feat1\.(conv|act)\.": lambda m: f"core.first.{2 + int(kinds[m[1]])}.",
        r"(up|down)(\d{1,2})\.conv\.(conv|act)\.": lambda m: f"core.{m[1]}s.{int(m[2]) - 1}.joined.{kinds[m[3]]}.",
        r"(up|down)(\d{1,2})\.\1_conv([123])\.(conv|deconv|act)\.": (
            lambda m: f"core.{m[1]}s.{int(m[2]) - 1}.{parts[m[3]]}.{kinds[m[4]]}."
        ),
        r"output_conv\.conv\.": "core.last.",
    }
    return _renamed({name.removeprefix("module."): tensor for name, tensor in state.items()}, renamed)


def _outputs(state: State, name: str, usual: int) -> int:
    """Channels that a layer makes; the usual number where it is missing, which is said later."""
    found = state.get(name)
    return found.shape[0] if found is not None and found.dim() else usual


def _count(state: State, pattern: str) -> int:
    """Blocks: of those numbered from 0."""
    return 1 + max((int(m[1]) for name in state if (m := re.fullmatch(pattern, name))), default=0)


def _without_means(state: State) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in state.items() if not name.startswith(("sub_mean.", "add_mean."))}


def _renamed(state: State, renamed: Mapping[str, Any]) -> dict[str, Tensor]:
    """By the first pattern that fits a name's beginning."""
    named = {}
    for name, tensor in state.items():
        fits = next((pattern for pattern in renamed if re.match(pattern, name)), None)
        named[name if fits is None else re.sub(f"^{fits}", renamed[fits], name)] = tensor
    return named


def _scaled(state: State, factor: float) -> dict[str, Tensor]:
    return {name: tensor / factor if name.endswith(".bias") else tensor for name, tensor in state.items()}
