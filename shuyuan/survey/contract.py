"""A proposal as YAML: the resource, with the evidence of every guess as a comment, its suite, and the code lists it needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from shuyuan.survey.plain import comment, scalar
from shuyuan.survey.proposal import CONDITION, Item, Proposal
from shuyuan.survey.report import Survey, Table

CLASSIFICATION: Final = "300000/1"
FILLED: Final = 0.95  # share of filled cells from which a column is expected to stay filled
BORNE: Final = 0.15  # share of rows set aside beyond which `_default.yml` would soon refuse every delivery
MANY: Final = 20  # rows from which a share means something


@dataclass(frozen=True)
class Frame:
    """What a contract says beside its items. `hints`: members of `delivery` beside pattern and mode; `warnings`: what to settle first."""

    id: str
    title: str
    title_en: str
    pattern: str
    pattern_why: str
    cycle: str
    cycle_why: str
    hints: Mapping[str, object]
    warnings: tuple[str, ...]
    drafted: date


def resource(frame: Frame, proposal: Proposal, survey: Survey, table: Table) -> str:
    """The resource's YAML."""
    return "\n".join([*_head(frame, survey, table), *_keys(proposal), *_delivery(frame), *_items(proposal)]) + "\n"


def _head(frame: Frame, survey: Survey, table: Table) -> Iterator[str]:
    encoding = f", {survey.encoding.name}" if survey.encoding else ""
    yield comment(
        f"Drafted by `shuyuan draft` on {frame.drafted} from {survey.file}: {table.rows:,} rows, {survey.format}{encoding}."
    )
    yield comment("Every guess has its evidence above it: settle it with the department, then delete the comment.")
    for warning in frame.warnings:
        yield comment(f"FIRST: {warning}")
    yield f"id: {frame.id}"
    yield f"title: {scalar(frame.title)}  # from the file's name"
    yield f"title_en: {scalar(frame.title_en)}"
    yield f"classification: {CLASSIFICATION}  # 3 部门: look up 项 and 目 of your department (政务信息资源目录编制指南)"


def _keys(proposal: Proposal) -> Iterator[str]:
    for note in proposal.key_notes:
        yield comment(f"key: {note}")
    yield f"key: {scalar(list(proposal.key))}"


def _delivery(frame: Frame) -> Iterator[str]:
    yield f"update_cycle: {frame.cycle}  # {frame.cycle_why}"
    yield "grace: 5  # working days"
    yield comment(
        f"delivery: {frame.pattern_why}; every file is taken for the whole register: if it holds changes only, say mode: change and op"
    )
    yield f"delivery: {scalar({'pattern': frame.pattern, 'mode': 'full', **frame.hints})}"
    yield "share: {type: unconditional}  # what speaks of persons is conditional, item by item"


def _items(proposal: Proposal) -> Iterator[str]:
    for reason in proposal.left_out:
        yield comment(f"left out: {reason}")
    yield "items:"
    for item in proposal.items:
        for note in item.notes:
            yield f"  {comment(note)}"
        yield f"  - {scalar(members(item))}"


def members(item: Item) -> dict[str, object]:
    """The members of one item, in the order in which the catalog writes them; what is the default is left out."""
    personal = item.column.sensitivity in ("personal", "sensitive")
    listed = item.listed
    said: dict[str, object] = {
        "name": item.name,
        "label": item.label,
        "type": item.type,
        "required": item.required,
        "aliases": list(item.aliases),
        "codes": listed.codes if listed else None,
        "crosswalk": listed.crosswalk if listed else None,
        "unit": (item.column.unit or "元") if item.type == "amount" else None,
        "sensitivity": item.column.sensitivity if personal else None,
        "share": {"type": "conditional", "condition": CONDITION} if personal else None,
    }
    return {name: value for name, value in said.items() if value}


def code_list(item: Item, department: str) -> str:
    """A first code list of the values seen."""
    assert item.listed is not None and item.listed.new is not None  # noqa: S101 - the caller looked
    lines = [
        comment(f"Drafted from the values of {item.label}: {item.listed.why}."),
        f"id: {item.listed.codes}",
        f"standard: {scalar(f'{department} 自用，待核')}",
        f"title: {scalar(item.label)}",
        f"title_en: {scalar(item.name.replace('_', ' ').capitalize())}",
        "values:",
        *(f"  {_quoted(value)}: {scalar(label)}" for value, label in item.listed.new.items()),
    ]
    return "\n".join(lines) + "\n"


def _quoted(value: str) -> str:
    """Keys are texts, digits too."""
    text = scalar(value)
    return text if text.startswith('"') else f'"{text}"'


def suite(table_name: str, proposal: Proposal, table: Table) -> str:
    """The resource's own suite: what held in the sample, as notes to begin with. `_default.yml` holds beside it."""
    lines = [
        comment(
            "Drafted from what held in the sample. Nothing here refuses anything yet: raise a severity once you trust it."
        ),
        f"suite: {table_name}",
        "expectations:",
        *_rule(
            "expect_rows_at_least",
            {"min_rows": max(1, table.rows // 2), "when": "full"},
            "完整性",
            f"样本有{table.rows}行",
        ),
    ]
    if proposal.aside > BORNE:
        words = {"max_rate": min(1.0, round(1.2 * proposal.aside, 2))}
        note = f"样本中{proposal.aside:.0%}的行会被隔离，先向部门问清主键"
        lines += _rule("expect_quarantine_rate_at_most", words, "准确性", note, "critical")
    for item in proposal.items:
        if item.name not in proposal.key:
            lines += _expected(item)
    return "\n".join(lines) + "\n"


def _expected(item: Item) -> list[str]:
    column = item.column
    rows = column.nonempty + column.empty + column.nulls
    lines: list[str] = []
    share = column.usable / rows if rows else 0.0
    if rows >= MANY and share >= FILLED and not item.required:
        words = {"column": item.name, "mostly": round(share - 0.05, 2)}
        lines += _rule("expect_column_values_to_not_be_null", words, "完整性", f"样本中{column.usable}/{rows}行有值")
    negative = any(t.type == "amount" and t.reasons.get("amount_negative") for t in column.candidates)
    if item.type == "amount" and column.usable and not negative:
        lines += _rule(
            "expect_column_values_to_be_between", {"column": item.name, "min_value": 0}, "准确性", "样本中没有负数"
        )
    return lines


def _rule(kind: str, words: Mapping[str, object], dimension: str, note: str, severity: str = "info") -> list[str]:
    said = [f"    {name}: {scalar(value)}" for name, value in words.items()]
    return [
        f"  - type: {kind}",
        *said,
        f"    severity: {severity}",
        f"    meta: {scalar({'dimension': dimension, 'note': note})}",
    ]
