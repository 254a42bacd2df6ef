"""Health inequalities, recomputed: measures, studies and reports of an open research compendium."""

__version__ = "0.1.0"
