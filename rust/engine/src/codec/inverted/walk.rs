//! Everything that a field holds, in order: for merges, and for the check of an index.

use super::super::postings::Postings;
use super::super::terms::TermCursor;
use super::InvertedReader;
use super::head::Head;
use crate::base::{Error, Interrupt, Result, TermOrd};

impl InvertedReader {
    /// Reads everything that the field holds, and compares it with its counts.
    ///
    /// # Errors
    /// [`Error::Corruption`] for the first thing that contradicts another; an interrupt's.
    pub fn check(&self, interrupt: &Interrupt) -> Result<()> {
        let wrong = |what: &str| self.codebook.corruption(0, what);
        let mut counts = vec![0u64; self.head.book.pairs().len()];
        let (mut docs, mut pairs, mut deltas) = (Vec::new(), Vec::new(), Vec::new());
        let (mut walk, mut last, mut terms) = (self.walk(), Vec::new(), 0);
        let norms = self.norms()?;
        while walk.advance()? {
            if terms % 1024 == 0 {
                interrupt.check()?;
            }
            if terms > 0 && walk.term() <= &last[..] {
                return Err(wrong("the terms of a field do not ascend"));
            }
            last.clear();
            last.extend_from_slice(walk.term());
            terms += 1;
            docs.clear();
            pairs.clear();
            deltas.clear();
            walk.postings()?.read_all(&mut docs, &mut pairs, &mut deltas)?;
            if !docs.is_sorted_by(|a, b| a < b) {
                return Err(wrong("the documents of a term do not ascend"));
            }
            for (doc, number) in docs.iter().zip(&pairs) {
                let (count, pair) = counts
                    .get_mut(*number as usize)
                    .zip(self.head.book.pairs().get(*number as usize))
                    .ok_or_else(|| wrong("a pair beyond the last"))?;
                *count += 1;
                if self.norms.is_some() && norms.get(*doc as usize) != Some(&pair.norm) {
                    return Err(wrong("a posting has another length than its document"));
                }
            }
        }
        let lengths = norms.iter().filter(|norm| **norm > 0).count();
        if counts != self.pair_counts()? || terms != self.terms() || (self.norms.is_some() && lengths != self.docs() as usize) {
            return Err(wrong("the counts of a field are not those of its lists"));
        }
        self.bigrams.as_ref().map_or(Ok(()), |bigrams| bigrams.check(interrupt))
    }

    /// A cursor over all terms, with the postings of each.
    pub(crate) fn walk(&self) -> TermWalk<'_> {
        TermWalk { reader: self, cursor: TermCursor::new(&self.dictionary, 0) }
    }

    /// How many postings have each pair of the codebook, read again from the head.
    pub(crate) fn pair_counts(&self) -> Result<Vec<u64>> {
        Ok(Head::read(self.codebook.all()?).map(|head| head.counts).unwrap_or_default())
    }
}

/// Walks the terms of a field in order.
pub(crate) struct TermWalk<'a> {
    reader: &'a InvertedReader,
    cursor: TermCursor<'a>,
}

impl<'a> TermWalk<'a> {
    /// To the next term; `false` at the end.
    pub fn advance(&mut self) -> Result<bool> {
        Ok(self.cursor.advance()?.is_some())
    }

    /// The current term.
    pub fn term(&self) -> &[u8] {
        self.cursor.term()
    }

    /// The current term's ordinal.
    pub fn ord(&self) -> TermOrd {
        self.cursor.ord()
    }

    /// The current term's postings. At most once a term.
    pub fn postings(&mut self) -> Result<Postings<'a>> {
        let info = self.cursor.info(&self.reader.head.book)?.ok_or(Error::Defect("postings were asked of no term"))?;
        self.reader.open_postings(info)
    }
}
