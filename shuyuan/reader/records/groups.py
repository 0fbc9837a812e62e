"""What the largest row group of a Parquet file unpacks to in the columns that are asked for; a program of its own when it is run.

pyarrow ends the process (`std::terminate`) over damaged metadata of a column instead of raising, so nobody but this program may look there.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


def largest(path: Path, wanted: Sequence[str]) -> int:
    """Bytes, as declared. Raises pyarrow.ArrowException for metadata that cannot be read."""
    order = [sys.executable, "-I", __file__, str(path.absolute())]
    asked = json.dumps(list(wanted))
    done = subprocess.run(order, input=asked, capture_output=True, text=True, check=False)  # noqa: S603  # this very file
    if done.returncode:
        raise pa.ArrowInvalid(f"the metadata of its columns is damaged: {' '.join(done.stderr.split())[-200:]}")
    return int(done.stdout)


def _largest(path: str, wanted: set[str]) -> int:
    metadata = pq.read_metadata(path)
    groups = map(metadata.row_group, range(metadata.num_row_groups))
    columns = ([group.column(i) for i in range(group.num_columns)] for group in groups)
    asked = ([column for column in group if column.path_in_schema.split(".")[0] in wanted] for group in columns)
    return max((sum(column.total_uncompressed_size for column in group) for group in asked), default=0)


if __name__ == "__main__":
    print(_largest(sys.argv[1], set(json.load(sys.stdin))))
