//! A ranking with everything in it at once, asked by text through requests: what is pruned is what looking at every document finds.
//!
//! Synonyms both ways and one way, of one word and of several; stop words; typos; phrase boost; boosts by rule and by value; minimum match;
//! pins and hides; limits; a profile that changes some of it. Over segments of every layout and with limits that force groups, merges and
//! windows of a handful of postings.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::Index;

use super::corpus::{World, corpus, named, word};
use super::queries::limits;
use super::{Limits, cases};
use crate::base::Interrupt;
use crate::collect::{CountMode, Executor, Hit, Wanted, everything};
use crate::plan::{BoostRule, Combine, Compiled, FieldWeight, Limits as Most, PinRule, RankingConfig, compile, tables};
use crate::query::{BoundFilter, MinimumMatch, Operator, SynonymGroups, TypoWhen, Typos};
use crate::search::view::find_by;
use crate::search::{FilterInput, QueryInput, SearchRequest};

/// A word by how likely it is to be met.
fn near() -> impl Strategy<Value = usize> {
    prop_oneof![6 => 1usize..12, 3 => 12usize..120, 1 => 120usize..4000]
}

fn text(most: usize) -> impl Strategy<Value = String> {
    prop::collection::vec(near(), 1..=most).prop_map(|ranks| ranks.into_iter().map(word).collect::<Vec<_>>().join(" "))
}

/// Words of the body of a document, so that they stand together somewhere.
fn found() -> impl Strategy<Value = String> {
    (any::<Index>(), any::<Index>(), 2usize..5).prop_map(|(doc, at, len)| {
        let body = doc.get(&corpus().bodies);
        let start = at.index(body.len().max(len) - len + 1);
        let ranks = body.get(start..start + len).map_or_else(|| vec![1, 2, 3], <[usize]>::to_vec);
        ranks.into_iter().map(word).collect::<Vec<_>>().join(" ")
    })
}

fn asked() -> impl Strategy<Value = String> {
    // A word that is there nowhere, and one letter from words that are.
    let mistyped = near().prop_map(|rank| format!("{}x", word(rank)));
    let piece = prop_oneof![
        8 => text(3),
        3 => found(),
        2 => mistyped,
        1 => text(1).prop_map(|text| format!("-{text}")),
        1 => text(1).prop_map(|text| format!("+{text}")),
        1 => found().prop_map(|text| format!("\"{text}\"")),
        1 => text(1).prop_map(|text| format!("{text}*")),
        1 => text(1).prop_map(|text| format!("{text}^3")),
    ];
    prop::collection::vec(piece, 1..4).prop_map(|pieces| pieces.join(" "))
}

fn boosts() -> impl Strategy<Value = Vec<BoostRule>> {
    let rule = (0i64..1000, 0.0f64..5.0).prop_map(|(most, weight)| BoostRule::Rule {
        when: crate::query::parse_filter(&format!("n <= {most}"), corpus().worlds[0].view.schema()).unwrap().into(),
        weight,
    });
    let functions = {
        use crate::exec::boost::Function::{Identity, Log1p, Reciprocal, Sqrt, Square};
        vec![Identity, Log1p, Sqrt, Square, Reciprocal]
    };
    let value = (prop::sample::select(vec!["n", "year"]), prop::sample::select(functions), prop_oneof![0.0f64..0.01, 0.0f64..10.0])
        .prop_map(|(field, function, weight)| BoostRule::Value { field: field.into(), function, weight });
    prop::collection::vec(prop_oneof![rule, value], 1..4)
}

fn pins(query: String) -> impl Strategy<Value = Vec<PinRule>> {
    let keys = || prop::collection::vec((0u32..20_500).prop_map(|key| key.to_string()), 0..4);
    (keys(), keys(), text(2), keys()).prop_map(move |(keys, hide, other, more)| {
        vec![PinRule { query: query.clone(), keys, hide }, PinRule { query: other, keys: more.clone(), hide: vec![] }]
    })
}

fn ranking(query: String) -> impl Strategy<Value = RankingConfig> {
    let groups = prop::collection::vec(prop::collection::vec(prop_oneof![text(1), text(2), found()], 2..4), 1..4);
    // What was asked stands for others, too.
    let own = query.split(' ').filter(|word| word.starts_with('w')).map(str::to_owned).collect::<Vec<_>>();
    let synonyms = (groups, text(1), prop::collection::vec(text(2), 1..3), text(2)).prop_map(move |(mut groups, one, others, extra)| {
        groups.extend(own.first().map(|own| vec![own.clone(), extra.clone()]));
        groups.extend(own.get(1).map(|second| vec![format!("{} {second}", own[0]), extra.clone()]));
        SynonymGroups { groups, oneway: vec![(one, others)] }
    });
    let typos = (prop::sample::select(vec![TypoWhen::Missing, TypoWhen::Few, TypoWhen::Always]), 1u64..50).prop_map(|(when, few)| Typos {
        when,
        few,
        one: 3,
        two: 5,
    });
    let words = prop::collection::vec(near().prop_map(word), 1..3);
    let combine = prop::sample::select(vec![Combine::Best, Combine::Sum, Combine::Bm25f]);
    let minimum = prop::sample::select(vec!["1", "2", "-1", "75%", "2<75%"]);
    let numbers = (0.0f64..3.0, 0.0f64..=1.0, 0.0f64..=1.0, 0.01f64..30.0, 0.0f64..10.0);
    let operator = prop_oneof![3 => Just(Operator::Or), 1 => Just(Operator::And)];
    let lists = (synonyms, words, typos, pins(query));
    (lists, combine, minimum, numbers, operator, boosts(), 1usize..64).prop_map(
        |((synonyms, words, typos, pins), combine, minimum, (k1, b, tie_breaker, phrase_boost, weight), operator, boosts, most)| {
            RankingConfig {
                k1,
                b,
                tie_breaker,
                phrase_boost,
                combine,
                operator,
                fields: Some(BTreeMap::from([
                    ("title".to_owned(), FieldWeight { weight, b: Some(0.3) }),
                    ("body".to_owned(), FieldWeight { weight: 1.0, b: None }),
                ])),
                minimum_match: MinimumMatch::parse(minimum),
                boosts,
                synonyms: Arc::new(synonyms),
                stop_words: words.into(),
                typos,
                pins: pins.into(),
                limits: Most { max_expansions: Some(most), ..Most::default() },
                flat: false,
                ..RankingConfig::default()
            }
        },
    )
}

/// What one search asks of a world.
#[derive(Clone, Debug)]
struct Asked {
    world: &'static str,
    query: String,
    config: RankingConfig,
    limit: usize,
    offset: usize,
    filter: Option<String>,
    limits: Limits,
}

fn question() -> impl Strategy<Value = Asked> {
    let world = || any::<Index>().prop_map(|at| at.get(&corpus().worlds).name);
    let filter = prop_oneof![3 => Just(None), 1 => Just(Some("n < 500".to_owned())), 1 => Just(Some("n < 20".to_owned()))];
    let shown = (prop::sample::select(vec![1usize, 10, 100]), prop_oneof![3 => Just(0usize), 1 => 1usize..20]);
    asked().prop_flat_map(move |query| {
        (world(), ranking(query.clone()), shown.clone(), filter.clone(), limits(), 0.0f64..3.0).prop_map(
            move |(world, base, (limit, offset), filter, limits, k1)| {
                // A profile that says some of it again, and is asked: numbers of its own, without one of the lists.
                let profile = RankingConfig { k1, stop_words: Arc::default(), ..base.clone() };
                let profiles = BTreeMap::from([("mobile".to_owned(), profile)]);
                Asked { world, query: query.clone(), config: RankingConfig { profiles, ..base }, limit, offset, filter, limits }
            },
        )
    })
}

/// Without any of the ways to look at less: all documents that match and pass, pins and hides applied by hand.
fn by_hand(world: &World, compiled: &Compiled, profile: Option<&str>, asked: &Asked) -> (Vec<Hit>, u64) {
    let (view, none) = (&world.view, Interrupt::none());
    let snapshot = view.snapshot();
    let number = compiled.choose(profile, None).unwrap().number;
    let ranking = compiled.ranking(number);
    let input = QueryInput::Text(asked.query.as_str().into());
    let understood = view.bind(&input, false, ranking).unwrap();
    let filter = asked.filter.clone().map(FilterInput::Text);
    let curated = understood.curated.as_deref().cloned().unwrap_or_default();
    let hidden = BoundFilter::Not(Box::new(BoundFilter::Keys { keys: curated.hide.clone() }));
    let passing = match view.bind_filter(filter.as_ref()).unwrap() {
        Some(filter) => BoundFilter::And(vec![filter, hidden]),
        None => hidden,
    };
    let run = |query, filter: BoundFilter, hits| {
        let mut plan = compile(query, Some(filter), snapshot, ranking, true, &none).unwrap();
        plan.boost(ranking, None, None);
        let wanted = Wanted { hits, sort: &[], count: CountMode::Exact, scores: plan.scores };
        let own = Compiled::new(
            &RankingConfig { profiles: BTreeMap::new(), ..profile.map_or(&asked.config, |name| &asked.config.profiles[name]).clone() },
            view.schema(),
        );
        let found = find_by(everything, &plan, &tables(snapshot, &own.unwrap()), snapshot, wanted, &none).unwrap();
        assert_eq!(found.executor, Executor::Exhaustive);
        (found.hits, found.total.unwrap())
    };
    let all = 30_000;
    let (hits, total) = run(understood.query.clone(), passing.clone(), all);
    // A pinned document is shown if it passes, whether it matches or not.
    let everyone = crate::query::Bound::Boolean(crate::query::Boolean::default());
    let mut pinned = Vec::new();
    for (key, _) in &curated.keys {
        let only = BoundFilter::And(vec![passing.clone(), BoundFilter::Keys { keys: vec![key.clone()] }]);
        let (there, _) = run(everyone.clone(), only, 1);
        pinned.extend(there.into_iter().map(|hit| {
            let matched = hits.iter().find(|other| (other.segment, other.doc) == (hit.segment, hit.doc));
            (matched.is_some(), matched.cloned().unwrap_or(Hit { score: 0, ..hit }))
        }));
    }
    let unmatched = pinned.iter().filter(|(matched, _)| !matched).count() as u64;
    let rest = hits.into_iter().filter(|hit| !pinned.iter().any(|(_, pin)| (pin.segment, pin.doc) == (hit.segment, hit.doc)));
    let shown: Vec<Hit> = pinned.iter().map(|(_, hit)| *hit).chain(rest).collect();
    (shown.into_iter().skip(asked.offset).take(asked.limit).collect(), total + unmatched)
}

proptest! {
    #![proptest_config(cases(250))]
    #[test]
    fn everything_at_once_is_exhaustive(asked in question()) {
        let world = named(asked.world);
        let compiled = Compiled::new(&asked.config, world.view.schema()).unwrap();
        let view = Arc::new(world.view.with_config(1, Arc::clone(&compiled)).unwrap());
        for profile in [None, Some("mobile")] {
            let (expected, total) = by_hand(world, &compiled, profile, &asked);
            let request = SearchRequest {
                query: QueryInput::Text(asked.query.as_str().into()),
                filter: asked.filter.clone().map(FilterInput::Text),
                limit: asked.limit,
                offset: asked.offset,
                profile: profile.map(Into::into),
                count: CountMode::None,
                ..SearchRequest::default()
            };
            let none = Interrupt::none();
            let hits = asked.limits.force(|| view.search(&request, &none).unwrap());
            let got: Vec<_> = (0..hits.len()).map(|at| hits.place(at).unwrap()).collect();
            prop_assert_eq!(got, expected, "{:?} under {:?}", asked.query, profile);
            prop_assert_eq!(view.search(&request.clone().counting(), &none).unwrap().total(), Some(total));
            let exact = SearchRequest { count: CountMode::Exact, explain: true, limit: asked.limit.min(10), ..request };
            let explained = view.search(&exact, &none).unwrap();
            prop_assert_eq!(explained.total(), Some(total));
            for at in 0..explained.len() {
                // Refused where its parts do not add up.
                prop_assert_eq!(explained.explanation(at).unwrap().points, explained.place(at).unwrap().score);
            }
        }
    }
}
