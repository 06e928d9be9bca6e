"""Which terms a post gets: signs weighed, the most promising taken, new ones in their lane."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blogmetad.rules.ranking import UNMOVED, Ranked, choose, most_promising, rank, shortlist, vector, weigh
from blogmetad.rules.schema import TermsRule, Weights
from blogmetad.rules.signs import Signs, signs
from blogmetad.rules.vocabulary import build
from blogmetad.values import Choice, Neighbour, Neighbours, Opinion

WEIGHTS = Weights()
TEXT = "讲的是 Go 与向量检索。"
NEAR = Neighbours(
    (Neighbour("a.md", "", "", {"tags": ("go", "机器学习")}, 1.0),),
    {"tags": {"go": 4, "ML": 3, "随笔": 2, "life": 1}},
    20,
)


def rule(**keys: object) -> TermsRule:
    entry = {"name": "ml", "aliases": ["机器学习"]}
    return TermsRule.model_validate({"type": "terms", "vocabulary": [entry], **keys})


def ranked(*opinions: Opinion, text: str = TEXT, title: str = "", law: TermsRule | None = None) -> list[Ranked]:
    vocabulary = build(law or rule(), NEAR.usage["tags"])
    found = signs("tags", vocabulary, text, NEAR)
    return list(rank(found, opinions, vocabulary, WEIGHTS, text=text, title=title))


def names(*opinions: Opinion, text: str = TEXT, title: str = "") -> list[str]:
    return [each.signs.name for each in ranked(*opinions, text=text, title=title)]


def wrote(name: str) -> Opinion:
    return Opinion(name, -1.0, written=True)


def odds(signs: Signs, model: float | None = None, written: bool = False, title: str = "") -> float:
    return weigh(vector(signs, model, written, title), dict(WEIGHTS))


PLAIN = Signs("词", mentions=1, carriers=2, posts=40)


@pytest.mark.parametrize(
    "more",
    [{"nearest": 0.5}, {"around": 0.5}, {"mentions": 3}, {"prominent": True}, {"carriers": 9}, {"recent": 0.4}],
)
def test_each_sign_makes_a_term_likelier(more: dict[str, float]) -> None:
    assert odds(replace(PLAIN, **more)) > odds(PLAIN)


def test_the_models_opinion_moves_the_odds_both_ways_and_no_opinion_moves_nothing() -> None:
    assert odds(PLAIN, UNMOVED + 2) > odds(PLAIN) > odds(PLAIN, UNMOVED - 2)
    assert odds(PLAIN, UNMOVED) == odds(PLAIN)
    assert odds(PLAIN, written=True) > odds(PLAIN)


def test_an_extreme_opinion_counts_no_more_than_a_strong_one() -> None:
    assert odds(PLAIN, 1e9) == odds(PLAIN, 50.0)
    assert odds(PLAIN, -1e9) == odds(PLAIN, -50.0)


def test_a_new_term_is_likelier_if_the_text_and_the_title_name_it() -> None:
    new = Signs("向量检索", known=False)
    assert odds(replace(new, mentions=5), title="向量检索入门") > odds(replace(new, mentions=5)) > odds(new)
    assert odds(new) < odds(Signs("随笔"))


def test_every_number_has_a_weight() -> None:
    known, new = vector(PLAIN, 1.0, True), vector(Signs("新", known=False))
    assert known.keys() | new.keys() == set(Weights.model_fields)
    assert not known.keys() & new.keys()


@given(st.floats(allow_nan=False))
def test_a_chance_is_a_probability_and_grows_with_the_odds(log_odds: float) -> None:
    chance = Ranked(PLAIN, log_odds).chance
    assert 0.0 < chance < 1.0
    assert chance <= Ranked(PLAIN, log_odds + 1.0).chance


def test_the_shortlist_has_the_likeliest_terms_and_breaks_ties_by_name() -> None:
    usage = {f"t{n:02}": 1 for n in range(99)}
    many = signs("tags", build(TermsRule(type="terms"), usage), "文中提到 t77。", Neighbours(usage={"tags": usage}))
    listed = [each.signs.name for each in shortlist(many, WEIGHTS, rejected={"t03"})]
    assert listed == ["t77", *(f"t{n:02}" for n in range(30) if n != 3)]


@given(
    usage=st.lists(st.integers(0, 5), min_size=40, max_size=60),
    texts=st.lists(st.sampled_from(["词7", "t12", "T3", "## t12"]), max_size=4),
    weight=st.sampled_from([-1.0, 0.0, 1.0]),
)
def test_the_shortlist_is_what_weighing_every_term_by_itself_comes_to(
    usage: list[int], texts: list[str], weight: float
) -> None:
    known = {f"{'词' if n % 2 else 't'}{n}": count for n, count in enumerate(usage)}
    post = Neighbour("a.md", "", "", {"tags": ("t4", "词5")}, 1.0)
    near = Neighbours((post,), {"tags": known}, 30, {"tags": {"t6": 1}}, 2)
    every = signs("tags", build(TermsRule(type="terms"), known), "\n\n".join(texts), near)
    weights = WEIGHTS.model_copy(update={"usage": weight})
    weighed = [Ranked(each, weigh(vector(each), dict(weights))) for each in every.values()]
    assert shortlist(every, weights) == tuple(sorted(weighed, key=lambda r: (-r.odds, r.signs.name))[:30])


def test_without_a_model_every_term_of_the_vocabulary_is_ranked() -> None:
    assert names() == ["go", "ml", "随笔", "life"]


def test_terms_the_model_was_not_asked_about_stay_out_unless_it_wrote_them() -> None:
    assert names(Opinion("go", 1.0), Opinion("life", 1.0)) == ["go", "life"]
    assert set(names(Opinion("go", 1.0), wrote("机器学习"))) == {"go", "ml"}


def test_what_the_model_thinks_of_each_candidate_can_turn_the_order() -> None:
    assert names(Opinion("随笔", 9.0), Opinion("life", -9.0)) == ["随笔", "life"]
    assert names(Opinion("随笔", -9.0), Opinion("life", 9.0)) == ["life", "随笔"]


def test_a_term_the_model_wrote_is_known_under_any_of_its_spellings() -> None:
    (plain,) = (each for each in ranked() if each.signs.name == "ml")
    (written,) = (each for each in ranked(wrote("机器学习"), wrote("ML")) if each.signs.name == "ml")
    assert written.signs == plain.signs
    assert written.odds == pytest.approx(plain.odds + WEIGHTS.written)


def test_new_terms_are_ranked_by_what_text_and_title_say_of_them() -> None:
    found = ranked(wrote("Rust"), wrote("向量检索"), title="向量检索入门")
    new = [each for each in found if not each.signs.known]
    assert [each.signs.name for each in new] == ["向量检索", "Rust"]
    assert new[0].signs.why == ("in the model's words",)


def test_a_name_in_the_text_that_the_model_weighed_is_a_new_term() -> None:
    found = ranked(Opinion("Kubernetes", 1.0), text="Kubernetes 与 Kubernetes")
    (new,) = (each for each in found if not each.signs.known)
    assert new.signs.why == ("a name in the text", "stands in the text 2 times")


@pytest.mark.parametrize("spelling", ["kubernetes", "Kuber-netes", "KUBERNETES"])
def test_two_spellings_of_a_new_term_are_one_spelt_as_the_text_has_it(spelling: str) -> None:
    found = names(wrote(spelling), Opinion("Kubernetes", 1.0), wrote("k8s"))
    assert sorted(found) == ["Kubernetes", "k8s"]


def test_terms_nothing_tells_apart_come_in_the_order_of_their_names() -> None:
    assert names(wrote("zebra"), wrote("apple"), wrote("茶"), text="")[-3:] == ["apple", "zebra", "茶"]


def list_of(*chances: float, new: frozenset[int] = frozenset()) -> list[Ranked]:
    return [Ranked(Signs(f"t{i}", known=i not in new), math.log(p / (1 - p))) for i, p in enumerate(chances)]


CHANCES = st.lists(st.floats(0.001, 0.999), max_size=12).map(lambda found: sorted(found, reverse=True))


@given(CHANCES, st.integers(0, 5), st.integers(0, 5), st.floats(0.5, 10.0))
def test_as_many_terms_are_taken_as_promise_the_best_f1(
    chances: list[float], low: int, more: int, wanted: float
) -> None:
    high = max(low + more, 1)
    taken = most_promising(list_of(*chances), rule(min=low, max=high), wanted)

    def promise(k: int) -> float:
        return 2 * sum(chances[:k]) / (k + wanted)

    assert [each.signs.name for each in taken] == [f"t{i}" for i in range(len(taken))]
    assert min(low, len(chances)) <= len(taken) <= high
    best = max(promise(k) for k in range(min(low, len(chances)), min(high, len(chances)) + 1))
    assert promise(len(taken)) == pytest.approx(best)


def test_more_terms_are_taken_where_posts_have_more() -> None:
    unsure = list_of(0.9, 0.5, 0.35, 0.3, 0.25, 0.2)
    few, many = (most_promising(unsure, rule(min=1, max=6), wanted) for wanted in (1.0, 8.0))
    assert len(few) < len(many)


def test_where_no_minimum_is_set_a_term_that_promises_something_is_taken() -> None:
    assert len(most_promising(list_of(0.01), rule(min=0), 2.0)) == 1
    assert most_promising([], rule(min=2), 2.0) == []


def chosen(found: list[Ranked], new: str, **keys: object) -> tuple[Choice, ...]:
    return choose(found, rule(new=new, **keys), 2.0)


def test_queued_terms_take_no_place_from_known_ones() -> None:
    found = list_of(0.9, 0.8, 0.7, 0.6, new=frozenset({0, 2}))
    alone = chosen([each for each in found if each.signs.known], "queue", max=2)
    queued = chosen(found, "queue", max=2)
    assert [choice.name for choice in queued if not choice.new] == [choice.name for choice in alone] == ["t1", "t3"]
    assert [choice.name for choice in queued if choice.new] == ["t0"]


def test_allowed_terms_compete_with_known_ones() -> None:
    found = list_of(0.9, 0.8, 0.7, 0.6, new=frozenset({0, 2}))
    assert [(choice.name, choice.new) for choice in chosen(found, "allow", max=2)] == [("t0", True), ("t1", False)]


def test_a_new_term_that_is_not_worth_it_is_not_queued_either() -> None:
    found = list_of(0.9, 0.8, 0.01, new=frozenset({2}))
    assert [choice.name for choice in chosen(found, "queue", max=5)] == ["t0", "t1"]


def test_a_choice_says_how_sure_it_is_and_why() -> None:
    (choice,) = choose([Ranked(Signs("词", why=("used in 3 posts",)), 1.5)], rule(), 2.0)
    assert choice == Choice("词", 1.5, False, ("used in 3 posts",))


def test_what_similar_and_recent_posts_carry_counts_for_less_where_there_are_few_posts() -> None:
    few, many = (Signs("书评", nearest=0.9, around=0.5, recent=0.4, carriers=1, posts=posts) for posts in (6, 600))
    for name in ("nearest", "around", "recent"):
        assert 0 < vector(few)[name] < 0.5 * vector(many)[name]
