"""The start page of all reports, in Dutch and English, made from the manifests and nothing else."""

import os
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from analysis.claims import VERDICTS
from analysis.presentation.blocks import SIGNS
from analysis.presentation.labels import LANGUAGES
from analysis.reporting.manifest import all_manifests
from analysis.reporting.pages import render, texts
from analysis.reporting.parameters import as_text
from analysis.reporting.topics import study_order, study_title, topic_order

TONES = {"reproduced": "ok", "consistent": "", "corrected": "revised", "contradicted": "revised", "not_testable": ""}
DOWNLOADS = (("html", "report.html", "read"), ("pdf", "report.pdf", ""), ("docx", "report.docx", "word"))
Manifest = Mapping[str, Any]
Group = dict[str, tuple[str, Manifest]]
"""Of one topic and variant: for each language its folder and manifest."""


def write_index(root: Path, fresh: Collection[str] = ()) -> Path:
    """Write `reports/index.html` and `reports/index.en.html`.

    Parameters
    ----------
    root
        Folder of the project.
    fresh
        Folders below `reports` that were built just now; others are said to come from the cache.

    Returns
    -------
    pathlib.Path
        The Dutch page.
    """
    manifests = all_manifests(root)
    for language in LANGUAGES:
        path = root / "reports" / str(texts(language)["this_index"])
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f".{path.name}.{os.getpid()}")
        unfinished.write_text(index_page(manifests, language, fresh), encoding="utf-8", newline="\n")
        unfinished.replace(path)
    return root / "reports" / str(texts(LANGUAGES[0])["this_index"])


def index_page(manifests: Mapping[str, Manifest], language: str, fresh: Collection[str] = ()) -> str:
    """Make the page in one language.

    Parameters
    ----------
    manifests
        By folder below `reports`, see `all_manifests`.
    language
        ``nl`` or ``en``.
    fresh
        Folders that were built just now.

    Returns
    -------
    str
        HTML that needs no other file but the reports it links to.
    """
    groups = group_by_report(manifests)
    studies: dict[str, list[dict[str, Any]]] = {}
    for (study, _, _), group in groups.items():
        studies.setdefault(study, []).append(_card(group, language, fresh))
    cards = [card for listed in studies.values() for card in listed]
    return render(
        "index.html",
        language,
        studies=[{"name": n, "title": study_title(n, language), "cards": listed} for n, listed in studies.items()],
        total=total_verdicts(groups),
        signs=SIGNS,
        tones=TONES,
        any_revised=any("revised" in card["groups"] for card in cards),
        any_failed=any("failed" in card["groups"] for card in cards),
        footer=_footer(manifests, language),
    )


def group_by_report(manifests: Mapping[str, Manifest]) -> dict[tuple[str, str, str], Group]:
    """Bring the languages of a report together.

    Parameters
    ----------
    manifests
        By folder below `reports`.

    Returns
    -------
    dict
        By study, topic and variant, in the order of the page; of each language the folder and the manifest.
    """
    groups: dict[tuple[str, str, str], Group] = {}
    for folder, manifest in manifests.items():
        key = (manifest["study"], manifest["topic"], manifest["variant"])
        groups.setdefault(key, {})[manifest["language"]] = (folder, manifest)
    return dict(sorted(groups.items(), key=lambda item: (study_order(item[0][0]), topic_order(item[0][1]), item[0][2])))


def total_verdicts(groups: Mapping[tuple[str, str, str], Group]) -> dict[str, int]:
    """Count the verdicts once per topic: of the report as stored, else of its first variant, in one language.

    Parameters
    ----------
    groups
        As given by `group_by_report`.

    Returns
    -------
    dict
        Number by verdict, all five of them.
    """
    by_topic: dict[tuple[str, str], dict[str, int]] = {}
    for (study, topic, _), group in groups.items():
        counts = _verdicts(group, LANGUAGES[0])
        if counts and (study, topic) not in by_topic:
            by_topic[(study, topic)] = counts
    return {verdict: sum(counts.get(verdict, 0) for counts in by_topic.values()) for verdict in VERDICTS}


def _verdicts(group: Group, language: str) -> dict[str, int]:
    built = [manifest for _, manifest in _preferred(group, language) if manifest["status"] == "ok"]
    counts = Counter(verdict["verdict"] for verdict in built[0]["verdicts"]) if built else Counter()
    return {verdict: counts[verdict] for verdict in VERDICTS if counts[verdict]}


def _preferred(group: Group, language: str) -> list[tuple[str, Manifest]]:
    return [group[name] for name in sorted(group, key=lambda name: name != language)]


def _card(group: Group, language: str, fresh: Collection[str]) -> dict[str, Any]:
    folder, manifest = _preferred(group, language)[0]
    others = [(f, m) for f, m in group.values() if m["language"] != manifest["language"]]
    verdicts = _verdicts(group, language) if manifest["status"] == "ok" else {}
    failure = manifest["failure"]
    other_failed = not failure and any(other["failure"] for _, other in others)
    revised = verdicts.get("corrected") or verdicts.get("contradicted")
    groups = [manifest["study"], *(["revised"] if revised else []), *(["failed"] if failure or other_failed else [])]
    return {
        "name": manifest["topic"],
        "language": manifest["language"],
        "title": manifest["titles"].get(manifest["language"]) or manifest["topic"],
        "lead": manifest["leads"].get(manifest["language"], ""),
        "answer": manifest["answer"],
        "failure": _reason(failure) if failure else "",
        "other_failed": other_failed,
        "verdicts": verdicts,
        "facts": _facts(manifest, language, folder in fresh),
        "settings": ", ".join(f"{name} = {as_text(value)}" for name, value in manifest["changed_parameters"].items()),
        "groups": groups,
        "links": {"read": _address(folder, "report.html" if _has(manifest, "report.html") else "notebook.ipynb")},
        "downloads": _downloads(folder, manifest, others, language),
    }


def _reason(failure: Mapping[str, Any]) -> str:
    lines = str(failure["message"]).strip().splitlines() or [""]
    shortened = lines[0] if len(lines[0]) <= 200 else f"{lines[0][:200].rstrip()}…"
    return f"{failure['error']}: {shortened}"


def _facts(manifest: Manifest, language: str, is_fresh: bool) -> list[str]:
    words = texts(language)["index"]
    periods = [_in_language(read.get("period"), language) for read in manifest["reads"][:1]]
    seconds = round(manifest["seconds"])
    duration = words["seconds"].format(seconds=seconds) if seconds > 1 else words["one_second"]
    if manifest["seconds"] < 0.5:
        duration = words["under_a_second"]
    period = ", ".join(period for period in periods if period)
    return [fact for fact in (period, duration, words["fresh" if is_fresh else "cached"]) if fact]


def _in_language(value: Any, language: str) -> str:
    if isinstance(value, Mapping):
        value = value.get(language, "")
    return str(value or "").replace("-", "–")


def _downloads(
    folder: str, manifest: Manifest, others: Sequence[tuple[str, Manifest]], language: str
) -> list[dict[str, str]]:
    words = texts(language)["index"]
    labels = [(name, words[key] if key else kind.upper()) for kind, name, key in DOWNLOADS]
    if manifest["failure"]:
        labels = []
    labels.append(("notebook.ipynb", words["notebook"]))
    links = [
        {"href": _address(folder, name), "text": label, "language": ""}
        for name, label in labels
        if _has(manifest, name)
    ]
    names = {"nl": "Nederlands", "en": "English"}
    for other_folder, other in others:
        if other["status"] == "ok" and _has(other, "report.html"):
            code = other["language"]
            links.append({"href": _address(other_folder, "report.html"), "text": names[code], "language": code})
    return links


def _has(manifest: Manifest, name: str) -> bool:
    return name in manifest["outputs"]


def _address(folder: str, name: str) -> str:
    return quote(f"{folder}/{name}")


def _footer(manifests: Mapping[str, Manifest], language: str) -> str:
    words = texts(language)["index"]
    versions = {manifest["inputs"]["version"] for manifest in manifests.values()}
    if not versions:
        return ""
    return str(words["footer"].format(version=versions.pop()) if len(versions) == 1 else words["footer_mixed"])
