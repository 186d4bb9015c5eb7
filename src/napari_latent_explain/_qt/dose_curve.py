"""How the classifier's answer follows the strength of the edit that is shown, as a small curve."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QPointF, QRectF, QSize, Qt
from qtpy.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from qtpy.QtWidgets import QSizePolicy, QWidget

if TYPE_CHECKING:
    from napari_latent_explain.domain import DoseResponse

__all__ = ["DoseCurve"]

_LINE, _LEFT = "#f28e2b", 44


class DoseCurve(QWidget):  # type: ignore[misc]
    """Log odds of the target, from none to all of the edit; the level line is where the decision changes."""

    paints_text = True

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._curve: DoseResponse | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.hide()

    def sizeHint(self) -> QSize:  # noqa: N802
        """Five lines of text tall."""
        return QSize(240, 5 * self.fontMetrics().height())

    def show_curve(self, curve: DoseResponse | None) -> None:
        """Show a curve; None, or one of an edit that changes nothing, hides it."""
        self._curve = curve if curve is not None and curve.log_odds[0] != curve.log_odds[-1] else None
        self.setVisible(self._curve is not None)
        if self._curve is not None:
            first, last = self._curve.log_odds[0], self._curve.log_odds[-1]
            rises = "It rises all the way." if self._curve.monotone else "It does not rise all the way."
            said = f"Log odds of the target from {first:+.1f} without the edit to {last:+.1f} with all of it. {rises}"
            self.setToolTip(f"{said} Above 0 the target is the more probable.")
            self.setAccessibleName(said)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Draw axes, the line of the boundary, and the curve with its points."""
        curve = self._curve
        if curve is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        text = self.palette().windowText().color()
        quiet = QColor(text)
        quiet.setAlpha(110)
        line = self.fontMetrics().height()
        plot = QRectF(_LEFT, line / 2, self.width() - _LEFT - 8, self.height() - 1.8 * line)
        low, high = min(*curve.log_odds, 0.0), max(*curve.log_odds, 0.0)
        margin = 0.06 * (high - low)
        low, high = low - margin, high + margin

        def place(dose: float, odds: float) -> QPointF:
            return QPointF(
                plot.left() + dose * plot.width(), plot.bottom() - (odds - low) / (high - low) * plot.height()
            )

        painter.setPen(QPen(quiet, 1, Qt.PenStyle.DashLine))
        painter.drawLine(place(0, 0), place(1, 0))
        painter.setPen(text)
        beside = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        levels = {curve.log_odds[0], curve.log_odds[-1], 0.0}
        taken: list[float] = []
        for odds in sorted(levels, key=lambda value: value != 0):  # the boundary first: it is the one that counts
            at = place(0, odds).y()
            if all(abs(at - other) >= line for other in taken):
                taken.append(at)
                painter.drawText(QRectF(0, at - line / 2, _LEFT - 6, line), beside, f"{odds:+.1f}" if odds else "0")
        foot = QRectF(plot.left(), self.height() - 1.1 * line, plot.width(), line)
        painter.drawText(foot, Qt.AlignmentFlag.AlignLeft, "no edit")
        painter.drawText(foot, Qt.AlignmentFlag.AlignRight, "all of it")
        painter.drawText(foot, Qt.AlignmentFlag.AlignHCenter, "log odds of the target")
        points = [place(dose, odds) for dose, odds in zip(curve.doses, curve.log_odds, strict=True)]
        painter.setPen(QPen(QColor(_LINE), 2))
        painter.drawPolyline(QPolygonF(points))
        painter.setBrush(QColor(_LINE))
        for point in points:
            painter.drawEllipse(point, 2.5, 2.5)
        painter.end()
