"""Panics of calamine: a damaged book may trip an assertion inside the library, which reaches Python as no `Exception` at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from python_calamine import CalamineError


@contextmanager
def as_errors() -> Iterator[None]:
    """A panic inside becomes a CalamineError, which means what it means: the book cannot be read.

    pyo3 derives `PanicException` from BaseException and exports it nowhere, so it is known by its name.
    """
    try:
        yield
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise CalamineError(f"the book reader gave up: {error}") from error
