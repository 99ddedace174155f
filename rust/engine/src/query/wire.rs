//! The JSON form of queries and filters: what Python's classes produce and what `index.parse` returns.
//!
//! **In/Out**: UTF-8 JSON. **Law**: reading and writing use no recursion, whatever stands in the text; reading bounds depth and
//! clauses before it builds anything, and every tree that it returns has passed `check`. Reading looks at a byte once per level, so
//! length times depth is bounded, too.
//!
//! A node is an object with one member, named after its kind; unknown kinds and members are refused. `FIELDS` is absent or null (the
//! configured default fields), `"title"`, `["title", "clue"]`, or `{"title": 3.0, "clue": null}`. `V` is a string, number or truth value;
//! a date is an ISO 8601 string, of which `1999`, `1999-05` and `1999-05-01` mean the whole year, month and day.
//!
//! ```text
//! query  = {"match":  {"text": "gold coin", "fields": FIELDS, "operator": "or"|"and", "minimum_match": 2}}
//!        | {"phrase": {"text": "old bridge", "fields": FIELDS, "slop": 0}}
//!        | {"prefix": {"prefix": "tre", "fields": FIELDS}}
//!        | {"fuzzy":  {"text": "brigde", "fields": FIELDS, "distance": 1, "prefix": 0}}
//!        | {"term":   {"field": "artist", "value": V}}
//!        | {"range":  {"field": "year", "gt"|"gte": V, "lt"|"lte": V}}
//!        | {"all": [query, …]} | {"any": [query, …]} | {"not": query} | {"boost": {"query": query, "by": 2.0}}
//!        | {"group": [{"should"|"must"|"must_not": query}, …]}
//! filter = {"compare": {"field": "year", "op": "=="|"!="|"<"|"<="|">"|">=", "value": V}}
//!        | {"in":      {"field": "subjects", "values": [V, …]}}
//!        | {"range":   {"field": "year", "gt"|"gte": V, "lt"|"lte": V}}
//!        | {"exists":  {"field": "price"}} | {"missing": {"field": "price"}}
//!        | {"within_km": {"field": "location", "lat": 51.5, "lon": -0.12, "km": 25.0}}
//!        | {"and": [filter, …]} | {"or": [filter, …]} | {"not": filter}
//! ```
//!
//! ```
//! use findspot_engine::query::Query;
//! let query = Query::from_json(br#"{"all": [{"match": {"text": "gold"}}, {"term": {"field": "year", "value": 1850}}]}"#)?;
//! assert_eq!(query.to_json()?, r#"{"all":[{"match":{"text":"gold"}},{"term":{"field":"year","value":1850}}]}"#);
//! # Ok::<(), findspot_engine::base::Error>(())
//! ```

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::ast::{Fuzzy, MAX_CLAUSES, MAX_DEPTH, Match, Occur, Phrase, Prefix, Query, Range, Term, refuse};
use super::filter::{Compare, FieldName, Filter, In, MAX_FILTER_CLAUSES, WithinKm};
use crate::base::{Error, Result};

/// Longest JSON text of a tree in bytes.
pub const MAX_JSON: usize = 16 << 20;

/// A query node whose children are `C`: raw JSON on the way in.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum QueryNode<C> {
    Match(Match),
    Phrase(Phrase),
    Prefix(Prefix),
    Fuzzy(Fuzzy),
    Term(Term),
    Range(Range),
    All(Vec<C>),
    Any(Vec<C>),
    Not(C),
    Boost(Boost<C>),
    Group(Vec<Member<C>>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Boost<C> {
    query: C,
    by: f64,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Member<C> {
    Should(C),
    Must(C),
    MustNot(C),
}

/// A filter node whose children are `C`.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum FilterNode<C> {
    Compare(Compare),
    In(In),
    Range(Range),
    Exists(FieldName),
    Missing(FieldName),
    WithinKm(WithinKm),
    And(Vec<C>),
    Or(Vec<C>),
    Not(C),
}

/// A kind of tree that is read level by level.
trait Tree: Sized {
    /// A node with holes for its children.
    type Node<C>;
    const MAX_LEAVES: usize;
    fn read(json: &RawValue) -> serde_json::Result<Self::Node<&RawValue>>;
    /// Replaces the children in order.
    fn map<C, D>(node: Self::Node<C>, f: &mut impl FnMut(C) -> D) -> Self::Node<D>;
    fn close(node: Self::Node<Self>) -> Self;
    /// Fills a hole that has no child; holes and children agree by construction.
    fn filler() -> Self;
}

impl Tree for Query {
    type Node<C> = QueryNode<C>;
    const MAX_LEAVES: usize = MAX_CLAUSES;

    fn read(json: &RawValue) -> serde_json::Result<QueryNode<&RawValue>> {
        serde_json::from_str(json.get())
    }

    fn map<C, D>(node: QueryNode<C>, f: &mut impl FnMut(C) -> D) -> QueryNode<D> {
        match node {
            QueryNode::Match(leaf) => QueryNode::Match(leaf),
            QueryNode::Phrase(leaf) => QueryNode::Phrase(leaf),
            QueryNode::Prefix(leaf) => QueryNode::Prefix(leaf),
            QueryNode::Fuzzy(leaf) => QueryNode::Fuzzy(leaf),
            QueryNode::Term(leaf) => QueryNode::Term(leaf),
            QueryNode::Range(leaf) => QueryNode::Range(leaf),
            QueryNode::All(parts) => QueryNode::All(parts.into_iter().map(f).collect()),
            QueryNode::Any(parts) => QueryNode::Any(parts.into_iter().map(f).collect()),
            QueryNode::Not(part) => QueryNode::Not(f(part)),
            QueryNode::Boost(Boost { query, by }) => QueryNode::Boost(Boost { query: f(query), by }),
            QueryNode::Group(parts) => QueryNode::Group(
                parts
                    .into_iter()
                    .map(|part| match part {
                        Member::Should(part) => Member::Should(f(part)),
                        Member::Must(part) => Member::Must(f(part)),
                        Member::MustNot(part) => Member::MustNot(f(part)),
                    })
                    .collect(),
            ),
        }
    }

    fn close(node: QueryNode<Self>) -> Self {
        match node {
            QueryNode::Match(leaf) => Self::Match(leaf),
            QueryNode::Phrase(leaf) => Self::Phrase(leaf),
            QueryNode::Prefix(leaf) => Self::Prefix(leaf),
            QueryNode::Fuzzy(leaf) => Self::Fuzzy(leaf),
            QueryNode::Term(leaf) => Self::Term(leaf),
            QueryNode::Range(leaf) => Self::Range(leaf),
            QueryNode::All(parts) => Self::All(parts),
            QueryNode::Any(parts) => Self::Any(parts),
            QueryNode::Not(part) => Self::Not(Box::new(part)),
            QueryNode::Boost(Boost { query, by }) => Self::Boost(Box::new(query), by),
            QueryNode::Group(parts) => Self::Group(
                parts
                    .into_iter()
                    .map(|part| match part {
                        Member::Should(part) => (Occur::Should, part),
                        Member::Must(part) => (Occur::Must, part),
                        Member::MustNot(part) => (Occur::MustNot, part),
                    })
                    .collect(),
            ),
        }
    }

    fn filler() -> Self {
        Self::nothing()
    }
}

impl Tree for Filter {
    type Node<C> = FilterNode<C>;
    const MAX_LEAVES: usize = MAX_FILTER_CLAUSES;

    fn read(json: &RawValue) -> serde_json::Result<FilterNode<&RawValue>> {
        serde_json::from_str(json.get())
    }

    fn map<C, D>(node: FilterNode<C>, f: &mut impl FnMut(C) -> D) -> FilterNode<D> {
        match node {
            FilterNode::Compare(leaf) => FilterNode::Compare(leaf),
            FilterNode::In(leaf) => FilterNode::In(leaf),
            FilterNode::Range(leaf) => FilterNode::Range(leaf),
            FilterNode::Exists(leaf) => FilterNode::Exists(leaf),
            FilterNode::Missing(leaf) => FilterNode::Missing(leaf),
            FilterNode::WithinKm(leaf) => FilterNode::WithinKm(leaf),
            FilterNode::And(parts) => FilterNode::And(parts.into_iter().map(f).collect()),
            FilterNode::Or(parts) => FilterNode::Or(parts.into_iter().map(f).collect()),
            FilterNode::Not(part) => FilterNode::Not(f(part)),
        }
    }

    fn close(node: FilterNode<Self>) -> Self {
        match node {
            FilterNode::Compare(leaf) => Self::Compare(leaf),
            FilterNode::In(leaf) => Self::In(leaf),
            FilterNode::Range(leaf) => Self::Range(leaf),
            FilterNode::Exists(leaf) => Self::Exists(leaf),
            FilterNode::Missing(leaf) => Self::Missing(leaf),
            FilterNode::WithinKm(leaf) => Self::WithinKm(leaf),
            FilterNode::And(parts) => Self::And(parts),
            FilterNode::Or(parts) => Self::Or(parts),
            FilterNode::Not(part) => Self::Not(Box::new(part)),
        }
    }

    fn filler() -> Self {
        Self::Or(Vec::new())
    }
}

fn malformed(what: &serde_json::Error) -> Error {
    refuse(
        format!("not a tree of queries or filters: {what}"),
        "each node is an object with one member, as in {\"match\": {\"text\": \"gold\"}}",
    )
}

/// Most bytes looked at: length times levels of JSON.
const MAX_WORK: usize = 256 << 20;

/// How deep brackets and braces nest, outside of strings.
fn nesting(json: &[u8]) -> usize {
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0usize, 0usize, false, false);
    for &byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = in_string,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// Reads a tree: nodes in pre-order first, then joined from the back.
fn read_tree<T: Tree>(json: &[u8]) -> Result<T> {
    if json.len() > MAX_JSON {
        return Err(refuse(format!("a tree of {} bytes", json.len()), format!("at most {MAX_JSON} bytes")));
    }
    // A level of a group is an object in a list in an object; a leaf adds a few of its own.
    let nesting = nesting(json);
    if nesting > 3 * MAX_DEPTH + 4 || nesting.saturating_mul(json.len()) > MAX_WORK {
        return Err(refuse(format!("{nesting} levels of JSON in {} bytes", json.len()), format!("at most {MAX_DEPTH} levels of nodes")));
    }
    let root: &RawValue = serde_json::from_slice(json).map_err(|e| malformed(&e))?;
    let mut nodes: Vec<(T::Node<()>, usize)> = Vec::new();
    let mut leaves = 0usize;
    let mut pending = vec![(root, 1usize)];
    while let Some((raw, depth)) = pending.pop() {
        if depth > MAX_DEPTH {
            return Err(refuse(format!("more than {MAX_DEPTH} levels"), "join equal operators into one node"));
        }
        let start = pending.len();
        let node = T::map(T::read(raw).map_err(|e| malformed(&e))?, &mut |child| pending.push((child, depth + 1)));
        let children = pending.len() - start;
        leaves += usize::from(children == 0);
        if leaves > T::MAX_LEAVES {
            return Err(refuse(format!("more than {} clauses", T::MAX_LEAVES), "for many values of one field, use a filter with `in`"));
        }
        pending[start..].reverse();
        nodes.push((node, children));
    }
    // From the back, the children of a node are the last finished ones, the first child on top.
    let mut finished: Vec<T> = Vec::new();
    while let Some((node, children)) = nodes.pop() {
        let mut parts = finished.split_off(finished.len().saturating_sub(children)).into_iter().rev();
        let node = T::map(node, &mut |()| parts.next().unwrap_or_else(T::filler));
        finished.push(T::close(node));
    }
    finished.pop().ok_or(Error::Defect("a tree without a root"))
}

/// What is still to be written.
enum Step<'a, T> {
    Node(&'a T),
    Text(&'static str),
    Leaf(String),
}

fn leaf<T: Serialize>(kind: &str, leaf: &T) -> Result<String> {
    let body = serde_json::to_string(leaf).map_err(|_| Error::Defect("a leaf without a JSON form"))?;
    Ok(format!("{{\"{kind}\":{body}}}"))
}

fn list<'a, T>(kind: &'static str, parts: impl Iterator<Item = (&'static str, &'a T, &'static str)>) -> Vec<Step<'a, T>> {
    let mut steps = vec![Step::Text(kind)];
    for (i, (before, part, after)) in parts.enumerate() {
        if i > 0 {
            steps.push(Step::Text(","));
        }
        steps.extend([Step::Text(before), Step::Node(part), Step::Text(after)]);
    }
    steps.push(Step::Text("]}"));
    steps
}

fn query_steps(node: &Query) -> Result<Vec<Step<'_, Query>>> {
    let plain = |part| ("", part, "");
    Ok(match node {
        Query::Match(it) => vec![Step::Leaf(leaf("match", it)?)],
        Query::Phrase(it) => vec![Step::Leaf(leaf("phrase", it)?)],
        Query::Prefix(it) => vec![Step::Leaf(leaf("prefix", it)?)],
        Query::Fuzzy(it) => vec![Step::Leaf(leaf("fuzzy", it)?)],
        Query::Term(it) => vec![Step::Leaf(leaf("term", it)?)],
        Query::Range(it) => vec![Step::Leaf(leaf("range", it)?)],
        Query::All(parts) => list("{\"all\":[", parts.iter().map(plain)),
        Query::Any(parts) => list("{\"any\":[", parts.iter().map(plain)),
        Query::Not(part) => vec![Step::Text("{\"not\":"), Step::Node(part), Step::Text("}")],
        Query::Boost(part, by) => {
            let by = serde_json::to_string(by).map_err(|_| Error::Defect("a boost without a JSON form"))?;
            vec![Step::Text("{\"boost\":{\"query\":"), Step::Node(part), Step::Leaf(format!(",\"by\":{by}}}}}"))]
        }
        Query::Group(parts) => list(
            "{\"group\":[",
            parts.iter().map(|(occur, part)| {
                let before = match occur {
                    Occur::Should => "{\"should\":",
                    Occur::Must => "{\"must\":",
                    Occur::MustNot => "{\"must_not\":",
                };
                (before, part, "}")
            }),
        ),
    })
}

fn filter_steps(node: &Filter) -> Result<Vec<Step<'_, Filter>>> {
    let plain = |part| ("", part, "");
    Ok(match node {
        Filter::Compare(it) => vec![Step::Leaf(leaf("compare", it)?)],
        Filter::In(it) => vec![Step::Leaf(leaf("in", it)?)],
        Filter::Range(it) => vec![Step::Leaf(leaf("range", it)?)],
        Filter::Exists(it) => vec![Step::Leaf(leaf("exists", it)?)],
        Filter::Missing(it) => vec![Step::Leaf(leaf("missing", it)?)],
        Filter::WithinKm(it) => vec![Step::Leaf(leaf("within_km", it)?)],
        Filter::And(parts) => list("{\"and\":[", parts.iter().map(plain)),
        Filter::Or(parts) => list("{\"or\":[", parts.iter().map(plain)),
        Filter::Not(part) => vec![Step::Text("{\"not\":"), Step::Node(part), Step::Text("}")],
    })
}

fn write_tree<'a, T>(root: &'a T, steps_of: impl Fn(&'a T) -> Result<Vec<Step<'a, T>>>) -> Result<String> {
    let mut out = String::new();
    let mut steps = vec![Step::Node(root)];
    while let Some(step) = steps.pop() {
        match step {
            Step::Text(text) => out.push_str(text),
            Step::Leaf(text) => out.push_str(&text),
            Step::Node(node) => steps.extend(steps_of(node)?.into_iter().rev()),
        }
    }
    Ok(out)
}

impl Query {
    /// Reads the wire form.
    ///
    /// # Errors
    /// [`Error::Query`] with position 0: what is malformed, unknown, or beyond a bound.
    pub fn from_json(json: &[u8]) -> Result<Self> {
        let query: Self = read_tree(json)?;
        query.check(MAX_CLAUSES)?;
        Ok(query)
    }

    /// Writes the wire form.
    ///
    /// # Errors
    /// Only a defect of findspot.
    pub fn to_json(&self) -> Result<String> {
        write_tree(self, query_steps)
    }
}

impl Filter {
    /// Reads the wire form.
    ///
    /// # Errors
    /// [`Error::Query`] with position 0: what is malformed, unknown, or beyond a bound.
    pub fn from_json(json: &[u8]) -> Result<Self> {
        let filter: Self = read_tree(json)?;
        filter.check()?;
        Ok(filter)
    }

    /// Writes the wire form.
    ///
    /// # Errors
    /// Only a defect of findspot.
    pub fn to_json(&self) -> Result<String> {
        write_tree(self, filter_steps)
    }
}
