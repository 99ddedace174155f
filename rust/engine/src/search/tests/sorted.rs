//! Sorting by columns = sorting everything, over several regions and segments, with values that follow the documents and values that do not.

use std::cell::RefCell;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::counting::{INDEXES, query};
use crate::base::{FieldId, Interrupt};
use crate::collect::{CountMode, Executor, SortBy, Wanted, everything};
use crate::plan::compile;
use crate::query::{Boolean, Bound, BoundFilter};
use crate::search::view::{find, find_by};

fn sort() -> impl Strategy<Value = Vec<SortBy>> {
    let key = (2u16..7, any::<bool>()).prop_map(|(field, descending)| SortBy::Field { field: FieldId(field), descending });
    prop_oneof![3 => key.clone().prop_map(|key| vec![key]), 1 => prop::collection::vec(key, 2..4)]
}

#[test]
fn sorting_by_columns_is_sorting_everything() {
    let seen = RefCell::new((0, 0));
    let anything = prop_oneof![3 => query(), 1 => Just(Bound::Boolean(Boolean::default()))];
    let filter = prop::option::weighted(0.3, (0i64..900, 1i64..400));
    let case = (anything, sort(), 0usize..3, filter, prop_oneof![Just(1usize), Just(10), Just(100), 0usize..3000], any::<bool>());
    let mut runner = TestRunner::new(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() });
    let outcome = runner.run(&case, |(query, sort, which, filter, hits, counted)| {
        let (view, none) = (INDEXES[which].view().unwrap(), Interrupt::none());
        let filter = filter.map(|(low, more)| BoundFilter::Integers { field: FieldId(2), low, high: low + more });
        let plan = compile(query, filter, view.snapshot(), view.compiled(), true, &none).unwrap();
        let count = if counted { CountMode::Exact } else { CountMode::None };
        let wanted = Wanted { hits, sort: &sort, count, scores: plan.scores };
        let found = find(&plan, view.tables(), view.snapshot(), wanted, &none).unwrap();
        let expected = find_by(everything, &plan, view.tables(), view.snapshot(), wanted, &none).unwrap();
        prop_assert_eq!(&found.hits, &expected.hits);
        prop_assert_eq!((found.total, found.relation), (expected.total, expected.relation));
        let (sorted, cases) = &mut *seen.borrow_mut();
        (*sorted, *cases) = (*sorted + u32::from(found.executor == Executor::Sorted), *cases + 1);
        Ok(())
    });
    outcome.unwrap();
    let (sorted, cases) = seen.into_inner();
    assert!(sorted * 4 > cases * 3, "{sorted} of {cases}");
}
