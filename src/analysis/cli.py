"""The command line: build, list and verify reports, read the ledger, look after the data, start a new topic."""

import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from analysis.errors import AnalysisError
from analysis.locations import project_root

if TYPE_CHECKING:
    from analysis.reporting.runner import Result

USAGE, FAILED, INTERRUPTED = 2, 1, 130
STOPPED = "Stopped. Reports that were not finished are left as they were."
app = typer.Typer(
    help="Every claim recomputed: notebooks in, reports in Dutch and English out.",
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
data = typer.Typer(
    help="The data sets: what there is, whether it is unchanged, and its description.", invoke_without_command=True
)
app.add_typer(data, name="data")
console = Console()
state = {"debug": False}

Targets = Annotated[list[str] | None, typer.Argument(metavar="STUDY[/TOPIC]", help="Studies or topics; none for all.")]
Jobs = Annotated[int, typer.Option("--jobs", "-j", min=0, help="Reports at the same time; 0: one per processor.")]


@app.callback()
def options(
    context: typer.Context,
    debug: Annotated[bool, typer.Option("--debug", help="Show the whole trace of an error.")] = False,
) -> None:
    """Every claim recomputed: notebooks in, reports in Dutch and English out."""
    state["debug"] = debug
    _help_without_command(context)


@app.command()
def report(
    targets: Targets = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Parameter; see `analysis list`.")
    ] = None,
    language: Annotated[list[str] | None, typer.Option("--language", "-l", help="nl or en; may be repeated.")] = None,
    formats: Annotated[list[str] | None, typer.Option("--format", "-f", help="html,pdf,docx")] = None,
    jobs: Jobs = 0,
    force: Annotated[bool, typer.Option("--force", help="Build also what has not changed.")] = False,
) -> None:
    """Build reports; without a target, those of reports/reports.yaml."""
    from analysis.reporting.plan import make_plan
    from analysis.reporting.progress import Display
    from analysis.reporting.runner import build_reports

    began, root = time.monotonic(), project_root()
    specs = make_plan(root, targets or (), settings=settings or (), languages=language or (), formats=formats or ())
    with Display(console, len(specs)) as display:
        results = build_reports(root, specs, display, jobs=jobs, force=force)
    if state["debug"]:
        _show_traces(results)
    counts = {status: sum(result.status == status for result in results) for status in ("ok", "cached", "failed")}
    seconds = time.monotonic() - began
    console.print(
        f"{counts['ok']} built, {counts['cached']} from cache, {counts['failed']} failed in {seconds:.1f} s. "
        "Open reports/index.html",
        highlight=False,
        soft_wrap=True,
    )
    if counts["failed"]:
        raise typer.Exit(FAILED)


@app.command("list")
def list_topics(targets: Targets = None) -> None:
    """List the topics with their questions and parameters."""
    from analysis.reporting.parameters import as_text
    from analysis.reporting.topics import all_topics, select_topics

    for topic in select_topics(all_topics(project_root()), targets or ()):
        console.print(f"[bold]{escape(topic.id)}[/bold]  {escape(topic.headings['en']['title'])}", highlight=False)
        table = _table("parameter", "type", "default", "help")
        for parameter in topic.parameters:
            kind = " or ".join(map(as_text, parameter.choices)) if parameter.choices else parameter.type
            name = "--language" if parameter.name == "language" else parameter.name
            table.add_row(name, kind, as_text(parameter.default), escape(parameter.help))
        console.print(Padding(table, (0, 0, 1, 2)), highlight=False)


@app.command()
def verify(targets: Targets = None, jobs: Jobs = 0) -> None:
    """Build stored reports once more and compare every byte."""
    from analysis.reporting.progress import Silent
    from analysis.reporting.verify import verify_reports

    total = wrong = 0
    for comparison in verify_reports(project_root(), targets or (), Silent(), jobs=jobs):
        total, wrong = total + 1, wrong + (not comparison.identical)
        outcome = comparison.remark or (f"differs: {', '.join(comparison.differing)}" if comparison.differing else "")
        sign = "✕" if outcome else "✓"
        line = f"{sign} {comparison.spec.name}  {outcome or 'identical'}"
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    closing = f"{wrong} of {total} reports are not identical." if wrong else f"All {total} reports are identical."
    console.print(closing, highlight=False)
    if wrong:
        raise typer.Exit(FAILED)


@app.command()
def claims(
    language: Annotated[str, typer.Option("--language", "-l", help="Language of the claims: nl or en.")] = "en",
) -> None:
    """Show what the texts claim and what the built reports find."""
    from collections import Counter

    from analysis.presentation.blocks import SIGNS
    from analysis.presentation.labels import check_language, label
    from analysis.reporting.ledger import ledger

    rows = ledger(project_root(), check_language(language))
    table = _table("verdict", "claim", "quoted", "here")
    for row in rows:
        word = label("verdict", row.verdict, language)
        claim = f"{escape(row.says)} [dim]{escape(row.claim)}[/dim]"
        table.add_row(f"{SIGNS[row.verdict]} {word}", claim, escape(row.quoted), escape(row.estimate))
    console.print(table, highlight=False)
    counts = Counter(row.verdict for row in rows)
    console.print(", ".join(f"{n} {label('verdict', name, language).lower()}" for name, n in counts.items()))


@app.command()
def new(topic: Annotated[str, typer.Argument(metavar="STUDY/TOPIC", help="Lower-case names.")]) -> None:
    """Start a topic: notebook, study module, test and claim, ready to fill in."""
    from analysis.reporting.scaffold import start_topic

    for path in start_topic(project_root(), topic):
        console.print(f"made {path}", highlight=False)
    console.print(f"Next: fill in the notebook, then `analysis report {topic}`.", highlight=False)


@data.callback()
def data_options(context: typer.Context) -> None:
    """The data sets: what there is, whether it is unchanged, and its description."""
    _help_without_command(context)


@data.command("list")
def list_data() -> None:
    """List the data sets of the catalogue."""
    from analysis.sources.catalogue import list_cards

    table = _table("data set", "title", "period", "licence")
    for card in list_cards():
        table.add_row(card.id, escape(card.title["en"]), str(card.period), escape(str(card.licence["name"])))
    console.print(table, highlight=False)


@data.command()
def check(
    update: Annotated[
        str, typer.Option("--update", metavar="ID", help="Take over the checksum of a file changed on purpose.")
    ] = "",
) -> None:
    """Check every data set against its card and checksum."""
    from analysis.sources.catalogue import list_cards
    from analysis.sources.reading import read_dataset, update_card

    if update:
        update_card(update)
        console.print(f"updated data/catalogue/{update}.yaml", highlight=False)
    wrong = 0
    for card in list_cards():
        try:
            rows = len(read_dataset(card.id))
        except AnalysisError as error:
            wrong += 1
            console.print(f"✕ {card.id}  {error}", highlight=False, markup=False, soft_wrap=True)
        else:
            console.print(f"✓ {card.id}  {rows} rows", highlight=False, markup=False)
    if wrong:
        raise typer.Exit(FAILED)


@data.command()
def describe() -> None:
    """Write data/datapackage.json (Frictionless Data Package) from the cards."""
    from analysis.sources.datapackage import write_datapackage

    write_datapackage(project_root() / "data" / "datapackage.json")
    console.print("wrote data/datapackage.json", highlight=False)


def main() -> None:
    """Run the command line; errors a user can meet become one line, and their kind the exit code."""
    try:
        code = app(standalone_mode=False)
    except AnalysisError as error:
        if state["debug"]:
            raise
        _one_line(str(error), _exit_code(error))
    except (KeyboardInterrupt, typer.Abort):
        _one_line(STOPPED, INTERRUPTED)
    except Exception as error:
        if not hasattr(error, "format_message"):  # the usage errors of typer, which keeps its own copy of click
            raise
        _one_line(f"{error.format_message()} See `analysis --help`.", USAGE)
    if code == INTERRUPTED:  # what typer makes of Ctrl-C
        _one_line(STOPPED, INTERRUPTED)
    raise SystemExit(code or 0)


def _table(*headers: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for place, header in enumerate(headers):
        table.add_column(header, no_wrap=place == 0)
    return table


def _help_without_command(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def _exit_code(error: AnalysisError) -> int:
    from analysis.errors import MethodError, ReportError, SourceError

    return USAGE if isinstance(error, ReportError | MethodError | SourceError) else FAILED


def _one_line(message: str, code: int) -> None:
    sys.stderr.write(" ".join(message.split()) + "\n")
    raise SystemExit(code)


def _show_traces(results: "list[Result]") -> None:
    for result in results:
        if result.failure and result.failure.trace:
            sys.stderr.write(f"\n{result.spec.name}\n{result.failure.trace}\n")


if __name__ == "__main__":
    main()
