//! Order: sorting against sorting everything, and that segments never show.

use std::cmp::Ordering;

use proptest::prelude::*;

use super::world::{Draft, TAGS, WORDS, config, create, draft, here, naive_docs, steps, take, upsert};
use crate::base::Interrupt;
use crate::plan::{Compiled, RankingConfig};
use crate::search::naive::{Boosted, Doc, Naive, Value};
use crate::search::{CountMode, FilterInput, Index, QueryInput, SearchRequest};

const SORTABLE: [&str; 6] = ["tags", "name", "year", "price", "found", "open"];

/// How two documents stand to each other by one sort name, from raw values.
fn compare(name: &str, a: (&Doc, i64), b: (&Doc, i64)) -> Ordering {
    let (name, down) = name.strip_prefix('-').map_or((name, false), |name| (name, true));
    if name == "_score" {
        return b.1.cmp(&a.1);
    }
    let field = 2 + SORTABLE.iter().position(|known| *known == name).unwrap();
    let value = |doc: &Doc| match &doc.values[field] {
        Value::Keywords(words) if down => words.iter().max().map(|word| Value::Keywords(vec![word.clone()])),
        Value::Keywords(words) => words.iter().min().map(|word| Value::Keywords(vec![word.clone()])),
        Value::Missing => None,
        value => Some(value.clone()),
    };
    match (value(a.0), value(b.0)) {
        (Some(a), Some(b)) => {
            let order = match (a, b) {
                (Value::Integer(a), Value::Integer(b)) => a.cmp(&b),
                (Value::Float(a), Value::Float(b)) => a.partial_cmp(&b).unwrap(),
                (Value::Keywords(a), Value::Keywords(b)) => a.cmp(&b),
                other => panic!("{other:?}"),
            };
            if down { order.reverse() } else { order }
        }
        (a, b) => b.is_some().cmp(&a.is_some()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]
    #[test]
    fn sorting_is_sorting_everything(
        steps in steps(),
        config in config(),
        (now, near) in here(),
        sorts in prop::collection::vec((prop::collection::vec((0..=SORTABLE.len(), any::<bool>()), 1..4), 0usize..12, 0usize..3), 8),
    ) {
        // What is pinned or hidden has a twin of its own, in `text`.
        let config = RankingConfig { pins: [].into(), ..config };
        let index = create(config.clone());
        take(&index, &steps);
        let view = index.view().unwrap();
        let (docs, compiled) = (naive_docs(&view), Compiled::new(&config, view.schema()).unwrap());
        let boosted = Boosted { rules: &config.boosts, schema: view.schema(), now, near };
        for (keys, limit, offset) in sorts {
            let name = |&(key, down): &(usize, bool)| format!("{}{}", if down { "-" } else { "" }, SORTABLE.get(key).unwrap_or(&"_score"));
            let sort: Vec<String> = keys.iter().map(name).collect();
            let query = QueryInput::Text("a b cab".into());
            let bound = view.bind(&query, false, view.compiled()).unwrap().query;
            let (found, _) = Naive { docs: &docs, compiled: &compiled, boosted }.search(&bound, None);
            let mut rows: Vec<(&Doc, i64)> =
                found.iter().map(|&(seq, score)| (docs.iter().find(|doc| doc.live && doc.seq == seq).unwrap(), score)).collect();
            rows.sort_by(|a, b| sort.iter().fold(Ordering::Equal, |order, name| order.then(compare(name, *a, *b))).then(a.0.seq.cmp(&b.0.seq)));
            let expected: Vec<_> = rows.iter().skip(offset).take(limit).map(|(doc, _)| doc.key.clone()).collect();
            let request = SearchRequest { query, sort: sort.clone(), limit, offset, now, near, ..SearchRequest::default() };
            prop_assert_eq!(view.search(&request, &Interrupt::none()).unwrap().keys(&Interrupt::none()).unwrap(), expected, "{:?}", sort);
        }
    }

    #[test]
    fn segments_never_show(drafts in prop::collection::vec(draft(), 1..60), cuts in prop::collection::vec(0usize..60, 0..6), words in prop::collection::vec(0..WORDS.len(), 1..4)) {
        let mut drafts = drafts;
        drafts.iter_mut().enumerate().for_each(|(i, draft)| draft.key = i as u32); // no deletes: those count until a merge
        let none = Interrupt::none();
        let whole = create(Default::default());
        upsert(&whole, &drafts);
        whole.writer().unwrap().commit(&none).unwrap();
        let cut = create(Default::default());
        let mut cuts: Vec<_> = cuts.into_iter().map(|at| at.min(drafts.len())).chain([0, drafts.len()]).collect();
        cuts.sort_unstable();
        for pair in cuts.windows(2) {
            upsert(&cut, &drafts[pair[0]..pair[1]]);
            cut.writer().unwrap().commit(&none).unwrap();
        }
        let text = words.iter().map(|&word| WORDS[word]).collect::<Vec<_>>().join(" ");
        let text = format!("{text} \"{} b\"~1 ab~1", WORDS[words[0]]);
        let answer = |index: &Index, sort: &[&str]| {
            let query = QueryInput::Text(text.as_str().into());
            let sort = sort.iter().map(|&name| name.to_owned()).collect();
            let request = SearchRequest { query, sort, limit: 100, count: CountMode::Exact, ..SearchRequest::default() };
            let hits = index.view().unwrap().search(&request, &none).unwrap();
            (hits.keys(&Interrupt::none()).unwrap(), hits.scores().to_vec(), hits.total())
        };
        for sort in [&[][..], &["-tags", "name"], &["price"]] {
            let expected = answer(&whole, sort);
            prop_assert_eq!(answer(&cut, sort), expected.clone());
            cut.writer().unwrap().merge(1, &none).unwrap();
            prop_assert_eq!(cut.view().unwrap().snapshot().segments.len(), 1);
            prop_assert_eq!(answer(&cut, sort), expected);
        }
    }
}

fn plain(key: u32) -> Draft {
    Draft {
        key,
        title: Some(vec![key as usize % WORDS.len()]),
        clue: None,
        tags: vec![key as usize % TAGS.len()],
        name: None,
        numbers: (Some(i64::from(key)), None, None, None, None),
    }
}

/// More documents than a window holds, so that windows, blocks and early ends meet.
#[test]
fn many_windows_are_one_answer() {
    let index = create(Default::default());
    let (count, none) = (10_500u32, Interrupt::none());
    upsert(&index, &(0..count).map(plain).collect::<Vec<_>>());
    index.writer().unwrap().delete(&(0..5).map(|key| key.to_string()).collect::<Vec<_>>(), true, &none).unwrap();
    let view = index.view().unwrap();
    let search = |request: &SearchRequest| {
        let hits = view.search(request, &none).unwrap();
        (hits.keys(&Interrupt::none()).unwrap(), hits.total(), hits.relation().as_str())
    };
    let keys = |keys: &[u32]| keys.iter().map(ToString::to_string).collect::<Vec<_>>();
    let all = SearchRequest { limit: 3, ..SearchRequest::default() };
    assert_eq!(search(&all), (keys(&[5, 6, 7]), Some(10_000), "gte"));
    assert_eq!(search(&SearchRequest { count: CountMode::Exact, ..all.clone() }), (keys(&[5, 6, 7]), Some(10_495), "eq"));
    assert_eq!(search(&SearchRequest { count: CountMode::None, ..all.clone() }), (keys(&[5, 6, 7]), None, "gte"));
    assert_eq!(search(&SearchRequest { limit: 0, count: CountMode::Exact, ..all.clone() }), (keys(&[]), Some(10_495), "eq"));
    assert_eq!(search(&SearchRequest { offset: 10_493, ..all.clone() }).0, keys(&[10_498, 10_499]));
    let last = SearchRequest { sort: vec!["-year".into()], offset: 1, ..all.clone() };
    assert_eq!(search(&last).0, keys(&[10_498, 10_497, 10_496]));
    let few = SearchRequest { filter: Some(FilterInput::Text("id in ['3', '7', '9000', '10499']".into())), ..all.clone() };
    assert_eq!(search(&few), (keys(&[7, 9000, 10_499]), Some(3), "eq"));
    let word = SearchRequest { query: QueryInput::Text("cab".into()), count: CountMode::Exact, ..all };
    let expected = (5..count).filter(|key| *key as usize % WORDS.len() == 5).count() as u64;
    assert_eq!(search(&word), (keys(&[5, 14, 23]), Some(expected), "eq"));
    assert_eq!(view.len(), 10_495);
}
