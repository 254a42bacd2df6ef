"""The page that stands in the place of a report that failed: what happened, where, and how to find out more."""

import shlex

from analysis.reporting.job import Failure, Job
from analysis.reporting.normalise import plain_text
from analysis.reporting.pages import render, texts
from analysis.reporting.parameters import as_text, differing
from analysis.reporting.topics import study_title

PAGE = "report.html"
LONGEST_MESSAGE = 4000


def write_failure_page(job: Job, failure: Failure, *, with_notebook: bool) -> None:
    """Write the page in the language of the report.

    Parameters
    ----------
    job
        The report.
    failure
        What went wrong.
    with_notebook
        Whether a partial notebook stands beside the page.
    """
    spec, words = job.spec, texts(job.spec.language)["failure"]
    plain = words[failure.stage]
    if failure.stage == "notebook":
        plain = words["notebook_somewhere"] if failure.cell is None else plain.format(cell=failure.cell)
    changed = differing(spec.topic.parameters, spec.parameters)
    page = render(
        "failure.html",
        spec.language,
        study=study_title(spec.topic.study, spec.language),
        title=spec.topic.headings[spec.language]["title"],
        plain=plain,
        failure=failure,
        source=plain_text(failure.source, job.root),
        message=failure.message[:LONGEST_MESSAGE],
        command=rebuild_command(job),
        settings=", ".join(f"{name} = {as_text(value)}" for name, value in changed.items()),
        with_notebook=with_notebook,
    )
    (job.folder / PAGE).write_text(page, encoding="utf-8", newline="\n")


def rebuild_command(job: Job) -> str:
    """Command that builds this report alone and shows the trace.

    Parameters
    ----------
    job
        The report.

    Returns
    -------
    str
        To be typed in the folder of the project.
    """
    spec = job.spec
    changed = differing(spec.topic.parameters, spec.parameters)
    settings = [f"--set {shlex.quote(f'{name}={as_text(value)}')}" for name, value in changed.items()]
    return " ".join([".venv/bin/analysis --debug report", spec.topic.id, *settings, f"--language {spec.language}"])
