"""Lines of text the model is to write: titles, descriptions and what is like them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from blogmetad.matter import DESCRIPTIONS
from blogmetad.rules.learn.findings import Deviation, LearnedField
from blogmetad.rules.learn.languages import spoken
from blogmetad.rules.learn.sample import FEW, HALF, Sample, inner_range, line_of, median, of
from blogmetad.rules.schema import TextRule

TEXT_FIELDS = ("title", *DESCRIPTIONS)
"""What a model can write from the body; any other line is the author's or the same everywhere."""

LONGEST = 1000

_MANY = 30
"""Lines among which the shortest and the longest there will be have probably been seen. Of fewer, the next one may well
be shorter or longer than all of them."""

_COMPARED = 500
"""The newest values that are looked for in their posts."""

_START = 25
"""Characters that two texts do not share by chance."""

_DEFAULT_LENGTHS = {"title": (8, 90), "subtitle": (8, 120)}
_DESCRIPTION_LENGTHS = (20, 200)
_STOPS = re.compile(r"[.!?。！？…][\"'’”」』）)]{0,3}$")
_MARKUP = re.compile(r"<[^<>]{0,300}>|\]\([^()]{0,500}\)|[\s\[\]*_`]+")
_ENDS = re.compile(r"[.!?](?=\s|$)|[。！？]")


def default_text(name: str) -> TextRule:
    """The rule of a text field nobody has written yet."""
    low, high = _DEFAULT_LENGTHS.get(name, _DESCRIPTION_LENGTHS)
    sentences = name not in ("title", "subtitle")
    return TextRule(
        type="text",
        language="body",
        label=label(name),
        hint=hint(name, 1),
        min_length=low,
        max_length=high,
        sentences=sentences,
    )


def learn_text(name: str, samples: Sequence[Sample]) -> LearnedField:
    """The rule of a text field from its values."""
    default = default_text(name)
    values = [(s, line) for s in samples if (line := line_of(s.filled.get(name)))]
    if not values:
        return LearnedField(
            name, default, evidence={"min_length": "nothing to learn from; the default", "max_length": ""}
        )
    lines = [line for _, line in values]
    language = spoken([(s, [line]) for s, line in values])
    low, high, within = _lengths(lines, default)
    usual = min(max(median([len(line) for line in lines]), low), high)
    ended = sum(map(ends, lines))
    sentences = name != "title" and (ended > HALF * len(lines) if len(lines) >= FEW else ended > 0)
    copied = sum(_stands_in(line, s.post.text) for s, line in values[-_COMPARED:]) if name in DESCRIPTIONS else 0
    compared = min(len(lines), _COMPARED)
    rule = TextRule(
        type="text",
        language=language.language,
        label=label(name),
        hint=hint(name, _usual_sentences(lines)),
        min_length=low,
        max_length=high,
        usual_length=usual,
        sentences=sentences,
        quoted=name in DESCRIPTIONS and len(lines) >= FEW and copied >= HALF * compared,
    )
    evidence = {
        "language": language.evidence,
        "min_length": "",
        "max_length": f"{of(within, len(lines))} lie between the two",
        "usual_length": "the one in the middle",
        "sentences": f"{of(ended, len(lines))} end with a full stop or its like",
    }
    if rule.quoted:
        evidence["quoted"] = f"{of(copied, compared)} begin it with words of the post itself"
    strange = f"'{name}' is not in the language the others keep to ({_named(language.language)})."
    strangers = language.strangers
    return LearnedField(name, rule, evidence=evidence, deviations=(Deviation(strange, strangers),) if strangers else ())


def _stands_in(line: str, text: str) -> bool:
    """Whether a value begins with words of the text, white space and markup aside."""
    start = _MARKUP.sub("", line)[:_START]
    return len(start) == _START and start in _MARKUP.sub("", text)


def too_long(name: str, samples: Sequence[Sample]) -> bool:
    """Whether a field's values are no lines but whole texts, which no rule can ask for."""
    lines = [line for s in samples if (line := line_of(s.filled.get(name)))]
    return bool(lines) and median([len(line) for line in lines]) > LONGEST


def ends(line: str) -> bool:
    """Whether a line ends as a sentence does."""
    return _STOPS.search(line) is not None


def label(name: str) -> str:
    """What stands in front of a value when the model writes it."""
    spelt = " ".join(re.sub(r"[^\w ]", " ", name.replace("_", " ")).split())
    return spelt[:60].capitalize()


def hint(name: str, sentences: int) -> str:
    """A few words that tell the model what a field is."""
    if name == "title":
        return "what the post is about, in specific words"
    if name == "subtitle":
        return "a line that continues the title"
    number = ("one sentence", "one or two sentences", "two or three sentences")[min(max(sentences, 1), 3) - 1]
    says = "say" if sentences > 1 else "says"
    return f"{number} that {says} what the reader learns"


def _usual_sentences(lines: Sequence[str]) -> int:
    return median([max(len(_ENDS.findall(line)), 1) for line in lines])


def _lengths(lines: Sequence[str], default: TextRule) -> tuple[int, int, int]:
    """Least and greatest length, rounded outwards, and how many lines lie between them. A young blog is given room."""
    low, high = inner_range([len(line) for line in lines])
    if len(lines) < FEW:
        low, high = min(low, default.min_length), max(high, default.max_length)
    elif len(lines) < _MANY:
        beyond = round((high - low) * (1 - len(lines) / _MANY) / 2)
        low, high = low - beyond, high + beyond
    low, high = _rounded_down(low), min(_rounded_up(high), LONGEST)
    low = min(low, high)
    return low, high, sum(low <= len(line) <= high for line in lines)


def _rounded_down(length: int) -> int:
    step = 10 if length >= 50 else 5 if length >= 10 else 1
    return max(length // step * step, 1)


def _rounded_up(length: int) -> int:
    step = 10 if length >= 50 else 5
    return -(-length // step) * step


def _named(language: str) -> str:
    return {"en": "English", "zh": "Chinese", "body": "the body's"}.get(language, language)
