"""Learning: the posts of a blog in, a rules document out, with the counts that speak for each of its lines. Pure.

The reading order: ``learn`` puts together what ``fields`` found of each field; ``render`` writes it down.
"""

from blogmetad.rules.learn.findings import Deviation, Learned, LearnedField, LearnedTerm
from blogmetad.rules.learn.guidance import Guidance, read_guidance
from blogmetad.rules.learn.learn import learn
from blogmetad.rules.learn.render import render

__all__ = ["Deviation", "Guidance", "Learned", "LearnedField", "LearnedTerm", "learn", "read_guidance", "render"]
