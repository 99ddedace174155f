//! What one search asks for.
//!
//! **Law**: plain data, checked where it is used: names against the view's schema, texts by their parsers.

use std::borrow::Cow;
use std::time::Duration;

use crate::collect::CountMode;
use crate::query::{Filter, Query};

/// A query as it comes in.
#[derive(Clone, Debug, PartialEq)]
pub enum QueryInput<'a> {
    /// A query string; borrowed where the caller keeps it for as long as the search takes.
    Text(Cow<'a, str>),
    /// A tree.
    Tree(Query),
}

impl Default for QueryInput<'_> {
    fn default() -> Self {
        Self::Text(Cow::Borrowed(""))
    }
}

/// A filter as it comes in.
#[derive(Clone, Debug, PartialEq)]
pub enum FilterInput {
    /// A filter text.
    Text(String),
    /// A tree.
    Tree(Filter),
}

/// What happens when the time is over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnTimeout {
    /// The hits so far, marked as partial.
    #[default]
    Partial,
    /// [`crate::base::Error::Timeout`].
    Raise,
}

/// One search. The default asks for the ten oldest documents.
#[derive(Clone, Debug, PartialEq)]
pub struct SearchRequest<'a> {
    /// What is searched for.
    pub query: QueryInput<'a>,
    /// Whether a query string with mistakes is refused.
    pub strict: bool,
    /// How many hits.
    pub limit: usize,
    /// How many hits to pass over first.
    pub offset: usize,
    /// Which documents may be found at all.
    pub filter: Option<FilterInput>,
    /// Sort keys, as in `-year`, `_score`; none: by score.
    pub sort: Vec<String>,
    /// What is counted.
    pub count: CountMode,
    /// Members of the stored documents to return; `None` = all.
    pub fields: Option<Vec<String>>,
    /// How long it may take.
    pub timeout: Option<Duration>,
    /// What happens then.
    pub on_timeout: OnTimeout,
    /// The time that recency counts from, in microseconds since 1970; without it recency does not count.
    pub now: Option<i64>,
    /// The place that distance counts from, latitude and longitude in degrees; without it distance does not count.
    pub near: Option<(f64, f64)>,
    /// A profile of the configuration.
    pub profile: Option<Cow<'a, str>>,
    /// Who asks, for experiments; without it there is none.
    pub unit: Option<Cow<'a, str>>,
    /// Whether each hit says where its score comes from.
    pub explain: bool,
}

impl Default for SearchRequest<'_> {
    fn default() -> Self {
        Self {
            query: QueryInput::default(),
            strict: false,
            limit: 10,
            offset: 0,
            filter: None,
            sort: Vec::new(),
            count: CountMode::UpTo,
            fields: None,
            timeout: None,
            on_timeout: OnTimeout::Partial,
            now: None,
            near: None,
            profile: None,
            unit: None,
            explain: false,
        }
    }
}

/// Bytes of text that are read in some microseconds.
const SHORT: usize = 512;

impl SearchRequest<'_> {
    /// The same request for the number of its hits alone: exact, whatever its limit and its order say, and however long that takes.
    #[must_use]
    pub fn counting(self) -> Self {
        Self {
            limit: 0,
            offset: 0,
            sort: Vec::new(),
            count: CountMode::Exact,
            timeout: Some(Duration::MAX),
            on_timeout: OnTimeout::Raise,
            explain: false,
            ..self
        }
    }

    /// Whether its texts are read in some microseconds.
    #[must_use]
    pub fn is_short(&self) -> bool {
        let query = matches!(&self.query, QueryInput::Text(text) if text.len() <= SHORT);
        query && self.filter.is_none()
    }
}
