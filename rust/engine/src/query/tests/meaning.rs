//! Binding keeps the meaning: a naive reading of the tree by its documentation against a reading of the bound tree, document by document.
//!
//! A word that stands in a document counts 1 here, times its boosts, so sums show what matched and how often.

use proptest::prelude::*;

use super::analyzers;
use crate::query::*;
use crate::schema::{Schema, date};

fn schema() -> Schema {
    serde_json::from_str(
        r#"{"key": "id", "fields": [
            {"name": "title", "type": "text", "analyzer": "standard"},
            {"name": "tags", "type": "keyword", "many": true},
            {"name": "year", "type": "integer"},
            {"name": "found", "type": "date"}]}"#,
    )
    .unwrap()
}

#[derive(Clone, Debug)]
struct Doc {
    id: String,
    title: Vec<String>,
    tags: Vec<String>,
    year: Option<i64>,
    found: Option<i64>,
}

fn docs() -> impl Strategy<Value = Doc> {
    let day = prop::sample::select(vec!["1998-12-31", "1999-01-01", "1999-05-03", "1999-05-03T10:00:00Z", "2000-01-01"]);
    (
        prop::sample::select(vec!["k1", "k2"]),
        prop::collection::vec("[a-d]", 0..5),
        prop::collection::vec("[a-c]", 0..3),
        prop::option::of(-3i64..4),
        prop::option::of(day.prop_map(|day| date::parse(day).unwrap().first)),
    )
        .prop_map(|(id, title, tags, year, found)| Doc { id: id.to_owned(), title, tags, year, found })
}

/// How the naive reading compares one value; the literal's place relative to the value.
fn compares(value: i64, op: Comparison, literal: &Value) -> bool {
    let (first, last) = match literal {
        Value::Integer(n) => (*n as f64, *n as f64),
        Value::Float(x) => (*x, *x),
        Value::Text(text) => date::parse(text).map(|span| (span.first as f64, span.last as f64)).unwrap(),
        Value::Boolean(_) => unreachable!(),
    };
    let value = value as f64;
    match op {
        Comparison::Equal => first <= value && value <= last,
        Comparison::NotEqual => value < first || last < value,
        Comparison::Less => value < first,
        Comparison::AtMost => value <= last,
        Comparison::Greater => value > last,
        Comparison::AtLeast => value >= first,
    }
}

fn compare_naively(doc: &Doc, field: &str, op: Comparison, literal: &Value) -> bool {
    match (field, literal) {
        ("id", Value::Text(key)) => (doc.id == *key) == (op == Comparison::Equal),
        ("tags", Value::Text(text)) => match op {
            Comparison::Equal => doc.tags.contains(text),
            Comparison::NotEqual => !doc.tags.is_empty() && !doc.tags.contains(text),
            Comparison::Less => doc.tags.iter().any(|tag| tag < text),
            Comparison::AtMost => doc.tags.iter().any(|tag| tag <= text),
            Comparison::Greater => doc.tags.iter().any(|tag| tag > text),
            Comparison::AtLeast => doc.tags.iter().any(|tag| tag >= text),
        },
        ("year", literal) => doc.year.is_some_and(|year| compares(year, op, literal)),
        (_, literal) => doc.found.is_some_and(|found| compares(found, op, literal)),
    }
}

fn range_naively(doc: &Doc, range: &Range) -> bool {
    let sides = |value: &dyn Fn(Comparison, &Value) -> bool| {
        let low = range
            .lower
            .as_ref()
            .is_none_or(|edge| value(if edge.inclusive { Comparison::AtLeast } else { Comparison::Greater }, &edge.value));
        let high =
            range.upper.as_ref().is_none_or(|edge| value(if edge.inclusive { Comparison::AtMost } else { Comparison::Less }, &edge.value));
        low && high
    };
    if range.field == "tags" {
        let alone = |tag: &String| Doc { tags: vec![tag.clone()], ..doc.clone() };
        return doc.tags.iter().any(|tag| sides(&|op, literal| compare_naively(&alone(tag), "tags", op, literal)));
    }
    sides(&|op, literal| compare_naively(doc, &range.field, op, literal))
}

fn filter_naively(doc: &Doc, filter: &Filter) -> bool {
    let has = |field: &str| match field {
        "id" => true,
        "title" => !doc.title.is_empty(),
        "tags" => !doc.tags.is_empty(),
        "year" => doc.year.is_some(),
        _ => doc.found.is_some(),
    };
    match filter {
        Filter::Compare(it) => compare_naively(doc, &it.field, it.op, &it.value),
        Filter::In(it) => it.values.iter().any(|value| compare_naively(doc, &it.field, Comparison::Equal, value)),
        Filter::Range(range) => range_naively(doc, range),
        Filter::Exists(it) => has(&it.field),
        Filter::Missing(it) => !has(&it.field),
        Filter::WithinKm(_) => unreachable!(),
        Filter::And(parts) => parts.iter().all(|part| filter_naively(doc, part)),
        Filter::Or(parts) => parts.iter().any(|part| filter_naively(doc, part)),
        Filter::Not(part) => !filter_naively(doc, part),
    }
}

/// The fields of the schema, by id: title, tags, year, found.
fn filter_bound(doc: &Doc, filter: &BoundFilter) -> bool {
    let integer = |field: &crate::base::FieldId| if field.0 == 2 { doc.year } else { doc.found };
    match filter {
        BoundFilter::And(parts) => parts.iter().all(|part| filter_bound(doc, part)),
        BoundFilter::Or(parts) => parts.iter().any(|part| filter_bound(doc, part)),
        BoundFilter::Not(part) => !filter_bound(doc, part),
        BoundFilter::Integers { field, low, high } => integer(field).is_some_and(|value| (*low..=*high).contains(&value)),
        BoundFilter::IntegerIn { field, values } => integer(field).is_some_and(|value| values.binary_search(&value).is_ok()),
        BoundFilter::KeywordIn { values, .. } => doc.tags.iter().any(|tag| values.binary_search(tag).is_ok()),
        BoundFilter::Keywords { low, high, .. } => {
            use std::ops::RangeBounds;
            doc.tags.iter().any(|tag| (low.as_ref(), high.as_ref()).contains(tag))
        }
        BoundFilter::Exists { field } => match field.0 {
            0 => !doc.title.is_empty(),
            1 => !doc.tags.is_empty(),
            _ => integer(field).is_some(),
        },
        BoundFilter::Keys { keys } => keys.binary_search(&doc.id).is_ok(),
        BoundFilter::Floats { .. } | BoundFilter::FloatIn { .. } | BoundFilter::Token { .. } | BoundFilter::Within { .. } => unreachable!(),
    }
}

/// What the documentation of [`Query`] says: the score, or that it does not match; outside, whether there is any word in it.
fn query_naively(doc: &Doc, query: &Query, boost: f64, operator: Operator) -> Option<Option<f64>> {
    let part = |part: &Query, boost| query_naively(doc, part, boost, operator).unwrap_or(None);
    let sum = |scores: Vec<Option<f64>>| scores.into_iter().flatten().sum::<f64>();
    match query {
        Query::Match(it) => {
            let words: Vec<&str> = it.text.split_whitespace().collect();
            let there = words.iter().filter(|word| doc.title.iter().any(|title| title == *word)).count();
            let needed = match it.operator.unwrap_or(operator) {
                Operator::And => words.len(),
                Operator::Or => (it.minimum_match.unwrap_or(1).max(1) as usize).min(words.len()),
            };
            (!words.is_empty()).then(|| (there >= needed).then_some(there as f64 * boost))
        }
        Query::Term(it) if it.field == "title" => {
            let Value::Text(word) = &it.value else { unreachable!() };
            Some(doc.title.contains(word).then_some(boost))
        }
        Query::Term(it) => Some(compare_naively(doc, &it.field, Comparison::Equal, &it.value).then_some(boost)),
        Query::Range(range) => Some(range_naively(doc, range).then_some(boost)),
        Query::All(parts) => {
            let scores: Vec<_> = parts.iter().map(|it| part(it, boost)).collect();
            Some(scores.iter().all(Option::is_some).then(|| sum(scores)))
        }
        Query::Any(parts) => {
            let scores: Vec<_> = parts.iter().map(|it| part(it, boost)).collect();
            Some(scores.iter().any(Option::is_some).then(|| sum(scores)))
        }
        Query::Not(inner) => Some(part(inner, boost).is_none().then_some(0.0)),
        Query::Boost(inner, by) => query_naively(doc, inner, boost * by, operator),
        Query::Group(clauses) => {
            let found: Vec<_> = clauses.iter().filter_map(|(occur, it)| Some((*occur, query_naively(doc, it, boost, operator)?))).collect();
            if found.is_empty() && !clauses.is_empty() {
                return None;
            }
            let occur = |occur: Occur| if occur == Occur::Should && operator == Operator::And { Occur::Must } else { occur };
            let of = |wanted| found.iter().filter(move |(it, _)| occur(*it) == wanted).map(|(_, score)| *score).collect::<Vec<_>>();
            let (must, should, must_not) = (of(Occur::Must), of(Occur::Should), of(Occur::MustNot));
            let enough = !must.is_empty() || should.is_empty() || should.iter().any(Option::is_some);
            let matches = must.iter().all(Option::is_some) && must_not.iter().all(Option::is_none) && enough;
            Some(matches.then(|| sum(must) + sum(should)))
        }
        Query::Phrase(_) | Query::Prefix(_) | Query::Fuzzy(_) => unreachable!(),
    }
}

fn query_bound(doc: &Doc, bound: &Bound) -> Option<f64> {
    match bound {
        Bound::Slot(slot) => {
            let there = slot.clauses.iter().any(|clause| doc.title.iter().any(|word| *word.as_bytes() == *clause.term));
            there.then_some(slot.boost)
        }
        Bound::Constant(it) => filter_bound(doc, &it.filter).then_some(it.weight),
        Bound::Boolean(it) => {
            let scores = |parts: &[Bound]| parts.iter().map(|part| query_bound(doc, part)).collect::<Vec<_>>();
            let (must, should, must_not) = (scores(&it.must), scores(&it.should), scores(&it.must_not));
            let enough = should.iter().flatten().count() >= it.minimum;
            let matches = must.iter().all(Option::is_some) && must_not.iter().all(Option::is_none) && enough;
            matches.then(|| must.into_iter().chain(should).flatten().sum())
        }
        Bound::Synonyms(_) | Bound::Graph(_) | Bound::Phrase(_) | Bound::Fuzzy(_) | Bound::Guess(_) | Bound::Prefix(_) => unreachable!(),
    }
}

fn literal(field: &'static str) -> BoxedStrategy<Value> {
    match field {
        "year" => prop_oneof![(-3i64..4).prop_map(Value::Integer), (-6i32..8).prop_map(|n| Value::Float(f64::from(n) / 2.0))].boxed(),
        "found" => {
            prop::sample::select(vec!["1999", "1999-05", "1999-05-03", "1999-05-03T10:00:00Z", "2000"]).prop_map(Value::from).boxed()
        }
        "id" => prop::sample::select(vec!["k1", "k2", "k3"]).prop_map(Value::from).boxed(),
        _ => "[a-d]".prop_map(Value::Text).boxed(),
    }
}

fn range() -> impl Strategy<Value = Range> {
    prop::sample::select(vec!["tags", "year", "found"]).prop_flat_map(|field| {
        let edge = || prop::option::of((literal(field), any::<bool>()).prop_map(|(value, inclusive)| Edge { value, inclusive }));
        (edge(), edge()).prop_filter("one end", |(low, high)| low.is_some() || high.is_some()).prop_map(move |(lower, upper)| Range {
            field: field.to_owned(),
            lower,
            upper,
        })
    })
}

fn queries() -> impl Strategy<Value = Query> {
    let operator = prop::option::of(prop::sample::select(vec![Operator::Or, Operator::And]));
    let words = ("[a-d ]{0,6}", operator, prop::option::of(0u32..4)).prop_map(|(text, operator, minimum_match)| {
        Query::Match(Match { text: text.chars().flat_map(|c| [c, ' ']).collect(), fields: None, operator, minimum_match })
    });
    let term = prop::sample::select(vec!["title", "tags", "year", "found", "id"])
        .prop_flat_map(|field| literal(field).prop_map(move |value| Query::Term(Term { field: field.to_owned(), value })));
    let occur = prop::sample::select(vec![Occur::Should, Occur::Should, Occur::Must, Occur::MustNot]);
    prop_oneof![3 => words, 1 => term, 1 => range().prop_map(Query::Range)].prop_recursive(4, 24, 4, move |inner| {
        let by = prop::sample::select(vec![0.0, 0.5, 1.0, 2.0]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Query::All),
            prop::collection::vec(inner.clone(), 0..4).prop_map(Query::Any),
            prop::collection::vec((occur.clone(), inner.clone()), 0..4).prop_map(Query::Group),
            inner.clone().prop_map(|part| Query::Not(Box::new(part))),
            (inner, by).prop_map(|(part, by)| Query::Boost(Box::new(part), by)),
        ]
    })
}

fn filters() -> impl Strategy<Value = Filter> {
    use Comparison::{AtLeast, AtMost, Equal, Greater, Less, NotEqual};
    let compare = prop::sample::select(vec!["tags", "year", "found", "id"]).prop_flat_map(|field| {
        let ops = if field == "id" { vec![Equal, NotEqual] } else { vec![Equal, NotEqual, Less, AtMost, Greater, AtLeast] };
        (prop::sample::select(ops), literal(field))
            .prop_map(move |(op, value)| Filter::Compare(Compare { field: field.to_owned(), op, value }))
    });
    let one_of = prop::sample::select(vec!["tags", "year", "found", "id"]).prop_flat_map(|field| {
        prop::collection::vec(literal(field), 0..4).prop_map(move |values| Filter::In(In { field: field.to_owned(), values }))
    });
    let there = (prop::sample::select(vec!["title", "tags", "year", "found", "id"]), any::<bool>()).prop_map(|(field, exists)| {
        let field = FieldName { field: field.to_owned() };
        if exists { Filter::Exists(field) } else { Filter::Missing(field) }
    });
    prop_oneof![compare, one_of, there, range().prop_map(Filter::Range)].prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Filter::And),
            prop::collection::vec(inner.clone(), 0..4).prop_map(Filter::Or),
            inner.prop_map(|part| Filter::Not(Box::new(part))),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn a_bound_query_means_what_the_tree_means(query in queries(), docs in prop::collection::vec(docs(), 1..6), and in any::<bool>()) {
        let schema = schema();
        let operator = if and { Operator::And } else { Operator::Or };
        let search = SearchFields { operator, ..SearchFields::all(&schema) };
        let bound = rewrite(&query, &schema, &analyzers(&schema), &search, &RewriteOptions::default()).unwrap().bound;
        for doc in &docs {
            prop_assert_eq!(query_bound(doc, &bound), query_naively(doc, &query, 1.0, operator).unwrap_or(None), "{:?}\n{}\n{:?}", doc, query, bound);
        }
    }

    #[test]
    fn a_bound_filter_means_what_the_tree_means(filter in filters(), docs in prop::collection::vec(docs(), 1..6)) {
        let bound = filter.bind(&schema()).unwrap();
        for doc in &docs {
            prop_assert_eq!(filter_bound(doc, &bound), filter_naively(doc, &filter), "{:?}\n{}", doc, filter);
        }
    }
}
