"""Tell others what became of a draft: commit the post, call programs, notify. Nothing in here can harm a post."""
