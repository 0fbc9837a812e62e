"""YAML with positions: safe loading that refuses a key said twice and remembers the line of every mapping."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from shuyuan.catalog.errors import CatalogError


class _Loader(yaml.CSafeLoader):
    """YAML 1.2's idea of a boolean: `on` and `no` are words here, not True and False."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in known if tag != "tag:yaml.org,2002:bool" or first in "tTfF"]
    for first, known in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True)
class Document:
    """One YAML document and where its parts stand: `lines` maps a path like `('items', 3, 'source')` to a line."""

    path: Path
    data: Any
    lines: dict[tuple[str | int, ...], int]

    def at(self, *keys: str | int) -> str:
        """`file:line` of a part, or of its nearest parent that has a line."""
        while keys and keys not in self.lines:
            keys = keys[:-1]
        return f"{self.path}:{self.lines.get(keys, 1)}"


def read_yaml(path: Path) -> Document:
    """Load one file. Raises CatalogError naming file and line for bad syntax and for a key said twice."""
    try:
        node = yaml.compose(path.read_text(encoding="utf-8"), Loader=_Loader)
        lines: dict[tuple[str | int, ...], int] = {}
        data = _build(node, (), lines, path)
    except yaml.YAMLError as error:
        raise CatalogError([f"{path}: not YAML: {error}"]) from error
    return Document(path, data, lines)


def _build(node: Any, at: tuple[str | int, ...], lines: dict[tuple[str | int, ...], int], path: Path) -> Any:
    if node is None:
        return None
    lines[at] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, at, lines, path)
    if isinstance(node, yaml.SequenceNode):
        return [_build(child, (*at, i), lines, path) for i, child in enumerate(node.value)]
    return _Loader("").construct_object(node)


def _mapping(
    node: yaml.MappingNode, at: tuple[str | int, ...], lines: dict[tuple[str | int, ...], int], path: Path
) -> dict[Any, Any]:
    result: dict[Any, Any] = {}
    for key_node, value_node in node.value:
        key = _Loader("").construct_object(key_node)
        if key in result:
            raise CatalogError([f"{path}:{key_node.start_mark.line + 1}: `{key}` is said twice; keep one"])
        result[key] = _build(value_node, (*at, key), lines, path)
    return result
