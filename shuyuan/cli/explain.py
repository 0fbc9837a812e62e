"""`shuyuan explain`: why a value is what it is, now or as of a day, for those whose duty it is to check data.

Belongs here: drawing an explanation in a terminal, and as JSON. Does not belong here: what it says (`shuyuan.explain`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from shuyuan.cli.arguments import moment

if TYPE_CHECKING:
    from shuyuan.explain.ask import Explanation
    from shuyuan.explain.story import Claim, Explained, Origin

out = Console()
STANDINGS = {
    "agree": ("一致 agrees", "green"),
    "disagree": ("不一致 disagrees", "red"),
    "no claim": ("无主张 no claim", "dim"),
    "masked": ("已脱敏 masked, claims nothing", "yellow"),
    "not compared": ("未比对 not compared", "dim"),
    "waiting": ("待下次运行 delivered after the last run", "yellow"),
    "unknown": ("当时不可知 not known: its row was replaced since", "dim"),
}
PARTS = {
    "source": "唯一来源，无值 the one source, silent",
    "fallback": "备用 fallback, asked only when the source is silent",
    "check": "校核 compared, never published",
}


def register(app: typer.Typer) -> None:
    """Add the verb to the app."""
    app.command()(explain)


def explain(
    library: str,
    key: str,
    as_person: Annotated[str, typer.Option("--as", help="who asks: a registered steward, engineer or auditor")],
    item: Annotated[str | None, typer.Argument(help="one item; without it all of them")] = None,
    purpose: Annotated[str, typer.Option(help="what for (使用用途)")] = "data_verification",
    as_of: Annotated[str | None, typer.Option(help="as things were on this business date, YYYY-MM-DD")] = None,
    known: Annotated[str | None, typer.Option(help="as it was known then: 2026-11-16T09:30, or a day")] = None,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Why a value is what it is: source, delivery, row, rule, every competing claim, former values, who read it. Recorded."""
    from shuyuan.explain.ask import explain as ask
    from shuyuan.share.read import Refused

    when = moment(as_of, known)
    try:
        answer = ask(as_person, purpose, library, key, item, moment=when, method="cli")
    except Refused as refusal:
        out.print(f"refused (access {refusal.access_id}): {refusal.reason}", style="red", soft_wrap=True, markup=False)
        raise typer.Exit(2) from None
    if as_json:
        typer.echo(json.dumps(document(answer), ensure_ascii=False, default=str, indent=2))
    else:
        draw(out, answer)
    if answer.facts is not None and not answer.found:
        raise typer.Exit(1)


def document(answer: Explanation) -> dict[str, Any]:
    """The explanation as plain data."""
    facts = answer.facts
    return {
        "access_id": answer.access_id, "library": answer.library.id, "key": answer.key, "as_of": answer.moment.valid,
        "known": answer.moment.known, "found": answer.found, "same_rules": answer.same_rules,
        "runs": list(facts.runs) if facts else [],
        "items": [_item(one) for one in answer.items],
        "discrepancies": answer.discrepancies,
        "links": list(facts.links) if facts else [],
        "readers": None if answer.readers is None else list(answer.readers),
    }  # fmt: skip


def _item(one: Explained) -> dict[str, Any]:
    rule = one.item.model_dump(include={"source", "fallback", "check", "compare", "tolerance", "timing"}, mode="json")
    return {"item": one.item.name, "rule": rule} | {k: v for k, v in asdict(one).items() if k != "item"}


def draw(console: Console, answer: Explanation) -> None:
    """Print the explanation; data is text and never mark-up."""
    for line in _lines(answer):
        console.print(line, soft_wrap=True)


def _lines(answer: Explanation) -> Iterator[Text]:
    when = f"  {answer.moment}" if answer.moment.past else ""
    yield Text(f"{answer.library.title} {answer.library.id}  {answer.key}{when}", style="bold")
    if answer.facts is None:
        yield Text("登记内容不对审计员开放 what is registered is not for auditors", style="dim")
    elif not answer.found:
        yield Text("库中没有这个实体 the library does not hold this entity" + (" then" if when else ""), style="yellow")
    yield from _links(answer)
    if answer.found:
        yield from _entity(answer)
    yield from _readers(answer)
    yield Text(f"审计编号 access {answer.access_id}", style="dim")


def _links(answer: Explanation) -> Iterator[Text]:
    for link in answer.facts.links if answer.facts else ():
        alias = f"{link['resource']} {link['alias']}" if link["resource"] else link["alias"]
        ruled = f", {link['ruled_by']} {link['ruled_at']:%Y-%m-%d %H:%M}: {link['reason']}" if link["ruled_by"] else ""
        sure = f" {link['probability']:.0%}" if link["probability"] is not None else ""
        yield Text(
            f"身份 identity  {alias} → {link['key']}: {link['state']}{ruled}  ({link['method']}{sure}: {link['why']}, link {link['link_id']})"
        )


def _entity(answer: Explanation) -> Iterator[Text]:
    for run in answer.facts.runs if answer.facts else ():
        words = "变更 changed by" if run["changed_it"] else "确认 confirmed by"
        rules = f", 规则 rules {run['rules'][:12]}" if run["rules"] else ""
        yield Text(f"{words} run {run['run_id']} ({run['business_date']}{rules})", style="dim")
    if answer.same_rules is False:
        yield Text("此后规则已改 the rules have changed since: what is declared below is today's", style="yellow")
    for one in answer.items:
        yield from _told(one)
    closed = [d for d in answer.discrepancies if d["closed_run"] is not None]
    for d in closed:
        words = f"{d['item']}: {d['source_value'] or '–'} ≠ {d['claim_value']} ({d['claim_ref']})"
        yield Text(f"已结 closed  {words}, run {d['opened_run']}–{d['closed_run']}", style="dim")


def _told(one: Explained) -> Iterator[Text]:
    head = Text(f"\n{one.item.label} {one.item.name}: ")
    head.append(one.value or "（空 empty）", style="bold")
    if one.filled:
        head.append("  备用来源补值 filled by a fallback", style="yellow")
    if one.changed:
        head.append(f"  → 现在 now {one.now or '（空 empty）'}", style="yellow")
    yield head
    if one.origin.ref:
        yield Text(f"  来源 source  {one.origin.ref}  {_place(one.origin)}")
    yield Text(f"  规则 rule    {_rule(one)}", style="dim")
    for claim in one.claims:
        yield _claim(one, claim)
    for former in one.former[:-1]:
        value = "（离库 gone）" if former.gone else former.value or "（空 empty）"
        yield Text(
            f"  曾 before     {value}  自 since {former.valid_from}, recorded {former.recorded_at:%Y-%m-%d %H:%M:%S}, run {former.run}"
        )


def _place(origin: Origin) -> str:
    if origin.replaced:
        return "（其行已变更 its row says something else by now）"
    if origin.batch is None:
        return "–"
    received = f", 收到 received {origin.received_at:%Y-%m-%d %H:%M}" if origin.received_at else ""
    sent = f", 原文 as sent {origin.raw!r}" if origin.raw is not None else ""
    place = origin.place or f"line {origin.line}"
    return f"batch {origin.batch}, {origin.file_name}, {place}, 业务日期 business date {origin.as_of}{received}{sent}"


def _rule(one: Explained) -> str:
    item = one.item
    words = ["来源 source " + " / ".join(f"{scope.ref}{_prefixes(scope.prefixes)}" for scope in item.source)]
    words += [f"备用 fallback {ref}" for ref in item.fallback]
    if item.compare:
        tolerance = f" ± {item.tolerance:g}" if item.tolerance else ""
        timing = f", timing within {item.timing} days" if item.timing else ""
        words.append(f"比对 compared as {item.compare}{tolerance}{timing}")
    return "; ".join(words)


def _prefixes(prefixes: tuple[str, ...]) -> str:
    return f" ({' '.join(prefixes)}…)" if prefixes else ""


def _claim(one: Explained, claim: Claim) -> Text:
    from shuyuan.explain.story import camps

    words, style = STANDINGS[claim.standing]
    line = Text(f"  其他 claim   {claim.origin.ref}  {claim.value or '–'}  ")
    line.append(words, style=style)
    line.append(f"  {PARTS[claim.part]}", style="dim")
    if claim.kind:
        line.append(f"; {claim.kind} since run {claim.opened_run}", style="red")
    if claim.pattern:
        line.append("; " + " ↔ ".join(" = ".join(camp) for camp in camps(claim.pattern, one.item, one.origin.ref)))
    if claim.suspect is not None:
        line.append(f"; 可能有误 probably wrong: {claim.suspect} {claim.probability:.0%}", style="red")
    if claim.origin.batch is not None and claim.standing not in ("no claim", "unknown"):
        line.append(f"\n               {_place(claim.origin)}", style="dim")
    return line


def _readers(answer: Explanation) -> Iterator[Text]:
    if answer.readers is None:
        return
    yield Text("\n谁看过 who read it (reads that named it; lists and direct SQL name none)", style="bold")
    for row in answer.readers:
        who = f"{row['user_name']} ({row['department'] or '–'}, {row['role'] or '–'})"
        yield Text(
            f"  {row['at']:%Y-%m-%d %H:%M:%S}  {who}  {row['purpose']}  {row['method']}  {row['outcome']}  #{row['access_id']}"
        )
    if not answer.readers:
        yield Text("  –", style="dim")
