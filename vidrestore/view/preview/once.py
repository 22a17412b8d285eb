"""Once: a stage whose networks are loaded once for several runs."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

from ...restoration.stage import Loaded, Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Once(Stage):
    """A stage as it is, but for `load`."""

    stage: Stage
    kept: list[Loaded] = field(default_factory=list)

    @classmethod
    def of(cls, stage: Stage) -> Once:
        """The stage, described as before."""
        return cls(stage=stage, **{each.name: getattr(stage, each.name) for each in fields(Stage)})

    def load(self, *, measure: bool = False) -> Loaded:
        if not self.kept:
            self.kept.append(self.stage.load(measure=measure))
        return self.kept[0]
