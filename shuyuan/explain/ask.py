"""The one way to have an entity explained: judge the duty, gather, one row in ledger.access, and only then the answer.

Belongs here: the order of those four, in one transaction. Does not belong here: the rules (`share.duty`), the doors (`cli`, `web`).
"""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from shuyuan import settings
from shuyuan.catalog import Catalog, Library, load_catalog, resource_of
from shuyuan.db.engine import Connection, transaction
from shuyuan.db.kept import kept_transaction
from shuyuan.explain.facts import Facts, Row, gather, objects, readers
from shuyuan.explain.past import open_at
from shuyuan.explain.story import Explained
from shuyuan.explain.story import explain as explained
from shuyuan.ledger.access import Access, Method, record
from shuyuan.resolve.plan import fingerprint
from shuyuan.share.decide import Person
from shuyuan.share.duty import Duty, duty
from shuyuan.share.moment import NOW, Moment
from shuyuan.share.read import Refused, asking, failure, find_person, purpose_id


@dataclass(frozen=True)
class Explanation:
    """What the asker may know about an entity. `facts` is None for those who see no values, `readers` for those who see no readers.

    `same_rules`: whether the rules that the last run followed are those of the catalog today; None when no run has ended.
    """

    library: Library
    key: str
    moment: Moment
    access_id: int
    items: tuple[Explained, ...] = ()
    facts: Facts | None = None
    readers: tuple[Row, ...] | None = None
    same_rules: bool | None = None

    @property
    def found(self) -> bool:
        """Whether the library held the entity at the moment."""
        return self.facts is not None and self.facts.row is not None

    @property
    def known(self) -> bool:
        """Whether there is anything to say about the key: it is or was in the library, or something was ruled about it."""
        return self.facts is not None and bool(self.facts.today or self.facts.versions or self.facts.links)

    @property
    def discrepancies(self) -> list[Row]:
        """Every discrepancy of the explained items, and what thematic checks found of a whole entity; those that were open at the moment first."""
        names = {one.item.name for one in self.items}
        if len(names) == len(self.library.items):
            names |= {one.id for one in self.library.contradictions}
        mine = [d for d in (self.facts.discrepancies if self.facts else ()) if d["item"] in names]
        return sorted(mine, key=lambda d: not open_at(self.moment, d))


@dataclass(frozen=True)
class _Request:
    name: str
    person: Person | None
    purpose: str
    library: str
    key: str
    item: str | None
    moment: Moment
    method: Method

    def __str__(self) -> str:
        words = ["explain", self.library, self.key, self.item or "", str(self.moment) if self.moment.past else ""]
        return " ".join(word for word in words if word)


def explain(
    asker: Person | str,
    purpose: str,
    library: str,
    key: str,
    item: str | None = None,
    *,
    moment: Moment = NOW,
    method: Method = "cli",
    keep: bool = False,
) -> Explanation:
    """Explain one entity (or one item of it) to somebody whose duty it is: a registered name, or a person known to the door.

    Values and claims are for those who check data, the list of readers also for auditors, who see no value. The audit row is
    written in the transaction that read, and committed before anything is returned. `keep`: a process that will ask again keeps
    its connection.

    Raises:
        Refused: deny by default; the refusal is in the ledger.
        psycopg.Error: reading or recording failed; the failure is in the ledger if the ledger can be written.
    """
    catalog = load_catalog(settings.load().catalog)
    name = asker if isinstance(asker, str) else asker.name
    person = asker if isinstance(asker, Person) else None
    request = _Request(name, person, purpose_id(catalog, purpose), library, key, item, moment, method)
    try:
        with kept_transaction("shuyuan_web") if keep else transaction("shuyuan_web") as connection:
            answer = _explain(connection, request, catalog, registered=isinstance(asker, str))
    except Exception as error:
        with transaction("shuyuan_web") as connection:
            reason = failure(error)
            record(connection, replace(_access(request, reason), outcome="failed"))
        raise
    if isinstance(answer, Refused):
        raise answer
    return answer


def _explain(connection: Connection, request: _Request, catalog: Catalog, *, registered: bool) -> Explanation | Refused:
    """Everything in the caller's transaction, by one state of all relations: a run published meanwhile is told of next time."""
    began = time.perf_counter()
    connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    if registered:
        request = replace(request, person=find_person(connection, request.name))
    judged = duty(request.person, request.purpose, request.library, request.item, catalog)
    access = _access(request, judged.reason)
    if not judged.allowed:
        return Refused(judged.reason, record(connection, replace(access, outcome="refused")))
    answer, read = _answer(connection, request, judged, catalog)
    access = replace(access, **read, seconds=time.perf_counter() - began)
    return replace(answer, access_id=record(connection, access))


def _answer(
    connection: Connection, request: _Request, judged: Duty, catalog: Catalog
) -> tuple[Explanation, dict[str, Any]]:
    """The explanation, and what the audit has to say about it."""
    library = catalog.libraries[request.library]
    answer = Explanation(library, request.key, request.moment, access_id=0)
    if judged.readers:
        answer = replace(answer, readers=readers(connection, library, request.key))
    if not judged.values:
        return answer, {"objects": ("ledger.access",), "rows": len(answer.readers or ())}
    narrowed = _narrowed(library, request.item)
    wanted = _resources(narrowed)
    facts = gather(connection, catalog, narrowed, request.key, wanted, request.moment)
    items = tuple(explained(catalog, narrowed, request.key, facts, request.moment))
    answer = replace(answer, facts=facts, items=items, same_rules=_same_rules(catalog, library, facts))
    read: dict[str, Any] = {
        "objects": objects(library, wanted, request.moment),
        "columns": tuple(i.name for i in narrowed.items),
    }
    return answer, {**read, "rows": int(answer.found)}


def _narrowed(library: Library, item: str | None) -> Library:
    """The library with the one item that is asked for; the claims of others need not be read."""
    return library.model_copy(update={"items": (library.item(item),)}) if item else library


def _resources(library: Library) -> Collection[str]:
    return {resource_of(ref) for item in library.items for ref in item.refs}


def _same_rules(catalog: Catalog, library: Library, facts: Facts) -> bool | None:
    last = facts.last
    return None if last is None else last["rules"] == fingerprint(catalog, library)


def _access(request: _Request, reason: str) -> Access:
    return asking(
        request.name,
        request.person,
        request.purpose,
        request.method,
        statement=str(request),
        objects=(f"library.{request.library}",),
        reason=reason,
        entity=request.key,
    )
