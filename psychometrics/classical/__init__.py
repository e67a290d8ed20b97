"""Classical test theory for right/wrong items: item statistics, reliability and distractors.

Papers may hold different items for different persons; each module says what its statistics then are.
"""

from psychometrics.classical.distractors import DistractorTable, Option, distractor_table, score_groups
from psychometrics.classical.errors import BadChoices, NeverTogether, NotComputable
from psychometrics.classical.items import ItemStatistics, biserial, facility, item_statistics, point_biserial
from psychometrics.classical.moodle import MoodleStatistics, moodle_statistics
from psychometrics.classical.reliability import alpha_if_deleted, cronbach_alpha, kr20, sem

__all__ = [
    "BadChoices",
    "DistractorTable",
    "ItemStatistics",
    "MoodleStatistics",
    "NeverTogether",
    "NotComputable",
    "Option",
    "alpha_if_deleted",
    "biserial",
    "cronbach_alpha",
    "distractor_table",
    "facility",
    "item_statistics",
    "kr20",
    "moodle_statistics",
    "point_biserial",
    "score_groups",
    "sem",
]
