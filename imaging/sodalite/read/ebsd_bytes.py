"""Text in words of 64 bits: eight bytes loaded at once, a bit for each of 64 bytes, the bits that are set.

They read or count from the lowest address up, as machines that numba compiles for store a word.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import extending, types

_WORD = ir.IntType(64)
_compiled: Any = extending.intrinsic


@_compiled
def eight_bytes(typing_context: Any, text: Any, at: Any) -> Any:
    """Return ``text[at : at + 8]`` as one word, wherever it begins."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.load(_pointer(context, builder, signature, arguments, _WORD), align=1)

    return types.uint64(text, types.uint64), generate


@_compiled
def bytes_equal(typing_context: Any, text: Any, at: Any, byte: Any) -> Any:
    """Return a word whose bit k says whether ``text[at + k]`` is `byte`."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        vector = ir.VectorType(ir.IntType(8), 64)
        loaded = builder.load(_pointer(context, builder, signature, arguments, vector), align=1)
        one = builder.insert_element(ir.Constant(vector, None), arguments[2], ir.Constant(ir.IntType(32), 0))
        everywhere = ir.Constant(ir.VectorType(ir.IntType(32), 64), [0] * 64)
        wanted = builder.shuffle_vector(one, one, everywhere)
        return builder.bitcast(builder.icmp_unsigned("==", loaded, wanted), _WORD)

    return types.uint64(text, types.uint64, types.uint8), generate


@_compiled
def first_bit(typing_context: Any, word: Any) -> Any:
    """Return the place of the lowest bit that is set, 64 when none is."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.uint64(types.uint64), generate


@_compiled
def bits_set(typing_context: Any, word: Any) -> Any:
    """Return how many bits are set."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), generate


def _pointer(context: Any, builder: Any, signature: Any, arguments: Any, target: Any) -> Any:
    """Return the address of byte ``arguments[1]`` of the array ``arguments[0]``, as one of a `target`."""
    array = context.make_array(signature.args[0])(context, builder, value=arguments[0])
    return builder.bitcast(builder.gep(array.data, [arguments[1]]), target.as_pointer())
