//! A document's length in one byte, and the plane of those bytes.
//!
//! **In**: the number of tokens of a document's field. **Out**: a code that grows with it. **Law**: exact up to 40, then floored to a
//! value of four significant bits behind 24 (less than an eighth below); `decode(encode(n)) <= n`; 0 stands for "no token". The plane holds one code a
//! document, by document. Source: Lucene 10, `SmallFloat.intToByte4`.

/// Lengths below this have a code each.
const FREE: u32 = 24;

const fn to_four_bits(value: u32) -> u32 {
    let bits = 32 - value.leading_zeros();
    if bits < 4 {
        return value;
    }
    let shift = bits - 4;
    (value >> shift & 7) | (shift + 1) << 3
}

const fn from_four_bits(code: u32) -> u32 {
    match code >> 3 {
        0 => code & 7,
        shift => (code & 7 | 8) << (shift - 1),
    }
}

/// The code of a length. Lengths from 2³¹ on share the code of 2³¹ − 1.
#[inline]
#[must_use]
pub const fn encode(length: u32) -> u8 {
    if length < FREE {
        return length as u8;
    }
    let length = if length > i32::MAX as u32 { i32::MAX as u32 } else { length };
    (FREE + to_four_bits(length - FREE)) as u8
}

/// The least length that has this code.
#[inline]
#[must_use]
pub const fn decode(code: u8) -> u32 {
    let code = code as u32;
    if code < FREE { code } else { FREE + from_four_bits(code - FREE) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_to_forty_then_less_than_an_eighth_below() {
        for length in 0..200_000 {
            let back = decode(encode(length));
            assert!(back <= length && f64::from(length - back) <= f64::from(length) * 0.125, "{length} became {back}");
            assert!(length > 40 || back == length);
            assert!(encode(length + 1) >= encode(length));
        }
    }

    #[test]
    fn codes_are_those_of_lucene() {
        // SmallFloat.intToByte4 of Lucene 10.
        for (length, code) in [(0, 0), (23, 23), (24, 24), (40, 40), (41, 40), (42, 41), (56, 48), (1000, 87), (i32::MAX as u32, 255)] {
            assert_eq!(encode(length), code, "{length}");
        }
        assert_eq!(encode(u32::MAX), 255);
        assert!((0..=255u8).all(|code| encode(decode(code)) == code));
    }
}
