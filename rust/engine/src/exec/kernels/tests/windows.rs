//! Windows.

use super::naive::PLACES;
use super::*;
use proptest::prelude::*;

fn window(numbers: &mut Numbers) -> Box<[i32; PLACES]> {
    Box::new(std::array::from_fn(|_| numbers.next() as i32))
}

/// Low parts of a posting list, or any.
fn low_parts(numbers: &mut Numbers, count: usize, sorted: bool, at: usize) -> Unaligned {
    let mut low: Vec<u16> = (0..count).map(|_| numbers.next() as u16).collect();
    if sorted {
        low.sort_unstable();
    }
    Unaligned::new(low.into_iter().map(u16::to_le_bytes), at)
}

#[test]
fn scatters_of_every_shape() {
    let mut numbers = Numbers(3);
    let (lut, start) = (std::array::from_fn(|_| numbers.next() as i32), window(&mut numbers));
    for (length, at) in shapes() {
        let low = low_parts(&mut numbers, length, length % 3 != 0, at);
        let codes = Unaligned::new(numbers.bytes(length).into_iter().map(|code| [code]), at * 5 % 64);
        let base = [0, 4096 - 64, 1 << 20, usize::MAX - 100][length % 4];
        let (low, codes) = (low.get::<2>(), &codes.bytes()[..length - usize::from(length % 5 == 4)]);
        let mut expected = start.clone();
        naive::scatter(low, &naive::score(codes, &lut), base, expected.as_mut_slice());
        for kernels in levels() {
            let mut got = start.clone();
            (kernels.scatter_codes)(low, codes, &lut, base, &mut got);
            assert!(got == expected, "{:?}, {length} codes", kernels.level);
            let mut got = start.clone();
            (kernels.scatter)(low, &naive::score(codes, &lut), base, &mut got);
            assert!(got == expected, "{:?}, {length} contributions", kernels.level);
        }
    }
}

/// Words with about one bit in 2^sparse.
fn words(numbers: &mut Numbers, count: usize, sparse: usize) -> Vec<u64> {
    (0..count).map(|_| (0..sparse).fold(u64::MAX, |word, _| word & numbers.next())).collect()
}

fn check_expand(words: &[Le8], codes: &[u8], lut: &[i32; 256], start: &[i32; PLACES]) {
    let mut expected = *start;
    let contributions = naive::score(codes, lut);
    naive::expand(words, &contributions, &mut expected);
    for kernels in levels() {
        let mut got = *start;
        (kernels.expand)(words, &contributions, &mut got);
        assert!(got == expected, "{:?}, {} words, {} contributions", kernels.level, words.len(), codes.len());
        let mut got = *start;
        (kernels.expand_codes)(words, codes, lut, &mut got);
        assert!(got == expected, "{:?}, {} words, {} codes", kernels.level, words.len(), codes.len());
    }
}

#[test]
fn bits_take_their_contributions_in_order() {
    let mut numbers = Numbers(4);
    let (lut, start) = (std::array::from_fn(|_| numbers.next() as i32), window(&mut numbers));
    for count in (0..=64).chain([65, 70]) {
        for sparse in [0, 1, 2, 4, 6, 8] {
            let words = Unaligned::new(words(&mut numbers, count, sparse).into_iter().map(u64::to_le_bytes), count * 7 % 64);
            let set = naive::set_places(words.get()).len();
            let codes = numbers.bytes([set, set.saturating_sub(1), set / 2, set + 3, 0][(count + sparse) % 5]);
            check_expand(words.get(), &codes, &lut, &start);
        }
    }
}

#[test]
fn bits_become_places() {
    let mut numbers = Numbers(5);
    for sparse in 0..16 {
        let bits: [u64; 64] = words(&mut numbers, 64, sparse).try_into().unwrap_or([0; 64]);
        let expected = naive::set_places(&bits.map(u64::to_le_bytes));
        for kernels in levels() {
            let mut places = [7; SWEPT];
            let n = (kernels.bits_to_places)(&bits, &mut places);
            assert!(places[..n].iter().map(|place| usize::from(*place)).eq(expected.iter().copied()), "{:?} at {sparse}", kernels.level);
        }
    }
}

#[test]
fn bits_are_filtered_by_their_codes() {
    let mut numbers = Numbers(6);
    for (length, at) in [(64, 0), (64, 3), (63, 1), (70, 5), (1, 0), (0, 0), (17, 9)] {
        for sparse in 0..8 {
            let listed = words(&mut numbers, length, sparse);
            let set: u32 = listed.iter().take(64).map(|word| word.count_ones()).sum();
            let listed = Unaligned::new(listed.into_iter().map(u64::to_le_bytes), at);
            let bits: [u64; 64] = words(&mut numbers, 64, sparse % 3).try_into().unwrap_or([0; 64]);
            // All codes, some, none: those behind the end are 0.
            for codes in [set as usize + 3, set as usize, set as usize / 2, 0] {
                let codes = Unaligned::new(numbers.bytes(codes).into_iter().map(|code| [code]), at * 7 % 64);
                for least in [0, 1, 100, 255] {
                    let mut expected = bits;
                    naive::filter_bits(listed.get::<8>(), codes.bytes(), least, &mut expected);
                    for kernels in levels() {
                        let mut got = bits;
                        (kernels.filter_bits)(listed.get::<8>(), codes.bytes(), least, &mut got);
                        assert!(got == expected, "{:?}, {length} words, 1 in 2^{sparse}, from {least}", kernels.level);
                    }
                }
            }
        }
    }
}

fn check_sweep(window: &[i32; PLACES], least: i32, need: i32, others: &[Other<'_>]) {
    let expected = naive::sweep(window, least, need, others);
    for kernels in levels() {
        let (mut left, mut swept) = (*window, Swept::default());
        let n = (kernels.sweep)(&mut left, least, need, others, &mut swept);
        let got = swept.places[..n].iter().zip(&swept.scores).zip(&swept.sums).map(|((place, score), sum)| (*place, *score, *sum));
        assert!(got.eq(expected.iter().copied()), "{:?}, {n} of {} places", kernels.level, expected.len());
        assert!(left == [0; PLACES], "{:?} left something", kernels.level);
    }
}

#[test]
fn windows_are_swept_empty() {
    let mut numbers = Numbers(6);
    for density in [0, 1, 2, 30, 100, 400, 1000, 2000, 4096] {
        for least in [1, 2, 50, 100, i32::MAX] {
            let mut window = [0; PLACES];
            for _ in 0..density {
                window[numbers.below(PLACES)] = numbers.below(110) as i32 - 5;
            }
            check_sweep(&window, least, least, &[]);
        }
    }
    check_sweep(&[1; PLACES], 1, 1, &[]);
    check_sweep(&[i32::MAX; PLACES], i32::MAX, i32::MAX, &[]);
    check_sweep(&[i32::MIN; PLACES], 1, 1, &[]);
    for place in [0, 1, 15, 16, 31, 32, 63, 64, 4032, 4095] {
        let mut window = [0; PLACES];
        window[place] = 3;
        check_sweep(&window, 3, 3, &[]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn windows_of_any_scores(seed: u64, least in 1i32..200, filled in 0usize..4096, top in 1usize..400) {
        let mut numbers = Numbers(seed);
        let mut window = [0; PLACES];
        (0..filled).for_each(|_| window[numbers.below(PLACES)] = numbers.below(top) as i32);
        check_sweep(&window, least, least, &[]);
    }

    #[test]
    fn what_others_add_is_seen(seed: u64, least in 1i32..60, need in 1i32..200, filled in 0usize..4096, lists in 0usize..9, cut in 0usize..70) {
        let mut numbers = Numbers(seed);
        let mut window = [0; PLACES];
        (0..filled).for_each(|_| window[numbers.below(PLACES)] = numbers.below(100) as i32);
        let lists: Vec<(Vec<Le8>, [i32; 64])> = (0..lists)
            .map(|list| {
                let words = words(&mut numbers, if list == 0 { cut } else { 64 }, list % 4);
                (words.into_iter().map(u64::to_le_bytes).collect(), std::array::from_fn(|_| numbers.below(50) as i32))
            })
            .collect();
        let others: Vec<Other<'_>> = lists.iter().map(|(words, bounds)| Other { words, bounds }).collect();
        check_sweep(&window, least, need, &others);
    }

    #[test]
    fn any_words_take_any_contributions(seed: u64, count in 0usize..70, sparse in 0usize..9, length in 0usize..4200) {
        let mut numbers = Numbers(seed);
        let (lut, start) = (std::array::from_fn(|_| numbers.next() as i32), window(&mut numbers));
        let words: Vec<Le8> = words(&mut numbers, count, sparse).into_iter().map(u64::to_le_bytes).collect();
        check_expand(&words, &numbers.bytes(length), &lut, &start);
    }
}
