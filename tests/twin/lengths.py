"""The one-byte length code: Lucene's SmallFloat `intToByte4`, exact to 40, then four significant bits.

Source: Apache Lucene, `org.apache.lucene.util.SmallFloat`: values below 24 are themselves; above, `24 + longToInt4(i − 24)`, where
longToInt4 keeps the highest four bits and a shift.
"""


def long_to_int4(value: int) -> int:
    bits = value.bit_length()
    if bits < 4:
        return value
    shift = bits - 4
    return ((value >> shift) & 0x07) | (shift + 1) << 3


def int4_to_long(code: int) -> int:
    mantissa, shift = code & 0x07, (code >> 3) - 1
    return mantissa if shift == -1 else (mantissa | 0x08) << shift


MAX_INT4 = long_to_int4(2**31 - 1)
NUM_FREE = 255 - MAX_INT4


def encode(length: int) -> int:
    """The code of a length."""
    return length if length < NUM_FREE else NUM_FREE + long_to_int4(length - NUM_FREE)


def decode(code: int) -> int:
    """The length that a code stands for."""
    return code if code < NUM_FREE else NUM_FREE + int4_to_long(code - NUM_FREE)


def seen(length: int) -> int:
    """The length as scores see it."""
    return decode(encode(length))
