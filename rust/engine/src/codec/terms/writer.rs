//! The writer twin of the dictionary.

use super::{BLOCK, ESCAPE, index, prefix_of, shared_len};
use crate::base::{Error, Result, varint};

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
    base: u64,
    terms: Vec<u8>,
    infos: Vec<u8>,
    in_block: u32,
    last: Vec<u8>,
    last_prefix: u64,
    count: u32,
}

impl TermsWriter {
    /// Adds a term, greater than all before, whose record would begin at `position`; `info` appends what stands beside it.
    pub fn push(&mut self, term: &[u8], position: u64, info: impl FnOnce(&mut Vec<u8>)) -> Result<()> {
        if self.count > 0 && term <= &self.last[..] {
            return Err(Error::Defect("the terms of a dictionary do not ascend"));
        }
        self.count = self.count.checked_add(1).ok_or(Error::Defect("a dictionary has over 2^32 - 1 terms"))?;
        let prefix = prefix_of(term);
        if self.in_block == 0 {
            self.base = position;
            self.prefixes.push(prefix);
            varint::write(&mut self.terms, term.len() as u64);
            self.terms.extend_from_slice(term);
        } else {
            let shared = match ((prefix ^ self.last_prefix).leading_zeros() / 8) as usize {
                8 => 8 + shared_len(self.last.get(8..).unwrap_or_default(), term.get(8..).unwrap_or_default()),
                bytes => bytes,
            }
            .min(self.last.len());
            let suffix = &term[shared..];
            self.terms.push((shared.min(ESCAPE) | suffix.len().min(ESCAPE) << 4) as u8);
            for len in [shared, suffix.len()] {
                if len >= ESCAPE {
                    varint::write(&mut self.terms, len as u64);
                }
            }
            self.terms.extend_from_slice(suffix);
        }
        info(&mut self.infos);
        self.last_prefix = prefix;
        self.last.clear();
        self.last.extend_from_slice(term);
        self.in_block += 1;
        if self.in_block == BLOCK { self.close_block() } else { Ok(()) }
    }

    fn close_block(&mut self) -> Result<()> {
        if self.in_block == 0 {
            return Ok(());
        }
        let start = self.run.len();
        varint::write(&mut self.run, self.base);
        varint::write(&mut self.run, self.terms.len() as u64);
        self.run.append(&mut self.terms);
        self.run.append(&mut self.infos);
        self.in_block = 0;
        let len = (self.run.len() - start) as u64;
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
