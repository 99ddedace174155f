//! Filters as text: `year < 1900 and subjects in ['hoard', 'coin']`.
//!
//! **In**: text, a schema. **Out**: a [`Filter`] that binds to that schema. **Law**: always strict: the first thing that is wrong is refused
//! at its character, with a hint. `not` binds tighter than `and`, `and` tighter than `or`; words are taken in any case; names of fields
//! as they are. No recursion; at most [`MAX_NESTING`] parentheses inside each other.
//!
//! ```text
//! filter     = filter or filter | filter and filter | not filter | ( filter ) | true | false | comparison
//! comparison = field (== | = | != | < | <= | > | >=) literal
//!            | field [not] in [ literal, … ]                      round brackets do as well
//!            | field [not] between literal and literal            both ends belong to it
//!            | field [not] in {literal to literal]                { } without, [ ] with the end
//!            | field is [not] missing
//!            | field [not] within number km of latitude, longitude
//!            | within_km(field, latitude, longitude, kilometres)
//! literal    = 'text' | "text" | number | true | false            a date is text: '1999-05'
//! ```
//!
//! In a field of many values both ends of a range are about the same value.

use super::ast::{Edge, MAX_TEXT, Range};
use super::filter::{Compare, Comparison, FieldName, Filter, In, WithinKm};
use super::filter_bind::{bind_leaf, named};
use super::filter_lexer::{FilterLexer, Token};
use super::position::{clipped, refuse_at};
use super::value::Value;
use crate::base::Result;
use crate::schema::Schema;

/// Most parentheses inside each other: each makes at most three levels (or, and, not) of the tree.
const MAX_NESTING: usize = 40;

/// What has been read between one pair of parentheses.
#[derive(Default)]
struct Level {
    opened: usize,
    negated: bool,
    alternatives: Vec<Filter>,
    conjuncts: Vec<Filter>,
}

fn join(mut parts: Vec<Filter>, many: fn(Vec<Filter>) -> Filter) -> Filter {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        Some(last) => {
            parts.push(last);
            many(parts)
        }
        None => many(parts),
    }
}

fn negate(filter: Filter, negated: bool) -> Filter {
    if negated { Filter::Not(Box::new(filter)) } else { filter }
}

impl Level {
    fn close(mut self) -> Filter {
        self.alternatives.push(join(self.conjuncts, Filter::And));
        negate(join(self.alternatives, Filter::Or), self.negated)
    }
}

/// Reads a filter text.
///
/// # Errors
/// [`Error::Query`](crate::base::Error::Query) with the character and a hint.
///
/// # Examples
/// ```
/// use findspot_engine::query::parse_filter;
/// use findspot_engine::schema::Schema;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let schema: Schema = serde_json::from_str(
///     r#"{"key": "id", "fields": [{"name": "year", "type": "integer"}, {"name": "subjects", "type": "keyword", "many": true}]}"#,
/// )?;
/// let filter = parse_filter("year < 1900 and not subjects in ['hoard', 'coin']", &schema)?;
/// assert_eq!(filter.to_string(), "year < 1900 and not subjects in ['hoard', 'coin']");
/// let refused = parse_filter("year < 1900 and subject = 'hoard'", &schema).unwrap_err();
/// assert_eq!(refused.to_string(), r#"query, position 16: no field "subject" (did you mean "subjects"?)"#);
/// # Ok(())
/// # }
/// ```
pub fn parse_filter(text: &str, schema: &Schema) -> Result<Filter> {
    if text.len() > MAX_TEXT {
        return Err(refuse_at(text, 0, format!("a filter of {} bytes", text.len()), format!("at most {MAX_TEXT} bytes")));
    }
    let mut parser = FilterParser { lexer: FilterLexer::new(text), schema };
    let filter = parser.filter()?;
    filter.check()?;
    Ok(filter)
}

struct FilterParser<'a> {
    lexer: FilterLexer<'a>,
    schema: &'a Schema,
}

impl FilterParser<'_> {
    fn filter(&mut self) -> Result<Filter> {
        let mut outer: Vec<Level> = Vec::new();
        let mut level = Level::default();
        loop {
            let mut negated = false;
            while self.lexer.skip("not")? {
                negated = !negated;
            }
            let (_, at) = self.lexer.peek()?;
            if self.lexer.skip("(")? {
                if outer.len() == MAX_NESTING {
                    return Err(refuse_at(self.lexer.text, at, "too many parentheses", format!("at most {MAX_NESTING} inside each other")));
                }
                outer.push(std::mem::replace(&mut level, Level { opened: at, negated, ..Level::default() }));
                continue;
            }
            let leaf = self.leaf()?;
            level.conjuncts.push(negate(leaf, negated));
            // Behind an operand: close what is closed, then an operator or the end.
            loop {
                if self.lexer.skip("and")? {
                    break;
                }
                if self.lexer.skip("or")? {
                    level.alternatives.push(join(std::mem::take(&mut level.conjuncts), Filter::And));
                    break;
                }
                let (token, at) = self.lexer.peek()?;
                match (token, outer.pop()) {
                    (Token::Sign(")"), Some(parent)) => {
                        self.lexer.take()?;
                        let done = std::mem::replace(&mut level, parent).close();
                        level.conjuncts.push(done);
                    }
                    (Token::Sign(")"), None) => return Err(refuse_at(self.lexer.text, at, "a ) that closes nothing", "remove it")),
                    (Token::End, None) => return Ok(level.close()),
                    (Token::End, Some(_)) => {
                        return Err(refuse_at(self.lexer.text, level.opened, "a ( that is not closed", "close it with )"));
                    }
                    _ => return self.lexer.refuse("and, or, or the end"),
                }
            }
        }
    }

    fn leaf(&mut self) -> Result<Filter> {
        let (token, at) = self.lexer.peek()?;
        let name = match token {
            Token::Name(name) => *name,
            Token::Literal(Value::Boolean(truth)) => {
                let truth = *truth;
                self.lexer.take()?;
                return Ok(if truth { Filter::And(Vec::new()) } else { Filter::Or(Vec::new()) });
            }
            Token::Literal(_) => return self.lexer.refuse("the name of a field first, as in year < 1900"),
            Token::Sign(_) | Token::End => return self.lexer.refuse("the name of a field"),
        };
        self.lexer.take()?;
        if name.eq_ignore_ascii_case("within_km") && self.lexer.skip("(")? {
            return self.within_km();
        }
        named(self.schema, name).map_err(|mismatch| mismatch.at(self.position(at)))?;
        if self.lexer.skip("is")? {
            let negated = self.lexer.skip("not")?;
            if !self.lexer.skip("missing")? {
                return self.lexer.refuse("missing");
            }
            let field = FieldName { field: name.to_owned() };
            return Ok(if negated { Filter::Exists(field) } else { Filter::Missing(field) });
        }
        let negated = self.lexer.skip("not")?;
        if self.lexer.skip("in")? {
            return Ok(negate(self.one_of(name)?, negated));
        }
        if self.lexer.skip("between")? {
            let (low, low_at) = self.literal()?;
            if !self.lexer.skip("and")? {
                return self.lexer.refuse("and, as in between 1700 and 1800");
            }
            let (high, _) = self.literal()?;
            let edge = |value| Some(Edge { value, inclusive: true });
            return self
                .checked(Filter::Range(Range { field: name.to_owned(), lower: edge(low), upper: edge(high) }), low_at)
                .map(|leaf| negate(leaf, negated));
        }
        if self.lexer.skip("within")? {
            let km = self.number()?;
            if !self.lexer.skip("km")? || !self.lexer.skip("of")? {
                return self.lexer.refuse("km of, as in within 25 km of 51.5, -0.12");
            }
            let lat = self.number()?;
            self.comma()?;
            let lon = self.number()?;
            return self.near(name, at, lat, lon, km).map(|leaf| negate(leaf, negated));
        }
        if negated {
            return self.lexer.refuse("in, between or within");
        }
        self.comparison(name)
    }

    fn comparison(&mut self, name: &str) -> Result<Filter> {
        let op = match self.lexer.peek()?.0 {
            Token::Sign("==" | "=") => Comparison::Equal,
            Token::Sign("!=") => Comparison::NotEqual,
            Token::Sign("<") => Comparison::Less,
            Token::Sign("<=") => Comparison::AtMost,
            Token::Sign(">") => Comparison::Greater,
            Token::Sign(">=") => Comparison::AtLeast,
            _ => return self.lexer.refuse("=, !=, <, <=, >, >=, in, between, within, or is missing"),
        };
        self.lexer.take()?;
        let (value, at) = self.literal()?;
        self.checked(Filter::Compare(Compare { field: name.to_owned(), op, value }), at)
    }

    /// Behind `in`: a list, or two ends with `to` between them.
    fn one_of(&mut self, name: &str) -> Result<Filter> {
        let (open, at) = self.lexer.take()?;
        let close = match open {
            Token::Sign("[") => "]",
            Token::Sign("(") => ")",
            Token::Sign("{") => "}",
            _ => return Err(refuse_at(self.lexer.text, at, "in without a list", "write the values in brackets, as in ['hoard', 'coin']")),
        };
        let mut values = Vec::new();
        if self.lexer.skip(close)? {
            return self.checked(Filter::In(In { field: name.to_owned(), values }), at);
        }
        let (first, first_at) = self.literal()?;
        if close != ")" && self.lexer.skip("to")? {
            let (last, _) = self.literal()?;
            let inclusive = self.lexer.skip("]")?;
            if !inclusive && !self.lexer.skip("}")? {
                return self.lexer.refuse("] or }");
            }
            let lower = Some(Edge { value: first, inclusive: close == "]" });
            let upper = Some(Edge { value: last, inclusive });
            return self.checked(Filter::Range(Range { field: name.to_owned(), lower, upper }), first_at);
        }
        if close == "}" {
            return self.lexer.refuse("to, as in {1700 to 1800}");
        }
        self.checked(Filter::equal(name, first.clone()), first_at)?;
        values.push(first);
        while self.lexer.skip(",")? {
            if *self.lexer.peek()?.0 == Token::Sign(close) {
                break;
            }
            let (value, at) = self.literal()?;
            self.checked(Filter::equal(name, value.clone()), at)?;
            values.push(value);
        }
        if !self.lexer.skip(close)? {
            return self.lexer.refuse(&format!(", or {close}"));
        }
        Ok(Filter::In(In { field: name.to_owned(), values }))
    }

    fn within_km(&mut self) -> Result<Filter> {
        let (token, at) = self.lexer.take()?;
        let Token::Name(name) = token else {
            return Err(refuse_at(self.lexer.text, at, "within_km without a field", "as in within_km(location, 51.5, -0.12, 25)"));
        };
        named(self.schema, name).map_err(|mismatch| mismatch.at(self.position(at)))?;
        self.comma()?;
        let lat = self.number()?;
        self.comma()?;
        let lon = self.number()?;
        self.comma()?;
        let km = self.number()?;
        if !self.lexer.skip(")")? {
            return self.lexer.refuse(")");
        }
        self.near(name, at, lat, lon, km)
    }

    fn near(&self, name: &str, at: usize, lat: f64, lon: f64, km: f64) -> Result<Filter> {
        self.checked(Filter::WithinKm(WithinKm { field: name.to_owned(), lat, lon, km }), at)
    }

    /// A leaf that keeps its bounds and binds to the schema, or a refusal at `at`.
    fn checked(&self, leaf: Filter, at: usize) -> Result<Filter> {
        use crate::base::Error;
        leaf.check().map_err(|error| match error {
            Error::Query { message, hint, .. } => Error::Query { position: self.position(at), message, hint },
            other => other,
        })?;
        bind_leaf(self.schema, &leaf).map_err(|mismatch| mismatch.at(self.position(at)))?;
        Ok(leaf)
    }

    fn position(&self, at: usize) -> usize {
        super::position::characters(self.lexer.text, at)
    }

    fn comma(&mut self) -> Result<()> {
        if self.lexer.skip(",")? { Ok(()) } else { self.lexer.refuse("a comma") }
    }

    fn number(&mut self) -> Result<f64> {
        let number = match self.lexer.peek()?.0 {
            Token::Literal(Value::Integer(n)) => *n as f64,
            Token::Literal(Value::Float(x)) => *x,
            _ => return self.lexer.refuse("a number"),
        };
        self.lexer.take()?;
        Ok(number)
    }

    fn literal(&mut self) -> Result<(Value, usize)> {
        let text = self.lexer.text;
        let (token, at) = self.lexer.peek()?;
        match token {
            Token::Literal(_) => match self.lexer.take()? {
                (Token::Literal(value), at) => Ok((value, at)),
                _ => Err(crate::base::Error::Defect("a token that is another one when it is taken")),
            },
            Token::Name(word) => {
                Err(refuse_at(text, at, format!("{} is no literal", clipped(word)), format!("put it in quotes: '{}'", clipped(word))))
            }
            Token::Sign(_) | Token::End => self.lexer.refuse("'text', a number, true or false"),
        }
    }
}
