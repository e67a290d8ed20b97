"""The yearly technical report: what it says (one file for each group of sections), and how that becomes a PDF.

Sections are plain values of `content`, read from rows in a constant number of statements; only `typeset` knows
ReportLab and only `charts` draws.
"""
