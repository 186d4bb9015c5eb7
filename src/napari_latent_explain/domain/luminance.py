"""How bright a colour is."""

__all__ = ["LUMINANCE"]

LUMINANCE = (0.2126, 0.7152, 0.0722)
"""Shares of red, green and blue in the luminance (ITU-R BT.709)."""
