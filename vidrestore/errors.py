"""The errors a user can meet, and the exit code each one ends the command with.

    VidrestoreError            1  processing failed
    ├── UsageError             2  wrong usage: an option, a path, a combination
    ├── InputError             3  the input is damaged or not a video
    ├── ModelError             4  an unknown model, missing or wrong weights
    └── ResourceError          5  out of memory or disk

Every message is one line that names the thing and the way out. Anything that is not a
VidrestoreError is a bug and shows its traceback, but for a system's refusal of a path, which
the command line knows (cli/errors.py).
"""

import errno

_EXHAUSTED = {
    errno.ENOSPC: "the disk is full; free some space or write elsewhere",
    errno.EDQUOT: "the disk is full; free some space or write elsewhere",
    errno.EFBIG: "files may not grow so large here; raise the limit (ulimit -f) or write elsewhere",
    errno.EMFILE: "too many files are open; raise the limit (ulimit -n)",
    errno.ENFILE: "too many files are open on this machine; close other programs",
    errno.ENOMEM: "out of memory; close other programs",
}

REFUSALS = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENAMETOOLONG, errno.ELOOP, errno.ENOTDIR)
"""What the system says of a path that a user gave."""


class VidrestoreError(Exception):
    """Processing failed."""

    exit_code = 1


class UsageError(VidrestoreError):
    """The command or call makes no sense as given."""

    exit_code = 2


class ReferencesError(UsageError):
    """The input opens other files, which was not allowed. Commands that can allow it say how."""


class InputError(VidrestoreError):
    """The input is damaged, or not what it should be."""

    exit_code = 3


class ModelError(VidrestoreError):
    """The model is unknown, or its weights are missing or wrong."""

    exit_code = 4


class NotCompiledError(VidrestoreError):
    """An engine cannot run a network."""


class ResourceError(VidrestoreError):
    """Memory or disk space ran out."""

    exit_code = 5


def exhaustion(number: int | None, path: object) -> ResourceError | None:
    """What to say of a system's error `number` that means it has no more of something; None: it means another thing."""
    reason = _EXHAUSTED.get(number or 0)
    return None if reason is None else ResourceError(f"{path}: {reason}")


def unwritable(path: object, number: int | None, reason: str | None, missing: object = None) -> VidrestoreError:
    """What to say where a result cannot be written.

    Args:
        number, reason, missing: what the system's error, or FFmpeg's, has as errno, strerror and filename.
    """
    if (known := exhaustion(number, path)) is not None:
        return known
    if number == errno.ENOENT:
        gone = f"there is no {missing or path} any more"
        return VidrestoreError(f"{path} cannot be written: {gone}; something was removed while this run was at work")
    if number in REFUSALS:
        return UsageError(f"{path} cannot be written: {reason}; give another path")
    return VidrestoreError(f"{path} cannot be written: {reason}")
