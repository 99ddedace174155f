//! Random queries in the shapes that users ask, over the words of the corpus.

use std::fmt;

use proptest::prelude::*;
use proptest::sample::Index;

use super::corpus::{WORDS, corpus, word};
use crate::base::FieldId;
use crate::exec::boost::Function;
use crate::exec::pruned::Limits;
use crate::plan::{BoostRule, Combine, FieldWeight, RankingConfig};
use crate::query::{
    Boolean, Bound, BoundFilter, Compare, Comparison, Constant, Filter, FuzzySlot, Operator, PhraseClause, PhraseSlot, PrefixClause,
    PrefixSlot, Slot, SynonymClause, SynonymMember, SynonymSlot, TermClause,
};

/// What is asked of one view.
#[derive(Clone)]
pub struct Question {
    pub world: &'static str,
    pub config: RankingConfig,
    pub query: Bound,
    pub filter: Option<BoundFilter>,
    pub hits: usize,
    pub limits: Limits,
}

impl fmt::Debug for Question {
    /// On one line, however it is asked for.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { world, config, query, filter, hits, limits } = self;
        write!(f, "{world:?}, {hits} hits of {}, filter {filter:?}, {config:?}, {limits:?}", shown(query))
    }
}

/// A query with its words as text.
fn shown(query: &Bound) -> String {
    let all = |parts: &[Bound]| parts.iter().map(shown).collect::<Vec<_>>().join(" ");
    let text = |term: &[u8]| String::from_utf8_lossy(term).into_owned();
    let words = |clauses: &[TermClause]| {
        clauses
            .iter()
            .map(|TermClause { field, term, weight }| format!("{}:{}^{weight}", field.0, text(term)))
            .collect::<Vec<_>>()
            .join("|")
    };
    match query {
        Bound::Boolean(Boolean { must, should, must_not, minimum }) => {
            format!("(must [{}] {minimum} of [{}] not [{}])", all(must), all(should), all(must_not))
        }
        Bound::Slot(slot) => format!("<{}>^{}", words(&slot.clauses), slot.boost),
        Bound::Fuzzy(fuzzy) => format!("<{}>~{}^{}", words(&fuzzy.clauses), fuzzy.distance, fuzzy.boost),
        Bound::Phrase(PhraseSlot { clauses, slop, boost }) => {
            let clause = |PhraseClause { field, terms, weight }: &PhraseClause| {
                let terms: Vec<_> = terms.iter().map(|(term, at)| format!("{}@{at}", text(term))).collect();
                format!("{}:{:?}^{weight}", field.0, terms.join(" "))
            };
            format!("<{}>~{slop}^{boost}", clauses.iter().map(clause).collect::<Vec<_>>().join("|"))
        }
        other => format!("{other:?}"),
    }
}

pub fn question() -> impl Strategy<Value = Question> {
    let hits = prop_oneof![3 => Just(10usize), 2 => Just(1), 2 => Just(100), 1 => Just(1000), 1 => 2usize..30];
    (any::<Index>().prop_map(|at| at.get(&corpus().worlds).name), config(), query(), filter(), hits, limits())
        .prop_map(|(world, config, query, filter, hits, limits)| Question { world, config, query, filter, hits, limits })
}

/// Usual ones half of the time; others that make groups, merges and wide windows of a handful of postings.
pub fn limits() -> impl Strategy<Value = Limits> {
    let small =
        (1u64..6, prop_oneof![Just(0u64), 1u64..200], prop_oneof![Just(0u64), Just(1), 1u64..200], prop_oneof![Just(0u64), Just(300)])
            .prop_map(|(ratio, merged, dense, candidate_cost)| Limits { ratio, merged, dense, candidate_cost, ..Limits::USUAL });
    prop_oneof![Just(Limits::USUAL), small]
}

fn config() -> impl Strategy<Value = RankingConfig> {
    let k1 = prop_oneof![Just(1.2), Just(0.0), 0.0f64..=3.0];
    let b = || prop_oneof![Just(0.75), Just(0.0), Just(1.0), 0.0f64..=1.0];
    let weight = prop_oneof![2 => Just(1.0), 1 => Just(0.0), 3 => 0.0f64..=100.0];
    let field = (weight, prop::option::of(b())).prop_map(|(weight, b)| FieldWeight { weight, b });
    let names = || prop::sample::select(vec!["title", "body", "label"]).prop_map(str::to_owned);
    let fields = prop::option::of(prop::collection::btree_map(names(), field, 1..4));
    let combine = prop_oneof![Just(Combine::Best), Just(Combine::Sum), Just(Combine::Bm25f)];
    let tie = prop_oneof![Just(0.0), Just(1.0), 0.0f64..=1.0];
    let boosts = prop_oneof![2 => Just(Vec::new()), 1 => prop::collection::vec(boosts(), 1..3)];
    (k1, b(), fields, combine, tie, boosts).prop_map(|(k1, b, fields, combine, tie_breaker, boosts)| RankingConfig {
        k1,
        b,
        fields,
        combine,
        tie_breaker,
        operator: Operator::Or,
        boosts,
        ..RankingConfig::default()
    })
}

/// Of documents by the numbers that they hold: little or much, of many or of few.
fn boosts() -> impl Strategy<Value = BoostRule> {
    let functions = [Function::Identity, Function::Log1p, Function::Sqrt, Function::Square, Function::Reciprocal];
    let (field, weight) = (prop::sample::select(&["n", "year"][..]), prop_oneof![0.0f64..0.01, 0.0f64..10.0]);
    let value = (field, prop::sample::select(functions.to_vec()), weight).prop_map(|(field, function, weight)| BoostRule::Value {
        field: field.into(),
        function,
        weight,
    });
    let rule = (prop_oneof![Just(0i64), 0i64..1000], 0.0f64..5.0).prop_map(|(most, weight)| {
        let value = crate::query::Value::Integer(most);
        BoostRule::Rule { when: Filter::Compare(Compare { field: "n".into(), op: Comparison::AtMost, value }).into(), weight }
    });
    prop_oneof![value, rule]
}

/// About half, 5 %, 0.1 % of the documents, or no filter.
fn filter() -> impl Strategy<Value = Option<BoundFilter>> {
    let share = |high: i64| Some(BoundFilter::Integers { field: FieldId(3), low: 0, high });
    prop_oneof![4 => Just(None), 1 => Just(share(499)), 1 => Just(share(49)), 1 => Just(share(0))]
}

fn boost() -> impl Strategy<Value = f64> {
    prop_oneof![6 => Just(1.0), 1 => Just(0.0), 2 => 0.01f64..10.0]
}

/// A word, the rare ones as likely as the frequent ones; some that do not occur.
fn rank() -> impl Strategy<Value = usize> {
    prop_oneof![12 => (0.0f64..1.0).prop_map(|at| (WORDS as f64).powf(at) as usize), 4 => 1usize..30, 1 => Just(WORDS + 1)]
}

/// Which fields, with weights.
fn fields() -> impl Strategy<Value = Vec<(FieldId, f64)>> {
    let weight = || prop_oneof![4 => Just(1.0), 1 => Just(0.0), 2 => 0.0f64..=100.0];
    let which = prop_oneof![4 => Just(vec![1u16]), 1 => Just(vec![0]), 1 => Just(vec![2]), 3 => Just(vec![0, 1]), 2 => Just(vec![0, 1, 2])];
    (which, weight(), weight(), weight()).prop_map(|(which, a, b, c)| which.into_iter().map(FieldId).zip([a, b, c]).collect())
}

fn plain() -> impl Strategy<Value = Bound> {
    (rank(), fields(), boost()).prop_map(|(rank, fields, boost)| slot(rank, &fields, boost))
}

pub fn slot(rank: usize, fields: &[(FieldId, f64)], boost: f64) -> Bound {
    let clause = |&(field, weight): &(FieldId, f64)| TermClause { field, term: word(rank).into_bytes().into(), weight };
    Bound::Slot(Slot { clauses: fields.iter().map(clause).collect(), boost })
}

/// Words that stand somewhere in this order, or frequent ones.
fn phrase() -> impl Strategy<Value = Bound> {
    let found = (any::<Index>(), any::<Index>(), 2usize..4).prop_map(|(doc, at, len)| {
        let body = doc.get(&corpus().bodies);
        let start = at.index(body.len().max(len) - len + 1);
        body.get(start..start + len).map_or_else(|| vec![1, 2], <[usize]>::to_vec)
    });
    let words = prop_oneof![3 => found, 1 => prop::collection::vec(1usize..12, 2..4)];
    let gaps = prop::collection::vec(prop_oneof![8 => Just(1u32), 1 => Just(2)], 3);
    let slop = prop_oneof![3 => Just(0u32), 2 => 1u32..6];
    (words, gaps, fields(), slop, boost()).prop_map(|(words, gaps, fields, slop, boost)| {
        let mut offset = 0;
        let terms: Vec<_> = words
            .iter()
            .zip(gaps)
            .map(|(rank, gap)| {
                offset += gap;
                (word(*rank).into_bytes().into(), offset - gap)
            })
            .collect();
        let clause = |(field, weight)| PhraseClause { field, terms: terms.clone(), weight };
        Bound::Phrase(PhraseSlot { clauses: fields.into_iter().map(clause).collect(), slop, boost })
    })
}

/// What is no plain word.
fn other() -> impl Strategy<Value = Bound> {
    let near = (rank(), fields(), boost()).prop_map(|(rank, fields, boost)| {
        let Bound::Slot(Slot { clauses, boost }) = slot(rank, &fields, boost) else { unreachable!() };
        Bound::Fuzzy(FuzzySlot { clauses, distance: 1, prefix: 2, boost })
    });
    let prefix = (1usize..100, prop_oneof![3 => Just(1u16), 1 => Just(2)], boost()).prop_map(|(rank, field, weight)| {
        let clause = PrefixClause { field: FieldId(field), prefix: word(rank).into_bytes(), also: None };
        Bound::Prefix(PrefixSlot { clauses: vec![clause], weight })
    });
    let year = (1901i64..2001, 0i64..3, boost()).prop_map(|(low, more, weight)| {
        Bound::Constant(Constant { filter: BoundFilter::Integers { field: FieldId(4), low, high: low + more }, weight })
    });
    prop_oneof![1 => near, 1 => prefix, 2 => year]
}

/// Words and phrases that stand for one another.
fn synonyms() -> impl Strategy<Value = Bound> {
    let member = prop_oneof![3 => rank().prop_map(|rank| vec![rank]), 1 => prop::collection::vec(1usize..12, 2..4)];
    (prop::collection::vec(member, 1..4), fields(), boost()).prop_map(|(members, fields, boost)| {
        let member = |ranks: &Vec<usize>| ranks.iter().map(|rank| word(*rank).into_bytes().into()).zip(0..).collect();
        let members: Vec<SynonymMember> = members.iter().map(member).collect();
        let clause = |(field, weight)| SynonymClause { field, members: members.clone(), weight };
        Bound::Synonyms(SynonymSlot { clauses: fields.into_iter().map(clause).collect(), boost })
    })
}

fn leaf() -> impl Strategy<Value = Bound> {
    prop_oneof![10 => plain(), 2 => phrase(), 2 => synonyms(), 2 => other()]
}

pub fn boolean(must: Vec<Bound>, should: Vec<Bound>, must_not: Vec<Bound>, minimum: usize) -> Bound {
    Bound::Boolean(Boolean { must, should, must_not, minimum })
}

/// Any of these.
pub fn any_of(parts: Vec<Bound>) -> Bound {
    boolean(vec![], parts, vec![], 1)
}

/// Words in this order in the body.
pub fn phrase_of(ranks: &[usize], slop: u32) -> Bound {
    let terms = (0..).zip(ranks).map(|(at, rank)| (word(*rank).into_bytes().into(), at)).collect();
    Bound::Phrase(PhraseSlot { clauses: vec![PhraseClause { field: FieldId(1), terms, weight: 1.0 }], slop, boost: 1.0 })
}

pub fn query() -> impl Strategy<Value = Bound> {
    let some = |range| prop::collection::vec(leaf(), range);
    let words = |range| prop::collection::vec(plain(), range);
    prop_oneof![
        2 => plain(),
        2 => phrase(),
        1 => other(),
        6 => words(2..5).prop_map(any_of),
        1 => synonyms(),
        3 => some(2..6).prop_map(any_of),
        2 => words(7..25).prop_map(any_of),
        1 => words(25..61).prop_map(any_of),
        // The same word twice.
        1 => words(1..4).prop_map(move |parts| any_of([parts.clone(), parts].concat())),
        4 => some(2..5).prop_map(|must| boolean(must, vec![], vec![], 0)),
        4 => (some(1..3), some(1..4), 0usize..2).prop_map(|(must, should, minimum)| boolean(must, should, vec![], minimum)),
        3 => (some(1..4), some(1..3), any::<bool>()).prop_map(|(parts, not, all)| {
            if all { boolean(parts, vec![], not, 0) } else { boolean(vec![], parts, not, 1) }
        }),
        3 => (some(2..7), some(0..2), 1usize..5).prop_map(|(should, must, minimum)| boolean(must, should, vec![], minimum)),
        // Groups of alternatives that must all match, as a word with variants makes them.
        2 => (words(1..4), words(1..4), some(0..3)).prop_map(move |(a, b, may)| boolean(vec![any_of(a), any_of(b)], may, vec![], 0)),
        // Deeper than what can be pruned, mostly.
        1 => (some(1..3), some(1..3), some(0..2)).prop_map(move |(a, b, not)| {
            boolean(vec![], vec![boolean(a, vec![], vec![], 0), boolean(vec![], b, not, 1)], vec![], 1)
        }),
    ]
}
