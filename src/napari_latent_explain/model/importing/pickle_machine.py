"""A pickle read as data: a small machine that can't import, look up, call or build anything of Python's.

Python's own unpickler runs what a file names. This one knows the opcodes that a checkpoint needs (those that ``torch.save`` and
``pickle.dump`` write in protocols 2 to 5; see Python's `pickletools` for what each means) and an exact list of names. A name
stands for an inert function of ours, whatever program the file meant by it; anything else ends the reading with a sentence.
Steps, text and nesting are bounded, and bytes are slices of the file, so that what a file claims costs nothing until it is there.
"""

from __future__ import annotations

import pickletools
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from napari_latent_explain.domain import BundleError
from napari_latent_explain.model.importing.refusal import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from napari_latent_explain.model.importing.budget import Budget

__all__ = ["Inert", "Name", "Names", "PickleMachine"]

_MARKS = 256
_STACK = 100_000
_LARGEST_KEY = 2**60  # integers up to this have hashes of their own
_OPCODE_NAMES = {ord(opcode.code): opcode.name for opcode in pickletools.opcodes}


@dataclass(frozen=True, eq=False)
class Name:
    """A name on the allow-list: what stands in for calling it (arguments in, value out) and for making an empty one of it."""

    module: str
    name: str
    called: Callable[[tuple[Any, ...]], Any] | None = None
    made: Callable[[], Any] | None = None

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


Names = dict[tuple[str, str], Name]


class Inert:
    """A stand-in that may be given a state; it takes what it needs of it as plain data."""

    def built(self, state: Any) -> None:
        """Take the state, or raise ValueError."""
        raise NotImplementedError


def _said(value: Any) -> str:
    return f"'{value}'" if isinstance(value, Name) else f"a value of type {type(value).__name__}"


class PickleMachine:
    """Reads one pickle.

    Parameters
    ----------
    data : memoryview
        Bytes that begin with the pickle; `position` is behind it when it has been read.
    names : mapping
        The allow-list, by module and name.
    stored : callable, optional
        Gives the value of a persistent id; without it there may be none.
    budget : Budget
        What the reading may cost; shared by the pickles of one file.
    """

    def __init__(
        self,
        data: memoryview,
        names: Mapping[tuple[str, str], Name],
        budget: Budget,
        stored: Callable[[Any], Any] | None = None,
    ) -> None:
        self.data, self.names, self.budget, self.stored = data, names, budget, stored
        self.checkpoint = budget.checkpoint
        self.position = 0
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}

    def run(self) -> Any:
        """Return what the pickle holds.

        Raises
        ------
        BundleError
            If it asks for anything that is not on the list, is cut off or malformed, or costs too much.
        """
        try:
            while True:
                self.budget.step()
                code = self.data[self.position]
                self.position += 1
                if code == 0x2E:  # STOP
                    return self._pop()
                step = self.steps.get(code)
                if step is None:
                    raise self._unknown(code)
                step(self)
        except BundleError:
            raise
        except (IndexError, KeyError, ValueError, TypeError, OverflowError, struct.error) as error:
            raise self.checkpoint.damaged(f"its pickle breaks off or is malformed at byte {self.position}") from error

    def _unknown(self, code: int) -> BundleError:
        name = _OPCODE_NAMES.get(code)
        if name is None:
            return self.checkpoint.damaged(f"its pickle has the unknown opcode {code} at byte {self.position - 1}")
        if name == "INST":
            words = bytes(self.data[self.position : self.position + 400]).split(b"\n")
            asked = ".".join(word.decode("ascii", "replace") for word in words[:2])
            return self.checkpoint.asks_for(f"'{shown(asked)}' (opcode INST)")
        return self.checkpoint.asks_for(f"the pickle opcode {name}")

    # What the opcodes are made of.

    def _take(self, count: int) -> memoryview:
        end = self.position + count
        if count < 0 or end > len(self.data):
            raise self.checkpoint.damaged("its pickle breaks off")
        found = self.data[self.position : end]
        self.position = end
        return found

    def _number(self, layout: str) -> Any:
        return struct.unpack(layout, self._take(struct.calcsize(layout)))[0]

    def _push(self, value: Any) -> None:
        if len(self.stack) >= _STACK:
            raise self.checkpoint.too_large(f"a pickle stack deeper than {_STACK}")
        self.stack.append(value)

    def _pop(self) -> Any:
        if self.marks and len(self.stack) <= self.marks[-1]:
            raise IndexError
        return self.stack.pop()

    def _since_mark(self) -> list[Any]:
        start = self.marks.pop()
        values = self.stack[start:]
        del self.stack[start:]
        return values

    def _text(self, layout: str) -> None:
        length = self._number(layout)
        self.budget.spell(length)
        self._push(bytes(self._take(length)).decode("utf-8", "surrogatepass"))

    def _bytes(self, layout: str) -> None:
        self._push(self._take(self._number(layout)))

    def _line(self) -> str:
        start = self.position
        found = bytes(self.data[start : start + 400]).find(b"\n")
        if found < 0:
            raise ValueError
        self.position = start + found + 1
        return bytes(self.data[start : start + found]).decode("ascii", "backslashreplace")

    def _tuple(self, count: int) -> None:
        start = len(self.stack) - count
        if start < (self.marks[-1] if self.marks else 0):
            raise IndexError
        self.stack[start:] = [tuple(self.stack[start:])]

    def _memoise(self, place: int) -> None:
        self.memo[place] = self.stack[-1]

    def _name(self, module: Any, name: Any) -> None:
        if not isinstance(module, str) or not isinstance(name, str):
            raise self.checkpoint.asks_for("a name that it computes")
        found = self.names.get((module, name))
        if found is None:
            raise self._not_on_the_list(f"{module}.{name}")
        self._push(found)

    def _not_on_the_list(self, asked: str) -> BundleError:
        if asked.startswith("dnnlib.tflib."):
            why = "is a TensorFlow pickle; convert it with legacy.py of stylegan2-ada-pytorch first, then import that."
            return self.checkpoint.unsupported(why)
        return self.checkpoint.asks_for(f"'{shown(asked)}'")

    def _items(self, target: Any, flat: list[Any]) -> None:
        if not isinstance(target, dict) or len(flat) % 2:
            raise TypeError
        for key, value in zip(flat[::2], flat[1::2], strict=True):
            target[self._key(key)] = value

    def _key(self, key: Any) -> Any:
        """Hashing has to be cheap: words, small whole numbers and None."""
        if key is None or isinstance(key, str) or (isinstance(key, int) and abs(key) < _LARGEST_KEY):
            return key
        raise TypeError

    # Opcodes that do more than push.

    def _mark(self) -> None:
        if len(self.marks) >= _MARKS:
            raise self.checkpoint.too_large(f"values nested more than {_MARKS} deep")
        self.marks.append(len(self.stack))

    def _append(self, values: list[Any]) -> None:
        target = self.stack[-1]
        if type(target) is not list:
            raise TypeError
        target.extend(values)

    def _add_items(self) -> None:
        values = self._since_mark()
        target = self.stack[-1]
        if type(target) is not set:
            raise TypeError
        target.update(map(self._key, values))

    def _set_items(self, flat: list[Any]) -> None:
        self._items(self.stack[-1], flat)

    def _two(self) -> list[Any]:
        value = self._pop()
        return [self._pop(), value]

    def _dict(self) -> None:
        flat = self._since_mark()
        self._push({})
        self._set_items(flat)

    def _reduce(self) -> None:
        arguments, called = self._pop(), self._pop()
        if not isinstance(called, Name) or called.called is None:
            raise self.checkpoint.asks_for(f"a call of {_said(called)}")
        if type(arguments) is not tuple:
            raise TypeError
        self._push(called.called(arguments))

    def _new(self) -> None:
        arguments, kind = self._pop(), self._pop()
        if not isinstance(kind, Name) or kind.made is None:
            raise self.checkpoint.asks_for(f"a new {_said(kind)}")
        if arguments != ():
            raise self.checkpoint.asks_for(f"a new {kind} with arguments")
        self._push(kind.made())

    def _build(self) -> None:
        state, target = self._pop(), self.stack[-1]
        if not isinstance(target, Inert):
            raise self.checkpoint.asks_for(f"a change of {_said(target)}")
        target.built(state)

    def _persistent(self) -> None:
        told = self._pop()
        if self.stored is None:
            raise self.checkpoint.asks_for("a value outside its pickle (a persistent id)")
        self._push(self.stored(told))

    def _protocol(self) -> None:
        if not 2 <= self._number("B") <= 5:
            raise self.checkpoint.damaged("its pickle has an unknown protocol")

    def _long(self) -> None:
        length = self._number("B")
        if length > 16:
            raise self.checkpoint.too_large("a whole number of more than 16 bytes")
        self._push(int.from_bytes(self._take(length), "little", signed=True))

    def _stack_name(self) -> None:
        module, name = self._two()
        self._name(module, name)

    steps: ClassVar[dict[int, Callable[[PickleMachine], Any]]] = {
        ord("\x80"): _protocol,
        ord("\x95"): lambda self: self._take(8),  # FRAME: a hint for readers of streams
        ord("("): _mark,
        ord("0"): _pop,
        ord("1"): _since_mark,
        ord("N"): lambda self: self._push(None),
        ord("\x88"): lambda self: self._push(True),
        ord("\x89"): lambda self: self._push(False),
        ord("J"): lambda self: self._push(self._number("<i")),
        ord("K"): lambda self: self._push(self._number("B")),
        ord("M"): lambda self: self._push(self._number("<H")),
        ord("\x8a"): _long,
        ord("G"): lambda self: self._push(self._number(">d")),
        ord("X"): lambda self: self._text("<I"),
        ord("\x8c"): lambda self: self._text("B"),
        ord("\x8d"): lambda self: self._text("<Q"),
        ord("B"): lambda self: self._bytes("<I"),
        ord("C"): lambda self: self._bytes("B"),
        ord("\x8e"): lambda self: self._bytes("<Q"),
        ord("]"): lambda self: self._push([]),
        ord("a"): lambda self: self._append([self._pop()]),
        ord("e"): lambda self: self._append(self._since_mark()),
        ord("l"): lambda self: self._push(self._since_mark()),
        ord("}"): lambda self: self._push({}),
        ord("d"): _dict,
        ord("s"): lambda self: self._set_items(self._two()),
        ord("u"): lambda self: self._set_items(self._since_mark()),
        ord(")"): lambda self: self._push(()),
        ord("t"): lambda self: self._push(tuple(self._since_mark())),
        ord("\x85"): lambda self: self._tuple(1),
        ord("\x86"): lambda self: self._tuple(2),
        ord("\x87"): lambda self: self._tuple(3),
        ord("\x8f"): lambda self: self._push(set()),
        ord("\x90"): _add_items,
        ord("h"): lambda self: self._push(self.memo[self._number("B")]),
        ord("j"): lambda self: self._push(self.memo[self._number("<I")]),
        ord("q"): lambda self: self._memoise(self._number("B")),
        ord("r"): lambda self: self._memoise(self._number("<I")),
        ord("\x94"): lambda self: self._memoise(len(self.memo)),
        ord("c"): lambda self: self._name(self._line(), self._line()),
        ord("\x93"): _stack_name,
        ord("R"): _reduce,
        ord("\x81"): _new,
        ord("b"): _build,
        ord("Q"): _persistent,
    }
