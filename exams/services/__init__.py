"""Verbs that write: assemble and freeze forms; begin, save, end and close sittings."""
