//! Sums in bytes.

use super::*;
use proptest::prelude::*;

/// Words with about one bit in 2^sparse.
fn words(numbers: &mut Numbers, count: usize, sparse: usize) -> Vec<Le8> {
    (0..count).map(|_| (0..sparse).fold(u64::MAX, |word, _| word & numbers.next()).to_le_bytes()).collect()
}

fn lut(numbers: &mut Numbers, top: usize) -> [u8; 256] {
    std::array::from_fn(|_| numbers.below(top) as u8)
}

#[test]
fn units_are_rounded_up() {
    let mut numbers = Numbers(1);
    for unit in [1, 2, 3, 7, 1000, 12_345, 1 << 20, 5_263_359, i32::MAX / 204] {
        let factor = ((1.0 + 1.0 / f64::from(1 << 20)) / f64::from(unit)) as f32;
        let bounds: [i32; 256] = std::array::from_fn(|i| match i % 8 {
            0 => (numbers.next() % 4) as i32 - 1,
            1 => (numbers.next() as i32).saturating_abs(),
            2 => i32::MAX,
            3 => i32::MIN,
            n => (unit as i64 * numbers.below(256) as i64 + n as i64 - 5).clamp(-9, i64::from(i32::MAX)) as i32,
        });
        let expected = naive::coarsen(&bounds, factor);
        for kernels in levels() {
            let mut got = [7; 256];
            (kernels.coarsen)(&bounds, factor, &mut got);
            assert!(got.as_slice() == expected, "{:?}, unit {unit}", kernels.level);
        }
        for (bound, units) in bounds.iter().zip(expected).filter(|(_, units)| *units < 255) {
            assert!(i64::from(units) * i64::from(unit) >= i64::from(*bound), "{bound} is more than {units} units of {unit}");
        }
    }
}

#[test]
fn codes_are_looked_up() {
    let mut numbers = Numbers(2);
    for (length, at) in shapes() {
        let (codes, lut) = (Unaligned::new(numbers.bytes(length).into_iter().map(|code| [code]), at), lut(&mut numbers, 256));
        let room = [length, length + 9, length.saturating_sub(3)][length % 3];
        let mut expected = vec![7; room];
        expected.iter_mut().zip(codes.bytes()).for_each(|(out, code)| *out = lut[usize::from(*code)]);
        for kernels in levels() {
            let mut got = vec![7; room];
            (kernels.look_up)(codes.bytes(), &lut, &mut got);
            assert!(got == expected, "{:?}, {length} codes", kernels.level);
        }
    }
}

#[test]
fn scatters_of_every_shape() {
    let mut numbers = Numbers(3);
    for (length, at) in shapes() {
        let low = Unaligned::new((0..length).map(|_| (numbers.below(1 << (8 + length % 9)) as u16).to_le_bytes()), at);
        let codes = Unaligned::new(numbers.bytes(length).into_iter().map(|code| [code]), at * 5 % 64);
        let (low, codes) = (low.get::<2>(), &codes.bytes()[..length - usize::from(length % 5 == 4)]);
        let base = [0, 4096 - 64, 1 << 20, 4000usize.wrapping_neg()][length % 4];
        let start = numbers.bytes([4096, 16_384, 100, 0][length % 7 % 4]);
        let lut = lut(&mut numbers, 256);
        let mut expected = start.clone();
        let values: Vec<u8> = codes.iter().map(|code| lut[usize::from(*code)]).collect();
        naive::scatter_coarse(low, &values, base, &mut expected);
        for kernels in levels() {
            let mut got = start.clone();
            (kernels.scatter_coarse)(low, codes, &lut, base, &mut got);
            assert!(got == expected, "{:?}, {length} codes", kernels.level);
        }
    }
}

#[test]
fn bits_take_their_codes_in_order() {
    let mut numbers = Numbers(4);
    for count in (0..=64).chain([65, 70, 200, 256, 300]) {
        for sparse in [0, 1, 2, 4, 6, 8] {
            let words = Unaligned::new(words(&mut numbers, count, sparse), count * 7 % 64);
            let set = naive::set_places(words.get()).len();
            let codes = numbers.bytes([set, set.saturating_sub(1), set / 2, set + 3, 0][(count + sparse) % 5]);
            let (start, lut) = (numbers.bytes([4096, 16_384, 64, 4095][count % 4]), lut(&mut numbers, 200));
            let mut expected = start.clone();
            naive::expand_coarse(words.get(), &codes, &lut, &mut expected);
            for kernels in levels() {
                let mut got = start.clone();
                (kernels.expand_coarse)(words.get(), &codes, &lut, &mut got);
                assert!(got == expected, "{:?}, {count} words, {} codes", kernels.level, codes.len());
            }
        }
    }
}

fn check_sweep(window: &[u8], least: u8, need: u8, others: &[CoarseOther<'_>]) {
    let expected = naive::sweep_coarse(window, least, need, others);
    for kernels in levels() {
        let (mut left, mut places) = (window.to_vec(), [0; COARSE + 64]);
        let n = (kernels.sweep_coarse)(&mut left, least, need, others, &mut places);
        assert!(places[..n] == expected, "{:?}, {n} of {} places", kernels.level, expected.len());
        assert!(left.iter().all(|sum| *sum == 0), "{:?} left something", kernels.level);
    }
}

#[test]
fn windows_are_swept_empty() {
    let mut numbers = Numbers(6);
    for length in [4096, 16_384, 64, 0] {
        for (density, least) in [0, 1, 30, 400, 4096].into_iter().flat_map(|density| [1, 2, 50, 255].map(|least| (density, least))) {
            let mut window = vec![0; length];
            (0..density.min(length)).for_each(|_| window[numbers.below(length)] = numbers.next() as u8);
            check_sweep(&window, least, least, &[]);
        }
        check_sweep(&vec![255; length], 255, 255, &[]);
        check_sweep(&vec![1; length], 0, 0, &[]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn what_others_add_is_seen(seed: u64, least in 0u8..60, need: u8, filled in 0usize..16_384, lists in 0usize..9, cut in 0usize..300, wide: bool) {
        let mut numbers = Numbers(seed);
        let mut window = vec![0; if wide { COARSE } else { 4096 }];
        let length = window.len();
        (0..filled).for_each(|_| window[numbers.below(length)] = numbers.below(100) as u8);
        let lists: Vec<(Vec<Le8>, [u8; COARSE_WORDS])> = (0..lists)
            .map(|list| {
                let words = words(&mut numbers, if list == 0 { cut } else { COARSE_WORDS }, list % 4);
                (words, std::array::from_fn(|_| numbers.below(50) as u8))
            })
            .collect();
        let others: Vec<CoarseOther<'_>> = lists.iter().map(|(words, bounds)| CoarseOther { words, bounds }).collect();
        check_sweep(&window, least, need, &others);
    }
}
