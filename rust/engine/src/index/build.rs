//! From records to finished segments: parse, analyse, build, on one thread or on all.
//!
//! **In**: a [`RecordSource`]. **Out**: a [`Batch`] of finished segments, and what was refused. **Law**: a record's sequence number is its
//! ordinal in the call, so the result does not depend on how threads take turns; of several records with one key the last one lives;
//! the refusal that is reported first is the first one in the source. A call that fails leaves no segment behind. Memory is bounded: a
//! builder that has used its share is finished, and chunks wait in a queue of fixed length.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use crossbeam_channel::{Receiver, SendTimeoutError, bounded};

use super::duplicates;
use super::manifest::SegmentEntry;
use super::names;
use super::outbox::Outbox;
use super::snapshot::SegmentView;
use super::spill::{Kept, Spill};
use super::state::{Batch, Built, Home};
use crate::analysis::Analyzers;
use crate::base::bits::BitSet;
use crate::base::checksum::xxh3;
use crate::base::error::{Place, Reject};
use crate::base::{Error, Interrupt, Result};
use crate::codec::SegmentFileWriter;
use crate::ingest::{Chunk, RecordSource};
use crate::schema::Schema;
use crate::schema::document::DocumentParser;
use crate::segment::{SegmentBuilder, SegmentMeta, SegmentReader};
use crate::storage::{Bytes, Lease};

/// How often waits look for an interrupt.
const SLICE: Duration = Duration::from_millis(20);
/// Records between two looks at the interrupt.
const CHECK_EVERY: usize = 256;
/// Hashes of keys that one call keeps in memory (8 bytes each); beyond that, equal keys of its segments are found by looking them up.
const MAX_HASHES: usize = 8 << 20;
/// Refusals that are kept for the caller.
pub const MAX_REJECTS: usize = 10_000;

/// What to do with a document that the schema refuses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnError {
    /// The call fails with the first refusal, and nothing has changed.
    #[default]
    Raise,
    /// The others are indexed, the refused ones reported.
    Collect,
}

/// Everything that builders share.
pub(super) struct Toolkit {
    pub schema: Arc<Schema>,
    pub analyzers: Arc<Analyzers>,
    pub outbox: Arc<Outbox>,
    /// Bytes that all builders may use.
    pub memory: usize,
    pub threads: usize,
    /// Segments up to this size stay in memory until they are folded or committed.
    pub spill_at: usize,
}

/// What came of a source.
pub(super) struct Outcome {
    pub batch: Batch,
    /// Accepted documents.
    pub count: u64,
    /// The first refusals.
    pub rejected: Vec<Reject>,
    /// All refusals.
    pub rejected_count: u64,
}

/// Builds all that `source` has.
///
/// # Errors
/// The first refusal when `on_error` is [`OnError::Raise`]; those of the source and the storage; an interrupt.
pub(super) fn build(toolkit: &Toolkit, source: &mut dyn RecordSource, on_error: OnError, interrupt: &Interrupt) -> Result<Outcome> {
    let shared = Shared {
        toolkit,
        on_error,
        source: source.name().map(str::to_owned),
        failed_at: AtomicU64::new(u64::MAX),
        stop: AtomicBool::new(false),
        hashes: AtomicUsize::new(0),
    };
    let (mut first, mut second) = (Chunk::default(), Chunk::default());
    let mut done = if !source.next(&mut first)? || !source.next(&mut second)? {
        let mut worker = Worker::new(&shared, 1);
        worker.take(&first, 0, interrupt);
        vec![worker.end(interrupt)]
    } else {
        pipeline(&shared, source, [first, second], interrupt)?
    };
    let failures = done.iter_mut().filter_map(|part| part.failure.take());
    if let Some((_, error)) = failures.min_by_key(|(ordinal, _)| *ordinal) {
        done.into_iter().for_each(|part| part.discard(&toolkit.outbox));
        return Err(error);
    }
    assemble(done, interrupt)
}

/// One thread pulls, the others build.
fn pipeline(shared: &Shared<'_>, source: &mut dyn RecordSource, first: [Chunk; 2], interrupt: &Interrupt) -> Result<Vec<Done>> {
    let threads = shared.toolkit.threads.max(1);
    let (sender, receiver) = bounded::<(u64, Chunk)>(2 * threads);
    let (give_back, spare) = bounded::<Chunk>(4 * threads);
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads)
            .map(|_| {
                let (receiver, give_back) = (receiver.clone(), give_back.clone());
                let interrupt = interrupt.clone();
                scope.spawn(move || {
                    let mut worker = Worker::new(shared, threads);
                    worker.run(&receiver, &give_back, &interrupt);
                    worker.end(&interrupt)
                })
            })
            .collect();
        drop(receiver);
        let feed = || -> Result<()> {
            let mut ordinal = 0;
            let mut ready = first.into_iter();
            while shared.failed_at.load(Ordering::Relaxed) == u64::MAX {
                interrupt.check()?;
                let chunk = match ready.next() {
                    Some(chunk) => chunk,
                    None => {
                        let mut chunk = spare.try_recv().unwrap_or_default();
                        if !source.next(&mut chunk)? {
                            break;
                        }
                        chunk
                    }
                };
                let count = chunk.len() as u64;
                let mut item = (ordinal, chunk);
                ordinal += count;
                loop {
                    match sender.send_timeout(item, SLICE) {
                        Ok(()) => break,
                        Err(SendTimeoutError::Timeout(back)) => item = back,
                        Err(SendTimeoutError::Disconnected(_)) => return Ok(()),
                    }
                    interrupt.check()?;
                }
            }
            Ok(())
        };
        let fed = feed();
        if fed.is_err() {
            shared.stop.store(true, Ordering::Relaxed);
        }
        drop(sender);
        // The workers end by themselves; until then this thread goes on looking for Ctrl-C.
        while fed.is_ok() && running.iter().any(|thread| !thread.is_finished()) {
            if interrupt.check().is_err() {
                shared.stop.store(true, Ordering::Relaxed);
                break;
            }
            std::thread::sleep(Duration::from_micros(500));
        }
        let mut done = Vec::with_capacity(threads);
        let mut panic = None;
        for thread in running {
            match thread.join() {
                Ok(part) => done.push(part),
                Err(payload) => panic = Some(payload),
            }
        }
        if let Some(payload) = panic {
            std::panic::resume_unwind(payload);
        }
        if let Err(error) = fed.and_then(|()| Ok(interrupt.check()?)) {
            done.into_iter().for_each(|part: Done| part.discard(&shared.toolkit.outbox));
            return Err(error);
        }
        Ok(done)
    })
}

/// What the workers of one call share.
struct Shared<'a> {
    toolkit: &'a Toolkit,
    on_error: OnError,
    source: Option<String>,
    /// Smallest ordinal at which a worker failed: what lies behind need not be built.
    failed_at: AtomicU64,
    stop: AtomicBool,
    /// Hashes that finished segments keep.
    hashes: AtomicUsize,
}

/// A finished segment with what is needed to find keys that several segments have.
struct Finished {
    id: String,
    meta: SegmentMeta,
    opened: Opened,
    /// By document; `None` = there were too many to keep.
    hashes: Option<Vec<u64>>,
}

impl Finished {
    fn discard(self, outbox: &Outbox) {
        if matches!(self.opened.home, Home::Object) {
            outbox.discard(&names::segment(&self.id));
        }
    }
}

struct Building {
    builder: SegmentBuilder,
    id: String,
    kept: Kept,
    hashes: Vec<u64>,
}

/// What a worker leaves.
#[derive(Default)]
struct Done {
    segments: Vec<Finished>,
    count: u64,
    rejected: Vec<(u64, Reject)>,
    rejected_count: u64,
    /// One more than the largest ordinal that was accepted.
    sequences: u64,
    failure: Option<(u64, Error)>,
}

impl Done {
    fn discard(self, outbox: &Outbox) {
        self.segments.into_iter().for_each(|segment| segment.discard(outbox));
    }
}

struct Worker<'a> {
    shared: &'a Shared<'a>,
    parser: DocumentParser,
    share: usize,
    building: Option<Building>,
    done: Done,
}

impl<'a> Worker<'a> {
    fn new(shared: &'a Shared<'a>, threads: usize) -> Self {
        Self {
            shared,
            parser: DocumentParser::new(Arc::clone(&shared.toolkit.schema)),
            share: shared.toolkit.memory / threads,
            building: None,
            done: Done::default(),
        }
    }

    fn run(&mut self, chunks: &Receiver<(u64, Chunk)>, give_back: &crossbeam_channel::Sender<Chunk>, interrupt: &Interrupt) {
        while let Ok((ordinal, mut chunk)) = chunks.recv() {
            // Chunks come in order, so what lies before a failure has been handed out before; it is still looked at.
            if ordinal < self.shared.failed_at.load(Ordering::Relaxed) && self.done.failure.is_none() {
                self.take(&chunk, ordinal, interrupt);
            }
            chunk.clear();
            let _ = give_back.try_send(chunk);
        }
    }

    /// Builds a chunk whose first record has this ordinal.
    fn take(&mut self, chunk: &Chunk, ordinal: u64, interrupt: &Interrupt) {
        for (i, (json, number)) in chunk.iter().enumerate() {
            let at = ordinal + i as u64;
            let result = if i % CHECK_EVERY == 0 { self.pause(interrupt) } else { Ok(()) };
            if let Err(error) = result.and_then(|()| self.document(json, number, at, interrupt)) {
                self.shared.failed_at.fetch_min(at, Ordering::Relaxed);
                self.done.failure = Some((at, error));
                return;
            }
        }
    }

    fn pause(&self, interrupt: &Interrupt) -> Result<()> {
        if self.shared.stop.load(Ordering::Relaxed) {
            return Err(Error::Cancelled);
        }
        Ok(interrupt.check()?)
    }

    fn document(&mut self, json: &[u8], number: u64, at: u64, interrupt: &Interrupt) -> Result<()> {
        let document = match self.parser.parse(json) {
            Ok(document) => document,
            Err(mut reject) => {
                reject.place = Place { source: self.shared.source.clone(), record: Some(number) };
                if self.shared.on_error == OnError::Raise {
                    return Err(reject.into());
                }
                self.done.rejected_count += 1;
                if self.done.rejected.len() < MAX_REJECTS {
                    self.done.rejected.push((at, reject));
                }
                return Ok(());
            }
        };
        let building = match &mut self.building {
            Some(building) => building,
            None => self.building.insert(Building::new(self.shared.toolkit)?),
        };
        building.builder.add(&document, at)?;
        building.hashes.push(xxh3(document.key.as_bytes()));
        self.done.count += 1;
        self.done.sequences = at + 1;
        if building.builder.memory() + building.hashes.capacity() * 8 >= self.share {
            self.flush(interrupt)?;
        }
        Ok(())
    }

    fn flush(&mut self, interrupt: &Interrupt) -> Result<()> {
        if let Some(building) = self.building.take() {
            let mut finished = building.finish(&self.shared.toolkit.outbox, interrupt)?;
            let count = finished.meta.docs as usize;
            if self.shared.hashes.fetch_add(count, Ordering::Relaxed) + count > MAX_HASHES {
                finished.hashes = None;
            }
            self.done.segments.push(finished);
        }
        Ok(())
    }

    fn end(mut self, interrupt: &Interrupt) -> Done {
        if self.done.failure.is_none()
            && let Err(error) = self.pause(interrupt).and_then(|()| self.flush(interrupt))
        {
            self.done.failure = Some((u64::MAX - 1, error));
        }
        self.done
    }
}

impl Building {
    fn new(toolkit: &Toolkit) -> Result<Self> {
        let id = toolkit.outbox.names()?.unique();
        let (object, kept) = Spill::new(Arc::clone(&toolkit.outbox), id.clone(), toolkit.spill_at);
        let file = SegmentFileWriter::new(Box::new(object), names::segment(&id));
        let builder = SegmentBuilder::new(Arc::clone(&toolkit.schema), Arc::clone(&toolkit.analyzers), file)?;
        Ok(Self { builder, id, kept, hashes: Vec::new() })
    }

    fn finish(self, outbox: &Outbox, interrupt: &Interrupt) -> Result<Finished> {
        let meta = self.builder.finish(interrupt)?;
        let opened = Opened::new(outbox, &self.id, &meta, self.kept.take())?;
        Ok(Finished { id: self.id, meta, opened, hashes: Some(self.hashes) })
    }
}

/// A segment that was just written, open.
pub(super) struct Opened {
    pub home: Home,
    pub reader: Arc<SegmentReader>,
    /// Objects are held from now on, as every reader does.
    pub hold: Option<Arc<dyn Lease>>,
}

impl Opened {
    /// Opens a segment from the bytes that stayed in memory, or from its object.
    pub fn new(outbox: &Outbox, id: &str, meta: &SegmentMeta, kept: Option<Bytes>) -> Result<Self> {
        let object = names::segment(id);
        if let Some(bytes) = kept {
            let reader = SegmentReader::from_bytes(&object, bytes.clone(), Some(meta.checksum))?;
            return Ok(Self { home: Home::Memory(bytes), reader, hold: None });
        }
        let open = || {
            let hold = Some(Arc::from(outbox.storage.hold(&object)?));
            let reader = SegmentReader::open(&*outbox.storage, &object, Some(meta.checksum))?;
            Ok(Self { home: Home::Object, reader, hold })
        };
        open().inspect_err(|_| outbox.discard(&object))
    }

    /// The view of the segment, whose base is not known yet.
    pub fn view(&self, id: String, meta: &SegmentMeta, live: Option<BitSet>) -> SegmentView {
        let entry = SegmentEntry {
            id,
            size: meta.size,
            checksum: meta.checksum,
            docs: meta.docs,
            live: None,
            base: 0,
            fields: meta.fields.clone(),
            keys: (meta.key_min.clone(), meta.key_max.clone()),
        };
        let live_docs = live.as_ref().map_or(meta.docs, BitSet::count);
        let reader = Arc::clone(&self.reader);
        SegmentView { reader, live: live.map(Arc::new), base: 0, live_docs, entry: Arc::new(entry), hold: self.hold.clone() }
    }
}

/// Puts the workers' segments together: of each key the last document lives.
fn assemble(done: Vec<Done>, interrupt: &Interrupt) -> Result<Outcome> {
    let (mut count, mut rejected_count, mut sequences) = (0, 0, 0);
    let (mut rejected, mut segments) = (Vec::new(), Vec::new());
    for part in done {
        count += part.count;
        rejected_count += part.rejected_count;
        sequences = sequences.max(part.sequences);
        rejected.extend(part.rejected);
        segments.extend(part.segments);
    }
    rejected.sort_by_key(|(at, _)| *at);
    rejected.truncate(MAX_REJECTS);
    let mut dead: Vec<Vec<u32>> = segments.iter_mut().map(|segment| std::mem::take(&mut segment.meta.dead)).collect();
    if segments.len() > 1 {
        let readers: Vec<&SegmentReader> = segments.iter().map(|segment| &*segment.opened.reader).collect();
        let hashes: Option<Vec<&[u64]>> = segments.iter().map(|segment| segment.hashes.as_deref()).collect();
        let replaced = match hashes {
            Some(hashes) => duplicates::by_hashes(&readers, &hashes, interrupt)?,
            None => duplicates::by_lookup(&readers, interrupt)?,
        };
        dead.iter_mut().zip(replaced).for_each(|(dead, replaced)| dead.extend(replaced));
    }
    let segments = segments
        .into_iter()
        .zip(dead)
        .map(|(segment, dead)| {
            let live = (!dead.is_empty()).then(|| {
                let mut live = BitSet::full(segment.meta.docs);
                dead.iter().for_each(|doc| _ = live.remove(*doc));
                live
            });
            Built { view: segment.opened.view(segment.id, &segment.meta, live), home: segment.opened.home }
        })
        .collect();
    let batch = Batch { segments, sequences, if_version: None };
    Ok(Outcome { batch, count, rejected: rejected.into_iter().map(|(_, reject)| reject).collect(), rejected_count })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::BTreeMap;

    use super::*;
    use crate::base::DocId;
    use crate::index::steps::StepHook;
    use crate::schema::{Extra, KeyKind};
    use crate::storage::{MemoryStorage, Storage};

    struct Numbers(std::ops::Range<u64>);

    impl RecordSource for Numbers {
        fn next(&mut self, chunk: &mut Chunk) -> Result<bool> {
            chunk.clear();
            self.0.by_ref().take(7).for_each(|n| chunk.push(format!("{{\"id\":\"k{}\",\"n\":{n}}}", n * n % 61).as_bytes(), n + 1));
            Ok(!chunk.is_empty())
        }
        fn name(&self) -> Option<&str> {
            None
        }
        fn progress(&self) -> Option<(u64, u64)> {
            None
        }
    }

    #[test]
    fn a_builder_over_its_share_is_finished_and_the_batch_is_the_same() {
        let schema = Arc::new(Schema::new("id".into(), KeyKind::String, Extra::Store, Vec::new()).unwrap());
        for (memory, spill_at) in [(1, 0), (1, 1 << 20), (1 << 24, 0)] {
            let storage = MemoryStorage::named("");
            let toolkit = Toolkit {
                analyzers: Arc::new(Analyzers::of(schema.analyzers()).unwrap()),
                schema: Arc::clone(&schema),
                outbox: Arc::new(Outbox::new(storage.clone(), StepHook::default())),
                memory,
                threads: 2,
                spill_at,
            };
            let outcome = build(&toolkit, &mut Numbers(0..100), OnError::Raise, &Interrupt::none()).unwrap();
            assert_eq!((outcome.count, outcome.batch.sequences), (100, 100));
            assert_eq!(outcome.batch.segments.len() == 100, memory == 1);
            let in_objects = storage.list(names::SEGMENTS).unwrap().len();
            assert_eq!(in_objects, if spill_at == 0 { outcome.batch.segments.len() } else { 0 });
            let mut live = BTreeMap::new();
            for built in &outcome.batch.segments {
                for doc in (0..built.view.entry.docs).map(DocId).filter(|doc| built.view.is_live(*doc)) {
                    let mut key = String::new();
                    built.view.reader.key(doc, &mut key).unwrap();
                    assert!(live.insert(key, built.view.reader.rel(doc).unwrap()).is_none());
                }
            }
            let expected: BTreeMap<String, u64> = (0..100u64).map(|n| (format!("k{}", n * n % 61), n)).collect();
            assert_eq!(live, expected);
        }
    }
}
