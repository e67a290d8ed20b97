"""Which environment variables the settings read."""

from __future__ import annotations

import ast

from tests.environment import ROOT


def variables_read() -> set[str]:
    """The names in every `env.something("NAME")` of the settings file."""
    calls = [
        node
        for node in ast.walk(ast.parse((ROOT / "config" / "settings.py").read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("env.")
    ]
    return {str(ast.literal_eval(call.args[0])) for call in calls}
