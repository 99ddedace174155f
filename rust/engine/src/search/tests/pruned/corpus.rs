//! Indexes in which every layout occurs, made once: lists of gaps of one and of many blocks, single postings, aligned lists with large
//! and small blocks, bitmaps; codebooks with and without exceptions, a field without codes; segments in and out of order, with deletes.
//!
//! One base segment is built as users build it. Each world cuts its documents into segments anew, with thresholds of its own.

use std::sync::{Arc, OnceLock};

use serde_json::json;

use crate::analysis::Analyzers;
use crate::base::bits::BitSet;
use crate::base::{DocId, Interrupt};
use crate::codec::SegmentFileWriter;
use crate::codec::codebook::MAX_CODES;
use crate::codec::forced::forced;
use crate::codec::postings::Thresholds;
use crate::index::{Snapshot, UpsertOptions};
use crate::schema::Schema;
use crate::search::tests::world::Records;
use crate::search::{Index, IndexOptions, View};
use crate::segment::{MergeSource, SegmentReader, merge_permuted};
use crate::storage::{MemoryStorage, Storage};

/// Documents of the base segment.
const DOCS: u32 = 20_000;
/// Different words; word `r` is some `r` times rarer than word 1.
pub const WORDS: usize = 4000;
/// Words of the label field, the last of them in few documents.
const LABELS: usize = 60;

/// Fields 0 to 2 are Text, 3 and 4 Integer: 3 is spread over 0..1000.
fn schema() -> Schema {
    let text = |name: &str| json!({"name": name, "type": "text", "analyzer": "whitespace"});
    let number = |name: &str| json!({"name": name, "type": "integer"});
    serde_json::from_value(json!({"key": "id", "fields": [text("title"), text("body"), text("label"), number("n"), number("year")]}))
        .unwrap()
}

/// Numbers that are the same in every run (xorshift64*, Vigna 2016).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        ((self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) * n) >> 31
    }

    /// A rank of 1..=n as Zipf has it: the chance falls with the rank.
    fn rank(&mut self, n: usize) -> usize {
        let uniform = self.below(1 << 30) as f64 / f64::from(1 << 30);
        ((n as f64 + 1.0).powf(uniform) as usize).clamp(1, n)
    }
}

pub fn word(rank: usize) -> String {
    format!("w{rank}")
}

/// A view, and what it is.
pub struct World {
    pub name: &'static str,
    pub view: Arc<View>,
}

pub struct Corpus {
    /// The words of each body, for phrases that occur.
    pub bodies: Vec<Vec<usize>>,
    pub worlds: Vec<World>,
    _base: Index,
}

/// Everything; made by whoever asks first.
pub fn corpus() -> &'static Corpus {
    static CORPUS: OnceLock<Corpus> = OnceLock::new();
    CORPUS.get_or_init(build)
}

/// The world of that name.
pub fn named(name: &str) -> &'static World {
    corpus().worlds.iter().find(|world| world.name == name).unwrap()
}

/// Lengths that are not all alike: most texts short, some long and repetitive.
fn body(random: &mut Random) -> Vec<usize> {
    let len = match random.below(20) {
        0 => random.below(70),
        1..=4 => random.below(25),
        _ => random.below(12),
    };
    let mut words: Vec<usize> = Vec::new();
    for _ in 0..len {
        match words.last() {
            Some(last) if random.below(6) == 0 => words.push(*last),
            _ => words.push(random.rank(WORDS)),
        }
    }
    words
}

fn build() -> Corpus {
    let mut random = Random::new(20);
    let (mut bodies, mut records) = (Vec::new(), Vec::new());
    let text = |words: &[usize]| words.iter().map(|rank| word(*rank)).collect::<Vec<_>>().join(" ");
    for id in 0..DOCS {
        let body = body(&mut random);
        let title: Vec<usize> = (0..random.below(5)).map(|_| random.rank(WORDS)).collect();
        let label = random.rank(LABELS);
        let (n, year) = (random.below(1000), 1900 + random.rank(100));
        let record = json!({"id": id.to_string(), "title": text(&title), "body": text(&body), "label": word(label), "n": n, "year": year});
        records.push(serde_json::to_vec(&record).unwrap());
        bodies.push(body);
    }
    let index = Index::create("memory://pruned", schema(), IndexOptions { threads: 1, ..IndexOptions::default() }).unwrap();
    index.writer().unwrap().upsert(&mut Records::new(records), &UpsertOptions::default(), &Interrupt::none()).unwrap();
    let view = index.view().unwrap();
    assert_eq!(view.snapshot().segments.len(), 1, "the base is one segment");
    let worlds = worlds(&view, &bodies);
    Corpus { bodies, worlds, _base: index }
}

/// One segment of a world.
struct Piece {
    docs: Vec<u32>,
    thresholds: Option<Thresholds>,
    codes: usize,
    /// Of 1000 documents so many are dead.
    dead: u64,
}

impl Piece {
    fn usual(docs: impl IntoIterator<Item = u32>) -> Self {
        Self { docs: docs.into_iter().collect(), thresholds: None, codes: MAX_CODES, dead: 0 }
    }

    fn cut(self, sparse_below: u32, dense_from: u32, codes: usize) -> Self {
        Self { thresholds: Some(Thresholds { sparse_below, dense_from, bigrams_from: dense_from.min(40) }), codes, ..self }
    }

    fn dead(self, dead: u64) -> Self {
        Self { dead, ..self }
    }

    fn sorted<K: Ord>(mut self, key: impl Fn(u32) -> K) -> Self {
        self.docs.sort_by_key(|doc| key(*doc));
        self
    }

    fn shuffled(mut self) -> Self {
        let mut random = Random::new(7);
        for i in (1..self.docs.len()).rev() {
            self.docs.swap(i, random.below(i as u64 + 1) as usize);
        }
        self
    }
}

fn worlds(base: &View, bodies: &[Vec<usize>]) -> Vec<World> {
    let all = || Piece::usual(0..DOCS);
    let part = |from: u32, to: u32| Piece::usual(from..to);
    let every = |n: u32, first: u32| Piece::usual((first..DOCS).step_by(n as usize));
    let none = u32::MAX;
    // A document is in one segment at most.
    let made = [
        ("as built", vec![all()]),
        ("shuffled", vec![all().shuffled()]),
        // Windows and blocks of one list differ in what they are worth.
        ("by length", vec![all().sorted(|doc| bodies[doc as usize].len())]),
        ("5 % dead", vec![all().dead(50)]),
        // The last group of ranks, the last block, the last window are not full.
        (
            "cut unevenly",
            vec![part(0, 4700), part(4700, 4701), part(4701, 9000).dead(600), part(9000, 17_192), part(17_192, DOCS).dead(50)],
        ),
        ("interleaved", vec![every(3, 0), every(3, 1).shuffled(), every(3, 2).dead(50)]),
        ("all gaps", vec![part(0, 5000).cut(none, none, 20)]),
        ("all aligned", vec![part(0, 5000).cut(0, none, 3), part(5000, 7300).cut(2, none, MAX_CODES)]),
        ("all bitmaps", vec![part(3000, 5000).cut(0, 2, 9), part(0, 2999).cut(0, 2, MAX_CODES).shuffled()]),
        (
            "small blocks",
            vec![
                part(0, 9000).cut(8, 300, 40),
                Piece::usual((9100..DOCS).step_by(3)).cut(300, 900, 5).shuffled(),
                part(9000, 9100).cut(3, 9, 2).dead(300),
            ],
        ),
    ];
    made.into_iter().map(|(name, pieces)| World { name, view: world(base, &pieces) }).collect()
}

fn world(base: &View, pieces: &[Piece]) -> Arc<View> {
    let mut snapshot = Snapshot::clone(base.snapshot());
    let segment = snapshot.segments[0].clone();
    snapshot.segments = pieces
        .iter()
        .enumerate()
        .map(|(number, piece)| {
            let mut kept = BitSet::empty(DOCS);
            piece.docs.iter().for_each(|doc| assert!(kept.insert(*doc)));
            let order: Vec<_> = piece.docs.iter().map(|doc| (0, DocId(*doc))).collect();
            let source = MergeSource { reader: &segment.reader, live: Some(&kept), base: 0 };
            let storage = MemoryStorage::named("");
            let writer = SegmentFileWriter::new(storage.writer("seg/x.seg").unwrap(), "seg/x.seg");
            let write = || merge_permuted(&[source], &order, base.schema(), writer, &Interrupt::none()).unwrap();
            let (meta, _) = forced(piece.thresholds, piece.codes, write);
            let mut cut = segment.clone().renamed(format!("{number} of {}", pieces.len()));
            cut.reader = SegmentReader::open(&*storage, "seg/x.seg", Some(meta.checksum)).unwrap();
            assert_eq!(cut.reader.in_sequence_order(), order.is_sorted());
            cut.live_docs = cut.reader.doc_count();
            if piece.dead > 0 {
                let mut random = Random::new(piece.dead);
                let mut live = BitSet::full(cut.live_docs);
                (0..live.len()).filter(|_| random.below(1000) < piece.dead).for_each(|doc| assert!(live.remove(doc)));
                cut.live_docs = live.count();
                cut.live = Some(Arc::new(live));
            }
            cut
        })
        .collect();
    let analyzers = Arc::new(Analyzers::of(base.schema().analyzers()).unwrap());
    Arc::new(View::new(Arc::new(snapshot), Arc::clone(base.compiled()), analyzers, 1))
}
