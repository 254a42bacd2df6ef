"""Where the project's folders are: the checkout this package stands in, or the one named in the environment."""

import os
from pathlib import Path

from analysis.errors import SourceError


def project_root() -> Path:
    """Folder that holds `data`, `notebooks` and `reports`.

    Returns
    -------
    pathlib.Path
        The folder named by the environment variable ANALYSIS_ROOT, else the checkout this package stands in.

    Raises
    ------
    SourceError
        When there is no `data/catalogue` in that folder.
    """
    named = os.environ.get("ANALYSIS_ROOT")
    root = Path(named).resolve() if named else Path(__file__).resolve().parents[2]
    if not (root / "data" / "catalogue").is_dir():
        raise SourceError(
            f"There is no data/catalogue in the folder {root.name!r}. Install the project from a clone "
            "(`pip install --editable .`), or set ANALYSIS_ROOT to the clone."
        )
    return root


def report_folder() -> Path | None:
    """Folder in which the running notebook leaves its results; None when nobody builds a report.

    Returns
    -------
    pathlib.Path or None
        The folder the runner made for this report, else None: in JupyterLab results are only shown.
    """
    named = os.environ.get("ANALYSIS_REPORT_FOLDER")
    return Path(named) if named else None
