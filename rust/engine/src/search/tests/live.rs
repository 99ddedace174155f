//! Ranking that changes while it is used: whatever is published at whatever step of a search, of a publication or of a refresh, a search
//! sees one pair of snapshot and configuration that was published, and its hits are those of that pair.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::world::{Draft, create, upsert};
use crate::base::Interrupt;
use crate::plan::{Combine, Compiled, RankingConfig};
use crate::query::{SynonymGroups, TypoWhen, Typos};
use crate::search::failpoints::hooked;
use crate::search::{Attempt, Hits, Index, QueryInput, SearchRequest, View};

fn draft(key: u32) -> Draft {
    let words = |from: u32, count: u32| Some((from..from + count).map(|i| (i * i % 7) as usize).collect());
    Draft { key, title: words(key, 1 + key % 3), clue: words(key + 3, key % 9), ..Draft::default() }
}

/// A configuration that no other version has.
fn config(version: u64) -> RankingConfig {
    let synonyms = SynonymGroups { groups: vec![vec!["a".into(), ["b", "ba", "cab"][version as usize % 3].into()]], oneway: Vec::new() };
    RankingConfig {
        k1: 0.5 + version as f64 / 8.0,
        b: (version % 5) as f64 / 5.0,
        combine: [Combine::Best, Combine::Sum, Combine::Bm25f][version as usize % 3],
        synonyms: Arc::new(synonyms),
        stop_words: vec![["c", "ab"][version as usize % 2].to_owned()].into(),
        typos: Typos { when: [TypoWhen::Never, TypoWhen::Always][version as usize % 2], one: 2, ..Typos::default() },
        ..RankingConfig::default()
    }
}

fn rows(hits: &Hits) -> Vec<(u64, f64)> {
    (0..hits.len()).map(|i| (hits.seq(i).unwrap().0, hits.score(i).unwrap())).collect()
}

/// An index, what was published of it, and what happens next.
struct Life {
    index: Arc<Index>,
    published: RefCell<Vec<Arc<View>>>,
    compiled: RefCell<Vec<Arc<Compiled>>>,
    next: Cell<u32>,
}

impl Life {
    fn new() -> Rc<Self> {
        let index = Arc::new(create(RankingConfig::default()));
        let life = Self { published: RefCell::default(), compiled: RefCell::default(), next: Cell::new(0), index };
        (0..6).for_each(|_| life.write());
        life.configure();
        Rc::new(life)
    }

    fn note(&self) {
        self.published.borrow_mut().push(self.index.view().unwrap());
    }

    fn write(&self) {
        let from = self.next.replace(self.next.get() + 1) * 20;
        upsert(&self.index, &(from..from + 40).map(draft).collect::<Vec<_>>());
        self.note();
    }

    fn merge(&self) {
        let writer = self.index.writer().unwrap();
        writer.commit(&Interrupt::none()).unwrap();
        self.note();
        writer.merge(1, &Interrupt::none()).unwrap();
        self.note();
    }

    fn configure(&self) {
        let version = self.compiled.borrow().len() as u64 + 1;
        let compiled = self.index.compile(Arc::new(config(version))).unwrap();
        self.compiled.borrow_mut().push(Arc::clone(&compiled));
        let published = self.index.publish_config(version, compiled).unwrap();
        assert!(published.config_version() >= version, "another may have come in between");
        self.note();
    }

    /// What the hits of a search have to be, made anew from what they name.
    fn check(&self, request: &SearchRequest<'_>, hits: &Hits) {
        let named = (hits.index_generation(), hits.index_refresh(), hits.config_version());
        let published = self.published.borrow();
        let pair = |view: &&Arc<View>| (view.generation(), view.refresh(), view.config_version()) == named;
        assert!(published.iter().any(|view| pair(&view)), "{named:?} was never published");
        let snapshot = published.iter().find(|view| (view.generation(), view.refresh()) == (named.0, named.1)).unwrap();
        let compiled = Compiled::new(&config(named.2), snapshot.schema()).unwrap();
        let anew = Arc::new(View::new(Arc::clone(snapshot.snapshot()), compiled, analyzers(snapshot), named.2));
        assert_eq!(rows(hits), rows(&anew.search(request, &Interrupt::none()).unwrap()), "{named:?}");
    }
}

fn analyzers(view: &View) -> Arc<crate::analysis::Analyzers> {
    Arc::new(crate::analysis::Analyzers::of(view.schema().analyzers()).unwrap())
}

#[test]
fn what_is_published_at_any_step_is_never_half_seen() {
    const PLACES: [&str; 5] = ["bound", "planned", "found", "prepared", "snapshot"];
    let request = SearchRequest { query: QueryInput::Text("a bab c".into()), limit: 50, ..SearchRequest::default() };
    let mut reached = std::collections::BTreeSet::new();
    for (round, place) in PLACES.iter().cycle().take(30).enumerate() {
        let life = Life::new();
        let (here, seen) = (Rc::clone(&life), Rc::new(Cell::new(false)));
        let told = Rc::clone(&seen);
        let hook = move |at: &'static str| {
            if at == *place && !told.replace(true) {
                match round % 3 {
                    // There the writer is in the middle of publishing: nobody else writes.
                    _ if at == "snapshot" => {}
                    0 => here.configure(),
                    1 => here.write(),
                    _ => here.merge(),
                }
                here.configure();
            }
        };
        let work = Rc::clone(&life);
        let hits = hooked(hook, || {
            // Publishing and refreshing have steps too, at which the others come in.
            work.configure();
            work.write();
            let view = work.index.view().unwrap();
            let hits = match view.attempt(&request, u64::MAX).unwrap() {
                Attempt::Found(hits) => hits,
                Attempt::Begun(rest) => rest.finish(&Interrupt::none()).unwrap(),
            };
            let after = work.index.view().unwrap().search(&request, &Interrupt::none()).unwrap();
            vec![hits, after]
        });
        reached.extend(seen.get().then_some(*place));
        hits.iter().for_each(|hits| life.check(&request, hits));
        assert!(hits.iter().all(|hits| !hits.is_empty()));
    }
    assert_eq!(reached.len(), PLACES.len(), "{reached:?}");
}

#[test]
fn an_older_version_never_follows_a_newer_one() {
    let life = Life::new();
    let view = life.index.view().unwrap();
    let compiled = life.index.compile(Arc::new(config(7))).unwrap();
    life.index.publish_config(7, Arc::clone(&compiled)).unwrap();
    let after = life.index.publish_config(3, Arc::clone(view.compiled())).unwrap();
    assert_eq!((after.config_version(), after.compiled().k1), (7, compiled.k1));
    assert_eq!(view.config_version(), 1, "who has a view keeps it");
}

/// A request may bring the configuration that it pinned, and gets this snapshot under it.
#[test]
fn a_pinned_configuration_is_put_into_the_view() {
    let life = Life::new();
    let old = life.index.view().unwrap();
    life.configure();
    life.write();
    let now = life.index.view().unwrap();
    let pinned = now.under(old.config_version(), old.compiled()).unwrap();
    assert_eq!((pinned.config_version(), pinned.refresh()), (1, now.refresh()));
    assert!(Arc::ptr_eq(&pinned, &now.under(1, old.compiled()).unwrap()), "kept with the view");
    assert!(Arc::ptr_eq(&now, &now.under(2, now.compiled()).unwrap()));
    let request = SearchRequest { query: QueryInput::Text("a bab c".into()), ..SearchRequest::default() };
    life.published.borrow_mut().push(Arc::clone(&pinned));
    life.check(&request, &pinned.search(&request, &Interrupt::none()).unwrap());
}

/// Searches beside threads that publish configurations, write and merge.
#[test]
fn no_thread_sees_a_pair_that_does_not_belong_together() {
    let index = Arc::new(create(RankingConfig::default()));
    upsert(&index, &(0..200).map(draft).collect::<Vec<_>>());
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for version in 2..120 {
                let compiled = index.compile(Arc::new(config(version))).unwrap();
                index.publish_config(version, compiled).unwrap();
            }
            over.store(true, Ordering::Release);
        });
        scope.spawn(|| {
            for from in (0u32..).map(|round| round * 10) {
                upsert(&index, &(from..from + 20).map(draft).collect::<Vec<_>>());
                if from % 100 == 0 {
                    index.writer().unwrap().commit(&Interrupt::none()).unwrap();
                }
                if over.load(Ordering::Acquire) {
                    return;
                }
            }
        });
        for _ in 0..2 {
            scope.spawn(|| {
                let (mut last, mut searches) = (1, 0);
                while !over.load(Ordering::Acquire) || searches < 20 {
                    let view = index.view().unwrap();
                    let version = view.config_version();
                    assert!(version >= last, "{version} after {last}");
                    last = version;
                    if version > 1 {
                        assert_eq!(view.compiled().k1, config(version).k1);
                    }
                    let request = SearchRequest { query: QueryInput::Text("a bab".into()), ..SearchRequest::default() };
                    let hits = view.search(&request, &Interrupt::none()).unwrap();
                    assert_eq!((hits.config_version(), hits.len()), (version, 10));
                    let anew = View::new(Arc::clone(view.snapshot()), Arc::clone(view.compiled()), analyzers(&view), version);
                    assert_eq!(rows(&hits), rows(&Arc::new(anew).search(&request, &Interrupt::none()).unwrap()));
                    searches += 1;
                }
            });
        }
    });
}
