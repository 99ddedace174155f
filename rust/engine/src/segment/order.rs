//! The order of a merge: which document of which source comes next.
//!
//! **In**: sources with their live documents, or a permutation. **Out**: runs of neighbours, and the map of each source. **Law**: memory
//! follows the number of runs, which is small when sources follow each other in time and few documents are dead.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::doc_map::DocMap;
use super::merge::MergeSource;
use crate::base::bits::BitSet;
use crate::base::{DocId, Error, Interrupt, Result};

/// Neighbours of one source that stay neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub source: usize,
    pub first: u32,
    pub len: u32,
}

/// The runs in target order.
#[derive(Debug, Default)]
pub(super) struct Order {
    pub runs: Vec<Run>,
    pub docs: u32,
}

impl Order {
    fn push(&mut self, source: usize, doc: u32) -> Result<()> {
        if self.docs >= super::builder::MAX_DOCS {
            return Err(Error::Defect("a merge of more documents than a segment can number"));
        }
        match self.runs.last_mut() {
            Some(run) if run.source == source && run.first + run.len == doc => run.len += 1,
            _ => self.runs.push(Run { source, first: doc, len: 1 }),
        }
        self.docs += 1;
        Ok(())
    }

    /// All live documents by sequence number.
    pub fn by_sequence(sources: &[MergeSource<'_>], interrupt: &Interrupt) -> Result<Self> {
        let mut order = Self::default();
        let mut heap = BinaryHeap::with_capacity(sources.len());
        let mut queues: Vec<Queue<'_>> = sources.iter().map(Queue::new).collect::<Result<_>>()?;
        for (number, queue) in queues.iter_mut().enumerate() {
            heap.extend(queue.next()?.map(|(sequence, doc)| Reverse((sequence, number, doc))));
        }
        while let Some(Reverse((_, number, doc))) = heap.pop() {
            order.push(number, doc)?;
            if order.docs.is_multiple_of(4096) {
                interrupt.check()?;
            }
            let Some(queue) = queues.get_mut(number) else { continue };
            // As long as the same source stays ahead, the heap is not asked.
            let ahead = heap.peek().map(|Reverse((sequence, ..))| *sequence);
            while let Some((sequence, doc)) = queue.next()? {
                if ahead.is_some_and(|ahead| sequence > ahead) {
                    heap.push(Reverse((sequence, number, doc)));
                    break;
                }
                order.push(number, doc)?;
            }
        }
        Ok(order)
    }

    /// The given live documents in the given order.
    pub fn given(sources: &[MergeSource<'_>], permutation: &[(usize, DocId)]) -> Result<Self> {
        const WRONG: Error = Error::Defect("a merge order that is no permutation of the live documents");
        let mut rest: Vec<BitSet> =
            sources.iter().map(|source| source.live.cloned().unwrap_or_else(|| BitSet::full(source.reader.doc_count()))).collect();
        let mut order = Self::default();
        for (number, doc) in permutation {
            if !rest.get_mut(*number).is_some_and(|rest| rest.remove(doc.0)) {
                return Err(WRONG);
            }
            order.push(*number, doc.0)?;
        }
        if rest.iter().any(|rest| rest.count() > 0) {
            return Err(WRONG);
        }
        Ok(order)
    }

    /// Where the documents of each source go.
    pub fn maps(&self, sources: &[MergeSource<'_>]) -> Vec<DocMap> {
        let mut maps: Vec<DocMap> = sources.iter().map(|source| DocMap::dropped(source.reader.doc_count())).collect();
        let mut next = 0;
        for run in &self.runs {
            if let Some(map) = maps.get_mut(run.source) {
                (0..run.len).for_each(|i| map.set(DocId(run.first + i), DocId(next + i)));
            }
            next += run.len;
        }
        maps
    }

    /// Hands out source, old and new document, in target order; looks for an interrupt now and then.
    pub fn each(&self, interrupt: &Interrupt, mut each: impl FnMut(usize, DocId, DocId) -> Result<()>) -> Result<()> {
        let mut next = 0u32;
        for run in &self.runs {
            for doc in run.first..run.first + run.len {
                if next.is_multiple_of(4096) {
                    interrupt.check()?;
                }
                each(run.source, DocId(doc), DocId(next))?;
                next += 1;
            }
        }
        Ok(())
    }
}

/// The live documents of one source by sequence number.
struct Queue<'a> {
    source: &'a MergeSource<'a>,
    /// The order, where it is not that of the document ids.
    sorted: Option<Vec<(u64, u32)>>,
    at: u32,
}

impl<'a> Queue<'a> {
    fn new(source: &'a MergeSource<'a>) -> Result<Self> {
        let mut sorted = None;
        if !source.reader.in_sequence_order() {
            let docs = (0..source.reader.doc_count()).filter(|doc| source.is_live(*doc));
            let mut all = docs.map(|doc| Ok((source.sequence(DocId(doc))?, doc))).collect::<Result<Vec<_>>>()?;
            all.sort_unstable();
            sorted = Some(all);
        }
        Ok(Self { source, sorted, at: 0 })
    }

    fn next(&mut self) -> Result<Option<(u64, u32)>> {
        if let Some(sorted) = &self.sorted {
            self.at += 1;
            return Ok(sorted.get(self.at as usize - 1).copied());
        }
        while self.at < self.source.reader.doc_count() {
            let doc = self.at;
            self.at += 1;
            if self.source.is_live(doc) {
                return Ok(Some((self.source.sequence(DocId(doc))?, doc)));
            }
        }
        Ok(None)
    }
}
