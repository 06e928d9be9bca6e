"""The questions of a request as one wish for JSON: in words, as a schema, and as a test of what came back. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from blogmetad.model import prompt
from blogmetad.values import Ask, Request

NEW = "new_"
"""In front of a field's name: the key for terms that are not among its candidates."""
MOST_NEW, TERM_CHARS = 4, 40

_TURN = re.compile(r"<(?=[|｜/]{0,2}[A-Za-z_|｜])|\[(?=/?[A-Z_]{3,20}\])")
"""Where a word begins that ends a turn or opens another one: servers take it for that in any text, unless it is parted
(``< |im_end|>``)."""

# The characters of a field, in a form that grammars, regular expressions and JSON all read alike.
_LATIN = "A-Za-z0-9 !#$%&'()*+,./:;=?@_"
_CHINESE = "\u4e00-\u9fff"
_CHINESE_SIGNS = "\u2013-\u2026\u3001-\u3011\uff01-\uff5e"
BEFORE_CHINESE = 20
"""Characters of a Chinese text before which the first Chinese one has to come: "Qwen3 发布"."""
_TERM, _LOWER_TERM = "[A-Za-z0-9 .+#/_-]", "[a-z0-9 .+#/_-]"
_LANGUAGE = {"en": "in English", "zh": "用中文", "any": ""}


def wanted(request: Request) -> tuple[Ask, ...]:
    """The questions that are open."""
    return tuple(ask for ask in request.asks if ask.given is None)


def has_lane(ask: Ask) -> bool:
    """Whether terms of the model's own have a key beside that for the candidates."""
    return ask.kind == "terms" and ask.new and bool(ask.candidates)


def user(request: Request) -> str:
    """What the model reads behind the guidance: the digest, what is known already, and then what is wanted."""
    known = [f"{prompt.label(ask)}: {ask.given}" for ask in request.asks if ask.given is not None]
    asks = wanted(request)
    refused = [f'"{text}"' for ask in asks for text in ask.refused if text]
    parts = [request.text, "---"]
    if known:
        parts.append("Known already:\n" + "\n".join(known))
    parts.append("Write the metadata of the post above as one JSON object: " + ", ".join(map(_wish, asks)) + ".")
    if refused:
        parts.append("These could not be used, so write something else: " + ", ".join(refused))
    return _TURN.sub(r"\g<0> ", "\n\n".join(parts))


def _wish(ask: Ask) -> str:
    words = [_LANGUAGE[ask.language]]
    if ask.kind == "text":
        about = f"about {round(ask.usual)}, " if ask.usual else ""
        words += [ask.hint.strip().rstrip("."), f"{about}at most {ask.high} characters"]
        return f"{ask.field} ({'; '.join(filter(None, words))})"
    count = f"{ask.low} to {ask.high}" if ask.low < ask.high else f"{ask.high}"
    style = ["lower-case" if ask.lower else "", ask.hint.strip().rstrip(".")]
    if not ask.candidates:
        return f"{ask.field} ({'; '.join(filter(None, [*words, *style, f'{count} keywords']))})"
    names = ", ".join(candidate.name for candidate in ask.candidates)
    wish = f"{ask.field} ({count} of these, the most fitting first: {names})"
    if has_lane(ask):
        wish += f", {NEW}{ask.field} ({'; '.join(filter(None, [*words, *style, 'keywords that are missing there']))})"
    return wish


def schema(asks: Sequence[Ask], *, limits: bool) -> dict[str, object]:
    """A JSON schema for the answer. ``limits`` adds counts, lengths and, for English, patterns: not all servers take
    them."""
    properties: dict[str, object] = {}
    for ask in asks:
        low, high = ask.low, ask.high
        if ask.kind == "text":
            properties[ask.field] = _text(ask) if limits else {"type": "string"}
            continue
        item = _term(ask) if limits else {"type": "string"}
        if ask.candidates:
            names = list(dict.fromkeys(candidate.name for candidate in ask.candidates))
            few, many = min(low, len(names)), min(high, len(names))
            properties[ask.field] = _array({"type": "string", "enum": names}, few, many, limits)
        else:
            properties[ask.field] = _array(item, low, high, limits)
        if has_lane(ask):
            properties[NEW + ask.field] = _array(item, 0, min(high, MOST_NEW), limits)
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _text(ask: Ask) -> dict[str, object]:
    low, high = ask.low, ask.high
    if ask.language == "en":
        return {"type": "string", "pattern": f"^[{_LATIN}-]{{{low},{high}}}$"}
    if ask.language == "zh":
        # Counted so that a wholly Chinese text has all its room; with Latin words in front it may be longer by a few.
        before = min(BEFORE_CHINESE, high // 4)
        rest = f"[{_LATIN}{_CHINESE}{_CHINESE_SIGNS}-]{{{max(0, low - before - 1)},{max(0, high - 1)}}}"
        return {"type": "string", "pattern": f"^[{_LATIN}-]{{0,{before}}}[{_CHINESE}]{rest}$"}
    return {"type": "string", "minLength": low, "maxLength": high}


def _term(ask: Ask) -> dict[str, object]:
    if ask.language == "en":
        return {"type": "string", "pattern": f"^{_LOWER_TERM if ask.lower else _TERM}{{1,{TERM_CHARS}}}$"}
    return {"type": "string", "minLength": 1, "maxLength": TERM_CHARS}


def _array(item: object, low: int, high: int, limits: bool) -> dict[str, object]:
    counts = {"minItems": low, "maxItems": high} if limits else {}
    return {"type": "array", "items": item, **counts}


def obeys(answer: Mapping[str, object], asks: Sequence[Ask], *, limits: bool) -> bool:
    """Whether an answer is of the schema; one that is not says that the server pays no heed to it."""
    properties = schema(asks, limits=limits)["properties"]
    assert isinstance(properties, dict)
    return set(answer) == set(properties) and all(_is_of(answer[key], properties[key]) for key in properties)


def _is_of(value: object, about: Mapping[str, object]) -> bool:
    """Whether a value is of one of the schemas made above."""
    match about:
        case {"type": "array", "items": dict(item)}:
            few, most = about.get("minItems", 0), about.get("maxItems", 1_000)
            assert isinstance(few, int)
            assert isinstance(most, int)
            return isinstance(value, list) and few <= len(value) <= most and all(_is_of(each, item) for each in value)
        case {"enum": list(names)}:
            return value in names
        case {"pattern": str(pattern)}:
            return isinstance(value, str) and re.search(pattern, value) is not None
        case _:
            # Length is not looked at: servers count it in bytes, code points or escapes.
            return isinstance(value, str)


def room(asks: Sequence[Ask]) -> int:
    """Tokens enough for any answer that keeps to the limits."""
    tokens = 64
    for ask in asks:
        per_character = 0.5 if ask.language == "en" else 1.5
        chars = ask.high if ask.kind == "text" else (ask.high + MOST_NEW * has_lane(ask)) * TERM_CHARS
        tokens += 16 + round(chars * per_character)
    return tokens
