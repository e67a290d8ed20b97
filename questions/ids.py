"""Public ids of questions and case studies: what they look like, and the few that no question may have."""

from __future__ import annotations

import re

PUBLIC_ID = re.compile(r"[a-z0-9][a-z0-9.\-]{2,60}")
SHAPE = "An id has 3 to 61 small letters, digits, dots and hyphens."

# Fixed addresses below /bank/questions/: a question of that name would have no page.
RESERVED = frozenset({"new", "tag", "submit", "retire", "filters"})
