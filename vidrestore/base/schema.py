"""Checks the types of values in our own JSON files, which may be edited or damaged."""

from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from annotated_types import Ge, Interval, MaxLen

if TYPE_CHECKING:
    from pydantic import TypeAdapter

T = TypeVar("T")

Text = Annotated[str, MaxLen(10_000)]
Tick = Annotated[int, Interval(ge=-(2**62), le=2**62)]
"""A time on some clock; sums of two still fit into FFmpeg's 64 bits."""
Count = Annotated[int, Ge(0), Interval(le=2**62)]


def read_json(kind: type[T], content: bytes | str) -> T:
    """JSON as `kind`: a dataclass, or a type of lists, mappings and numbers; fields it does not know are passed over.

    Raises:
        ValueError: it is not JSON, is nested deeply, or not of that kind; in one line.
    """
    from pydantic import ValidationError

    try:
        return _adapter(kind).validate_json(content, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part)[:40] for part in first["loc"])
        raise ValueError(f"{where}: {first['msg']}" if where else first["msg"]) from None


def _adapter(kind: type[T]) -> "TypeAdapter[T]":
    from pydantic import TypeAdapter

    if kind not in _ADAPTERS:  # building one takes milliseconds
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]


_ADAPTERS: "dict[Any, TypeAdapter[Any]]" = {}
