//! The best of one segment: by score, or by the values of fields.
//!
//! **In**: documents, by score in ascending order, each with a score or a row of keys. **Out**: the `k` that come first, in order. **Law**: what
//! is equal in all keys keeps the order of the documents, which inside a segment is the order of age. Memory is twice `k` rows, and no
//! row costs an allocation: rows are gathered and the worse half is dropped when there are too many (Floyd–Rivest selection, amortised
//! constant time a row).

/// Rows gathered before the first selection at least.
const FEW: usize = 64;

/// The documents with the highest scores.
#[derive(Debug)]
pub struct TopByScore {
    k: usize,
    /// A score below which nothing can enter any more; at which only an older document can, and later ones in a segment never are.
    floor: Option<i64>,
    rows: Vec<(i64, u32)>,
}

impl TopByScore {
    /// For the best `k`.
    #[must_use]
    pub fn new(k: usize) -> Self {
        Self { k, floor: None, rows: Vec::new() }
    }

    /// Whether a document of this score, later than all before, would enter.
    #[inline]
    #[must_use]
    pub fn would_enter(&self, score: i64) -> bool {
        self.floor.is_none_or(|floor| score > floor)
    }

    /// Takes a document that is later than all before it.
    #[inline]
    pub fn push(&mut self, score: i64, doc: u32) {
        if self.would_enter(score) {
            self.rows.push((score, doc));
            if self.rows.len() >= self.k.saturating_mul(2).max(FEW) {
                self.select();
            }
        }
    }

    fn select(&mut self) {
        if self.k == 0 {
            self.rows.clear();
            self.floor = Some(i64::MAX);
        } else if self.rows.len() >= self.k {
            self.rows.select_nth_unstable_by_key(self.k - 1, |&(score, doc)| (std::cmp::Reverse(score), doc));
            self.rows.truncate(self.k);
            self.floor = self.rows.last().map(|&(score, _)| score);
        }
    }

    /// How many were kept so far, at most `k`.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len().min(self.k)
    }

    /// Whether none was kept so far.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The best, best first.
    #[must_use]
    pub fn finish(mut self) -> Vec<(i64, u32)> {
        self.select();
        self.rows.sort_unstable_by_key(|&(score, doc)| (std::cmp::Reverse(score), doc));
        self.rows
    }
}

/// One sort value in an order that counts upwards: [`Key::MISSING`] comes last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    missing: bool,
    value: i64,
}

impl Key {
    /// A missing value, last in both directions.
    pub const MISSING: Self = Self { missing: true, value: 0 };
    /// No key comes before it.
    pub const FIRST: Self = Self { missing: false, value: i64::MIN };

    /// An integer; under `descending` larger ones come first.
    #[inline]
    #[must_use]
    pub fn integer(value: i64, descending: bool) -> Self {
        Self { missing: false, value: if descending { !value } else { value } }
    }

    /// The integer that it was made from.
    #[must_use]
    pub fn to_integer(self, descending: bool) -> i64 {
        if descending { !self.value } else { self.value }
    }

    /// A float in the order of numbers; −0 equals 0.
    #[inline]
    #[must_use]
    pub fn float(value: f64, descending: bool) -> Self {
        let bits = (value + 0.0).to_bits() as i64;
        Self::integer(if bits < 0 { i64::MIN ^ !bits } else { bits }, descending)
    }
}

/// The documents whose keys come first.
#[derive(Debug)]
pub struct TopByKeys {
    k: usize,
    width: usize,
    full: bool,
    /// The last row that is in, once there are `k`, and its document.
    last: Vec<Key>,
    last_doc: u32,
    keys: Vec<Key>,
    rows: Vec<Row>,
}

#[derive(Clone, Copy, Debug)]
struct Row {
    score: i64,
    doc: u32,
    at: usize,
}

/// A document that was kept: its keys, number, and score.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// In the order of the sort keys.
    pub keys: Vec<Key>,
    /// Its number in the segment.
    pub doc: u32,
    /// Its score.
    pub score: i64,
}

impl TopByKeys {
    /// For the first `k`, sorted by `width` keys.
    #[must_use]
    pub fn new(k: usize, width: usize) -> Self {
        Self { k, width, full: false, last: Vec::new(), last_doc: 0, keys: Vec::new(), rows: Vec::new() }
    }

    /// The last row that is in and its document, as far as is known, once there are `k`.
    #[inline]
    #[must_use]
    pub fn last(&self) -> Option<(&[Key], u32)> {
        self.full.then_some((&self.last[..], self.last_doc))
    }

    /// Finds out which row is the last that is in.
    pub fn settle(&mut self) {
        if self.rows.len() >= if self.full { self.k + self.k / 2 + FEW / 4 } else { self.k } {
            self.select();
        }
    }

    /// Takes a document.
    #[inline]
    pub fn push(&mut self, keys: &[Key], doc: u32, score: i64) {
        if self.full && (keys, doc) > (self.last.as_slice(), self.last_doc) {
            return;
        }
        self.rows.push(Row { score, doc, at: self.keys.len() });
        self.keys.extend_from_slice(keys);
        if self.rows.len() >= self.k.saturating_mul(2).max(FEW) {
            self.select();
        }
    }

    fn select(&mut self) {
        if self.k == 0 {
            self.rows.clear();
            self.keys.clear();
            self.full = true;
        } else if self.rows.len() >= self.k {
            let Self { width, keys, rows, .. } = self;
            let of = |row: &Row| keys.get(row.at..row.at + *width).unwrap_or_default();
            rows.select_nth_unstable_by(self.k - 1, |a, b| of(a).cmp(of(b)).then(a.doc.cmp(&b.doc)));
            rows.truncate(self.k);
            let mut kept = Vec::with_capacity(2 * rows.len() * *width);
            for row in rows.iter_mut() {
                let at = kept.len();
                kept.extend_from_slice(of(row));
                row.at = at;
            }
            self.last.clear();
            if let Some(row) = rows.last() {
                self.last.extend_from_slice(&kept[row.at..]);
                self.last_doc = row.doc;
            }
            self.full = true;
            self.keys = kept;
        }
    }

    /// The first, in order.
    #[must_use]
    pub fn finish(mut self) -> Vec<Kept> {
        self.select();
        let keys = |row: &Row| self.keys.get(row.at..row.at + self.width).unwrap_or_default();
        self.rows.sort_unstable_by(|a, b| keys(a).cmp(keys(b)).then(a.doc.cmp(&b.doc)));
        self.rows.iter().map(|row| Kept { keys: keys(row).to_vec(), doc: row.doc, score: row.score }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_best_are_those_of_sorting_everything(scores in prop::collection::vec(0i64..40, 0..400), k in 0usize..50) {
            let mut top = TopByScore::new(k);
            scores.iter().enumerate().for_each(|(doc, &score)| top.push(score, doc as u32));
            let mut all: Vec<_> = scores.iter().enumerate().map(|(doc, &score)| (score, doc as u32)).collect();
            all.sort_by_key(|&(score, doc)| (std::cmp::Reverse(score), doc));
            all.truncate(k);
            prop_assert_eq!(top.finish(), all);
        }

        #[test]
        fn the_first_are_those_of_sorting_everything(
            rows in prop::collection::vec((prop::option::of(-5i64..5), prop::option::of(-2.0f64..2.0)), 0..300), k in 0usize..40, down in any::<(bool, bool)>(),
        ) {
            let mut top = TopByKeys::new(k, 2);
            for (doc, (int, float)) in rows.iter().enumerate() {
                let keys = [int.map_or(Key::MISSING, |v| Key::integer(v, down.0)), float.map_or(Key::MISSING, |v| Key::float(v, down.1))];
                top.push(&keys, doc as u32, doc as i64);
            }
            let mut all: Vec<_> = (0..rows.len()).collect();
            fn order<T: PartialOrd>(a: Option<T>, b: Option<T>, down: bool) -> std::cmp::Ordering {
                match (a, b) {
                    (Some(a), Some(b)) => if down { b.partial_cmp(&a) } else { a.partial_cmp(&b) }.unwrap_or(std::cmp::Ordering::Equal),
                    (a, b) => b.is_some().cmp(&a.is_some()),
                }
            }
            all.sort_by(|&a, &b| order(rows[a].0, rows[b].0, down.0).then(order(rows[a].1, rows[b].1, down.1)).then(a.cmp(&b)));
            all.truncate(k);
            let kept: Vec<_> = top.finish().into_iter().map(|kept| kept.doc as usize).collect();
            prop_assert_eq!(kept, all);
        }
    }

    #[test]
    fn floats_are_ordered_as_numbers() {
        let values = [f64::MIN, -1.0, -f64::MIN_POSITIVE, 0.0, 5e-324, 1.0, f64::MAX];
        for pair in values.windows(2) {
            assert!(Key::float(pair[0], false) < Key::float(pair[1], false), "{pair:?}");
            assert!(Key::float(pair[0], true) > Key::float(pair[1], true), "{pair:?}");
        }
        assert_eq!(Key::float(-0.0, false), Key::float(0.0, false));
        assert!(Key::MISSING > Key::integer(i64::MAX, false) && Key::MISSING > Key::integer(i64::MIN, true));
    }
}
