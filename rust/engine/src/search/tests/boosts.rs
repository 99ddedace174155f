//! Pruned = exhaustive with boosts, phrase boosts, synonyms and minimum match: over more documents than a window, in several segments, so
//! that thresholds are carried from one whose factors are great to others.

use std::sync::OnceLock;

use proptest::prelude::*;

use super::world::{Draft, TAGS, WORDS, config, create, here, upsert};
use crate::base::Interrupt;
use crate::collect::{CountMode, Executor, Wanted, everything, gather};
use crate::exec::pruned::Work;
use crate::plan::{Compiled, compile, tables};
use crate::search::view::find_by;
use crate::search::{Index, QueryInput, View};

/// Numbers that look random and are the same every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    /// A rank that is likely to be small.
    fn rank(&mut self, sides: u64) -> usize {
        (0..3).map(|_| self.roll(sides)).min().unwrap_or(0) as usize
    }
}

/// Three segments; later ones have greater prices and later dates, so that a bound of one holds for it alone.
fn index() -> &'static Index {
    static INDEX: OnceLock<Index> = OnceLock::new();
    INDEX.get_or_init(|| {
        let index = create(Default::default());
        let mut dice = Dice(7);
        for (segment, count) in [(0u32, 9000u32), (1, 2500), (2, 600)] {
            let mut draft = |i: u32| {
                let mut words = |most: u64| (0..=dice.roll(most)).map(|_| dice.rank(WORDS.len() as u64)).collect::<Vec<_>>();
                let (title, clue) = (words(4), words(30));
                let mut some = |sides: u64| (dice.roll(4) > 0).then(|| dice.roll(sides));
                let (year, price, day, open) = (some(2000), some(1000), some(9), some(2));
                let at = some(180).map(|lat| (lat as i8, (i % 120) as i8));
                Draft {
                    key: segment * 100_000 + i,
                    title: Some(title),
                    clue: Some(clue),
                    tags: vec![i as usize % TAGS.len()],
                    name: None,
                    numbers: (
                        year.map(|year| year as i64 - 300),
                        price.map(|price| price as f64 / 100.0 * f64::from(1 + 3 * segment)),
                        day.map(|day| day as u8 + 9 * segment as u8),
                        open.map(|open| open > 0),
                        at,
                    ),
                }
            };
            upsert(&index, &(0..count).map(&mut draft).collect::<Vec<_>>());
            index.writer().unwrap().commit(&Interrupt::none()).unwrap();
        }
        let dead: Vec<_> = (0..9000u32).step_by(37).map(|key| key.to_string()).collect();
        index.writer().unwrap().delete(&dead, true, &Interrupt::none()).unwrap();
        index
    })
}

/// Queries in which words are joined in the ways that can be pruned.
fn text() -> impl Strategy<Value = String> {
    let word = || prop::sample::select(&WORDS[..]).prop_map(str::to_owned);
    let phrase = (word(), word()).prop_map(|(a, b)| format!("\"{a} {b}\""));
    let piece = prop_oneof![8 => word(), 1 => word().prop_map(|word| format!("+{word}")), 1 => word().prop_map(|word| format!("-{word}")), 1 => phrase];
    prop::collection::vec(piece, 1..5).prop_map(|pieces| pieces.join(" "))
}

/// What a plan finds, and how.
fn search(
    view: &View,
    text: &str,
    compiled: &Compiled,
    here: (Option<i64>, Option<(f64, f64)>),
    hits: usize,
    prune: bool,
) -> (Vec<(u64, i64)>, Executor, Work) {
    let none = Interrupt::none();
    let analyzers = crate::analysis::Analyzers::of(view.schema().analyzers()).unwrap();
    let query = view.parse(text, false).unwrap().query;
    let bound = crate::query::rewrite(&query, view.schema(), &analyzers, &compiled.search, &Default::default()).unwrap().bound;
    let mut plan = compile(bound, None, view.snapshot(), compiled, true, &none).unwrap();
    plan.boost(compiled, here.0, here.1);
    let wanted = Wanted { hits, sort: &[], count: CountMode::None, scores: plan.scores };
    let way = if prune { gather } else { everything };
    let found = find_by(way, &plan, &tables(view.snapshot(), compiled), view.snapshot(), wanted, &none).unwrap();
    (found.hits.iter().map(|hit| (hit.seq.0, hit.score)).collect(), found.executor, found.work)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn what_is_pruned_could_not_win(
        config in config(), here in here(), queries in prop::collection::vec((text(), prop::sample::select(vec![1usize, 3, 10, 100, 1000])), 6),
    ) {
        let view = index().view().unwrap();
        let compiled = Compiled::new(&config, view.schema()).unwrap();
        for (text, hits) in queries {
            let (pruned, ..) = search(&view, &text, &compiled, here, hits, true);
            let (exhaustive, executor, _) = search(&view, &text, &compiled, here, hits, false);
            prop_assert_eq!(executor, Executor::Exhaustive);
            prop_assert_eq!(pruned, exhaustive, "{} of {}", hits, text);
        }
    }
}

#[test]
fn boosted_scores_are_pruned() {
    use crate::exec::boost::Function;
    use crate::plan::{BoostRule, RankingConfig};
    let view = index().view().unwrap();
    let work = |boosts| {
        let config = RankingConfig { boosts, ..RankingConfig::default() };
        let compiled = Compiled::new(&config, view.schema()).unwrap();
        let (hits, executor, work) = search(&view, "c aab", &compiled, (None, None), 10, true);
        assert_eq!((hits.len(), executor), (10, Executor::Pruned));
        work
    };
    let none = work(Vec::new());
    let weak = work(vec![BoostRule::Value { field: "price".into(), function: Function::Log1p, weight: 0.05 }]);
    let strong = work(vec![BoostRule::Value { field: "price".into(), function: Function::Identity, weight: 1.0 }]);
    // A factor that differs little between documents costs little.
    assert!(none.pushed <= weak.pushed && weak.pushed < strong.pushed, "{none:?} {weak:?} {strong:?}");
}

/// The hits of a text under boosts, through the request.
#[test]
fn a_request_says_when_and_where() {
    use crate::plan::{BoostRule, RankingConfig};
    use crate::search::SearchRequest;
    let boosts = vec![
        BoostRule::Recency { field: "found".into(), half_life: 86_400.0, weight: 9.0 },
        BoostRule::Distance { field: "at".into(), half_distance: 100.0, weight: 9.0 },
    ];
    let index = create(RankingConfig { boosts, ..RankingConfig::default() });
    let draft =
        |key: u32, day, at| Draft { key, title: Some(vec![0]), clue: None, tags: vec![], name: None, numbers: (None, None, day, None, at) };
    upsert(
        &index,
        &[
            draft(0, None, None),
            draft(1, Some(1), None),
            draft(2, Some(20), None),
            draft(3, None, Some((20, 20))),
            draft(4, None, Some((100, 100))),
        ],
    );
    let view = index.view().unwrap();
    let keys = |now: Option<i64>, near| {
        let request = SearchRequest { query: QueryInput::Text("a".into()), now, near, ..SearchRequest::default() };
        view.search(&request, &Interrupt::none()).map(|hits| hits.keys(&Interrupt::none()).unwrap())
    };
    let day = |day: i64| Some(915_148_800_000_000 + day * 86_400_000_000);
    assert_eq!(keys(None, None).unwrap(), ["0", "1", "2", "3", "4"]);
    assert_eq!(keys(day(20), None).unwrap(), ["2", "1", "0", "3", "4"], "day 21 is a day before");
    assert_eq!(keys(day(0), None).unwrap()[..2], ["1", "2"], "what lies ahead is as recent as can be");
    assert_eq!(keys(None, Some((50.0, 100.0))).unwrap()[0], "4");
    assert_eq!(keys(None, Some((10.0, 20.0))).unwrap()[0], "3");
    assert!(keys(None, Some((f64::NAN, 0.0))).is_err());
}
