"""Terms held against their rule: which may stand in a field, and how new ones are spelt."""

from __future__ import annotations

import pytest

from blogmetad.rules.schema import TermsRule
from blogmetad.rules.terms import cleaned, in_style, refusal, settle
from blogmetad.rules.vocabulary import Vocabulary, build
from blogmetad.values import Choice, Opinion


def rule(*vocabulary: object, **keys: object) -> TermsRule:
    return TermsRule.model_validate({"type": "terms", "vocabulary": list(vocabulary), **keys})


def styled(term: str, *vocabulary: str, **keys: object) -> str:
    law = rule(*vocabulary, **keys)
    return in_style(term, build(law, {}), law)


def refused(term: str, law: TermsRule, used: dict[str, int] | None = None) -> str | None:
    language = "any" if law.language == "body" else law.language
    return refusal(term, build(law, used or {}), law, language)


@pytest.mark.parametrize(
    ("term", "vocabulary", "style"),
    [
        ("Prompt Craft", ("machine-learning", "open-source"), "prompt-craft"),
        ("Prompt Craft", ("machine learning", "open source"), "prompt craft"),
        ("Prompt Craft", ("Machine Learning", "Open Source"), "Prompt Craft"),
        ("prompt craft", ("AI-Research", "Data-Science"), "prompt-craft"),
        ("Prompt Craft", (), "Prompt Craft"),
        ("SVM", ("machine-learning", "python"), "SVM"),
        ("GraphQL", ("machine-learning", "python"), "GraphQL"),
        ("Linear SVM", ("machine-learning", "open-source"), "linear-SVM"),
        ("Docker", ("机器学习", "python", "git"), "docker"),
        ("Docker", ("机器学习", "生活"), "Docker"),
        ("向量检索", ("machine-learning", "python"), "向量检索"),
        ("Docker", ("AI", "LLM", "python"), "docker"),
    ],
)
def test_a_new_term_is_spelt_as_most_terms_are_and_names_keep_their_capitals(
    term: str, vocabulary: tuple[str, ...], style: str
) -> None:
    assert styled(term, *vocabulary) == style


def test_where_all_terms_are_lower_case_abbreviations_are_too() -> None:
    assert styled("SVM", "Machine Learning", case="lower") == "svm"
    assert styled("GraphQL API", case="lower") == "graphql api"


def test_terms_with_spaces_between_them_have_none_inside() -> None:
    assert styled("Prompt Craft", "machine learning", form="words", case="lower") == "prompt-craft"


@pytest.mark.parametrize("new", ["allow", "queue", "forbid"])
def test_a_term_of_the_vocabulary_may_stand_in_the_field_whatever_becomes_of_new_ones(new: str) -> None:
    law = rule({"name": "ml", "aliases": ["机器学习"]}, new=new)
    assert refused("ml", law) is None
    assert refused("机器学习", law) is None


@pytest.mark.parametrize("new", ["allow", "queue", "forbid"])
@pytest.mark.parametrize("term", ["blog-post", "Blog Post", "随笔", "杂文"])
def test_a_rejected_term_may_not_in_any_spelling_even_if_posts_have_it(term: str, new: str) -> None:
    law = rule({"name": "随笔", "aliases": ["杂文"]}, new=new, rejected=["blog post", "随笔"])
    assert refused(term, law, {"Blog-Post": 7}) == "the rules reject it"


def test_a_new_term_may_where_the_rule_has_a_lane_for_it() -> None:
    assert [refused("向量检索", rule(new=new)) for new in ("allow", "queue")] == [None, None]
    assert refused("向量检索", rule(new="forbid")) == "the rules allow no new terms"


@pytest.mark.parametrize(
    ("term", "reason"),
    [
        ("2025", "it has no letters"),
        ("x" * 41, "it is longer than 40 characters or 5 words"),
        ("one two three four five six", "it is longer than 40 characters or 5 words"),
        ("日志、索引", "it is several terms in one"),
        ("的", "it says nothing by itself"),
        ("The", "it says nothing by itself"),
        ("深度学习", "it is not in English"),
    ],
)
def test_what_is_no_term_may_not_and_the_reason_is_told(term: str, reason: str) -> None:
    assert refused(term, rule(new="allow", language="en")) == reason


def test_what_the_model_wraps_around_a_term_is_taken_off() -> None:
    found = cleaned((Opinion("**LLM**", 1.0), Opinion(" #机器学习。", -1.0, written=True), Opinion("C++", 0.5)))
    assert found == (Opinion("LLM", 1.0), Opinion("机器学习", -1.0, written=True), Opinion("C++", 0.5))


def settled(law: TermsRule, *choices: Choice) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    chosen = settle(choices, vocabulary(law), law)
    return chosen.names, chosen.queued, chosen.invented


def vocabulary(law: TermsRule) -> Vocabulary:
    return build(law, {"machine-learning": 3, "open-source": 2})


KNOWN, NEW = Choice("machine-learning", 1.0, evidence=("used in 3 posts",)), Choice("Prompt Craft", 0.5, new=True)


def test_a_new_term_is_taken_in_the_style_of_the_others_and_the_change_is_told() -> None:
    assert settled(rule(), KNOWN, NEW) == (("machine-learning", "prompt-craft"), (), ("prompt-craft",))
    assert settle((NEW,), vocabulary(rule()), rule()).changes == ("'Prompt Craft' is written 'prompt-craft'.",)


def test_a_new_term_waits_for_a_person_where_the_rule_wants_that() -> None:
    law = rule(new="queue")
    assert settled(law, KNOWN, NEW) == (("machine-learning",), ("prompt-craft",), ())
    told = settle((KNOWN, NEW), vocabulary(law), law).changes
    assert told == ("'prompt-craft' is new and waits for a person to decide.",)


def test_the_spelling_of_a_known_term_is_never_touched() -> None:
    law = rule("AI Research", "life", "work", case="keep")
    assert settle((Choice("AI Research", 1.0),), build(law, {}), law).names == ("AI Research",)


def test_fewer_terms_than_the_rules_ask_for_are_told() -> None:
    law = rule(min=2)
    told = settle((KNOWN,), vocabulary(law), law).changes
    assert told == ("The rules ask for 2 terms or more; 1 could be used.",)


def test_each_terms_evidence_stands_behind_its_name() -> None:
    assert settle((KNOWN, NEW), vocabulary(rule()), rule()).evidence == ("machine-learning: used in 3 posts",)
