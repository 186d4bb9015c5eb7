"""A file's bytes and all that is packed inside them, to be searched for what must not be there."""

from __future__ import annotations

import base64
import io
import re
import zipfile
import zlib

__all__ = ["everything"]


def everything(content: bytes) -> bytes:
    """A file's bytes, with whatever is packed inside it unpacked beside them: PDF streams, PNG chunks, zip members."""
    found = [content]
    for match in re.finditer(rb"stream\r?\n(.*?)endstream", content, re.DOTALL):
        raw = match.group(1).strip()
        for unpacked in (lambda r: base64.a85decode(b"<~" + r, adobe=True), bytes):
            try:
                found.append(zlib.decompress(unpacked(raw)))
            except (ValueError, zlib.error):
                continue
    if content.startswith(b"\x89PNG"):
        at = 8
        while at < len(content):
            length, kind = int.from_bytes(content[at : at + 4], "big"), content[at + 4 : at + 8]
            chunk = content[at + 8 : at + 8 + length]
            if kind in (b"zTXt", b"iCCP", b"iTXt"):
                for start in range(min(len(chunk), 100)):
                    try:
                        found.append(zlib.decompress(chunk[start:]))
                    except zlib.error:
                        continue
            at += length + 12
    if zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            found += [everything(packed.read(name)) for name in packed.namelist()]
    return b"\n".join(found)
