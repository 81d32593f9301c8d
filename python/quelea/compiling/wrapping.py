"""The function around a compiled one that C calls, in LLVM's language.

name          C's parameters -> slots, as `ql_compiled_call` has them; the result, or nothing and a status
name.kernel   the compiled function, which LLVM puts into it; C has no such names
"""

from __future__ import annotations

import ctypes
import itertools
import re

from .prototypes import Parameter, Prototype, type_of_ir

__all__ = ["BEFORE", "HOSTS", "OF_C", "SLOT", "Wrapper", "called"]

SLOT, BEFORE = 16, 5  # bytes of a slot; slots of results before the first


class Wrapper:
    """The text, line by line."""

    def __init__(self, prototype: Prototype, name: str, result: str, status: str) -> None:
        self.prototype, self.name, self.result, self.status = prototype, name, result, status
        self.lines: list[str] = []
        self.count = itertools.count()

    def value(self, text: str) -> str:
        """Write what has a value; its name."""
        name = f"%v{next(self.count)}"
        self.lines.append(f"  {name} = {text}")
        return name

    def store(self, what: str, memory: str, slot: int) -> None:
        """Write into a slot."""
        self.lines.append(f"  store {what}, ptr {self.at(memory, slot)}")

    def at(self, memory: str, slot: int) -> str:
        """Write the address of a slot."""
        return self.value(f"getelementptr i8, ptr {memory}, i64 {SLOT * slot}")

    def _extents(self, parameter: Parameter) -> list[str]:
        """Write the extents of an array, as integers of 64 bits."""
        found = []
        for extent in parameter.extents:
            if extent.isdigit():
                found.append(extent)
                continue
            other = next(p for p in self.prototype.parameters if p.name == extent)
            assert other.type is not None
            wide = other.type.llvm == "i64"
            extend = "sext" if other.type.ir[0] == "i" else "zext"
            found.append(
                f"%p.{extent}"
                if wide
                else self.value(f"{extend} {other.type.llvm} %p.{extent} to i64")
            )
        return found

    def _parameters(self) -> int:
        """Write the parameters into their slots; how many there are."""
        slot = 2
        for number, parameter in enumerate(self.prototype.taken):
            if not parameter.extents:
                assert parameter.type is not None
                self.store(f"{parameter.type.llvm} %p.{parameter.name}", "%all", slot)
                slot += 1
                continue
            assert parameter.type is not None
            extents = self._extents(parameter)
            address = self.value(f"ptrtoint ptr %p.{parameter.name} to i64")
            strides: list[str] = []
            step = str(ctypes.sizeof(parameter.type.ctype))
            for extent in reversed(extents):
                strides.insert(0, step)
                step = self.value(f"mul i64 {step}, {extent}")
            for word in (str(number + 1), address, *extents, *strides):
                self.store(f"i64 {word}", "%all", slot)
                slot += 1
        return slot

    def _given(self) -> None:
        """Write what is returned."""
        wanted = self.prototype.result
        if wanted is None:
            self.lines.append("  ret void")
            return
        own = type_of_ir(self.result)
        value = self.value(f"load {own.llvm}, ptr {self.at('%slots', BEFORE)}")
        if own.llvm != wanted.llvm:
            cast = "fptrunc" if own.ir == "f64" else "zext" if own.ir == "b8" else "trunc"
            value = self.value(f"{cast} {own.llvm} {value} to {wanted.llvm}")
        self.lines.append(f"  ret {wanted.llvm} {value}")

    def text(self) -> str:
        """Write all of it."""
        slots = self._parameters()
        inside, self.lines = self.lines, []
        prototype = self.prototype
        given = ", ".join(
            f"{'ptr' if p.extents or p.type is None else p.type.llvm} %p.{p.name}"
            for p in prototype.parameters
        )
        result = prototype.result.llvm if prototype.result else "void"
        self._given()
        nothing = "ret void"
        if prototype.result is not None:
            nothing = f"ret {result} {'0' if result[0] == 'i' else '0x7FF8000000000000'}"
        returned, self.lines = self.lines, []
        return "\n".join(
            [
                f"declare void @{self.name}.kernel(ptr)",
                f"define {result} @{self.name}({given}) {{",
                f"  %all = alloca [{slots} x i128], align 16",
                f"  %slots = alloca [{BEFORE + 1} x i128], align 16",
                "  %call = alloca [5 x ptr], align 16",
                "  %stop = alloca i64, align 8",
                "  store i64 0, ptr %stop",
                "  store ptr %slots, ptr %all",
                f"  %texts = getelementptr i8, ptr %all, i64 {SLOT}",
                "  store i64 0, ptr %texts",
                f"  %word = getelementptr i8, ptr %slots, i64 {SLOT}",
                "  store ptr %stop, ptr %word",
                "  %parameters = getelementptr i8, ptr %call, i64 32",
                "  store ptr %all, ptr %parameters",
                *inside,
                f"  call void @{self.name}.kernel(ptr %call)",
                "  %status = load i64, ptr %slots",
                "  %failed = icmp ne i64 %status, 0",
                "  br i1 %failed, label %bad, label %good",
                "bad:",
                f"  store i64 %status, ptr {self.status}",
                f"  {nothing}",
                "good:",
                *returned,
                "}",
            ]
        )


# ---- what compiled code calls ----

OF_C = {
    "aligned_alloc",
    "free",
    "memset",
    "memcpy",
    "memmove",
    "memcmp",
    "bcmp",
    "floor",
    "ceil",
    "trunc",
    "rint",
    "sqrt",
    "floorf",
    "ceilf",
    "truncf",
    "rintf",
    "sqrtf",
    "fminf",
    "fmaxf",
    "__truncdfhf2",
    "__truncsfhf2",
    "__extendhfsf2",
}
HOSTS = {  # what an object file has of the process that Quelea runs in (jit/host.c)
    "quelea_host_look": "define linkonce_odr hidden i64 @quelea_host_look(i64 %frame) {\n  ret i64 0\n}",
    "quelea_host_allocate": """declare ptr @aligned_alloc(i64, i64)
define linkonce_odr hidden i64 @quelea_host_allocate(i64 %bytes) {
  %negative = icmp slt i64 %bytes, 0
  br i1 %negative, label %none, label %some
some:
  %more = add i64 %bytes, 127
  %size = and i64 %more, -64
  %block = call ptr @aligned_alloc(i64 64, i64 %size)
  %missing = icmp eq ptr %block, null
  br i1 %missing, label %none, label %there
there:
  store i64 1, ptr %block
  %owner = ptrtoint ptr %block to i64
  ret i64 %owner
none:
  ret i64 0
}""",
    "quelea_host_retain": """define linkonce_odr hidden void @quelea_host_retain(i64 %owner) {
  %is = icmp uge i64 %owner, 4096
  br i1 %is, label %block, label %done
block:
  %at = inttoptr i64 %owner to ptr
  %before = atomicrmw add ptr %at, i64 1 monotonic
  br label %done
done:
  ret void
}""",
    "quelea_host_release": """declare void @free(ptr)
define linkonce_odr hidden void @quelea_host_release(i64 %owner) {
  %is = icmp uge i64 %owner, 4096
  br i1 %is, label %block, label %done
block:
  %at = inttoptr i64 %owner to ptr
  %before = atomicrmw sub ptr %at, i64 1 acq_rel
  %last = icmp eq i64 %before, 1
  br i1 %last, label %gone, label %done
gone:
  call void @free(ptr %at)
  br label %done
done:
  ret void
}""",
}  # fmt: skip


def called(text: str) -> set[str]:
    """Find the functions that a text of LLVM's calls and does not have."""
    found = re.findall(r'^declare [^@]*@"?([\w.$]+)"?\(', text, re.MULTILINE)
    return {name for name in found if not name.startswith("llvm.")}
