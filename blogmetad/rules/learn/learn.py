"""From posts to the rules they keep to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from blogmetad.rules.learn import style
from blogmetad.rules.learn.fields import learn_field, names_in_order, rare_names
from blogmetad.rules.learn.findings import Learned
from blogmetad.rules.learn.glosses import glosses
from blogmetad.rules.learn.guidance import Guidance
from blogmetad.rules.learn.guided import guided_field, order
from blogmetad.rules.learn.merging import Pair
from blogmetad.rules.learn.pairs import COMMON
from blogmetad.rules.learn.sample import FEW, Sample, inner_range, line_of, sample
from blogmetad.rules.learn.slugs import Named, learn_names
from blogmetad.rules.learn.termlists import is_term_field, read_lists
from blogmetad.rules.learn.yaml_text import plain
from blogmetad.rules.schema import Example, FieldRule, MinBody
from blogmetad.values import PublishedPost


def learn(
    posts: Sequence[PublishedPost], *, name: str, timezone_known: bool, guidance: Guidance | None = None
) -> Learned:
    """The rules that ``posts`` keep to, with the evidence. What ``guidance`` says goes before what they suggest.

    ``name`` is the document's; ``timezone_known`` tells that the site's configuration names a time zone, so that the
    rules need not say an offset.
    """
    samples = [sample(post) for post in sorted(posts, key=lambda post: (post.date, post.path))]
    advice = guidance or Guidance("")
    names = order(names_in_order(samples), advice, len(samples))
    pairs = _pairs(samples, names)
    fields = tuple(
        guided_field(demand, advice, samples, pairs, timezone_known)
        if (demand := advice.demand(each)) is not None
        else learn_field(each, samples, pairs, timezone_known)
        for each in names
    )
    named = _advised(learn_names(samples), advice)
    rules = {each.name: each.rule for each in fields}
    min_body, words = _min_body(samples)
    return Learned(
        name=plain(name)[:60] or "learned",
        posts=len(samples),
        fields=fields,
        filename=named.filename,
        slug=named.slug,
        min_body=min_body,
        examples=_examples(samples, rules, advice),
        remarks=(*_from_guidance(guidance), *_remarks(samples, names)),
        evidence={"filename": named.filename_evidence, "slug": named.slug_evidence, "min_body": words},
        deviations=(*(d for each in fields for d in each.deviations), *named.deviations),
        prose="\n\n".join(part for part in (style.prose(rules, samples), advice.prose) if part),
    )


def _advised(named: Named, guidance: Guidance) -> Named:
    """Names as the guidance wants them, where it says anything."""
    if guidance.suffix:
        cited = f"{guidance.name}; in the posts {named.filename_evidence}"
        named = replace(named, filename=f"{{date}}-{{slug}}{guidance.suffix}", filename_evidence=cited)
    if guidance.lower_slug:
        cited = f"{guidance.name}: lower case; in the posts {named.slug_evidence}"
        named = replace(named, slug=named.slug.model_copy(update={"case": "lower"}), slug_evidence=cited)
    return named


def _examples(samples: Sequence[Sample], rules: Mapping[str, FieldRule], guidance: Guidance) -> tuple[Example, ...]:
    """The guidance's own example first, then posts."""
    title = line_of(guidance.example.get("title"))
    about = line_of(guidance.example.get(style.described_by(rules) or ""))
    own = (Example(title=title, description=about or ""),) if title else ()
    return (*own, *style.examples(samples, rules))[: style.EXAMPLES]


def _from_guidance(guidance: Guidance | None) -> tuple[str, ...]:
    """What was taken from the guidance, and which of its parts were not."""
    if guidance is None:
        return ()
    said = "no field is named in it" if not guidance.demands else f"{len(guidance.demands)} fields were read from it"
    remarks = [f"Guidance: {plain(guidance.name)}; {said}. It goes before what the posts suggest."]
    if guidance.passed_over:
        shown = ", ".join(f"'{plain(title)[:60]}'" for title in guidance.passed_over[:10])
        remarks.append(f"Nothing was taken from these parts of it: {shown}.")
    if not guidance.prose:
        remarks.append(
            "Its text is not repeated below: small models copy long prose. Add a sentence of it if you like."
        )
    return tuple(remarks)


def _pairs(samples: Sequence[Sample], names: Sequence[str]) -> tuple[Pair, ...]:
    """Words of two languages for the terms of the posts, the blog's own first; none where no body is Chinese."""
    texts = [s.post.text for s in samples if s.body.language == "zh"]
    if not texts:
        return ()
    lists = [each for name in names if is_term_field(name, samples) for each in read_lists(name, samples)]
    return (*glosses(texts, {term for each in lists for term in each.terms}), *COMMON)


def _min_body(samples: Sequence[Sample]) -> tuple[MinBody, str]:
    default = MinBody()
    if len(samples) < FEW:
        return default, "the default"
    least, _ = inner_range([s.body.words for s in samples])
    return MinBody(words=min(default.words, least)), f"nearly all posts have {least} words or more"


def _remarks(samples: Sequence[Sample], names: Sequence[str]) -> tuple[str, ...]:
    rare = rare_names(samples, names)
    if not rare:
        return ()
    shown = ", ".join(f"{plain(name)[:40]} ({count})" for name, count in rare[:20])
    return (f"Fields of few posts have no rule and stay as they are: {shown}.",)
