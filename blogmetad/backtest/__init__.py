"""Published posts replayed as drafts: their metadata is hidden, proposed anew from the others, and compared."""
