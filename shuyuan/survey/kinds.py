"""Which type a column most likely has, and why: header and data are witnesses, and the data outweighs the header."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from shuyuan.survey.profile import CHECKED, ColumnProfile

SURE: Final = 0.9  # share of cells a type must explain without a word from the header
SAID: Final = 0.6  # share that is enough where the header says the type
LONG: Final = 10  # digits from which a number names something and counts nothing
FEW_VALUES: Final = 30
OFTEN: Final = 5  # times a value must come on average for a column to repeat itself


@dataclass(frozen=True)
class Guess:
    """A type with the reason in words, counts included."""

    type: str
    why: str


def guess(column: ColumnProfile) -> Guess:
    """The likeliest type of a column."""
    if not column.nonempty:
        said = column.hint.type if column.hint.type not in (None, "code") else "text"
        return Guess(str(said), f"no value in {column.rows:,} rows; {_says(column) or 'nothing to go by'}")
    for rule in (_lost, _number_with_check, _as_said, _by_form, _by_shape):
        found = rule(column)
        if found is not None:
            return found
    return Guess("text", f"{column.nonempty:,} non-empty, no narrower type explains them{_but(column)}")


def evidence(column: ColumnProfile, item_type: str) -> str:
    """`4,980 of 5,000 non-empty valid (99.6 %), 12 masked, 8 id_checksum`."""
    count = column.counts[item_type]
    reasons = sorted(count.reasons.items(), key=lambda r: (r[0] != "masked", -r[1]))
    parts = [f"{count.valid:,} of {column.nonempty:,} non-empty valid ({count.valid / column.nonempty:.1%})"]
    return ", ".join([*parts, *(f"{number:,} {reason}" for reason, number in reasons[:4])])


def _share(column: ColumnProfile, item_type: str) -> float:
    count = column.counts.get(item_type)
    return count.explained / column.nonempty if count else 0.0


def _shape(column: ColumnProfile, *names: str) -> float:
    return max(column.share(name) for name in names)


def _says(column: ColumnProfile) -> str:
    return f"the header says {column.hint.word}" if column.hint.type else ""


def _but(column: ColumnProfile) -> str:
    """What the header said and the data did not bear out."""
    said = column.hint.type
    if said in (None, "text", "code") or said not in column.counts:
        return ""
    return f"; the header says {column.hint.word} ({said}), but {evidence(column, str(said))}"


def _lost(column: ColumnProfile) -> Guess | None:
    """Numbers that a spreadsheet turned into floats: only an identifier refuses them and keeps what was read."""
    mangled = column.counts["identifier"].reasons["excel_mangled"] if "identifier" in column.counts else 0
    if not mangled or _share(column, column.hint.type or "") >= SAID or mangled < 0.1 * column.nonempty:
        return None
    return Guess(
        "identifier", f"{mangled:,} of {column.nonempty:,} turned into floats by a spreadsheet: digits are lost"
    )


def _number_with_check(column: ColumnProfile) -> Guess | None:
    """A check character that holds in nine of ten cells is no accident."""
    best = max((name for name in CHECKED if name in column.counts), key=lambda n: column.counts[n].valid, default=None)
    if best is None or column.counts[best].valid < SURE * column.nonempty or _shape(column, "mobile") > LIKELY_MOBILE:
        return None
    if best not in ("citizen_id", "uscc") and column.hint.type not in (best, "identifier", "uscc", None):
        return None
    return Guess(best, _with_header(column, best))


LIKELY_MOBILE: Final = 0.5


def _with_header(column: ColumnProfile, item_type: str) -> str:
    said = _says(column) if column.hint.type == item_type else ""
    return "; ".join(part for part in (evidence(column, item_type), said) if part)


def _as_said(column: ColumnProfile) -> Guess | None:
    """The header's word counts where the data does not speak against it."""
    said = column.hint.type
    if said is None or said == "text":
        return None
    if said == "code":
        return _repeating(column)
    if (other := _rather(column, said)) is not None:
        return other
    agrees = _share(column, said) >= SAID and not _denied(column, said)
    return Guess(said, _with_header(column, said)) if agrees else None


def _denied(column: ColumnProfile, said: str) -> bool:
    """Numbers that name, where the header speaks of a quantity; prose, where it speaks of a number."""
    if said in ("integer", "amount"):
        return _names_something(column)
    return said == "identifier" and _free_text(column)


def _rather(column: ColumnProfile, said: str) -> Guess | None:
    """Parties may be persons, and whoever is responsible may be a firm."""
    if said == "org_name" and _shape(column, "person") > SURE:
        words = f"{column.shapes['person']:,} of {column.nonempty:,} look like persons' names"
        return Guess("person_name", words)
    if said == "person_name" and column.shapes["org"] > column.shapes["person"]:
        words = f"{column.shapes['org']:,} of {column.nonempty:,} end like organisations; {_says(column)}"
        return Guess("org_name", words)
    return None


def _names_something(column: ColumnProfile) -> bool:
    """Digits that are no quantity: with a leading zero, or too long to count anything."""
    return column.shapes["leading_zero"] > 0 or (column.shortest >= LONG and _shape(column, "decimal") == 0)


def _free_text(column: ColumnProfile) -> bool:
    return column.longest > 200 and _shape(column, "bare") < LIKELY_MOBILE


def _by_form(column: ColumnProfile) -> Guess | None:
    """Without a word from the header: what is hard to be by accident, hardest first."""
    if _share(column, "phone") >= SURE and _shape(column, "mobile") >= SURE / 2:
        return Guess("phone", evidence(column, "phone"))
    if _share(column, "date") >= SURE and (_shape(column, "dated") >= SURE or column.shortest >= 8):
        return Guess("date", evidence(column, "date"))
    if _names_something(column) and max(_share(column, "amount"), _share(column, "integer")) >= SURE:
        return Guess(
            "identifier",
            f"{column.nonempty:,} numbers with leading zeros or {LONG} and more digits: names, not quantities",
        )
    if _share(column, "integer") >= 0.99:
        return Guess("integer", evidence(column, "integer"))
    if _share(column, "amount") >= 0.99 and column.hint.unit:
        return Guess("amount", f"{evidence(column, 'amount')}; unit {column.hint.unit} in the header")
    return None


def _by_shape(column: ColumnProfile) -> Guess | None:
    for shape, item_type, least, words in (
        ("org", "org_name", 0.8, "end like names of organisations"),
        ("person", "person_name", SURE, "look like persons' names (known surname, two or three characters)"),
        ("address", "address", 0.8, "look like addresses"),
    ):
        if _shape(column, shape) >= least and column.longest <= 200:
            return Guess(item_type, f"{column.shapes[shape]:,} of {column.nonempty:,} {words}{_but(column)}")
    return _repeating(column) if column.hint.type == "code" else _document_number(column)


def _document_number(column: ColumnProfile) -> Guess | None:
    various = column.distinct.count() > 0.5 * column.nonempty
    if various and _shape(column, "numbered") >= SURE and _shape(column, "bare") >= SURE and column.longest <= 60:
        return Guess(
            "identifier",
            f"{column.shapes['numbered']:,} of {column.nonempty:,} hold digits without blanks, most of them different{_but(column)}",
        )
    return None


def _repeating(column: ColumnProfile) -> Guess | None:
    """A column of few short values that come again and again."""
    different = column.distinct.count()
    if column.values is None or different > FEW_VALUES or column.longest > 20 or column.nonempty < OFTEN * different:
        return None
    return Guess("code", f"{different} different values in {column.nonempty:,} non-empty cells")
