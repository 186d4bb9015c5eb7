"""Training: photographs in, a bundle out. Needs the extra ``train``; neither napari nor Qt."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_latent_explain.train.run import train_from_config

__all__ = ["train_from_config"]


def __getattr__(name: str) -> Any:
    if name != "train_from_config":
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    from napari_latent_explain.train.run import train_from_config

    return train_from_config
