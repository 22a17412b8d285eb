"""Wanted: what is ticked on the page, as words of the command line; only words that are known get there."""

import re
from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import MaxLen

from ...errors import UsageError

Short = Annotated[str, MaxLen(40)]
RATE = re.compile(r"\d{1,3}(\.\d{1,6})?|\d{1,6}/\d{1,5}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The steps of restore, and how the result is encoded."""

    clean: bool = False
    deblur: bool = False
    smoother: Short = ""
    """x2, or a rate; empty: as it is."""
    larger: Literal[0, 2, 3, 4] = 0
    deinterlace: Literal["off", "auto", "frames", "fields"] = "off"
    quality: Literal["", "high", "small"] = ""
    """Of encoding."""

    def words(self) -> list[str]:
        """Options of `vidrestore restore`.

        Raises:
            UsageError: nothing is wanted, or a rate makes no sense.
        """
        found = [name for name, on in (("--clean", self.clean), ("--deblur", self.deblur)) if on]
        if self.smoother == "x2":
            found += ["-x", "2"]
        elif self.smoother:
            if not RATE.fullmatch(self.smoother):
                raise UsageError("smoother is x2 or a rate such as 60 or 59.94")
            found += ["--fps", self.smoother]
        if self.larger:
            found += ["-s", str(self.larger)]
        if not found:
            raise UsageError("nothing is ticked: choose one or more of clean, deblur, smoother and larger")
        if self.deinterlace != "off":
            found += ["--deinterlace", self.deinterlace]
        found += {"": [], "high": ["--crf", "12"], "small": ["--crf", "23"]}[self.quality]
        return found
