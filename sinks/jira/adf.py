"""Atlassian Document Format to plain text, and plain text to the least such document.

Source: https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/ (read 2026-07).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

Adf: TypeAlias = dict[str, Any]

DEEPEST = 100
"""Nodes below this are left out: nobody writes so, and a hostile document must not exhaust us."""
_BLOCKS = {
    "blockquote",
    "codeBlock",
    "decisionItem",
    "expand",
    "heading",
    "listItem",
    "mediaGroup",
    "mediaSingle",
    "nestedExpand",
    "panel",
    "paragraph",
    "rule",
    "tableRow",
    "taskItem",
}
_CELLS = {"tableCell", "tableHeader"}
_SAID_BY_ATTRIBUTE = ("text", "shortName", "url")
"""What a mention, status, emoji or card says, the first that is there."""


def text_of(description: object) -> str:
    """The words of a description: an ADF document (v3), a plain string (webhooks, v2) or nothing.

    Blocks stand on lines of their own, without empty ones between, so that both forms of one
    description read alike. What cannot be said in words (media, rules) says nothing.
    """
    said = description if isinstance(description, str) else "".join(_pieces(description, 0))
    lines = said.replace("\0", "").replace("\r", "\n").split("\n")
    return "\n".join(line.strip() for line in lines if line.strip())


def document_of(text: str) -> Adf:
    """The document that says `text`: a paragraph per block, a hard break per further line."""
    blocks = [block for block in text.replace("\r\n", "\n").split("\n\n") if block.strip()]
    return {
        "type": "doc",
        "version": 1,
        "content": [{"type": "paragraph", "content": _lines(block)} for block in blocks],
    }


def _lines(block: str) -> Sequence[Adf]:
    """Text nodes with hard breaks between; ADF allows no empty text."""
    nodes: list[Adf] = []
    for line in block.strip("\n").split("\n"):
        if nodes:
            nodes.append({"type": "hardBreak"})
        if line:
            nodes.append({"type": "text", "text": line})
    return nodes


def _pieces(node: object, depth: int) -> Iterator[str]:
    if not isinstance(node, dict) or depth > DEEPEST:
        return
    kind, inner = node.get("type"), node.get("content")
    if kind in _BLOCKS or kind == "hardBreak":
        yield "\n"
    yield _own_words(node)
    for child in inner if isinstance(inner, list) else ():
        yield from _pieces(child, depth + 1)
    if kind in _BLOCKS:
        yield "\n"
    elif kind in _CELLS:
        yield " "


def _own_words(node: Adf) -> str:
    attributes = node.get("attrs")
    said = [node.get("text")] if node.get("type") == "text" else []
    if isinstance(attributes, dict) and not isinstance(node.get("content"), list):
        said += [attributes.get(name) for name in _SAID_BY_ATTRIBUTE]
    return next((word for word in said if isinstance(word, str) and word), "")
