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
NO_PREDICTION = "below three studies: no prediction interval"
NO_SCATTER = "the studies agree entirely: the interval has no width, choose another"
AGREE_BEYOND_CHANCE = (
    "the studies agree better than chance would let them: interval of the variance between them is zero"
)
NO_EVENTS_AT_ALL_STRATA = "no stratum has both events and others in both groups: the comparison is undefined"
ONE_SIDED = "no events in one group in any stratum: the ratio is bounded on neither side"
STRATA_WITHOUT_A_GROUP = "strata without persons in one group tell nothing and are left out"
ONE_STRATUM = "one stratum: there is nothing to compare it with"
NO_HOMOGENEITY = "too few strata with events in both groups to test whether they agree"
INTERVAL_INCLUDES_ONE = "the interval includes 1: no confounding is needed to explain it"
SUPPRESSED = "not shown, to protect the people counted"
FEW_DEATHS = "few deaths: this figure is unreliable"
ONE_AREA = "one area: there is nothing to compare it with"
NO_AREA_VARIANCE = "the areas differ no more than by chance: all get the common value"
AREA_WITHOUT_PEOPLE = "nobody observed here: the value expected of a new area"
FEW_STUDIES_PER_MODERATOR = "fewer than ten studies for each moderator"
FEW_STUDIES_FOR_BIAS = "fewer than ten studies: little power to see whether small studies differ"
SHORT_SERIES = "fewer than eight moments on one side: the interval is too narrow"
FEW_CLUSTERS = "fewer than 30 clusters: the interval may be too narrow"
NO_OVERLAP = "some people were almost sure to be treated, or not: they have nobody to be compared with"
NO_GROUP_INTERVALS = "no interval: the groups have none"
RESIDUAL_INTERVAL = "interval from the scatter of a few groups around the line"
DEGENERATE_LIMIT = "a value of zero: the ratio has no interval"
START_OF_FOLLOW_UP = "start of follow-up"
SURVIVAL_ONE = "no events yet: exact binomial limit for those still at risk"
SURVIVAL_ZERO = "survival is zero: upper limit of the step before"
TEST_WITHOUT_INTERVAL = "a test: it has no interval"
NO_DEATHS_IN_SOME_BANDS = "no deaths in some age bands: they add nothing to the width of the interval"
NO_DEATHS_IN_LAST_BAND = "no deaths in the open last band: life expectancy is undefined, join it with the band below"
RATE_TOO_HIGH = "a rate so high that everybody dies within the band: use shorter bands or a constant hazard"
RATES_WITHOUT_COUNTS = "no interval: rates without counts"
FEW_PERSON_YEARS = "not shown: too few person-years"
WIDE_INTERVAL = "not shown: interval too wide"
NO_INTERVAL_FOR_METHOD = "no interval: this method gives none here"
PROPORTIONS_KNOWN = "proportions in good health taken as known"
ALL_OR_NONE_HEALTHY = "everybody or nobody healthy in some age bands: they add nothing to the width of the interval"
NO_INEQUALITY = "no inequality: shares are undefined"
NO_DEATHS_OF_CAUSE = "no deaths of this cause"
ONE_SIDED_FRACTION = "the exposure protects: the fraction is negative"
FEW_DRAWS = "some bootstrap draws could not be used"
NO_DEGREES_OF_FREEDOM = "no interval: one cluster per stratum leaves no differences to estimate it from"
LONELY_CLUSTERS = "strata with a single cluster: their contribution to the variance is a choice"
NO_VARIATION = "everyone has the same value: the interval has no width"
NO_VALUE_IN_DENOMINATOR = "a denominator of zero: undefined"
EXACT_AT_THE_EDGE = "none or all: exact interval on the number of observations"
FEW_FREEDOM = "fewer than ten degrees of freedom: the variance is poorly known"
RELATIVE_TO_ZERO = "the mean is zero: nothing can be relative to it"
LINE_BELOW_ZERO = "the fitted line is not above zero at an end: the ratio is undefined"
INDEX_UNDEFINED = "the index is undefined at this mean: nothing, or everything, to share"
LOGARITHM_OF_ZERO = "a value of zero or below: it has no logarithm"
RATIO_OF_NEGATIVES = "a value below zero: the ratio is undefined"
NO_EVENTS_IN_A_GROUP_WALTER = "no cases in the reference group: no interval from counts"
NOTHING_VARIES = "nobody or everybody in all groups: no interval"
LIMIT_AT_ESTIMATE = "simulated interval moved to include the estimate"
NO_TIME_IN_A_STRATUM = "no person-years in a stratum of the standard: its rate is unknown"
NO_EXPECTED = "no expected events: the ratio is undefined"
NO_EVENTS_UPPER_ONLY = "no events: upper limit from one event in the stratum that weighs most"
NEAREST_RATE = "outside the rate table: rate of the nearest band"
ONE_OBSERVATION = "one observation: the mean has no interval"
FEW_UNITS = "fewer than ten units: over-dispersion is poorly known"
NOBODY_AT_RISK = "nobody at risk any more: the value of the interval before"
OUTSIDE_BREAKS = "part of the follow-up lies outside the breaks and is left out"
ZERO_FOLLOW_UP = "some persons have no follow-up time: their events count, their time is zero"
UNBOUNDED = "too little information: a limit of the interval is infinite"
ALWAYS_TREATED = "units treated from the first period on are left out: they have no period before"
NOT_DETECTABLE = "no rate ratio in this direction can be shown with this power: too few events"
TOO_FEW_BANDS = "fewer than three age bands: the modal age is unknown"
TOO_LITTLE_OVERLAP = "too little overlap of the lists for this model: it has no estimate"
NO_UPPER_LIMIT = "the likelihood hardly falls: the population has no upper limit by this model"
NOBODY_ON_BOTH_LISTS = "nobody on both lists: the population has no upper limit by this method"
NO_REST = "one list holds everybody of the other: nobody seems to be missed"
NOTHING_SCATTERS = "the studies lie on one line entirely: there is no scatter to make an interval from"
NO_VARIATION_AROUND_LINE = "everyone lies on the line: the interval has no width"
SAME_POSITION = "everyone has the same position: there is no ladder to be unequal on"
CLUSTERS_AGREE = "the clusters agree entirely: the interval has no width, choose another"


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
