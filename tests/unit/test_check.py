"""The check: precedence of values, cleaning, refusals, terms, dates, slugs, names."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blogmetad import matter
from blogmetad.rules.check import check, check_body
from blogmetad.rules.clean import clean, shortened
from blogmetad.rules.document import Rules, parse
from blogmetad.rules.naming import is_telling
from blogmetad.rules.schema import TextRule
from blogmetad.rules.wording import settle
from blogmetad.values import Decision, Draft, Metadata, Neighbour, Neighbours, Opinion, Problem, Proposal, YamlValue

CHINA = dt.timezone(dt.timedelta(hours=8))
ARRIVED = dt.datetime(2025, 4, 29, 23, 30, tzinfo=CHINA)
BODY = "# 一\n\n大模型改变了写作。\n\n# 二\n\n```mermaid\ngraph\n```\n\n# 三\n"

DOCUMENT = """---
rules: bilingual
version: 1
fields:
  layout: {type: constant, value: post}
  title: {type: text, language: en, min_length: 10, max_length: 60}
  date: {type: date}
  description: {type: text, language: en, min_length: 20, max_length: 100, sentences: true}
  subtitle: {type: text, language: zh, min_length: 4, max_length: 20, need: recommended}
  tags: {type: terms, language: en, case: lower, min: 2, max: 4, new: NEW,
         vocabulary: [llm, {name: machine learning, aliases: [机器学习, ml]}]}
  categories: {type: terms, language: en, max: 1, new: forbid, need: optional, vocabulary: [Life, Workflow]}
  toc: {type: constant, value: {beginning: true}, when: {headings: 3}}
  mermaid: {type: constant, value: true, when: {fence: mermaid}}
  math: {type: constant, value: true, when: {math: true}}
slug: {max_words: 5, max_length: 40}
min_body: {words: 5}
---
"""

VOCABULARY = "[llm, {name: machine learning, aliases: [机器学习, ml]}]"

TITLE = "Writing with Large Models"
DESCRIPTION = "How large models change the way a blog is written."


def rules(new: str = "allow", old: str = "", changed: str = "") -> Rules:
    return parse(DOCUMENT.replace("NEW", new).replace(old, changed, 1 if old else 0).encode(), "rules.md")


def draft(body: str = BODY, name: str = "随笔.md", **fields: YamlValue) -> Draft:
    return Draft(name, body.encode(), b"", fields, body.encode())


def wrote(*names: str) -> tuple[Opinion, ...]:
    return tuple(Opinion(name, -1.0, written=True) for name in names)


def proposal(
    *tags: str, title: str = TITLE, description: str = DESCRIPTION, categories: str = "Life", **texts: str
) -> Proposal:
    terms = {"tags": wrote(*tags or ("llm", "ml")), "categories": (Opinion(categories, 1.0),)}
    return Proposal({"title": title, "description": description} | texts, terms)


def passed(
    proposed: Proposal | None = None, drafted: Draft | None = None, by: Rules | None = None, **usage: dict[str, int]
) -> Metadata:
    near = Neighbours(usage=usage, count=20)
    found = check(proposed or proposal(), drafted or draft(), by or rules(), near, arrived=ARRIVED)
    assert isinstance(found, Metadata), found
    return found


def problems(proposed: Proposal, drafted: Draft | None = None, by: Rules | None = None) -> dict[str, str]:
    found = check(proposed, drafted or draft(), by or rules(), Neighbours(), arrived=ARRIVED)
    assert isinstance(found, tuple), found
    return {problem.rule: problem.message for problem in found}


def decision(metadata: Metadata, field: str) -> Decision:
    return next(d for d in metadata.decisions if d.field == field)


# Precedence


def test_every_field_has_one_decision_in_the_order_of_the_rules() -> None:
    found = passed(proposal(subtitle="写作的新方式"))
    assert [(d.field, d.source) for d in found.decisions] == [
        ("layout", "constant"),
        ("title", "generated"),
        ("date", "computed"),
        ("description", "generated"),
        ("subtitle", "generated"),
        ("tags", "vocabulary"),
        ("categories", "vocabulary"),
        ("toc", "computed"),
        ("mermaid", "computed"),
    ]


def test_the_author_wins_over_everything_and_is_never_changed() -> None:
    wrote: dict[str, YamlValue] = {
        "title": "大模型 {{ x }}",
        "tags": "AI LLM",
        "layout": "distill",
        "toc": False,
        "categories": [],
    }
    found = passed(drafted=replace(draft(), fields=wrote))
    assert {name: found.fields[name] for name in wrote} == wrote
    assert all(decision(found, name).source == "author" for name in wrote)
    assert not set(wrote) & set(found.added)


def test_keys_the_rules_do_not_know_are_the_authors_and_come_last() -> None:
    found = passed(drafted=draft(featured=True, 置顶=1))
    assert [d.field for d in found.decisions][-2:] == ["featured", "置顶"]
    assert "no rule" in decision(found, "featured").rule


def test_the_authors_singular_key_keeps_the_plural_one_out() -> None:
    found = passed(drafted=draft(category="Life"))
    assert "categories" not in found.fields
    assert found.fields["category"] == "Life"


def test_flags_follow_the_body_and_say_what_was_seen() -> None:
    found = passed()
    assert found.fields["toc"] == {"beginning": True}
    assert decision(found, "toc").evidence == ("the post has 3 headings",)
    assert "math" not in found.fields
    assert "toc" not in passed(drafted=draft("大模型改变了写作。$$x$$")).fields
    assert passed(drafted=draft("大模型改变了写作。$$x$$")).fields["math"] is True


def test_a_decision_cites_its_rule() -> None:
    assert decision(passed(), "tags").rule == "tags: 2 to 4 terms, English, lower case (rules: bilingual v1)"
    assert decision(passed(), "title").rule == "title: 10 to 60 characters, English (rules: bilingual v1)"


def test_generated_text_is_quoted_and_lists_are_plain() -> None:
    found = passed()
    assert matter.render("title", found.fields["title"]) == f'title: "{TITLE}"\n'
    assert matter.render("tags", found.fields["tags"]) == "tags: [llm, machine learning]\n"
    assert matter.render("date", found.fields["date"]) == "date: 2025-04-29\n"


def test_all_problems_are_reported_at_once() -> None:
    found = problems(Proposal(), draft(date="gestern"), rules("allow", VOCABULARY, "[]"))
    assert list(found) == ["date.unreadable", "title.empty", "description.empty", "tags.empty"]


# Text


@pytest.mark.parametrize(
    "proposed",
    [
        f'"{TITLE}"',
        f"“{TITLE}”",
        f"**{TITLE}**",
        f"Title: {TITLE}",
        f'**Title:** "{TITLE}."',
        f"# {TITLE}",
        f"标题：{TITLE}。",
        f"<b>{TITLE}</b>",
        f"{{{{ {TITLE} }}}}",
        f"{{% {TITLE} %}}",
        f"\u202e\u200b{TITLE}\ufeff",
        "Writing\nwith \t Large\x00Models",
        f"`{TITLE}`",
    ],
)
def test_what_models_wrap_around_a_title_is_taken_off_and_recorded(proposed: str) -> None:
    found = decision(passed(proposal(title=proposed)), "title")
    assert found.value == TITLE
    assert found.proposed == proposed
    assert found.changes


@pytest.mark.parametrize(
    "title",
    ["Async Programming in C#", "Understanding __init__.py", "'Foo' Is Not 'Bar' Here", "What Is Next? An Answer...",
     "The #1 Question of A* Search"],
)  # fmt: skip
def test_a_title_that_needs_nothing_is_not_changed(title: str) -> None:
    found = decision(passed(proposal(title=title)), "title")
    assert (found.value, found.changes) == (title, ())


@given(st.text(alphabet=st.sampled_from("{}%<>-*`\"'ab# :\u200b\u202e\n中。"), max_size=40) | st.text(max_size=60))
def test_nothing_that_acts_in_a_page_survives_cleaning(text: str) -> None:
    cleaned = clean(text, ("Title",))
    assert not re.search(r"[<>\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]|\{\{|\{%", cleaned)
    assert cleaned == cleaned.strip()
    assert clean(cleaned, ("Title",)) == cleaned


@given(st.text(alphabet="ab 中文。.,é\u0301", max_size=60), st.integers(1, 30))
def test_a_cut_is_short_enough_and_at_the_beginning_of_the_text(text: str, high: int) -> None:
    cut = shortened(text, high, 1)
    assert len(cut) <= high
    assert text.startswith(cut)
    assert not re.search(r"[ab]$", cut) or not re.match(r"[abé\u0301]", text[len(cut) :])


@pytest.mark.parametrize(
    ("text", "high", "cut"),
    [
        ("One two three four", 12, "One two"),
        ("One two, three four", 9, "One two"),
        ("First sentence. Second one", 20, "First sentence."),
        ("A. Very long second sentence", 20, "A."),
        ("Pneumonoultramicroscopic", 10, ""),
        ("大模型改变了写作的方式", 5, "大模型改变"),
        ("写作用Kubernetes部署", 8, "写作用"),
        ("第一句话。第二句话很长", 8, "第一句话。"),
        ("Version 1.5 is out now", 11, "Version 1.5"),
        ("中文\u0301字", 2, "中"),
        ("Thinking in Many Languages and of the Open Kind", 37, "Thinking in Many Languages"),
        ("大模型改变了写作的方式", 9, "大模型改变了写作"),
        ("Changes are written to the log file before being moved", 50, "Changes are written to the log file"),
    ],
)
def test_text_is_cut_at_a_sentence_or_a_word_and_never_inside_one(text: str, high: int, cut: str) -> None:
    assert shortened(text, high, 1) == cut


def test_a_title_that_is_too_long_is_cut_and_the_cut_recorded() -> None:
    found = decision(
        passed(proposal(title="Writing " * 3 + "with Large Models and Small Ones in a Blog of Mine")), "title"
    )
    assert len(str(found.value)) <= 60
    assert any("It was cut from" in change for change in found.changes)


def test_a_title_loses_its_full_stop_and_a_description_gets_one_in_its_script() -> None:
    found = passed(proposal(title=TITLE + ".", description=DESCRIPTION.rstrip(".")))
    assert (found.fields["title"], found.fields["description"]) == (TITLE, DESCRIPTION)
    chinese = rules(old="description: {type: text, language: en", changed="description: {type: text, language: zh")
    text = "大模型怎样改变了写一个博客的方式，以及这意味着什么"
    assert passed(proposal(description=text), by=chinese).fields["description"] == text + "。"


def test_a_description_without_room_for_a_full_stop_gets_none() -> None:
    text = "x" * 49 + " " + "y" * 50
    assert passed(proposal(description=text)).fields["description"] == text


@pytest.mark.parametrize(
    ("title", "rule"),
    [
        ("", "title.empty"),
        ("** **", "title.empty"),
        ("Short", "title.short"),
        ("大模型与写作的新方式探讨", "title.language"),
        ("Writing 与 Large Models", "title.language"),
        ("Письмо с моделями", "title.language"),
        ("foo foo foo foo", "title.repetitive"),
        ("the blog the blog the blog the blog", "title.repetitive"),
    ],
)
def test_a_title_that_cannot_be_used_is_a_problem_that_says_why(title: str, rule: str) -> None:
    found = problems(proposal(title=title))
    assert list(found) == [rule]
    assert "Write 'title' in the draft's front matter yourself" in found[rule]


def test_a_description_that_repeats_the_title_is_refused() -> None:
    assert list(problems(proposal(description=TITLE.lower() + "."))) == ["description.same"]
    assert "description.same" in problems(proposal(description=DESCRIPTION), draft(title=DESCRIPTION))


@pytest.mark.parametrize("subtitle", ["Only English", "短", "大模型" * 6])
def test_an_optional_field_that_cannot_be_used_is_left_out(subtitle: str) -> None:
    assert "subtitle" not in passed(proposal(subtitle=subtitle)).fields


# Terms


def test_terms_get_their_canonical_names_and_doubles_are_merged() -> None:
    found = decision(passed(proposal("LLM", "机器学习", "ml", "Machine-Learning")), "tags")
    assert found.value == ["llm", "machine learning"]
    assert found.proposed == "LLM, 机器学习, ml, Machine-Learning"
    assert found.source == "vocabulary"


def test_what_models_wrap_around_a_term_is_taken_off() -> None:
    assert passed(proposal("**LLM**", "#机器学习、")).fields["tags"] == ["llm", "machine learning"]


def test_a_term_of_the_site_is_no_new_one() -> None:
    asked = {"tags": (Opinion("llm", 2.0), Opinion("qwen", 2.0))}
    found = decision(passed(Proposal(proposal().texts, asked), by=rules("queue"), tags={"Qwen": 3}), "tags")
    assert (found.value, found.source) == (["qwen", "llm"], "vocabulary")


CRAFT = draft(BODY + "Prompt Craft 是手艺。" * 8)


def test_new_terms_are_allowed_queued_or_forbidden_by_the_rule() -> None:
    proposed = proposal("llm", "ml", "Prompt Craft")
    allowed, queued, forbidden = (passed(proposed, CRAFT, rules(new)) for new in ("allow", "queue", "forbid"))
    assert (allowed.fields["tags"], allowed.queued) == (["prompt craft", "llm"], ())
    assert decision(allowed, "tags").source == "generated"
    assert (queued.fields["tags"], queued.queued) == (["llm", "machine learning"], (("tags", "prompt craft"),))
    assert decision(queued, "tags").changes == ("'prompt craft' is new and waits for a person to decide.",)
    assert (forbidden.fields["tags"], forbidden.queued) == (["llm", "machine learning"], ())
    assert "'Prompt Craft' was left out: the rules allow no new terms." in decision(forbidden, "tags").changes


@pytest.mark.parametrize(
    "term",
    ["2025", "the", "深度学习", "one two three four five six", "x" * 41, "a, b", "", "!!!", "Обучение"],
)
def test_what_is_no_term_is_left_out_and_noted_however_often_the_text_has_it(term: str) -> None:
    found = decision(passed(proposal("llm", "ml", term), draft(BODY + f" {term} " * 30)), "tags")
    assert found.value == ["llm", "machine learning"]
    assert any("was left out" in change for change in found.changes)


def test_a_term_the_rules_reject_is_neither_used_nor_queued_though_posts_have_it() -> None:
    rejecting = rules("queue", "max: 4,", "max: 4, rejected: [Qwen],")
    found = passed(proposal("llm", "qwen"), draft(BODY + "Qwen " * 30), rejecting, tags={"qwen": 19})
    assert (found.fields["tags"], found.queued) == (["llm", "machine learning"], ())


def test_of_more_terms_than_allowed_those_that_most_speaks_for_are_taken() -> None:
    usage = {name: count for count, name in enumerate(("b", "c", "d", "e", "f"), start=5)}
    found = passed(Proposal(proposal().texts), draft(BODY + "b c d e f " * 9), tags=usage).fields["tags"]
    assert found == ["f", "e", "d", "c"]


def test_fewer_terms_than_wanted_are_noted_and_none_is_a_problem_where_one_is_required() -> None:
    one = rules("forbid", VOCABULARY, "[llm]")
    assert "2 terms or more; 1 could be used" in decision(passed(proposal("llm"), by=one), "tags").changes[-1]
    none = rules("allow", VOCABULARY, "[]")
    assert "'2025' was left out: it has no letters." in problems(proposal("2025"), by=none)["tags.empty"]
    assert "categories" not in passed(proposal(categories="Nonsense")).fields


def test_each_terms_evidence_reaches_the_decision() -> None:
    posts = (Neighbour("2025-01-01-a.md", "", "", {"tags": ("LLM",)}, 0.6), Neighbour("b.md", "", "", {}, 0.4))
    near = Neighbours(posts, {"tags": {"llm": 3}}, 20, {"tags": {"llm": 2}}, 5)
    text = BODY + "LLM 与 llm。Prompt Craft 是手艺，" + "Prompt Craft " * 30
    found = check(proposal("ml", "Prompt Craft"), draft(text), rules(), near, arrived=ARRIVED)
    assert isinstance(found, Metadata)
    assert decision(found, "tags").evidence == (
        "llm: written in the text as 'LLM' (2 times), carried by the similar post 2025-01-01-a.md, "
        "carried by 2 of the 5 latest posts, used in 3 posts",
        "prompt craft: in the model's words, stands in the text 31 times",
    )


def test_a_term_that_only_the_rules_name_says_so() -> None:
    assert decision(passed(), "tags").evidence[0] == "llm: listed in the rules"


# Dates


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        (dt.date(2024, 2, 29), "2024-02-29T00:00:00+08:00"),
        (dt.datetime(2024, 2, 29, 12, 5), "2024-02-29T12:05:00+00:00"),  # noqa: DTZ001 - as YAML and Jekyll read it
        (dt.datetime(2024, 2, 29, 12, 5, tzinfo=dt.UTC), "2024-02-29T12:05:00+00:00"),
        ("2024-02-29", "2024-02-29T00:00:00+08:00"),
        ("2024-2-9 9:05", "2024-02-09T09:05:00+08:00"),
        ("2024-02-29 11:00:00 -0400", "2024-02-29T11:00:00-04:00"),
        ("2024-02-29T11:00:00+05:30", "2024-02-29T11:00:00+05:30"),
        ("2024-02-29 11:00 UTC", "2024-02-29T11:00:00+00:00"),
    ],
)
def test_the_authors_date_is_read_and_stays_as_it_is(value: YamlValue, moment: str) -> None:
    found = passed(drafted=draft(date=value))
    assert found.date.isoformat() == moment
    assert found.fields["date"] == value
    assert found.filename.startswith(moment[:10] + "-")


@pytest.mark.parametrize("value", ["gestern", "2025-02-31", "2025-13-01", 20250429, True, ["2025-04-29"],
                                   "2025-04-29 25:00", "2025-04-29 10:00 +99:00"])  # fmt: skip
def test_an_unreadable_date_is_a_problem_that_names_it(value: YamlValue) -> None:
    found = problems(proposal(), draft(date=value))
    assert f"The date '{value}' in the draft cannot be read" in found["date.unreadable"]


def test_without_the_authors_the_date_in_the_files_name_counts_and_then_the_arrival() -> None:
    named = passed(drafted=draft(name="2023-01-02-随笔.md"))
    assert (named.date.isoformat(), named.fields["date"]) == ("2023-01-02T00:00:00+08:00", "2023-01-02")
    assert decision(named, "date").evidence == ("the date in the draft's file name",)
    assert passed().date == ARRIVED
    assert passed(drafted=draft(name="2023-13-02-x.md")).date == ARRIVED


def test_the_time_is_written_with_its_offset_where_the_rules_want_it() -> None:
    timed = passed(by=rules(old="{type: date}", changed="{type: date, time: true}"))
    assert timed.fields["date"] == "2025-04-29 23:30:00 +0800"


def test_an_empty_date_of_the_author_is_kept_and_the_name_dated_by_arrival() -> None:
    found = passed(drafted=draft(date=None))
    assert found.fields["date"] is None
    assert found.filename.startswith("2025-04-29-")


def test_an_arrival_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        check(proposal(), draft(), rules(), Neighbours(), arrived=ARRIVED.replace(tzinfo=None))


# Slugs and file names


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Qwen 3: Alibaba Cloud's Latest Model", "qwen-3-alibaba-clouds-latest"),
        ("Qwen 3: 阿里云的新模型", "qwen-3"),
        ("Naïve Café Größe", "naive-cafe-grosse"),
        ("../../etc/passwd of mine", "etc-passwd-of-mine"),
        ("snake_case names 😀", "snake-case-names"),
        ("A Pneumonoultramicroscopicsilicovolcanoconiosis Story", "a"),
        ("SQLite WAL 日志 Backups and the Rest of It", "sqlite-wal-backups"),
        ("What the Kernel Is For", "what-the-kernel-is-for"),
        ("In and Out of the Loop", "in-and-out"),
    ],
)
def test_the_slug_is_the_titles_latin_words_within_both_limits(title: str, slug: str) -> None:
    found = passed(drafted=draft(title=title))
    assert found.slug == slug
    assert found.filename == f"2025-04-29-{slug}.md"


@pytest.mark.parametrize(
    ("value", "slug"),
    [("My Own Slug", "my-own-slug"), ("../../x", "x"), (2025, "2025"), ("a" * 300, "a" * 80), ("/etc/x", "etc-x")],
)
def test_the_authors_slug_wins_and_cannot_leave_the_folder(value: YamlValue, slug: str) -> None:
    found = passed(drafted=draft(slug=value))
    assert found.slug == slug
    assert found.fields["slug"] == value


def test_a_chinese_title_takes_its_slug_from_the_proposal_the_file_name_or_the_hash() -> None:
    wrote = draft(title="大模型与写作", name="2025-04-01-my-notes.md")
    assert passed(proposal(slug='"Models and Writing"'), wrote).slug == "models-and-writing"
    assert passed(drafted=wrote).slug == "my-notes"
    nameless = draft(title="大模型与写作")
    assert passed(drafted=nameless).slug == f"post-{nameless.body_sha256[:8]}"


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_title_or_slug_makes_a_dangerous_file_name(title: str, slug: str) -> None:
    found = passed(drafted=draft(title=title, slug=slug))
    assert re.fullmatch(r"2025-04-29-[a-z0-9][a-z0-9-]{0,79}\.md", found.filename)


# The body


def test_a_draft_with_too_few_words_is_a_problem_with_both_numbers() -> None:
    (problem,) = check_body(draft("大模型 ok\n\n```\nmany words in a listing\n```\n"), rules())
    assert isinstance(problem, Problem)
    assert problem.rule == "draft.short"
    assert "has 4 words" in problem.message
    assert "at least 5" in problem.message


def test_a_draft_with_enough_words_passes() -> None:
    assert check_body(draft("大模型很好"), rules()) == ()


@pytest.mark.parametrize("offered", ["https://www.example.com/post/your-title", "Your Title Here", "www.blog.com"])
def test_an_address_or_a_placeholder_is_no_slug(offered: str) -> None:
    assert not is_telling(offered)


def test_a_description_that_ran_out_of_room_ends_with_its_last_whole_sentence() -> None:
    rule = TextRule(type="text", language="en", min_length=10, max_length=60, sentences=True)
    offered = "It keeps readers going. It is built on pages, logs, and sync,"
    assert settle(offered[:60], "description", rule, "en").text == "It keeps readers going."
