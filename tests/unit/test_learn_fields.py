"""Learning: which fields, in which order, needed how much; constants, conditions and what only the author writes."""

from __future__ import annotations

from blogmetad.rules.learn import render
from blogmetad.rules.schema import AuthorRule, ConstantRule, DateRule, TermsRule, TextRule, When
from tests.unit.learning import CHINESE, ENGLISH, blog, learned, rules_of, what_deviates

HEADINGS = "## One\n\ntext\n\n## Two\n\ntext\n\n## Three\n\ntext\n\n"


def test_fields_come_in_the_order_that_most_posts_keep() -> None:
    usual = "layout: post\ntitle: Post {n}\ndate: {date}\ntags: [a]\n"
    other = "tags: [a]\ntitle: Post {n}\nlayout: post\ndate: {date}\n"
    found = learned(blog([usual] * 7 + [other] * 3))
    assert list(rules_of(found).fields) == ["layout", "title", "date", "tags"]


def test_a_field_of_some_posts_stands_where_they_have_it() -> None:
    plain = "title: Post {n}\ndate: {date}\ntags: [a]\n"
    more = "title: Post {n}\ndate: {date}\nsubtitle: 副标题 {n}\ntags: [a]\n"
    assert list(rules_of(learned(blog([plain] * 4 + [more] * 6))).fields) == ["title", "date", "subtitle", "tags"]


def test_a_field_is_needed_as_much_as_posts_have_it() -> None:
    full = "title: T {n}\ndate: {date}\ndescription: About {n}.\ntags: [a]\nsummary: Sum {n}.\n"
    half = "title: T {n}\ndate: {date}\ndescription: About {n}.\n"
    less = "title: T {n}\ndate: {date}\n"
    fields = rules_of(learned(blog([full] * 4 + [half] * 3 + [less] * 3))).fields
    assert (fields["title"].need, fields["description"].need, fields["tags"].need) == (
        "required",
        "recommended",
        "optional",
    )
    assert isinstance(fields["summary"], AuthorRule), "a text that fewer than half of the posts have is the author's"


def test_an_empty_value_is_no_value() -> None:
    heads = ["title: T {n}\ndate: {date}\ndescription:\nthumbnail:\n"] * 9 + [
        "title: T {n}\ndate: {date}\ndescription: Something.\n"
    ]
    fields = rules_of(learned(blog(heads))).fields
    assert "description" not in fields
    assert "thumbnail" not in fields


def test_a_field_that_no_recent_post_has_is_out_of_use() -> None:
    old = "title: T {n}\ndate: {date}\ndescription: About post {n} and more.\n"
    new = "title: T {n}\ndate: {date}\n"
    found = learned(blog([old] * 40 + [new] * 25))
    assert isinstance(rules_of(found).fields["description"], AuthorRule)
    assert "in 0 of the newest 20" in render(found)


def test_the_same_value_nearly_everywhere_is_a_constant_with_its_exceptions_listed() -> None:
    heads = ["layout: post\ntitle: T {n}\ndate: {date}\nauthor: 王小明\n"] * 18
    heads += ["layout: keynote\ntitle: T {n}\ndate: {date}\n"] * 2
    found = learned(blog(heads))
    fields = rules_of(found).fields
    assert isinstance(fields["layout"], ConstantRule)
    assert (fields["layout"].value, fields["layout"].when) == ("post", None)
    assert isinstance(fields["author"], ConstantRule)
    assert (fields["author"].value, fields["author"].need) == ("王小明", "recommended")
    assert len(what_deviates(found, "'layout'")) == 2
    assert "in all 20 posts, post in 18 of them" in render(found)


def test_values_that_look_alike_are_told_apart() -> None:
    heads = [f"title: T {{n}}\ndate: {{date}}\nflag: {value}\n" for value in ("true", "1", '"true"', "yes")] * 3
    rule = rules_of(learned(blog(heads))).fields["flag"]
    assert isinstance(rule, AuthorRule)
    assert rule.kind == "any"


def test_what_differs_from_post_to_post_is_the_authors_with_its_kind() -> None:
    head = "title: T {n}\ndate: {date}\nthread: {n}\nimage: /img/{n}.png\nauthors: [a{n}]\nheader: {image: x{n}}\n"
    fields = rules_of(learned(blog([head] * 10))).fields
    kinds = {name: fields[name] for name in ("thread", "image", "authors", "header")}
    assert {name: rule.kind for name, rule in kinds.items() if isinstance(rule, AuthorRule)} == {
        "thread": "number",
        "image": "text",
        "authors": "list",
        "header": "map",
    }


def test_a_flag_that_follows_the_headings_is_written_under_that_condition() -> None:
    long, short = (
        "title: T {n}\ndate: {date}\ntoc: {beginning: true}\n",
        "title: T {n}\ndate: {date}\n",
    )
    posts = blog([long, short] * 10, [ENGLISH + HEADINGS, ENGLISH])
    found = learned(posts)
    rule = rules_of(found).fields["toc"]
    assert isinstance(rule, ConstantRule)
    assert (rule.value, rule.need) == ({"beginning": True}, "optional")
    assert rule.when == When(headings=3)
    assert "10 of 10 posts with 3 or more headings have it, 0 of 10 others" in render(found)


def test_a_flag_that_follows_a_block_or_math_or_the_language_is_recognised() -> None:
    bare = "title: T {n}\ndate: {date}\n"
    cases = {
        "mermaid": ("```mermaid\ngraph TD\n```\n", When(fence="mermaid")),
        "math": ("Let $x^2 + y^2 = z^2$ be.\n", When(math=True)),
        "lang": ("", When(language="zh")),
    }
    for name, (block, condition) in cases.items():
        body = CHINESE * 3 if name == "lang" else ENGLISH + block
        posts = blog([f"{bare}{name}: on it\n", bare, bare] * 5, [body, ENGLISH, ENGLISH])
        rule = rules_of(learned(posts)).fields[name]
        assert isinstance(rule, ConstantRule), name
        assert rule.when == condition


def test_a_flag_that_follows_nothing_is_left_to_the_author_with_its_count() -> None:
    on, off = "title: T {n}\ndate: {date}\nfeatured: true\n", "title: T {n}\ndate: {date}\n"
    found = learned(blog([on, off, off, off] * 5))
    rule = rules_of(found).fields["featured"]
    assert isinstance(rule, AuthorRule)
    assert (rule.kind, rule.need) == ("flag", "optional")
    assert "in 5 of 20 posts, true in 5" in render(found)


def test_a_bare_toc_is_kept_and_remarked_on() -> None:
    found = learned(blog(["title: T {n}\ndate: {date}\ntoc: true\n"] * 10))
    rule = rules_of(found).fields["toc"]
    assert isinstance(rule, ConstantRule)
    assert rule.value is True
    assert len(what_deviates(found, "al-folio shows nothing")) == 10


def test_dates_are_learned_with_their_form_and_offset() -> None:
    timed = "title: T {n}\ndate: {date} 10:00:00 +0800\n"
    day = "title: T {n}\ndate: {date}\n"
    posts = blog([timed] * 8 + [day] * 2)
    for known, offset in ((False, "+0800"), (True, None)):
        found = learned(posts, timezone_known=known)
        rule = rules_of(found).fields["date"]
        assert isinstance(rule, DateRule)
        assert (rule.time, rule.offset, rule.written) == (True, offset, True)
        assert len(what_deviates(found, "without the time")) == 2


def test_a_time_without_an_offset_and_a_day_that_is_not_the_names_are_deviations() -> None:
    heads = ["title: T {n}\ndate: {date}\n"] * 8 + ["title: T\ndate: 2020-05-01 10:00:00\n", "title: T\ndate: 某天\n"]
    found = learned(blog(heads))
    assert len(what_deviates(found, "reads as UTC")) == 1
    assert len(what_deviates(found, "another day than the file's name")) == 1
    assert len(what_deviates(found, "cannot be read")) == 1


def test_posts_that_have_no_date_leave_it_to_the_files_name() -> None:
    rule = rules_of(learned(blog(["title: T {n}\ntags: [a]\n"] * 10))).fields["date"]
    assert isinstance(rule, DateRule)
    assert not rule.written


def test_jekylls_singular_keys_count_as_their_plural() -> None:
    fields = rules_of(learned(blog(["title: T {n}\ndate: {date}\ncategory: 随笔\n"] * 10))).fields
    assert isinstance(fields["categories"], TermsRule)
    assert "category" not in fields


def test_a_young_blog_gets_the_usual_fields_beside_its_own() -> None:
    assert list(rules_of(learned([])).fields) == ["layout", "title", "date", "description", "tags", "categories"]
    fields = rules_of(learned(blog(["date: {date}\ntitle: 第{n}篇\nmood: {n}\n"] * 2))).fields
    assert set(fields) == {"layout", "title", "date", "description", "tags", "categories", "mood"}
    assert isinstance(fields["title"], TextRule)
    assert fields["title"].max_length >= 90, "two titles are no measure"


def test_a_slug_and_a_nameless_key_get_no_rule() -> None:
    fields = rules_of(learned(blog(['title: T {n}\ndate: {date}\nslug: s-{n}\n"": x\n"a\\tb": y\n'] * 10))).fields
    assert list(fields) == ["title", "date"]
