"""Cuts a remark into the problems that it tells of. Pure.

Dropped: mail that is quoted or forwarded, signatures, code, logs and traces: they are not what the
customer says now. Kept apart: list items, paragraphs, sentences that open a new topic ("also",
"another thing"), and clauses that do ("..., also I"). A greeting or a thank-you is no problem; a
fragment belongs to what precedes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

MOST_CHARS = 20_000
"""Nothing beyond is looked at."""

MOST_PASSAGES = 8
"""The rest of a remark that has more stays in its last passage."""

FEWEST_WORDS, MOST_WORDS = 4, 60
"""A shorter piece is joined to its neighbour; a longer one is cut at sentences."""

_FENCED = re.compile(r"```.*?(?:```|\Z)|\{(code|noformat)[^}\n]{0,80}\}.*?(?:\{\1\}|\Z)", re.DOTALL)
_QUOTED_FROM = re.compile(
    r"""
      -{2,}\s?original\ message\s?-{2,}.*
    | -{5,}\s?forwarded\ message\s?-{5,}.*
    | begin\ forwarded\ message:
    | on\ .{4,200}\ wrote:
    | le\ .{4,200}\ a\ écrit\s?:
    | am\ .{4,200}\ schrieb.{0,200}:
    | el\ .{4,200}\ escribió:
    | _{8,}
    """,
    re.IGNORECASE | re.VERBOSE,
)
_SIGNATURE = re.compile(
    r"--\ ?|(?:kind |best |warm |many )?(?:regards|wishes|greetings)[,.!]?|cheers[,.!]?"
    r"|sincerely(?: yours)?[,.!]?|yours (?:truly|sincerely|faithfully)[,.!]?"
    r"|sent from my .{1,60}|mit freundlichen grüßen,?|viele grüße,?|cordialement,?|saludos,?",
    re.IGNORECASE,
)
_MACHINE = re.compile(
    r"""
      \s*>.*                                         # quoted
    | \s*(?:at|from)\s+[\w$/<>]+\.[\w.$/<>]+\s?[(:].*  # a frame of a trace
    | \s*(?:Caused\ by:|Traceback\b|File\ ").*
    | \S*\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d.*         # a line of a log
    | \s*\S{0,3}\d\d:\d\d:\d\d[.,]\d{3}\b.*
    | \s*[\[(]?(?-i:DEBUG|INFO|WARN(?:ING)?|ERROR|FATAL|TRACE)[\])]?:?\s+[\w$]+\.[\w.$]+\b.*
    | \s*[DIWEV]/[\w.]+\s*\(.*
    | (?:\ {4}|\t).*[;{}=()]\s*                      # indented code
    | \s*(?:from|to|cc|bcc|subject|sent|date):\s.{0,200}   # a mail's head
    """,
    re.IGNORECASE | re.VERBOSE,
)
_ITEM = re.compile(r"\s{0,8}(?:[-*+•\u2013]|\(?\d{1,2}[.)]|\(?[a-h]\))\s+(?=\S)")
_SENTENCE = re.compile(
    r"(?<=[.!?…。！？])[\"')\]]*\s+|(?<=[。！？])"  # noqa: RUF001 - full width
    r"|(?<=,)\s+(?=(?i:also,?\s+(?:i|we|it|my|our|the|there|please|can|could|how|why)\b))"
)
"""Between sentences, and before a clause that opens a topic as a sentence would."""
_OPENS = re.compile(
    r"(?:also|another|additionally|besides|secondly|thirdly|second|third|next|finally|furthermore"
    r"|on top of that|in addition|one more|apart from|separately|unrelated|plus|moreover"
    r"|außerdem|zudem|en outre|de plus|además)\b",
    re.IGNORECASE,
)
_COURTESY = re.compile(
    r"(?:hi|hello|hey|dear|good (?:morning|afternoon|evening|day)|thanks?|thank you|many thanks"
    r"|hope (?:this|you)|please advise|let me know)\b[^.!?]{0,60}[.!?,]*",
    re.IGNORECASE,
)


def passages(text: str) -> list[str]:
    """The problems of a remark, in order, in its own words.

    Shape:
        At most `MOST_PASSAGES`; empty only where the text is blank. A remark that is nothing but
        quotation, code or courtesy is one passage, as it stands.
    """
    found: list[str] = []
    for block in _blocks(text[:MOST_CHARS]):
        found += _topics(block)
    joined = _without_fragments([each for each in found if not _COURTESY.fullmatch(each)])
    if not joined:
        whole = _blanks(text[:MOST_CHARS])
        return [whole] if whole else []
    last = " ".join(joined[MOST_PASSAGES - 1 :])
    return [*joined[: MOST_PASSAGES - 1], last] if last else joined


def whole(title: str | None, words: str) -> str:
    """Title and words, as one text: what is searched, likened, learned and shown of a remark."""
    return f"{title}\n{words}" if title else words


def said_now(text: str) -> str:
    """The lines that the writer wrote now: no quoted mail, signature, code or log."""
    return "\n".join(_said(text))


def _blocks(text: str) -> Iterator[str]:
    """Paragraphs and list items, each on one line, without what a machine or another wrote."""
    held: list[str] = []
    for line in (*_said(text), ""):
        item = _ITEM.match(line)
        if (item or not line.strip()) and held:
            yield _blanks(" ".join(held))
            held = []
        if line.strip():
            held.append(line[item.end() :] if item else line)


def _said(text: str) -> Iterator[str]:
    """The lines that the writer wrote now; empty ones stand for what was left out."""
    for line in _unfenced(text).splitlines():
        bare = line.strip()
        if _QUOTED_FROM.fullmatch(bare) or _SIGNATURE.fullmatch(bare):
            return
        yield "" if _MACHINE.fullmatch(line) else line


def _unfenced(text: str) -> str:
    """Without code blocks; where there can be none, that is known at once."""
    return _FENCED.sub("\n\n", text) if "```" in text or "{" in text else text


def _topics(block: str) -> Iterator[str]:
    """The block, cut where a sentence opens a new topic, and where it grows too long."""
    held: list[str] = []
    words = 0
    for sentence in _SENTENCE.split(block):
        size = len(sentence.split())
        if held and (words + size > MOST_WORDS or _OPENS.match(sentence)):
            yield " ".join(held)
            held, words = [], 0
        if size:
            held.append(sentence)
            words += size
    if held:
        yield " ".join(held)


def _without_fragments(found: list[str]) -> list[str]:
    """The same; what has too few words to be a problem is part of the one before, or after."""
    whole: list[str] = []
    for each in found:
        if whole and min(_size(each), _size(whole[-1])) < FEWEST_WORDS:
            whole[-1] = f"{whole[-1]} {each}"
        else:
            whole.append(each)
    return whole


def _size(text: str) -> int:
    return len(text.split())


def _blanks(text: str) -> str:
    return " ".join(text.split())
