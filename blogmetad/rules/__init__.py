"""The rules stage: one document says what a post's metadata is, plans the questions, checks the answers."""
