"""What a notebook talks to: it reads data, shows sentences, figures, tables and verdicts, and remembers all of it.

Under the runner the results land in the report's folder; in JupyterLab they are only shown and nothing is written.
"""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from IPython.display import display
from matplotlib.figure import Figure

from analysis.claims import Claim, check_verdict, load_claims
from analysis.errors import ReportError, did_you_mean
from analysis.locations import report_folder
from analysis.presentation import theme, wording
from analysis.presentation.blocks import SIGNS, Block
from analysis.presentation.labels import check_language, label
from analysis.presentation.tables import Table
from analysis.sources.catalogue import Card, load_card
from analysis.sources.finished_reports import FinishedReport, read_report
from analysis.sources.reading import dataset_fingerprint, read_dataset

REFERENCE = re.compile(r"@(?:fig|tbl)-|\[@")
CERTAINTIES = ("certain", "likely", "possible", "uncertain")


def start_run(study: str, topic: str, *, language: str = "nl", **parameters: Any) -> "Run":
    """Begin the run of a topic.

    Parameters
    ----------
    study, topic
        Names of the topic.
    language
        Language of what is shown: ``nl`` or ``en``.
    **parameters
        The notebook's parameters, kept beside the results.

    Returns
    -------
    Run
        What the notebook reads from and shows through.
    """
    return Run(study, topic, check_language(language), parameters, report_folder())


class Run:
    """One run of a topic: logs what was read, shows results, and writes them where a report is being built.

    Parameters
    ----------
    study, topic
        Names of the topic.
    language
        Language of what is shown.
    parameters
        The notebook's parameters.
    folder
        The report's folder, or None when nothing is to be written.
    """

    def __init__(
        self, study: str, topic: str, language: str, parameters: Mapping[str, Any], folder: Path | None
    ) -> None:
        self.study = study
        self.topic = topic
        self.language = language
        self.parameters = dict(parameters)
        self._folder = folder
        self._claims: dict[str, Claim] = load_claims(study, topic)
        self._record: dict[str, Any] = {"reads": [], "builds_on": [], "saved": [], "verdicts": [], "answer": ""}

    def read(self, dataset: str) -> pd.DataFrame:
        """Read a data set of the catalogue, checked against its card and checksum.

        Parameters
        ----------
        dataset
            Id of the card.

        Returns
        -------
        pandas.DataFrame
            The checked table.
        """
        table = read_dataset(dataset)
        card = load_card(dataset)
        entry = {"id": dataset, "title": dict(card.title), "sha256": dataset_fingerprint(dataset)}
        self._log_read({**entry, "period": card.period})
        return table

    def card(self, dataset: str) -> Card:
        """The card of a data set: its title, its nature, its period.

        Parameters
        ----------
        dataset
            Id of the card.

        Returns
        -------
        Card
            As in the catalogue.
        """
        return load_card(dataset)

    def report(self, topic: str, /) -> FinishedReport:
        """Open the finished report of another topic, in the language of this run; its data count as read.

        Parameters
        ----------
        topic
            ``study/topic``, written out: the build reads it from the notebook and makes that report first.

        Returns
        -------
        FinishedReport
            Its answer, verdicts and saved tables.

        Raises
        ------
        ReportError
            When it was not built or failed.
        """
        finished = read_report(topic, self.language)
        if topic not in self._record["builds_on"]:
            self._record["builds_on"].append(topic)
        for read in finished.reads:
            self._log_read(read)
        return finished

    def _log_read(self, entry: Mapping[str, Any]) -> None:
        if entry["id"] not in [read["id"] for read in self._record["reads"]]:
            self._record["reads"].append(dict(entry))
        self._write_record()

    def text(self, *, nl: str, en: str, **values: Any) -> str:
        """The text of the run's language with its numbers filled in, as `wording.say` does.

        Parameters
        ----------
        nl, en
            Templates with the same fields.
        **values
            Numbers, texts or estimates.

        Returns
        -------
        str
            The finished text.
        """
        return wording.say(self.language, nl=nl, en=en, **values)

    def prose(self, *, nl: str, en: str, **values: Any) -> None:
        """Show a paragraph whose numbers are computed.

        Parameters
        ----------
        nl, en
            Templates with the same fields, in Markdown.
        **values
            Numbers, texts or estimates.
        """
        _show(Block("prose", {"text": self.text(nl=nl, en=en, **values)}))

    def in_short(self, *, nl: Sequence[str], en: Sequence[str], certainty: str, **values: Any) -> None:
        """Show the answer in three sentences: the answer, what it means, and how sure we are.

        Parameters
        ----------
        nl, en
            Three templates each: the answer (also shown in the index), its meaning, what the certainty rests on.
        certainty
            ``certain``, ``likely``, ``possible`` or ``uncertain``.
        **values
            Numbers, texts or estimates.
        """
        if certainty not in CERTAINTIES:
            raise ReportError(f"There is no certainty {certainty!r}. {did_you_mean(certainty, CERTAINTIES)}")
        answer, meaning, basis = (
            self.text(nl=dutch, en=english, **values) for dutch, english in zip(nl, en, strict=True)
        )
        content = {
            "title": label("report", "in_short", self.language),
            "text": f"{answer}\n\n{meaning}",
            "sure_label": label("report", "how_sure", self.language),
            "sure": f"{label('certainty', certainty, self.language)}. {basis}",
        }
        self._record["answer"] = answer.replace("**", "")
        self._write_record()
        _show(Block("in_short", content))

    def figure(
        self, figure: Figure, name: str, /, *, nl: Mapping[str, str], en: Mapping[str, str], **values: Any
    ) -> None:
        """Show a figure with its words, and keep it as SVG and PNG when a report is built.

        Parameters
        ----------
        figure
            The figure, without title.
        name
            Name of its files and of references to it: ``@fig-<name>``.
        nl, en
            Templates `title` (the message), `subtitle` (measure, population, period), `note` (source and signs)
            and `alt` (what one sees and what follows from it); without references, for they are drawn into the picture.
        **values
            Numbers, texts or estimates.
        """
        words = self._words(("title", "subtitle", "note", "alt"), name, nl, en, values)
        if any(REFERENCE.search(text) for text in words.values()):
            raise ReportError(
                f"The words of figure {name!r} refer to another figure, table or source. They are drawn into the "
                "picture, where a reference cannot be followed: name what is meant instead."
            )
        images = {"image/svg+xml": theme.to_svg(figure), "image/png": theme.to_png(figure)}
        if self._folder:
            with theme.framed(figure, words["title"], words["subtitle"], words["note"]) as framed:
                self._write(f"figures/{name}.svg", theme.to_svg(framed).encode())
                self._write(f"figures/{name}.png", theme.to_png(framed))
        self._record["saved"].append(f"figures/{name}")
        self._write_record()
        _show(Block("figure", {"id": name, **words}, images))

    def table(self, table: Table, name: str, /, *, nl: Mapping[str, str], en: Mapping[str, str], **values: Any) -> None:
        """Show a table with its words, and keep its data as CSV when a report is built.

        Parameters
        ----------
        table
            From `tables.table`.
        name
            Name of its file and of references to it: ``@tbl-<name>``.
        nl, en
            Templates `title` and `note` (empty when there is nothing to say).
        **values
            Numbers, texts or estimates.
        """
        words = self._words(("title", "note"), name, nl, en, values)
        self.save(table.data, name)
        shown = {
            "header": [column.header for column in table.columns],
            "align": [column.align for column in table.columns],
            "rows": [list(row) for row in table.rows],
        }
        _show(Block("table", {"id": name, **words, **shown}))

    def save(self, table: pd.DataFrame, name: str) -> None:
        """Keep a table with all its digits as ``tables/<name>.csv`` of the report; in JupyterLab do nothing.

        Parameters
        ----------
        table
            Any table.
        name
            Name of the file, without its ending.

        Raises
        ------
        ReportError
            When the run has saved a table of this name before.
        """
        if f"tables/{name}" in self._record["saved"]:
            raise ReportError(f"Two tables are saved as {name!r}; the second would replace the first. Rename one.")
        self._write(f"tables/{name}.csv", table.to_csv(index=False, lineterminator="\n").encode("utf-8"))
        self._record["saved"].append(f"tables/{name}")
        self._write_record()

    def verdict(
        self,
        claim: str,
        verdict: str,
        /,
        *,
        nl: str,
        en: str,
        estimate: Mapping[str, Any] | None = None,
        here: Mapping[str, str] | None = None,
        **values: Any,
    ) -> None:
        """Show what we find beside a claim of the texts.

        Parameters
        ----------
        claim
            Id in the claims of this topic.
        verdict
            ``reproduced``, ``consistent``, ``corrected``, ``contradicted`` or ``not_testable``.
        nl, en
            One sentence why, as templates with the same fields.
        estimate
            Our estimate, kept in the ledger.
        here
            Templates by language that show our estimate beside the quoted value.
        **values
            Numbers, texts or estimates; `estimate` is available as such.
        """
        if claim not in self._claims:
            known = f"data/claims/{self.study}.yaml, topic {self.topic}"
            raise ReportError(f"There is no claim {claim!r} in {known}. {did_you_mean(claim, self._claims)}")
        stated = self._claims[claim]
        values = {**values, **({"estimate": estimate} if estimate else {})}
        content = {
            "sign": SIGNS[check_verdict(verdict)],
            "word": label("verdict", verdict, self.language),
            "verdict": verdict,
            "says": stated.says[self.language],
            "quoted": stated.quoted[self.language],
            "source": stated.source["title"],
            "here": wording.say(self.language, nl=here["nl"], en=here["en"], **values) if here else "",
            "because": self.text(nl=nl, en=en, **values),
        }
        numbers = {key: _plain(estimate.get(key)) for key in ("estimate", "lower", "upper", "unit")} if estimate else {}
        kept = {key: content[key] for key in ("says", "quoted", "here", "verdict", "because")}
        self._record["verdicts"].append({"claim": claim, **kept, **numbers})
        self._write_record()
        _show(Block("claim", content))

    def sources(self) -> None:
        """Show the data box: what was read, whose it is, under which licence, and what was done to it."""
        items = [self._source(load_card(read["id"])) for read in self._record["reads"]]
        _show(Block("sources", {"items": items}))

    def _source(self, card: Card) -> dict[str, str]:
        place = card.package.name if card.package else card.files[0].path
        return {
            "title": _title(card, self.language),
            "citation": _citation(card),
            "producer": _in_language(str(card.producer["name"]), self.language),
            "licence": _in_language(card.licence["name"], self.language),
            "place": place,
            "period": str(card.period),
            "processing": card.processing[self.language],
            "caveats": card.caveats[self.language],
        }

    def _words(
        self,
        keys: Sequence[str],
        name: str,
        nl: Mapping[str, str],
        en: Mapping[str, str],
        values: Mapping[str, Any],
    ) -> dict[str, str]:
        for language, words in (("nl", nl), ("en", en)):
            missing = [key for key in keys if key not in words or (key != "note" and not words[key].strip())]
            if missing:
                raise ReportError(
                    f"{name!r} has no {missing[0]!r} in {language!r}. Every figure and table needs {keys}."
                )
        return {key: self.text(nl=nl[key], en=en[key], **values) for key in keys}

    def _write_record(self) -> None:
        text = json.dumps(self._record, ensure_ascii=False, indent=1, sort_keys=True)
        self._write("run.json", (text + "\n").encode("utf-8"))

    def _write(self, name: str, content: bytes) -> None:
        if self._folder is None:
            return
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _title(card: Card, language: str) -> str:
    title = card.title[language]
    return title if card.nature == "observed" else f"{label('nature', card.nature, language).capitalize()}: {title}"


def _citation(card: Card) -> str:
    keys = [key for key in (card.reference, *card.further_references) if key]
    return f"[{'; '.join(f'@{key}' for key in keys)}]" if keys else card.citation


def _show(block: Block) -> None:
    display(block)  # type: ignore[no-untyped-call]


def _in_language(name: str, language: str) -> str:
    """A name given as "Dutch / English" in one language; any other name as it is."""
    dutch, separator, english = name.partition(" / ")
    return (dutch if language == "nl" else english) if separator else name


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value
