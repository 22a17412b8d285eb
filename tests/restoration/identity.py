"""A processor that changes nothing."""

from torch import Tensor, nn

from vidrestore.base.settings import Settings
from vidrestore.models.processor import Needs

TORCH = Settings(engine="torch", precision="fp32")


class Identity(nn.Module):
    """A processor that changes nothing, in luma or in RGB."""

    def __init__(self, space: str) -> None:
        super().__init__()
        self.needs = Needs(space=space)  # type: ignore[arg-type]
        self.core = nn.Identity()

    def prepare(self, window: Tensor) -> tuple[Tensor, ...]:
        return (window[:, 0],)

    def finish(self, window: Tensor, *core_out: Tensor) -> Tensor:
        return core_out[0][:, None]
