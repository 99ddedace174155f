//! Writers against naive twins, crashes, races and damage.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod behaviour;
mod collection;
mod crash;
mod fallible;
mod races;
mod twin;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use super::*;
use crate::base::{DocId, Error, Interrupt};
use crate::ingest::{Chunk, RecordSource};
use crate::schema::{Extra, Field, FieldKind, KeyKind};
use crate::storage::{MemoryStorage, Storage};

/// A cell for tests: a mutex.
struct Plain(Mutex<Arc<Snapshot>>);

impl SnapshotCell for Plain {
    fn load(&self) -> Arc<Snapshot> {
        Arc::clone(&self.0.lock().unwrap())
    }
    fn publish(&self, next: &mut dyn FnMut(&Snapshot) -> Result<Option<Snapshot>>) -> Result<()> {
        let mut slot = self.0.lock().unwrap();
        if let Some(next) = next(&slot)? {
            *slot = Arc::new(next);
        }
        Ok(())
    }
}

/// Records from a list, `per_chunk` at a time.
struct Records {
    records: std::vec::IntoIter<String>,
    per_chunk: usize,
    number: u64,
}

impl RecordSource for Records {
    fn next(&mut self, chunk: &mut Chunk) -> Result<bool> {
        chunk.clear();
        for record in self.records.by_ref().take(self.per_chunk) {
            self.number += 1;
            chunk.push(record.as_bytes(), self.number);
        }
        Ok(!chunk.is_empty())
    }
    fn name(&self) -> Option<&str> {
        None
    }
    fn progress(&self) -> Option<(u64, u64)> {
        None
    }
}

fn records(records: impl IntoIterator<Item = String>, per_chunk: usize) -> Records {
    Records { records: records.into_iter().collect::<Vec<_>>().into_iter(), per_chunk, number: 0 }
}

fn schema() -> Arc<Schema> {
    let fields = vec![
        Field { name: "title".into(), kind: FieldKind::Text { analyzer: "standard".into() } },
        Field { name: "n".into(), kind: FieldKind::Integer },
    ];
    Arc::new(Schema::new("id".into(), KeyKind::String, Extra::Error, fields).unwrap())
}

fn doc(key: impl std::fmt::Display, n: i64) -> String {
    format!("{{\"id\":\"{key}\",\"title\":\"the number {n}\",\"n\":{n}}}")
}

/// One open index.
struct Handle {
    storage: Arc<dyn Storage>,
    cell: Arc<Plain>,
    writer: Writer,
}

fn quiet() -> WriterOptions {
    WriterOptions { threads: 2, background_merges: false, ..WriterOptions::default() }
}

impl Handle {
    fn create(storage: Arc<dyn Storage>) -> Self {
        let snapshot = create(&*storage, schema(), &steps::StepHook::default()).unwrap();
        Self::on(storage, snapshot, quiet())
    }
    fn open(storage: &Arc<dyn Storage>) -> Self {
        Self::open_with(storage, quiet())
    }
    fn open_with(storage: &Arc<dyn Storage>, options: WriterOptions) -> Self {
        Self::on(Arc::clone(storage), open(&**storage).unwrap(), options)
    }
    fn on(storage: Arc<dyn Storage>, snapshot: Snapshot, options: WriterOptions) -> Self {
        let cell = Arc::new(Plain(Mutex::new(Arc::new(snapshot))));
        let writer = Writer::new(Arc::clone(&storage), options, Arc::clone(&cell) as Arc<dyn SnapshotCell>);
        Self { storage, cell, writer }
    }
    fn memory() -> Self {
        Self::create(MemoryStorage::named(""))
    }
    fn view(&self) -> Arc<Snapshot> {
        self.cell.load()
    }
    fn put(&self, docs: impl IntoIterator<Item = (String, i64)>) {
        let docs = docs.into_iter().map(|(key, n)| doc(key, n));
        self.writer.upsert(&mut records(docs, 100), &UpsertOptions::default(), &Interrupt::none()).unwrap();
    }
    fn put_one(&self, key: &str, n: i64) {
        self.put([(key.to_owned(), n)]);
    }
    fn put_if(&self, key: &str, n: i64, version: u64) -> Result<()> {
        let options = UpsertOptions { if_version: Some(version), ..UpsertOptions::default() };
        self.writer.upsert(&mut records([doc(key, n)], 1), &options, &Interrupt::none()).map(drop)
    }
    fn version(&self, key: &str) -> u64 {
        let view = self.view();
        view.find(key).unwrap().map_or(0, |(segment, doc)| view.sequence(segment, doc).unwrap().0)
    }
    fn delete(&self, keys: &[&str]) -> u64 {
        let keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
        self.writer.delete(&keys, true, &Interrupt::none()).unwrap()
    }
    fn commit(&self) -> u64 {
        self.writer.commit(&Interrupt::none()).unwrap().generation
    }
    fn refresh(&self) {
        self.writer.refresh(&Interrupt::none()).unwrap();
    }
    fn contents(&self) -> BTreeMap<String, i64> {
        contents(&self.view())
    }
}

/// All live documents; every invariant of a snapshot is checked on the way.
fn contents(view: &Snapshot) -> BTreeMap<String, i64> {
    let mut found = BTreeMap::new();
    let mut sequences = std::collections::BTreeSet::new();
    let (mut key, mut json) = (String::new(), Vec::new());
    for (place, segment) in view.segments.iter().enumerate() {
        let mut last = 0;
        let mut live = 0;
        for doc in (0..segment.reader.doc_count()).map(DocId) {
            let sequence = segment.sequence(doc).unwrap().0;
            assert!(sequence > last && sequences.insert(sequence), "sequence numbers ascend in a segment and are unique");
            last = sequence;
            if !segment.is_live(doc) {
                continue;
            }
            live += 1;
            segment.reader.key(doc, &mut key).unwrap();
            segment.reader.document(doc, &mut json).unwrap();
            let value: serde_json::Value = serde_json::from_slice(&json).unwrap();
            assert_eq!(value["id"], key.as_str());
            assert!(found.insert(key.clone(), value["n"].as_i64().unwrap()).is_none(), "{key} lives twice");
            assert_eq!(view.find(&key).unwrap(), Some((place, doc)));
        }
        assert_eq!(live, segment.live_docs);
    }
    assert_eq!(view.live_count(), found.len() as u64);
    found
}

/// Documents whose `n` leaves this remainder.
struct Remainder(i64, i64);

impl DocPredicate for Remainder {
    fn matching(&self, _: &Schema, segment: &SegmentReader) -> Result<BitSet> {
        let mut bits = BitSet::empty(segment.doc_count());
        let mut json = Vec::new();
        for doc in 0..segment.doc_count() {
            segment.document(DocId(doc), &mut json)?;
            let value: serde_json::Value = serde_json::from_slice(&json).unwrap();
            if value["n"].as_i64().unwrap().rem_euclid(self.0) == self.1 {
                bits.insert(doc);
            }
        }
        Ok(bits)
    }
}

/// The index is intact, and nothing is in storage that the kept manifests do not name.
fn assert_clean(storage: &dyn Storage) {
    let report = check(storage, &Interrupt::none()).unwrap();
    assert_eq!(report.problems, []);
    let mut named: Vec<String> = Vec::new();
    for number in manifest::numbers(storage).unwrap() {
        named.extend(manifest::read(storage, number).unwrap().manifest.objects());
    }
    for folder in [names::SEGMENTS, names::LIVE, names::TEMPORARY] {
        for meta in storage.list(folder).unwrap() {
            assert!(named.contains(&meta.name), "{} is an orphan", meta.name);
        }
    }
}
