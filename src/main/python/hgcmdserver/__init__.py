"""Mercurial's side of hg-cmdserver: a warm template that forks workers on demand.

The daemon runs main.py; see there for what is said between daemon, template and workers.
"""
