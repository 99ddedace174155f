//! Rank codes.

use super::*;
use proptest::prelude::*;

const MARK: u32 = 0xdead_beef;

fn check_filter(codes: &[u8], least: u8, room: usize) {
    let expected = naive::filter(codes, least, room);
    for kernels in levels() {
        let mut out = vec![MARK; room + 80];
        let n = (kernels.filter)(codes, least, &mut out[..room]);
        assert_eq!(out[..n], expected, "{:?}, {} codes, least {least}, room {room}", kernels.level, codes.len());
        assert!(out[room..].iter().all(|kept| *kept == MARK), "{:?} wrote behind the end", kernels.level);
    }
}

#[test]
fn filter_and_max_of_every_shape() {
    let mut numbers = Numbers(1);
    for (length, at) in shapes() {
        let codes = Unaligned::new(numbers.bytes(length).into_iter().map(|code| [code]), at);
        let (codes, least) = (codes.bytes(), [0, 1, 128, 200, 250, 255][length % 6]);
        check_filter(codes, least, length);
        for kernels in levels() {
            assert_eq!((kernels.max)(codes), codes.iter().copied().max().unwrap_or(0), "{:?}, {length} codes", kernels.level);
        }
    }
}

#[test]
fn scores_and_sums_of_every_shape() {
    let mut numbers = Numbers(2);
    let lut: [i32; 256] = std::array::from_fn(|_| numbers.next() as i32);
    for (length, at) in shapes() {
        let codes = Unaligned::new(numbers.bytes(length).into_iter().map(|code| [code]), at);
        let tf: [u8; 256] = std::array::from_fn(|code| if length == 300 { 255 } else { lut[code] as u8 });
        let (codes, expected) = (codes.bytes(), naive::score(codes.bytes(), &lut));
        for kernels in levels() {
            let mut out = vec![-7; length + 40];
            (kernels.score)(codes, &lut, &mut out[at % 16..]);
            assert_eq!(out[at % 16..][..length], expected, "{:?}, {length} codes", kernels.level);
            assert!(out[..at % 16].iter().chain(&out[at % 16 + length..]).all(|kept| *kept == -7));
            (kernels.score)(codes, &lut, &mut out[..length / 2]);
            assert_eq!(out[..length / 2], expected[..length / 2]);
            assert_eq!((kernels.sum_tf)(codes, &tf), codes.iter().map(|code| u32::from(tf[*code as usize])).sum::<u32>());
        }
    }
}

#[test]
fn the_largest_code_is_found_wherever_it_stands() {
    for at in 0..200 {
        let codes: Vec<u8> = (0..200).map(|i| if i == at { 255 } else { (i % 255) as u8 }).collect();
        assert!(levels().all(|kernels| (kernels.max)(&codes) == 255 && (kernels.max)(&codes[..at]) < 255));
        check_filter(&codes, 255, 200);
    }
    for kernels in levels() {
        assert_eq!(((kernels.max)(&[]), (kernels.max)(&[0; 70]), (kernels.max)(&[1; 129])), (0, 0, 1));
        (kernels.prefetch)(&[1, 2, 3], &[0, 2, 3, u32::MAX]);
        (kernels.prefetch)(&[], &[0]);
    }
}

fn check_fill(value: f64, saturation: &[f64; 256]) {
    for kernels in levels() {
        let mut lut = [-7; 256];
        (kernels.fill)(value, saturation, &mut lut);
        assert_eq!(lut[..], naive::fill(value, saturation), "{:?}, {value}", kernels.level);
    }
}

#[test]
fn a_table_of_scores_at_the_edges() {
    let edges = [0.0, -0.0, 1.0, 0.5, 1e-300, f64::MIN_POSITIVE, 5e-324, 0.999_999_999_999_999_9, 2_147_483_646.999, 2_147_483_647.0];
    let beyond = [2_147_483_648.0, 1e300, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, -1.0, -3e9];
    let all: Vec<f64> = edges.into_iter().chain(beyond).collect();
    for value in &all {
        check_fill(*value, &std::array::from_fn(|i| all[(i * 7 + i / 17) % all.len()]));
    }
}

proptest! {
    #[test]
    fn a_table_of_scores_is_one_multiplication(value in 0.0f64..1_073_741_824.0, seed: u64) {
        let mut numbers = Numbers(seed);
        let saturation = std::array::from_fn(|i| if i % 31 == 0 { 0.0 } else { (numbers.next() >> 11) as f64 / (1u64 << 53) as f64 });
        check_fill(value, &saturation);
    }

    #[test]
    fn filter_of_any_codes(codes in prop::collection::vec(prop_oneof![Just(0u8), Just(255), any::<u8>()], 0..400), least: u8, room in 0usize..400) {
        check_filter(&codes, least, room);
        check_filter(&codes, least, codes.len());
    }
}
