"""Every style: nothing overlaps, nothing is cut, all can be read, and every computed picture says that it is one."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, pairwise

import numpy as np
import pytest
from PIL import Image

from napari_latent_explain.domain import CounterfactualRecord, ExportError
from napari_latent_explain.export import STYLES, Exhibit, compose_panel
from napari_latent_explain.export.mark_signs import SIGNS
from napari_latent_explain.export.page import Block, Disc, Page, Picture, Stroke, Words, painted
from napari_latent_explain.export.scale_bar import bar_length
from napari_latent_explain.export.synthetic_mark import mark_synthetic
from napari_latent_explain.export.typefaces import font


def _box(words: Words) -> tuple[float, float, float, float]:
    left, top, right, bottom = font(words.size, words.face.for_text(words.text)).getbbox(
        words.text, anchor=words.anchor
    )
    return words.at[0] + left, words.at[1] + top, words.at[0] + right, words.at[1] + bottom


def _meet(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _luminance(colour: tuple[int, int, int]) -> float:
    linear = [c / 255 / 12.92 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))


def _contrast(a: tuple[int, int, int], b: tuple[int, int, int]) -> float:
    dark, light = sorted((_luminance(a), _luminance(b)))
    return (light + 0.05) / (dark + 0.05)


def _pages(style: str, full: Exhibit) -> list[Page]:
    bare = Exhibit(replace(full.record, region=None, overlap=(), faithfulness=None, note="", simulated=True))
    half = Exhibit(full.record, findings=full.findings, audit_head=full.audit_head)
    return [page for shown in ([full], [bare], [half], [full, bare, half] * 3) for page in STYLES[style].pages(shown)]


@pytest.mark.parametrize("style", STYLES)
def test_words_lie_inside_their_page_and_do_not_meet(style: str, full: Exhibit) -> None:
    for page in _pages(style, full):
        words = [thing for thing in page.things if isinstance(thing, Words)]
        boxes = [_box(one) for one in words]
        for one, (left, top, right, bottom) in zip(words, boxes, strict=True):
            assert left >= -1, one
            assert top >= 0, one
            assert right <= page.width + 1, one
            assert bottom <= page.height, one
        pictures = [(*t.at, t.at[0] + t.size[0], t.at[1] + t.size[1]) for t in page.things if isinstance(t, Picture)]
        assert not [pair for pair in combinations(pictures, 2) if _meet(*pair)]
        for (one, a), (other, b) in combinations(zip(words, boxes, strict=True), 2):
            assert not _meet(a, b), (one.text, other.text)


@pytest.mark.parametrize("style", STYLES)
def test_words_can_be_read(style: str, full: Exhibit) -> None:
    for page in _pages(style, full):
        for number, thing in enumerate(page.things):
            if not isinstance(thing, Words):
                continue
            ground = page.ground
            for under in page.things[:number]:
                if isinstance(under, Picture) and _meet(
                    _box(thing), (*under.at, under.at[0] + under.size[0], under.at[1] + under.size[1])
                ):
                    ground = (0, 0, 0)
                if isinstance(under, Block) and under.fill and _meet(_box(thing), under.box):
                    ground = under.fill
            assert _contrast(thing.ink, ground) >= 4.5, thing


@pytest.mark.parametrize("style", STYLES)
def test_every_panel_says_what_it_shows_and_where_it_comes_from(style: str, full: Exhibit) -> None:
    (page,) = STYLES[style].pages([full])
    told = " ".join(thing.text for thing in page.things if isinstance(thing, Words))
    for said in (
        "case 3fa94c21", "OS", "Synthetic - for research, not for diagnosis", "20.0 %", "60.0 %", "200 um", "rater-a (circle)",
        "known sign", "cdcdcdcdcdcd", "121212121212", "9f9f9f9f9f9f",
    ):  # fmt: skip
        assert said in told, said
    if style != "sheet":
        assert "[+0.10, +0.90], n = 38" in told or "+0.50 [+0.10, +0.90]" in told
        assert "validated: known sign (3 of 4)" in told
    (plain,) = STYLES[style].pages([Exhibit(full.record)])
    told = " ".join(thing.text for thing in plain.things if isinstance(thing, Words))
    assert " mm" not in told  # no spacing, no scale bar
    assert " um" not in told
    assert "Canary" not in told
    assert "log 9f" not in told


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("simulated", [False, True])
def test_every_computed_picture_carries_the_mark(style: str, simulated: bool, full: Exhibit) -> None:
    """Against the same page with grey pictures: the mark is all that is left in them."""
    grey = np.full((300, 300, 3), 128, np.uint8)
    record = replace(
        full.record, original=grey, counterfactual=grey, reconstruction=grey[:64, :64],
        difference=np.zeros((64, 64, 3), np.float32), simulated=simulated, region=None,
    )  # fmt: skip
    (page,) = STYLES[style].pages([Exhibit(record, reverse=replace(record, target=0))])
    pictures = [thing.pixels for thing in page.things if isinstance(thing, Picture) and thing.size[0] == thing.size[1]]
    assert len(pictures) >= 4
    marked = [len(np.unique(pixels[3 * len(pixels) // 4 :])) > 20 for pixels in pictures]
    assert marked == [simulated] + [True] * (len(pictures) - 1)


def test_the_mark_grows_with_the_letters_that_are_asked_for() -> None:
    image = Image.new("RGB", (460, 460))
    small, large = (int(np.asarray(mark_synthetic(image, letters=n)).sum()) for n in (32, 23))
    assert large > 1.5 * small


def test_the_figure_has_the_width_of_a_journal_page(full: Exhibit) -> None:
    for exhibit, letters in ((full, "ABCDE"), (Exhibit(full.record), "ABCD")):
        (page,) = STYLES["figure"].pages([exhibit])
        assert page.width / page.dpi * 25.4 == pytest.approx(180, abs=0.1)
        assert page.ground == (255, 255, 255)
        shown = [t.text for t in page.things if isinstance(t, Words) and len(t.text) == 1 and t.anchor == "ls"]
        assert "".join(shown) == letters
        assert painted(page).size == (page.width, page.height)


def test_a_contact_sheet_has_one_row_each_and_turns_the_page(full: Exhibit) -> None:
    pages = STYLES["sheet"].pages([Exhibit(full.record, case=f"no {k:02d}") for k in range(14)])
    assert len(pages) == 3
    rows = [t.text[:5] for page in pages for t in page.things if isinstance(t, Words) and t.text.startswith("no ")]
    assert rows == [f"no {k:02d}" for k in range(14)]
    assert [len(page.shows) for page in pages] == [6, 6, 2]


def test_slides_change_only_where_something_is_added(full: Exhibit) -> None:
    plain = np.asarray(compose_panel(full.record))
    assert plain.shape == (920, 1944, 3)
    marked = np.asarray(compose_panel(full.record, findings=full.findings[1:2]))
    changed = np.argwhere((plain != marked).any(axis=-1))
    inside = (changed[:, 0] >= 126) & (changed[:, 0] < 586) & (changed[:, 1] >= 980) & (changed[:, 1] < 1452)
    listed = (changed[:, 0] > 600) & (changed[:, 1] >= 1456)
    assert inside.any()
    assert listed.any()
    assert (inside | listed).all()


def test_signs_differ_in_shape_and_marks_in_number(full: Exhibit) -> None:
    outlines = {(sign.corners, sign.turn) for sign in SIGNS}
    assert len(outlines) == len(SIGNS) == len({sign.name for sign in SIGNS})
    assert [number for number, *_ in full.numbered()] == [1, 2, 3]
    (page,) = STYLES["figure"].pages([full])
    inks = {t.ink for t in page.things if isinstance(t, Stroke) and len(t.points) > 3}
    assert inks == {(0, 0, 0), (255, 255, 255)}  # no colour has to be told apart
    assert not [t for t in page.things if isinstance(t, Disc)]


@pytest.mark.parametrize("across", [0.5, 90.0, 1501.25, 12_000.0])
def test_a_scale_bar_is_round_and_fits_into_the_corner(across: float) -> None:
    length = bar_length(across)
    assert 0.22 * across / 2.5 <= length <= 0.22 * across
    assert round(length / 10 ** np.floor(np.log10(length) + 1e-9), 6) in (1, 2, 5)


def test_a_scale_bar_has_its_length(full: Exhibit) -> None:
    (page,) = STYLES["figure"].pages([full])
    side = next(t.size[0] for t in page.things if isinstance(t, Picture))
    bar = next(t for t in page.things if isinstance(t, Stroke) and t.ink == (255, 255, 255) and t.points[0][1] < 150)
    (a, _), (b, _) = bar.points
    assert (b - a) / side * 2 * 150.125 * 5.0 == pytest.approx(200)  # of 1,501 micrometres across
    assert any(isinstance(t, Words) and t.text == "200 um" for t in page.things)


def test_known_intervals_are_drawn(full: Exhibit, rich: CounterfactualRecord) -> None:
    for style in ("slide", "figure"):
        with_them, without = (STYLES[style].pages([one])[0] for one in (full, replace(full, intervals={})))
        lines = [sum(isinstance(t, Stroke) for t in page.things) for page in (with_them, without)]
        assert lines[0] - lines[1] == {"slide": 2, "figure": 6}[style]


def test_what_does_not_belong_together_is_refused(full: Exhibit, rich: CounterfactualRecord) -> None:
    for other in (replace(rich, target=0, sha256="00" * 32), rich, replace(rich, target=0, classes=("a", "b"))):
        with pytest.raises(ExportError, match="same photograph"):
            Exhibit(rich, reverse=other)
    for spacing in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(ExportError, match="micrometres"):
            Exhibit(rich, spacing=spacing)
    with pytest.raises(ExportError, match="printable"):
        Exhibit(rich, case="a\nb")
    with pytest.raises(ExportError, match="log's head"):
        Exhibit(rich, audit_head="x" * 200)
    with pytest.raises(ExportError, match="no panel style 'poster'; use slide, figure, sheet"):
        compose_panel(rich, style="poster")
    assert len(list(pairwise(STYLES))) == 2
