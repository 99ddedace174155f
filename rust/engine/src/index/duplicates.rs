//! Equal keys in the segments of one call.
//!
//! **In**: segments that were built in parallel. **Out**: for each, the documents whose key a later document in another segment has.
//! **Law**: later means a larger relative sequence number, whatever segment it is in. While the hashes of all keys are in memory, only
//! keys whose hash occurs twice are read; without them every key of the smaller of two segments is looked up in the larger one.

use std::collections::{HashMap, HashSet};

use crate::base::{DocId, Interrupt, Pace, Result, sorting};
use crate::segment::SegmentReader;

/// Documents between two looks at the interrupt.
const CHECK_EVERY: u32 = 1024;

/// What reading a key costs, in hashes: about a microsecond.
const KEY: usize = 64;

/// By the hashes of all keys, by document.
pub(super) fn by_hashes(segments: &[&SegmentReader], hashes: &[&[u64]], interrupt: &Interrupt) -> Result<Vec<Vec<u32>>> {
    let mut pace = Pace::new(interrupt);
    let mut replaced = vec![Vec::new(); segments.len()];
    let mut all: Vec<u64> = hashes.iter().flat_map(|hashes| hashes.iter().copied()).collect();
    sorting::sort_unstable(&mut all, &mut pace)?;
    let twice: HashSet<u64> = all.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect();
    drop(all);
    if twice.is_empty() {
        return Ok(replaced);
    }
    let mut newest: HashMap<String, (u64, usize, u32)> = HashMap::new();
    let mut key = String::new();
    for (place, (segment, hashes)) in segments.iter().zip(hashes).enumerate() {
        for (doc, _) in hashes.iter().enumerate().filter(|(_, hash)| twice.contains(hash)) {
            let doc = DocId(doc as u32);
            pace.step(KEY)?;
            segment.key(doc, &mut key)?;
            let this = (segment.rel(doc)?, place, doc.0);
            let loser = match newest.get_mut(&key) {
                None => {
                    newest.insert(key.clone(), this);
                    continue;
                }
                Some(best) if best.0 < this.0 => std::mem::replace(best, this),
                Some(_) => this,
            };
            replaced[loser.1].push(loser.2);
        }
    }
    Ok(replaced)
}

/// By looking keys up.
pub(super) fn by_lookup(segments: &[&SegmentReader], interrupt: &Interrupt) -> Result<Vec<Vec<u32>>> {
    let mut replaced = vec![Vec::new(); segments.len()];
    let mut key = String::new();
    let mut found = Vec::new();
    for (a, b) in (0..segments.len()).flat_map(|b| (0..b).map(move |a| (a, b))) {
        let (small, large) = if segments[a].doc_count() <= segments[b].doc_count() { (a, b) } else { (b, a) };
        let (from, to) = (segments[small], segments[large]);
        for doc in 0..from.doc_count() {
            if doc % CHECK_EVERY == 0 {
                interrupt.check()?;
            }
            from.key(DocId(doc), &mut key)?;
            found.clear();
            to.find_key(&key, &mut |other| found.push(other))?;
            for other in &found {
                if from.rel(DocId(doc))? < to.rel(*other)? {
                    replaced[small].push(doc);
                } else {
                    replaced[large].push(other.0);
                }
            }
        }
    }
    Ok(replaced)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::analysis::Analyzers;
    use crate::base::checksum::xxh3;
    use crate::codec::SegmentFileWriter;
    use crate::schema::document::DocumentParser;
    use crate::schema::{Extra, KeyKind, Schema};
    use crate::segment::SegmentBuilder;
    use crate::storage::{MemoryStorage, Storage};

    /// Deals out records with these keys to segments, as threads would.
    fn segments(keys: &[(u8, usize)], count: usize) -> (Vec<Arc<SegmentReader>>, Vec<Vec<u64>>) {
        let schema = Arc::new(Schema::new("id".into(), KeyKind::String, Extra::Error, Vec::new()).unwrap());
        let analyzers = Arc::new(Analyzers::of(schema.analyzers()).unwrap());
        let storage = MemoryStorage::named("");
        let mut parser = DocumentParser::new(Arc::clone(&schema));
        let mut built = (Vec::new(), Vec::new());
        for segment in 0..count {
            let name = format!("seg/{segment}.seg");
            let file = SegmentFileWriter::new(storage.writer(&name).unwrap(), &name);
            let mut builder = SegmentBuilder::new(Arc::clone(&schema), Arc::clone(&analyzers), file).unwrap();
            let mut hashes = Vec::new();
            for (rel, (key, _)) in keys.iter().enumerate().filter(|(_, (_, to))| to % count == segment) {
                let json = format!("{{\"id\":\"k{key}\"}}");
                let document = parser.parse(json.as_bytes()).unwrap();
                builder.add(&document, rel as u64).unwrap();
                hashes.push(xxh3(document.key.as_bytes()));
            }
            let meta = builder.finish(&Interrupt::none()).unwrap();
            built.0.push(SegmentReader::open(&*storage, &name, Some(meta.checksum)).unwrap());
            built.1.push(hashes);
        }
        built
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
        #[test]
        fn of_each_key_exactly_the_last_document_is_left(keys in prop::collection::vec((0u8..20, 0usize..5), 1..60), count in 1usize..5) {
            let (readers, hashes) = segments(&keys, count);
            let readers: Vec<&SegmentReader> = readers.iter().map(|reader| &**reader).collect();
            let hashes: Vec<&[u64]> = hashes.iter().map(Vec::as_slice).collect();
            let last: HashMap<u8, usize> = keys.iter().enumerate().map(|(rel, (key, _))| (*key, rel)).collect();
            for replaced in [by_hashes(&readers, &hashes, &Interrupt::none()).unwrap(), by_lookup(&readers, &Interrupt::none()).unwrap()] {
                for (place, reader) in readers.iter().enumerate() {
                    for doc in 0..reader.doc_count() {
                        let rel = reader.rel(DocId(doc)).unwrap() as usize;
                        // What a later document of the same segment replaced, the builder knows.
                        let dead = replaced[place].contains(&doc) || reader.replaced().contains(&doc);
                        prop_assert_eq!(dead, last[&keys[rel].0] != rel);
                    }
                }
            }
        }
    }
}
