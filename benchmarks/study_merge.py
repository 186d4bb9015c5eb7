"""How long merging and summing up a study takes: `python benchmarks/study_merge.py [--raters 5] [--trials 500]`.

Raters' files are written whole (reviewing them key by key takes a transaction a record), then merged with every record's seal
checked, and summed up with 2,000 bootstrap resamples. Cost grows with the number of records.
"""

import argparse
import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from napari_latent_explain.domain import ModelIdentity
from napari_latent_explain.review import Picture, Record, Study, StudyItem, load_protocol, rater_file, trials_of
from napari_latent_explain.review.database import open_database
from napari_latent_explain.review.merge import merge
from napari_latent_explain.review.record import BEGINNING
from napari_latent_explain.review.store import write_records
from napari_latent_explain.review.summary import summarise

BEGAN = datetime(2026, 3, 1, tzinfo=UTC)


def make_study(items: int) -> Study:
    """Make a study without pictures: merging needs none."""
    protocol = load_protocol("attribute-review")
    nothing = {role: Picture(file="none.png", sha256="0" * 64) for role in protocol.shows}
    made = tuple(
        StudyItem(
            id=f"item-{n}",
            case=f"case {n // 5}",
            photograph=f"{n // 5:064x}",
            direction=f"d{n % 5}",
            target=1,
            pictures=nothing,
        )
        for n in range(items)
    )
    model = ModelIdentity(name="none", sha256="1" * 64, resolution=64)
    return Study(
        title="Benchmark", created=BEGAN, protocol=protocol, items=made, model=model, atlas="2" * 64, classes=("a", "b")
    )


def records_of(study: Study, rater: str) -> list[Record]:
    """All records of a rater who answers every question."""
    records: list[Record] = []

    def add(deed: str, trial: str = "", **said: object) -> None:
        before = records[-1].seal if records else BEGINNING
        number = len(records) + 1
        record = Record.model_validate(
            {
                "study": study.sha256, "rater": rater, "number": number, "at": BEGAN + timedelta(seconds=2 * number),
                "deed": deed, "trial": trial, "said": said, "before": before,
            }
        )  # fmt: skip
        records.append(record.sealed())

    add("opened")
    for trial in trials_of(study, rater):
        add("shown", trial.id)
        for question, answer in (
            ("changed", "yes"), ("what", f"change {trial.number % 7}"), ("plausibility", 3 + trial.number % 3),
            ("verdict", "known_sign" if trial.number % 4 else "artefact"), ("where", [{"x": 0.4, "y": 0.6}]),
            ("confidence", 4),
        ):  # fmt: skip
            add("answered", trial.id, question=question, answer=answer)
        add("locked", trial.id)
    return records


def measure(raters: int, trials: int) -> dict[str, float]:
    """Merge and sum up so many raters of so many trials each; seconds."""
    protocol = load_protocol("attribute-review")
    study = make_study(round(trials / (1 + protocol.catch_share + protocol.repeat_share)))
    with TemporaryDirectory() as name:
        folder = Path(name)
        total = 0
        for number in range(raters):
            rater = f"r{number}"
            records = records_of(study, rater)
            total += len(records)
            path = rater_file(folder, rater)
            connection = open_database(path)
            with connection.begin():
                write_records(connection, records)
            connection.close()
            connection.engine.dispose()
        began = time.perf_counter()
        chains = merge(study, [folder / "raters"], folder / "merged.sqlite")
        merged = time.perf_counter() - began
        began = time.perf_counter()
        summarise(study, chains, BEGAN)
        summed = time.perf_counter() - began
    return {
        "raters": raters, "trials": len(trials_of(study, "r0")), "records": total, "merge_seconds": round(merged, 3),
        "summary_seconds": round(summed, 3), "records_per_second": round(total / merged),
    }  # fmt: skip


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--raters", type=int, default=5)
    parser.add_argument("--trials", type=int, default=500)
    options = parser.parse_args()
    print(json.dumps(measure(options.raters, options.trials)))


if __name__ == "__main__":
    main()
