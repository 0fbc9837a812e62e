"""What everything written in YAML is made of: the frozen base that refuses unknown keys, kinds of names and of items.

Belongs here: what more than one file of models needs. Does not belong here: a noun of the catalog.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,40}$")]
ItemType = Literal[
    "text", "identifier", "phone", "address", "person_name", "org_name", "citizen_id", "uscc",
    "code", "division", "date", "amount", "integer", "coordinate",
    "org_code", "reg_no", "tax_no", "inst_cert_no", "social_reg_no", "parcel_code", "real_estate_unit_no", "bank_card", "postcode", "email",
]  # fmt: skip
Comparator = Literal["exact", "person_name", "org_name", "code", "date", "amount", "address", "coordinate"]
SPELLED = ("address", "org_name", "person_name")
"""Comparators, and item types, of texts that are compared as they are meant, without punctuation and width (`sql/compare/text`)."""
Cycle = Literal["realtime", "daily", "weekly", "monthly", "quarterly", "semiannual", "annual", "irregular"]
ResourceId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$")]
ItemRef = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*\.(_records|[a-z][a-z0-9_]*)$")]


def resource_of(ref: str) -> str:
    """`public_security.resident.name` → `public_security.resident`."""
    return ref.rsplit(".", 1)[0]


def item_of(ref: str) -> str:
    """`public_security.resident.name` → `name`."""
    return ref.rsplit(".", 1)[1]


class Declared(BaseModel):
    """Base of everything written in YAML."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class Share(Declared):
    """Sharing attribute (共享属性): unconditional, conditional with its condition, none with its legal basis (国发〔2016〕51号 第九条, 第十条)."""

    type: Literal["unconditional", "conditional", "none"] = "unconditional"
    condition: str | None = None
    basis: str | None = None
