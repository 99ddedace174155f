//! The manifest: which segments an index consists of at one commit.
//!
//! **In**: entries of segments, the schema. **Out**: the bytes of `manifest/<n>`, and back. **Law**: a manifest is created only if its
//! number does not exist yet, after all that it names is durable; it carries the hash of its predecessor, so that a chain cannot fork
//! unseen, and the unique id of its commit, so that a writer whose answer got lost knows its own work. Every byte is under the
//! checksum, the version too: a flipped version is corruption, not another format.
//!
//! ```text
//! manifest = "findspot manifest " version " " checksum "\n" body
//! version  = decimal
//! checksum = 8 hexadecimal digits: crc32(version "\n" body)
//! body     = JSON, as `Manifest` serialises
//! ```
//! The first line stays for all versions.

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::names;
use crate::base::checksum::{crc32, xxh3};
use crate::base::{Error, Result};
use crate::schema::Schema;
use crate::segment::FieldStats;
use crate::storage::Storage;

/// Version of the manifest that this build writes and reads.
pub const VERSION: u32 = 1;
/// Listings without any manifest before it is believed that there is none.
const EMPTY_LISTINGS: u32 = 5;
/// Longest run of numbers in which missing ones are looked for.
const MAX_GAP: u64 = 10_000;
const MAGIC: &str = "findspot manifest ";
/// The sequence number of the first document of an index; so version 0 always means "absent".
pub const FIRST_SEQUENCE: u64 = 1;

/// The live bits of a segment, as an object of their own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveEntry {
    /// What follows the segment's id in the object's name.
    pub id: String,
    /// CRC-32 of the object.
    pub checksum: u32,
    /// Live documents.
    pub count: u32,
}

/// One segment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentEntry {
    /// Its unique id; the object is `seg/<id>.seg`.
    pub id: String,
    /// Size of the object in bytes.
    pub size: u64,
    /// Checksum of the object's footer.
    pub checksum: u32,
    /// Documents, deleted ones included.
    pub docs: u32,
    /// Live bits; absent while no document is deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<LiveEntry>,
    /// What is added to the segment's relative sequence numbers.
    pub base: u64,
    /// By field id: documents and lengths. Fields that are newer than the segment are absent.
    pub fields: Vec<FieldStats>,
    /// Smallest and largest key, deleted documents included.
    pub keys: (String, String),
}

impl SegmentEntry {
    /// The name of the segment's object.
    #[must_use]
    pub fn object(&self) -> String {
        names::segment(&self.id)
    }

    /// The name of the live object, if there is one.
    #[must_use]
    pub fn live_object(&self) -> Option<String> {
        self.live.as_ref().map(|live| names::live(&self.id, &live.id))
    }

    /// Live documents.
    #[must_use]
    pub fn live_docs(&self) -> u32 {
        self.live.as_ref().map_or(self.docs, |live| live.count)
    }
}

/// One commit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Its number: the index's generation.
    pub number: u64,
    /// Unique id of the index, the same in all its manifests: another index in the same place is told from it.
    pub index: String,
    /// Hash of the predecessor's bytes, 16 hexadecimal digits; zeros for the first.
    pub previous: String,
    /// Unique id of the commit.
    pub commit: String,
    /// Counts the alterations of the schema, from 1.
    pub schema_version: u32,
    /// The schema.
    #[serde(serialize_with = "write_schema", deserialize_with = "read_schema")]
    pub schema: Arc<Schema>,
    /// The sequence number that the next document gets.
    pub next_sequence: u64,
    /// The segments, oldest first.
    pub segments: Vec<SegmentEntry>,
}

fn write_schema<S: Serializer>(schema: &Arc<Schema>, serializer: S) -> Result<S::Ok, S::Error> {
    schema.as_ref().serialize(serializer)
}

fn read_schema<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<Schema>, D::Error> {
    Schema::deserialize(deserializer).map(Arc::new)
}

/// A manifest that exists, with the hash that its successor carries.
#[derive(Clone, Debug)]
pub struct Committed {
    /// What it says.
    pub manifest: Manifest,
    /// Hash of its bytes.
    pub hash: String,
}

impl Manifest {
    /// The manifest of an empty index.
    #[must_use]
    pub fn first(schema: Arc<Schema>, commit: String) -> Self {
        let previous = format!("{:016x}", 0);
        Self {
            number: 1,
            index: commit.clone(),
            previous,
            commit,
            schema_version: 1,
            schema,
            next_sequence: FIRST_SEQUENCE,
            segments: Vec::new(),
        }
    }

    /// Its bytes.
    ///
    /// # Errors
    /// [`Error::Defect`] when it cannot be serialised, which no manifest can cause.
    pub fn encode(&self) -> Result<Vec<u8>> {
        let body = serde_json::to_vec(self).map_err(|_| Error::Defect("a manifest was not serialisable"))?;
        let mut bytes = format!("{MAGIC}{VERSION} {:08x}\n", checksum(VERSION, &body)).into_bytes();
        bytes.extend_from_slice(&body);
        Ok(bytes)
    }

    /// All objects that it names, itself excluded.
    pub fn objects(&self) -> impl Iterator<Item = String> + '_ {
        self.segments.iter().flat_map(|segment| std::iter::once(segment.object()).chain(segment.live_object()))
    }
}

fn checksum(version: u32, body: &[u8]) -> u32 {
    let mut covered = format!("{version}\n").into_bytes();
    covered.extend_from_slice(body);
    crc32(&covered)
}

/// Version and checksum of the first line, and what follows it.
fn first_line(bytes: &[u8]) -> Option<(u32, u32, &[u8])> {
    let rest = bytes.strip_prefix(MAGIC.as_bytes())?;
    let end = rest.iter().take(32).position(|byte| *byte == b'\n')?;
    let (version, sum) = std::str::from_utf8(rest.get(..end)?).ok()?.split_once(' ')?;
    // Written exactly as `encode` writes: no signs, no leading zeros, no capitals, so that no two texts mean the same.
    let (number, value) = (version.parse::<u32>().ok()?, u32::from_str_radix(sum, 16).ok()?);
    let plain = number.to_string() == version && format!("{value:08x}") == sum;
    plain.then_some((number, value, rest.get(end + 1..)?))
}

impl Committed {
    /// Reads what `encode` wrote. `number` is the one in the object's name.
    ///
    /// # Errors
    /// [`Error::Corruption`], or [`Error::FormatVersion`] for an intact manifest of another version.
    pub fn decode(number: u64, bytes: &[u8]) -> Result<Self> {
        let name = names::manifest(number);
        let Some((version, sum, body)) = first_line(bytes) else {
            return Err(Error::corruption(name, 0, "this is no manifest: its first line is not as written"));
        };
        let actual = checksum(version, body);
        if actual != sum {
            return Err(Error::corruption(name, 0, format!("expected checksum {sum:08x}, got {actual:08x}")));
        }
        if version != VERSION {
            let hint = if version > VERSION { "update findspot" } else { "build the index again from its source" };
            return Err(Error::FormatVersion { file: name, expected: VERSION, got: version, hint: hint.into() });
        }
        let manifest: Manifest = serde_json::from_slice(body).map_err(|e| {
            let offset = bytes.len() - body.len() + e.column().saturating_sub(1);
            Error::corruption(name.as_str(), offset as u64, format!("the body is not as written: {e}"))
        })?;
        if manifest.number != number {
            return Err(Error::corruption(name, 0, format!("this is manifest {} under another name", manifest.number)));
        }
        Ok(Self { manifest, hash: hash(bytes) })
    }
}

/// The hash by which a manifest names its predecessor.
#[must_use]
pub fn hash(bytes: &[u8]) -> String {
    format!("{:016x}", xxh3(bytes))
}

/// The numbers of all manifests that exist, ascending; the last one was the newest at some moment during the call.
///
/// A listing is no snapshot: what is created while a folder is read may be missing from it, and what was there may be deleted meanwhile.
/// But manifests are created in ascending order without gaps and deleted in ascending order. So if, after the listing, `m + 1` does not
/// exist, and after that `m` still does, then `m + 1` has never existed so far.
///
/// # Errors
/// Those of the storage.
pub fn numbers(storage: &dyn Storage) -> Result<Vec<u64>> {
    let exists = |number: u64| match storage.open(&names::manifest(number)) {
        Ok(_) => Ok(true),
        Err(e) if e.is_not_found() => Ok(false),
        Err(e) => Err(e),
    };
    let mut empty = 0;
    loop {
        let mut numbers: Vec<u64> = storage.list(names::MANIFESTS)?.iter().filter_map(|meta| names::manifest_number(&meta.name)).collect();
        numbers.sort_unstable();
        let (Some(&first), Some(&last)) = (numbers.first(), numbers.last()) else {
            empty += 1;
            if empty == EMPTY_LISTINGS {
                return Ok(numbers);
            }
            continue;
        };
        let mut newest = last;
        while newest < u64::MAX && exists(newest + 1)? {
            newest += 1;
            numbers.push(newest);
        }
        // Gaps that a writer can leave are short; others were made by hand.
        if newest - first < MAX_GAP && numbers.len() as u64 != newest - first + 1 {
            let listed = std::mem::take(&mut numbers);
            for number in first..=newest {
                if listed.binary_search(&number).is_ok() || exists(number)? {
                    numbers.push(number);
                }
            }
        }
        if exists(newest)? {
            return Ok(numbers);
        }
    }
}

/// Reads one manifest.
///
/// # Errors
/// Those of the storage (`is_not_found` when it does not exist) and of [`Committed::decode`].
pub fn read(storage: &dyn Storage, number: u64) -> Result<Committed> {
    Committed::decode(number, &storage.open(&names::manifest(number))?)
}

/// The newest manifest; `None` = there is no index.
///
/// # Errors
/// Those of the storage and of [`Committed::decode`].
pub fn newest(storage: &dyn Storage) -> Result<Option<Committed>> {
    let mut last = None;
    loop {
        let Some(number) = numbers(storage)?.last().copied() else { return Ok(None) };
        match read(storage, number) {
            // Collected between listing and reading, so there are newer ones; unless listing keeps naming it.
            Err(e) if e.is_not_found() && last != Some(number) => last = Some(number),
            other => return other.map(Some),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use super::*;
    use crate::schema::{Extra, Field, FieldKind, KeyKind};
    use crate::storage::MemoryStorage;

    fn manifest() -> Manifest {
        let fields = vec![Field { name: "title".into(), kind: FieldKind::Text { analyzer: "standard".into() } }];
        let schema = Schema::new("id".into(), KeyKind::String, Extra::Error, fields).unwrap();
        let mut manifest = Manifest::first(Arc::new(schema), "commit".into());
        for (i, live) in [None, Some(LiveEntry { id: "b".into(), checksum: 7, count: 2 })].into_iter().enumerate() {
            manifest.segments.push(SegmentEntry {
                id: format!("s{i}"),
                size: 10,
                checksum: u32::MAX,
                docs: 3,
                live,
                base: 1,
                fields: vec![FieldStats { docs: 3, sum_dl: 12 }],
                keys: ("a\"\u{1}".into(), "é".into()),
            });
        }
        manifest
    }

    #[test]
    fn a_manifest_survives_its_bytes_and_names_its_objects() {
        let manifest = manifest();
        let bytes = manifest.encode().unwrap();
        let back = Committed::decode(1, &bytes).unwrap();
        assert_eq!(back.manifest, manifest);
        assert_eq!(back.hash, hash(&bytes));
        assert_eq!(manifest.objects().collect::<Vec<_>>(), ["seg/s0.seg", "seg/s1.seg", "live/s1.b"]);
        assert_eq!(manifest.segments.iter().map(SegmentEntry::live_docs).collect::<Vec<_>>(), [3, 2]);
    }

    #[test]
    fn any_changed_or_missing_byte_is_corruption() {
        let bytes = manifest().encode().unwrap();
        for i in 0..bytes.len() {
            for flip in [1u8, 0x20, 0x80] {
                let mut bad = bytes.clone();
                bad[i] ^= flip;
                match Committed::decode(1, &bad) {
                    Err(Error::Corruption { .. }) => {}
                    other => panic!("byte {i}: {other:?}"),
                }
            }
            assert!(matches!(Committed::decode(1, &bytes[..i]), Err(Error::Corruption { .. })), "cut at {i}");
        }
        assert!(matches!(Committed::decode(2, &bytes), Err(Error::Corruption { .. })));
    }

    /// The worked bytes of FORMAT.md.
    #[test]
    fn the_documented_manifest_is_read_and_written_alike() {
        let page = include_str!("../../../../FORMAT.md");
        let shown = page.split("```manifest\n").nth(1).and_then(|rest| rest.split("\n```").next()).unwrap();
        let committed = Committed::decode(2, shown.as_bytes()).unwrap();
        assert_eq!((committed.manifest.next_sequence, committed.manifest.segments[0].live_docs()), (4, 2));
        assert_eq!(committed.manifest.encode().unwrap(), shown.as_bytes());
    }

    #[test]
    fn a_newer_format_is_named_as_such() {
        let body = b"whatever";
        let mut bytes = format!("{MAGIC}{} {:08x}\n", VERSION + 1, checksum(VERSION + 1, body)).into_bytes();
        bytes.extend_from_slice(body);
        match Committed::decode(1, &bytes) {
            Err(Error::FormatVersion { expected, got, .. }) => assert_eq!((expected, got), (VERSION, VERSION + 1)),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_newest_is_the_one_with_the_largest_number() {
        let storage = MemoryStorage::named("");
        assert!(newest(&*storage).unwrap().is_none());
        for number in [9, 10, 8] {
            let bytes = Manifest { number, ..manifest() }.encode().unwrap();
            assert!(storage.create(&names::manifest(number), &bytes).unwrap());
        }
        storage.create("manifest/99x", b"").unwrap();
        assert_eq!(numbers(&*storage).unwrap(), [8, 9, 10]);
        assert_eq!(newest(&*storage).unwrap().unwrap().manifest.number, 10);
        storage.create(&names::manifest(u64::MAX), b"by hand").unwrap();
        assert_eq!(numbers(&*storage).unwrap(), [8, 9, 10, u64::MAX]);
    }

    /// Shows a manifest only to those who ask for it by number, as a folder does that is read while it is written.
    struct Partial {
        storage: Arc<MemoryStorage>,
        hidden: Vec<u64>,
    }

    impl Storage for Partial {
        fn url(&self) -> &str {
            self.storage.url()
        }
        fn create(&self, name: &str, bytes: &[u8]) -> Result<bool> {
            self.storage.create(name, bytes)
        }
        fn writer(&self, name: &str) -> Result<Box<dyn crate::storage::ObjectWriter>> {
            self.storage.writer(name)
        }
        fn open(&self, name: &str) -> Result<crate::storage::Bytes> {
            self.storage.open(name)
        }
        fn list(&self, prefix: &str) -> Result<Vec<crate::storage::ObjectMeta>> {
            let hidden: Vec<String> = self.hidden.iter().map(|number| names::manifest(*number)).collect();
            Ok(self.storage.list(prefix)?.into_iter().filter(|meta| !hidden.contains(&meta.name)).collect())
        }
        fn delete(&self, name: &str) -> Result<()> {
            self.storage.delete(name)
        }
        fn try_lock(&self, name: &str) -> Result<Option<Box<dyn crate::storage::Lease>>> {
            self.storage.try_lock(name)
        }
        fn hold(&self, name: &str) -> Result<Box<dyn crate::storage::Lease>> {
            self.storage.hold(name)
        }
        fn is_held(&self, name: &str) -> Result<bool> {
            self.storage.is_held(name)
        }
        fn delete_unless_held(&self, name: &str) -> Result<bool> {
            self.storage.delete_unless_held(name)
        }
    }

    #[test]
    fn manifests_that_a_listing_misses_are_found() {
        for hidden in [vec![], vec![7], vec![7, 8], vec![5, 8], vec![6]] {
            let storage = Partial { storage: MemoryStorage::named(""), hidden };
            for number in 5..9 {
                storage.create(&names::manifest(number), b"").unwrap();
            }
            let first = if storage.hidden.contains(&5) { 6 } else { 5 };
            assert_eq!(numbers(&storage).unwrap(), (first..9).collect::<Vec<_>>());
        }
    }
}
