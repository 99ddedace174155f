//! Terms by range and by edit distance.
//!
//! **Law**: a scan decodes the blocks that it must and no others; an edit-distance automaton also passes over blocks that it refuses by the
//! prefix which all their terms share. Source: Schulz and Mihov, "Fast String Correction with Levenshtein-Automata" (2002), by
//! `levenshtein_automata`.

use std::ops::Bound;

use levenshtein_automata::{DFA, Distance, SINK_STATE};

use super::super::terms::{self, TermCursor, dead_prefix};
use super::InvertedReader;
use crate::base::{Result, TermOrd};

/// Takes a term, its ordinal and its distance; `false` ends the scan.
pub type FuzzySink<'f> = dyn FnMut(&[u8], TermOrd, u8) -> Result<bool> + 'f;

impl InvertedReader {
    /// Calls `f(term, ordinal)` for the terms between two bounds, in byte order, until it says `false`.
    ///
    /// # Errors
    /// As [`InvertedReader::find`]; what `f` returns.
    pub fn scan(&self, from: Bound<&[u8]>, to: Bound<&[u8]>, f: &mut dyn FnMut(&[u8], TermOrd) -> Result<bool>) -> Result<()> {
        let block = match from {
            Bound::Included(term) | Bound::Excluded(term) if self.terms() > 0 => self.dictionary.block_of(term)?,
            _ => 0,
        };
        let mut cursor = TermCursor::new(&self.dictionary, block);
        let mut reached = matches!(from, Bound::Unbounded);
        while cursor.advance()?.is_some() {
            let term = cursor.term();
            reached = reached
                || match from {
                    Bound::Included(from) => term >= from,
                    Bound::Excluded(from) => term > from,
                    Bound::Unbounded => true,
                };
            let inside = match to {
                Bound::Included(to) => term <= to,
                Bound::Excluded(to) => term < to,
                Bound::Unbounded => true,
            };
            if !inside || (reached && !f(term, cursor.ord())?) {
                break;
            }
        }
        Ok(())
    }

    /// Calls `f(term, ordinal, distance)` for the terms that an edit-distance automaton accepts, in byte order, until it says `false`.
    /// Blocks whose common prefix the automaton refuses are passed over unread.
    ///
    /// # Errors
    /// As [`InvertedReader::find`]; what `f` returns.
    pub fn scan_automaton(&self, automaton: &DFA, f: &mut FuzzySink<'_>) -> Result<()> {
        let index = self.dictionary.index()?;
        let prefix = |block: usize| index.prefix(block);
        let mut cursor = TermCursor::new(&self.dictionary, 0);
        // The states after each byte of the current term, up to the first dead one.
        let mut states = vec![automaton.initial_state()];
        let mut block = 0;
        while let Some(first) = prefix(block) {
            if let Some(next) = prefix(block + 1) {
                let mut state = automaton.initial_state();
                let dead = dead_prefix(first, next, |byte| {
                    state = automaton.transition(state, byte);
                    state != SINK_STATE
                });
                if let Some(len) = dead {
                    // All terms of the blocks from here on that begin so are refused. The last such block may go on behind them.
                    let shift = 64 - 8 * len;
                    let same = |block: usize| prefix(block).is_some_and(|other| other >> shift == first >> shift);
                    block += 1;
                    while same(block + 1) {
                        block += 1;
                    }
                    continue;
                }
            }
            cursor.jump(block);
            states.truncate(1);
            for _ in 0..terms::BLOCK.min(self.terms() - block as u32 * terms::BLOCK) {
                let Some(shared) = cursor.advance()? else { break };
                if shared + 1 < states.len() {
                    states.truncate(shared + 1);
                }
                if states.last() == Some(&SINK_STATE) {
                    continue;
                }
                let mut state = states.last().copied().unwrap_or(SINK_STATE);
                for byte in cursor.term().get(states.len() - 1..).unwrap_or_default() {
                    state = automaton.transition(state, *byte);
                    states.push(state);
                    if state == SINK_STATE {
                        break;
                    }
                }
                if let Distance::Exact(distance) = automaton.distance(state)
                    && !f(cursor.term(), cursor.ord(), distance)?
                {
                    return Ok(());
                }
            }
            block += 1;
        }
        Ok(())
    }
}
