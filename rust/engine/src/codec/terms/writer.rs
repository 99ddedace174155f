//! The writer twin of the dictionary.

use super::sizes::{self, LANES};
use super::{BLOCK, NewTerm, index, prefix_of, shared_len, tag_of};
use crate::base::{Error, Result, varint};
use crate::codec::codebook::Codebook;

/// A run of blocks is due to be written at this size.
const RUN: usize = 1 << 20;

/// Gathers blocks and their index.
#[derive(Debug, Default)]
pub(in crate::codec) struct TermsWriter {
    /// Finished blocks that are not written yet.
    run: Vec<u8>,
    /// The first of them.
    run_first: usize,
    prefixes: Vec<u64>,
    /// Offsets are relative to the run until it is written.
    places: Vec<u64>,
    lanes: Lanes,
    terms: Vec<u8>,
    infos: Vec<u8>,
    in_block: usize,
    last: Vec<u8>,
    last_prefix: u64,
    count: u32,
}

/// What is gathered of a block besides bytes.
#[derive(Debug, Default)]
struct Lanes {
    base: u64,
    end: u64,
    singles: u16,
    tags: [u32; LANES],
    shared: [u32; LANES],
    rest: [u32; LANES],
    info: [u32; LANES],
}

impl TermsWriter {
    /// Adds a term, greater than all before, whose record begins at `position` if it has one.
    pub fn push(&mut self, term: &[u8], book: &Codebook, position: u64, new: NewTerm<'_>) -> Result<()> {
        if self.count > 0 && term <= &self.last[..] {
            return Err(Error::Defect("the terms of a dictionary do not ascend"));
        }
        if term.len() as u64 >= index::MAX_LEN {
            return Err(Error::Defect("a term takes 16 MiB"));
        }
        self.count = self.count.checked_add(1).ok_or(Error::Defect("a dictionary has over 2^32 - 1 terms"))?;
        let prefix = prefix_of(term);
        let shared = if self.in_block == 0 {
            self.lanes = Lanes { base: position, ..Lanes::default() };
            self.prefixes.push(prefix);
            0
        } else {
            match ((prefix ^ self.last_prefix).leading_zeros() / 8) as usize {
                8 => 8 + shared_len(self.last.get(8..).unwrap_or_default(), term.get(8..).unwrap_or_default()),
                bytes => bytes,
            }
            .min(self.last.len())
        };
        self.terms.extend_from_slice(&term[shared..]);
        let (lanes, lane, infos) = (&mut self.lanes, self.in_block % LANES, self.infos.len());
        let start = position.checked_sub(lanes.base).ok_or(Error::Defect("the records of a dictionary do not ascend"))?;
        new.write(&mut self.infos, book, start);
        lanes.end = start + new.len();
        lanes.singles |= u16::from(matches!(new, NewTerm::Single { .. })) << lane;
        lanes.tags[lane] = u32::from(tag_of(prefix, term));
        (lanes.shared[lane], lanes.rest[lane]) = (shared as u32, (term.len() - shared) as u32);
        lanes.info[lane] = (self.infos.len() - infos) as u32;
        self.last_prefix = prefix;
        self.last.clear();
        self.last.extend_from_slice(term);
        self.in_block += 1;
        if self.in_block == BLOCK as usize { self.close_block() } else { Ok(()) }
    }

    fn close_block(&mut self) -> Result<()> {
        if self.in_block == 0 {
            return Ok(());
        }
        let start = self.run.len();
        let (run, lanes) = (&mut self.run, &self.lanes);
        let max = |sizes: &[u32; LANES]| sizes.iter().copied().max().unwrap_or(0);
        let (terms_form, info_form) = (sizes::form_of(max(&lanes.shared).max(max(&lanes.rest))), sizes::form_of(max(&lanes.info)));
        run.push(terms_form | info_form << 2);
        run.extend_from_slice(&lanes.singles.to_le_bytes());
        sizes::write(run, &lanes.tags, 0);
        sizes::write(run, &lanes.shared, terms_form);
        sizes::write(run, &lanes.rest, terms_form);
        sizes::write(run, &lanes.info, info_form);
        if lanes.base >> 48 != 0 {
            return Err(Error::Defect("a field takes 2^48 bytes"));
        }
        run.extend_from_slice(&lanes.base.to_le_bytes()[..6]);
        run.append(&mut self.terms);
        run.append(&mut self.infos);
        varint::write(run, lanes.end);
        self.in_block = 0;
        let len = (run.len() - start) as u64;
        if len >= index::MAX_LEN {
            return Err(Error::Defect("a block of a dictionary takes 16 MiB"));
        }
        self.places.push(index::place(start as u64, len));
        Ok(())
    }

    /// The run that is due to be written to the section of the postings, before the next record, at `position`.
    pub fn due(&mut self, position: u64) -> Option<Vec<u8>> {
        (self.in_block == 0 && self.run.len() >= RUN).then(|| self.take_run(position))
    }

    fn take_run(&mut self, position: u64) -> Vec<u8> {
        for place in &mut self.places[self.run_first..] {
            *place = index::moved(*place, position);
        }
        self.run_first = self.places.len();
        std::mem::take(&mut self.run)
    }

    /// The last run, to be written at `position`.
    pub fn last_run(&mut self, position: u64) -> Result<Vec<u8>> {
        self.close_block()?;
        Ok(self.take_run(position))
    }

    /// How many terms were pushed.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// The bytes of the index, once the last run was taken.
    pub fn index(&self) -> impl Iterator<Item = [u8; 8]> + '_ {
        index::entries(&self.prefixes, &self.places).map(u64::to_le_bytes)
    }
}
