//! The `[guard]` of a ranking: a new version is run on judged queries before it may be published.
//!
//! **In**: a candidate and the version that is live. **Out**: acceptance, or what it would lose. **Law**
//! 1. The guard that is live judges what would replace it, so that no version loosens or removes the guard that it is judged by; a guard that
//!    the candidate brings along judges it too. Of both the stricter decides.
//! 2. What ranks as the live version does has nothing to lose: the live guard is not asked, so a guard itself, or the place of its file, changes
//!    without force, as a version of its own.
//! 3. A path of judged queries is relative to the file that names it. Where none does (a patch, a version read back), to the files that the
//!    version was made from, then to the folder that the index was opened with.
//! 4. Neither guard needs the interpreter, but for a baseline that is named by its number.

use std::path::{Path as FilePath, PathBuf};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use findspot_config::numbering::Numbering;
use findspot_config::object::decode;
use findspot_config::store::{Candidate, GuardRule, Version};
use findspot_config::{Document, LayerKind, Path, Problem, Problems};
use findspot_engine::base::error::Problem as Found;
use findspot_engine::base::{Error, Interrupt};
use findspot_engine::plan::{Compiled, GuardRule as Rule};
use findspot_engine::search::{Index as Engine, arms, read_judged};
use pyo3::prelude::*;
use pyo3::types::PyWeakrefReference;

use super::ranking::{config_of, placed};
use super::store::ConfigStore;

/// How long the judged queries of one guard may take.
const BUDGET: Duration = Duration::from_secs(60);
const JUDGEMENTS: &str = "guard.judgements";

/// The guards of an index's versions.
pub(crate) struct Judges {
    pub engine: Weak<Engine>,
    /// Where relative paths begin that no file names.
    pub folder: PathBuf,
    /// For a baseline that is named by its number.
    pub store: Py<PyWeakrefReference>,
    /// The same while the store is being opened.
    pub numbering: Option<Arc<dyn Numbering>>,
}

/// A guard where it is written.
struct Written<'a> {
    rule: Rule,
    file: PathBuf,
    document: &'a Document,
    /// The version that it is of, when that is live.
    live: Option<u64>,
}

impl Written<'_> {
    fn refuse(&self, error: Error) -> Problems {
        let of = self.live.map_or_else(|| "the guard".to_owned(), |number| format!("the guard of version {number}, which is live,"));
        let hint = format!("{of} refused; `force` overrules it, and the history shows that");
        let Problems(found) = placed(error, self.document);
        Problems(found.into_iter().map(|problem| problem.hint(hint.clone())).collect())
    }

    fn wrong(&self, path: &str, expected: &str, got: String) -> Problems {
        self.refuse(Error::Config(vec![Found { path: path.into(), expected: expected.into(), got, meant: None }]))
    }
}

impl Judges {
    /// What a version says that is named by its number.
    fn version(&self, number: u64) -> Option<Document> {
        let store = Python::try_attach(|py| {
            let store = self.store.bind(py).upgrade()?;
            store.cast::<ConfigStore>().ok()?.get().store()
        })
        .flatten();
        match store {
            Some(store) => store.version(number).ok().map(|version| version.document().clone()),
            None => {
                let bytes = self.numbering.as_ref()?.read(number).ok().flatten()?;
                decode("baseline", &bytes).ok().map(|stored| stored.document)
            }
        }
    }

    /// The file of judged queries that a document names, `of` being the version that it is, or that it comes after.
    fn file(&self, wanted: &str, document: &Document, of: Option<&Arc<Version>>) -> PathBuf {
        let folder = |file: &str| FilePath::new(file).parent().map(FilePath::to_path_buf);
        let path: Path = JUDGEMENTS.parse().unwrap_or_default();
        let node = document.get(&path);
        let said = node.as_ref().and_then(|node| node.origin()).filter(|origin| origin.source.kind() == LayerKind::File);
        if let Some(folder) = said.and_then(|origin| folder(origin.source.name())) {
            return folder.join(wanted);
        }
        let made_of = of.map(|version| version.head().files.as_slice()).unwrap_or_default().iter().rev();
        let mut all = made_of.filter_map(|file| folder(file)).chain([self.folder.clone()]).map(|folder| folder.join(wanted));
        let first = all.next();
        let found = first.iter().cloned().chain(all).find(|file| file.exists());
        found.or(first).unwrap_or_default()
    }

    /// What is wrong with the judged queries that a version names: said before there is anything to judge by them.
    pub(crate) fn missing(&self, version: &Arc<Version>) -> Option<Problem> {
        let document = version.document();
        let rule = config_of(document).ok()?.guard.clone()?;
        let file = self.file(&rule.judgements, document, Some(version));
        let written = Written { rule, file, document, live: None };
        let Problems(found) = written.judged().err()?;
        found.into_iter().next().map(|problem| Problem { code: "judgements", hint: None, ..problem }.warning())
    }

    /// What a guard has against a candidate.
    fn refusal(&self, guard: &Written<'_>, live: Option<&Arc<Compiled>>, next: &Arc<Compiled>, engine: &Engine) -> Result<(), Problems> {
        let judged = guard.judged()?;
        let baseline = match guard.rule.baseline {
            Some(number) => match self.version(number) {
                // What was a configuration of another schema is none to compare with.
                Some(version) => match config_of(&version).ok().and_then(|config| engine.compile(config).ok()) {
                    Some(compiled) => compiled,
                    None => return Ok(()),
                },
                None => return Err(guard.wrong("guard.baseline", "the number of a version that is kept", number.to_string())),
            },
            None => match live {
                Some(live) => Arc::clone(live),
                None => return Ok(()),
            },
        };
        let interrupt = Interrupt::new(None, Some(Instant::now() + BUDGET));
        let verdicts = engine.view().and_then(|view| view.compare(&judged, &baseline, next, &interrupt));
        let verdicts = verdicts.map_err(|error| match error {
            Error::Timeout { .. } => {
                let expected = format!("queries that are answered within {} s", BUDGET.as_secs());
                guard.wrong(JUDGEMENTS, &expected, format!("{} queries that take longer", judged.len()))
            }
            error => guard.refuse(error),
        })?;
        let problems: Vec<Found> = verdicts.iter().flat_map(|verdict| verdict.problems(&guard.rule)).collect();
        if problems.is_empty() { Ok(()) } else { Err(guard.refuse(Error::Config(problems))) }
    }
}

impl Written<'_> {
    fn judged(&self) -> Result<Vec<findspot_engine::search::Judged>, Problems> {
        let text = std::fs::read(&self.file)
            .map_err(|error| self.wrong(JUDGEMENTS, "a file that can be read", format!("{}: {error}", self.file.display())))?;
        read_judged(&text).map_err(|error| match error {
            Error::Config(found) => {
                let named = |found: Found| Found { got: format!("{}: {}", self.file.display(), found.got), ..found };
                self.refuse(Error::Config(found.into_iter().map(named).collect()))
            }
            error => self.refuse(error),
        })
    }
}

impl GuardRule for Judges {
    fn name(&self) -> &str {
        "judged queries"
    }

    fn judge(&self, candidate: &Candidate) -> Result<(), Problems> {
        let (document, previous) = (candidate.document(), candidate.previous());
        let Some(engine) = self.engine.upgrade() else { return Ok(()) };
        let guards = |document: &Document| document.root().get("guard").is_some();
        if !guards(document) && !previous.is_some_and(|version| guards(version.document())) {
            return Ok(());
        }
        let next = engine.compile(config_of(document)?).map_err(|error| placed(error, document))?;
        // What was a configuration of another schema is none to compare with.
        let live = previous.and_then(|version| engine.compile(config_of(version.document()).ok()?).ok());
        let changes = live.as_ref().is_some_and(|live| !arms(live.config(), next.config()).is_empty());
        let own = next.guard().map(|rule| {
            let file = self.file(&rule.judgements, document, previous);
            Written { rule: rule.clone(), file, document, live: None }
        });
        let standing = previous.zip(live.as_ref()).filter(|_| changes).and_then(|(version, live)| {
            let (rule, document) = (live.guard()?.clone(), version.document());
            let file = self.file(&rule.judgements, document, Some(version));
            Some(Written { rule, file, document, live: Some(version.number()) })
        });
        let same = |own: &Written<'_>, standing: &Written<'_>| {
            Rule { judgements: String::new(), ..own.rule.clone() } == Rule { judgements: String::new(), ..standing.rule.clone() }
                && own.file == standing.file
        };
        let standing = standing.filter(|standing| !own.as_ref().is_some_and(|own| same(own, standing)));
        let mut problems: Vec<Problem> = Vec::new();
        for guard in standing.iter().chain(&own) {
            let Err(Problems(mut found)) = self.refusal(guard, live.as_ref(), &next, &engine) else { continue };
            // What both guards have against it is one loss.
            found.retain(|one| {
                !problems.iter().any(|known| (&known.path, &known.expected, &known.got) == (&one.path, &one.expected, &one.got))
            });
            problems.extend(found);
        }
        if problems.is_empty() { Ok(()) } else { Err(Problems(problems)) }
    }
}
