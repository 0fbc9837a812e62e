"""What everything written in YAML is made of: the frozen base that refuses unknown keys, and the kinds of names.

Belongs here: what more than one file of models needs. Does not belong here: a noun of the catalog.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,40}$")]


class Declared(BaseModel):
    """Base of everything written in YAML."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)
