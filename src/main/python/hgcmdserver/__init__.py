"""Mercurial's side of hg-cmdserver: a warm template that forks workers on demand.

The daemon runs main.py, and daemonline.py documents the messages between daemon, templates and workers.
"""
