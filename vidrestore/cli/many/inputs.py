"""Which files a command with --output-dir is about, and what each result is called; nothing is opened or written."""

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...base.files import check_there, is_one_of
from ...base.settings import READ_PICTURES, VIDEO_NAMES
from ...errors import UsageError


@dataclass(frozen=True, slots=True)
class Work:
    """A source, and where its result goes."""

    source: Path
    target: Path


@dataclass(frozen=True, slots=True)
class Naming:
    """Where results go, and what they are called."""

    folder: Path
    pattern: str
    """With {name}, {ending} and {suffix}: of `x2` and `in.mkv`, in, x2 and .mkv."""
    ending: str

    def target(self, source: Path, inside: Path) -> Path:
        """The result of a source, in the same folder `inside` as it.

        Raises:
            UsageError: the pattern makes no name of a file; nothing is written under such a name.
        """
        from ...video.encode.destination import beside, kind_of

        values = {"name": source.resolve().name, "ending": self.ending, "suffix": ""}
        if source.is_dir():  # pictures: without a dot, so that the result is a folder, too
            values = {key: value.replace(".", "_") for key, value in values.items()}
        else:
            values |= {"name": source.stem, "suffix": beside(source, self.ending).suffix}
        made = self.folder / inside / self._filled(values)
        try:
            kind_of(made)
        except UsageError as error:
            raise UsageError(f"{error}; or name all results by --name, such as '{{name}}_{{ending}}.mkv'") from None
        return made

    def _filled(self, values: dict[str, str]) -> str:
        for known in re.findall(r"\{([^{}]*)\}", self.pattern):
            if known not in values:
                raise UsageError(
                    f"--name {self.pattern}: there is no {{{known}}}; use {{name}}, {{ending}}, {{suffix}}"
                )
        made = re.sub(r"\{([^{}]*)\}", lambda found: values[found[1]], self.pattern)
        if made in ("", ".", "..") or Path(made).name != made:
            raise UsageError(f"--name {self.pattern} is no name of a file; write one without folders")
        return made


@dataclass(frozen=True, slots=True)
class Found:
    """What there is to do, in order."""

    works: tuple[Work, ...]
    passed_over: tuple[Path, ...]
    """Files in folders of videos whose names are no video's."""


def find(inputs: Sequence[Path], naming: Naming, *, recursive: bool) -> Found:
    """What there is to do with these files and folders.

    A folder with videos in it stands for these; any other folder is pictures, one after the other.

    Raises:
        UsageError: an input is not there; two results would have one name, or that of an input; results would go into a
            folder that is an input.
        OSError: a folder cannot be read.
    """
    folder = naming.folder
    for each in inputs:
        check_there(each)
    if os.path.lexists(folder) and not folder.is_dir():
        raise UsageError(f"--output-dir {folder} is a file; name a folder")
    if is_one_of(folder, inputs):
        raise UsageError(f"--output-dir {folder} is an input, and the next run would take its results; name another")
    works: list[Work] = []
    passed_over: list[Path] = []
    for each in inputs:
        if not each.is_dir():
            works.append(Work(each, naming.target(each, Path())))
            continue
        files = list(_files(each, folder, recursive=recursive))
        videos = [file for file in files if file.suffix.lower() in VIDEO_NAMES]
        if videos:
            passed_over += [file for file in files if file not in set(videos)]
            works += [Work(file, naming.target(file, file.parent.relative_to(each))) for file in videos]
        elif _holds_pictures(each):
            works.append(Work(each, naming.target(each, Path())))
        else:
            deeper = "" if recursive else "; --recursive looks into its folders, too"
            raise UsageError(f"{each} holds neither videos nor pictures by their names{deeper}")
    return Found(_distinct(works), tuple(passed_over))


def _holds_pictures(folder: Path) -> bool:
    return any(file.suffix.lower() in READ_PICTURES and not file.name.startswith(".") for file in folder.iterdir())


def _files(folder: Path, without: Path, *, recursive: bool) -> Iterator[Path]:
    """The files of a folder in the order of their names, but for hidden ones; those of a folder `without` are none."""

    def refuse(error: OSError) -> None:
        raise error

    for place, folders, names in os.walk(folder, onerror=refuse):
        inner = [name for name in sorted(folders) if recursive and not name.startswith(".")]
        folders[:] = [name for name in inner if not is_one_of(Path(place, name), [without])]
        for name in sorted(names):
            if not name.startswith(".") and (path := Path(place, name)).is_file():
                yield path


def _distinct(works: Iterable[Work]) -> tuple[Work, ...]:
    """Each once. UsageError: two would have one result, or a result is an input."""
    by_target: dict[str, Work] = {}
    for work in works:
        other = by_target.setdefault(os.path.realpath(work.target), work)
        if not work.source.samefile(other.source):
            raise UsageError(
                f"{other.source} and {work.source} would both become {work.target}; give --name, such as "
                "'{name}{suffix}.mkv', or two runs with folders of their own"
            )
    sources = {os.path.realpath(work.source): work for work in by_target.values()}
    for name, work in by_target.items():
        if name in sources:
            raise UsageError(
                f"{sources[name].source} is an input, and the result of {work.source} would replace it; give another "
                "--output-dir or --name"
            )
    return tuple(by_target.values())
