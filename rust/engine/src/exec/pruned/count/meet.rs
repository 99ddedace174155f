//! Lists that must all match: how many documents they have in common.
//!
//! **In**: nodes that are lists, the rarest of them no bitmap. **Out**: how many documents have all. **Law**: costs the postings of the rarest list,
//! a [`Lot`](super::super::lot::Lot) at a time, wherever in the segment they lie.

use super::super::clause::Documents;
use super::super::lot::LOT;
use super::super::single::Stretch;
use super::list::List;
use super::region::Counter;
use crate::base::Result;

impl<'m> Counter<'m, '_> {
    /// The rarest list, where lists are all that has to match, and the rarest one is gone through.
    pub fn rarest(&self) -> Option<&'m List<'m>> {
        let lists_alone = self.conditions.is_empty() && self.phrases.is_empty() && self.excluded.0 == self.excluded.1;
        let lead = self.nodes.first().and_then(|lead| self.sole(lead)).filter(|lead| !lead.is_dense())?;
        (lists_alone && self.nodes.len() > 1 && self.nodes.iter().all(|node| node.sole.is_some())).then_some(lead)
    }

    /// Counts the documents that all lists have; stops when more than `limit` were counted.
    pub fn meet(&mut self, lead: &List<'_>, limit: u64) -> Result<u64> {
        self.work.counted_by_lots += 1;
        // One that was stopped may have left some.
        self.arrays.lot.clear();
        let mut total = 0;
        match lead.documents {
            Documents::Sorted(docs) => {
                for start in (0..docs.len()).step_by(LOT) {
                    self.arrays.lot.add(lead.documents, Stretch { start, end: docs.len().min(start + LOT), base: 0 }, self.kernels);
                    total += self.met()?;
                    if total > limit {
                        break;
                    }
                }
            }
            Documents::Aligned { shift, starts, .. } => {
                for (block, bounds) in (0u32..).zip(starts.windows(2)) {
                    let [start, end] = [bounds[0], bounds[1]].map(|start| u32::from_le_bytes(start) as usize);
                    if start >= end {
                        continue;
                    }
                    let stretch = Stretch { start, end, base: block << shift };
                    if !self.arrays.lot.takes(stretch) {
                        total += self.met()?;
                        if total > limit {
                            break;
                        }
                    }
                    self.arrays.lot.add(lead.documents, stretch, self.kernels);
                }
                total += self.met()?;
            }
            Documents::Bitmap { .. } => {}
        }
        Ok(total)
    }

    /// How many documents of the lot all other lists have.
    fn met(&mut self) -> Result<u64> {
        self.interrupt.check()?;
        let (lists, nodes, masks) = (self.lists, self.nodes, self.masks);
        let others = || nodes.iter().skip(1).filter_map(|node| Some(lists.get(node.sole? as usize)?.documents));
        let lot = &mut self.arrays.lot;
        let (marked, probed) = lot.meet(others, self.kernels);
        self.work.marked += marked;
        self.work.probed += probed;
        let found = match masks.is_all() {
            true => lot.docs().len(),
            false => lot.docs().iter().filter(|doc| masks.has(**doc)).count(),
        };
        lot.clear();
        Ok(found as u64)
    }
}
