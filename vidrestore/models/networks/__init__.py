"""The networks, by name. A new one is a file here, a line below and a row in weights/manifest.toml."""

from collections.abc import Callable

from .aligned import Aligned
from .denoiser import Denoiser
from .espcn import Espcn
from .interpolation.fusion import Fusion
from .interpolation.rife import Rife
from .interpolation.sepconv import SepConv
from .msresnet import MSResNet
from .residual.dbpn import Dbpn
from .residual.edsr import Edsr
from .residual.mdsr import Mdsr
from .residual.refinement import Refinement
from .residual.selu import Selu
from .residual.srresnet import SrResNet
from .residual.wdsr import Wdsr
from .unblur import Unblur
from .vsr import Delta, FiveParallel, Gz2019

Network = (
    Aligned
    | Dbpn
    | Delta
    | Denoiser
    | Edsr
    | Espcn
    | FiveParallel
    | Fusion
    | Gz2019
    | MSResNet
    | Mdsr
    | Refinement
    | Rife
    | Selu
    | SepConv
    | SrResNet
    | Unblur
    | Wdsr
)
"""Any of them: an nn.Module that is a Processor. A union, one name a network."""

MODELS: dict[str, Callable[..., Network]] = {
    "aligned": Aligned,
    "dbpn": Dbpn,
    "delta": Delta,
    "denoiser": Denoiser,
    "edsr": Edsr,
    "espcn": Espcn,
    "five-parallel": FiveParallel,
    "fusion": Fusion,
    "gz2019": Gz2019,
    "mdsr": Mdsr,
    "msresnet": MSResNet,
    "refinement": Refinement,
    "rife": Rife,
    "selu": Selu,
    "sepconv": SepConv,
    "srresnet": SrResNet,
    "unblur": Unblur,
    "wdsr": Wdsr,
}
