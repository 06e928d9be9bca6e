"""The rules document: what is read from it, and that every fault is reported at once with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from blogmetad.rules.document import RulesError, load, parse
from blogmetad.rules.schema import ConstantRule, DateRule, TermsRule, TextRule

READY_MADE = Path(__file__).parents[2] / "rules"

SOUND = """---
rules: 我的博客
version: 2
fields:
  layout: {type: constant, value: post}
  title: {type: text, language: en, min_length: 10, max_length: 90, label: Title}
  date: {type: date}
  tags: {type: terms, language: en, case: lower, min: 2, max: 4, vocabulary: [llm, {name: ml, aliases: [机器学习]}]}
  toc: {type: constant, value: {beginning: true}, when: {headings: 3}}
slug: {max_words: 5}
---

写给英文读者。 Be plain.
"""


def faults(text: str) -> list[tuple[int | None, str]]:
    """Lines and keys of what is wrong with a document."""
    with pytest.raises(RulesError) as caught:
        parse(text.encode(), "rules.md")
    return [(fault.line, fault.key) for fault in caught.value.faults]


def message(text: str) -> str:
    with pytest.raises(RulesError) as caught:
        parse(text.encode(), "rules.md")
    return str(caught.value)


def with_fields(*lines: str) -> str:
    """A sound document with ``lines`` as further fields; the first of them stands in line 7."""
    head = ["---", "rules: r", "version: 1", "fields:", "  title: {type: text}", "  date: {type: date}"]
    return "\n".join([*head, *(f"  {line}" for line in lines), "---", ""])


def test_a_sound_document_is_read_with_its_fields_in_their_order() -> None:
    rules = parse(SOUND.encode(), "rules.md")
    assert (rules.name, rules.version, rules.title) == ("我的博客", 2, "我的博客 v2")
    assert list(rules.fields) == ["layout", "title", "date", "tags", "toc"]
    assert [type(rule) for rule in rules.fields.values()] == [
        ConstantRule,
        TextRule,
        DateRule,
        TermsRule,
        ConstantRule,
    ]
    assert rules.guidance == "写给英文读者。 Be plain."
    assert rules.term_fields() == ("tags",)


def test_vocabulary_entries_may_be_plain_names_or_names_with_aliases() -> None:
    tags = parse(SOUND.encode(), "rules.md").fields["tags"]
    assert isinstance(tags, TermsRule)
    assert [(term.name, term.aliases) for term in tags.vocabulary] == [("llm", ()), ("ml", ("机器学习",))]


def test_what_a_document_leaves_out_has_a_default() -> None:
    rules = parse(SOUND.encode(), "rules.md")
    assert rules.filename == "{date}-{slug}.md"
    assert (rules.slug.max_words, rules.slug.max_length, rules.min_body.words) == (5, 60, 20)


def test_the_hash_changes_with_every_byte_of_the_document() -> None:
    one, other = parse(SOUND.encode(), "a"), parse(SOUND.encode() + b" ", "a")
    assert one.sha256 != other.sha256
    assert one.guidance == other.guidance


def test_line_ends_and_a_byte_order_mark_make_no_difference() -> None:
    rules = parse(b"\xef\xbb\xbf" + SOUND.replace("\n", "\r\n").encode(), "rules.md")
    assert rules.fields == parse(SOUND.encode(), "rules.md").fields


def test_all_faults_are_reported_at_once_in_the_order_of_their_lines() -> None:
    text = with_fields("tags: {type: terms, neww: allow}", "layout: {type: text}", "x: 3").replace(
        "version: 1", "versoin: 1"
    )
    assert faults(text) == [
        (None, "version"),
        (3, "versoin"),
        (7, "fields.tags.neww"),
        (8, "fields.layout.type"),
        (9, "fields.x"),
    ]


def test_an_unknown_key_is_named_with_the_one_that_was_meant_and_those_there_are() -> None:
    text = message(with_fields("tags:", "  type: terms", "  neww: allow"))
    assert text.startswith("rules.md:9: fields.tags.neww: 'neww' is not a key here (did you mean 'new'?); known keys:")
    assert "vocabulary" in text


def test_the_text_of_an_error_has_a_line_for_each_fault() -> None:
    lines = message(with_fields("a: {type: words}", "b: {type: text, need: ja}")).splitlines()
    assert lines == [
        "rules.md:7: fields.a.type: 'type' must be author, constant, date, terms or text, not 'words'.",
        "rules.md:8: fields.b.need: 'need' must be 'required', 'recommended' or 'optional', not 'ja'.",
    ]


@pytest.mark.parametrize("name", ["title", "date"])
def test_title_and_date_are_mandatory(name: str) -> None:
    text = with_fields().replace("  title: {type: text}\n" if name == "title" else "  date: {type: date}\n", "")
    assert f"'fields' is without '{name}'" in message(text)


@pytest.mark.parametrize("name", ["layout", "permalink", "published"])
@pytest.mark.parametrize("kind", ["text", "terms"])
def test_the_model_never_decides_what_would_move_or_hide_a_post(name: str, kind: str) -> None:
    assert f"must be constant for '{name}'" in message(with_fields(f"{name}: {{type: {kind}}}"))


def test_a_slug_is_never_a_field() -> None:
    assert faults(with_fields("slug: {type: constant, value: x}")) == [(7, "fields.slug")]


def test_a_date_is_never_a_text_nor_another_field_a_date() -> None:
    assert faults(with_fields("updated: {type: date}")) == [(7, "fields.updated.type")]
    text = with_fields().replace("date: {type: date}", "date: {type: text}")
    assert faults(text) == [(6, "fields.date.type")]


@pytest.mark.parametrize(
    "pattern",
    ["{slug}.md", "{date}.md", "{date}-{slug}", "{date}-{slug}.html", "a/{date}-{slug}.md", "../{date}-{slug}.md",
     "{slug}-{date}.md", "{date}-{slug}-{slug}.md", "{date}-{title}-{slug}.md", "{date}-{slug}.md\\n"],
)  # fmt: skip
def test_a_file_name_jekyll_would_skip_is_a_fault(pattern: str) -> None:
    text = with_fields().replace("version: 1", f'version: 1\nfilename: "{pattern}"')
    assert faults(text) == [(4, "filename")]


@pytest.mark.parametrize("when", ["{}", "{headings: 3, math: true}", "{math: false}", "{fence: null}", "{headings: 0}"])
def test_a_condition_is_exactly_one(when: str) -> None:
    ((line, place),) = faults(with_fields(f"toc: {{type: constant, value: 1, when: {when}}}"))
    assert line == 7
    assert place.startswith("fields.toc.when")


@pytest.mark.parametrize(
    ("vocabulary", "cause"),
    [
        ("[机器学习]", "not in the field's language (en)"),
        ("[machine learning, Machine-Learning]", "names 'Machine-Learning' a second time"),
        ("[{name: a, aliases: [x]}, {name: b, aliases: [X]}]", "gives 'X' to 'b', but it already stands for 'a'"),
        ("[{name: a, aliases: [b]}, b]", "gives 'b' to 'a', but it already stands for 'b'"),
        ("[no]", "put quotes around it"),
        ("[{name: a, alias: [b]}]", "did you mean 'aliases'?"),
        ("['--']", "without a letter"),
    ],
)
def test_a_vocabulary_that_contradicts_itself_is_a_fault(vocabulary: str, cause: str) -> None:
    assert cause in message(with_fields(f"tags: {{type: terms, language: en, vocabulary: {vocabulary}}}"))


def test_limits_the_wrong_way_round_are_faults() -> None:
    text = with_fields("a: {type: text, min_length: 9, max_length: 3}", "b: {type: terms, min: 4, max: 2}")
    assert faults(text) == [(7, "fields.a.min_length"), (8, "fields.b.min")]


@pytest.mark.parametrize("value", ["[text]", "{a: b}", "null", "3"])
def test_a_type_that_is_no_word_is_a_fault_and_no_crash(value: str) -> None:
    assert (7, "fields.a.type") in faults(with_fields(f"a: {{type: {value}}}"))


@pytest.mark.parametrize("label", ["'a: b'", "'标题：'"])
def test_a_label_holds_no_colon_since_one_is_written_behind_it(label: str) -> None:
    assert faults(with_fields(f"a: {{type: text, label: {label}}}")) == [(7, "fields.a.label")]


def test_a_fraction_as_version_needs_quotes() -> None:
    assert "must be a whole number or text in quotes" in message(with_fields().replace("version: 1", "version: 1.1"))
    assert parse(with_fields().replace("version: 1", "version: '1.1'").encode(), "r").version == "1.1"


def test_prose_without_yaml_is_an_error_that_says_where_to_begin() -> None:
    assert "begin with a copy of one of the ready-made documents" in message("# 我的博客规则\n\n标题要用英文。\n")


def test_broken_yaml_and_broken_prose_are_reported_with_their_lines() -> None:
    assert faults("---\nrules: r\nfields: [\n---\n")[0][0] in (3, 4)
    with pytest.raises(RulesError) as caught:
        parse(with_fields().encode() + "好\n".encode() + b"\xff\n", "rules.md")
    assert caught.value.faults[0].line == 9


def test_fields_that_are_no_map_are_a_fault() -> None:
    assert faults("---\nrules: r\nversion: 1\nfields: [title]\n---\n") == [(4, "fields")]


def test_a_vocabulary_of_thousands_of_terms_is_not_too_large() -> None:
    terms = ", ".join(f"term{number}" for number in range(3000))
    rules = parse(with_fields(f"tags: {{type: terms, vocabulary: [{terms}]}}").encode(), "rules.md")
    tags = rules.fields["tags"]
    assert isinstance(tags, TermsRule)
    assert len(tags.vocabulary) == 3000


def test_a_missing_file_is_a_rules_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(RulesError, match=r"nowhere\.md: The rules document cannot be read"):
        load(tmp_path / "nowhere.md")


@pytest.mark.parametrize("file", sorted(READY_MADE.glob("*.md")), ids=lambda file: file.stem)
def test_every_ready_made_document_is_sound_and_named_after_its_file(file: Path) -> None:
    rules = load(file)
    assert rules.name == file.stem
    assert 60 <= len(rules.guidance.split()) <= 120


def test_there_are_three_ready_made_documents() -> None:
    assert {"al-folio", "bilingual-zh-en", "jekyll"} <= {file.stem for file in READY_MADE.glob("*.md")}
