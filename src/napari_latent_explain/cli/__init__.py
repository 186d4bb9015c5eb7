"""The command ``latent-explain``: the same verbs as Python and the window."""

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command; stopped while it is being loaded, it says so as it does later."""
    try:
        from napari_latent_explain.cli.app import main as run
    except KeyboardInterrupt:
        sys.stderr.write("Stopped; what was finished is kept.\n")
        sys.exit(130)
    run()
