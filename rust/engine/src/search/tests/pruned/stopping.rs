//! A search that is stopped says so, keeps only what is right, and leaves nothing behind for the next one on its thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::corpus::{World, named};
use super::queries::{any_of, boolean, phrase_of, slot};
use crate::base::interrupt::Poll;
use crate::base::{Error, FieldId, Interrupt};
use crate::collect::{CountMode, Gathered, Hit, Wanted};
use crate::exec::Tables;
use crate::exec::pruned::Limits;
use crate::plan::{Compiled, Plan, RankingConfig, compile, tables};
use crate::query::Bound;
use crate::search::view::find;

const BODY: &[(FieldId, f64)] = &[(FieldId(1), 1.0)];

/// A plan that can be run again and again.
struct Ready {
    world: &'static World,
    plan: Box<Plan>,
    tables: Tables,
}

impl Ready {
    fn new(world: &'static World, query: Bound) -> Self {
        let view = &world.view;
        let compiled = Compiled::new(&RankingConfig::default(), view.schema()).unwrap();
        let plan = compile(query, None, view.snapshot(), &compiled, true, &Interrupt::none()).unwrap();
        assert!(plan.shape.is_some());
        Self { world, plan, tables: tables(view.snapshot(), &compiled) }
    }

    fn run(&self, hits: usize, interrupt: &Interrupt) -> crate::base::Result<Gathered> {
        let wanted = Wanted { hits, sort: &[], count: CountMode::None, scores: true };
        find(&self.plan, &self.tables, self.world.view.snapshot(), wanted, interrupt)
    }

    fn hits(&self, hits: usize) -> Vec<Hit> {
        self.run(hits, &Interrupt::none()).unwrap().hits
    }
}

fn queries() -> Vec<Bound> {
    let words = |ranks: &[usize]| ranks.iter().map(|rank| slot(*rank, BODY, 1.0)).collect::<Vec<_>>();
    vec![
        slot(1, BODY, 1.0),
        any_of(words(&[2, 3, 5, 9])),
        any_of(words(&[40, 60, 90, 150])),
        boolean(words(&[1, 3]), vec![], vec![], 0),
        any_of(vec![phrase_of(&[1, 2], 1), slot(30, BODY, 1.0)]),
    ]
}

/// An interrupt that is asked so many times before it says stop, and counts.
fn after(checks: u64) -> (Interrupt, Arc<AtomicU64>) {
    let asked = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&asked);
    let poll = Poll::new(Duration::ZERO, move || counted.fetch_add(1, Ordering::Relaxed) < checks);
    (Interrupt::polled(poll, None), asked)
}

#[test]
fn a_flag_stops_a_search_anywhere_and_the_next_one_is_as_if_nothing_was() {
    let limits = [Limits::USUAL, Limits { merged: 0, dense: 0, ..Limits::USUAL }];
    for world in ["as built", "cut unevenly"].map(named) {
        for (query, limits) in queries().into_iter().zip(limits.iter().cycle()) {
            limits.force(|| {
                let ready = Ready::new(world, query);
                let expected = ready.hits(100);
                let (interrupt, asked) = after(u64::MAX);
                let work = ready.run(100, &interrupt).unwrap().work;
                let whole = asked.load(Ordering::Relaxed);
                assert!(
                    whole >= (work.windows + work.windows_coarse).max(work.candidates / 64),
                    "{whole} looks at the interrupt: {work:?}"
                );
                let step = (whole / 12).max(1);
                for checks in (0..whole).step_by(step as usize) {
                    let (interrupt, _) = after(checks);
                    assert!(matches!(ready.run(100, &interrupt), Err(Error::Cancelled)), "after {checks} of {whole}");
                    assert_eq!(ready.hits(100), expected, "after one was cancelled after {checks} of {whole}");
                }
            });
        }
    }
}

#[test]
fn a_deadline_leaves_hits_that_are_right_and_marks_them_partial() {
    let words = (1..60).map(|rank| slot(rank * rank, BODY, 1.0)).collect();
    let ready = Ready::new(named("cut unevenly"), any_of(words));
    let expected = ready.hits(1000);
    let all = ready.hits(20_000);
    let (mut time, mut cut, mut empty) = (Duration::from_micros(20), 0, 0);
    loop {
        let gathered = ready.run(1000, &Interrupt::new(None, Instant::now().checked_add(time))).unwrap();
        if !gathered.partial {
            assert_eq!(gathered.hits, expected);
            break;
        }
        cut += usize::from(!gathered.hits.is_empty());
        empty += usize::from(gathered.hits.is_empty());
        assert!(gathered.hits.is_sorted_by(|a, b| (b.score, a.seq) < (a.score, b.seq)));
        assert!(gathered.hits.iter().all(|hit| all.contains(hit)), "a score of a partial answer is wrong");
        assert_eq!(ready.hits(1000), expected, "after one was cut off");
        time = time.mul_f64(1.25);
    }
    assert!(cut > 0, "no answer was cut in the middle; {empty} before their first hit");
}
