"""The bytes of an untrusted file to pixels, in a child process with limits; numpy, Pillow, tifffile and pydicom alone.

`Decoders` is the parent's side. All that looks into a file (`tasks` and what it calls) runs in the child alone. This room knows
no other room of the package, so that the child starts quickly.
"""

from napari_latent_explain.decoding.decoders import Decoders, shared_decoders
from napari_latent_explain.decoding.limits import Limits
from napari_latent_explain.decoding.wire import Answer, Facts, Refusal, Request

__all__ = ["Answer", "Decoders", "Facts", "Limits", "Refusal", "Request", "shared_decoders"]
