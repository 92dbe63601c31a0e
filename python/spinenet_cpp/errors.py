"""What the package raises: one class for each kind of error, all of them an Error.

The message names the file or argument, the place, and what to do about it. `kind` is the name that the program and the
C++ library have for the same kind.
"""


class Error(Exception):
    """What went wrong, where, and what to do about it."""

    kind: str = "failed"


class UsageError(Error, ValueError):
    """An argument makes no sense, or names something that does not exist."""

    kind = "usage"


class BadDataError(Error, ValueError):
    """A file or its content is cut, foreign or wrong."""

    kind = "bad_data"


class InputOutputError(Error, OSError):
    """The operating system refused: a missing file, a missing permission, a full disk."""

    kind = "io"


class UnsupportedError(Error, RuntimeError):
    """Right in itself, but not in this version or on this machine."""

    kind = "unsupported"


class FailedError(Error, RuntimeError):
    """The work ran and did not succeed."""

    kind = "failed"
