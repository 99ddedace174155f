//! Reads the positions of a term's postings.
//!
//! **In**: postings by index. **Out**: positions, or where the gaps between them lie. **Law**: of a posting are read its group's head and its
//! own gaps; term frequencies only in groups that do not say where a posting begins. What a damaged file makes up is an error or a wrong
//! number.

use super::Damaged;
use super::reader::Postings;
use crate::base::Result;
use crate::codec::positions::{PositionLists, PositionPlace};

impl<'a> Postings<'a> {
    /// Replaces `out` by the positions of a posting, ascending.
    ///
    /// # Errors
    /// As [`Postings::collect_window`], also when there is no such posting. A field without positions has none.
    pub fn positions(&mut self, index: u32, out: &mut Vec<u32>) -> Result<()> {
        out.clear();
        if !self.field.has_positions {
            return Ok(());
        }
        let mut last = 0u32;
        let mut next = |delta| {
            last = last.wrapping_add(delta);
            out.push(last);
        };
        let mut place = PositionPlace::none();
        if self.locate(index, &mut place)? {
            place.gaps().for_each(next);
            return Ok(());
        }
        self.positions.read_inline(self.pair(index)?.tf, &mut next)
    }

    /// Sets `place` to where the gaps between the positions of a posting lie, the first gap from 0; `false` where they are not packed: then
    /// [`Postings::positions`] has them.
    ///
    /// # Errors
    /// As [`Postings::positions`].
    #[inline]
    pub fn locate(&mut self, index: u32, place: &mut PositionPlace<'a>) -> Result<bool> {
        if self.positions.is_inline() || !self.field.has_positions {
            return Ok(false);
        }
        if index >= self.df {
            return Err(self.corruption(Damaged("a posting beyond the last")));
        }
        let number = PositionLists::group_of(index);
        // The group stays where it is: copying it would cost more than looking into it.
        if self.reached.as_ref().is_none_or(|(reached, _)| *reached != number) {
            self.reached = Some((number, self.positions.group(number)?));
        }
        let Some((_, group)) = &self.reached else { return Ok(false) };
        let first = PositionLists::first_of(number);
        let (before, tf) = match group.find(index - first) {
            Some((before, tf)) => (u64::from(before), u64::from(tf)),
            None => self.add_up(first, index),
        };
        self.positions.place(group, before, tf, 1, place)?;
        Ok(true)
    }

    /// The sum of the term frequencies of the postings `first..index`, and that of `index`.
    #[cold]
    fn add_up(&self, first: u32, index: u32) -> (u64, u64) {
        let book = self.field.book;
        let top = |index: u32| match self.codes.get(index as usize) {
            Some(code) => u64::from(book.meaning(*code).tf),
            None => book.pairs().first().map_or(1, |pair| u64::from(pair.tf)),
        };
        let (mut before, mut tf) = ((first..index).map(top).fold(0, u64::wrapping_add), top(index));
        self.exceptions.each(first, index + 1, |exception, pair| {
            let real = book.pairs().get(pair as usize).map_or(1, |pair| u64::from(pair.tf));
            if exception == index {
                tf = real;
            } else {
                before = before.wrapping_add(real).wrapping_sub(top(exception));
            }
        });
        (before, tf)
    }

    /// Bytes that are read first for the positions of a posting, not verified and never to be believed: for asking the memory for them ahead
    /// of time. Where its group is written down. Empty where there is nothing to ask for.
    #[inline]
    #[must_use]
    pub fn directory_ahead(&self, index: u32) -> [&'a [u8]; 2] {
        let asked = self.field.has_positions && index < self.df;
        [if asked { self.positions.directory_ahead(index) } else { &[] }, &[]]
    }

    /// Bytes that are read next, when that is at hand: of its group the first, and about where its positions are.
    #[inline]
    #[must_use]
    pub fn positions_ahead(&self, index: u32) -> [&'a [u8]; 2] {
        if !self.field.has_positions || index >= self.df {
            return [&[], &[]];
        }
        let (group, about) = self.positions.group_ahead(index);
        [group, group.get(about..).unwrap_or_default()]
    }
}
