"""One report on its way through a worker process: what it is, where it is made, and what went wrong."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from analysis.reporting.context import ExportContext
from analysis.reporting.plan import ReportSpec
from analysis.reporting.provenance import Inputs
from analysis.reporting.topics import Topic


@dataclass(frozen=True)
class Failure:
    """Why a report could not be built, in terms a reader can use.

    Attributes
    ----------
    stage
        ``notebook`` (a cell raised), ``kernel`` (it stopped), ``export`` (no documents), ``worker`` or ``disk``.
    error
        Type of the error, for example ``DataError``.
    message
        Its message without control codes and without paths of this machine.
    cell
        Number of the failing cell as in its ``[3]``; None when no cell is to blame.
    source
        Code of that cell.
    trace
        The whole trace, for `--debug` and the manifest.
    """

    stage: str
    error: str
    message: str
    cell: int | None = None
    source: str = ""
    trace: str = ""

    @property
    def reason(self) -> str:
        """One line for a list of reports."""
        first = self.message.strip().splitlines()[0] if self.message.strip() else "no message"
        return f"{self.error}: {first}"


@dataclass(frozen=True)
class Job:
    """A report together with the folder in which it is made.

    Attributes
    ----------
    spec
        The report.
    root
        Folder of the project.
    folder
        Empty folder for the result; moved into place afterwards.
    key
        Key of the cache.
    inputs
        Versions and hashes of what the report is made from.
    """

    spec: ReportSpec
    root: Path
    folder: Path
    key: str
    inputs: Inputs

    def context(self) -> ExportContext:
        """Facts for the export that do not come from the notebook.

        Returns
        -------
        ExportContext
            Names, language, parameters, version and formats.
        """
        spec = self.spec
        return ExportContext(
            study=spec.topic.study,
            topic=spec.topic.name,
            language=spec.language,
            parameters=spec.parameters,
            version=self.inputs.version,
            epoch=self.inputs.epoch,
            variant=spec.variant,
            formats=spec.formats,
        )

    def in_folder(self, folder: Path) -> "Job":
        """Return the same report, made in another folder.

        Parameters
        ----------
        folder
            Empty folder for the result.

        Returns
        -------
        Job
            A copy of this job.
        """
        return replace(self, folder=folder)


def job_as_data(job: Job) -> dict[str, Any]:
    """Plain data for the road to a worker process.

    Parameters
    ----------
    job
        The report.

    Returns
    -------
    dict
        Fit for JSON; `job_from_data` turns it back.
    """
    spec = job.spec
    return {
        "study": spec.topic.study,
        "topic": spec.topic.name,
        "notebook": str(spec.topic.notebook),
        "language": spec.language,
        "parameters": dict(spec.parameters),
        "formats": list(spec.formats),
        "variant": spec.variant,
        "root": str(job.root),
        "folder": str(job.folder),
        "key": job.key,
        "inputs": asdict(job.inputs),
    }


def job_from_data(data: Mapping[str, Any]) -> Job:
    """Turn plain data back into a job.

    Parameters
    ----------
    data
        As made by `job_as_data`.

    Returns
    -------
    Job
        The same report.
    """
    topic = Topic(data["study"], data["topic"], Path(data["notebook"]))
    spec = ReportSpec(topic, data["language"], data["parameters"], tuple(data["formats"]), data["variant"])
    return Job(spec, Path(data["root"]), Path(data["folder"]), data["key"], Inputs(**data["inputs"]))
