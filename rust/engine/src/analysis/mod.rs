//! Analysis: text becomes tokens.
//!
//! **In**: a text, the name of an analyzer. **Out**: [`Token`]s: term, position, byte offsets into the text as it was given.
//!
//! **Law**: analyzers are named, built in, and recorded in the schema, because they decide stored bytes. The order inside `standard`
//! and the language analyzers is: words, lower case, stemmer, folding. Tokens are UTF-8 of at most [`MAX_TOKEN`] bytes and never empty;
//! positions never go back, and every stretch of text takes the same number of positions in both modes below.
//!
//! **Two modes**: [`Analyzer::analyze`] gives all terms under which a document is found; [`Analyzer::analyze_query`] gives those that a
//! query asks for, always a subset of `analyze` of the same text. They differ in two places. A run of Han, kana, Hangul or Thai gives
//! each character and each pair of neighbours to the index, but only the pairs to a query, unless the query's run is a single character
//! (`bigrams.rs`); so one character finds every document that holds it, and longer queries rank by pairs. A path gives all its
//! prefixes to the index and only itself to a query. The naive rule therefore holds for every analyzer: *a document matches a query's
//! token if and only if its own tokens hold it*.
//!
//! | name | tokens |
//! |---|---|
//! | `standard` | words of UAX #29, lower case, folded; pairs of characters for the scripts above |
//! | `english`, `german`, … | the same, stemmed by Snowball before folding |
//! | `whitespace` | what stands between Unicode White_Space, as written |
//! | `path` | every prefix of `a/b/c` that ends before a slash or at the end, as written |
//! | `keyword` | the whole text, as written |
//!
//! Sources: UAX #29 (Unicode 17.0), section 4; UAX #15; snowballstem.org. Overlapping bigrams: Lucene's `CJKBigramFilter` with
//! `outputUnigrams`.

mod bigrams;
mod fold;
mod letters;
mod script;
mod standard;
mod stem;
mod verbatim;
pub mod words;

use std::sync::Arc;

use crate::base::{Error, FieldId, Result, nearest};

pub use stem::{Language, stem};

/// Longest token in bytes; longer ones are cut at a character boundary.
pub const MAX_TOKEN: usize = 255;

/// One term of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token<'a> {
    /// The term.
    pub text: &'a str,
    /// Which word of the text it is, from 0. Tokens that stand for the same word share it.
    pub position: u32,
    /// First byte in the text.
    pub start: u32,
    /// Byte behind the last one.
    pub end: u32,
}

/// Turns text into tokens. Cheap to call from any number of threads; a call allocates nothing per token.
pub trait Analyzer: Send + Sync {
    /// The name that schemas record.
    fn name(&self) -> &str;

    /// All terms under which a document with this text is found, by position.
    fn analyze(&self, text: &str, sink: &mut dyn FnMut(Token<'_>));

    /// The terms that a query with this text asks for: a subset of [`Analyzer::analyze`] with the same positions.
    fn analyze_query(&self, text: &str, sink: &mut dyn FnMut(Token<'_>)) {
        self.analyze(text, sink);
    }
}

/// The analyzer of a name.
///
/// # Errors
/// [`Error::Schema`] with the nearest names when there is none.
pub fn analyzer(name: &str) -> Result<Arc<dyn Analyzer>> {
    match name {
        "standard" => Ok(Arc::new(standard::Standard::new(None))),
        "whitespace" => Ok(Arc::new(verbatim::Whitespace)),
        "path" => Ok(Arc::new(verbatim::Path)),
        "keyword" => Ok(Arc::new(verbatim::Whole)),
        _ => match Language::of(name) {
            Some(language) => Ok(Arc::new(standard::Standard::new(Some(language)))),
            None => Err(unknown(name)),
        },
    }
}

fn unknown(name: &str) -> Error {
    let shown: String = name.chars().take(60).collect();
    let hint = nearest(name, names()).map(|known| format!(" (did you mean {known:?}?)")).unwrap_or_default();
    Error::Schema {
        path: "analyzer".into(),
        expected: format!("one of {}", names().collect::<Vec<_>>().join(", ")),
        got: format!("{shown:?}{hint}"),
    }
}

/// The names of all analyzers: the general ones first, then the languages by alphabet.
pub fn names() -> impl Iterator<Item = &'static str> {
    ["standard", "whitespace", "path", "keyword"].into_iter().chain(Language::all().map(Language::name))
}

/// The analyzers of a schema's fields.
pub struct Analyzers(Vec<Option<Arc<dyn Analyzer>>>);

impl Analyzers {
    /// Resolves the analyzer of each field, in the order of their ids (`None`: the field is not analysed); use it as
    /// `Analyzers::of(schema.analyzers())`. Fields with the same analyzer share one.
    ///
    /// # Errors
    /// [`Error::Schema`] with the path of the first field whose analyzer does not exist.
    pub fn of<'a>(fields: impl IntoIterator<Item = (&'a str, Option<&'a str>)>) -> Result<Self> {
        let mut all: Vec<Option<Arc<dyn Analyzer>>> = Vec::new();
        for (field, name) in fields {
            let found = match name {
                None => None,
                Some(name) => match all.iter().flatten().find(|known| known.name() == name) {
                    Some(known) => Some(Arc::clone(known)),
                    None => Some(analyzer(name).map_err(|error| match error {
                        Error::Schema { expected, got, .. } => Error::Schema { path: format!("fields.{field}.analyzer"), expected, got },
                        other => other,
                    })?),
                },
            };
            all.push(found);
        }
        Ok(Self(all))
    }

    /// The analyzer of a field, if it is analysed.
    #[must_use]
    pub fn get(&self, field: FieldId) -> Option<&Arc<dyn Analyzer>> {
        self.0.get(field.index())?.as_ref()
    }
}

/// The longest prefix of at most [`MAX_TOKEN`] bytes that ends at a character boundary.
fn cut(text: &str) -> &str {
    prefix(text, MAX_TOKEN)
}

/// The longest prefix of at most `limit` bytes that ends at a character boundary.
fn prefix(text: &str, limit: usize) -> &str {
    let mut end = limit.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests;
