"""An explanation as lines for a terminal, Chinese and English side by side; data is text and never mark-up.

Belongs here: words and order. Does not belong here: what follows from the facts (`story`), who may see them (`ask`).
"""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.text import Text

from shuyuan.explain.ask import Explanation
from shuyuan.explain.story import Claim, Explained, Origin, camps

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
    yield from _findings(answer)
    closed = [d for d in answer.discrepancies if d["closed_run"] is not None]
    for d in closed:
        words = f"{d['item']}: {d['source_value'] or '–'} ≠ {d['claim_value']} ({d['claim_ref']})"
        yield Text(f"已结 closed  {words}, run {d['opened_run']}–{d['closed_run']}", style="dim")


def _findings(answer: Explanation) -> Iterator[Text]:
    """What thematic checks hold against the entity."""
    checks = {one.id: one for one in answer.library.contradictions}
    for d in answer.discrepancies:
        if d["item"] in checks and d["closed_run"] is None:
            one = checks[d["item"]]
            words = f"{d['source_value'] or '–'} ({d['source_ref']}) ≠ {d['claim_value']} ({d['claim_ref']})"
            yield Text(f"\n专题矛盾 finding  {one.title} {one.title_en}: {words}, run {d['opened_run']}", style="red")
            yield Text(f"  缘由 why     {one.why} {one.why_en}", style="dim")


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
