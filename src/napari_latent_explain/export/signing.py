"""Content credentials (C2PA) in exported pictures: who made them, that they are synthetic, and whether they were changed."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

from napari_latent_explain import __version__
from napari_latent_explain.domain import ExportError
from napari_latent_explain.export.atomic import write_atomically
from napari_latent_explain.export.provenance import SYNTHETIC

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["SIGNED_FORMATS", "sign_panel"]

SIGNED_FORMATS = {
    ".png": "image/png",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".webp": "image/webp",
    ".mp4": "video/mp4",
}
_SOURCE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
_CURVES = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}


def _algorithm(key: bytes) -> str:
    """Name of the signature that a private key makes.

    Raises
    ------
    ExportError
        If it is no unencrypted PEM key, or of a kind that C2PA does not know.
    """
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        loaded = load_pem_private_key(key, password=None)
    except (ValueError, TypeError) as error:
        msg = "The key is no private key in PEM without a password; convert it with openssl pkcs8 -topk8 -nocrypt."
        raise ExportError(msg) from error
    if isinstance(loaded, ec.EllipticCurvePrivateKey) and loaded.curve.name in _CURVES:
        return _CURVES[loaded.curve.name]
    if isinstance(loaded, ed25519.Ed25519PrivateKey):
        return "ed25519"
    if isinstance(loaded, rsa.RSAPrivateKey):
        return "ps256"
    msg = "A panel is signed with a key on the curves P-256, P-384, P-521 or Ed25519, or with RSA; make such a key."
    raise ExportError(msg)


def sign_panel(path: Path, certificate: Path, key: Path) -> Path:
    """Sign an exported picture where it lies, offline and without a time stamp.

    Parameters
    ----------
    path : pathlib.Path
        ``.png``, ``.tif``, ``.tiff``, ``.webp`` or ``.mp4``; replaced as a whole. A signature is not the same twice.
    certificate : pathlib.Path
        PEM, the signer's certificate first and then those that issued it. C2PA wants the key usage digitalSignature, the
        extended key usage emailProtection or documentSigning, and an issuer other than itself. Its subject can be read by all.
    key : pathlib.Path
        The signer's private key, PEM without a password.

    Raises
    ------
    ExportError
        If c2pa-python is not installed, a file can't be read or written, or the certificate or key is not accepted.
    """
    try:
        import c2pa
    except ImportError as error:
        msg = "Signing needs c2pa-python; run: pip install 'napari-latent-explain[sign]'"
        raise ExportError(msg) from error
    kind = SIGNED_FORMATS.get(path.suffix.lower())
    if kind is None:
        msg = f"'{path.name}' can't be signed; those that can are: {', '.join(SIGNED_FORMATS)}."
        raise ExportError(msg)
    try:
        content, chain, secret = path.read_bytes(), certificate.read_bytes(), key.read_bytes()
    except OSError as error:
        msg = f"{error.filename} can't be read ({error.strerror})."
        raise ExportError(msg) from error
    manifest = {
        "claim_generator_info": [{"name": "napari-latent-explain", "version": __version__}],
        "title": SYNTHETIC,
        "assertions": [
            {
                "label": "c2pa.actions",
                "data": {"actions": [{"action": "c2pa.created", "digitalSourceType": _SOURCE}]},
            }
        ],
    }
    signed = io.BytesIO()
    try:
        signer = c2pa.Signer.from_info(c2pa.C2paSignerInfo(_algorithm(secret), chain, secret, None))
        with signer, c2pa.Builder(json.dumps(manifest)) as builder:
            builder.sign(signer, kind, io.BytesIO(content), signed)
    except c2pa.C2paError as error:
        said = str(error).strip().splitlines()[0]
        msg = f"The certificate or its key is not accepted ({said}); see which chain C2PA asks for."
        raise ExportError(msg) from error
    return write_atomically(path, signed.getvalue())
