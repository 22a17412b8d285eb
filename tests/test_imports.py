"""The arrows of the house (design.md, section 1), held by reading every import."""

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent / "vidrestore"

# What each part may import of ours. A part is the first name below vidrestore/.
MAY = {
    "errors": set(),
    "frame": set(),
    "processor": set(),
    "calibration": set(),
    "ops": set(),
    "settings": set(),
    "metrics": {"ops"},
    "files": {"errors", "outputs", "stop"},
    "outputs": {"errors"},
    "main_memory": {"errors"},
    "stop": set(),
    "text": set(),
    "compare": {
        "colour",
        "errors",
        "files",
        "frame",
        "metrics",
        "ops",
        "prefetch",
        "scenes",
        "settings",
        "text",
        "video",
        "manifest",
    },
    "likeness": set(),
    "device_words": {"errors", "settings"},
    "shots": {"colour", "errors", "frame", "likeness", "settings"},
    "scenes": {"errors", "parsing"},
    "placing": {"errors", "frame", "scenes"},
    "scores": {"compare", "frame", "scenes", "shots"},
    "split": {"errors", "frame", "placing", "prefetch", "scenes", "split_job", "video"},
    "split_job": {"errors", "outputs", "settings", "video"},
    "picking": {"frame", "placing", "settings"},
    "extract": {
        *("errors", "extract_job", "frame", "picking", "placing", "prefetch", "report", "scenes", "settings", "shots"),
        "video",
    },
    "extract_job": {"errors", "scenes", "settings", "video"},
    "join": {"errors", "job", "settings", "video"},
    "colour": {"frame", "ops"},
    "models": {"processor", "ops"},
    "parsing": set(),
    "schema": set(),
    "manifest": {"errors", "processor", "schema"},
    "weights": {"calibration", "errors", "manifest", "models"},
    "window": {"frame"},
    "tile": {"errors", "processor"},
    "prefetch": set(),
    "in_flight": {"frame"},
    "engine": {
        *("calibration", "colour", "device_words", "errors", "frame", "main_memory", "processor", "settings", "tile"),
        "window",
    },
    "video": {
        *("colour", "errors", "files", "frame", "main_memory", "ops", "outputs", "parsing", "schema", "settings"),
        "stop",
    },
    "report": set(),
    "timing": set(),
    "repeats": {"colour", "frame", "window"},
    "convert": {"files", "errors", "models", "weights"},
    "flow": {"engine", "settings"},
    "interpolators": {"between", "engine", "flow", "manifest", "processor", "settings", "stage_work", "weights"},
    "halving": {"engine", "errors"},
    "blurred": {"colour", "engine", "frame", "metrics"},
    "psf_option": {"errors", "video"},
    "blurs": {"errors", "ops", "psf_option", "video"},
    "inverse": {"blurs", "engine", "errors", "frame", "main_memory", "ops"},
    "mirrored": {"processor"},
    "skipping": {"engine", "frame", "timing"},
    "strength": {"processor"},
    "retime": {"between", "colour", "engine", "frame", "repeats", "settings", "timing"},
    "job": {"__version__", "engine", "errors", "frame", "main_memory", "settings", "skipping", "timing", "video"},
    "pipeline": {
        *("engine", "errors", "frame", "in_flight", "job", "prefetch", "report", "shots", "skipping", "timing"),
        "video",
    },
    "stages": {
        *("blurred", "blurs", "engine", "errors", "frame", "interpolators", "job", "manifest", "models", "processor"),
        *("psf_option", "scenes", "settings", "skipping", "stage_work", "timing", "weights"),
    },
    "stage_work": {
        *("between", "blurred", "blurs", "engine", "flow", "frame", "halving", "inverse", "manifest", "mirrored"),
        *("models", "placing", "processor", "repeats", "retime", "scenes", "settings", "shots", "skipping", "strength"),
        *("timing", "weights"),
    },
    "benchmark": {
        *("colour", "compare", "engine", "errors", "frame", "interpolators", "metrics", "models", "ops", "pipeline"),
        *("job", "manifest", "report", "settings", "stages", "video", "weights"),
    },
    "train": {
        *("between", "colour", "engine", "errors", "files", "flow", "frame", "metrics", "models", "ops", "processor"),
        *("settings", "shots", "stop", "video", "weights"),
    },
}

# Third parties that live in one place.
ONLY = {
    "av": ("video", "benchmark/material.py"),
    "cv2": (
        "benchmark/peers.py",
        "flow",
        "video/decode_picture.py",
        "video/rgb.py",
        "video/write_pictures.py",
        "metrics",
        "compare",
        "likeness.py",
        "shots.py",
        "train",
    ),
    "PIL": ("video",),
    "tifffile": ("video/tiff.py",),
    "typer": ("cli",),
    "rich": ("cli",),
    "tqdm": ("cli",),
    "openvino": ("engine/openvino_engine.py",),
    "triton": ("ops/local_conv_gpu.py",),
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


def part(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def test_arrows() -> None:
    wrong = []
    for path in files():
        if part(path) in ("cli", "__init__", "__main__"):
            continue
        for name in imports(path):
            names = name.split(".")
            if names[0] == "vidrestore" and names[1] != part(path) and names[1] not in MAY[part(path)]:
                wrong.append(f"{path.relative_to(PACKAGE)} imports {name}")
    assert not wrong, wrong


def test_third_parties_keep_to_their_places() -> None:
    wrong = [
        f"{path.relative_to(PACKAGE)} imports {name}"
        for path in files()
        for name in imports(path)
        for places in [ONLY.get(name.split(".")[0])]
        if places and not str(path.relative_to(PACKAGE)).startswith(places)
    ]
    assert not wrong, wrong


def test_nothing_but_cli_imports_train() -> None:
    users = {part(p) for p in files() for name in imports(p) if name.startswith("vidrestore.train")}
    assert users <= {"cli", "train"}
