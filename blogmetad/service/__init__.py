"""blogmetad as a service of the user's own systemd.

unit      the text of the unit, for one installation and one configuration (pure)
manager   what systemd knows of it, and what it is told
"""
