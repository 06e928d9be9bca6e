"""Proposals from a server elsewhere: anything that speaks OpenAI's chat completions."""
