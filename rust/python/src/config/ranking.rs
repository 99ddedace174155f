//! A ranking that is a configuration: an index that follows a store.
//!
//! **In**: versions of a store. **Out**: configurations of an index, published under the same numbers. **Law**
//! 1. What takes time (reading, checking against the schema, compiling, tables) is done before a version exists; adopting it is pointer
//!    work. A version that the index cannot take is refused for everybody.
//! 2. Neither needs the interpreter.
//! 3. Long lists that have not changed, by the hashes of their subtrees, are not read again.
//! 4. The store does not keep the index alive; a handle that is gone takes everything.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use findspot_config::store::{Adopt, Attached, Candidate, Version};
use findspot_config::{Document, Kind, Node, Path, Problem, Problems, Segment};
use findspot_engine::base::Error;
use findspot_engine::index::Snapshot;
use findspot_engine::plan::{AbsentPin, Compiled, Pins, RankingConfig};
use findspot_engine::query::SynonymGroups;
use findspot_engine::search::{Index as Engine, View as Pinned};
use findspot_publish::retire;

/// Versions whose configurations are kept for requests that have pinned them.
const KEPT: usize = 16;

/// What was read of a document, with what tells whether it is the same.
struct Read {
    synonyms: u128,
    pins: u128,
    config: Arc<RankingConfig>,
}

/// Numbers of versions with their configurations, the newest last.
type Kept = Mutex<Vec<(u64, Arc<Compiled>)>>;

/// An index that follows a store.
pub(crate) struct Follower {
    engine: Weak<Engine>,
    name: String,
    read: Mutex<Option<Read>>,
    /// The newest versions with their configurations.
    kept: Arc<Kept>,
    absent: Mutex<Option<Absent>>,
}

/// Pins to what is not there, of pins on a snapshot: they are looked up again when one of the two is another.
struct Absent {
    pins: Vec<Arc<Pins>>,
    snapshot: Weak<Snapshot>,
    found: (Vec<AbsentPin>, usize),
}

/// Absent pins that a report tells one by one.
const TOLD: usize = 20;

/// The value at a path, or the nearest one above it: what is missing has no place of its own, the table that it is missing from has.
pub(super) fn near<'d>(document: &'d Document, path: &Path) -> Option<Node<'d>> {
    let above = |depth: usize| path.segments().iter().take(depth).fold(Path::root(), Path::step);
    (1..=path.segments().len()).rev().find_map(|depth| document.get(&above(depth)))
}

/// Problems of the engine as those of a document.
pub(super) fn placed(error: Error, document: &Document) -> Problems {
    let problem = |path: &str, expected: String, got: String, meant: Option<String>| {
        let path: Path = path.parse().unwrap_or_default();
        // A key that should not be there is told by its name, and stands where it begins.
        let key = path.segments().last().filter(|last| matches!(last, Segment::Key(key) if got == format!("{key:?}")));
        let key_at = key.and_then(|_| document.get(&path)?.key_origin());
        let problem = Problem::new("ranking", path.clone(), expected, got);
        let problem = match meant {
            Some(meant) => problem.hint(format!("did you mean {meant:?}?")),
            None => problem,
        };
        if let (Some(at), Some(Segment::Key(key))) = (key_at, key) {
            return problem.at(at.source, at.offset, key.len() as u32);
        }
        match near(document, &path) {
            Some(node) => problem.at_node(&node),
            None => problem,
        }
    };
    match error {
        Error::Config(problems) => {
            Problems(problems.into_iter().map(|found| problem(&found.path, found.expected, found.got, found.meant)).collect())
        }
        error => Problems(vec![problem("", "a configuration that the index can take".into(), error.to_string(), None)]),
    }
}

/// The synonyms of a table that has the form of one.
fn synonyms_of(node: &Node<'_>) -> Option<SynonymGroups> {
    let texts = |node: Node<'_>| -> Option<Vec<String>> {
        let list = (node.kind() == Kind::Array).then(|| node.items())?;
        list.map(|text| text.as_str().map(str::to_owned)).collect()
    };
    let mut groups = SynonymGroups::default();
    if node.kind() != Kind::Table {
        return None;
    }
    for table in node.items() {
        match (table.key(), table.kind()) {
            ("groups", Kind::Array) => groups.groups = table.items().map(texts).collect::<Option<_>>()?,
            ("oneway", Kind::Table) => {
                groups.oneway = table.items().map(|list| Some((list.key().to_owned(), texts(list)?))).collect::<Option<_>>()?;
                groups.oneway.sort_unstable();
            }
            _ => return None,
        }
    }
    Some(groups)
}

/// The configuration that a document holds.
pub(super) fn config_of(document: &Document) -> Result<Arc<RankingConfig>, Problems> {
    read(document, None).map(|read| read.config)
}

/// The configuration that a document holds, sharing the long lists of what was read before.
fn read(document: &Document, before: Option<&Read>) -> Result<Read, Problems> {
    let root = document.root();
    let hash = |name: &str| root.get(name).map_or(0, |node| node.hash());
    let (synonyms, pins) = (hash("synonyms"), hash("pins"));
    let same = before.map(|before| (before.synonyms == synonyms && synonyms != 0, before.pins == pins && pins != 0)).unwrap_or_default();
    // A profile's lists are read onto those of the base, so what the base lacks cannot be put in later.
    let plain = root.get("profiles").is_none();
    let mut map = serde_json::Map::new();
    // Groups by the thousand go straight from the document's memory; what has another form is read, and refused, like the rest.
    let direct = if plain && !same.0 { root.get("synonyms").and_then(|node| synonyms_of(&node)) } else { None };
    for node in root.items() {
        if direct.is_some() && node.key() == "synonyms" {
            map.insert("synonyms".to_owned(), serde_json::json!({}));
            continue;
        }
        if plain && ((node.key() == "synonyms" && same.0) || (node.key() == "pins" && same.1)) {
            map.insert(node.key().to_owned(), if node.key() == "pins" { serde_json::json!([]) } else { serde_json::json!({}) });
            continue;
        }
        let value = serde_json::from_slice(&node.to_json()).unwrap_or_default();
        map.insert(node.key().to_owned(), value);
    }
    let mut config = RankingConfig::of_document(&serde_json::Value::Object(map)).map_err(|error| placed(error, document))?;
    if let Some(direct) = direct {
        config = config.with_synonyms(direct).map_err(|error| placed(error, document))?;
    }
    if let Some(before) = before.filter(|_| plain) {
        if same.0 {
            config.synonyms = Arc::clone(&before.config.synonyms);
        }
        if same.1 {
            config.pins = Arc::clone(&before.config.pins);
        }
    }
    Ok(Read { synonyms, pins, config: Arc::new(config) })
}

/// What is wrong with a document that cannot be read, and what else its schema does not allow.
fn all_problems(engine: &Engine, document: &Document) -> Option<Problems> {
    let value = serde_json::from_slice(&document.to_json()).ok()?;
    let found = RankingConfig::problems(&value, &engine.schema());
    (!found.is_empty()).then(|| placed(Error::Config(found), document))
}

impl Follower {
    pub(crate) fn new(engine: &Arc<Engine>, name: String) -> Self {
        Self { engine: Arc::downgrade(engine), name, read: Mutex::default(), kept: Arc::default(), absent: Mutex::default() }
    }

    /// The view of a request that has pinned a version of the store.
    pub(crate) fn under(&self, view: &Arc<Pinned>, version: u64) -> findspot_engine::base::Result<Option<Arc<Pinned>>> {
        if view.config_version() == version {
            return Ok(None);
        }
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let compiled = kept.iter().find(|(number, _)| *number == version).map(|(_, compiled)| Arc::clone(compiled));
        drop(kept);
        compiled.map(|compiled| view.under(version, &compiled)).transpose()
    }

    /// Pins to what is not there: warnings.
    fn warnings(&self, engine: &Engine, compiled: &Compiled, document: &Document) -> Result<Vec<Problem>, Problems> {
        let view = engine.view().map_err(|error| placed(error, document))?;
        let (snapshot, pins) = (view.snapshot(), compiled.rankings().map(|ranking| Arc::clone(&ranking.pins)).collect::<Vec<_>>());
        let mut known = self.absent.lock().unwrap_or_else(PoisonError::into_inner);
        let is_same = |known: &&Absent| {
            std::ptr::eq(known.snapshot.as_ptr(), Arc::as_ptr(snapshot))
                && known.pins.len() == pins.len()
                && known.pins.iter().zip(&pins).all(|(a, b)| Arc::ptr_eq(a, b))
        };
        let (absent, more) = match known.as_ref().filter(is_same) {
            Some(known) => known.found.clone(),
            None => {
                let found = compiled.absent_pins(snapshot, TOLD).map_err(|error| placed(error, document))?;
                known.insert(Absent { pins, snapshot: Arc::downgrade(snapshot), found }).found.clone()
            }
        };
        drop(known);
        let warning = |path: &str, got: String| {
            let path: Path = path.parse().unwrap_or_default();
            let problem = Problem::new("absent_pin", path.clone(), "the key of a document", got);
            document.get(&path).map_or_else(|| problem.clone(), |node| problem.clone().at_node(&node)).warning()
        };
        let mut warnings: Vec<Problem> =
            absent.iter().map(|pin| warning(&pin.path, format!("{:?}, which no document has", pin.key))).collect();
        if more > 0 {
            warnings.push(warning("pins", format!("{more} more that no document has")));
        }
        Ok(warnings)
    }

    /// Warnings about a version that this index follows.
    pub(crate) fn absent(&self, version: &Arc<Version>) -> Option<Vec<Problem>> {
        let engine = self.engine.upgrade()?;
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let compiled = kept.iter().find(|(number, _)| *number == version.number()).map(|(_, compiled)| Arc::clone(compiled))?;
        drop(kept);
        self.warnings(&engine, &compiled, version.document()).ok()
    }

    /// The configuration of a version that is not kept any more, or was never current here.
    pub(crate) fn recall(&self, version: &Arc<Version>) -> Result<(), Problems> {
        let Some(engine) = self.engine.upgrade() else { return Ok(()) };
        let compiled = engine.compile(config_of(version.document())?).map_err(|error| placed(error, version.document()))?;
        keep(&self.kept, version.number(), compiled);
        Ok(())
    }
}

fn keep(kept: &Kept, version: u64, compiled: Arc<Compiled>) {
    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
    kept.retain(|(number, _)| *number != version);
    if kept.len() == KEPT {
        // Long lists take longer to free than a change of weights takes.
        retire(kept.remove(0).1);
    }
    kept.push((version, compiled));
}

impl Attached for Follower {
    fn name(&self) -> &str {
        &self.name
    }

    fn prepare(&self, candidate: &Candidate) -> Result<(Adopt, Vec<Problem>), Problems> {
        let nothing: Adopt = Box::new(|_| {});
        let Some(engine) = self.engine.upgrade() else { return Ok((nothing, Vec::new())) };
        let document = candidate.document();
        let mut before = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let found = read(document, before.as_ref()).map_err(|problems| all_problems(&engine, document).unwrap_or(problems))?;
        let compiled = match engine.compile(Arc::clone(&found.config)) {
            // A closed index takes everything: nobody can search it any more.
            Err(Error::Closed(_)) => return Ok((nothing, Vec::new())),
            compiled => compiled.map_err(|error| placed(error, document))?,
        };
        *before = Some(found);
        drop(before);
        let warnings = self.warnings(&engine, &compiled, document)?;
        let ready = engine.ready(Arc::clone(&compiled)).map_err(|error| placed(error, document))?;
        let (weak, kept) = (Weak::clone(&self.engine), Arc::clone(&self.kept));
        let adopt: Adopt = Box::new(move |version| {
            keep(&kept, version.number(), compiled);
            if let Some(engine) = weak.upgrade()
                && let Err(error) = engine.publish_ready(version.number(), ready)
                && !matches!(error, Error::Closed(_))
            {
                log::error!("configuration {} was not adopted: {error}", version.number());
            }
        });
        Ok((adopt, warnings))
    }
}
