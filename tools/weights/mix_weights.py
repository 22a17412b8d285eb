"""Mix weight files of one network: the mean of several runs does better on pictures of other kinds than each of them.

    python tools/weights/mix_weights.py mixed.safetensors runs/a/best.safetensors=1 \\
        runs/b/best.safetensors=1 old.safetensors=1
"""

import sys
from pathlib import Path

import torch

from vidrestore.models.weights import files, manifest


def main(target: Path, *parts: str) -> None:
    names, shares = zip(*(part.rsplit("=", 1) for part in parts), strict=True)
    about = manifest.about(Path(names[0]))
    total = sum(map(float, shares))
    network = files.open_file(Path(names[0]), task=about["task"])
    kinds = [files.tensors(Path(name)) for name in names]
    mixed = {
        key: sum((kind[key].float() * (float(share) / total) for kind, share in zip(kinds, shares, strict=True)),
                 torch.zeros(()))
        for key in network.state_dict()
    }  # fmt: skip
    network.load_state_dict(mixed)
    target.write_bytes(files.written(network, task=about["task"], model=about["model"], args=about["args"]))


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
