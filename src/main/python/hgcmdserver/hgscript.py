"""The hg script: what execve(2) would start for it."""

import os


def interpreter(path):
    """the interpreter and its argument from the script's "#!" line (execve(2)), as TemplateProgram reads it, or
    None if that is not a Python"""
    with open(path, 'rb') as script:
        first = script.readline()
    if not first.startswith(b'#!') or b'python' not in first:
        return None
    return os.fsdecode(first[2:].strip()).split(None, 1)
