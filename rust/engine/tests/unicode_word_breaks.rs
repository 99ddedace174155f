//! The words of `standard`, before any script is treated apart, against Unicode's own word break test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod data;

use findspot_engine::analysis::words::{Words, words_of_the_standard};
use unicode_segmentation::UnicodeSegmentation;

/// Lines that differ because the data is of Unicode 15.0 and the tables are newer: U+2701 is no longer Extended_Pictographic, so WB3c does
/// not join it to a ZWJ.
const NEWER: [&str; 2] = ["÷ 2701 × 200D × 2701 ÷", "÷ 0061 × 200D × 2701 ÷"];

/// The text of a line and the byte offsets at which it may be broken.
fn case(line: &str) -> (String, Vec<usize>) {
    let (mut text, mut breaks) = (String::new(), Vec::new());
    for part in line.split_whitespace() {
        match part {
            "÷" => breaks.push(text.len()),
            "×" => {}
            code => text.push(char::from_u32(u32::from_str_radix(code, 16).unwrap()).unwrap()),
        }
    }
    (text, breaks)
}

#[test]
fn words_break_where_unicode_says() {
    let Some(file) = data::path("words_break_where_unicode_says", "analysis/unicode/WordBreakTest.txt") else { return };
    let test = data::text(&file);
    let (mut cases, mut different) = (0, Vec::new());
    for line in test.lines() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if line.is_empty() {
            continue;
        }
        cases += 1;
        let (text, breaks) = case(line);
        let mut ours: Vec<usize> = text.split_word_bound_indices().map(|(at, _)| at).collect();
        ours.push(text.len());
        if ours != breaks {
            different.push(line);
        }
        // The engine's own segmenter finds the same words, in the test's lines and inside other text.
        for text in [text.clone(), format!("a {text} b"), format!("{text}{text}")] {
            assert!(Words::new(&text).eq(words_of_the_standard(&text)), "{text:?}");
        }
    }
    assert!(cases > 1_800, "{cases}");
    assert_eq!(different, NEWER);
}
