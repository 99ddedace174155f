//! Every way of the executors is taken, and the shapes that users ask most run on them.

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use super::Asked;
use super::queries::{Question, any_of, boolean, phrase_of, question, slot};
use crate::base::FieldId;
use crate::collect::Executor;
use crate::exec::pruned::{Limits, Work};
use crate::plan::{Combine, RankingConfig};
use crate::query::{Bound, BoundFilter, Constant, FuzzySlot, PrefixClause, PrefixSlot, Slot};

/// The same questions in every run: together they count something of everything that is counted.
#[test]
fn every_path_is_taken() {
    let mut runner = TestRunner::deterministic();
    let (mut work, mut asked) = (Work::default(), 0);
    let left = |work: &Work| work.named().filter(|(_, count)| *count == 0).map(|(name, _)| name).collect::<Vec<_>>();
    while asked < 200 || (asked < 1000 && !left(&work).is_empty()) {
        let question = question().new_tree(&mut runner).unwrap().current();
        let mut question = Asked::new(&question);
        work.add(&question.pruned(true).work);
        work.add(&question.counted().work);
        asked += 1;
    }
    // A word without itself: what its strongest postings promise is never there.
    let word = || slot(5, &[(FieldId(1), 1.0)], 1.0);
    let nothing = boolean(vec![word()], vec![], vec![word()], 0);
    let question = question().new_tree(&mut runner).unwrap().current();
    let question = Question { query: nothing, filter: None, config: RankingConfig::default(), hits: 10, ..question };
    work.add(&Asked::new(&question).pruned(true).work);
    assert_eq!(left(&work), [""; 0], "never counted in {asked} searches");
}

fn year(weight: f64) -> Bound {
    Bound::Constant(Constant { filter: BoundFilter::Integers { field: FieldId(4), low: 1905, high: 1905 }, weight })
}

/// Queries of each shape that is to be fast, by name.
fn shapes(fields: &[(FieldId, f64)]) -> Vec<(&'static str, Bound)> {
    let word = |rank: usize| slot(rank, fields, 1.0);
    let words = |ranks: &[usize]| ranks.iter().map(|rank| word(*rank)).collect::<Vec<_>>();
    let many = |n: usize| (0..n).map(|i| word(1 + i * i % 3000)).collect::<Vec<_>>();
    let Bound::Slot(Slot { clauses, .. }) = word(70) else { unreachable!() };
    let near = Bound::Fuzzy(FuzzySlot { clauses, distance: 1, prefix: 2, boost: 1.0 });
    let prefix =
        Bound::Prefix(PrefixSlot { clauses: vec![PrefixClause { field: FieldId(1), prefix: b"w39".to_vec(), also: None }], weight: 1.0 });
    vec![
        ("one word", word(5)),
        ("one rare word", word(3500)),
        ("or of 2", any_of(words(&[3, 80]))),
        ("or of 4", any_of(words(&[2, 9, 300, 2000]))),
        ("the same word twice", any_of(words(&[9, 9, 80]))),
        ("or of 7", any_of(many(7))),
        ("or of 20", any_of(many(20))),
        ("or of 60", any_of(many(60))),
        ("and of 2", boolean(words(&[3, 80]), vec![], vec![], 0)),
        ("and of 3", boolean(words(&[1, 4, 20]), vec![], vec![], 0)),
        ("and with or", boolean(words(&[3]), words(&[50, 400]), vec![], 0)),
        ("and of ors", boolean(vec![any_of(words(&[3, 4])), any_of(words(&[9, 80]))], vec![], vec![], 0)),
        ("phrase", phrase_of(&[1, 2], 0)),
        ("sloppy phrase", phrase_of(&[2, 5], 2)),
        ("phrase or word", any_of(vec![phrase_of(&[1, 2], 0), word(40)])),
        ("exclusion", boolean(words(&[3]), vec![], words(&[80]), 0)),
        ("exclusion of a phrase", boolean(words(&[3]), vec![], vec![phrase_of(&[1, 2], 0)], 0)),
        ("2 of 3", boolean(vec![], words(&[3, 80, 400]), vec![], 2)),
        ("3 of 7", boolean(vec![], many(7), vec![], 3)),
        ("a condition that must hold", boolean(vec![word(9), year(0.0)], vec![], vec![], 0)),
        ("a condition that scores", boolean(vec![word(9)], vec![year(2.0)], vec![], 0)),
        ("a condition that excludes", boolean(vec![word(9)], vec![], vec![year(0.0)], 0)),
        ("a word with typos", near.clone()),
        ("a word with typos beside a word", any_of(vec![near, word(9)])),
        ("a prefix beside a word", any_of(vec![prefix, word(9)])),
    ]
}

#[test]
fn shapes_of_the_first_class_are_pruned() {
    let share = |high: i64| Some(BoundFilter::Integers { field: FieldId(3), low: 0, high });
    let one = vec![(FieldId(1), 1.0)];
    let two = vec![(FieldId(0), 3.0), (FieldId(1), 1.0)];
    let plain = RankingConfig::default();
    let combined = |combine, tie_breaker| RankingConfig { combine, tie_breaker, ..RankingConfig::default() };
    let configs = [
        (&one, plain.clone()),
        (&two, plain),
        (&two, combined(Combine::Best, 0.3)),
        (&two, combined(Combine::Sum, 0.0)),
        (&two, combined(Combine::Bm25f, 0.0)),
    ];
    for world in ["as built", "5 % dead", "interleaved"] {
        for (fields, config) in &configs {
            for (number, (name, query)) in shapes(fields).into_iter().enumerate() {
                // Each shape with each of these somewhere.
                let filter = [None, share(499), share(49), share(0)][number % 4].clone();
                let hits = [10, 100, 1000][number % 3];
                let config = config.clone();
                let question = Question { world, config, query, filter, hits, limits: Limits::USUAL };
                let mut asked = Asked::new(&question);
                assert!(asked.plan.shape.is_some(), "{name} has no shape: {question:?}");
                let pruned = asked.pruned(true);
                assert_eq!(pruned.executor, Executor::Pruned, "{name}: {question:?}");
            }
        }
    }
}
