"""Which other reports a notebook builds on: read from its code, so that they are built before it."""

import ast
from collections.abc import Sequence
from pathlib import Path

from analysis.errors import ReportError
from analysis.reporting.cells import read_notebook, source_of
from analysis.reporting.topics import Topic


def builds_on(topic: Topic) -> tuple[Topic, ...]:
    """Topics whose finished reports a notebook opens with ``run.report("study/topic")``.

    Parameters
    ----------
    topic
        The notebook.

    Returns
    -------
    tuple of Topic
        Each once, in the order of the notebook.

    Raises
    ------
    ReportError
        When the name is not written out in the notebook, or no such topic exists.
    """
    folder = topic.notebook.parent.parent
    return tuple(_topic(folder, name, topic) for name in dict.fromkeys(_names(topic)))


def in_building_order(topics: Sequence[Topic]) -> tuple[tuple[Topic, ...], ...]:
    """Put topics, and all they build on, into rounds: each topic comes after those it builds on.

    Parameters
    ----------
    topics
        What is to be built.

    Returns
    -------
    tuple of tuple of Topic
        Rounds in their order; the topics of one round do not need each other.

    Raises
    ------
    ReportError
        When topics build on each other in a circle.
    """
    depths: dict[Topic, int] = {}
    for topic in topics:
        _depth(topic, depths, ())
    return tuple(
        tuple(topic for topic, depth in depths.items() if depth == number)
        for number in range(max(depths.values(), default=-1) + 1)
    )


def _depth(topic: Topic, depths: dict[Topic, int], above: tuple[str, ...]) -> int:
    if topic.id in above:
        circle = " -> ".join([*above[above.index(topic.id) :], topic.id])
        raise ReportError(f"These reports build on each other: {circle}. Leave one run.report(...) out.")
    if topic not in depths:
        below = [_depth(needed, depths, (*above, topic.id)) for needed in builds_on(topic)]
        depths[topic] = max(below, default=-1) + 1
    return depths[topic]


def _names(topic: Topic) -> list[str]:
    cells = (source_of(cell) for cell in read_notebook(topic.notebook)["cells"] if cell["cell_type"] == "code")
    return [_name(call, topic) for source in cells if "run.report(" in source for call in _calls(source)]


def _calls(source: str) -> list[ast.Call]:
    """Calls of ``run.report`` in a cell; a cell that is no Python (a magic line) has none, and its run says why."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return []
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [call for call in calls if ast.unparse(call.func) == "run.report"]


def _name(call: ast.Call, topic: Topic) -> str:
    given = [argument.value for argument in call.args if isinstance(argument, ast.Constant)]
    if len(given) != 1 or not isinstance(given[0], str):
        raise ReportError(
            f"{topic.id}: `{ast.unparse(call)}` does not name its report. Write it out: "
            'run.report("study/topic"), so that it is built first.'
        )
    return given[0]


def _topic(folder: Path, name: str, asking: Topic) -> Topic:
    study, _, short = name.partition("/")
    notebook = folder / study / f"{short}.ipynb"
    if not short or not notebook.is_file():
        raise ReportError(f"{asking.id} builds on {name!r}, which has no notebook. Check its name in run.report(...).")
    return Topic(study, short, notebook)
