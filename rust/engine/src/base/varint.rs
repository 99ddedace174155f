//! LEB128 variable-length integers: seven bits a byte, low group first, the high bit says that more follow.
//!
//! **In**: integers, bytes. **Out**: bytes, integers. **Law**: `read` never panics and never reads past the slice; a value that is cut
//! off or over 64 bits is `None`. Source: DWARF 5, section 7.6.

/// Appends `value`.
pub fn write(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value as u8) | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Reads one value at the front of `bytes` and moves `bytes` behind it.
#[inline]
pub fn read(bytes: &mut &[u8]) -> Option<u64> {
    // Most are of one byte.
    if let Some((first, rest)) = bytes.split_first()
        && *first < 0x80
    {
        *bytes = rest;
        return Some(u64::from(*first));
    }
    read_unpredicted(bytes)
}

/// The same where nobody can guess how long a value is: no branch depends on it up to eight bytes.
#[inline]
pub fn read_unpredicted(bytes: &mut &[u8]) -> Option<u64> {
    if let Some(word) = bytes.first_chunk::<8>() {
        let word = u64::from_le_bytes(*word);
        let ends = !word & 0x8080_8080_8080_8080;
        if ends != 0 {
            let groups = word & (ends ^ (ends - 1)) & 0x7f7f_7f7f_7f7f_7f7f;
            let pairs = (groups & 0x007f_007f_007f_007f) | (groups & 0x7f00_7f00_7f00_7f00) >> 1;
            let fours = (pairs & 0x0000_3fff_0000_3fff) | (pairs & 0x3fff_0000_3fff_0000) >> 2;
            *bytes = &bytes[ends.trailing_zeros() as usize / 8 + 1..];
            return Some((fours & 0x0fff_ffff) | (fours >> 32) << 28);
        }
    }
    read_long(bytes)
}

/// Values of over eight bytes, and those near the end of the slice.
#[cold]
fn read_long(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for (i, &byte) in bytes.iter().enumerate() {
        if i == 9 && byte > 1 {
            return None;
        }
        value |= u64::from(byte & 0x7f) << (7 * i);
        if byte < 0x80 {
            *bytes = &bytes[i + 1..];
            return Some(value);
        }
        if i == 9 {
            return None;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(values in prop::collection::vec((any::<u64>(), 0u32..64).prop_map(|(value, shift)| value >> shift), 0..50)) {
            let mut out = Vec::new();
            values.iter().for_each(|&v| write(&mut out, v));
            for read in [read, read_unpredicted] {
                let mut rest = &out[..];
                for &v in &values {
                    prop_assert_eq!(read(&mut rest), Some(v));
                }
                prop_assert!(rest.is_empty());
            }
        }

        #[test]
        fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..30)) {
            let mut rest = &bytes[..];
            while read(&mut rest).is_some() {}
            let (mut one, mut other) = (&bytes[..], &bytes[..]);
            prop_assert_eq!((read(&mut one), one), (read_long(&mut other), other));
        }
    }
}
