"""Packs: exams and questions as a folder of YAML files.

`schema` says what a pack may hold, `reader` reads one from disk with errors that name file, line and field,
`loader` writes it to the bank.
"""
