"""Which masking rule an item gets, as the expression of its column in a SELECT. The rules themselves are in `sql/functions/mask.sql`."""

from __future__ import annotations

from shuyuan.catalog.sharing import SharedItem
from shuyuan.db.sql import Composable, Identifier, fragment

BY_TYPE = {
    "citizen_id": "mask_citizen_id",
    "person_name": "mask_person_name",
    "phone": "mask_phone",
    "address": "mask_address",
    "date": "mask_date",
    "coordinate": "mask_coordinate",
    "division": "mask_division",
    "identifier": "mask_identifier",
    "uscc": "mask_identifier",
    "text": "mask_text",
    "org_name": "mask_text",
}


def rule(item: SharedItem) -> str:
    """The name of the masking function of an item. Sensitive free text is hidden whole: what it says cannot be known."""
    if item.sensitivity == "sensitive" and item.type in ("text", "org_name"):
        return "mask_all"
    return BY_TYPE.get(item.type, "mask_all")


def column(item: SharedItem, masked: bool) -> Composable:
    """`<expression> AS <item>` for the SELECT list."""
    place, name = Identifier(item.column), Identifier(item.name)
    if not masked:
        return fragment("{place} AS {name}", place=place, name=name)
    function = Identifier("share", rule(item))
    cast = "{function}({place}::text) AS {name}" if rule(item) == "mask_all" else "{function}({place}) AS {name}"
    return fragment(cast, function=function, place=place, name=name)
