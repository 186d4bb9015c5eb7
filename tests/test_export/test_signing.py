"""Signed panels: they say who and what, and a changed pixel is seen."""

from __future__ import annotations

import datetime
import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from napari_latent_explain.domain import ExportError
from napari_latent_explain.export import Exhibit, Strip, read_provenance, sign_panel, write_exhibits, write_strip

c2pa = pytest.importorskip("c2pa")
x509 = pytest.importorskip("cryptography.x509")


def _certificate(subject: str, key: Any, issuer: str, issuer_key: Any, *, authority: bool) -> Any:
    """A certificate as C2PA wants it: https://opensource.contentauthenticity.org/docs/signing/get-cert."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    def name(common: str) -> Any:
        return x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Test"),
                x509.NameAttribute(NameOID.COMMON_NAME, common),
            ]
        )

    now = datetime.datetime.now(datetime.UTC)
    usage = x509.KeyUsage(
        digital_signature=not authority, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=authority, crl_sign=authority, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    made = (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
        .add_extension(usage, critical=True)
    )
    if not authority:
        made = made.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
    return made.sign(issuer_key, hashes.SHA256())


@pytest.fixture
def signer(tmp_path: Path) -> tuple[Path, Path]:
    """A test chain of an authority and a signer, and the signer's key."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    authority, own = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root = _certificate("Test authority", authority, "Test authority", authority, authority=True)
    leaf = _certificate("Reading centre", own, "Test authority", authority, authority=False)
    (tmp_path / "keys").mkdir()
    chain, key = tmp_path / "keys" / "chain.pem", tmp_path / "keys" / "key.pem"
    chain.write_bytes(leaf.public_bytes(Encoding.PEM) + root.public_bytes(Encoding.PEM))
    key.write_bytes(own.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return chain, key


def _found(content: bytes, kind: str) -> dict[str, Any]:
    with c2pa.Reader(kind, io.BytesIO(content)) as reader:
        told: dict[str, Any] = json.loads(reader.json())
    return told


def test_a_signed_panel_says_that_it_is_synthetic_and_a_change_is_seen(
    full: Exhibit, signer: tuple[Path, Path], tmp_path: Path
) -> None:
    (path,) = write_exhibits([full], tmp_path / "p.png")
    with Image.open(path) as before:
        pixels = before.tobytes()
    assert sign_panel(path, *signer) == path
    with Image.open(path) as after:
        assert after.tobytes() == pixels
    assert read_provenance(path)["case"] == "case 3fa94c21"
    content = path.read_bytes()
    told = _found(content, "image/png")
    assert told["validation_state"] == "Valid"
    manifest = told["manifests"][told["active_manifest"]]
    assert manifest["title"] == "Synthetic - for research, not for diagnosis"
    assert manifest["signature_info"]["common_name"] == "Reading centre"
    action = manifest["assertions"][0]["data"]["actions"][0]
    assert action["digitalSourceType"].endswith("compositeWithTrainedAlgorithmicMedia")
    changed = bytearray(content)
    changed[len(changed) - 2000] ^= 1
    codes = {one["code"] for one in _found(bytes(changed), "image/png")["validation_status"]}
    assert "assertion.dataHash.mismatch" in codes


@pytest.mark.parametrize(("suffix", "kind"), [(".tiff", "image/tiff"), (".webp", "image/webp"), (".mp4", "video/mp4")])
def test_other_formats_are_signed_too(
    suffix: str, kind: str, full: Exhibit, strip: Strip, signer: tuple[Path, Path], tmp_path: Path
) -> None:
    if suffix == ".tiff":
        (path,) = write_exhibits([full], tmp_path / f"p{suffix}")
    else:
        pytest.importorskip("av")
        path = write_strip(full, strip, tmp_path / f"p{suffix}")
    assert _found(sign_panel(path, *signer).read_bytes(), kind)["validation_state"] == "Valid"


def test_what_can_not_be_signed_leaves_the_file(
    full: Exhibit, signer: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain, key = signer
    (path,) = write_exhibits([full], tmp_path / "p.png")
    content = path.read_bytes()
    for certificate, secret, said in (
        (key, key, "not accepted"),
        (chain, chain, "no private key"),
        (tmp_path / "none.pem", key, "none.pem can't be read"),
    ):
        with pytest.raises(ExportError, match=said):
            sign_panel(path, certificate, secret)
    with pytest.raises(ExportError, match=r"\.pdf' can't be signed"):
        sign_panel(tmp_path / "p.pdf", chain, key)
    monkeypatch.setitem(sys.modules, "c2pa", None)
    with pytest.raises(ExportError, match=r"napari-latent-explain\[sign\]"):
        sign_panel(path, chain, key)
    assert path.read_bytes() == content
