"""Remarks that can stand beside an estimate: a fixed list, so that every report language can translate them."""

NO_EVENTS = "no events"
NO_PERSON_YEARS = "no person-years"
NO_OBSERVATIONS = "no observations"
NO_EVENTS_IN_A_GROUP = "no events in one group: interval by a method that allows zero"
NO_EVENTS_AT_ALL = "no events in either group: the comparison is undefined"
EMPTY_CELL = "an empty cell: interval with 0.5 added to each cell"
ALL_EVENTS = "everyone in both groups had the event: interval by a method that allows this"
ALL_EVENTS_UNDEFINED = "everyone in both groups had the event: the comparison is undefined"
ZERO_VARIANCE = "an empty cell: this interval is too narrow, choose another method"
DIFFERENCE_INCLUDES_ZERO = "the risk difference may be zero: the number runs through infinity"
MISSING_OUTCOMES = "bounds for missing outcomes, widened by the sampling interval"
ONE_STUDY = "one study: shown as it is"
FEW_STUDIES = "fewer than five studies: the variance between studies is poorly known"
NO_GROUP_INTERVALS = "no interval: the groups have none"
RESIDUAL_INTERVAL = "interval from the scatter of a few groups around the line"
DEGENERATE_LIMIT = "a value of zero: the ratio has no interval"
START_OF_FOLLOW_UP = "start of follow-up"
SURVIVAL_ONE = "no events yet: exact binomial limit for those still at risk"
SURVIVAL_ZERO = "survival is zero: upper limit of the step before"
TEST_WITHOUT_INTERVAL = "a test: it has no interval"


def combine_notes(*notes: str) -> str:
    """Several remarks as one text, without the empty ones and without repeats.

    Parameters
    ----------
    *notes
        Remarks, some perhaps empty.

    Returns
    -------
    str
        The remarks, separated by semicolons.

    Examples
    --------
    >>> combine_notes("no events", "", "one study: shown as it is")
    'no events; one study: shown as it is'
    """
    return "; ".join(dict.fromkeys(note for note in notes if note))
