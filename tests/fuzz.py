"""Fuzzing of what reads an author's bytes: the reader of drafts with the writer of posts behind it, and the rules
document. ``make fuzz``, or: python -m tests.fuzz reader --seconds 60

With Google's atheris, where it can be installed, mutations are guided by the lines of ours and of PyYAML that they
reach; without it they are blind. Both begin with the bad inputs of tests/faults/corpus. What makes it fail is written
to build/fuzz, and becomes a case there.
"""

from __future__ import annotations

import argparse
import datetime as dt
import random
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

try:
    import atheris
except ImportError:
    atheris = None

if atheris is not None:
    # Whatever was imported before would not be watched.
    with atheris.instrument_imports(include=["blogmetad", "yaml"]):
        from blogmetad import matter
        from blogmetad.intake.draft import read
        from blogmetad.publish.compose import ComposeError, compose
        from blogmetad.rules.check import check
        from blogmetad.rules.document import RulesError, parse
else:
    from blogmetad import matter
    from blogmetad.intake.draft import read
    from blogmetad.publish.compose import ComposeError, compose
    from blogmetad.rules.check import check
    from blogmetad.rules.document import RulesError, parse

from blogmetad.values import Draft, Metadata, Neighbours, Opinion, Proposal
from tests.faults.corpus import matters, texts, values
from tests.faults.corpus.case import Case

ROOT = Path(__file__).resolve().parent.parent
FOUND = ROOT / "build" / "fuzz"
LONGEST = 8192
SLOW = 2.0
"""Seconds for one input, of a few kilobytes, that are too many."""

ARRIVED = dt.datetime(2025, 4, 29, 10, 30, tzinfo=dt.timezone(dt.timedelta(hours=8)))
# What front matter and rules are made of, a piece a word, spelt as in Python.
_WORDS = r"""
---\n ---\r\n ...\n +++\n \n\n \r \v \t ```\n title:\x20 tags:\x20[ date:\x20 slug:\x20 published:\x20 :\x20 -\x20
?\x20 |\x20 >-\n [ ] { } # ' " \\ \\u4e2d \\x00 = ~ , &a\x20 *a <<:\x20 !!binary\x20 !x\x20 %YAML\x201.1\n
\xef\xbb\xbf \xff\xfe \x00 \xc2\x85 \xe2\x80\xa8 \xe2\x80\xae \xef\xbc\x9a \xe6\x98\xa5 \xe6 permalink:\x20/:x/\n
no 1_0 0:30 010 1,0 -1 1e9 .inf 2025-02-30 2025-04-29\x2010:00:00 9999999999999999999999999
type:\x20 fields:\n vocabulary:\x20 terms text min:\x20 aliases:\x20 when:\x20{
"""
PIECES = [word.encode().decode("unicode_escape").encode("latin-1") for word in _WORDS.split()]


def reads(raw: bytes) -> None:
    """A draft, or reasons; a draft becomes a post with its body, or there is a reason for that."""
    result = read("草稿.md", raw)
    if not isinstance(result, Draft):
        assert result
        assert all(problem.message.startswith("草稿.md") for problem in result), result
        return
    assert raw.endswith(result.body)
    assert result.head in raw
    made = check(PROPOSAL, result, RULES, Neighbours(), arrived=ARRIVED)
    if not isinstance(made, Metadata):
        assert made
        return
    try:
        post = compose(result, made)
    except ComposeError:
        return
    assert post.endswith(result.body)
    assert (matter.parse(matter.split(post).head or b"") or {}).keys() >= result.fields.keys()


def rules(raw: bytes) -> None:
    """Rules, or all that is wrong with them."""
    try:
        parse(raw, "rules.md")
    except RulesError as error:
        wrong = error
    else:
        return
    assert wrong.faults
    assert str(wrong).startswith("rules.md")


FIELDS = (
    b"tags: {type: terms, min: 0}",
    b"tags: {type: terms, vocabulary: [ai, {name: llm, aliases: [x]}], new: forbid, weights: {copied: 1.5}}",
    b"toc: {type: constant, value: {beginning: true}, when: {headings: 3}}",
    b"about: {type: text, language: en, min_length: 9, max_length: 99, quoted: true, need: optional}",
    b"image: {type: author, kind: text}\nslug: {max_words: 8}\nmin_body: {words: 20}\nfilename: '{date}-{slug}.md'",
    b"mood: {type: constant, value: [1, no]}\nexamples:\n- {title: T, description: D}",
)
SMALL_RULES = [
    b"---\nrules: r\nversion: 1\nfields:\n  title: {type: text, min_length: 1}\n  date: {type: date}\n  %s\n---\n"
    % field
    for field in FIELDS
]
RULES = parse(SMALL_RULES[0], "rules.md")
PROPOSAL = Proposal({"title": "标题: 'x' # y"}, {"tags": (Opinion("甲: 乙", 5.0, written=True),)})
TARGETS: dict[str, Callable[[bytes], None]] = {"reader": reads, "rules": rules}


def seeds(name: str) -> list[bytes]:
    """What is mutated."""
    if name == "rules":
        return [*SMALL_RULES, *(path.read_bytes() for path in sorted((ROOT / "rules").glob("*.md")))]
    tables: Sequence[tuple[Case, ...]] = (
        *(texts.ENCODINGS, matters.SHAPES, matters.TRICKS, matters.FOREIGN),
        *(values.TITLES, values.DATES, values.TERMS, values.ADDRESSES),
    )
    return [case.raw for cases in tables for case in cases if 0 < len(case.raw) <= LONGEST]


def mutated(raw: bytes, chance: random.Random, others: Sequence[bytes]) -> bytes:
    """An input changed in one to six places: pieces taken out, doubled, put in, or of another input."""
    data = bytearray(raw)
    for _ in range(chance.randint(1, 6)):
        at = chance.randint(0, len(data))
        end = min(len(data), at + chance.choice((1, 2, 8, 64, 400)))
        match chance.randrange(6):
            case 0:
                del data[at:end]
            case 1:
                data[at:at] = data[at:end] * chance.choice((1, 2, 50))
            case 2 | 3:
                data[at:at] = chance.choice(PIECES)
            case 4:
                data[at:end] = chance.randbytes(chance.randint(1, 4))
            case 5:
                other = chance.choice(others)
                start = chance.randint(0, len(other))
                data[at:at] = other[start : start + chance.choice((8, 64, 400))]
    return bytes(data[:LONGEST])


def tried(target: Callable[[bytes], None], raw: bytes) -> None:
    """One input. Raises what is wrong, and keeps the input."""
    began = time.perf_counter()
    try:
        target(raw)
        assert time.perf_counter() - began < SLOW, f"{time.perf_counter() - began:.1f} seconds"
    except Exception:
        FOUND.mkdir(parents=True, exist_ok=True)
        path = FOUND / f"{target.__name__}-{time.time_ns()}"
        path.write_bytes(raw)
        print(f"this input fails: {path}", file=sys.stderr)
        raise


def blindly(target: Callable[[bytes], None], corpus: Sequence[bytes], seconds: float) -> int:
    """Mutate without a look at what is reached; how many inputs were tried."""
    chance, count, end = random.Random(), 0, time.monotonic() + seconds
    while time.monotonic() < end:
        tried(target, mutated(chance.choice(corpus), chance, corpus))
        count += 1
    return count


def guided(target: Callable[[bytes], None], corpus: Sequence[bytes], seconds: int) -> None:
    """Let libFuzzer choose; it ends the process itself, and tells how many inputs it ran."""
    folder = FOUND / f"corpus-{target.__name__}"
    folder.mkdir(parents=True, exist_ok=True)
    for number, raw in enumerate(corpus):
        (folder / f"seed-{number}").write_bytes(raw)

    def mutate(raw: bytes, longest: int, seed: int) -> bytes:
        chance = random.Random(seed)
        data = mutated(raw, chance, corpus) if chance.random() < 0.7 else atheris.Mutate(raw, len(raw) + 16)
        return bytes(data[:longest])

    options = (f"-max_total_time={seconds}", f"-max_len={LONGEST}", "-timeout=20", "-rss_limit_mb=4096", "-verbosity=0")
    arguments = [sys.argv[0], *options, "-print_final_stats=1", f"-artifact_prefix={FOUND}/", str(folder)]
    atheris.Setup(arguments, lambda raw: tried(target, raw), custom_mutator=mutate)
    atheris.Fuzz()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("target", choices=sorted(TARGETS))
    parser.add_argument("--seconds", type=int, default=120)
    chosen = parser.parse_args()
    target, corpus = TARGETS[chosen.target], seeds(chosen.target)
    for raw in corpus:
        tried(target, raw)
    if atheris is not None:
        guided(target, corpus, chosen.seconds)
    else:
        count = blindly(target, corpus, chosen.seconds)
        print(f"{chosen.target}: {count} inputs in {chosen.seconds} seconds, none failed")


if __name__ == "__main__":
    main()
