//! Looking only at what can win finds what looking at everything finds: the same documents with the same integer scores in the same order.

mod corpus;
mod found;
mod queries;

use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use corpus::{World, corpus};
use queries::{Question, boolean, question};

use crate::base::Interrupt;
use crate::collect::{CountMode, Executor, Gathered, Wanted, everything};
use crate::plan::{Compiled, compile, tables};
use crate::search::view::{find, find_by};

/// `cases` of them, or as many as the environment asks for with `PROPTEST_CASES`.
fn cases(cases: u32) -> ProptestConfig {
    let asked = ProptestConfig::default();
    if asked.cases == 256 { ProptestConfig { cases, ..asked } } else { asked }
}

/// Both ways to the same hits: pruned, then exhaustive. None when nothing scores.
fn both(world: &World, question: &Question) -> (Option<Gathered>, Gathered) {
    let (view, none) = (&world.view, Interrupt::none());
    let snapshot = view.snapshot();
    let compiled = Compiled::new(&question.config, view.schema()).unwrap();
    let tables = tables(snapshot, &compiled);
    let mut plan = compile(question.query.clone(), question.filter.clone(), snapshot, &compiled, true, &none).unwrap();
    plan.boost(&compiled, None, None);
    let wanted = Wanted { hits: question.hits, sort: &[], count: CountMode::None, scores: plan.scores };
    let exhaustive = find_by(everything, &plan, &tables, snapshot, wanted, &none).unwrap();
    assert_eq!(exhaustive.executor, Executor::Exhaustive);
    let pruned = plan.scores.then(|| question.limits.force(|| find(&plan, &tables, snapshot, wanted, &none).unwrap()));
    (pruned, exhaustive)
}

fn same(question: &Question) -> TestCaseResult {
    let Some(world) = corpus().worlds.iter().find(|world| world.name == question.world) else { unreachable!() };
    let (pruned, exhaustive) = both(world, question);
    if let Some(pruned) = pruned {
        prop_assert!(!pruned.partial);
        prop_assert_eq!(pruned.hits, exhaustive.hits, "in {:?}: {:?}", world.name, pruned.work);
    }
    Ok(())
}

proptest! {
    #![proptest_config(cases(1000))]
    #[test]
    fn pruned_is_exhaustive(question in question()) {
        same(&question)?;
    }
}
