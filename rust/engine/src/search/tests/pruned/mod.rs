//! Looking only at what can win finds what looking at everything finds: the same documents with the same integer scores in the same order.

mod corpus;
mod found;
mod paths;
mod queries;
mod stopping;

use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use corpus::{World, named};
use queries::{Question, boolean, question};

use crate::base::Interrupt;
use crate::base::bits::BitSet;
use crate::collect::{CountMode, Executor, Gathered, Hit, Sought, Wanted, everything};
use crate::exec::pruned::{Limits, Search, audit};
use crate::exec::{Tables, matching};
use crate::plan::{Compiled, Plan, compile, tables};
use crate::search::View;
use crate::search::view::find;

/// `cases` of them, or more where the environment asks with `PROPTEST_CASES` for more than the usual 256.
fn cases(cases: u32) -> ProptestConfig {
    let asked = ProptestConfig::default();
    ProptestConfig { cases: cases * asked.cases.div_ceil(256), ..asked }
}

/// A question on its way to both kinds of executors.
struct Asked {
    view: &'static View,
    plan: Plan,
    tables: Tables,
    wanted: Wanted<'static>,
    limits: Limits,
}

impl Asked {
    fn new(question: &Question) -> Self {
        let view = &named(question.world).view;
        let compiled = Compiled::new(&question.config, view.schema()).unwrap();
        let (tables, none) = (tables(view.snapshot(), &compiled), Interrupt::none());
        let plan = compile(question.query.clone(), question.filter.clone(), view.snapshot(), &compiled, true, &none).unwrap();
        let wanted = Wanted { hits: question.hits, sort: &[], count: CountMode::None, scores: plan.scores };
        Self { view, plan, tables, wanted, limits: question.limits }
    }

    /// What users get. `shaped`: as it is planned; else as if the program were too deep to have a shape.
    fn pruned(&mut self, shaped: bool) -> Gathered {
        let shape = if shaped { None } else { self.plan.shape.take() };
        let found = self.limits.force(|| find(&self.plan, &self.tables, self.view.snapshot(), self.wanted, &Interrupt::none()).unwrap());
        self.plan.shape = self.plan.shape.take().or(shape);
        found
    }

    /// What looking at every document finds.
    fn exhaustive(&self) -> Vec<Hit> {
        let (snapshot, none) = (self.view.snapshot(), Interrupt::none());
        let filter = self.plan.filter.as_ref();
        let passing = |number: usize| {
            let Some(filter) = filter else { unreachable!() };
            matching(filter, &snapshot.segments[number].reader, &none).map(Arc::new)
        };
        let filter = filter.map(|_| &passing as &dyn Fn(usize) -> crate::base::Result<Arc<BitSet>>);
        let sought = Sought { program: &self.plan.program, shape: None, tables: &self.tables, filter };
        let found = everything(sought, snapshot, self.wanted, &none).unwrap();
        assert_eq!((found.executor, found.partial), (Executor::Exhaustive, false));
        found.hits
    }
}

/// All ways find the same hits.
fn same(question: &Question) -> TestCaseResult {
    let mut asked = Asked::new(question);
    let exhaustive = asked.exhaustive();
    for shaped in [true, false] {
        let pruned = asked.pruned(shaped);
        prop_assert!(!pruned.partial);
        prop_assert_eq!(&pruned.hits, &exhaustive, "with its shape: {}, {:?}", shaped, pruned.work);
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
