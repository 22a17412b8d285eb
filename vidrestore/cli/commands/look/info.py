"""vidrestore info: facts about a file, and what would help it."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from ... import options
from ...errors import shows_errors
from ...show import tell

HIDDEN = ("pictures", "source_offset", "profile", "follow_references", "deinterlacing")
"""Facts that are for the program."""


@shows_errors
def info(
    source: Annotated[Path, typer.Argument(metavar="INPUT", help="A video, a folder of pictures, or a picture.")],
    rate: options.Rate = None,
    follow_references: options.FollowReferences = options.READING.follow_references,
    as_json: options.Json = False,
) -> None:
    """Say what a file is: size, rate, colour, streams, what is odd about it, and which commands would help.

    Example: vidrestore info in.mp4
    """
    from ....video.facts.probe import probe
    from ....view.advice import advise

    facts = probe(source, rate=options.frame_rate(rate), follow_references=follow_references)
    advised = advise(facts)
    known = {key: value for key, value in asdict(facts).items() if key not in HIDDEN}
    commands = list(zip((each.reason for each in advised.advice), advised.commands(facts), strict=True))
    if as_json:
        more = {
            "source_quality": None if advised.quality is None else asdict(advised.quality),
            "advice": [{"reason": reason, "command": command} for reason, command in commands],
        }
        print(json.dumps(known | more, default=str))
        return
    for key, value in known.items():
        if key in ("streams", "warnings", "metadata", "colour", "hdr10") or value in (None, ""):
            continue
        tell(f"{key:20} {value}")
    colour = facts.colour
    tell(f"{'colour':20} {colour.matrix}, {'full' if colour.full_range else 'video'} range, {colour.depth} bit")
    for stream in facts.streams:
        words = (stream.kind, stream.codec, stream.language, stream.title, "default" if stream.default else "")
        tell(f"{f'stream {stream.index}':20} {' '.join(filter(None, words))}")
    for key, value in facts.metadata.items():
        tell(f"{key:20} {value}")
    for warning in facts.warnings:
        tell(f"{'note':20} {warning}")
    for reason, command in commands:
        tell(f"{'advice':20} {reason}: {command}")
