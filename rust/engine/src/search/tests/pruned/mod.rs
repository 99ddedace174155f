//! Looking only at what can win finds what looking at everything finds: the same documents with the same integer scores in the same order.

mod corpus;
mod found;
mod paths;
mod queries;
mod stopping;

use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use corpus::{World, named};
use queries::{Question, boolean, question};

use crate::base::Interrupt;
use crate::collect::{CountMode, Executor, Gathered, Wanted};
use crate::exec::pruned::{Search, audit};
use crate::plan::{Compiled, compile, tables};
use crate::search::view::find;

/// `cases` of them, or as many as the environment asks for with `PROPTEST_CASES`.
fn cases(cases: u32) -> ProptestConfig {
    let asked = ProptestConfig::default();
    if asked.cases == 256 { ProptestConfig { cases, ..asked } } else { asked }
}

/// Asks a question, on the pruning executors or not; none when there is no shape to prune.
fn ask(question: &Question, prune: bool) -> Option<Gathered> {
    let (view, none) = (&named(question.world).view, Interrupt::none());
    let snapshot = view.snapshot();
    let compiled = Compiled::new(&question.config, view.schema()).unwrap();
    let tables = tables(snapshot, &compiled);
    let mut plan = compile(question.query.clone(), question.filter.clone(), snapshot, &compiled, true, &none).unwrap();
    if prune && (plan.shape.is_none() || !plan.scores) {
        return None;
    }
    plan.shape = plan.shape.filter(|_| prune);
    let wanted = Wanted { hits: question.hits, sort: &[], count: CountMode::None, scores: plan.scores };
    let gathered = question.limits.force(|| find(&plan, &tables, snapshot, wanted, &none).unwrap());
    assert!(!gathered.partial && (prune || gathered.executor == Executor::Exhaustive));
    Some(gathered)
}

/// The hits of both ways are the same.
fn same(question: &Question) -> TestCaseResult {
    if let Some(pruned) = ask(question, true) {
        let exhaustive = ask(question, false).map(|gathered| gathered.hits);
        prop_assert_eq!(Some(&pruned.hits), exhaustive.as_ref(), "{:?}", pruned.work);
    }
    Ok(())
}

/// Every bound of the lists that a question opens, against the postings one by one.
fn audited(question: &Question) -> TestCaseResult {
    let World { name, view } = named(question.world);
    let (snapshot, none) = (view.snapshot(), Interrupt::none());
    let compiled = Compiled::new(&question.config, view.schema()).unwrap();
    let tables = tables(snapshot, &compiled);
    let plan = compile(question.query.clone(), None, snapshot, &compiled, true, &none).unwrap();
    let Some(shape) = &plan.shape else { return Ok(()) };
    let search = Search { program: &plan.program, shape, tables: &tables, interrupt: &none };
    for (number, segment) in snapshot.segments.iter().enumerate() {
        if let Err(said) = audit(&search, segment, number).unwrap() {
            prop_assert!(false, "segment {number} of {name:?}: {said}");
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(cases(60))]
    #[test]
    fn no_bound_is_broken(question in question()) {
        audited(&question)?;
    }
}

proptest! {
    #![proptest_config(cases(1000))]
    #[test]
    fn pruned_is_exhaustive(question in question()) {
        same(&question)?;
    }
}
