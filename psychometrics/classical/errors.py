"""What can be wrong with data for the classical statistics, beyond what psychometrics.responses refuses."""


class NotComputable(ValueError):
    """The data hold too little to compute anything asked for; the message is one sentence."""


class NeverTogether(NotComputable):
    """Some pair of items has a covariance that the data say nothing about; the message names the pair."""


class BadChoices(ValueError):
    """The chosen options, their keys or the scores cannot be what they claim to be; the message is one sentence."""
