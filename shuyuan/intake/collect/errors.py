"""Why a delivery could not be fetched.

CollectError              names the connection, what is wrong, the way out
├── Unreachable           the other side does not answer, is busy, or broke off: trying again may help
└── NotCollectable        trying again cannot help; `code` is stable for the ledger
    ├── NoConnection      nobody has said where that connection leads
    ├── AccessRefused     the other side does not let us in
    ├── TableRefused      the database does not hand out the table
    ├── UnsafeName        a file name that would leave the inbox
    ├── TooLarge          more bytes than the connector's limit
    ├── BadReply          an answer of another shape than the contract describes
    ├── NotAsPromised     the total that the other side states is not what it hands out
    └── NotOfThatDay      what is there is the register as it stands now, not as of the business date
"""

from __future__ import annotations

from typing import ClassVar


class CollectError(Exception):
    """`where` is the connection and what was asked of it; never an address with a password in it."""

    def __init__(self, where: str, problem: str, way_out: str) -> None:
        self.where, self.problem, self.way_out = where, problem, way_out
        super().__init__(f"{where}: {problem}. Way out: {way_out}.")


class Unreachable(CollectError):
    """No answer, a busy server, a connection that broke off. `pause`: seconds after which the other side wants to be asked again."""

    pause: float | None = None


class NotCollectable(CollectError):
    """Trying again cannot help."""

    code: ClassVar[str] = "not_collectable"


class NoConnection(NotCollectable):
    """The connection is not set up, or not in a form that its kind understands."""

    code = "no_connection"


class AccessRefused(NotCollectable):
    """Wrong name, password, token or key, or no right to read."""

    code = "access_refused"


class TableRefused(NotCollectable):
    """No driver, no such table or column, no right, or a key that does not reach every row."""

    code = "table_refused"


class UnsafeName(NotCollectable):
    """A name from the other side that is more than a file name."""

    code = "unsafe_name"


class TooLarge(NotCollectable):
    """More than the connector's `limit`."""

    code = "too_large"


class BadReply(NotCollectable):
    """An answer that is not of the shape that the contract describes."""

    code = "bad_reply"


class NotAsPromised(NotCollectable):
    """Rows handed out and total stated differ."""

    code = "not_as_promised"


class NotOfThatDay(NotCollectable):
    """A register as it stands now cannot be had for another day."""

    code = "not_of_that_day"
