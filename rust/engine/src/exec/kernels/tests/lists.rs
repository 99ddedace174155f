//! Lists of words, candidates and gaps.

use super::*;
use crate::codec::packed;
use proptest::prelude::*;

/// What a combination of a window's words with a list's gives.
type Combine = fn(u64, u64) -> u64;
/// The kernel for it.
type Into = fn(&mut [u64], &[Le8]);

fn check_words(left: &[Le8], right: &[Le8]) {
    let longer = left.len().max(right.len());
    let total = |combine: Combine| (0..longer).map(|i| naive::ones(combine(naive::word(left, i), naive::word(right, i)))).sum::<u64>();
    let into: Vec<u64> = left.iter().map(|word| u64::from_le_bytes(*word)).collect();
    for kernels in levels() {
        let operations: [(Into, Combine); 3] =
            [(kernels.or_into, |a, b| a | b), (kernels.and_into, |a, b| a & b), (kernels.and_not_into, |a, b| a & !b)];
        for (operation, combine) in operations {
            let mut got = into.clone();
            operation(&mut got, right);
            let expected: Vec<u64> = (0..left.len()).map(|i| combine(into[i], naive::word(right, i))).collect();
            assert_eq!(got, expected, "{:?}", kernels.level);
            assert_eq!((kernels.count)(&got), expected.iter().map(|word| naive::ones(*word)).sum::<u64>());
        }
        assert_eq!((kernels.count_or)(left, right), total(|a, b| a | b), "{:?}", kernels.level);
        assert_eq!((kernels.count_and)(left, right), total(|a, b| a & b), "{:?}", kernels.level);
    }
}

#[test]
fn words_of_every_shape() {
    let mut numbers = Numbers(10);
    for (length, at) in shapes().filter(|(length, _)| *length < 140) {
        let one = Unaligned::new((0..length).map(|_| numbers.next().to_le_bytes()), at);
        let other = Unaligned::new((0..length + at % 5).map(|_| numbers.next().to_le_bytes()), at * 3 % 64);
        check_words(one.get(), other.get());
        check_words(other.get(), one.get());
    }
    check_words(&[[255; 8]; 300], &[[255; 8]; 299]);
}

fn check_squeeze(candidates: &[(u32, i32, i32)], n: usize, theta: i32, tie: u32) {
    let expected = naive::squeeze(&candidates[..n.min(candidates.len())], theta, tie);
    for kernels in levels() {
        let mut docs: Vec<u32> = candidates.iter().map(|candidate| candidate.0).collect();
        let mut scores: Vec<i32> = candidates.iter().map(|candidate| candidate.1).collect();
        let mut rest: Vec<i32> = candidates.iter().map(|candidate| candidate.2).collect();
        let kept = (kernels.squeeze)(&mut docs, &mut scores, &mut rest, n, theta, tie);
        let got: Vec<_> = (0..kept).map(|i| (docs[i], scores[i], rest[i])).collect();
        assert_eq!(got, expected, "{:?}, {n} candidates", kernels.level);
        let behind = n.min(candidates.len());
        assert!((behind..candidates.len()).all(|i| (docs[i], scores[i], rest[i]) == candidates[i]), "{:?} wrote behind", kernels.level);
    }
}

#[test]
fn candidates_are_squeezed_at_every_number() {
    let mut numbers = Numbers(11);
    for n in 0..=200 {
        let candidates: Vec<_> = (0..n + 20).map(|i| (i as u32, numbers.below(100) as i32, numbers.below(50) as i32)).collect();
        for theta in [0, 60, 75, 100, 200] {
            check_squeeze(&candidates, n, theta, n as u32 / 2);
        }
        check_squeeze(&candidates, n + 100, 75, u32::MAX);
    }
}

fn check_gaps(bytes: &[u8], width: u32, first: u32, count: usize) {
    let expected = naive::unpack_gaps(bytes, width, first, count);
    for kernels in levels() {
        let mut out = vec![7; count + 20];
        (kernels.unpack_gaps)(bytes, width, first, &mut out[..count]);
        assert_eq!(out[..count], expected, "{:?}, {count} of {width} bits in {} bytes", kernels.level, bytes.len());
        assert_eq!(out[count..], [7; 20], "{:?} wrote behind the end", kernels.level);
    }
}

#[test]
fn gaps_of_every_width_and_number() {
    let mut numbers = Numbers(12);
    for width in 0..=33 {
        for count in (0..=40).chain([63, 64, 65, 127, 128, 129, 200]) {
            let bytes = Unaligned::new(numbers.bytes(packed::packed_len(count, width.min(32))).into_iter().map(|byte| [byte]), count % 64);
            check_gaps(bytes.bytes(), width, numbers.next() as u32, count);
            check_gaps(&bytes.bytes()[..bytes.bytes().len() / 2], width, 0, count);
        }
    }
}

proptest! {
    #[test]
    fn packed_lists_come_back(docs in prop::collection::btree_set(any::<u32>(), 1..200), narrow in 0u32..24) {
        let docs: Vec<u32> = docs.into_iter().map(|doc| doc >> narrow).collect::<std::collections::BTreeSet<_>>().into_iter().collect();
        let gaps: Vec<u64> = docs.windows(2).map(|pair| u64::from(pair[1] - pair[0] - 1)).collect();
        let (width, mut bytes) = (packed::width_of(gaps.iter().copied().max().unwrap_or(0)), Vec::new());
        packed::pack(gaps.into_iter(), width, &mut bytes);
        for kernels in levels() {
            let mut out = vec![0; docs.len()];
            (kernels.unpack_gaps)(&bytes, width, docs[0], &mut out);
            prop_assert_eq!(&out, &docs);
        }
    }

    #[test]
    fn any_candidates(candidates in prop::collection::vec(any::<(u32, i32, i32)>(), 0..150), n in 0usize..160, theta: i32, tie: u32) {
        check_squeeze(&candidates, n, theta, tie);
    }
}
