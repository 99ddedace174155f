//! What the kernels cost at each level: nanoseconds an element, the least of many repetitions.
//!
//! **In**: optionally the name of one kernel. **Out**: a table. **Law**: lists, densities and batches are those of a real query; what
//! prepares an element (a window that a sweep will empty) is timed alone and taken off. Run it with `--release`.

use std::hint::black_box;
use std::time::Instant;

use findspot_engine::exec::kernels::{Kernels, Le2, Le4, Le8, Level, SWEPT, Swept};

const DOCS: u32 = 886_000;
const PLACES: usize = 4096;

struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn ascending(&mut self, count: usize, bound: u32) -> Vec<u32> {
        let set: std::collections::BTreeSet<u32> = (0..count).map(|_| (self.next() % u64::from(bound)) as u32).collect();
        set.into_iter().collect()
    }

    fn words(&mut self, count: usize, one_in: u64) -> Vec<u64> {
        (0..count).map(|_| (0..64).fold(0, |word, bit| word | u64::from(self.next().is_multiple_of(one_in)) << bit)).collect()
    }
}

/// Nanoseconds of one call: the least of 30 rounds of about half a millisecond.
fn time(mut call: impl FnMut()) -> f64 {
    let started = Instant::now();
    let mut calls = 0u32;
    while started.elapsed().as_micros() < 500 {
        (0..8).for_each(|_| call());
        calls += 8;
    }
    let rounds = (0..30).map(|_| {
        let started = Instant::now();
        (0..calls).for_each(|_| call());
        started.elapsed().as_secs_f64() * 1e9 / f64::from(calls)
    });
    rounds.fold(f64::INFINITY, f64::min)
}

/// One line of the table.
struct Line {
    wanted: Option<String>,
    levels: Vec<&'static Kernels>,
}

impl Line {
    fn print(&self, name: &str, elements: f64, unit: &str, mut run: impl FnMut(&Kernels) -> f64) {
        if self.wanted.as_ref().is_none_or(|wanted| name.starts_with(wanted.as_str())) {
            let times: Vec<String> = self.levels.iter().map(|kernels| format!("{:10.3}", run(kernels) / elements)).collect();
            println!("{name:<34}{} ns a {unit}", times.join(""));
        }
    }
}

fn le8(words: &[u64]) -> Vec<Le8> {
    words.iter().map(|word| word.to_le_bytes()).collect()
}

fn main() {
    let line = Line { wanted: std::env::args().nth(1), levels: Level::available().filter_map(Level::kernels).collect() };
    println!("{:<34}{}", "", line.levels.iter().map(|kernels| format!("{:>10}", kernels.level.name())).collect::<String>());
    codes(&line);
    windows(&line);
    probes(&line);
    lists(&line);
}

fn codes(line: &Line) {
    let mut numbers = Numbers(1);
    let codes: Vec<u8> = (0..64_000).map(|_| (numbers.next() % 200) as u8).collect();
    let lut: [i32; 256] = std::array::from_fn(|code| code as i32 * 1000);
    for (name, least) in [("filter, 1 in 100 (blocks of 100)", 198), ("filter, 1 in 4 (blocks of 100)", 150)] {
        line.print(name, 64_000.0, "code", |kernels| {
            let mut out = [0; 100];
            time(|| codes.chunks(100).for_each(|block| _ = black_box((kernels.filter)(block, black_box(least), &mut out))))
        });
    }
    line.print("max (blocks of 100)", 640.0, "block", |kernels| {
        time(|| codes.chunks(100).for_each(|block| _ = black_box((kernels.max)(block))))
    });
    line.print("score (blocks of 100)", 64_000.0, "code", |kernels| {
        let mut out = [0; 100];
        time(|| codes.chunks(100).for_each(|block| (kernels.score)(block, &lut, black_box(&mut out))))
    });
    line.print("sum_tf (blocks of 100)", 640.0, "block", |kernels| {
        let tf = std::array::from_fn(|code| (code % 5) as u8);
        time(|| codes.chunks(100).for_each(|block| _ = black_box((kernels.sum_tf)(block, &tf))))
    });
    line.print("fill", 1.0, "table", |kernels| {
        let saturation = std::array::from_fn(|code| code as f64 / 256.0);
        let mut lut = [0; 256];
        time(|| (kernels.fill)(black_box(123_456.7), &saturation, black_box(&mut lut)))
    });
}

fn windows(line: &Line) {
    let mut numbers = Numbers(2);
    let lut: [i32; 256] = std::array::from_fn(|code| code as i32 * 1000);
    let codes: Vec<u8> = (0..4096).map(|_| (numbers.next() % 200) as u8).collect();
    let mut contributions = vec![0; 4096];
    contributions.iter_mut().zip(&codes).for_each(|(value, code)| *value = lut[usize::from(*code)]);
    let low: Vec<Le2> = numbers.ascending(100, 4096).into_iter().map(|doc| (doc as u16).to_le_bytes()).collect();
    let mut window = Box::new([0; PLACES]);
    line.print("scatter (100)", low.len() as f64, "posting", |kernels| {
        time(|| (kernels.scatter)(&low, &contributions, black_box(0), &mut window))
    });
    line.print("scatter_codes (100)", low.len() as f64, "posting", |kernels| {
        time(|| (kernels.scatter_codes)(&low, &codes, &lut, black_box(0), &mut window))
    });
    line.print("fold (100)", low.len() as f64, "posting", |kernels| {
        let mut table = [0; 4096];
        time(|| (kernels.fold)(&low, black_box(0), black_box(&mut table)))
    });
    for one_in in [2, 8, 64] {
        // Several windows in turn, so that no branch is learnt by heart.
        let words: Vec<Vec<Le8>> = (0..256).map(|_| le8(&numbers.words(64, one_in))).collect();
        line.print(&format!("expand, 1 in {one_in}"), 256.0, "window", |kernels| {
            time(|| words.iter().for_each(|words| (kernels.expand)(words, &contributions, &mut window)))
        });
        line.print(&format!("expand_codes, 1 in {one_in}"), 256.0, "window", |kernels| {
            time(|| words.iter().for_each(|words| (kernels.expand_codes)(words, &codes, &lut, &mut window)))
        });
        let bits: Vec<[u64; 64]> = (0..256).map(|_| numbers.words(64, one_in).try_into().unwrap_or([0; 64])).collect();
        line.print(&format!("bits_to_places, 1 in {one_in}"), 256.0, "window", |kernels| {
            let mut places = [0; SWEPT];
            time(|| bits.iter().for_each(|bits| _ = black_box((kernels.bits_to_places)(bits, &mut places))))
        });
    }
    for (hits, name) in [(0, "sweep, nothing"), (10, "sweep, 10 found"), (100, "sweep, 100 found"), (1500, "sweep, 1,500 found")] {
        let filled: Vec<Vec<(u16, i32)>> = (0..64).map(|_| filled(&mut numbers, hits)).collect();
        line.print(name, 64.0, "window", |kernels| {
            let mut swept = Swept::default();
            let mut run = |sweep: bool| {
                time(|| {
                    for from in &filled {
                        from.iter().for_each(|(place, value)| window[usize::from(*place) % PLACES] = *value);
                        if sweep {
                            black_box((kernels.sweep)(black_box(&mut window), 100, 100, &[], &mut swept));
                        }
                    }
                })
            };
            run(true) - run(false)
        });
    }
}

/// What fills a window with 500 small scores and some that are found.
fn filled(numbers: &mut Numbers, hits: usize) -> Vec<(u16, i32)> {
    (0..500 + hits).map(|i| ((numbers.next() as usize % PLACES) as u16, if i < 500 { 50 } else { 150 })).collect()
}

fn probes(line: &Line) {
    let mut numbers = Numbers(3);
    let mut out = [0; 64];
    for (df, shift) in [(5_000usize, 14u32), (13_000, 12)] {
        let listed = numbers.ascending(df, DOCS);
        let docs = mixed(&mut numbers, &listed);
        let starts: Vec<Le4> =
            (0..=(DOCS >> shift) + 1).map(|b| (listed.partition_point(|doc| doc >> shift < b) as u32).to_le_bytes()).collect();
        let low: Vec<Le2> = listed.iter().map(|doc| ((doc & ((1 << shift) - 1)) as u16).to_le_bytes()).collect();
        line.print(&format!("probe_aligned (64), df {df}"), docs.len() as f64, "document", |kernels| {
            time(|| docs.chunks(64).for_each(|docs| (kernels.probe_aligned)(&starts, &low, shift, docs, black_box(&mut out))))
        });
    }
    let list = numbers.ascending(1_500, DOCS);
    let docs = mixed(&mut numbers, &list);
    line.print("probe_sorted (64), df 1500", docs.len() as f64, "document", |kernels| {
        time(|| docs.chunks(64).for_each(|docs| (kernels.probe_sorted)(&list, docs, black_box(&mut out))))
    });
    for one_in in [4, 40] {
        let words = numbers.words(DOCS.div_ceil(64) as usize, one_in);
        let mut sum = 0u32;
        let ranks: Vec<Le4> = words
            .chunks(8)
            .map(|group| {
                let before = sum;
                sum += group.iter().map(|word| word.count_ones()).sum::<u32>();
                before.to_le_bytes()
            })
            .collect();
        let words = le8(&words);
        line.print(&format!("probe_bitmap (64), 1 in {one_in}"), docs.len() as f64, "document", |kernels| {
            time(|| docs.chunks(64).for_each(|docs| (kernels.probe_bitmap)(&words, &ranks, docs, black_box(&mut out))))
        });
        line.print(&format!("keep, 1 in {one_in}"), docs.len() as f64, "document", |kernels| {
            let (mut kept, mut postings) = (docs.clone(), docs.clone());
            time(|| {
                kept.copy_from_slice(&docs);
                black_box((kernels.keep)(&words, 0, &mut kept, &mut postings));
            })
        });
        let mut table = vec![0; 1 << 15];
        docs.iter().step_by(one_in as usize).for_each(|doc| table[*doc as usize % (1 << 15)] = 1);
        line.print(&format!("keep_folded, about 1 in {one_in}"), docs.len() as f64, "document", |kernels| {
            let (mut kept, mut postings) = (docs.clone(), docs.clone());
            time(|| {
                kept.copy_from_slice(&docs);
                black_box((kernels.keep_folded)(&table, &mut kept, &mut postings));
            })
        });
    }
}

/// Documents of which a third is in the list, ascending in each batch.
fn mixed(numbers: &mut Numbers, listed: &[u32]) -> Vec<u32> {
    let mut docs = Vec::new();
    for _ in 0..300 {
        let mut batch: Vec<u32> = (0..64)
            .map(|_| match numbers.next() % 3 {
                0 => listed[numbers.next() as usize % listed.len()],
                _ => (numbers.next() % u64::from(DOCS)) as u32,
            })
            .collect();
        batch.sort_unstable();
        docs.extend(batch);
    }
    docs
}

fn lists(line: &Line) {
    let mut numbers = Numbers(4);
    let (left, right) = (numbers.words(13_844, 8), le8(&numbers.words(13_844, 8)));
    let halves = le8(&left);
    line.print("count_or (a segment)", 13_844.0, "word", |kernels| time(|| _ = black_box((kernels.count_or)(&halves, &right))));
    line.print("count_and (a segment)", 13_844.0, "word", |kernels| time(|| _ = black_box((kernels.count_and)(&halves, &right))));
    line.print("or_into (a window)", 64.0, "word", |kernels| {
        let mut bits = left[..64].to_vec();
        time(|| (kernels.or_into)(black_box(&mut bits), &right[..64]))
    });
    line.print("count (a window)", 64.0, "word", |kernels| time(|| _ = black_box((kernels.count)(black_box(&left[..64])))));
    let candidates: Vec<(u32, i32, i32)> = (0..6_400).map(|i| (i, (numbers.next() % 100) as i32, (numbers.next() % 50) as i32)).collect();
    let (docs, rest): (Vec<u32>, Vec<(i32, i32)>) = candidates.into_iter().map(|(doc, score, rest)| (doc, (score, rest))).unzip();
    let (scores, rest): (Vec<i32>, Vec<i32>) = rest.into_iter().unzip();
    line.print("squeeze (64, 30 % kept)", 100.0, "batch", |kernels| {
        let (mut d, mut s, mut r) = ([0; 64], [0; 64], [0; 64]);
        let mut run = |squeeze: bool| {
            time(|| {
                for ((docs, scores), rest) in docs.chunks(64).zip(scores.chunks(64)).zip(rest.chunks(64)) {
                    d.copy_from_slice(docs);
                    s.copy_from_slice(scores);
                    r.copy_from_slice(rest);
                    if squeeze {
                        black_box((kernels.squeeze)(black_box(&mut d), black_box(&mut s), black_box(&mut r), 64, 92, 3000));
                    } else {
                        black_box((&d, &s, &r));
                    }
                }
            })
        };
        run(true) - run(false)
    });
    for width in [7, 13] {
        let bytes: Vec<u8> = (0..127 * width as usize / 8 + 1).map(|_| numbers.next() as u8).collect();
        line.print(&format!("unpack_gaps (128 of {width} bits)"), 128.0, "posting", |kernels| {
            let mut out = [0; 128];
            time(|| (kernels.unpack_gaps)(&bytes, width, 5, black_box(&mut out)))
        });
    }
}
