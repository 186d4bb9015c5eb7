"""Open napari with the dock widget: `python examples/open_widget.py [PHOTOGRAPH]`."""

import sys

import napari

from napari_latent_explain._qt import ExplainWidget


def main() -> None:
    viewer = napari.Viewer(title="napari-latent-explain")
    widget = ExplainWidget(viewer)
    viewer.window.add_dock_widget(widget, name="Latent explain", area="right")
    if len(sys.argv) > 1:
        widget.open_photograph(sys.argv[1])
        widget.explain()
    napari.run()


if __name__ == "__main__":
    main()
