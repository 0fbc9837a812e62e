"""Writes docs/reference/reason-codes.md from the code: every reason a cell, a row, a file or a batch can be given.

    python scripts/reason_codes.py            write the page
    python scripts/reason_codes.py --check    exit 1 when the page is not current (tests/test_docs.py does the same)

Verdicts of cells are read from `shuyuan.standards.REASONS`, files from the error tree of reading. Codes that the reader gives to
rows and files are found by parsing its source, so that a new one without words here stops this script instead of being left out.
Belongs here: the words of the page that are nowhere else. Does not belong here: the meaning of a code (that is the code's own module).
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from shuyuan.intake import drift as _drift  # noqa: F401  # its error joins the tree
from shuyuan.intake import receive as _receive  # noqa: F401  # and its
from shuyuan.intake.standardise import MESSAGES
from shuyuan.reader.errors import ReadError
from shuyuan.standards import REASONS
from shuyuan.standards.reasons import DIMENSIONS

PROJECT = Path(__file__).resolve().parent.parent
PAGE = PROJECT / "docs" / "reference" / "reason-codes.md"
CHINESE = dict(zip(DIMENSIONS, ("规范性", "完整性", "准确性", "一致性", "时效性"), strict=True))

# Reader and flow: what happened, and what the department should do.
ROWS = {
    "undecodable": (
        "字节无法解码",
        "bytes that the file's encoding does not decode",
        "deliver the row again, repaired",
    ),
    "nul_byte": ("含 NUL 字节", "a NUL byte in a cell", "deliver the row again, repaired"),
    "field_too_large": ("单元格过长", "a cell of more than 1,000,000 characters", "look for a missing quote"),
    "ragged_row": ("列数与表头不符", "fewer cells than the header, or text beyond its last column", "quote delimiters"),
    "stray_quote": ("引号未闭合", "a cell opens with a quote that is not closed", "double the quotes inside cells"),
    "bad_json": ("不是一个 JSON 对象", "the line is not one JSON object", "write one object per line"),
    "shifted_row": (
        "单元格错位",
        "a delimiter too many: the values stand under other headers than in the rows around it",
        "quote delimiters",
    ),
    "deleted_record": (
        "记录已标记删除",
        "the record of a dBase table is marked as deleted",
        "undelete the record, or pack the table",
    ),
}
FILES = {
    "truncated": (
        "文件不完整",
        "other rows or bytes than the `.ok` control file promises",
        "ask for the whole file again",
    ),
    "checksum": ("校验值不符", "other bytes than the checksum in the control file promises", "ask for the file again"),
    "nothing_to_confirm": (
        "无可确认的报送",
        "said to be unchanged, but nothing came before or it was refused",
        "ask for the whole register",
    ),
    "header_only": ("只有表头", "a full delivery without rows", "if the register is empty, have it said in writing"),
    "secrecy_marking": (
        "带密级或内部标志",
        "cells bear a secrecy or internal marking: classified data must not enter",
        "have the department's secrecy office look at it at once",
    ),
    "suite": (
        "校验未通过",
        "a critical expectation of the suite failed",
        "the quality report says which, and how many",
    ),
}
UNREADABLE = {
    "ambiguous_column": "同一列出现两次",
    "bad_control": "控制文件无法理解",
    "bomb": "压缩包不安全",
    "conservation": "行数不守恒（本系统之错）",
    "corrupt_file": "文件损坏",
    "drift": "列与合同不符，按合同的 drift 规定拒收",
    "empty_file": "空文件",
    "header_not_found": "找不到表头",
    "many_members": "压缩包内不止一张表",
    "missing_column": "缺少必需的列",
    "sheet_not_found": "没有指定的工作表",
    "unknown_format": "不认识的格式",
    "wrong_encoding": "编码无法识别",
}
NOTES = {
    "archive": ("由压缩包解出", "the table was packed"),
    "beyond_header": ("表头右侧有内容", "cells right of the last header hold something; they are not read"),
    "bom": ("有字节顺序标记", "a byte order mark was found"),
    "careful_lane": ("逐行谨慎读取", "read record by record, because the form is damaged somewhere"),
    "constant_unused": ("合同常量未用", "a column came although the contract gives a constant for it"),
    "dialect": (
        "按文件自身的格式逐行读取",
        "read by a dialect of its own (delimiter, quotes, widths), found by content",
    ),
    "duplicate_header": ("表头重复", "a header is given twice"),
    "empty_header": ("无名列已忽略", "a column without a header was ignored"),
    "encoding_assumed": ("编码未注明，按惯例读取", "the file does not say its encoding; the usual one was taken"),
    "encoding_by_content": ("按内容识别编码", "the content has another encoding than the contract says"),
    "error_cells": ("含错误值单元格", "cells of a book hold an error such as #N/A instead of a value"),
    "extra_column": ("合同外的列已忽略", "a column outside the contract was ignored"),
    "footer": ("表尾说明行", "rows below the table were not taken as data"),
    "format_by_content": ("按内容识别格式", "the format was recognised by content, not by the file's name"),
    "formula_cells": (
        "公式没有存值",
        "formulas without a stored value were read as empty; open the book, save it, deliver that",
    ),
    "header_only": ("只有表头", "the header is there and no row follows"),
    "hidden_sheet": ("隐藏的工作表已读入", "a sheet that spreadsheet programs do not show was read"),
    "memo_absent": ("备注字段文件未送", "texts of memo columns lie in another file and were not delivered"),
    "merged_cells": (
        "数据区有合并单元格",
        "merged cells in the data: the value stands in the first one only and is not repeated",
    ),
    "missing_column": ("缺少可选列", "an optional column was not delivered"),
    "record_count": ("记录数与文件头不符", "the file holds more records than its header says; the header is followed"),
    "reordered": ("列顺序改变", "columns came in another order; they are read by name"),
    "several_sheets": ("多个工作表", "several sheets were read one below the other"),
    "sheet_ignored": ("工作表已忽略", "sheets without the contract's header were not read"),
    "trailing_cells": ("表头之外有内容", "cells beyond the header: values may be shifted"),
}

FINDINGS = {
    "column_new": ("合同之外的新列", "a column that no item claims", "`new`"),
    "column_missing": ("合同中的列没有来", "a column of the contract did not come", "`missing`"),
    "column_renamed": ("列似已改名", "a column seems to come under another header", "`renamed`"),
    "column_retyped": ("列的内容多半不是原来的类型", "most values of a column are not of its type", "`retyped`"),
    "undeclared_personal_data": ("含未声明的个人信息", "personal data that the contract does not declare", "–"),
    "secrecy_marking": ("带密级或内部标志", "a secrecy or internal marking; the delivery is refused", "–"),
}


class Undescribed(Exception):
    """The code gives a reason that this script has no words for, or the other way round."""

    def __init__(self, what: str, given: set[str], described: set[str]) -> None:
        new, gone = ", ".join(sorted(given - described)), ", ".join(sorted(described - given))
        super().__init__(f"{what}: without words here: {new or '–'}; described but never given: {gone or '–'}")


def page() -> str:
    """The page as Markdown."""
    _compare(
        "rows refused by the reader",
        _literals(("reader", "intake"), {"Fault": 0, "_cell_fault": 3}) - {"blank"},
        set(ROWS),
    )
    _compare("files refused by the flow", _literals(("flow",), {"Rejected": 0}), set(FILES))
    _compare("notes", _literals(("reader", "intake"), {"Note": 0, "ColumnsNote": 0}), set(NOTES))
    _compare("findings of reading", _literals(("intake",), {"Finding": 0}), set(FINDINGS))
    return "\n".join([_HEAD, *_cells(), *_rows(), *_suites(), *_files(), *_findings(), *_notes(), ""])


def _compare(what: str, given: set[str], described: set[str]) -> None:
    if given != described:
        raise Undescribed(what, given, described)


def _literals(rooms: Iterable[str], calls: Mapping[str, int]) -> set[str]:
    """Every text that one of the `calls` gets as its argument of that position, anywhere in rooms of the package."""
    found = set()
    for path in sorted(path for room in rooms for path in (PROJECT / "shuyuan" / room).rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        named = dict(_constants(tree))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in calls:
                found |= set(_text(node.args, calls[node.func.id], named))
    return found


def _constants(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Names that a module gives to texts."""
    for node in tree.body:
        if (
            isinstance(node, ast.AnnAssign)
            and isinstance(node.target, ast.Name)
            and isinstance(node.value, ast.Constant)
        ):
            yield node.target.id, str(node.value.value)


def _text(arguments: list[ast.expr], position: int, named: Mapping[str, str]) -> Iterator[str]:
    argument = arguments[position] if position < len(arguments) else None
    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
        yield argument.value
    elif isinstance(argument, ast.Name) and argument.id in named:
        yield named[argument.id]


def _table(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    cells = list(headings)
    lines = [cells, ["---"] * len(cells), *(list(row) for row in rows)]
    return ["| " + " | ".join(text.replace("|", "\\|") for text in line) + " |" for line in lines]


def _cells() -> list[str]:
    rows = (
        (f"`{r.code}`", f"{CHINESE[r.dimension]} {r.dimension}", "yes" if r.usable else "no", r.zh, r.en)
        for r in REASONS.values()
    )
    return [
        "## Cells: verdicts 单元格判定",
        "",
        _CELLS,
        "",
        *_table(("code", "dimension", "value kept", "中文", "English"), rows),
        "",
    ]


def _rows() -> list[str]:
    own = ((f"`{code}`", *(part.strip() for part in text.split(" / ", 1))) for code, text in _messages())
    read = ((f"`{code}`", zh, f"{en}; {way}") for code, (zh, en, way) in ROWS.items())
    return ["## Rows: quarantine 隔离行", "", _ROWS, "", *_table(("code", "中文", "English"), [*read, *own]), ""]


def _messages() -> Iterator[tuple[str, str]]:
    for code, text in MESSAGES.items():
        yield code, text.format(first="N")


def _suites() -> list[str]:
    names = sorted(path.stem for path in (PROJECT / "sql" / "expect").glob("*.sql"))
    codes = sorted({name.removeprefix("expect_").removeprefix("column_values_to_") for name in names})
    return ["## Rows set aside by a suite 校验隔离", "", _SUITES, "", " · ".join(f"`{code}`" for code in codes), ""]


def _files() -> list[str]:
    tree = {kind.code: (kind.__doc__ or "").splitlines()[0] for kind in _family(ReadError)}
    _compare("files that cannot be read", set(tree), set(UNREADABLE))
    rows = [(f"`{code}`", UNREADABLE[code], tree[code]) for code in sorted(tree)]
    rows += [(f"`{code}`", zh, f"{en}; {way}") for code, (zh, en, way) in sorted(FILES.items())]
    return ["## Files: rejected batches 拒收", "", _FILES, "", *_table(("code", "中文", "English"), rows), ""]


def _family(kind: type[ReadError]) -> Iterator[type[ReadError]]:
    for child in kind.__subclasses__():
        if child.code not in ("unreadable", "not_as_contracted"):  # branches of the tree, never given
            yield child
        yield from _family(child)


def _findings() -> list[str]:
    rows = ((f"`{code}`", setting, zh, en) for code, (zh, en, setting) in FINDINGS.items())
    table = _table(("kind", "policy", "中文", "English"), rows)
    return ["## Findings of reading 读入时的发现", "", _TOLD, "", *table, ""]


def _notes() -> list[str]:
    rows = ((f"`{code}`", zh, en) for code, (zh, en) in sorted(NOTES.items()))
    return ["## Notes: findings that cost no row 提示", "", _NOTES, "", *_table(("kind", "中文", "English"), rows)]


_HEAD = """\
# Reason codes 原因代码

<!-- Written by scripts/reason_codes.py; do not edit. -->

A code is stable: it stands in `ledger.evidence`, `ledger.quarantine`, `ledger.finding` and `ledger.batch.reason`, and programs may rely on it.
The words beside it may be improved. What becomes of a delivery is told in [Onboarding a feed](../onboard-a-feed.md#what-becomes-of-a-bad-delivery).
"""
_CELLS = """\
Given while standardising, from mild to severe; of several the most severe is reported. "Value kept: no" means the item is empty in the
standardised row and the text as read stays in `_raw`. A verdict alone never sets a row aside; a key, a required item or a suite does."""
_ROWS = """\
The row is not admitted; `ledger.quarantine` holds its line, column, value, reason, message and raw text. A key or required item that is unusable
gives the row the verdict's own code (`id_checksum`, `masked`, …)."""
_SUITES = """\
A warning that fails sets aside the rows its full query (`sql/expect/`) names. The code is the expectation's name without `expect_` and
`column_values_to_`, or the query's name:"""
_FILES = """\
The batch ends as `rejected`, nothing of it is admitted, and what was live stays live. `ledger.batch.reason` is `code: message`; every message names
file, line, column and value as far as they are known, and the way out. A `bad_control` is refused before a batch is opened, in `ledger.load` only."""
_TOLD = """\
In `ledger.finding`, on the batch's page of the console and after `shuyuan read`; `info`, `warning`, or `critical` where the delivery is refused for it.
What follows from a changed column says the contract's [drift policy](../onboard-a-feed.md#when-the-department-changes-its-file). Cells of a column
that is set aside have the verdict `column_quarantined` (整列隔离，不作为主张): the item is empty, the text as read stays in `_raw`."""
_NOTES = "Severity `info` in `ledger.finding`."


def main(arguments: list[str]) -> int:
    """Write the page or check it. Returns the exit code."""
    if arguments == ["--check"]:
        current = PAGE.exists() and PAGE.read_text("utf-8") == page()
        print("current" if current else f"{PAGE} is not current; run: python scripts/reason_codes.py")
        return 0 if current else 1
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page(), "utf-8")
    print(f"wrote {PAGE.relative_to(PROJECT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
