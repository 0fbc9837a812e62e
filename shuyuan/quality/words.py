"""What a rule asks and what was found, in the steward's language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from shuyuan.quality.suites import Rule
from shuyuan.standards import REASONS

_ASKS: Mapping[str, str] = {
    "expect_verdict_rate_at_most": "“{label}”{limit}不可用或可疑的值",
    "expect_rows_conserved": "物理行 = 入库 + 隔离 + 空行 + 前言，一行不少",
    "expect_deletes_at_most": "一次消失的行不超过原有行的 {max_rate:.0%}",
    "expect_rows_at_least": "数据行不少于 {min_rows} 行",
    "expect_quarantine_rate_at_most": "读入时隔离的行不超过 {max_rate:.0%}",
    "expect_no_rows_from_query": "“{label}”",
    "expect_library_value_from_its_source": "“{label}”一数一源：等于其唯一来源，或已标记的备用来源",
    "expect_every_declared_pair_compared": "目录声明的每一对来源都已比对",
    "expect_cross_check_rate_at_most": "“{label}”与 {claim_ref} 不一致的不超过 {max_rate:.0%}",
    "expect_fresh_within": "成员资源迟到不超过 {working_days} 个工作日",
    "expect_column_values_to_not_be_null": "“{label}”不为空",
    "expect_column_values_to_be_null": "“{label}”为空",
    "expect_column_values_to_be_unique": "“{label}”不重复",
    "expect_column_values_to_be_in_set": "“{label}”在给定值之内",
    "expect_column_values_to_be_between": "“{label}”在 {min_value} 与 {max_value} 之间",
    "expect_column_values_to_match_regex": "“{label}”符合格式 {regex}",
    "expect_column_value_lengths_to_be_between": "“{label}”长度在 {min_value} 与 {max_value} 之间",
    "expect_column_pair_values_a_to_be_greater_than_b": "“{column_A}”不早（小）于“{column_B}”",
    "expect_column_pair_values_to_be_equal": "“{column_A}”等于“{column_B}”",
}
_SEVERITIES = {"critical": "严重", "warning": "警告", "info": "提示"}
_DEFAULTS = {"max_rate": 0.0, "min_rows": 1, "working_days": 0, "item": "", "min_value": "-∞", "max_value": "+∞"}


def ask(rule: Rule) -> str:
    """What the rule demands: its own note first, else a sentence for its type, else the type's name."""
    template = _ASKS.get(rule.type)
    if template is None:
        return rule.note or rule.type
    sentence = template.format_map(_DEFAULTS | dict(rule.kwargs) | {"label": rule.label, "limit": _limit(rule)})
    return f"{rule.note}：{sentence}" if rule.note else sentence


def _limit(rule: Rule) -> str:
    rate = float(rule.kwargs.get("max_rate", 0))
    return f"至多 {rate:.0%} 是" if rate else "没有"


def headline(rule: Rule) -> str:
    """Severity, dimension and demand, as the report shows it."""
    return f"[{_SEVERITIES[rule.severity]}·{rule.dimension}] {ask(rule)}"


def found(rule: Rule, result: Mapping[str, Any]) -> str:
    """What was found instead, with rows and share where they are known."""
    told = _TELLS.get(rule.type, _rows)(result)
    return f"{ask(rule)}；实际：{told}"


def _rows(result: Mapping[str, Any]) -> str:
    rows, of = result.get("unexpected_count"), result.get("element_count")
    if rows is None:
        return str(result.get("observed_value"))
    return f"{rows} 行，占 {of} 行的 {rows / of:.2%}" if of else f"{rows} 行"


def _verdicts(result: Mapping[str, Any]) -> str:
    parts = [part.split(": ") for part in str(result["observed_value"]).split(", ") if ": " in part]
    named = "、".join(f"{REASONS[code].zh if code in REASONS else code} {rows}" for code, rows in parts)
    return f"{_rows(result)}（{named}）"


def _observed(result: Mapping[str, Any]) -> str:
    return str(result.get("observed_value"))


_TELLS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "expect_verdict_rate_at_most": _verdicts,
    "expect_rows_conserved": _observed,
    "expect_every_declared_pair_compared": lambda result: f"{result.get('observed_value')} 对未比对",
    "expect_cross_check_rate_at_most": lambda result: "超出",
    "expect_fresh_within": lambda result: f"{result.get('observed_value')} 个资源迟到",
    "expect_rows_at_least": lambda result: f"{result.get('observed_value')} 行",
}
