"""Learning: languages, lengths, lists of terms, the vocabulary with its variants and aliases, names of files."""

from __future__ import annotations

from dataclasses import replace

from blogmetad.rules.learn import render
from blogmetad.rules.learn.glosses import glosses
from blogmetad.rules.schema import TermsRule, TextRule
from tests.unit.learning import CHINESE, ENGLISH, blog, learned, post, rules_of, what_deviates

TITLE = "title: T {n}\ndate: {date}\n"


def text_rule(heads: list[str], bodies: list[str], name: str = "title") -> TextRule:
    rule = rules_of(learned(blog(heads, bodies))).fields[name]
    assert isinstance(rule, TextRule)
    return rule


def terms_rule(heads: list[str], bodies: list[str] | None = None, name: str = "tags") -> TermsRule:
    rule = rules_of(learned(blog(heads, bodies or [ENGLISH]))).fields[name]
    assert isinstance(rule, TermsRule)
    return rule


def test_english_titles_above_chinese_bodies_are_english() -> None:
    assert text_rule(["title: A Post on Caches {n}\ndate: {date}\n"] * 10, [CHINESE, CHINESE, ENGLISH]).language == "en"


def test_titles_in_the_language_of_each_body_follow_the_body() -> None:
    heads = ["title: 缓存为什么慢 {n}\ndate: {date}\n", "title: Why Caches Are Slow {n}\ndate: {date}\n"] * 10
    assert text_rule(heads, [CHINESE, ENGLISH]).language == "body"


def test_chinese_titles_above_chinese_bodies_are_chinese_and_strangers_are_listed() -> None:
    heads = ["title: 缓存为什么慢 {n}\ndate: {date}\n"] * 19 + ["title: Hello World\ndate: {date}\n"]
    found = learned(blog(heads, [CHINESE]))
    rule = rules_of(found).fields["title"]
    assert isinstance(rule, TextRule)
    assert rule.language == "zh"
    assert len(what_deviates(found, "'title' is not in the language")) == 1


def test_languages_as_it_comes_are_any() -> None:
    heads = ["title: 缓存为什么慢 {n}\ndate: {date}\n", "title: Why Caches Are Slow {n}\ndate: {date}\n"] * 10
    assert text_rule(heads, [ENGLISH, ENGLISH, CHINESE, CHINESE]).language == "any"


def test_letters_do_not_make_a_german_blog_an_english_one() -> None:
    german = "Der Speicher war langsam, weil jede Anfrage auf dieselbe Sperre der Tabelle gewartet hat. " * 3
    assert text_rule(["title: Warum es langsam war {n}\ndate: {date}\n"] * 10, [german]).language == "any"


def test_lengths_hold_for_nearly_all_posts_and_name_the_usual_one() -> None:
    heads = [f"title: {'x' * (30 + n)}\ndate: {{date}}\n" for n in range(60)]
    heads += [f"title: {'y' * 400}\ndate: {{date}}\n", "title: z\ndate: {date}\n"]
    rule = text_rule(heads, [ENGLISH])
    assert rule.min_length <= 31
    assert rule.min_length >= 25, "one title of one letter is no measure"
    assert 88 <= rule.max_length <= 100
    assert 55 <= (rule.usual_length or 0) <= 65


def test_the_longest_of_a_few_titles_is_not_the_longest_there_may_be() -> None:
    heads = [f"title: {'缓' * (20 + 2 * n)}\ndate: {{date}}\n" for n in range(9)]
    young = text_rule(heads, [CHINESE])
    assert (young.min_length, young.max_length) == (10, 45)
    old = text_rule(heads * 4, [CHINESE])
    assert (old.min_length, old.max_length) == (20, 40)


def test_descriptions_that_end_with_a_stop_are_sentences_in_chinese_too() -> None:
    for stop, sentences in (("。", True), ("！", True), (".", True), ("", False)):
        head = f"title: T {{n}}\ndate: {{date}}\ndescription: 这篇文章讲缓存的第{{n}}个问题{stop}\n"
        assert text_rule([head] * 10, [CHINESE], "description").sentences is sentences


def test_a_text_longer_than_any_rule_is_the_authors() -> None:
    head = f"title: T {{n}}\ndate: {{date}}\nexcerpt: {'long ' * 400}{{n}}\n"
    assert rules_of(learned(blog([head] * 10))).fields["excerpt"].type == "author"


def test_titles_that_are_whole_texts_or_lists_still_give_a_line_of_text() -> None:
    for title in ("长" * 1500, "[甲, 乙]", "{a: 1}"):
        assert text_rule([f"title: {title}\ndate: {{date}}\n"] * 10, [ENGLISH]).max_length <= 1000


def test_tags_are_learned_with_number_case_and_form() -> None:
    rule = terms_rule([f"{TITLE}tags: [cache, sql]\n", f"{TITLE}tags: [cache, sql, lock, disk]\n"] * 10)
    assert (rule.language, rule.case, rule.form, rule.min, rule.max, rule.usual) == ("en", "lower", "list", 2, 4, 3.0)
    lines = terms_rule([f"{TITLE}tags:\n  - Machine Learning\n  - SQL\n"] * 10)
    assert (lines.form, lines.case) == ("lines", "keep")
    assert terms_rule([f"{TITLE}tags: cache sql\n"] * 10).form == "words"


def test_a_comment_or_a_blank_line_above_the_items_does_not_make_another_form() -> None:
    assert terms_rule([f"{TITLE}tags: # 标签\n- cache\n- sql\n"] * 10).form == "lines"
    assert terms_rule([f"{TITLE}tags:\n\n    - cache\n"] * 10).form == "lines"


def test_spellings_of_one_term_are_merged_into_the_most_used() -> None:
    heads = [f"{TITLE}tags: [AI, prompt-engineering]\n"] * 6 + [f"{TITLE}tags: [ai, Prompt Engineering]\n"] * 4
    found = learned(blog(heads))
    rule = rules_of(found).fields["tags"]
    assert isinstance(rule, TermsRule)
    assert [term.name for term in rule.vocabulary] == ["AI", "prompt-engineering"]
    assert "- AI  # 10 posts; also written ai (4)" in render(found)
    assert len(what_deviates(found, "another spelling")) == 4


def test_comma_strings_are_split_for_the_vocabulary_and_reported() -> None:
    heads = [f"{TITLE}tags: [book, mind]\n"] * 9 + [f"{TITLE}tags: book, mind，读书\n"]
    found = learned(blog(heads))
    rule = rules_of(found).fields["tags"]
    assert isinstance(rule, TermsRule)
    assert {"book", "mind"} <= {term.name for term in rule.vocabulary}
    assert not any("," in term.name for term in rule.vocabulary)
    assert len(what_deviates(found, "commas")) == 1


def test_a_chinese_tag_becomes_an_alias_of_the_english_one_the_blog_has() -> None:
    heads = [f"{TITLE}tags: [machine-learning, sql]\n"] * 18 + [f"{TITLE}tags: [机器学习, sql]\n"] * 2
    found = learned(blog(heads, [CHINESE, ENGLISH]))
    rule = rules_of(found).fields["tags"]
    assert isinstance(rule, TermsRule)
    assert rule.language == "en"
    assert [(term.name, term.aliases) for term in rule.vocabulary] == [("machine-learning", ("机器学习",)), ("sql", ())]
    assert len(what_deviates(found, "another language")) == 2
    assert "机器学习: in 2 posts" in render(found)


def test_in_a_mixed_list_two_words_that_one_post_carries_stay_two() -> None:
    heads = [
        f"{TITLE}tags: [前端, frontend, 生活]\n",
        f"{TITLE}tags: [前端, 随笔]\n",
        f"{TITLE}tags: [frontend, life]\n",
    ] * 5
    rule = terms_rule(heads, [CHINESE])
    names = {term.name: term.aliases for term in rule.vocabulary}
    assert {"前端", "frontend"} <= set(names)
    assert names["life"] == ("生活",), "these two never meet in one post"


def test_the_blogs_own_glosses_make_aliases() -> None:
    body = CHINESE + "本文介绍联合熵模型（Joint Entropy Model）。\n"
    heads = [f"{TITLE}tags: [joint-entropy-model]\n"] * 10
    found = learned(blog(heads, [body, CHINESE + "关于联合熵模型 (joint entropy model) 的笔记。"]))
    rule = rules_of(found).fields["tags"]
    assert isinstance(rule, TermsRule)
    assert [term.aliases for term in rule.vocabulary] == [("联合熵模型",)]


def test_a_gloss_is_believed_when_it_comes_twice_or_is_plain() -> None:
    once = glosses(["我们浅谈强化学习（RL）。"], ["rl"])
    assert once == [], "where the term begins is not told"
    assert [p.chinese for p in glosses(["我们浅谈强化学习（RL）。", "再看强化学习（RL）吧"], ["rl"])] == ["强化学习"]
    assert [p.chinese for p in glosses(["Knowledge Graph（知识图谱）"], ["knowledge-graph"])] == ["知识图谱"]
    assert [p.chinese for p in glosses(["这是关于**知识图谱**（Knowledge Graph）"], ["knowledge-graph"])] == [
        "知识图谱"
    ]
    assert glosses(["的访问对象（JavaScript）"], ["javascript"]) == [], "one word in brackets explains nothing"


def test_new_terms_are_allowed_where_posts_keep_bringing_them_and_not_where_they_do_not() -> None:
    assert terms_rule([f"{TITLE}tags: [a, only-{{n}}]\n"] * 20).new == "allow"
    assert terms_rule([f"{TITLE}tags: [a, b]\n"] * 20).new == "forbid"
    some = [f"{TITLE}tags: [a, b]\n"] * 17 + [f"{TITLE}tags: [a, only-{{n}}]\n"] * 3
    assert terms_rule(some).new == "queue"
    assert terms_rule([f"{TITLE}categories: Notes\n"] * 20, name="categories").new == "forbid"


def test_a_vocabulary_is_sorted_by_use_and_drops_what_is_no_term() -> None:
    heads = [f"{TITLE}tags: [b, a]\n"] * 2 + [f"{TITLE}tags: [b, '{'long ' * 20}', '--']\n"] * 8
    rule = terms_rule(heads)
    assert [term.name for term in rule.vocabulary] == ["b", "a"]


def test_names_of_files_are_learned_with_suffix_case_and_limits() -> None:
    posts = [
        post(f"2024-01-{n:02}-Letter-From-A-Friend-{n}.markdown", f"title: T {n}\ndate: 2024-01-{n:02}\n")
        for n in range(1, 20)
    ]
    posts.append(post("2024-01-20-lower.md", "title: T\ndate: 2024-01-20\n"))
    found = learned(posts)
    rules = rules_of(found)
    assert rules.filename == "{date}-{slug}.markdown"
    assert (rules.slug.case, rules.slug.max_words) == ("keep", 5)
    assert len(what_deviates(found, "slug")) == 1


def test_examples_are_recent_posts_that_keep_to_the_rules() -> None:
    head = 'title: "缓存的第 {n} 个问题"\ndate: {date}\ndescription: "这篇文章讲缓存的第 {n} 个问题。"\n'
    odd = 'title: "<b>{{ site.title }}</b>"\ndate: {date}\ndescription: "短。"\n'
    rules = rules_of(learned(blog([head] * 30 + [odd], [CHINESE])))
    assert len(rules.examples) == 3
    assert all("缓存" in example.title and example.description.endswith("。") for example in rules.examples)
    assert any("29" in example.title for example in rules.examples)


def test_descriptions_that_are_not_alike_are_no_examples_since_a_small_model_would_copy_them() -> None:
    heads = [
        f'title: "缓存 {n}"\ndate: {{date}}\ndescription: "{about}"\n'
        for n, about in enumerate(("春天来了，万物生长。", "讲讲数据库的锁。", "失败的旅行。", "周末的面条。") * 5)
    ]
    assert rules_of(learned(blog(heads, [CHINESE]))).examples == ()


def test_descriptions_that_stand_in_the_posts_are_quoted_from_now_on() -> None:
    opening = CHINESE.strip()
    head = f'title: "缓存 {{n}}"\ndate: {{date}}\ndescription: "{opening}"\n'
    own = 'title: "缓存 {n}"\ndate: {date}\ndescription: "这里另写一句，正文里面没有这样的话，第 {n} 句。"\n'
    found = learned(blog([head, head, own] * 5, [CHINESE]))
    rule = rules_of(found).fields["description"]
    assert isinstance(rule, TextRule)
    assert rule.quoted
    assert "10 of 15 posts" in next(f for f in found.fields if f.name == "description").evidence["quoted"]
    told = rules_of(learned(blog([own] * 10, [CHINESE]))).fields["description"]
    assert isinstance(told, TextRule)
    assert not told.quoted


def test_the_newest_descriptions_are_the_newest_in_nested_folders_too() -> None:
    alike = 'title: "缓存 {n}"\ndate: {date}\ndescription: "这里讲缓存的第 {n} 个问题，以及怎样解决。"\n'
    odd = [f'title: "缓存 {n}"\ndate: {{date}}\ndescription: "{chr(0x4E00 + 9 * n) * 12}。"\n' for n in range(40)]
    posts = blog([*odd, *[alike] * 40], [CHINESE])
    nested = [replace(each, path=f"{'z' if n < 40 else 'a'}/{each.path}") for n, each in enumerate(posts)]
    assert len(rules_of(learned(sorted(nested, key=lambda each: each.path))).examples) == 3


def test_the_prose_says_in_english_which_language_is_wanted() -> None:
    head = "title: A Post on Caches {n}\ndate: {date}\ntags: [cache]\n"
    guidance = rules_of(learned(blog([head] * 10, [CHINESE]))).guidance
    assert "The posts are Chinese. Write title and tags in English." in guidance
    assert guidance.isascii()
    assert len(guidance) < 600
