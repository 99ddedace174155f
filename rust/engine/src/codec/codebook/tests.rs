//! The codebook's laws on random pairs, and its worked bytes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use proptest::prelude::*;

fn counts() -> impl Strategy<Value = Vec<(Pair, u64)>> {
    let pair = (prop_oneof![1u32..6, 1u32..400], any::<u8>(), 1u64..1000);
    prop::collection::vec(pair, 0..1500).prop_map(|raw| raw.into_iter().map(|(tf, norm, n)| (Pair { tf, norm }, n)).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn codes_follow_the_order_and_tops_are_exact(counts in counts(), average in 1.0f64..500.0, max_codes in 1usize..300) {
        let total: u64 = counts.iter().map(|(_, n)| n).sum();
        let distinct = counts.iter().map(|(pair, _)| *pair).collect::<std::collections::BTreeSet<_>>();
        let (book, by_pair) = Codebook::build(counts, average, max_codes);
        prop_assert_eq!(by_pair.iter().sum::<u64>(), total);
        prop_assert_eq!(book.pairs().len(), distinct.len());
        prop_assert!(book.code_count() <= max_codes.clamp(1, MAX_CODES));
        prop_assert!(book.pairs().is_sorted_by(|a, b| a.rank(average) <= b.rank(average)));
        prop_assert!(book.has_exceptions() || book.code_count() == distinct.len());
        for (number, pair) in book.pairs().iter().enumerate() {
            let (code, exception) = book.code(number as u32);
            prop_assert!(code > 0 && usize::from(code) <= book.code_count());
            prop_assert!(book.bucket(code).contains(pair));
            prop_assert_eq!(exception, book.meaning(code) != *pair);
            prop_assert!(!exception || book.is_mixed(code));
            prop_assert!(number == 0 || book.code(number as u32 - 1).0 <= code);
        }
        let covered: usize = (0..=255u8).map(|code| book.bucket(code).len()).sum();
        prop_assert_eq!(covered, distinct.len());

        let mut bytes = Vec::new();
        book.write(&by_pair, &mut bytes);
        prop_assert_eq!(Codebook::read(&mut &bytes[..]), Some((book, by_pair)));
    }

    #[test]
    fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        if let Some((book, _)) = Codebook::read(&mut &bytes[..]) {
            (0..=255).for_each(|code| _ = (book.meaning(code), book.bucket(code), book.top(code)));
        }
    }
}

#[test]
fn frequent_pairs_are_tops() {
    let counts: Vec<_> = (1..=40u32).flat_map(|tf| (0..40u8).map(move |norm| (Pair { tf, norm }, u64::from(tf == 1) * 1000 + 1))).collect();
    let (book, _) = Codebook::build(counts, 20.0, MAX_CODES);
    let frequent = book.pairs().iter().enumerate().filter(|(_, pair)| pair.tf == 1);
    assert!(frequent.clone().count() == 40 && frequent.clone().all(|(number, _)| !book.code(number as u32).1));
}

#[test]
fn a_pair_has_the_number_it_was_given() {
    let counts: Vec<_> = [(1, 3), (2, 200), (16, 0), (700, 255)].map(|(tf, norm)| (Pair { tf, norm }, 1)).to_vec();
    let (book, _) = Codebook::build(counts.clone(), 5.0, 255);
    let numbers = PairNumbers::of(&book);
    for (pair, _) in counts {
        assert_eq!(numbers.get(pair).map(|number| book.pairs()[number as usize]), Some(pair));
    }
    assert_eq!((numbers.get(Pair { tf: 5, norm: 5 }), numbers.get(Pair { tf: 99, norm: 5 })), (None, None));
}
