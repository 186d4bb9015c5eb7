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


def _seconds(folder: Path, rounds: int) -> dict[str, list[float]]:
    files = photograph_files(folder)
    limits, decoders = Limits(), Decoders(most=1)
    times: dict[str, list[float]] = {"in process": [], "child": [], "first": []}
    for lap in range(rounds + 1):
        here, there = [], []
        for path in files:
            begin = time.perf_counter()
            data = path.read_bytes()
            expected = perform(Request(), data, limits).pixels
            hashlib.sha256(data).hexdigest()
            middle = time.perf_counter()
            data = path.read_bytes()
            found = decoders.ask(Request(), data).pixels
            hashlib.sha256(data).hexdigest()
            here.append(middle - begin)
            there.append(time.perf_counter() - middle)
            assert found.dtype == expected.dtype
            assert np.array_equal(found, expected)
        if lap == 0:  # starts the child, imports the decoders
            times["first"].append(there[0])
        else:
            times["in process"] += here
            times["child"] += there
    decoders.close()
    return times


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
        times = _seconds(folder, options.rounds)
    here, there = (1000 * statistics.mean(times[name]) for name in ("in process", "child"))
    result = {
        "photographs": len(times["child"]) // options.rounds, "rounds": options.rounds,
        "in_process_ms": round(here, 2), "child_ms": round(there, 2), "ratio": round(there / here, 3),
        "first_ms": round(1000 * times["first"][0], 1),
    }  # fmt: skip
    if options.json:
        print(json.dumps(result))
        return
    print(f"{result['photographs']} photographs, {options.rounds} rounds, the same pixels both ways")
    print(f"in this process  {here:8.1f} ms a photograph")
    print(
        f"in the child     {there:8.1f} ms a photograph; the first of all, with the child's start: {result['first_ms']} ms"
    )
    print(f"ratio            {there / here:8.3f}")


if __name__ == "__main__":
    main()
