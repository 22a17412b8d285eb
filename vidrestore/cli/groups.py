"""Groups of options: a parameter of a command that is a dataclass stands for one option a field."""

import functools
import inspect
from collections.abc import Callable, Iterator
from dataclasses import is_dataclass
from typing import Any, TypeGuard, TypeVar

R = TypeVar("R")


def grouped(command: Callable[..., R]) -> Callable[..., R]:
    """The command as typer takes it: each group in its signature replaced by the group's fields."""
    parameters = list(_options(command))

    @functools.wraps(command)
    def spelled_out(**values: Any) -> R:  # noqa: ANN401 - as typer calls it
        return command(**_arguments(command, values))

    spelled_out.__dict__["__signature__"] = inspect.Signature(parameters)
    spelled_out.__annotations__ = {option.name: option.annotation for option in parameters}
    return spelled_out


def names_of(*groups: type[Any]) -> list[str]:
    """Of the options that groups stand for."""
    return [option.name for group in groups for option in _options(group)]


def _options(function: Callable[..., Any]) -> Iterator[inspect.Parameter]:
    for parameter in inspect.signature(function, eval_str=True).parameters.values():
        if _is_group(parameter.annotation):
            yield from _options(parameter.annotation)
        else:
            yield parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)


def _arguments(function: Callable[..., Any], values: dict[str, Any]) -> dict[str, Any]:
    parameters = inspect.signature(function, eval_str=True).parameters.values()
    return {
        each.name: each.annotation(**_arguments(each.annotation, values))
        if _is_group(each.annotation)
        else values[each.name]
        for each in parameters
    }


def _is_group(annotation: object) -> TypeGuard[type[Any]]:
    return isinstance(annotation, type) and is_dataclass(annotation)
