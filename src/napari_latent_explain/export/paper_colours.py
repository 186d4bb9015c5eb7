"""Colours on white paper: text at least 4.5:1, and orange and blue that differ in lightness too."""

__all__ = ["DARK_BLUE", "DARK_ORANGE", "FAINT", "PAPER", "PEN", "PENCIL"]

PAPER = (255, 255, 255)
PEN = (20, 22, 26)
PENCIL = (92, 96, 104)
FAINT = (228, 230, 234)
DARK_BLUE = (20, 80, 150)
DARK_ORANGE = (214, 110, 10)
