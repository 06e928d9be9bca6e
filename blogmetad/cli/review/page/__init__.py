"""``review``: a page on this machine on which posts that wait are read, edited, approved, revised and taken back.

A request passes the gate (server.py asks access.py who sends it); what it shows is looked up (look.py) and rendered
(render.py); what it changes in a file is worked out without touching it (inputs.py, edits.py) and exchanged in one
step; and what takes long is done by one thread, one errand after the other (errands.py), as the commands do it.
"""
