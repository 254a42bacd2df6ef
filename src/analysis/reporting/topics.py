"""The topics of the compendium: which notebooks there are, and the question each of them asks."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from analysis.errors import ReportError, did_you_mean
from analysis.presentation.labels import LANGUAGES, messages
from analysis.reporting.cells import read_notebook, source_of, tagged
from analysis.reporting.parameters import Parameter, read_parameters

STUDIES = ("determinants", "homelessness", "interventions")


@dataclass(frozen=True)
class Topic:
    """One question with its notebook.

    Attributes
    ----------
    study, name
        Folder and file name of the notebook.
    notebook
        Where it is stored.
    """

    study: str
    name: str
    notebook: Path

    @property
    def id(self) -> str:
        """Name on the command line: ``study/topic``."""
        return f"{self.study}/{self.name}"

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """What the notebook declares, `language` included."""
        return read_parameters(self.notebook)

    @cached_property
    def headings(self) -> dict[str, dict[str, str]]:
        """For each language the `title` (the question) and the `lead` (population and period)."""
        notebook = read_notebook(self.notebook)
        return {language: _heading(tagged(notebook, language), self.name) for language in LANGUAGES}


def study_title(study: str, language: str) -> str:
    """Name of a study for readers.

    Parameters
    ----------
    study
        Name of its folder.
    language
        ``nl`` or ``en``.

    Returns
    -------
    str
        Of an unlisted study, the name of the folder.
    """
    known = messages(language)["study"]
    return str(known.get(study) or study.replace("_", " ").capitalize())


def study_order(study: str) -> tuple[int, str]:
    """Sort key that puts the studies in their fixed order, and unlisted ones behind them by name.

    Parameters
    ----------
    study
        Name of its folder.

    Returns
    -------
    tuple
        Place and name.
    """
    return (STUDIES.index(study) if study in STUDIES else len(STUDIES), study)


def topic_order(name: str) -> tuple[bool, str]:
    """Sort key that puts the overview of a study before its topics, and these by name.

    Parameters
    ----------
    name
        Name of the topic.

    Returns
    -------
    tuple
        Whether it is another topic than the overview, and its name.
    """
    return (name != "overview", name)


def all_topics(root: Path) -> tuple[Topic, ...]:
    """Find the notebooks of a project.

    Parameters
    ----------
    root
        Folder that holds `notebooks`.

    Returns
    -------
    tuple of Topic
        By study, then by name.
    """
    found = (path for path in (root / "notebooks").glob("*/*.ipynb") if not path.name.startswith("."))
    topics = (Topic(path.parent.name, path.stem, path) for path in found)
    return tuple(sorted(topics, key=lambda topic: (study_order(topic.study), topic_order(topic.name))))


def select_topics(topics: Sequence[Topic], targets: Sequence[str]) -> tuple[Topic, ...]:
    """Choose topics by ``study`` or ``study/topic``.

    Parameters
    ----------
    topics
        All there are.
    targets
        What was asked for; nothing selects all.

    Returns
    -------
    tuple of Topic
        Each once, in the order of `topics`.

    Raises
    ------
    ReportError
        When a target is neither a study nor a topic.
    """
    names = {topic.id for topic in topics} | {topic.study for topic in topics}
    wanted = [target.strip("/").removesuffix(".ipynb").removeprefix("notebooks/") for target in targets]
    for target in wanted:
        if target not in names:
            raise ReportError(f"There is no study or topic {target!r}. {_nearest(target, topics)}")
    return tuple(topic for topic in topics if not wanted or topic.id in wanted or topic.study in wanted)


def _nearest(target: str, topics: Sequence[Topic]) -> str:
    """Advice that finds a topic by its own name too: `cohort_mortality` means homelessness/cohort_mortality."""
    by_name = [topic.id for topic in topics if topic.name == target]
    if by_name:
        return f"Did you mean '{by_name[0]}'?"
    if not topics:
        return "There are no notebooks yet: start one with `analysis new STUDY/TOPIC`."
    return did_you_mean(target, [topic.id for topic in topics])


def _heading(cells: Sequence[dict[str, object]], name: str) -> dict[str, str]:
    fallback = {"title": name.replace("_", " ").capitalize(), "lead": ""}
    if not cells:
        return fallback
    lines = [line.strip() for line in source_of(cells[0]).splitlines()]
    titles = [place for place, line in enumerate(lines) if line.startswith("# ")]
    if not titles:
        return fallback
    below = [line for line in lines[titles[0] + 1 :] if line]
    return {"title": lines[titles[0]].removeprefix("# ").strip(), "lead": " ".join(below).strip("*_")}
