"""The networks, by name. A new one is a file here, a line below and a row in weights/manifest.toml."""

from collections.abc import Callable

from .deblur import MSResNet
from .espcn import Espcn
from .fusion import Fusion
from .sepconv import SepConv

Network = Espcn | Fusion | MSResNet | SepConv
"""Any of them: an nn.Module that is a Processor. A union, one name a network."""

MODELS: dict[str, Callable[..., Network]] = {
    "espcn": Espcn,
    "fusion": Fusion,
    "msresnet": MSResNet,
    "sepconv": SepConv,
}
