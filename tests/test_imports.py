"""Who may import whom: folders import downwards only. Held by reading every import."""

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent / "vidrestore"
ROOT = {"__version__", "errors"}

# What the files of each folder may import of ours, besides those of their own folder and ROOT.
MAY: dict[str, set[str]] = {
    "base": set(),
    "frame": {"base"},
    "video": {"base", "frame"},
    "models": {"base", "frame"},
    "engine": {"base", "frame", "models"},
    "scenes": {"base", "frame", "video"},
    "metrics": {"base", "frame", "models", "scenes", "video"},
    "restoration": {"base", "engine", "frame", "metrics", "models", "scenes", "video"},
    "training": {"base", "engine", "frame", "metrics", "models", "restoration", "scenes", "video"},
    "benchmark": {"base", "engine", "frame", "metrics", "models", "restoration", "training", "video"},
    "api": {"base", "frame", "metrics", "models", "restoration", "scenes", "video"},
    "view": {"api", "base", "engine", "frame", "metrics", "restoration", "scenes", "video"},
}

# Third parties that live in few places.
ONLY = {
    "av": ("video", "benchmark/material.py"),
    "cv2": (
        "models/kernels/inverse_search.py",
        *(
            "metrics",
            "scenes",
            "training",
            "benchmark/peers.py",
            "restoration/interpolation",
            "restoration/resume/farm/worker.py",
        ),
        *("video/decode/rgb.py", "video/pictures/decode.py", "video/pictures/write.py"),
    ),
    "PIL": ("video/pictures", "video/decode/quantiser.py", "metrics/report", "view", "training/data/drawings.py"),
    "tifffile": ("video/pictures/formats/tiff.py",),
    "typer": ("cli",),
    "starlette": ("view/server",),
    "uvicorn": ("view/server/web.py",),
    "rich": ("cli",),
    "openvino": (
        "engine/backends/openvino_engine.py",
        "engine/backends/openvino_model.py",
        "base/openvino_plugins.py",
        "models/foreign/onnx.py",
    ),
    "spandrel": ("models/foreign/library.py",),
    "onnx": ("models/foreign/onnx_torch.py",),
    "ray": ("restoration/resume/farm/ray",),
    "triton": ("models/kernels/local_conv_gpu.py",),
}


def imports(path: Path) -> Iterator[str]:
    """Absolute dotted names of everything a file imports, at any depth."""
    where = ("vidrestore", *path.relative_to(PACKAGE).parts[:-1])
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(where[: len(where) - node.level + 1]) if node.level else ""
            module = ".".join(filter(None, (base, node.module)))
            yield from (f"{module}.{alias.name}" for alias in node.names)


def files() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def folder(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def test_imports_run_downwards() -> None:
    wrong = []
    for path in files():
        own = folder(path)
        if own in ("cli", "errors", "__init__", "__main__"):
            continue
        for name in imports(path):
            names = name.split(".")
            if names[0] == "vidrestore" and names[1] not in {own} | MAY[own] | ROOT:
                wrong.append(f"{path.relative_to(PACKAGE)} imports {name}")
    assert not wrong, wrong


def test_the_rows_hold_no_circle() -> None:
    below: list[str] = []
    for own, may in MAY.items():
        assert may <= set(below), (own, may - set(below))
        below.append(own)


def test_third_parties_keep_to_their_places() -> None:
    wrong = [
        f"{path.relative_to(PACKAGE)} imports {name}"
        for path in files()
        for name in imports(path)
        for places in [ONLY.get(name.split(".")[0])]
        if places and not str(path.relative_to(PACKAGE)).startswith(places)
    ]
    assert not wrong, wrong


def test_no_file_imports_itself_over_others() -> None:
    """Files of one folder, too, may not import one another in a circle; what is imported in a function counts."""
    modules = {".".join(("vidrestore", *p.relative_to(PACKAGE).with_suffix("").parts)): p for p in files()}
    uses: dict[str, set[str]] = {}
    for name, path in modules.items():
        named = set(imports(path))
        uses[name] = ({n for n in named if n in modules} | {n.rpartition(".")[0] for n in named}) & set(modules) - {
            name
        }
    circles = [name for name in uses if name in _reached(uses, name)]
    assert not circles, circles


def _reached(uses: dict[str, set[str]], name: str) -> set[str]:
    found: set[str] = set()
    ahead = [*uses[name]]
    while ahead:
        if (one := ahead.pop()) not in found:
            found.add(one)
            ahead += uses[one]
    return found


def test_folders_are_small() -> None:
    """A folder is seen at one glance."""
    for place in (PACKAGE, *(path for path in PACKAGE.rglob("*") if path.is_dir() and path.name != "__pycache__")):
        entries = [path.name for path in place.iterdir() if not path.name.startswith("__") and path.name != "py.typed"]
        assert len(entries) <= 14, (place, entries)
