"""Losses by name: functions of (output, target), any shape, returning a scalar tensor."""

from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor

LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {"l1": F.l1_loss, "mse": F.mse_loss}
