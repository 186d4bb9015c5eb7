"""The three containers that a pickle with tensors comes in, opened without torch's reader.

A zip archive (``torch.save`` since 1.6): ``<name>/data.pkl`` and one uncompressed entry for each storage. A stream (before): five
pickles one after the other (a magic number, a version, the machine, the content, the keys of the storages), then for each
storage its length and its bytes. And a plain pickle (``pickle.dump``) in which each storage is a stream of its own, as bytes.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING, Any

from napari_latent_explain.model.importing.allowed_names import checkpoint_names, storage_names, storage_type
from napari_latent_explain.model.importing.pickle_machine import PickleMachine
from napari_latent_explain.model.importing.refusal import shown
from napari_latent_explain.model.importing.stored_tensor import Storage

if TYPE_CHECKING:
    from napari_latent_explain.model.importing.budget import Budget
    from napari_latent_explain.model.importing.pickle_machine import Names

__all__ = ["read_checkpoint"]

_MAGIC = 0x1950A86A20F9469CFC6C
_STREAM_VERSION = 1001
_ENTRY = b"PK\x03\x04"
_DIRECTORY_ENTRY = b"PK\x01\x02"
_ENTRIES = 20_000


def read_checkpoint(content: bytes, budget: Budget) -> Any:
    """What a checkpoint holds, as plain data; tensors are `StoredTensor`.

    Parameters
    ----------
    content : bytes
        The whole file.
    budget : Budget
        What the reading may cost.

    Raises
    ------
    BundleError
        If it is none of the three containers, is damaged, or asks for anything that is not on the list.
    """
    data = memoryview(content)
    names = checkpoint_names(lambda nested: _nested_storage(nested, budget), budget)
    if content[:4] == _ENTRY:
        return _read_archive(content, names, budget)
    if content[:1] != b"\x80":
        raise budget.checkpoint.damaged("it is neither a pickle nor an archive of torch")
    machine = PickleMachine(data, names, budget)
    first = machine.run()
    if type(first) is int and first == _MAGIC:
        return _read_stream(data, names, budget)
    return first


def _claimed(told: Any, budget: Budget) -> tuple[str, Storage]:
    """Key and storage of a persistent id: ``('storage', type, key, device, count[, view])``."""
    if type(told) is not tuple or len(told) not in {5, 6} or told[0] != "storage" or any(told[5:]):
        raise budget.checkpoint.asks_for("an unknown kind of stored value (its persistent id)")
    _, kind, key, device, count = told[:5]
    if not isinstance(key, str) or not isinstance(device, str) or type(count) is not int or not 0 <= count < 2**40:
        raise budget.checkpoint.damaged("a storage is described wrongly")
    return key, Storage(storage_type(kind, budget.checkpoint), count)


class _Stored:
    """Storages by key, each made once."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.storages: dict[str, Storage] = {}

    def __call__(self, told: Any) -> Storage:
        key, storage = _claimed(told, self.budget)
        known = self.storages.setdefault(key, storage)
        if (known.kind, known.count) != (storage.kind, storage.count):
            raise self.budget.checkpoint.damaged(f"the storage {shown(key)} is described twice")
        if known is storage:
            self.found(key, storage)
        return known

    def found(self, key: str, storage: Storage) -> None:
        """A storage was named for the first time."""


class _Archived(_Stored):
    """Storages that are entries of an archive: there before the pickle is read."""

    def __init__(self, entries: list[zipfile.ZipInfo], folder: str, content: memoryview, budget: Budget) -> None:
        super().__init__(budget)
        self.entries = {entry.filename: entry for entry in entries}
        self.folder, self.content = folder, content

    def entry(self, name: str) -> memoryview:
        """The bytes of an entry of the checkpoint's folder, as a slice of the file."""
        checkpoint = self.budget.checkpoint
        told = self.entries.get(f"{self.folder}/{name}")
        if told is None:
            raise checkpoint.damaged(f"its archive lacks {shown(name)}")
        header = self.content[told.header_offset : told.header_offset + 30]
        if len(header) < 30 or header[:4] != _ENTRY:
            raise checkpoint.damaged(f"the entry {shown(name)} of its archive can't be read")
        start = told.header_offset + 30 + sum(struct.unpack("<HH", header[26:30]))
        found = self.content[start : start + told.file_size]
        if len(found) != told.file_size or zlib.crc32(found) != told.CRC:
            raise checkpoint.damaged(f"the entry {shown(name)} of its archive is not what was saved")
        return found

    def found(self, key: str, storage: Storage) -> None:
        try:
            storage.fill(self.entry(f"data/{key}"))
        except ValueError as error:
            raise self.budget.checkpoint.damaged(f"the storage {shown(key)} has another length than it says") from error


def _read_archive(content: bytes, names: Names, budget: Budget) -> Any:
    checkpoint = budget.checkpoint
    if content.count(_DIRECTORY_ENTRY) > _ENTRIES:  # before `zipfile` makes an object of each
        raise checkpoint.too_large(f"more than {_ENTRIES} entries of an archive")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, EOFError) as error:
        raise checkpoint.damaged("it is no whole zip archive") from error
    for entry in entries:
        parts = entry.filename.split("/")
        if entry.filename.startswith("/") or ".." in parts or "\\" in entry.filename or ":" in entry.filename:
            raise checkpoint.asks_for(f"the path '{shown(entry.filename)}' outside its archive")
        if entry.compress_type != zipfile.ZIP_STORED or entry.file_size != entry.compress_size:
            raise checkpoint.asks_for(f"'{shown(entry.filename)}' to be unpacked (torch packs nothing)")
    if sum(entry.file_size for entry in entries) > len(content):
        raise checkpoint.too_large("entries of an archive that are longer than the file")
    folders = {entry.filename.partition("/")[0] for entry in entries if "/" in entry.filename}
    if len(folders) != 1 or len({entry.filename for entry in entries}) != len(entries):
        raise checkpoint.damaged("its archive is not laid out as torch does it")
    stored = _Archived(entries, folders.pop(), memoryview(content), budget)
    if (
        any(entry.filename.endswith("/byteorder") for entry in entries)
        and bytes(stored.entry("byteorder")) != b"little"
    ):
        raise checkpoint.unsupported("was written by a big-endian machine; save it again on another one.")
    return PickleMachine(stored.entry("data.pkl"), names, budget, stored).run()


def _read_stream(data: memoryview, names: Names, budget: Budget) -> Any:
    """Content of a stream; `names` are those that its pickles may use."""
    checkpoint, position = budget.checkpoint, 0
    stored = _Stored(budget)

    def next_pickle(allowed: Names, *, with_storages: bool = False) -> Any:
        nonlocal position
        machine = PickleMachine(data[position:], allowed, budget, stored if with_storages else None)
        found = machine.run()
        position += machine.position
        return found

    magic, version, machine_told = (next_pickle({}) for _ in range(3))
    if type(magic) is not int or magic != _MAGIC or type(version) is not int or version != _STREAM_VERSION:
        raise checkpoint.damaged("it is not laid out as torch does it")
    if not isinstance(machine_told, dict) or machine_told.get("little_endian") is not True:
        raise checkpoint.unsupported("was written by a big-endian machine; save it again on another one.")
    content, keys = next_pickle(names, with_storages=True), next_pickle({})
    if type(keys) is not list or not all(isinstance(key, str) for key in keys) or set(keys) != set(stored.storages):
        raise checkpoint.damaged("its storages are not those that it names")
    for key in keys:
        storage = stored.storages[key]
        end = position + 8 + storage.count * storage.kind.size
        if storage.content is not None or end > len(data):
            raise checkpoint.damaged("its storages break off")
        if int.from_bytes(data[position : position + 8], "little", signed=True) != storage.count:
            raise checkpoint.damaged(f"the storage {shown(key)} has another length than it says")
        storage.fill(data[position + 8 : end])
        position = end
    return content


def _nested_storage(content: memoryview, budget: Budget) -> Storage:
    """A storage that was pickled as bytes: a stream with nothing else in it."""
    if content[:4] == _ENTRY:
        raise budget.checkpoint.asks_for("an archive in its pickle")
    found = _read_stream(content, storage_names(), budget)
    if not isinstance(found, Storage):
        raise budget.checkpoint.damaged("bytes in its pickle hold no storage")
    return found
