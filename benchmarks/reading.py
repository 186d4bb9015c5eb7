"""What decoding in a child process costs: the same photographs in this process and in the child, in turns.

python benchmarks/reading.py [FOLDER] [--rounds 3] [--json]

Without a folder, a simulated eye of 4 megapixels is written as JPEG and PNG, into a folder that is removed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from napari_latent_explain.decoding import Decoders, Limits, Request
from napari_latent_explain.decoding.tasks import perform
from napari_latent_explain.fundus.photograph_files import photograph_files
from napari_latent_explain.fundus.simulator import simulate


def _drawn(folder: Path) -> None:
    picture = Image.fromarray(simulate(1, size=512).picture).resize((2048, 2048))
    picture.save(folder / "drawn.jpg", quality=95)
    picture.save(folder / "drawn.png", compress_level=1)


def _seconds(folder: Path, rounds: int) -> tuple[list[tuple[float, float]], float]:
    """For each photograph the fastest of its rounds, here and in the child; and the first of all in the child, with its start."""
    limits, decoders, first = Limits(), Decoders(most=1), 0.0
    fastest = []
    for path in photograph_files(folder):
        laps = []
        for lap in range(rounds + 1):
            begin = time.perf_counter()
            data = path.read_bytes()
            expected = perform(Request(), data, limits).pixels
            hashlib.sha256(data).hexdigest()
            middle = time.perf_counter()
            data = path.read_bytes()
            found = decoders.ask(Request(), data).pixels
            hashlib.sha256(data).hexdigest()
            end = time.perf_counter()
            assert found.dtype == expected.dtype
            assert np.array_equal(found, expected)
            first = first or end - middle
            if lap:  # before the first, nothing is warm
                laps.append((middle - begin, end - middle))
        fastest.append((min(lap[0] for lap in laps), min(lap[1] for lap in laps)))
    decoders.close()
    return fastest, first


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, help="photographs; all of it and below are read")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="one object for programs")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        if options.folder is None:
            _drawn(folder)
        fastest, first = _seconds(folder, options.rounds)
    here, there = (1000 * statistics.mean(one[way] for one in fastest) for way in (0, 1))
    result = {
        "photographs": len(fastest), "rounds": options.rounds, "in_process_ms": round(here, 2), "child_ms": round(there, 2),
        "ratio": round(there / here, 3), "first_ms": round(1000 * first, 1),
    }  # fmt: skip
    if options.json:
        print(json.dumps(result))
        return
    print(
        f"{result['photographs']} photographs, {options.rounds} rounds, the fastest of each; the same pixels both ways"
    )
    print(f"in this process  {here:8.1f} ms a photograph")
    print(
        f"in the child     {there:8.1f} ms a photograph; the first of all, with the child's start: {result['first_ms']} ms"
    )
    print(f"ratio            {there / here:8.3f}")


if __name__ == "__main__":
    main()
