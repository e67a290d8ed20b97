"""Verbs that write to the bank. Measurement comes from scoring; everything else is what authors do.

`drafts` write, `review` reads, `publishing` lets out and takes in, `ratings` ask judges, `scenarios` hold case studies,
`labels` keep what belongs to a question whatever its wording. `questions.checks` only looks.
"""

from questions.services.measurement import Measured, record_exposures, record_measurements

__all__ = ["Measured", "record_exposures", "record_measurements"]
