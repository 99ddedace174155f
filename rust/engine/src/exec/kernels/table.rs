//! The agreement: what each kernel takes and gives, once for all levels.
//!
//! **In**: slices as they lie in mapped files, `[u8; N]` for little-endian numbers of any alignment. **Out**: numbers in the caller's
//! arrays. **Law**: a kernel is memory-safe for *any* contents and lengths, files may lie: places are taken modulo the window, indices
//! are checked, an output that is too short ends the work early. Where lists have different lengths the shorter one counts. Sums wrap.
//! On the inputs named here every level gives the same result to the bit.

use super::super::window::{PLACES, WORDS};
use super::Level;

/// A little-endian `u16` of a file.
pub type Le2 = [u8; 2];
/// A little-endian `u32` of a file.
pub type Le4 = [u8; 4];
/// A little-endian `u64` of a file.
pub type Le8 = [u8; 8];
/// No such posting.
pub const MISS: u32 = u32::MAX;
/// Length of the arrays that take the places of a window: whole vectors are stored at the end.
pub const SWEPT: usize = PLACES + 64;

/// What a list that was not summed adds at most in a window: for each 64 places so much, and nothing where its bit is not set. Places of
/// words behind the end have none.
#[derive(Clone, Copy, Debug)]
pub struct Other<'a> {
    /// A bit a place.
    pub words: &'a [Le8],
    /// The bound of each 64 places, none below 0.
    pub bounds: &'a [i32; WORDS],
}

/// Places of the longest window of coarse sums.
pub const COARSE: usize = 1 << 14;
/// Words of its places.
pub const COARSE_WORDS: usize = COARSE / 64;

/// [`Other`] in units, rounded up.
#[derive(Clone, Copy, Debug)]
pub struct CoarseOther<'a> {
    /// A bit a place.
    pub words: &'a [Le8],
    /// The bound of each 64 places.
    pub bounds: &'a [u8; COARSE_WORDS],
}

/// What was found in a window.
#[derive(Debug)]
pub struct Swept {
    /// Places.
    pub places: [u16; SWEPT],
    /// Their values.
    pub scores: [i32; SWEPT],
    /// Their values and all that the others add at most.
    pub sums: [i32; SWEPT],
}

impl Default for Swept {
    fn default() -> Self {
        Self { places: [0; SWEPT], scores: [0; SWEPT], sums: [0; SWEPT] }
    }
}
/// Documents under one rank of a presence bitmap.
pub const RANKED: u32 = 512;

/// Hands the signatures of all kernels to a macro.
macro_rules! signatures {
    ($then:ident $($argument:tt)*) => { $then! { ($($argument)*)
        /// The ascending indices of codes that are at least `least`; how many. Nothing beyond `out` is looked at.
        fn filter(codes: &[u8], least: u8, out: &mut [u32]) -> usize;
        /// The largest code; 0 of none.
        fn max(codes: &[u8]) -> u8;
        /// `lut[c] = max(1, trunc(value · saturation[c]))`, and 0 where a factor is 0. One multiplication in f64, as written.
        fn fill(value: f64, saturation: &[f64; 256], lut: &mut [i32; 256]);
        /// `out[i] = lut[codes[i]]`.
        fn score(codes: &[u8], lut: &[i32; 256], out: &mut [i32]);
        /// `window[base + low[i]] += contributions[i]`, places modulo the window.
        fn scatter(low: &[Le2], contributions: &[i32], base: usize, window: &mut [i32; PLACES]);
        /// `window[base + low[i]] += lut[codes[i]]`, places modulo the window.
        fn scatter_codes(low: &[Le2], codes: &[u8], lut: &[i32; 256], base: usize, window: &mut [i32; PLACES]);
        /// The j-th set bit of `words` gets `contributions[j]` added at its place; of at most 64 words, until they run out.
        fn expand(words: &[Le8], contributions: &[i32], window: &mut [i32; PLACES]);
        /// The j-th set bit of `words` gets `lut[codes[j]]` added at its place; of at most 64 words, until the codes run out.
        fn expand_codes(words: &[Le8], codes: &[u8], lut: &[i32; 256], window: &mut [i32; PLACES]);
        /// The ascending places with at least `least` (itself at least 1) that reach `need` together with all that the others say of the
        /// place; their values, and these sums; how many. Then the window is all zeros.
        fn sweep(window: &mut [i32; PLACES], least: i32, need: i32, others: &[Other<'_>], swept: &mut Swept) -> usize;
        /// Bounds in units, rounded up and cut at 255: `out[c] = trunc(min(bounds[c] · factor, 254)) + 1` in f32, and 0 where the bound is 0
        /// or less.
        fn coarsen(bounds: &[i32; 256], factor: f32, out: &mut [u8; 256]);
        /// `out[i] = lut[codes[i]]`.
        fn look_up(codes: &[u8], lut: &[u8; 256], out: &mut [u8]);
        /// `window[base + low[i]] += lut[codes[i]]`, sums cut at 255; places behind the end are left out.
        fn scatter_coarse(low: &[Le2], codes: &[u8], lut: &[u8; 256], base: usize, window: &mut [u8]);
        /// The j-th set bit of `words` gets `lut[codes[j]]` added at its place, sums cut at 255; codes behind the end are 0. A part of the
        /// window that has no 64 places is left out.
        fn expand_coarse(words: &[Le8], codes: &[u8], lut: &[u8; 256], window: &mut [u8]);
        /// The ascending places with at least `least` that reach `need` together with all that the others say of the place, sums cut at
        /// 255; how many. Then the window is all zeros. Of windows longer than [`COARSE`], or with a rest of less than 64 places, only
        /// what is before that is looked at.
        fn sweep_coarse(window: &mut [u8], least: u8, need: u8, others: &[CoarseOther<'_>], places: &mut [u16; COARSE + 64]) -> usize;
        /// For documents of a list in aligned blocks: block `doc >> shift` holds the low parts `low[starts[block]..starts[block + 1]]`,
        /// ascending. The posting's index, or [`MISS`]; also for a shift over 16, a block that is not there, and an ill-formed range.
        /// In a block that does not ascend any index of the low part may be missed.
        fn probe_aligned(starts: &[Le4], low: &[Le2], shift: u32, docs: &[u32], out: &mut [u32]);
        /// For documents of a plain ascending list: the posting's index, or [`MISS`].
        fn probe_sorted(list: &[u32], docs: &[u32], out: &mut [u32]);
        /// For documents of a presence bitmap with a rank for each 512 documents: the posting's index, or [`MISS`].
        fn probe_bitmap(words: &[Le8], ranks: &[Le4], docs: &[u32], out: &mut [u32]);
        /// The documents of the postings `start + picked[i]`, ascending, of a presence bitmap, walking on from word `from`, before which there
        /// are `before` postings; how many were found before the words ended. Postings before `before` have no document: 0.
        fn select(words: &[Le8], from: usize, before: u32, start: u32, picked: &[u32], out: &mut [u32]) -> usize;
        /// For each document the bound of its block's greatest code, `bound[maxima[doc >> shift]]`, blocks behind the end having code 0; and 0
        /// where `words` is not empty and the document's bit is not set.
        fn block_bounds(maxima: &[u8], shift: u32, bound: &[i32; 256], words: &[Le8], docs: &[u32], out: &mut [i32]);
        /// Keeps, in order and in both lists, the documents whose bit is set, bit 0 being document `base`; bits behind the end are 0. How many.
        fn keep(words: &[Le8], base: u32, docs: &mut [u32], postings: &mut [u32]) -> usize;
        /// Asks for the cache lines of `bytes[at[i]]`; changes nothing.
        fn prefetch(bytes: &[u8], at: &[u32]);
        /// Unites; words behind the end of a list are 0, here and in the five below.
        fn or_into(into: &mut [u64], words: &[Le8]);
        /// Intersects.
        fn and_into(into: &mut [u64], words: &[Le8]);
        /// Subtracts.
        fn and_not_into(into: &mut [u64], words: &[Le8]);
        /// Set bits.
        fn count(words: &[u64]) -> u64;
        /// Set bits of the union.
        fn count_or(left: &[Le8], right: &[Le8]) -> u64;
        /// Set bits of the intersection.
        fn count_and(left: &[Le8], right: &[Le8]) -> u64;
        /// Writes 1 at `(base + low[i]) & (length - 1)` of a table: of a length that is a power of two that is modulo the length.
        fn fold(low: &[Le2], base: usize, table: &mut [u8]);
        /// Writes 1 at `docs[i] & (length - 1)`.
        fn fold_sorted(docs: &[u32], table: &mut [u8]);
        /// Keeps, in order and in both lists, the documents at whose place `doc & (length - 1)` the table has an odd number; how many.
        fn keep_folded(table: &[u8], docs: &mut [u32], postings: &mut [u32]) -> usize;
        /// The ascending numbers of the set bits; how many.
        fn bits_to_places(bits: &[u64; WORDS], places: &mut [u16; SWEPT]) -> usize;
        /// Takes away what `words` lacks, and its set bits whose code is less than `least`: the j-th has `codes[j]`, behind the end 0.
        fn filter_bits(words: &[Le8], codes: &[u8], least: u8, bits: &mut [u64; WORDS]);
        /// The sum of `tf[codes[i]]`.
        fn sum_tf(codes: &[u8], tf: &[u8; 256]) -> u32;
        /// Keeps, in order and in all three lists, those of the first `n` candidates that may still win:
        /// `scores + rest >= theta + (docs > tie)`. How many.
        fn squeeze(docs: &mut [u32], scores: &mut [i32], rest: &mut [i32], n: usize, theta: i32, tie: u32) -> usize;
        /// `out[0] = first`, `out[i] = out[i - 1] + 1 + gap[i - 1]`; gaps are packed with `width` bits (at most 32), and bits behind the
        /// end are 0.
        fn unpack_gaps(bytes: &[u8], width: u32, first: u32, out: &mut [u32]);
    } };
}
pub(super) use signatures;

macro_rules! structure {
    (() $($(#[$doc:meta])* fn $name:ident($($argument:ident: $type:ty),*) $(-> $out:ty)?;)*) => {
        /// The kernels of one level: safe to call, on any input.
        #[derive(Debug)]
        pub struct Kernels {
            /// The instructions that they use.
            pub level: Level,
            $($(#[$doc])* pub $name: fn($($type),*) $(-> $out)?,)*
        }
    };
}
signatures!(structure);

/// A table of plain functions.
macro_rules! plain {
    (($level:expr) $($(#[$doc:meta])* fn $name:ident($($argument:ident: $type:ty),*) $(-> $out:ty)?;)*) => {
        Kernels { level: $level, $($name,)* }
    };
}
pub(super) use plain;

/// A table of functions that need the instructions of their level. They stay out of sight of everybody but the choice in [`super`].
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
macro_rules! gated {
    (($level:expr) $($(#[$doc:meta])* fn $name:ident($($argument:ident: $type:ty),*) $(-> $out:ty)?;)*) => { {
        $(fn $name($($argument: $type),*) $(-> $out)? {
            // SAFETY: the function is unsafe to call for one reason: the processor must have the instructions of the level. This table is
            // reached through `Level::kernels` alone, which gives it out after it has asked the processor.
            unsafe { self::$name($($argument),*) }
        })*
        Kernels { level: $level, $($name,)* }
    } };
}
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
pub(super) use gated;
