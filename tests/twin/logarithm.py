"""The natural logarithm, bit for bit as the engine has it: a port of FreeBSD's msun `e_log.c`.

Copyright (C) 1993 by Sun Microsystems, Inc. All rights reserved. Developed at SunSoft, a Sun Microsystems, Inc. business. Permission
to use, copy, modify, and distribute this software is freely granted, provided that this notice is preserved.

**Law**: the same operations in the same order on IEEE doubles, so the same bits as the `libm` crate. Only finite x > 0.
"""

import struct

LN2_HI = 6.93147180369123816490e-01
LN2_LO = 1.90821492927058770002e-10
LG1 = 6.666666666666735130e-01
LG2 = 3.999999999940941908e-01
LG3 = 2.857142874366239149e-01
LG4 = 2.222219843214978396e-01
LG5 = 1.818357216161805012e-01
LG6 = 1.531383769920937332e-01
LG7 = 1.479819860511658591e-01


def bits(x: float) -> int:
    return int(struct.unpack("<Q", struct.pack("<d", x))[0])


def from_bits(pattern: int) -> float:
    return float(struct.unpack("<d", struct.pack("<Q", pattern))[0])


def log(x: float) -> float:
    """ln x for finite x > 0."""
    k = 0
    pattern = bits(x)
    high = pattern >> 32
    if high < 0x00100000:  # subnormal: scale up
        k = -54
        pattern = bits(x * from_bits(0x4350000000000000))
        high = pattern >> 32
    elif high == 0x3FF00000 and pattern & 0xFFFFFFFF == 0:
        return 0.0
    high += 0x3FF00000 - 0x3FE6A09E
    k += (high >> 20) - 0x3FF
    high = (high & 0x000FFFFF) + 0x3FE6A09E
    f = from_bits(high << 32 | pattern & 0xFFFFFFFF) - 1.0
    hfsq = 0.5 * f * f
    s = f / (2.0 + f)
    z = s * s
    w = z * z
    t1 = w * (LG2 + w * (LG4 + w * LG6))
    t2 = z * (LG1 + w * (LG3 + w * (LG5 + w * LG7)))
    r = t2 + t1
    return s * (hfsq + r) + k * LN2_LO - hfsq + f + k * LN2_HI
