"""Weights learned by replaying a blog's own posts."""

from __future__ import annotations

from blogmetad.backtest.weights import FEWEST, with_weights
from blogmetad.rules.learn import Learned, learn
from blogmetad.rules.schema import TermsRule, Weights
from blogmetad.values import PublishedPost
from tests.unit.learning import day, post

SUBJECTS = {
    "databases": ("数据库的事务要写日志。", "SQLite 的索引是一棵树。", "日志搬回数据库文件。", "数据库死锁了。"),
    "cooking": ("先把洋葱切碎炒香。", "锅里放盐和胡椒再炒香。", "面条煮好放进锅里。", "洋葱和面条一起炒香。"),
    "running": ("清晨跑步十公里。", "跑步配速五分半。", "跑步之后拉伸半小时。", "今天跑步的心率是一百五。"),
}


def posts(count: int) -> list[PublishedPost]:
    """Posts of three subjects in turn, each with its tag and one that all of them have."""
    names = list(SUBJECTS)
    return [
        post(
            f"{day(n)}-post-{n}.md",
            f"title: 第 {n} 篇\ntags: [{names[n % 3]}, notes]\n",
            "".join(SUBJECTS[names[n % 3]][(n // 3 + k) % 4] for k in range(2)) + f"记录 {n * 7919}，{n * 104729}。\n",
        )
        for n in range(count)
    ]


def learned(count: int, own: bool = False, chance: bool = False) -> Learned:
    """Rules with weights; posts with a term of their ``own`` each, or with tags given by ``chance``."""
    found = posts(count)
    if own:
        found = [retagged(each, f"词{n:02}项", f"词{n:02}项。") for n, each in enumerate(found)]
    if chance:
        found = [retagged(each, "abcdefgh"[(n * n * 7 + n // 3) % 8]) for n, each in enumerate(found)]
    return with_weights(learn(found, name="三件事", timezone_known=True), found)


def retagged(one: PublishedPost, tag: str, more: str = "") -> PublishedPost:
    return post(one.path, f"title: 一篇\ntags: [{tag}]\n", one.text + more)


def tags(rules: Learned) -> TermsRule:
    rule = next(field.rule for field in rules.fields if field.name == "tags")
    assert isinstance(rule, TermsRule)
    return rule


def test_weights_are_learned_from_enough_posts_and_say_what_they_are_worth() -> None:
    rules = learned(30)
    assert tags(rules).weights != Weights()
    evidence = next(field.evidence["weights"] for field in rules.fields if field.name == "tags")
    assert evidence.startswith("learned from 30 posts: F1 1.00 without a model")


def test_a_young_blog_keeps_the_usual_weights() -> None:
    assert tags(learned(FEWEST - 1)).weights == Weights()


def test_the_same_posts_give_the_same_weights() -> None:
    assert tags(learned(20)).weights == tags(learned(20)).weights


def test_a_blog_whose_posts_bring_no_new_terms_makes_them_rarer() -> None:
    assert tags(learned(30)).weights.new < Weights().new


def test_a_blog_whose_posts_each_bring_a_term_of_their_own_makes_new_ones_likelier() -> None:
    assert tags(learned(30, own=True)).weights.new > Weights().new


def test_weights_that_find_no_more_than_the_usual_ones_are_not_kept() -> None:
    rules = learned(40, chance=True)
    assert tags(rules).weights == Weights()
    assert "weights" not in next(field.evidence for field in rules.fields if field.name == "tags")
