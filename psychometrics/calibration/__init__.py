"""An exam's calibration: from first sittings and ratings to questions on one scale whose zero just passes."""

from psychometrics.calibration.ratings import TAU, Line, line_of
from psychometrics.calibration.records import Calibration, Held, NoCommonAbility, Settings
from psychometrics.calibration.run import calibrate
from psychometrics.equating import NotLinked
from psychometrics.irt import BadSettings, CalibrationError, NothingToCalibrate

__all__ = [
    "TAU",
    "BadSettings",
    "Calibration",
    "CalibrationError",
    "Held",
    "Line",
    "NoCommonAbility",
    "NotLinked",
    "NothingToCalibrate",
    "Settings",
    "calibrate",
    "line_of",
]
