"""What is to be built: from `reports.yaml` and the command line to a checked list of reports."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from analysis.errors import AnalysisError, ReportError, did_you_mean
from analysis.presentation.labels import LANGUAGES
from analysis.reporting.dependencies import in_building_order
from analysis.reporting.parameters import Value, as_text, differing, validate
from analysis.reporting.topics import Topic, all_topics, select_topics

FORMATS = ("html", "pdf", "docx")
PLAN_FILE = "reports/reports.yaml"
LONGEST_VARIANT = 80


@dataclass(frozen=True)
class ReportSpec:
    """One report to build: a topic in one language with one set of parameters.

    Attributes
    ----------
    topic
        The notebook.
    language
        ``nl`` or ``en``.
    parameters
        Validated values, without `language`.
    formats
        Any of ``html``, ``pdf``, ``docx``, in this order.
    variant
        Name behind ``--`` in the folder; empty for the report as stored.
    """

    topic: Topic
    language: str
    parameters: Mapping[str, Value]
    formats: tuple[str, ...] = FORMATS
    variant: str = ""

    @property
    def folder(self) -> str:
        """Where the report comes to stand, below `reports`."""
        variant = f"--{self.variant}" if self.variant else ""
        return f"{self.topic.id}{variant}/{self.language}"

    @property
    def name(self) -> str:
        """Name in messages, for example ``homelessness/cohort_mortality (nl)``."""
        return f"{self.folder.rpartition('/')[0]} ({self.language})"


@dataclass(frozen=True)
class _Entry:
    """One row of `reports.yaml`, or one topic asked for on the command line."""

    topic: Topic
    given: Mapping[str, Any] = field(default_factory=dict)
    variant: str = ""


def make_plan(
    root: Path,
    targets: Sequence[str] = (),
    *,
    settings: Sequence[str] = (),
    languages: Sequence[str] = (),
    formats: Sequence[str] = (),
) -> tuple[ReportSpec, ...]:
    """Turn what was asked for into reports, everything checked.

    Parameters
    ----------
    root
        Folder that holds `notebooks` and `reports`.
    targets
        Studies and topics; none means what `reports.yaml` lists.
    settings
        Texts ``name=value``; they make a variant of each chosen topic.
    languages, formats
        What to make; none means what `reports.yaml` says.

    Returns
    -------
    tuple of ReportSpec
        One for each topic, variant and language, and for each report that one of them builds on.

    Raises
    ------
    ReportError
        When a topic, parameter, value, language or format does not exist.
    """
    topics = all_topics(root)
    stored = _read_plan_file(root / PLAN_FILE)
    chosen = _in_order(LANGUAGES, languages or stored.get("languages", LANGUAGES), "language")
    kinds = _in_order(FORMATS, formats or stored.get("formats", FORMATS), "format")
    selected = select_topics(topics, targets)
    entries = _stored_entries(stored.get("reports", []), topics, forgiving=bool(targets))
    if settings:
        given = _split_settings(settings)
        entries = [_Entry(topic, given) for topic in (selected if targets else _topics_of(entries, selected))]
    elif targets:
        listed = _topics_of(entries, ())
        unlisted = [_Entry(topic) for topic in selected if topic not in listed]
        entries = [entry for entry in entries if entry.topic in selected] + unlisted
    elif not entries:
        entries = [_Entry(topic) for topic in selected]
    specs = [_spec(entry, language, kinds) for entry in entries for language in chosen]
    return _without_clash([*specs, *_needed(specs, _in_order(FORMATS, stored.get("formats", FORMATS), "format"))])


def _needed(specs: Sequence[ReportSpec], formats: tuple[str, ...]) -> list[ReportSpec]:
    """Reports that others build on and nobody asked for: as stored, in the formats that are built by default."""
    there = {spec.folder for spec in specs}
    needed = [
        _spec(_Entry(topic), spec.language, formats)
        for spec in specs
        for topics in in_building_order([spec.topic])[:-1]
        for topic in topics
    ]
    return [spec for spec in needed if spec.folder not in there]


def _topics_of(entries: Sequence[_Entry], otherwise: Sequence[Topic]) -> list[Topic]:
    return list(dict.fromkeys(entry.topic for entry in entries)) or list(otherwise)


def _in_order(known: Sequence[str], asked: Sequence[str], what: str) -> tuple[str, ...]:
    names = [name.strip().lower() for text in asked for name in str(text).split(",") if name.strip()]
    for name in names:
        if name not in known:
            raise ReportError(f"There is no {what} {name!r}. {did_you_mean(name, known)}")
    return tuple(name for name in known if name in names)


def _split_settings(settings: Sequence[str]) -> dict[str, str]:
    given: dict[str, str] = {}
    for text in settings:
        name, sign, value = text.partition("=")
        if not sign or not name.strip():
            raise ReportError(f"--set {text} is not of the form name=value. For example: --set level=0.9.")
        if name.strip() in given:
            raise ReportError(f"--set {name.strip()} is given twice. Give each parameter once.")
        given[name.strip()] = value
    return given


def _read_plan_file(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        stored = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except yaml.YAMLError as error:
        place = getattr(error, "problem_mark", None)
        line = f" in line {place.line + 1}" if place else ""
        raise ReportError(f"{PLAN_FILE} is not valid YAML{line}. Compare it with the example at its top.") from error
    if not isinstance(stored, dict):
        raise ReportError(f"{PLAN_FILE} needs the keys languages, formats and reports.")
    _refuse_unknown(stored, ("languages", "formats", "reports"))
    return {key: value for key, value in stored.items() if value}


def _stored_entries(rows: Sequence[Any], topics: Sequence[Topic], *, forgiving: bool) -> list[_Entry]:
    """Rows of `reports.yaml`; a topic that is not there is passed over when others were asked for by name."""
    by_id = {topic.id: topic for topic in topics}
    entries = []
    for row in rows:
        if not isinstance(row, dict) or "topic" not in row:
            raise ReportError(f"{PLAN_FILE} has a row without a topic: {row}. Write: - topic: study/topic.")
        _refuse_unknown(row, ("topic", "variant", "parameters"))
        name = str(row["topic"])
        if name in by_id:
            entries.append(
                _Entry(by_id[name], row.get("parameters") or {}, _variant_name(str(row.get("variant") or "")))
            )
        elif not forgiving:
            raise ReportError(
                f"{PLAN_FILE}: there is no topic {name!r}. {did_you_mean(name, by_id) if by_id else ''}".strip()
            )
    return entries


def _refuse_unknown(given: Mapping[str, Any], known: Sequence[str]) -> None:
    for key in given:
        if key not in known:
            raise ReportError(f"{PLAN_FILE} has the unknown key {key!r}. {did_you_mean(str(key), known)}")


def _variant_name(name: str) -> str:
    if name and not re.fullmatch(r"[a-z0-9][a-z0-9._-]*", name):
        raise ReportError(
            f"{PLAN_FILE}: the variant {name!r} becomes a folder. Use lower-case letters, digits, - and _."
        )
    return name


def _spec(entry: _Entry, language: str, formats: tuple[str, ...]) -> ReportSpec:
    try:
        parameters = validate(entry.topic.parameters, entry.given)
    except AnalysisError as error:
        raise ReportError(f"{entry.topic.id}: {error}") from error
    variant = entry.variant or variant_slug(differing(entry.topic.parameters, parameters))
    return ReportSpec(entry.topic, language, parameters, formats, variant)


def variant_slug(values: Mapping[str, Value]) -> str:
    """Name of a folder for a set of values, different for different values.

    Parameters
    ----------
    values
        Values that differ from the defaults, in the order of the notebook.

    Returns
    -------
    str
        For example ``level-0.9_year-2020``; a few characters of a hash are added where letters had to be replaced.

    Examples
    --------
    >>> variant_slug({"level": 0.9, "year": 2020})
    'level-0.9_year-2020'
    """
    exact = "_".join(f"{name}-{as_text(value)}" for name, value in values.items())
    plain = re.sub(r"[^a-z0-9._-]+", "-", exact.lower())
    if plain == exact and len(plain) <= LONGEST_VARIANT:
        return plain
    return f"{plain[:LONGEST_VARIANT]}-{hashlib.sha256(exact.encode()).hexdigest()[:6]}"


def _without_clash(specs: Sequence[ReportSpec]) -> tuple[ReportSpec, ...]:
    by_folder: dict[str, ReportSpec] = {}
    for spec in specs:
        other = by_folder.setdefault(spec.folder, spec)
        if other.parameters != spec.parameters:
            raise ReportError(f"{PLAN_FILE} lists two reports for {spec.name}. Give one of them another variant name.")
    return tuple(by_folder.values())
