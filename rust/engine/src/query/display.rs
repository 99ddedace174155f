//! The query tree as people read it.
//!
//! **In**: a [`Query`]. **Out**: one line a node, two spaces deeper for each level. **Law**: made for eyes, not for reading back; no recursion.
//!
//! ```
//! use findspot_engine::query::Query;
//! let query = Query::All(vec![Query::words("gold coin"), Query::Not(Box::new(Query::words("fake")))]);
//! assert_eq!(query.to_string(), "all\n  match \"gold coin\"\n  not\n    match \"fake\"");
//! ```

use std::fmt;

use super::ast::{Fuzzy, Match, Occur, Operator, Phrase, Prefix, Query, Range, Term};
use super::fields::Fields;

impl fmt::Display for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, field) in self.0.iter().enumerate() {
            f.write_str(if i == 0 { "" } else { ", " })?;
            f.write_str(&field.name)?;
            if let Some(weight) = field.weight {
                write!(f, "^{weight}")?;
            }
        }
        Ok(())
    }
}

fn place(f: &mut fmt::Formatter<'_>, fields: Option<&Fields>) -> fmt::Result {
    fields.map_or(Ok(()), |fields| write!(f, " in {fields}"))
}

fn head(node: &Query, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match node {
        Query::Match(Match { text, fields, operator, minimum_match }) => {
            write!(f, "match {text:?}")?;
            place(f, fields.as_ref())?;
            match operator {
                Some(Operator::And) => f.write_str(", all words")?,
                Some(Operator::Or) => f.write_str(", any word")?,
                None => {}
            }
            minimum_match.map_or(Ok(()), |words| write!(f, ", at least {words}"))
        }
        Query::Phrase(Phrase { text, fields, slop }) => {
            write!(f, "phrase {text:?}")?;
            place(f, fields.as_ref())?;
            if *slop > 0 { write!(f, ", slop {slop}") } else { Ok(()) }
        }
        Query::Prefix(Prefix { prefix, fields }) => {
            write!(f, "prefix {prefix:?}")?;
            place(f, fields.as_ref())
        }
        Query::Fuzzy(Fuzzy { text, fields, distance, prefix }) => {
            write!(f, "fuzzy {text:?}")?;
            place(f, fields.as_ref())?;
            write!(f, ", distance {distance}")?;
            if *prefix > 0 { write!(f, ", prefix {prefix}") } else { Ok(()) }
        }
        Query::Term(Term { field, value }) => write!(f, "term {field} = {value}"),
        Query::Range(Range { field, lower, upper }) => {
            write!(f, "range {field}")?;
            if let Some(edge) = lower {
                write!(f, " {} {}", if edge.inclusive { ">=" } else { ">" }, edge.value)?;
            }
            if let Some(edge) = upper {
                write!(f, " {} {}", if edge.inclusive { "<=" } else { "<" }, edge.value)?;
            }
            Ok(())
        }
        Query::All(parts) => f.write_str(if parts.is_empty() { "everything" } else { "all" }),
        Query::Any(parts) => f.write_str(if parts.is_empty() { "nothing" } else { "any" }),
        Query::Not(_) => f.write_str("not"),
        Query::Boost(_, by) => write!(f, "boost {by}"),
        Query::Group(_) => f.write_str("group"),
    }
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = vec![(self, 0usize, "")];
        while let Some((node, depth, sign)) = rest.pop() {
            if depth > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{:width$}{sign}", "", width = 2 * depth)?;
            head(node, f)?;
            match node {
                Self::Group(parts) => rest.extend(parts.iter().rev().map(|(occur, part)| {
                    let sign = match occur {
                        Occur::Should => "should ",
                        Occur::Must => "must ",
                        Occur::MustNot => "must not ",
                    };
                    (part, depth + 1, sign)
                })),
                node => rest.extend(node.children().rev().map(|part| (part, depth + 1, ""))),
            }
        }
        Ok(())
    }
}
