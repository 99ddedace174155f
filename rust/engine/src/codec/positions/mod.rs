//! Where in its documents a term stands.
//!
//! **In**: for each posting the gaps between its positions, the first counted from 0; as many as its term frequency. **Out**: the same, by
//! posting index. **Law**: 128 postings make a group, whose gaps follow one another at one width. A bit for each gap says whether a posting
//! begins there, so a posting's gaps are found without looking at any other structure; where a group has very many, they begin after the
//! sum of the term frequencies before it in its group, which the codes give. A width of 0 only where each posting has one position, so
//! damaged numbers cannot ask for more values than there are bytes.
//!
//! ```text
//! positions = [end:u32|u64 ×groups] (head:u8 [count:u16 begins:u8 ×ceil(count/8)] gaps)*groups          groups = ceil(df/128)
//! head      = width + 64·marked + 128·single
//! ```
//! A group is `single` when each of its postings has one position. Others are `marked` when they have at most 4096: `count` is how many, and
//! bit i of `begins`, low bits first, is set when gap i is a posting's first.
//! `end` is where a group ends, counted from the start of group 0; left out when there is one group; 8 bytes each when the term's
//! positions take over 2³² bytes. A term with a single posting and up to four positions has them in the dictionary, a varint each.

mod group;

use std::ops::Range;

use super::container::Section;
use crate::base::{Error, Result, varint};
use group::write_group;
pub use group::{Gaps, PositionGroup, PositionPlace};

/// Postings in a group.
pub const GROUP: u32 = 128;

/// Appends the positions of a term in `df` documents: `tf` by posting index, `deltas` one posting after the other.
pub fn write(out: &mut Vec<u8>, df: usize, tf: impl Fn(usize) -> u32, deltas: &[u32]) {
    let groups = df.div_ceil(GROUP as usize);
    let start = out.len();
    let mut tfs = [0; GROUP as usize];
    let mut of = |postings: Range<usize>| {
        let len = postings.len().min(tfs.len());
        tfs.iter_mut().zip(postings).for_each(|(slot, index)| *slot = tf(index));
        (tfs, len)
    };
    if groups == 1 {
        let (tfs, len) = of(0..df);
        return write_group(out, &tfs[..len], deltas);
    }
    // The directory's entries are four bytes unless the groups turn out too large for them: then everything moves once.
    out.resize(start + groups * 4, 0);
    let mut ends = Vec::with_capacity(groups);
    let (mut rest, base) = (deltas, out.len());
    for first in (0..df).step_by(GROUP as usize) {
        let (tfs, len) = of(first..(first + GROUP as usize).min(df));
        let tfs = &tfs[..len];
        let count = tfs.iter().map(|tf| *tf as usize).sum::<usize>().min(rest.len());
        let (group, later) = rest.split_at(count);
        write_group(out, tfs, group);
        ends.push((out.len() - base) as u64);
        rest = later;
    }
    if ends.last().is_some_and(|end| *end > WIDE_FROM) {
        let wide: Vec<u8> = ends.iter().flat_map(|end| end.to_le_bytes()).collect();
        out.splice(start..base, wide);
    } else {
        for (slot, end) in out[start..base].as_chunks_mut::<4>().0.iter_mut().zip(ends) {
            *slot = (end as u32).to_le_bytes();
        }
    }
}

/// Groups of more bytes have eight-byte ends.
const WIDE_FROM: u64 = u32::MAX as u64;

/// The reader twin. Verifies the pages of a group when it reads the group: a query without phrases never touches positions.
#[derive(Clone, Copy, Debug)]
pub struct PositionLists<'a> {
    source: Source<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Source<'a> {
    /// Varints beside the term.
    Inline { section: &'a Section, at: usize, bytes: &'a [u8] },
    /// Groups at a place of the section.
    Stored { section: &'a Section, start: usize, end: usize, groups: usize },
}

impl<'a> PositionLists<'a> {
    /// All positions of a term in `df` documents, at `range` of `section`.
    #[must_use]
    pub fn new(section: &'a Section, range: Range<usize>, df: u32) -> Self {
        Self { source: Source::Stored { section, start: range.start, end: range.end, groups: df.div_ceil(GROUP) as usize } }
    }

    /// The varints of a single posting; `at` is where its block stands, for errors.
    #[must_use]
    pub fn inline(section: &'a Section, at: usize, bytes: &'a [u8]) -> Self {
        Self { source: Source::Inline { section, at, bytes } }
    }

    /// The group of a posting.
    #[must_use]
    pub fn group_of(index: u32) -> u32 {
        index / GROUP
    }

    /// The first posting of a group.
    #[must_use]
    pub fn first_of(group: u32) -> u32 {
        group * GROUP
    }

    /// A group. None where positions are inline.
    ///
    /// # Errors
    /// [`Error::Corruption`] when the directory contradicts itself.
    #[inline]
    pub fn group(&self, group: u32) -> Result<PositionGroup<'a>> {
        let (section, range) = match self.source {
            Source::Inline { section, at, .. } => return Err(section.corruption(at, CUT)),
            Source::Stored { section, start, end, groups: 0 | 1 } => (section, start..end),
            Source::Stored { section, start, end, groups } => {
                let (entries, base) = self.entries(group);
                let ends = section.read(entries.start..entries.end.min(base))?;
                let range = between(group, ends, base);
                if (group as usize) >= groups || range.end > end {
                    return Err(section.corruption(start, CUT));
                }
                (section, range)
            }
        };
        let at = range.start;
        PositionGroup::read(section.read(range)?).ok_or_else(|| section.corruption(at, CUT))
    }

    /// Where the directory says where a group begins and ends, one entry for group 0 and two for the others; and where group 0 begins.
    #[inline]
    fn entries(&self, group: u32) -> (Range<usize>, usize) {
        let Source::Stored { start, end, groups, .. } = self.source else { return (0..0, 0) };
        // Which width it is follows from the length: narrow lists have at most 2^32 - 1 bytes of groups.
        let len = end.saturating_sub(start);
        let entry = if len.saturating_sub(groups * 8) as u64 > WIDE_FROM { 8 } else { 4 };
        let group = group as usize;
        (start + group.saturating_sub(1) * entry..start + (group + 1) * entry, start + groups * entry)
    }

    /// The bytes of the directory that are read for a posting, not verified; none where there is no directory.
    #[inline]
    #[must_use]
    pub fn directory_ahead(&self, index: u32) -> &'a [u8] {
        let Source::Stored { section, groups: 2.., .. } = self.source else { return &[] };
        let (entries, base) = self.entries(Self::group_of(index));
        section.unverified().get(entries.start..entries.end.min(base)).unwrap_or_default()
    }

    /// The bytes that are read for a posting once its directory was, not verified: its group, and where in it the posting's are, about.
    #[inline]
    #[must_use]
    pub fn group_ahead(&self, index: u32) -> (&'a [u8], usize) {
        let Source::Stored { section, start, end, groups } = self.source else { return (&[], 0) };
        let group = Self::group_of(index);
        let range = if groups > 1 { between(group, self.directory_ahead(index), self.entries(group).1) } else { start..end };
        let bytes = section.unverified().get(range).unwrap_or_default();
        (bytes, bytes.len() * (index - Self::first_of(group)) as usize / GROUP as usize)
    }

    /// Whether they stand beside the term.
    #[must_use]
    pub fn is_inline(&self) -> bool {
        matches!(self.source, Source::Inline { .. })
    }

    /// Hands out the gaps of the only posting of a term, when they are inline; none else.
    ///
    /// # Errors
    /// [`Error::Corruption`] when they are cut off.
    pub fn read_inline(&self, tf: u32, mut delta: impl FnMut(u32)) -> Result<()> {
        let Source::Inline { section, at, mut bytes } = self.source else { return Ok(()) };
        for _ in 0..tf {
            let gap = varint::read(&mut bytes).and_then(|gap| u32::try_from(gap).ok());
            delta(gap.ok_or_else(|| section.corruption(at, CUT))?);
        }
        Ok(())
    }

    /// Sets `place` to the `count` gaps of so many postings of a group, from `before` on. Written where it is wanted: as a value inside of a
    /// result it would be copied twice.
    ///
    /// # Errors
    /// [`Error::Corruption`] when the group has fewer.
    #[inline]
    pub fn place(&self, group: &PositionGroup<'a>, before: u64, count: u64, postings: u64, place: &mut PositionPlace<'a>) -> Result<()> {
        let gaps = &group.gaps;
        if !gaps.holds(before.saturating_add(count)) || (count > postings && gaps.width() == 0) {
            return Err(self.cut());
        }
        place.gaps = *gaps;
        place.from = before as usize;
        place.to = (before + count) as usize;
        Ok(())
    }

    #[cold]
    fn cut(&self) -> Error {
        let (Source::Inline { section, at, .. } | Source::Stored { section, start: at, .. }) = self.source;
        section.corruption(at, CUT)
    }

    /// Hands them out.
    ///
    /// # Errors
    /// As [`PositionLists::place`].
    #[inline]
    pub fn read(&self, group: &PositionGroup<'a>, before: u64, count: u64, postings: u64, delta: impl FnMut(u32)) -> Result<()> {
        let mut place = PositionPlace::none();
        self.place(group, before, count, postings, &mut place)?;
        place.gaps().for_each(delta);
        Ok(())
    }

    /// Hands out all gaps of a term whose term frequencies are `tfs`.
    ///
    /// # Errors
    /// As [`PositionLists::read`].
    pub fn read_all(&self, mut tfs: impl ExactSizeIterator<Item = u32>, mut delta: impl FnMut(u32)) -> Result<()> {
        if let Source::Inline { .. } = self.source {
            return self.read_inline(tfs.next().unwrap_or(0), delta);
        }
        let mut group = 0;
        while tfs.len() > 0 {
            let postings = tfs.len().min(GROUP as usize) as u64;
            let count = tfs.by_ref().take(GROUP as usize).map(u64::from).sum();
            let read = self.group(group)?;
            if read.count().is_some_and(|marked| marked != count) {
                let (Source::Inline { section, at, .. } | Source::Stored { section, start: at, .. }) = self.source;
                return Err(section.corruption(at, "a term's positions are not as many as its frequencies say"));
            }
            self.read(&read, 0, count, postings, &mut delta)?;
            group += 1;
        }
        Ok(())
    }
}

/// The range of a group, from its entries in the directory.
#[inline]
fn between(group: u32, entries: &[u8], base: usize) -> Range<usize> {
    let place = |end: u64| usize::try_from(end).unwrap_or(usize::MAX).saturating_add(base);
    let four = |bytes: &[u8]| bytes.first_chunk::<4>().map_or(u64::MAX, |end| u64::from(u32::from_le_bytes(*end)));
    let eight = |bytes: &[u8]| bytes.first_chunk::<8>().map_or(u64::MAX, |end| u64::from_le_bytes(*end));
    match (group, entries.len()) {
        (0, 4) => base..place(four(entries)),
        (0, _) => base..place(eight(entries)),
        (_, 8) => place(four(entries))..place(four(&entries[4..])),
        (_, 16) => place(eight(entries))..place(eight(&entries[8..])),
        _ => usize::MAX..usize::MAX,
    }
}

const CUT: &str = "a term's positions are cut off";

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::codec::container::test_support::file_of;
    use crate::codec::{SectionKey, SectionKind};
    use proptest::prelude::*;

    fn section(bytes: &[u8]) -> Section {
        let key = SectionKey::segment(SectionKind::Postings);
        let file = file_of(|file| {
            file.begin(key)?;
            file.write(bytes)?;
            file.end().map(|_| ())
        });
        file.section(key).unwrap()
    }

    proptest! {
        #[test]
        fn every_posting_has_its_gaps(lists in prop::collection::vec(prop::collection::vec(prop_oneof![0u32..4, 0u32..5000], 1..5), 1..400)) {
            let tfs: Vec<u32> = lists.iter().map(|list| list.len() as u32).collect();
            let mut out = vec![9];
            write(&mut out, tfs.len(), |index| tfs[index], &lists.concat());
            let section = section(&out);
            let positions = PositionLists::new(&section, 1..out.len(), tfs.len() as u32);
            let mut all = Vec::new();
            positions.read_all(tfs.iter().copied(), |gap| all.push(gap)).unwrap();
            prop_assert_eq!(all, lists.concat());
            for (index, list) in lists.iter().enumerate() {
                let group = PositionLists::group_of(index as u32);
                let (bytes, about) = positions.group_ahead(index as u32);
                prop_assert_eq!((positions.directory_ahead(index as u32).is_empty(), about < bytes.len()), (tfs.len() <= 128, true));
                let first = PositionLists::first_of(group) as usize;
                let read = positions.group(group).unwrap();
                let before: u64 = tfs[first..index].iter().map(|tf| u64::from(*tf)).sum();
                prop_assert_eq!(read.find((index - first) as u32), Some((before as u32, list.len() as u32)));
                let mut got = Vec::new();
                positions.read(&read, before, list.len() as u64, 1, |gap| got.push(gap)).unwrap();
                prop_assert_eq!(&got, list);
            }
        }

        #[test]
        fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..60), df in 0u32..400, at in any::<(u16, u32)>()) {
            let section = section(&bytes);
            let positions = PositionLists::new(&section, 0..bytes.len(), df);
            let mut count = 0u32;
            if let Ok(group) = positions.group(df / 128) {
                let _ = positions.read(&group, u64::from(at.0 % 600), u64::from(at.1), 1, |_| count += 1);
            }
            let _ = positions.group_ahead(at.1 % df.max(1));
            let _ = positions.read_all((0..df).map(|_| at.1).collect::<Vec<_>>().into_iter(), |_| count += 1);
            prop_assert!(count < 2000);
        }
    }
}
