"""What has the focus is seen: a frame, since napari's own style draws none."""

__all__ = ["FOCUS_STYLE"]

_COLOUR = "#3d86d1"  # 3:1 or more on the grounds of napari's dark and light themes
_FRAMED = (
    "QPushButton", "QComboBox", "QLineEdit", "QAbstractSpinBox", "QListWidget", "QPlainTextEdit", "QScrollArea", "QSlider",
    "QCheckBox",
)  # fmt: skip

FOCUS_STYLE = f"{', '.join(f'{kind}:focus' for kind in _FRAMED)} {{ border: 2px solid {_COLOUR}; }}"
"""A style sheet for a widget and all that it holds."""
