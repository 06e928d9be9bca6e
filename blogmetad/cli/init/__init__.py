"""``init``: from a Jekyll site to a blogmetad that works, in one command.

command     the command itself: begin here
questions   what is asked, if somebody is there to answer
plan        what is going to be written, and the writing of it
finish      the model and the service, if wanted, and what is left to do
"""

from __future__ import annotations

from blogmetad.cli.init.command import add_to, init

__all__ = ["add_to", "init"]
