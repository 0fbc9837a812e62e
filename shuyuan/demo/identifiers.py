"""Numbers of invented people and bodies that are valid by the national standards, and the ways they get spoiled.

Belongs here: GB 11643-1999 and GB 32100-2015 (with its inner GB 11714) written out for generating. It deliberately shares no code
with the checker in `standards`: if both agree, neither is wrong alone.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from shuyuan.demo.draw import Ints

Bytes = npt.NDArray[np.uint8]

_ID_WEIGHTS = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2])
_ID_CHECKS = np.frombuffer(b"10X98765432", np.uint8)
_ALPHABET = np.frombuffer(b"0123456789ABCDEFGHJKLMNPQRTUWXY", np.uint8)
_WEIGHTS = np.array([1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28])
_ORG_WEIGHTS = np.array([3, 7, 9, 10, 5, 8, 4, 2])
_ORG_CHECKS = np.frombuffer(b"0123456789X", np.uint8)
_VALUE_OF = np.zeros(256, np.int64)
_VALUE_OF[_ALPHABET] = np.arange(31)


def citizen_ids(divisions: Ints, births: npt.NDArray[np.datetime64], sequences: Ints) -> pa.StringArray:
    """18 characters: 6-digit division, birth date, 3-digit sequence (odd: male), check character (GB 11643-1999)."""
    body = np.hstack([_decimal(divisions, 6), _decimal(day_numbers(births), 8), _decimal(sequences, 3)])
    remainders = ((body - 48) @ _ID_WEIGHTS) % 11
    return _texts(np.hstack([body, _ID_CHECKS[remainders][:, None]]))


def usccs(heads: npt.NDArray[np.bytes_], divisions: Ints, serials: Ints) -> pa.StringArray:
    """18 characters: 2-character head (`91`), 6-digit division, organisation code of an 8-digit serial, check (GB 32100-2015)."""
    head = np.frombuffer(np.ascontiguousarray(heads, "S2").tobytes(), np.uint8).reshape(-1, 2)
    serial = _decimal(serials, 8)
    remainders = (11 - ((serial - 48) @ _ORG_WEIGHTS) % 11) % 11
    body = np.hstack([head, _decimal(divisions, 6), serial, _ORG_CHECKS[remainders][:, None]])
    checks = _ALPHABET[(31 - (_VALUE_OF[body] @ _WEIGHTS) % 31) % 31]
    return _texts(np.hstack([body, checks[:, None]]))


def day_numbers(days: npt.NDArray[np.datetime64]) -> Ints:
    """Days as CCYYMMDD numbers."""
    months = days.astype("datetime64[M]")
    years = days.astype("datetime64[Y]")
    year = years.astype(np.int64) + 1970
    month = (months - years).astype(np.int64) + 1
    day = (days.astype("datetime64[D]") - months).astype(np.int64) + 1
    return np.asarray(year * 10000 + month * 100 + day, np.int64)


def other_check(number: str) -> str:
    """The same number with a check character that is wrong."""
    return number[:-1] + ("1" if number[-1] != "1" else "2")


def other_organisation_check(code: str) -> str:
    """A code whose outer check holds while its inner organisation code (GB 11714) does not."""
    wrong = code[:16] + ("1" if code[16] != "1" else "2")
    values = _VALUE_OF[np.frombuffer(wrong.encode(), np.uint8)]
    return wrong + chr(_ALPHABET[(31 - int(values @ _WEIGHTS) % 31) % 31])


def legacy_id(number: str) -> str:
    """The 15-digit form of a number of somebody born in the 20th century."""
    return number[:6] + number[8:17]


def impossible_birth(number: str) -> str:
    """A number whose check character is right and whose birth day does not exist."""
    body = number[:10] + "1345" + number[14:17]
    remainder = sum(int(c) * int(w) for c, w in zip(body, _ID_WEIGHTS, strict=True)) % 11
    return body + chr(_ID_CHECKS[remainder])


def _decimal(numbers: Ints, width: int) -> Bytes:
    powers = 10 ** np.arange(width - 1, -1, -1, dtype=np.int64)
    return np.asarray((numbers[:, None] // powers) % 10 + 48, np.uint8)


def _texts(rows: Bytes) -> pa.StringArray:
    size, width = rows.shape
    offsets = pa.py_buffer(np.arange(0, (size + 1) * width, width, dtype=np.int32))
    return pa.StringArray.from_buffers(size, offsets, pa.py_buffer(np.ascontiguousarray(rows)))
