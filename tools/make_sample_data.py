"""Make the files of sample_data/ again: python tools/make_sample_data.py."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image, PngImagePlugin

from napari_latent_explain.domain import Laterality
from napari_latent_explain.fundus.factors import FundusFactors
from napari_latent_explain.fundus.simulator import simulate

EYES = {
    "simulated_healthy_od.png": (40, FundusFactors(vessel_density=0.3, haze=0.25)),
    "simulated_healthy_os.png": (
        25,
        FundusFactors(laterality=Laterality.OS, pigmentation=0.2, vessel_density=0.3, haze=0.25),
    ),
    "simulated_referable_od.png": (
        13,
        FundusFactors(hard_exudates=30, haemorrhages=6, microaneurysms=12, cotton_wool_spots=1, pigmentation=0.5),
    ),
}


def main() -> None:
    """Write every eye with its factors in the file."""
    folder = Path(__file__).resolve().parents[1] / "sample_data"
    for name, (seed, factors) in EYES.items():
        info = PngImagePlugin.PngInfo()
        info.add_itxt("Description", "Simulated fundus, drawn by napari-latent-explain; no patient's eye.")
        info.add_itxt("latent-explain-simulated", factors.model_dump_json())
        stream = io.BytesIO()
        Image.fromarray(simulate(seed, factors, 384).picture).save(stream, "PNG", pnginfo=info, optimize=True)
        (folder / name).write_bytes(stream.getvalue())


if __name__ == "__main__":
    main()
