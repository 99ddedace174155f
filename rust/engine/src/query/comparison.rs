//! What a comparison means for a column, by the kind of the field.
//!
//! **In**: a field and literals. **Out**: [`BoundFilter`] leaves with typed, inclusive bounds. **Law**: exact: an integer column compared
//! with 1.5, or a float column with an integer beyond 2⁵³, answers as the real numbers do; nothing is rounded. A date literal that means
//! a whole year, month or day is equal to all of it, greater only than what lies before it, and so on. What cannot be compared is a
//! [`Mismatch`], which the caller gives a place.

use std::ops::Bound;

use super::ast::Edge;
use super::filter_bound::BoundFilter;
use super::value::Value;
use crate::base::{Error, FieldId};
use crate::schema::{Field, FieldKind, KeyKind, date};

/// A literal that does not fit its field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mismatch {
    pub message: String,
    pub hint: String,
}

impl Mismatch {
    pub fn at(self, position: usize) -> Error {
        Error::Query { position, message: self.message, hint: Some(self.hint) }
    }
}

type Outcome<T> = std::result::Result<T, Mismatch>;

/// The value, cut for a message.
fn shown(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() > 40 { text.chars().take(40).chain(['…']).collect() } else { text }
}

fn literals(kind: &FieldKind) -> &'static str {
    match kind {
        FieldKind::Text { .. } | FieldKind::Keyword { .. } => "a string",
        FieldKind::Integer | FieldKind::Float => "a number, as in 1850",
        FieldKind::Date => "a date as in 1999, 1999-05, 1999-05-01 or 1999-05-01T10:00:00Z; in a filter text in quotes",
        FieldKind::Boolean => "true or false",
        FieldKind::GeoPoint => "a GeoPoint is not compared; use a filter: within_km(field, lat, lon, km)",
    }
}

/// The kind's name with its article.
pub(super) fn described(kind: &FieldKind) -> String {
    format!("{} {}", if *kind == FieldKind::Integer { "an" } else { "a" }, kind.name())
}

fn unfit(field: &Field, value: &Value) -> Mismatch {
    let message = match field.kind {
        FieldKind::GeoPoint => format!("{} is a GeoPoint field", field.name),
        _ => format!("{} is {} field, {} does not fit it", field.name, described(&field.kind), shown(value)),
    };
    Mismatch { message, hint: literals(&field.kind).to_owned() }
}

/// Reads a bare literal of the query string as the field's kind wants it.
pub(super) fn literal(field: &Field, text: &str) -> Outcome<Value> {
    let unread = || unfit(field, &Value::from(text));
    match field.kind {
        FieldKind::Text { .. } | FieldKind::Keyword { .. } => Ok(Value::from(text)),
        FieldKind::Integer | FieldKind::Float => {
            let whole = text.parse().map(Value::Integer);
            whole.or_else(|_| text.parse().map(Value::Float)).ok().filter(Value::is_finite).ok_or_else(unread)
        }
        FieldKind::Boolean if text.eq_ignore_ascii_case("true") => Ok(Value::Boolean(true)),
        FieldKind::Boolean if text.eq_ignore_ascii_case("false") => Ok(Value::Boolean(false)),
        FieldKind::Date if date::parse(text).is_some() => Ok(Value::from(text)),
        FieldKind::Boolean | FieldKind::Date | FieldKind::GeoPoint => Err(unread()),
    }
}

/// The key that a literal names, as it is stored.
pub(super) fn key(kind: KeyKind, value: &Value) -> Outcome<String> {
    match (kind, value) {
        (_, Value::Integer(number)) => Ok(number.to_string()),
        (KeyKind::String, Value::Text(text)) => Ok(text.clone()),
        (KeyKind::Integer, Value::Text(text)) if text.parse::<i64>().is_ok_and(|number| number.to_string() == *text) => Ok(text.clone()),
        (kind, value) => Err(Mismatch {
            message: format!("{} is no key", shown(value)),
            hint: (if kind == KeyKind::Integer { "keys are whole numbers" } else { "keys are strings" }).to_owned(),
        }),
    }
}

const TWO_63: f64 = 9_223_372_036_854_775_808.0;

/// A float without fraction as an integer, held to `None` above and `i64::MIN` below.
fn whole(x: f64) -> Option<i64> {
    (x < TWO_63).then_some(x as i64) // `as` holds values below −2⁶³ to the least integer
}

/// The least integer that satisfies a lower end; `None`: there is none.
fn least(edge: &Edge) -> Option<i64> {
    match (&edge.value, edge.inclusive) {
        (Value::Float(x), true) => whole(x.ceil()),
        (Value::Float(x), false) if *x < -TWO_63 => Some(i64::MIN),
        (Value::Float(x), false) => whole(x.floor())?.checked_add(1),
        (Value::Integer(n), true) => Some(*n),
        (Value::Integer(n), false) => n.checked_add(1),
        (Value::Text(_) | Value::Boolean(_), _) => None,
    }
}

/// The greatest integer that satisfies an upper end.
fn greatest(edge: &Edge) -> Option<i64> {
    match (&edge.value, edge.inclusive) {
        (Value::Float(x), _) if *x < -TWO_63 => None,
        (Value::Float(x), true) => Some(x.floor() as i64),
        (Value::Float(x), false) if *x >= TWO_63 => Some(i64::MAX),
        (Value::Float(x), false) => whole(x.ceil())?.checked_sub(1),
        (Value::Integer(n), true) => Some(*n),
        (Value::Integer(n), false) => n.checked_sub(1),
        (Value::Text(_) | Value::Boolean(_), _) => None,
    }
}

/// The float nearest to an integer, and how it compares with it.
fn nearest_float(n: i64) -> (f64, std::cmp::Ordering) {
    let x = n as f64;
    (x, (x as i128).cmp(&i128::from(n)))
}

fn least_float(edge: &Edge) -> f64 {
    use std::cmp::Ordering::{Equal, Greater, Less};
    match &edge.value {
        Value::Integer(n) => match nearest_float(*n) {
            (x, Greater) => x,
            (x, Less) => x.next_up(),
            (x, Equal) => least_float(&Edge { value: Value::Float(x), inclusive: edge.inclusive }),
        },
        Value::Float(x) if edge.inclusive => *x,
        Value::Float(x) => x.next_up(),
        Value::Text(_) | Value::Boolean(_) => f64::INFINITY,
    }
}

fn greatest_float(edge: &Edge) -> f64 {
    use std::cmp::Ordering::{Equal, Greater, Less};
    match &edge.value {
        Value::Integer(n) => match nearest_float(*n) {
            (x, Greater) => x.next_down(),
            (x, Less) => x,
            (x, Equal) => greatest_float(&Edge { value: Value::Float(x), inclusive: edge.inclusive }),
        },
        Value::Float(x) if edge.inclusive => *x,
        Value::Float(x) => x.next_down(),
        Value::Text(_) | Value::Boolean(_) => f64::NEG_INFINITY,
    }
}

fn span(field: &Field, value: &Value) -> Outcome<date::Span> {
    let Value::Text(text) = value else { return Err(unfit(field, value)) };
    date::parse(text).ok_or_else(|| unfit(field, value))
}

fn integers(field: FieldId, low: Option<i64>, high: Option<i64>) -> BoundFilter {
    match (low, high) {
        (Some(low), Some(high)) if low <= high => BoundFilter::Integers { field, low, high },
        _ => BoundFilter::nothing(),
    }
}

/// `low ≤ value ≤ high`, each end open when it is `None`.
pub(super) fn between(id: FieldId, field: &Field, low: Option<&Edge>, high: Option<&Edge>) -> Outcome<BoundFilter> {
    let is_number = |edge: &&Edge| matches!(edge.value, Value::Integer(_) | Value::Float(_));
    let ends = || low.into_iter().chain(high);
    match field.kind {
        FieldKind::Integer | FieldKind::Float => {
            if let Some(edge) = ends().find(|edge| !is_number(edge)) {
                return Err(unfit(field, &edge.value));
            }
            if field.kind == FieldKind::Integer {
                return Ok(integers(id, low.map_or(Some(i64::MIN), least), high.map_or(Some(i64::MAX), greatest)));
            }
            let (low, high) = (low.map_or(f64::NEG_INFINITY, least_float), high.map_or(f64::INFINITY, greatest_float));
            Ok(if low <= high { BoundFilter::Floats { field: id, low, high } } else { BoundFilter::nothing() })
        }
        FieldKind::Date => {
            let low = match low {
                None => Some(i64::MIN),
                Some(edge) if edge.inclusive => Some(span(field, &edge.value)?.first),
                Some(edge) => span(field, &edge.value)?.last.checked_add(1),
            };
            let high = match high {
                None => Some(i64::MAX),
                Some(edge) if edge.inclusive => Some(span(field, &edge.value)?.last),
                Some(edge) => span(field, &edge.value)?.first.checked_sub(1),
            };
            Ok(integers(id, low, high))
        }
        FieldKind::Keyword { .. } => {
            let end = |edge: Option<&Edge>| match edge {
                None => Ok(Bound::Unbounded),
                Some(Edge { value: Value::Text(text), inclusive: true }) => Ok(Bound::Included(text.clone())),
                Some(Edge { value: Value::Text(text), inclusive: false }) => Ok(Bound::Excluded(text.clone())),
                Some(Edge { value, .. }) => Err(unfit(field, value)),
            };
            let (low, high) = (end(low)?, end(high)?);
            let empty = match (&low, &high) {
                (Bound::Included(a), Bound::Included(b)) => a > b,
                (Bound::Included(a) | Bound::Excluded(a), Bound::Included(b) | Bound::Excluded(b)) => a >= b,
                _ => false,
            };
            Ok(if empty { BoundFilter::nothing() } else { BoundFilter::Keywords { field: id, low, high } })
        }
        FieldKind::Boolean | FieldKind::Text { .. } => Err(Mismatch {
            message: format!("{} is a {} field, which has no order", field.name, field.kind.name()),
            hint: "ranges are for Integer, Float, Date and Keyword fields".to_owned(),
        }),
        FieldKind::GeoPoint => Err(unfit(field, &Value::Boolean(true))),
    }
}

/// The value equals the literal.
pub(super) fn equal(id: FieldId, field: &Field, value: &Value) -> Outcome<BoundFilter> {
    match (&field.kind, value) {
        (FieldKind::Text { .. }, Value::Text(text)) => Ok(BoundFilter::Token { field: id, term: text.as_bytes().to_vec() }),
        (FieldKind::Keyword { .. }, Value::Text(text)) => Ok(BoundFilter::KeywordIn { field: id, values: vec![text.clone()] }),
        (FieldKind::Boolean, Value::Boolean(truth)) => Ok(integers(id, Some(i64::from(*truth)), Some(i64::from(*truth)))),
        (FieldKind::Integer | FieldKind::Float, Value::Integer(_) | Value::Float(_)) | (FieldKind::Date, Value::Text(_)) => {
            let edge = Edge { value: value.clone(), inclusive: true };
            between(id, field, Some(&edge), Some(&edge))
        }
        _ => Err(unfit(field, value)),
    }
}

/// The value equals one of the literals; adjacent results are joined into one sorted list.
pub(super) fn one_of(id: FieldId, field: &Field, values: &[Value]) -> Outcome<BoundFilter> {
    let (mut whole, mut floats, mut words, mut others) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for value in values {
        match equal(id, field, value)? {
            BoundFilter::Integers { low, high, .. } if low == high => whole.push(low),
            BoundFilter::Floats { low, high, .. } if low == high => floats.push(low),
            BoundFilter::KeywordIn { values, .. } => words.extend(values),
            BoundFilter::Or(none) if none.is_empty() => {}
            other => others.push(other),
        }
    }
    if !whole.is_empty() {
        whole.sort_unstable();
        whole.dedup();
        others.push(BoundFilter::IntegerIn { field: id, values: whole });
    }
    if !floats.is_empty() {
        floats.sort_unstable_by(f64::total_cmp);
        floats.dedup();
        others.push(BoundFilter::FloatIn { field: id, values: floats });
    }
    if !words.is_empty() {
        words.sort_unstable();
        words.dedup();
        others.push(BoundFilter::KeywordIn { field: id, values: words });
    }
    Ok(match others.pop() {
        Some(only) if others.is_empty() => only,
        Some(last) => {
            others.push(last);
            BoundFilter::Or(others)
        }
        None => BoundFilter::nothing(),
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    const ID: FieldId = FieldId(0);

    fn field(kind: FieldKind) -> Field {
        Field { name: "x".into(), kind }
    }

    /// How `value op literal` stands among the real numbers, by comparing exactly.
    fn order(value: f64, literal: &Value) -> std::cmp::Ordering {
        match literal {
            Value::Float(x) => value.partial_cmp(x).unwrap(),
            Value::Integer(n) if value.abs() >= TWO_63 * 2.0 => value.partial_cmp(&(*n as f64)).unwrap(),
            Value::Integer(n) => {
                let below = value.floor();
                (below as i128).cmp(&i128::from(*n)).then(if value > below {
                    std::cmp::Ordering::Greater
                } else {
                    std::cmp::Ordering::Equal
                })
            }
            _ => unreachable!(),
        }
    }

    fn order_whole(value: i64, literal: &Value) -> std::cmp::Ordering {
        match literal {
            Value::Integer(n) => value.cmp(n),
            Value::Float(x) => order(*x, &Value::Integer(value)).reverse(),
            _ => unreachable!(),
        }
    }

    fn numbers() -> impl Strategy<Value = Value> {
        let edges = [0, 1, -1, 1 << 53, (1 << 53) + 1, -(1 << 53) - 1, i64::MAX, i64::MAX - 1, i64::MIN, i64::MIN + 1];
        let floats = [0.0, -0.0, 0.5, -0.5, 1.5, TWO_63, -TWO_63, -TWO_63 * 1.5, 1e300, -1e300, 9_007_199_254_740_992.0, f64::MAX, 5e-324];
        prop_oneof![
            prop::sample::select(edges.to_vec()).prop_map(Value::Integer),
            prop::sample::select(floats.to_vec()).prop_map(Value::Float),
            any::<i64>().prop_map(Value::Integer),
            (-9i64..9).prop_map(Value::Integer),
            (-9i32..9).prop_map(|n| Value::Float(f64::from(n) / 2.0)),
        ]
    }

    fn holds(filter: &BoundFilter, whole: i64, float: f64) -> bool {
        match filter {
            BoundFilter::Integers { low, high, .. } => (*low..=*high).contains(&whole),
            BoundFilter::Floats { low, high, .. } => (*low..=*high).contains(&float),
            other => {
                assert_eq!(other, &BoundFilter::nothing());
                false
            }
        }
    }

    proptest! {
        #[test]
        fn numbers_compare_as_the_real_numbers_do(low in numbers(), high in numbers(), ends in any::<[bool; 2]>(), value in numbers()) {
            let keeps = |order: std::cmp::Ordering, inclusive: bool, wanted: std::cmp::Ordering| order == wanted || inclusive && order.is_eq();
            let edges = [Edge { value: low.clone(), inclusive: ends[0] }, Edge { value: high.clone(), inclusive: ends[1] }];
            let filter = |kind| between(ID, &field(kind), Some(&edges[0]), Some(&edges[1])).unwrap();
            let (by_low, by_high, found) = match value {
                Value::Integer(n) => (order_whole(n, &low), order_whole(n, &high), holds(&filter(FieldKind::Integer), n, 0.0)),
                Value::Float(x) => (order(x, &low), order(x, &high), holds(&filter(FieldKind::Float), 0, x)),
                _ => unreachable!(),
            };
            let expected = keeps(by_low, ends[0], std::cmp::Ordering::Greater) && keeps(by_high, ends[1], std::cmp::Ordering::Less);
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn a_date_that_is_a_unit_is_compared_whole() {
        let day = 86_400_000_000i64;
        let at = |sign: &str, text: &str| {
            let edge = |inclusive| Edge { value: text.into(), inclusive };
            let date = field(FieldKind::Date);
            match sign {
                "==" => equal(ID, &date, &text.into()),
                ">" => between(ID, &date, Some(&edge(false)), None),
                ">=" => between(ID, &date, Some(&edge(true)), None),
                "<" => between(ID, &date, None, Some(&edge(false))),
                _ => between(ID, &date, None, Some(&edge(true))),
            }
        };
        let range = |low, high| Ok(BoundFilter::Integers { field: ID, low, high });
        assert_eq!(at("==", "1970-01-02"), range(day, 2 * day - 1));
        assert_eq!(at(">", "1970-01-02"), range(2 * day, i64::MAX));
        assert_eq!(at(">=", "1970-01-02"), range(day, i64::MAX));
        assert_eq!(at("<", "1970-01-02"), range(i64::MIN, day - 1));
        assert_eq!(at("<=", "1970-01-02"), range(i64::MIN, 2 * day - 1));
        assert!(at("==", "yesterday").is_err());
    }

    #[test]
    fn lists_are_sorted_and_what_cannot_be_is_left_out() {
        let values = [Value::Integer(3), Value::Float(1.5), Value::Float(1.0), Value::Integer(3)];
        assert_eq!(one_of(ID, &field(FieldKind::Integer), &values), Ok(BoundFilter::IntegerIn { field: ID, values: vec![1, 3] }));
        assert_eq!(one_of(ID, &field(FieldKind::Integer), &values[1..2]), Ok(BoundFilter::nothing()));
        let floats = one_of(ID, &field(FieldKind::Float), &values);
        assert_eq!(floats, Ok(BoundFilter::FloatIn { field: ID, values: vec![1.0, 1.5, 3.0] }));
        assert!(one_of(ID, &field(FieldKind::Keyword { many: true }), &values).is_err());
        assert!(equal(ID, &field(FieldKind::GeoPoint), &Value::Integer(1)).is_err());
    }
}
