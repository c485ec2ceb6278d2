"""Mercurial's side of hg-cmdserver: a warm template that forks workers on demand.

The daemon runs main.py, whose docstring documents the protocol between daemon, template and workers.
"""
