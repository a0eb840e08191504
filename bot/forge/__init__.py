"""The forge: GitHub through PyGithub and git through its command line, behind small ports."""
