"""What a small stack is prepared with: one exam, two forms."""

from __future__ import annotations

from pathlib import Path

PACKS = Path(__file__).resolve().parent.parent.parent / "questions" / "packs"


def prepare(exam: str) -> tuple[tuple[str, ...], ...]:
    """The management commands that make it."""
    return (
        ("migrate", "--noinput"),
        ("load_pack", str(PACKS / exam.lower())),
        ("assemble", exam, "--forms", "2", "--seed", "1"),
    )
