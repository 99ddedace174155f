//! What one search asks for.
//!
//! **Law**: plain data, checked where it is used: names against the view's schema, texts by their parsers.

use std::borrow::Cow;
use std::time::{Duration, Instant};

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

impl QueryInput<'_> {
    /// The same, for as long as it is wanted.
    #[must_use]
    pub fn into_owned(self) -> QueryInput<'static> {
        match self {
            Self::Text(text) => QueryInput::Text(Cow::Owned(text.into_owned())),
            Self::Tree(tree) => QueryInput::Tree(tree),
        }
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
    /// When the time begins, for a search that waited for its turn; without it with the search itself. Of several queries each has its own.
    pub since: Option<Instant>,
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
            since: None,
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

    /// The same, for as long as it is wanted.
    #[must_use]
    pub fn into_owned(self) -> SearchRequest<'static> {
        let own = |name: Cow<'_, str>| Cow::Owned(name.into_owned());
        SearchRequest {
            query: self.query.into_owned(),
            strict: self.strict,
            limit: self.limit,
            offset: self.offset,
            filter: self.filter,
            sort: self.sort,
            count: self.count,
            fields: self.fields,
            timeout: self.timeout,
            since: self.since,
            on_timeout: self.on_timeout,
            now: self.now,
            near: self.near,
            profile: self.profile.map(own),
            unit: self.unit.map(own),
            explain: self.explain,
        }
    }

    /// Whether its texts are read in some microseconds.
    #[must_use]
    pub fn is_short(&self) -> bool {
        let query = matches!(&self.query, QueryInput::Text(text) if text.len() <= SHORT);
        query && self.filter.is_none()
    }
}
