//! Probes.

use super::*;
use proptest::prelude::*;

const MARK: u32 = 0x1234_5678;

/// Runs a probe over all documents and over few, and compares with its twin.
fn check(docs: &[u32], expected: impl Fn(u32) -> u32, probe: impl Fn(&Kernels, &[u32], &mut [u32])) {
    let whole: Vec<u32> = docs.iter().map(|doc| expected(*doc)).collect();
    for kernels in levels() {
        for from in [0, docs.len() / 2, docs.len().saturating_sub(3)] {
            let mut out = vec![MARK; docs.len() - from + 70];
            probe(kernels, &docs[from..], &mut out);
            assert_eq!(out[..docs.len() - from], whole[from..], "{:?}, from {from}", kernels.level);
            assert!(out[docs.len() - from..].iter().all(|kept| *kept == MARK), "{:?} wrote behind the end", kernels.level);
            let short = (docs.len() - from) / 2;
            let mut out = vec![MARK; short];
            probe(kernels, &docs[from..], &mut out);
            assert_eq!(out, whole[from..][..short]);
        }
    }
}

/// Blocks of a posting list, as files hold them.
fn blocks(docs: &[u32], shift: u32, count: u32) -> (Unaligned, Unaligned) {
    let starts = (0..=(count >> shift) + 1).map(|block| docs.partition_point(|doc| u64::from(*doc) < u64::from(block) << shift) as u32);
    let low = docs.iter().map(|doc| ((u64::from(*doc) % (1 << shift)) as u16).to_le_bytes());
    (Unaligned::new(starts.map(u32::to_le_bytes), 3), Unaligned::new(low, docs.len() % 64))
}

fn check_aligned(listed: &[u32], shift: u32, count: u32, docs: &[u32]) {
    let (starts, low) = blocks(listed, shift, count);
    let (starts, low) = (starts.get::<4>(), low.get::<2>());
    check(
        docs,
        |doc| naive::probe_aligned(starts, low, shift, doc),
        |kernels, docs, out| (kernels.probe_aligned)(starts, low, shift, docs, out),
    );
    let naive = |doc: &u32| listed.iter().position(|listed| listed == doc).map_or(MISS, |i| i as u32);
    assert!(docs.iter().all(|doc| naive::probe_aligned(starts, low, shift, *doc) == naive(doc)));
}

#[test]
fn every_document_of_aligned_blocks() {
    let mut numbers = Numbers(7);
    for (shift, count) in [(0u32, 200u32), (3, 300), (6, 1000), (8, 2500), (12, 3000), (16, 3000)] {
        for postings in [0, 1, 31, 33, 70, 400, 3000] {
            let listed = numbers.ascending(postings, count as usize);
            let docs: Vec<u32> = (0..count + 5).chain([1 << 20, u32::MAX]).collect();
            check_aligned(&listed, shift, count, &docs);
        }
    }
}

#[test]
fn clusters_are_found_far_from_where_they_should_be() {
    let clusters = [0u32, 1, 2, 30_000, 65_000].map(|from| from..from + 150);
    for clusters in clusters.windows(2) {
        let listed: Vec<u32> =
            clusters.iter().cloned().flatten().step_by(2).collect::<std::collections::BTreeSet<_>>().into_iter().collect();
        let docs: Vec<u32> = clusters.iter().cloned().flatten().chain([20_000, 65_535, 65_536]).collect();
        check_aligned(&listed, 16, 65_536, &docs);
    }
}

#[test]
fn lists_are_searched_at_every_length() {
    let mut numbers = Numbers(8);
    for length in 0..=300 {
        let listed = numbers.ascending(length, if length % 2 == 0 { 400 } else { 1 << 30 });
        let mut docs: Vec<u32> = listed.iter().flat_map(|doc| [*doc, doc + 1]).chain([0, 1, u32::MAX]).collect();
        docs.rotate_left(length / 3);
        check(&docs, |doc| naive::probe_sorted(&listed, doc), |kernels, docs, out| (kernels.probe_sorted)(&listed, docs, out));
    }
    let all = [0, 7, u32::MAX - 1, u32::MAX];
    check(&all, |doc| naive::probe_sorted(&all, doc), |kernels, docs, out| (kernels.probe_sorted)(&all, docs, out));
}

fn bitmap(listed: &[u32], count: u32) -> (Vec<Le8>, Vec<Le4>) {
    let mut words = vec![0u64; count.div_ceil(64) as usize];
    listed.iter().for_each(|doc| words[*doc as usize / 64] |= 1 << (doc % 64));
    let rank = |group: u32| listed.partition_point(|doc| *doc < group * RANKED) as u32;
    (words.into_iter().map(u64::to_le_bytes).collect(), (0..count.div_ceil(RANKED)).map(|group| rank(group).to_le_bytes()).collect())
}

/// The documents that a bitmap has, from every length of the list on.
fn check_keep(kernels: &Kernels, words: &[Le8], base: u32, docs: &[u32]) {
    for from in [0, docs.len() / 2, docs.len().saturating_sub(3), docs.len().saturating_sub(17)] {
        let (mut kept, mut postings) = (docs[from..].to_vec(), (7..).take(docs.len() - from).collect::<Vec<u32>>());
        let place = |doc: u32| doc.wrapping_sub(base) as usize;
        let expected: Vec<_> = kept.iter().copied().zip(postings.clone()).filter(|(doc, _)| naive::has(words, place(*doc))).collect();
        let n = (kernels.keep)(words, base, &mut kept, &mut postings);
        let got: Vec<_> = kept.iter().copied().zip(postings.iter().copied()).take(n).collect();
        assert_eq!(got, expected, "{:?}, from {from}, base {base}", kernels.level);
        // Of lists of different lengths the shorter one counts.
        let (mut kept, mut postings) = (docs[from..].to_vec(), vec![1; (docs.len() - from) / 2]);
        let n = (kernels.keep)(words, base, &mut kept, &mut postings);
        assert_eq!(n, docs[from..].iter().take(postings.len()).filter(|doc| naive::has(words, place(**doc))).count());
    }
}

#[test]
fn every_document_of_a_bitmap() {
    let mut numbers = Numbers(9);
    for count in [0u32, 1, 63, 64, 65, 500, 511, 512, 513, 1100, 1536] {
        for dense in [1, 4, 40] {
            let listed = numbers.ascending(count as usize / dense, count.max(1) as usize);
            let (words, ranks) = bitmap(&listed[..listed.len().min(count as usize)], count);
            let words = Unaligned::new(words, count as usize % 64);
            let docs: Vec<u32> = (0..count + 70).step_by(if dense == 1 { 1 } else { 3 }).chain([1 << 30, u32::MAX]).collect();
            let words = words.get::<8>();
            check(
                &docs,
                |doc| naive::probe_bitmap(words, &ranks, doc),
                |kernels, docs, out| (kernels.probe_bitmap)(words, &ranks, docs, out),
            );
            check(&docs, |doc| naive::probe_sorted(&listed, doc), |kernels, docs, out| (kernels.probe_bitmap)(words, &ranks, docs, out));
            for kernels in levels() {
                for base in [0, 1, 63, 64, count / 2] {
                    check_keep(kernels, words, base, &docs);
                }
            }
        }
    }
}

#[test]
fn documents_meet_in_tables_of_every_length() {
    let mut numbers = Numbers(13);
    for (length, at) in shapes() {
        let docs: Vec<u32> = (0..length).map(|_| numbers.next() as u32).collect();
        let low = Unaligned::new(docs.iter().map(|doc| (*doc as u16).to_le_bytes()), at);
        let base = [0, 1 << 16, 1 << 20, usize::MAX - 100][length % 4];
        // Also lengths that are no power of two: then fewer places are used.
        let table: Vec<u8> = (0..[0, 1, 4, 7, 64, 100, 1024, 1 << 16][at % 8]).map(|place| (place % 3 * 3 % 4) as u8).collect();
        let expected = naive::fold(low.get::<2>().iter().map(|low| base.wrapping_add(usize::from(u16::from_le_bytes(*low)))), &table);
        let sorted = naive::fold(docs.iter().map(|doc| *doc as usize), &table);
        let looked_up: Vec<u32> = (0..length).map(|i| if i % 2 == 0 { docs[i] } else { numbers.next() as u32 }).collect();
        let kept: Vec<_> = looked_up.iter().copied().zip(7..).filter(|(doc, _)| naive::is_marked(&sorted, *doc)).collect();
        for kernels in levels() {
            let mut got = table.clone();
            (kernels.fold)(low.get::<2>(), base, &mut got);
            assert!(got == expected, "{:?}, {length} low parts", kernels.level);
            let mut got = table.clone();
            (kernels.fold_sorted)(&docs, &mut got);
            assert!(got == sorted, "{:?}, {length} documents", kernels.level);
            let (mut docs, mut postings) = (looked_up.clone(), (7..).take(length).collect::<Vec<u32>>());
            let n = (kernels.keep_folded)(&got, &mut docs, &mut postings);
            let got: Vec<_> = docs.iter().copied().zip(postings.iter().copied()).take(n).collect();
            assert_eq!(got, kept, "{:?}, {length} documents, {} places", kernels.level, table.len());
        }
    }
}

proptest! {
    #[test]
    fn blocks_that_lie_are_probed_in_safety(starts in prop::collection::vec(0u32..300, 0..20), low in prop::collection::vec(any::<[u8; 2]>(), 0..280),
                                            shift in 0u32..40, docs in prop::collection::vec(prop_oneof![0u32..2000, any::<u32>()], 0..150)) {
        let starts: Vec<Le4> = starts.into_iter().map(u32::to_le_bytes).collect();
        for kernels in levels() {
            let mut out = vec![MARK; docs.len()];
            (kernels.probe_aligned)(&starts, &low, shift, &docs, &mut out);
            for (doc, out) in docs.iter().zip(out) {
                // A block out of order may hide a document, and never invents one.
                let key = (u64::from(*doc) % (1 << shift.min(32))) as u16;
                prop_assert!(out == MISS || shift <= 16 && low.get(out as usize) == Some(&key.to_le_bytes()));
            }
        }
    }

    #[test]
    fn lists_that_lie_are_searched_in_safety(list in prop::collection::vec(any::<u32>(), 0..200), docs in prop::collection::vec(any::<u32>(), 0..80)) {
        for kernels in levels() {
            let docs: Vec<u32> = docs.iter().copied().chain(list.iter().copied()).collect();
            let mut out = vec![MARK; docs.len()];
            (kernels.probe_sorted)(&list, &docs, &mut out);
            prop_assert!(docs.iter().zip(&out).all(|(doc, out)| *out == MISS || list.get(*out as usize) == Some(doc)));
        }
    }

    #[test]
    fn blocks_and_bits_bound_documents(
        maxima in prop::collection::vec(any::<u8>(), 0..70), shift in 0u32..20, words in prop::collection::vec(any::<Le8>(), 0..40),
        docs in prop::collection::vec(prop_oneof![0u32..2700, any::<u32>()], 0..150), seed in any::<i32>(),
    ) {
        let bound = std::array::from_fn(|code| (code as i32).wrapping_mul(seed) & 0xff_ffff);
        check(
            &docs,
            |doc| naive::block_bound(&maxima, shift, &bound, &words, doc).cast_unsigned(),
            |kernels, docs, out| {
                let mut bounds = vec![MARK.cast_signed(); out.len()];
                (kernels.block_bounds)(&maxima, shift, &bound, &words, docs, &mut bounds);
                out.iter_mut().zip(bounds).for_each(|(out, bound)| *out = bound.cast_unsigned());
            },
        );
    }

    #[test]
    fn postings_of_a_bitmap_have_their_documents(
        words in prop::collection::vec(any::<Le8>(), 1..40), from in 0usize..40, before in 0u32..9000,
        start in 0u32..5, picked in prop::collection::btree_set(0u32..2600, 0..150),
    ) {
        let from = from % words.len();
        let picked: Vec<u32> = picked.into_iter().collect();
        let indices: Vec<u32> = picked.iter().map(|at| at + before + start).collect();
        let expected = naive::select(&words, from, before, &indices);
        for kernels in levels() {
            let mut out = vec![MARK; picked.len()];
            let n = (kernels.select)(&words, from, before, before + start, &picked, &mut out);
            prop_assert_eq!(&out[..n], &expected[..]);
            // Postings that cannot be there are answered, not followed.
            let n = (kernels.select)(&words, from, u32::MAX - before, start, &picked, &mut out);
            prop_assert!(n <= picked.len() && out[..n].iter().all(|doc| *doc == 0));
        }
    }

    #[test]
    fn bitmaps_of_any_bytes(words in prop::collection::vec(any::<Le8>(), 0..40), ranks in prop::collection::vec(any::<Le4>(), 0..7), docs in prop::collection::vec(0u32..2700, 0..150)) {
        check(&docs, |doc| naive::probe_bitmap(&words, &ranks, doc), |kernels, docs, out| (kernels.probe_bitmap)(&words, &ranks, docs, out));
    }
}
