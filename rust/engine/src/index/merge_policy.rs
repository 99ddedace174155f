//! Which segments to merge: few segments for searching, few rewrites for writing.
//!
//! **In**: sizes and deletions of the committed segments. **Out**: groups to merge. **Law**: segments fall into tiers by size; a tier may
//! hold [`MergePolicy::per_tier`] segments before some of it are merged; among the possible merges the one wins that is small, whose
//! inputs are of similar size, and that frees many deleted documents. No result grows over [`MergePolicy::max_size`]. A segment of which
//! too much is deleted is rewritten. The policy has no memory and no clock: the same segments give the same answer.
//!
//! Source: M. McCandless, Lucene's `TieredMergePolicy` (class comment), with its levels and its score.

/// What the policy knows of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Bytes of the segment.
    pub size: u64,
    /// Documents, deleted ones included.
    pub docs: u32,
    /// Live documents.
    pub live_docs: u32,
}

impl Candidate {
    /// What would be left of its bytes after a merge.
    fn live_size(&self) -> u64 {
        match self.docs {
            0 => 0,
            docs => (u128::from(self.size) * u128::from(self.live_docs) / u128::from(docs)) as u64,
        }
    }

    fn dead_docs(&self) -> u32 {
        self.docs.saturating_sub(self.live_docs)
    }
}

/// The rules of merging.
#[derive(Clone, Copy, Debug)]
pub struct MergePolicy {
    /// Segments that a tier may hold.
    pub per_tier: usize,
    /// Largest number of segments of one merge.
    pub at_once: usize,
    /// Sizes below this count as this: the lowest tier.
    pub floor: u64,
    /// Largest result in bytes.
    pub max_size: u64,
    /// Share of deleted documents above which a segment is rewritten for their sake.
    pub max_dead: f64,
    /// Deleted documents below which no segment is rewritten for their sake.
    pub min_dead_docs: u32,
}

impl Default for MergePolicy {
    fn default() -> Self {
        Self { per_tier: 8, at_once: 10, floor: 2 << 20, max_size: 5 << 30, max_dead: 0.33, min_dead_docs: 1024 }
    }
}

impl MergePolicy {
    /// The next merge to do: places in `segments`, ascending; empty = nothing to do.
    #[must_use]
    pub fn next(&self, segments: &[Candidate]) -> Vec<usize> {
        let mut order: Vec<usize> = (0..segments.len()).collect();
        order.sort_by_key(|&i| (std::cmp::Reverse(segments[i].live_size()), i));
        // Segments that are full stay as they are, until too much of them is deleted.
        order.retain(|&i| segments[i].live_size() < self.max_size / 2 || self.is_wasteful(&segments[i]));
        let mut chosen = if order.len() > self.allowed(segments, &order) { self.best(segments, &order) } else { Vec::new() };
        if chosen.is_empty() {
            // One at a time, the most wasteful first: rewriting frees the most there.
            let share = |i: usize| f64::from(segments[i].dead_docs()) / f64::from(segments[i].docs.max(1));
            chosen = order
                .iter()
                .copied()
                .filter(|&i| self.is_wasteful(&segments[i]))
                .max_by(|&a, &b| share(a).total_cmp(&share(b)))
                .into_iter()
                .collect();
        }
        chosen.sort_unstable();
        chosen
    }

    /// The next merge on the way to at most `max_segments` segments without deleted documents; empty = there.
    #[must_use]
    pub fn next_forced(&self, segments: &[Candidate], max_segments: usize) -> Vec<usize> {
        if segments.len() > max_segments.max(1) {
            // The smallest ones, as many as are too many; the last round then rewrites little twice.
            let mut order: Vec<usize> = (0..segments.len()).collect();
            order.sort_by_key(|&i| (segments[i].live_size(), i));
            order.truncate(segments.len() - max_segments.max(1) + 1);
            order.sort_unstable();
            return order;
        }
        segments.iter().position(|segment| segment.dead_docs() > 0).into_iter().collect()
    }

    fn is_wasteful(&self, segment: &Candidate) -> bool {
        let dead = segment.dead_docs();
        dead >= self.min_dead_docs.max(1) && f64::from(dead) > self.max_dead * f64::from(segment.docs)
    }

    /// How many segments these sizes may make: `per_tier` of the floor's size, as many of `at_once` times that, and so on.
    fn allowed(&self, segments: &[Candidate], order: &[usize]) -> usize {
        let sizes = order.iter().map(|&i| segments[i].live_size());
        let mut left = sizes.clone().fold(0u64, u64::saturating_add);
        let mut level = sizes.min().unwrap_or(0).max(self.floor).max(1);
        let mut allowed = 0;
        loop {
            let count = left / level;
            if count < self.per_tier as u64 || level >= self.max_size {
                return (allowed + left.div_ceil(level) as usize).max(self.per_tier);
            }
            allowed += self.per_tier;
            left -= self.per_tier as u64 * level;
            level = level.saturating_mul(self.at_once as u64).min(self.max_size);
        }
    }

    /// The best group of segments of neighbouring sizes. `order` is by size, largest first.
    fn best(&self, segments: &[Candidate], order: &[usize]) -> Vec<usize> {
        let mut best: Option<(f64, Vec<usize>)> = None;
        for start in 0..order.len() {
            let mut group = Vec::new();
            let mut total = 0u64;
            for &i in &order[start..] {
                if group.len() == self.at_once {
                    break;
                }
                // One that is too large is skipped: smaller ones behind it may still fit.
                let size = segments[i].live_size();
                if total.saturating_add(size) <= self.max_size {
                    total += size;
                    group.push(i);
                }
            }
            if group.len() < 2 {
                continue;
            }
            let score = self.score(segments, &group, total);
            if best.as_ref().is_none_or(|(least, _)| score < *least) {
                best = Some((score, group));
            }
        }
        best.map(|(_, group)| group).unwrap_or_default()
    }

    /// Smaller is better.
    fn score(&self, segments: &[Candidate], group: &[usize], total: u64) -> f64 {
        let floored = |size: u64| size.max(self.floor) as f64;
        let sum: f64 = group.iter().map(|&i| floored(segments[i].live_size())).sum();
        let largest = group.iter().map(|&i| floored(segments[i].live_size())).fold(0.0, f64::max);
        let bytes: f64 = group.iter().map(|&i| segments[i].size as f64).sum();
        // A group that is as large as can be is not held against being of one big and many small.
        let skew = if group.len() == self.at_once { largest / sum } else { 1.0 / group.len() as f64 * largest * group.len() as f64 / sum };
        let kept = if bytes > 0.0 { total as f64 / bytes } else { 0.0 };
        skew * (total as f64).max(1.0).powf(0.05) * kept.powi(2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn full(size: u64) -> Candidate {
        Candidate { size, docs: 1000, live_docs: 1000 }
    }

    /// Merges until there is nothing to do; returns what is left and the bytes written.
    fn settle(policy: &MergePolicy, segments: &mut Vec<Candidate>) -> u64 {
        let mut written = 0;
        loop {
            let group = policy.next(segments);
            if group.is_empty() {
                return written;
            }
            let merged = Candidate {
                size: group.iter().map(|&i| segments[i].live_size()).sum(),
                docs: group.iter().map(|&i| segments[i].live_docs).sum(),
                live_docs: group.iter().map(|&i| segments[i].live_docs).sum(),
            };
            written += merged.size;
            for &i in group.iter().rev() {
                segments.remove(i);
            }
            if merged.docs > 0 {
                segments.push(merged);
            }
        }
    }

    #[test]
    fn few_segments_are_left_alone_and_many_small_ones_are_merged() {
        let policy = MergePolicy::default();
        assert!(policy.next(&[]).is_empty());
        assert!(policy.next(&[full(100 << 20); 4]).is_empty());
        assert!(policy.next(&[full(1000); 8]).is_empty());
        let group = policy.next(&[full(1000); 9]);
        assert_eq!(group, (0..9).collect::<Vec<_>>());
        let mut mixed = vec![full(3 << 30)];
        mixed.extend([full(1 << 20); 12]);
        assert!(!policy.next(&mixed).contains(&0), "the big one is not touched for the small ones");
    }

    #[test]
    fn what_is_deleted_is_freed() {
        let policy = MergePolicy::default();
        let half = Candidate { size: 4 << 30, docs: 1_000_000, live_docs: 500_000 };
        assert_eq!(policy.next(&[full(100), half]), [1]);
        assert!(policy.next(&[Candidate { live_docs: 900_000, ..half }]).is_empty());
        assert_eq!(policy.next(&[Candidate { live_docs: 0, ..half }]), [0]);
        assert!(policy.next(&[Candidate { size: 4 << 30, docs: 100, live_docs: 1 }]).is_empty(), "not for a handful");
    }

    #[test]
    fn a_forced_merge_ends_at_the_wanted_number_without_deletions() {
        let policy = MergePolicy::default();
        assert_eq!(policy.next_forced(&[full(5), full(1), full(3)], 2), [1, 2]);
        assert_eq!(policy.next_forced(&[full(5), full(1), full(3)], 1), [0, 1, 2]);
        assert!(policy.next_forced(&[full(5), full(4)], 2).is_empty());
        assert_eq!(policy.next_forced(&[full(5), Candidate { live_docs: 3, ..full(5) }], 2), [1]);
        assert!(policy.next_forced(&[], 1).is_empty());
    }

    #[test]
    fn the_cost_of_many_commits_is_logarithmic() {
        let policy = MergePolicy::default();
        let mut segments = Vec::new();
        let (mut written, mut most) = (0, 0);
        for _ in 0..5_000 {
            segments.push(full(1 << 20));
            written += settle(&policy, &mut segments);
            most = most.max(segments.len());
        }
        assert!(most <= 40, "{most} segments");
        assert!(written <= 6 * 5_000 * (1 << 20), "each byte was written {} times", written / (5_000 << 20));
    }

    proptest! {
        #[test]
        fn merging_ends_and_keeps_its_limits(sizes in prop::collection::vec((0u64..1 << 34, 0u32..5000, 0u32..5000), 0..60)) {
            let policy = MergePolicy::default();
            let mut segments: Vec<_> =
                sizes.iter().map(|&(size, a, b)| Candidate { size, docs: a.max(b), live_docs: a.min(b) }).collect();
            for _ in 0..500 {
                let group = policy.next(&segments);
                if group.is_empty() {
                    break;
                }
                prop_assert!(group.is_sorted() && group.len() <= policy.at_once && group.iter().all(|&i| i < segments.len()));
                let total: u64 = group.iter().map(|&i| segments[i].live_size()).sum();
                prop_assert!(group.len() == 1 || total <= policy.max_size);
                let docs = group.iter().map(|&i| segments[i].live_docs).sum();
                for &i in group.iter().rev() {
                    segments.remove(i);
                }
                if docs > 0 {
                    segments.push(Candidate { size: total, docs, live_docs: docs });
                }
            }
            prop_assert!(policy.next(&segments).is_empty());
        }
    }
}
