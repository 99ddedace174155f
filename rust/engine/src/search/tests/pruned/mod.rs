//! Looking only at what can win finds what looking at everything finds: the same documents with the same integer scores in the same order.

mod corpus;
mod found;
mod paths;
mod queries;
mod real;
mod stopping;
mod whole;

use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use corpus::{World, named};
use queries::{Question, boolean, question};

use crate::base::Interrupt;
use crate::collect::{CountMode, Executor, Gathered, Hit, Wanted, everything};
use crate::exec::Tables;
use crate::exec::pruned::{Limits, Search, audit};
use crate::plan::{Compiled, Plan, compile, tables};
use crate::search::View;
use crate::search::view::{find, find_by};

/// `cases` of them, or more where the environment asks with `PROPTEST_CASES` for more than the usual 256.
fn cases(cases: u32) -> ProptestConfig {
    let asked = ProptestConfig::default();
    ProptestConfig { cases: cases * asked.cases.div_ceil(256), ..asked }
}

/// A question on its way to both kinds of executors.
struct Asked {
    view: &'static View,
    plan: Box<Plan>,
    /// The same without scores.
    unscored: Box<Plan>,
    tables: Tables,
    wanted: Wanted<'static>,
    limits: Limits,
}

impl Asked {
    fn new(question: &Question) -> Self {
        let view = &named(question.world).view;
        let compiled = Compiled::new(&question.config, view.schema()).unwrap();
        let (tables, none) = (tables(view.snapshot(), &compiled), Interrupt::none());
        let plan = |scoring| compile(question.query.clone(), question.filter.clone(), view.snapshot(), &compiled, scoring, &none).unwrap();
        let (mut plan, unscored) = (plan(true), plan(false));
        plan.boost(&compiled, None, None);
        let wanted = Wanted { hits: question.hits, sort: &[], count: CountMode::None, scores: plan.scores };
        Self { view, plan, unscored, tables, wanted, limits: question.limits }
    }

    /// What users get. `shaped`: as it is planned; else as if the program were too deep to have a shape.
    fn pruned(&mut self, shaped: bool) -> Gathered {
        let shape = if shaped { None } else { self.plan.shape.take() };
        let found = self.limits.force(|| find(&self.plan, &self.tables, self.view.snapshot(), self.wanted, &Interrupt::none()).unwrap());
        self.plan.shape = self.plan.shape.take().or(shape);
        found
    }

    /// How many match, without hits.
    fn counted(&self) -> Gathered {
        let wanted = Wanted { hits: 0, sort: &[], count: CountMode::Exact, scores: false };
        find(&self.unscored, &self.tables, self.view.snapshot(), wanted, &Interrupt::none()).unwrap()
    }

    /// What looking at every document finds, and how many there are.
    fn exhaustive(&self) -> (Vec<Hit>, Option<u64>) {
        let wanted = Wanted { count: CountMode::Exact, ..self.wanted };
        let found = find_by(everything, &self.plan, &self.tables, self.view.snapshot(), wanted, &Interrupt::none()).unwrap();
        assert_eq!((found.executor, found.partial), (Executor::Exhaustive, false));
        (found.hits, found.total)
    }
}

/// All ways find the same hits.
fn same(question: &Question) -> TestCaseResult {
    let mut asked = Asked::new(question);
    let (exhaustive, total) = asked.exhaustive();
    prop_assert_eq!(asked.counted().total, total);
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
    let Some(shape) = plan.shape.as_ref().filter(|shape| shape.is_led_by_scores(&plan.program)) else { return Ok(()) };
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
