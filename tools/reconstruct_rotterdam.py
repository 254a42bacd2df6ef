"""Write data/reference/rotterdam_reconstruction.csv anew from the published figures; then update its card.

Afterwards: analysis data check --update rotterdam_reconstruction, and analysis data describe.
"""

from pathlib import Path

from analysis.sources.reading import read_dataset
from analysis.studies.homelessness.reconstruction import ratios_by_age, reconstructed_cohort, rotterdam_rates

FILE = Path(__file__).resolve().parents[1] / "data" / "reference" / "rotterdam_reconstruction.csv"


def main() -> None:
    """Reconstruct and write."""
    cohort = read_dataset("rotterdam_cohort")
    rates = rotterdam_rates(cohort, read_dataset("nl_deaths_person_years_2001_2010"))
    table = reconstructed_cohort(cohort, rates, ratios_by_age(cohort, rates))
    table = table.assign(age_to=table["age_to"].astype("Int64")).round({"deaths": 2, "person_years": 1})
    table.to_csv(FILE, index=False, lineterminator="\n")


if __name__ == "__main__":
    main()
