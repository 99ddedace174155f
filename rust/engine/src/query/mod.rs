//! Queries and filters: text or JSON becomes a tree, a tree is bound to a schema.
//!
//! **In**: query strings, filter texts, wire JSON; a schema, its analyzers, and the fields that a bare word searches. **Out**: [`Query`]
//! and [`Filter`] as the user means them, [`Bound`] and [`BoundFilter`] as the planner compiles them. **Law**: this room knows no index;
//! nothing here can panic, recurse without bound, or work longer than linear in the input; lenient parsing takes any text.

mod ast;
mod bound;
mod comparison;
mod display;
mod field_leaf;
mod fields;
mod filter;
mod filter_bind;
mod filter_bound;
mod filter_lexer;
mod filter_text;
mod lexer;
mod minimum;
mod parser;
mod position;
mod rewrite;
mod sequence;
mod stopwords;
mod synonyms;
mod targets;
mod typos;
mod value;
mod warnings;
mod wire;

pub use ast::{
    Edge, Fuzzy, MAX_BOOST, MAX_CLAUSES, MAX_DEPTH, MAX_DISTANCE, MAX_SLOP, MAX_TEXT, Match, Occur, Operator, Phrase, Prefix, Query, Range,
    Term,
};
pub use bound::{
    Boolean, Bound, Constant, FuzzySlot, GraphClause, GraphSlot, GuessSlot, PhraseClause, PhraseSlot, PrefixClause, PrefixSlot, Slot,
    SynonymClause, SynonymMember, SynonymSlot, TermBytes, TermClause, TermClauses,
};
pub use fields::{FieldWeight, Fields};
pub use filter::{Compare, Comparison, FieldName, Filter, In, MAX_FILTER_CLAUSES, MAX_IN_VALUES, WithinKm};
pub use filter_bound::BoundFilter;
pub use filter_text::parse_filter;
pub use minimum::MinimumMatch;
pub use parser::{MAX_NESTING, ParseOptions, Parsed, parse};
pub use rewrite::{RewriteOptions, Rewritten, SearchFields, rewrite};
pub use stopwords::StopWords;
pub use synonyms::{SynonymGroups, Synonyms};
pub use typos::{TypoWhen, Typos};
pub use value::Value;
pub use warnings::{ParseMode, Warning};

#[cfg(test)]
mod tests;
