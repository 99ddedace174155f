//! Query strings, as users type them, against the naive twin.

use proptest::prelude::*;

use super::world::{config, create, here, naive_docs, steps, take};
use crate::base::Interrupt;
use crate::plan::{Compiled, RankingConfig};
use crate::search::naive::{Boosted, Doc, Naive, passes};
use crate::search::{CountMode, FilterInput, How, Part, QueryInput, SearchRequest};

const PIECES: [&str; 32] = [
    "a",
    "b",
    "ab",
    "abc",
    "cab",
    "-c",
    "+b",
    "(",
    ")",
    "AND",
    "OR",
    "NOT",
    "\"a b\"",
    "\"ab ba\"~2",
    "a*",
    "ab~1",
    "abcd~2",
    "bab^3",
    "title:c",
    "clue:a*",
    "tags:coin",
    "name:Ring",
    "year:>=0",
    "year:[-2 TO 2]",
    "found:1999-01",
    "open:true",
    "zzz",
    "a^0",
    "x:y",
    "\"",
    "title:\"b a\"",
    "price:<1",
];
const FILTERS: [&str; 10] = [
    "year < 2",
    "tags in ['coin', 'ring'] or price >= 0.5",
    "not (name is missing)",
    "open = true",
    "found between '1999-01-05' and '1999-01-20'",
    "at within 8000 km of 10, 20",
    "name >= 'hoard' and name < 'ring'",
    "tags != 'coin'",
    "id in ['1', '2', '3', '20']",
    "title is missing",
];

/// Every part has the points that those below it give it.
fn adds_up(part: &Part, tie_breaker: f64) -> Result<(), TestCaseError> {
    let below: i64 = part.children.iter().map(|part| part.points).sum();
    match part.how {
        How::Sum => prop_assert_eq!(part.points, below, "{:?}", part),
        How::Share => prop_assert_eq!(part.points, (tie_breaker * below as f64).trunc() as i64, "{:?}", part),
        How::Leaf => prop_assert!(part.children.is_empty() && part.points >= 0),
        How::Boost => prop_assert!(part.children.iter().all(|child| child.factor.is_some())),
        How::Joint => prop_assert!(!part.children.is_empty() && below == 0),
    }
    part.children.iter().try_for_each(|child| adds_up(child, tie_breaker))
}

/// What pins and hides make of what was found, for queries of nothing but words.
fn curated(
    found: Vec<(u64, i64)>,
    config: &RankingConfig,
    pieces: &[&str],
    docs: &[Doc],
    passes: &dyn Fn(&Doc) -> bool,
) -> Vec<(u64, i64)> {
    let kept = |words: &[&str]| -> Vec<String> {
        let is_stop = |word: &&&str| config.stop_words.iter().any(|stop| stop == **word);
        let kept: Vec<_> = words.iter().filter(|word| !is_stop(word)).map(|word| (*word).to_owned()).collect();
        if kept.is_empty() { words.iter().map(|word| (*word).to_owned()).collect() } else { kept }
    };
    if pieces.is_empty() || !pieces.iter().all(|piece| piece.bytes().all(|b| b.is_ascii_lowercase())) {
        return found;
    }
    let rules = || config.pins.iter().filter(|rule| kept(&rule.query.split(' ').collect::<Vec<_>>()) == kept(pieces));
    let of = |key: &String| docs.iter().find(|doc| doc.live && doc.key == *key);
    let hidden: Vec<u64> = rules().flat_map(|rule| &rule.hide).filter_map(of).map(|doc| doc.seq).collect();
    let mut rows: Vec<(u64, i64)> = Vec::new();
    for doc in rules().flat_map(|rule| &rule.keys).filter_map(of).filter(|doc| passes(doc) && !hidden.contains(&doc.seq)) {
        if rows.iter().all(|(seq, _)| *seq != doc.seq) {
            rows.push((doc.seq, found.iter().find(|(seq, _)| *seq == doc.seq).map_or(0, |(_, score)| *score)));
        }
    }
    let rest: Vec<_> = found.into_iter().filter(|(seq, _)| !hidden.contains(seq) && rows.iter().all(|(pinned, _)| pinned != seq)).collect();
    rows.extend(rest);
    rows
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]
    #[test]
    fn what_is_typed_finds_what_it_means(
        steps in steps(),
        config in config(),
        queries in prop::collection::vec((prop::collection::vec(0..PIECES.len(), 0..6), prop::option::of(0..FILTERS.len()), here(), 0usize..20, 0usize..4), 12),
    ) {
        let index = create(config.clone());
        take(&index, &steps);
        let view = index.view().unwrap();
        let docs = naive_docs(&view);
        let compiled = Compiled::new(&config, view.schema()).unwrap();
        // What the parser makes of more than words (a stray bracket is dropped) says whether pins apply: such queries are asked without pins.
        let bare = RankingConfig { pins: [].into(), ..config.clone() };
        let unpinned = create(bare.clone());
        take(&unpinned, &steps);
        let unpinned = (unpinned.view().unwrap(), Compiled::new(&bare, view.schema()).unwrap());
        for (pieces, filter, (now, near), limit, offset) in queries {
            let is_words = pieces.iter().all(|&piece| PIECES[piece].bytes().all(|b| b.is_ascii_lowercase()));
            let (view, compiled, config) = if is_words { (&view, &compiled, &config) } else { (&unpinned.0, &unpinned.1, &bare) };
            let text = pieces.iter().map(|&piece| PIECES[piece]).collect::<Vec<_>>().join(" ");
            let input = QueryInput::Text(text.as_str().into());
            let bound = view.bind(&input, false, view.compiled()).unwrap().query;
            let filter = filter.map(|filter| FilterInput::Text(FILTERS[filter].into()));
            let passing = view.bind_filter(filter.as_ref()).unwrap();
            let boosted = Boosted { rules: &config.boosts, schema: view.schema(), now, near };
            let naive = Naive { docs: &docs, compiled, boosted };
            let (expected, scale) = naive.search(&bound, passing.as_ref());
            let passes = |doc: &Doc| passing.as_ref().is_none_or(|filter| passes(filter, doc));
            let expected = curated(expected, config, &pieces.iter().map(|&piece| PIECES[piece]).collect::<Vec<_>>(), &docs, &passes);

            let request = SearchRequest { query: input.clone(), limit, offset, filter: filter.clone(), count: CountMode::Exact, now, near, ..Default::default() };
            let hits = view.search(&request, &Interrupt::none()).unwrap();
            prop_assert_eq!(hits.total(), Some(expected.len() as u64), "{}", text);
            prop_assert!(!hits.partial());
            let rows: Vec<_> = (0..hits.len()).map(|i| (hits.seq(i).unwrap().0, hits.score(i).unwrap())).collect();
            let page: Vec<_> = expected.iter().skip(offset).take(limit).map(|&(seq, score)| (seq, score as f64 / scale)).collect();
            prop_assert_eq!(rows, page, "{}", text);
            for i in 0..hits.len() {
                let doc = docs.iter().find(|doc| doc.live && doc.seq == hits.seq(i).unwrap().0).unwrap();
                prop_assert_eq!(&hits.key(i).unwrap(), &doc.key);
                prop_assert_eq!(view.get(&doc.key).unwrap().unwrap(), (hits.json(i).unwrap(), hits.seq(i).unwrap()));
            }
            let request = SearchRequest { explain: true, ..request };
            let explained = view.search(&request, &Interrupt::none()).unwrap();
            prop_assert_eq!(explained.len(), hits.len());
            for i in 0..hits.len() {
                let explanation = explained.explanation(i).unwrap();
                prop_assert_eq!(explanation.points, hits.place(i).unwrap().score, "{}", text);
                prop_assert_eq!((explanation.score, explanation.scale), (hits.score(i).unwrap(), scale));
                adds_up(&explanation.tree, config.tie_breaker)?;
                let told = explanation.to_text().lines().count() > 1 && explanation.to_json().starts_with("{\"score\":");
                prop_assert!(told);
            }
            let counted = view.search(&request.counting(), &Interrupt::none()).unwrap();
            prop_assert_eq!(counted.total(), Some(expected.len() as u64));
            // What only adds to scores is not looked at, and nothing is said of it.
            prop_assert!(counted.warnings().iter().all(|warning| explained.warnings().contains(warning)));
        }
    }
}
