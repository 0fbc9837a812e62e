"""Pages from templates: language, links, numbers and dates the same on every page.

Belongs here: how things are written. Does not belong here: words (`texts`), what is on a page (`pages`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from shuyuan.intake.retyped import SET_ASIDE, SET_ASIDE_WORDS
from shuyuan.intake.standardise import MESSAGES
from shuyuan.settings import BEIJING
from shuyuan.standards import REASONS
from shuyuan.web.texts import TEXTS, Language
from shuyuan.web.viewer import Viewer

COOKIE = "shuyuan_lang"
TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def language(request: Request) -> Language:
    """The language asked for (`?lang=`), else the one kept in the cookie, else Chinese."""
    asked = request.query_params.get("lang") or request.cookies.get(COOKIE)
    return "en" if asked == "en" else "zh"


def render(request: Request, viewer: Viewer, template: str, status: int = 200, **context: Any) -> HTMLResponse:
    """A page. A language chosen in the address is kept for the next pages."""
    chosen = language(request)
    base = str(request.scope.get("root_path", ""))
    words = _words(chosen)
    functions = {
        "t": words,
        "both": _both(chosen),
        "link": _link(base),
        "switch": _switch(request),
        "reason": _reason(chosen),
        "said": _said(chosen),
    }
    shown = TEMPLATES.get_template(template).render(
        **functions, **_formats(chosen), lang=chosen, base=base, viewer=viewer, path=request.scope["path"], **context
    )
    response = HTMLResponse(shown, status_code=status)
    if request.query_params.get("lang") in ("zh", "en"):
        response.set_cookie(COOKIE, chosen, max_age=31_536_000, path=base or "/", httponly=True, samesite="lax")
    return response


def _words(chosen: Language) -> Callable[[str], str]:
    position = 0 if chosen == "zh" else 1
    return lambda key: TEXTS[key][position]


def _both(chosen: Language) -> Callable[..., str]:
    """The title of something that has one in both languages: `title`/`title_en`, `label`/`label_en`, a row or a model."""

    def title(thing: Any, name: str = "title") -> str:
        get = thing.get if isinstance(thing, Mapping) else lambda field, default=None: getattr(thing, field, default)
        english = get(f"{name}_en")
        return str(english if chosen == "en" and english else get(name) or "")

    return title


def _link(base: str) -> Callable[..., str]:
    """An address inside the console; parameters without value are left out."""

    def link(*parts: object, **parameters: object) -> str:
        path = "/".join(quote(str(part), safe="") for part in parts)
        query = urlencode({k.rstrip("_"): v for k, v in parameters.items() if v not in (None, "")})
        return f"{base}/{path}" + (f"?{query}" if query else "")

    return link


def _switch(request: Request) -> Callable[[str], str]:
    """The same page in the other language."""
    kept = {name: value for name, value in request.query_params.items() if name != "lang"}
    return lambda chosen: "?" + urlencode(kept | {"lang": chosen})


def _reason(chosen: Language) -> Callable[[str], str]:
    """A reason in words: of a cell, a row, a column that was set aside; an unknown code stays as it is."""
    said = MESSAGES | {SET_ASIDE: SET_ASIDE_WORDS}

    def words(code: str) -> str:
        known = REASONS.get(code)
        if known is None:
            zh, _, en = said.get(code, code).partition(" / ")
            return (en or zh if chosen == "en" else zh).format(first="…")
        return known.en if chosen == "en" else known.zh

    return words


def _said(chosen: Language) -> Callable[[str], str]:
    """What the line wrote in both languages (`zh / en`) in the chosen one; anything else as it is."""

    def half(text: str) -> str:
        halves = text.split(" / ")
        return halves[chosen == "en"] if len(halves) == len(("zh", "en")) else text

    return half


def _formats(chosen: Language) -> dict[str, Callable[[Any], str]]:
    return {"n": number, "when": when, "seconds": seconds, "value": _value(chosen)}


def number(value: Any) -> str:
    """1234567 → 1,234,567; nothing → a dash."""
    return "–" if value is None else f"{value:,}"


def seconds(value: Any) -> str:
    return "–" if value is None else f"{value:.2f} s" if value >= 0.1 else f"{value * 1000:.1f} ms"


def when(value: Any) -> str:
    """A day as it is; a moment in Beijing time to the second."""
    if isinstance(value, datetime):
        return value.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S")
    return value.isoformat() if isinstance(value, date) else "–"


def _value(chosen: Language) -> Callable[[Any], str]:
    empty = TEXTS["empty"][0 if chosen == "zh" else 1]

    def shown(value: Any) -> str:
        if value is None or value == "":
            return empty
        return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)

    return shown
