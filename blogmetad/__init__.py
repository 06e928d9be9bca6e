"""blogmetad: Markdown drafts in, finished posts out.

The story of a draft, in reading order:

    intake    watch, scan, settle, read     bytes in the drafts folder become a Draft
    site      index                         what is published: the terms in use, the bodies that exist
    model     digest, propose               a local model suggests what the rules ask for, field by field
    rules     plan, check                   the rules say what to ask, and what passes as Metadata
    publish   compose, place                the exact bytes of the Post, durably in the posts folder
    journal   record                        the ledger and a Markdown entry tell what happened and why

``pipeline`` tells it in code, ``runner`` repeats it for every draft, ``daemon`` wires it up.
"""
