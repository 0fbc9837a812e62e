"""What stewards ruled about identity, as relations of the engine. What follows for a member's rows stands in `claims.py`."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from shuyuan.lake import duck

ALIASES = pa.schema([("alias", pa.string()), ("entity", pa.string())])
ROWS = pa.schema([("resource", pa.string()), ("row_key", pa.string()), ("entity", pa.string())])


class Ruled:
    """Relations `aliases`, `ruled_rows` and `moved` on a connection. Few rows: stewards rule one by one. `any`: is there a ruling in force?"""

    def __init__(self, connection: duck.Duck, aliases: pa.Table, rows: pa.Table, moved: Sequence[str]) -> None:
        self.any = bool(aliases.num_rows or rows.num_rows)
        connection.register("aliases", aliases)
        connection.register("ruled_rows", rows)
        connection.register("moved", pa.table({"entity": pa.array(moved, pa.string())}))
