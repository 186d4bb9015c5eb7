"""A share as people write it."""

__all__ = ["percent"]


def percent(value: float, digits: int = 1) -> str:
    """Write a share as a percentage; what lies between 0 and 1 is never rounded to either.

    Parameters
    ----------
    value : float
        From 0 to 1, or what goes beyond.
    digits : int
        After the point.
    """
    least, said = 10.0**-digits, f"{100 * value:.{digits}f}"
    if value < 0 and said == f"-{0:.{digits}f}":
        return f"{0:.{digits}f} %"
    if value > 0 and said == f"{0:.{digits}f}":
        return f"<{least:.{digits}f} %"
    if value < 1 and said == f"{100:.{digits}f}":
        return f">{100 - least:.{digits}f} %"
    return f"{said} %"
