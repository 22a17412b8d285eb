"""Times and sizes in words."""


def clock(seconds: float) -> str:
    """8 s, 5 min, 2 h 05 min."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"


def megabytes(size: int) -> str:
    """1.2 MB, 340 MB, 5.1 GB; powers of ten, as file managers have them."""
    mega = size / 1e6
    return f"{mega / 1000:.1f} GB" if mega >= 1000 else f"{mega:.0f} MB" if mega >= 10 else f"{mega:.2f} MB"
