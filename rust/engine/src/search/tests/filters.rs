//! Sets of filters that are kept: asked again, the answer is the same; they go with their segments.

use proptest::prelude::*;

use super::world::{Step, create, steps, take};
use crate::base::Interrupt;
use crate::search::{CountMode, FilterInput, Index, QueryInput, SearchRequest, View};

const FILTERS: [&str; 6] = [
    "year < 0",
    "year >= 0 and not open == true",
    "tags == \"ring\"",
    "price > 0.1 or name == \"coin\"",
    "year is missing",
    "open == true",
];

fn count(view: &std::sync::Arc<View>, text: &str, filter: &str) -> u64 {
    let filter = Some(FilterInput::Text(filter.into()));
    let request =
        SearchRequest { query: QueryInput::Text(text.into()), filter, count: CountMode::Exact, limit: 5, ..SearchRequest::default() };
    let hits = view.search(&request, &Interrupt::none()).unwrap();
    assert!(hits.len() as u64 <= hits.total().unwrap());
    hits.total().unwrap()
}

/// Every filter in a fresh handle on the same documents, where nothing is kept.
fn fresh(index: &Index, text: &str) -> Vec<u64> {
    FILTERS
        .iter()
        .map(|filter| {
            let handle = Index::open(index.url(), Default::default()).unwrap();
            count(&handle.view().unwrap(), text, filter)
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20, ..ProptestConfig::default() })]
    #[test]
    fn kept_sets_answer_as_fresh_ones(first in steps(), later in steps()) {
        let index = create(Default::default());
        for steps in [first, later] {
            take(&index, &steps);
            take(&index, &[Step::Commit]);
            let view = index.view().unwrap();
            for text in ["a", "a b cab", "+a +b", "\"a b\""] {
                let expected = fresh(&index, text);
                for _ in 0..2 {
                    prop_assert_eq!(FILTERS.map(|filter| count(&view, text, filter)).to_vec(), expected.clone());
                }
            }
            let segments = view.snapshot().segments.len();
            let (kept, bytes) = view.filters_kept();
            prop_assert!(kept <= segments * FILTERS.len() && (bytes > 0) == (kept > 0), "{kept} of {segments}");
        }
    }
}

#[test]
fn sets_go_with_their_segments() {
    let index = create(Default::default());
    let (none, key) = (Interrupt::none(), |key| super::world::Draft { key, title: Some(vec![0]), ..super::world::Draft::default() });
    super::world::upsert(&index, &[key(1)]);
    let before = index.view().unwrap();
    assert_eq!((count(&before, "a", FILTERS[0]), before.filters_kept().0), (0, 1));
    super::world::upsert(&index, &[key(2)]);
    index.writer().unwrap().commit(&none).unwrap();
    index.writer().unwrap().merge(1, &none).unwrap();
    let after = index.view().unwrap();
    assert_eq!(after.filters_kept(), (0, 0));
    assert_eq!((count(&after, "a", FILTERS[4]), count(&after, "a", FILTERS[4]), after.filters_kept().0), (2, 2, 1));
    index.abandon().unwrap();
    assert_eq!(before.filters_kept(), (0, 0));
}
