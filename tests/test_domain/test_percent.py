"""Shares as people read them."""

import pytest

from napari_latent_explain.domain import percent


@pytest.mark.parametrize(
    ("value", "digits", "said"),
    [
        (0.0, 1, "0.0 %"), (1.0, 1, "100.0 %"), (0.5261, 1, "52.6 %"), (0.0006, 1, "0.1 %"), (0.0004, 1, "<0.1 %"),
        (1e-12, 1, "<0.1 %"), (0.9994, 1, "99.9 %"), (0.9996, 1, ">99.9 %"), (0.999999, 1, ">99.9 %"),
        (0.001, 0, "<1 %"), (0.996, 0, ">99 %"), (0.984, 0, "98 %"), (1.0, 0, "100 %"), (0.0, 0, "0 %"),
        (-0.0004, 1, "0.0 %"), (-0.06, 1, "-6.0 %"), (1.166, 1, "116.6 %"),
    ],
)  # fmt: skip
def test_what_is_neither_nothing_nor_all_is_never_rounded_to_it(value: float, digits: int, said: str) -> None:
    assert percent(value, digits) == said
