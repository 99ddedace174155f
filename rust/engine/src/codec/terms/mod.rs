//! The dictionary of a field: its terms in byte order, front-coded in blocks of 16, each with where its postings are.
//!
//! **In**: terms, ascending, with their lists' places. **Out**: the ordinal of a term, the term of an ordinal, terms in order, and what
//! is known of each. **Law**: a block can be read alone; a lookup touches the index (16 bytes a block) and one block, whose pages are
//! verified like any others, so nothing is trusted that was not read. The index is verified whole when it is first used.
//!
//! Why not an `fst` map: in one run over the 588 k words of package summaries (a busy machine, processor time) the crate builds a key in
//! 290 ns and this in 50 ns, written and checksummed; at 700 k terms that is a sixth of what a whole build may cost. A word at random takes
//! 215 ns there and 165 ns here, one of the 13 k that are in 30 documents 175 and 145 ns, an absent one 150 and 75 ns, the same one again
//! 83 ns both; but here the frequency and the place of the lists are in the answer. A key has 7.7 B there with its value, 7.1 B
//! here before its info. A map must be verified whole before it is trusted, and gives the term of an ordinal only by a second walk.
//!
//! ```text
//! block     = form:u8 singles:u16 tags:4·16 shared:w·16 rest:w·16 info_len:v·16 base:u48 byte* info* end:varint
//! form      = (0 | 1 | 2: w is 4, 8, 32 bits) + 4·(0 | 1 | 2: v is)
//! info      = doc:varint [code:u8 [pair:varint]] gap:varint*     in `singles`: one posting with at most 4 positions
//!           | df:varint start:varint [record_len:varint]         else; the latter in fields with positions
//! ```
//! A block has 16 terms, the last of a field may have fewer; the four arrays have 16 entries in any case, entry 0 in the low bits. A term
//! is `shared` bytes of the one before it and then `rest` of its own, which stand one term after the other; then the infos, of `info_len`
//! bytes each. A tag is a hash of the term (`tag_of`). `base` is the offset of the block's first record, `start` that of a term's record
//! from there; records and positions follow one another without gaps, and the last ends at `end`. The grammar of the index stands in
//! `index`. Blocks are written in runs of about a megabyte between the records, so a writer holds a run and the index, never the whole.
//! Source: Witten, Moffat, Bell, "Managing Gigabytes" (1999), 4.1.

mod block;
mod cursor;
mod index;
mod info;
mod reader;
mod sizes;
mod writer;

pub(super) use cursor::TermCursor;
pub use info::TermEntry;
pub(super) use info::{NewTerm, TermInfo, TermPlace};
pub(super) use reader::{Dictionary, dead_prefix};
pub(super) use writer::TermsWriter;

/// Terms in a block.
pub const BLOCK: u32 = 16;

/// The first eight bytes of a term, padded with zeros, as a number that orders as they do.
#[inline]
#[must_use]
pub fn prefix_of(term: &[u8]) -> u64 {
    if let Some(bytes) = term.first_chunk::<8>() {
        return u64::from_be_bytes(*bytes);
    }
    // Overlapping loads: each byte lands where it belongs, some twice.
    if let (Some(head), Some(tail)) = (term.first_chunk::<4>(), term.last_chunk::<4>()) {
        return u64::from(u32::from_be_bytes(*head)) << 32 | u64::from(u32::from_be_bytes(*tail)) << (64 - 8 * term.len());
    }
    match term {
        [] => 0,
        [.., last] => {
            let middle = term.len() / 2;
            let at = |byte: u8, at: usize| u64::from(byte) << (56 - 8 * at);
            at(term[0], 0) | at(term[middle], middle) | at(*last, term.len() - 1)
        }
    }
}

/// Four bits that tell most terms of a block apart: chunks of eight bytes, each as [`prefix_of`] reads it, from h = 0 on
/// h ← (h ⊕ chunk) · 0x9e3779b97f4a7c15 modulo 2⁶⁴; at least one chunk; the highest bits of the last h. `prefix` is the first chunk.
#[inline]
fn tag_of(prefix: u64, term: &[u8]) -> u8 {
    const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
    let more = term.get(8..).unwrap_or_default().chunks(8);
    let hash = more.fold(prefix.wrapping_mul(GOLDEN), |hash, chunk| (hash ^ prefix_of(chunk)).wrapping_mul(GOLDEN));
    (hash >> 60) as u8
}

/// Length of what two byte strings have in common at their start.
#[inline]
fn shared_len(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}
