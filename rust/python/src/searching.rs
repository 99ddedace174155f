//! `search`, `search_many` and their awaited twins, of an index and of a view: the call that has to be fast.
//!
//! **In**: what a user passed. **Out**: [`Hits`], or an [`Answer`] that will have them. **Law**
//! 1. The façade's classes inherit this one, so between a user's call and the engine there is no Python code.
//! 2. A search that is predicted to be short runs without letting go of the interpreter: letting go costs a tenth of a microsecond alone
//!    and up to a switch interval beside busy threads. Only what lets go watches for Ctrl-C.
//! 3. A call loads the published view once.

use std::sync::Arc;

use findspot_engine::search::{Attempt, Hits as Found, QueryInput, SearchRequest, View as Pinned};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyInt, PyString, PyTuple};

use crate::bridge::{Answer, Ask, Search, SearchMany, Work};
use crate::hits::Hits;
use crate::index::Index;
use crate::request::{self, Given};
use crate::view::View;
use crate::{errors, gate};

/// Up to this [cost](findspot_engine::plan::Plan::cost) a search keeps the interpreter: at most some tens of microseconds, against less
/// than one that letting go costs.
pub(crate) const INLINE_COST: u64 = 2_000;

/// Whom to ask.
enum Target {
    Nobody,
    Index(Py<Index>),
    View(Py<View>),
}

/// What `Index` and `View` can both be asked; the façade's classes inherit it.
#[pyclass(frozen, subclass, module = "findspot._native")]
pub(crate) struct Searching {
    target: Target,
}

impl Searching {
    /// Calls `work` with the view to search.
    fn with_view<T>(slf: &Bound<'_, Self>, work: impl FnOnce(&Arc<Pinned>) -> PyResult<T>) -> PyResult<T> {
        let py = slf.py();
        match &slf.get().target {
            Target::Index(index) => {
                let view = gate::inline(py, || index.get().engine().current())?;
                match index.get().pinned_by_store(py, &view)? {
                    None => work(&view),
                    Some(pinned) => work(&pinned),
                }
            }
            Target::View(view) => work(&view.get().pinned(py)?),
            Target::Nobody => Err(PyTypeError::new_err(format!("expected an Index or a View, got {}", slf.get_type().name()?))),
        }
    }
}

#[pymethods]
impl Searching {
    /// Takes the compiled index or view; what else is passed is for `__init__`.
    #[new]
    #[pyo3(signature = (*arguments, **_keywords))]
    fn new(arguments: &Bound<'_, PyTuple>, _keywords: Option<&Bound<'_, PyDict>>) -> Self {
        let target = match arguments.get_item(0) {
            Err(_) => Target::Nobody,
            Ok(first) => match (first.cast::<Index>(), first.cast::<View>()) {
                (Ok(index), _) => Target::Index(index.clone().unbind()),
                (_, Ok(view)) => Target::View(view.clone().unbind()),
                _ => Target::Nobody,
            },
        };
        Self { target }
    }

    /// The documents that answer a query, best first.
    ///
    /// The query string speaks: words, `"a phrase"`, `"a loose phrase"~2`, `-not`, `+must`, `AND OR NOT ( )`, `field:term`,
    /// `field:[1700 TO 1800]`, `field:>=5`, `pre*`, `typo~1`, `word^2`. A blank one matches everything, oldest first.
    ///
    /// Args:
    ///     query: a query string, or a typed query of `findspot.query`.
    ///     limit: at most so many hits.
    ///     offset: leave out so many first.
    ///     where: a filter made by `col(…)`, or its text: `"year < 1900 and subjects in ['hoard', 'coin']"`.
    ///     sort: fields to sort by, `-` before a name for descending; `"_score"` is the score, best first with and without `-`.
    ///         Without it by score. A missing value comes last both ways; equal documents come oldest first.
    ///     count: what `hits.total` says: `"up_to"` is exact up to 10,000, then a lower bound; `"exact"`; `"none"`.
    ///     fields: stored fields to return; without it all.
    ///     timeout: seconds; without it what the configuration's `limits` say, and without those there is none.
    ///     on_timeout: when the time is over: `"partial"` returns what was found, with `hits.partial` true; `"raise"`.
    ///     strict: raise `QueryError` where a query string cannot be understood, in the place of taking it as plain words.
    ///     profile: a ranking profile of the configuration; without it the base, or what an experiment says.
    ///     unit: who asks, such as `"user-7"`: the same unit is always in the same experiment; without it in none.
    ///     now: the time that recency counts from, a `datetime` (naive: UTC) or its ISO 8601 text; without it recency does not count.
    ///     near: the place that distance counts from, `(latitude, longitude)`; without it distance does not count.
    ///     explain: make `hit.explanation` say where each score comes from.
    ///
    /// Returns: the hits; each is read from the index when it is looked into.
    /// Errors: `QueryError` for a typed query, filter, sort or field that does not fit the schema, and for a string when `strict`;
    ///     `SearchTimeout`; `CorruptionError`; `ValueError` for a negative `limit`, `offset` or `timeout`, a profile that there is not, a
    ///     `now` or `near` that is no time or place; `ClosedError`.
    /// Concurrency: takes no lock; releases the interpreter and obeys Ctrl-C unless the query is a matter of microseconds.
    /// Cost: every document that holds one of the words is looked at; memory 16 bytes for each of `offset + limit`.
    ///
    /// Example:
    ///     >>> import findspot as fs
    ///     >>> schema = fs.Schema(key="id", fields={"title": fs.Text(), "year": fs.Integer()})
    ///     >>> index = fs.Index.create("memory://", schema)
    ///     >>> _ = index.upsert([{"id": "k1", "title": "gold coin", "year": 1700}, {"id": "k2", "title": "coin", "year": 1900}])
    ///     >>> index.search("gold coin").keys
    ///     ['k1', 'k2']
    ///     >>> index.search("coin", where="year < 1800").keys
    ///     ['k1']
    ///     >>> index.search("coin", sort="-year", limit=1)[0]["year"]
    ///     1900
    ///     >>> index.close()
    #[pyo3(
        signature = (query = Given::NOT, *, limit = Given::NOT, offset = Given::NOT, r#where = Given::NOT, sort = Given::NOT, count = Given::NOT,
                     fields = Given::NOT, timeout = Given::NOT, on_timeout = Given::NOT, strict = Given::NOT, profile = Given::NOT, unit = Given::NOT,
                     now = Given::NOT, near = Given::NOT, explain = Given::NOT),
        text_signature = "($self, query='', *, limit=10, offset=0, where=None, sort=None, count='up_to', fields=None, timeout=None, \
                          on_timeout='partial', strict=False, profile=None, unit=None, now=None, near=None, explain=False)"
    )]
    #[expect(clippy::too_many_arguments, reason = "they are the user's")]
    fn search(
        slf: &Bound<'_, Self>,
        query: Given<'_, '_>,
        limit: Given<'_, '_>,
        offset: Given<'_, '_>,
        r#where: Given<'_, '_>,
        sort: Given<'_, '_>,
        count: Given<'_, '_>,
        fields: Given<'_, '_>,
        timeout: Given<'_, '_>,
        on_timeout: Given<'_, '_>,
        strict: Given<'_, '_>,
        profile: Given<'_, '_>,
        unit: Given<'_, '_>,
        now: Given<'_, '_>,
        near: Given<'_, '_>,
        explain: Given<'_, '_>,
    ) -> PyResult<Hits> {
        let py = slf.py();
        let arguments = request::Arguments {
            limit,
            offset,
            condition: r#where,
            sort,
            count,
            fields,
            timeout,
            on_timeout,
            strict,
            profile,
            unit,
            now,
            near,
            explain,
        };
        let mut request = SearchRequest::default();
        let searched = (|| {
            arguments.read(&mut request)?;
            if let Some(query) = query.value() {
                request.query = request::query("query", query)?;
            }
            Self::with_view(slf, |view| search(py, view, &request))
        })();
        searched
            .map(Hits::new)
            .map_err(|error| if arguments.have_text(query.value()) { error } else { errors::without_position(py, error) })
    }

    /// How many documents match, exactly: as many as `search` with `count="exact"` says that there are.
    ///
    /// Args:
    ///     query: as in `search`.
    ///     where: as in `search`.
    ///     strict: as in `search`.
    ///     profile: as in `search`.
    ///     unit: as in `search`.
    ///
    /// Returns: a number that also has `warnings`: what was cut or guessed, as `hits.warnings` says.
    /// Errors: as in `search`, but for `SearchTimeout`: it takes the time that it takes.
    /// Concurrency: as `search`.
    /// Cost: as a search without ranking.
    ///
    /// Example:
    ///     >>> import findspot as fs
    ///     >>> index = fs.Index.create("memory://", fs.Schema(key="id", fields={"title": fs.Text()}))
    ///     >>> _ = index.upsert([{"id": "k1", "title": "gold coin"}, {"id": "k2", "title": "silver"}])
    ///     >>> index.count("gold"), index.count()
    ///     (1, 2)
    ///     >>> index.count("gold (").warnings == index.search("gold (").warnings
    ///     True
    ///     >>> index.close()
    #[pyo3(
        signature = (query = Given::NOT, *, r#where = Given::NOT, strict = Given::NOT, profile = Given::NOT, unit = Given::NOT),
        text_signature = "($self, query='', *, where=None, strict=False, profile=None, unit=None)"
    )]
    fn count<'py>(
        slf: &Bound<'py, Self>,
        query: Given<'_, '_>,
        r#where: Given<'_, '_>,
        strict: Given<'_, '_>,
        profile: Given<'_, '_>,
        unit: Given<'_, '_>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        let arguments = request::Arguments { condition: r#where, strict, profile, unit, ..request::Arguments::NONE };
        let counted = (|| {
            let mut request = SearchRequest::default().counting();
            arguments.read(&mut request)?;
            if let Some(query) = query.value() {
                request.query = request::query("query", query)?;
            }
            Self::with_view(slf, |view| search(py, view, &request))
        })();
        match counted {
            Ok(hits) => count(py, &hits),
            Err(error) if arguments.have_text(query.value()) => Err(error),
            Err(error) => Err(errors::without_position(py, error)),
        }
    }

    /// The hits of several queries, all searched in one view: what `search` returns for each, in their order.
    ///
    /// Args:
    ///     queries: query strings and typed queries, as `search` takes them one by one.
    ///     limit: as in `search`, for each query; so are all that follow.
    ///     offset: leave out so many first.
    ///     where: a filter for all queries.
    ///     sort: fields to sort by.
    ///     count: what `hits.total` says.
    ///     fields: stored fields to return.
    ///     timeout: seconds for each query.
    ///     on_timeout: when a query's time is over: `"partial"` or `"raise"`.
    ///     strict: raise `QueryError` where a query string cannot be understood.
    ///     profile: a ranking profile.
    ///     unit: who asks.
    ///     now: the time that recency counts from.
    ///     near: the place that distance counts from.
    ///     explain: make `hit.explanation` say where each score comes from.
    ///
    /// Returns: a list, one `Hits` a query.
    /// Errors: those of `search`, with a note that says which query it was; then there are no hits of the others either.
    /// Concurrency: runs in the calling thread, releases the interpreter once for all queries, obeys Ctrl-C.
    /// Cost: that of the searches; what a call of its own costs (half a microsecond, more beside busy threads) is paid once.
    ///
    /// Example:
    ///     >>> import findspot as fs
    ///     >>> index = fs.Index.create("memory://", fs.Schema(key="id", fields={"title": fs.Text()}))
    ///     >>> _ = index.upsert([{"id": "k1", "title": "gold coin"}, {"id": "k2", "title": "silver coin"}])
    ///     >>> [hits.keys for hits in index.search_many(["gold", "silver", fs.query.Match("coin")], limit=10)]
    ///     [['k1'], ['k2'], ['k1', 'k2']]
    ///     >>> index.close()
    #[pyo3(
        signature = (queries, *, limit = Given::NOT, offset = Given::NOT, r#where = Given::NOT, sort = Given::NOT, count = Given::NOT,
                     fields = Given::NOT, timeout = Given::NOT, on_timeout = Given::NOT, strict = Given::NOT, profile = Given::NOT, unit = Given::NOT,
                     now = Given::NOT, near = Given::NOT, explain = Given::NOT),
        text_signature = "($self, queries, *, limit=10, offset=0, where=None, sort=None, count='up_to', fields=None, timeout=None, \
                          on_timeout='partial', strict=False, profile=None, unit=None, now=None, near=None, explain=False)"
    )]
    #[expect(clippy::too_many_arguments, reason = "they are the user's")]
    fn search_many(
        slf: &Bound<'_, Self>,
        queries: &Bound<'_, PyAny>,
        limit: Given<'_, '_>,
        offset: Given<'_, '_>,
        r#where: Given<'_, '_>,
        sort: Given<'_, '_>,
        count: Given<'_, '_>,
        fields: Given<'_, '_>,
        timeout: Given<'_, '_>,
        on_timeout: Given<'_, '_>,
        strict: Given<'_, '_>,
        profile: Given<'_, '_>,
        unit: Given<'_, '_>,
        now: Given<'_, '_>,
        near: Given<'_, '_>,
        explain: Given<'_, '_>,
    ) -> PyResult<Vec<Hits>> {
        let py = slf.py();
        let arguments = request::Arguments {
            limit,
            offset,
            condition: r#where,
            sort,
            count,
            fields,
            timeout,
            on_timeout,
            strict,
            profile,
            unit,
            now,
            near,
            explain,
        };
        let listed = listed(queries)?;
        let Several { queries, request, have_text } = several(py, &listed, &arguments)?;
        Self::with_view(slf, |view| {
            let (found, failed) = gate::run(py, |interrupt| Ok(view.search_many(&queries, &request, interrupt)))?;
            match failed {
                None => Ok(found.into_iter().map(Hits::new).collect()),
                Some(error) => Err(placed(py, found.len(), errors::to_python(py, &error), &have_text)),
            }
        })
    }

    /// What `search` returns, awaited: the event loop goes on meanwhile.
    ///
    /// Args:
    ///     query: as in `search`.
    ///     limit: as in `search`; so are all that follow.
    ///     offset: leave out so many first.
    ///     where: a filter.
    ///     sort: fields to sort by.
    ///     count: what `hits.total` says.
    ///     fields: stored fields to return.
    ///     timeout: seconds, from the moment that it is awaited: time in the queue counts.
    ///     on_timeout: when the time is over: `"partial"` or `"raise"`.
    ///     strict: raise `QueryError` where a query string cannot be understood.
    ///     profile: a ranking profile.
    ///     unit: who asks.
    ///     now: the time that recency counts from.
    ///     near: the place that distance counts from.
    ///     explain: make `hit.explanation` say where each score comes from.
    ///
    /// Returns: something to `await`, once, in a task of asyncio, uvloop or trio (anyio): the hits.
    /// Errors: those of `search`; `Overloaded` when too many wait already, before any work was done. Those of arguments come with the call.
    /// Concurrency: sees what is published when it is called. A search of some tens of microseconds is done at once, any other by the threads of
    ///     findspot; no Python thread or executor takes part. Cancelling the task stops the search.
    /// Cost: beside that of the search some microseconds.
    ///
    /// Example:
    ///     >>> import asyncio
    ///     >>> import findspot as fs
    ///     >>> index = fs.Index.create("memory://", fs.Schema(key="id", fields={"title": fs.Text()}))
    ///     >>> _ = index.upsert([{"id": "k1", "title": "gold coin"}])
    ///     >>> async def main():
    ///     ...     hits = await index.asearch("coin", timeout=0.5)
    ///     ...     return hits.keys
    ///     >>> asyncio.run(main())
    ///     ['k1']
    ///     >>> index.close()
    #[pyo3(
        signature = (query = Given::NOT, *, limit = Given::NOT, offset = Given::NOT, r#where = Given::NOT, sort = Given::NOT, count = Given::NOT,
                     fields = Given::NOT, timeout = Given::NOT, on_timeout = Given::NOT, strict = Given::NOT, profile = Given::NOT, unit = Given::NOT,
                     now = Given::NOT, near = Given::NOT, explain = Given::NOT),
        text_signature = "($self, query='', *, limit=10, offset=0, where=None, sort=None, count='up_to', fields=None, timeout=None, \
                          on_timeout='partial', strict=False, profile=None, unit=None, now=None, near=None, explain=False)"
    )]
    #[expect(clippy::too_many_arguments, reason = "they are the user's")]
    fn asearch(
        slf: &Bound<'_, Self>,
        query: Given<'_, '_>,
        limit: Given<'_, '_>,
        offset: Given<'_, '_>,
        r#where: Given<'_, '_>,
        sort: Given<'_, '_>,
        count: Given<'_, '_>,
        fields: Given<'_, '_>,
        timeout: Given<'_, '_>,
        on_timeout: Given<'_, '_>,
        strict: Given<'_, '_>,
        profile: Given<'_, '_>,
        unit: Given<'_, '_>,
        now: Given<'_, '_>,
        near: Given<'_, '_>,
        explain: Given<'_, '_>,
    ) -> PyResult<Answer> {
        let arguments = request::Arguments {
            limit,
            offset,
            condition: r#where,
            sort,
            count,
            fields,
            timeout,
            on_timeout,
            strict,
            profile,
            unit,
            now,
            near,
            explain,
        };
        let has_text = arguments.have_text(query.value());
        let asked = (|| {
            let mut request = SearchRequest::default();
            arguments.read(&mut request)?;
            if let Some(query) = query.value() {
                request.query = request::query("query", query)?;
            }
            Self::with_view(slf, |view| Ok(Search { view: Arc::clone(view), request: request.into_owned(), has_text }))
        })();
        asked
            .map(|search| Answer::new(Ask::Work(Work::Search(Box::new(search)))))
            .map_err(|error| if has_text { error } else { errors::without_position(slf.py(), error) })
    }

    /// What `search_many` returns, awaited: the event loop goes on meanwhile.
    ///
    /// Args:
    ///     queries: as in `search_many`.
    ///     limit: as in `search`; so are all that follow.
    ///     offset: leave out so many first.
    ///     where: a filter.
    ///     sort: fields to sort by.
    ///     count: what `hits.total` says.
    ///     fields: stored fields to return.
    ///     timeout: seconds for each query.
    ///     on_timeout: when the time is over: `"partial"` or `"raise"`.
    ///     strict: raise `QueryError` where a query string cannot be understood.
    ///     profile: a ranking profile.
    ///     unit: who asks.
    ///     now: the time that recency counts from.
    ///     near: the place that distance counts from.
    ///     explain: make `hit.explanation` say where each score comes from.
    ///
    /// Returns: something to `await`, once, in a task of asyncio, uvloop or trio (anyio): a list, one `Hits` a query.
    /// Errors: those of `search_many`; `Overloaded` when too many wait already, before any work was done. Those of arguments come with the call.
    /// Concurrency: all queries see what is published when it is called, and are searched by one thread of findspot. Cancelling the task stops it.
    /// Cost: that of the searches.
    ///
    /// Example:
    ///     >>> import asyncio
    ///     >>> import findspot as fs
    ///     >>> index = fs.Index.create("memory://", fs.Schema(key="id", fields={"title": fs.Text()}))
    ///     >>> _ = index.upsert([{"id": "k1", "title": "gold coin"}, {"id": "k2", "title": "silver coin"}])
    ///     >>> async def main():
    ///     ...     return [hits.keys for hits in await index.asearch_many(["gold", "silver"], limit=10)]
    ///     >>> asyncio.run(main())
    ///     [['k1'], ['k2']]
    ///     >>> index.close()
    #[pyo3(
        signature = (queries, *, limit = Given::NOT, offset = Given::NOT, r#where = Given::NOT, sort = Given::NOT, count = Given::NOT,
                     fields = Given::NOT, timeout = Given::NOT, on_timeout = Given::NOT, strict = Given::NOT, profile = Given::NOT, unit = Given::NOT,
                     now = Given::NOT, near = Given::NOT, explain = Given::NOT),
        text_signature = "($self, queries, *, limit=10, offset=0, where=None, sort=None, count='up_to', fields=None, timeout=None, \
                          on_timeout='partial', strict=False, profile=None, unit=None, now=None, near=None, explain=False)"
    )]
    #[expect(clippy::too_many_arguments, reason = "they are the user's")]
    fn asearch_many(
        slf: &Bound<'_, Self>,
        queries: &Bound<'_, PyAny>,
        limit: Given<'_, '_>,
        offset: Given<'_, '_>,
        r#where: Given<'_, '_>,
        sort: Given<'_, '_>,
        count: Given<'_, '_>,
        fields: Given<'_, '_>,
        timeout: Given<'_, '_>,
        on_timeout: Given<'_, '_>,
        strict: Given<'_, '_>,
        profile: Given<'_, '_>,
        unit: Given<'_, '_>,
        now: Given<'_, '_>,
        near: Given<'_, '_>,
        explain: Given<'_, '_>,
    ) -> PyResult<Answer> {
        let arguments = request::Arguments {
            limit,
            offset,
            condition: r#where,
            sort,
            count,
            fields,
            timeout,
            on_timeout,
            strict,
            profile,
            unit,
            now,
            near,
            explain,
        };
        let listed = listed(queries)?;
        let Several { queries, request, have_text } = several(slf.py(), &listed, &arguments)?;
        let queries = queries.into_iter().map(QueryInput::into_owned).collect();
        Self::with_view(slf, |view| {
            let many = SearchMany { view: Arc::clone(view), queries, request, have_text };
            Ok(Answer::new(Ask::Work(Work::Many(Box::new(many)))))
        })
    }
}

/// Several queries and what is asked of all.
struct Several<'a> {
    queries: Vec<QueryInput<'a>>,
    request: SearchRequest<'static>,
    /// Whether positions in what is refused are ones in texts, by query.
    have_text: Vec<bool>,
}

fn several<'a>(py: Python<'_>, listed: &'a [Bound<'_, PyAny>], arguments: &request::Arguments<'_, '_>) -> PyResult<Several<'a>> {
    let mut request = SearchRequest::default();
    if let Err(error) = arguments.read(&mut request) {
        return Err(if arguments.have_text(None) { error } else { errors::without_position(py, error) });
    }
    let have_text: Vec<bool> = listed.iter().map(|query| arguments.have_text(Some(query))).collect();
    let mut queries = Vec::with_capacity(listed.len());
    for (at, query) in listed.iter().enumerate() {
        queries.push(request::query("query", query).map_err(|error| placed(py, at, error, &have_text))?);
    }
    Ok(Several { queries, request, have_text })
}

/// What went wrong with one query says with which.
fn placed(py: Python<'_>, at: usize, error: PyErr, have_text: &[bool]) -> PyErr {
    let error = if have_text.get(at).copied().unwrap_or(true) { error } else { errors::without_position(py, error) };
    errors::noted(py, error, &format!("queries[{at}]"))
}

/// The total of hits as the façade's `Count`.
fn count<'py>(py: Python<'py>, hits: &Found) -> PyResult<Bound<'py, PyAny>> {
    static COUNT: PyOnceLock<(Py<PyAny>, Py<PyAny>)> = PyOnceLock::new();
    let (new, class) = COUNT.get_or_try_init(py, || {
        let class = py.import("findspot.reports")?.getattr("Count")?;
        PyResult::Ok((py.get_type::<PyInt>().getattr("__new__")?.unbind(), class.unbind()))
    })?;
    // Its own `__new__` is a function of Python, which most counts, being without warnings, have no need of.
    let total = hits.total().unwrap_or_default();
    match hits.warnings() {
        [] => new.bind(py).call1((class, total)),
        warnings => class.bind(py).call1((total, warnings.to_vec())),
    }
}

/// The members of an iterable; a text, which is one too, is a mistake.
fn listed<'py>(queries: &Bound<'py, PyAny>) -> PyResult<Vec<Bound<'py, PyAny>>> {
    if queries.is_instance_of::<PyString>() {
        return Err(PyTypeError::new_err("queries: expected a list of queries, got str; search takes one query"));
    }
    match queries.try_iter() {
        Ok(each) => each.collect(),
        Err(_) => Err(request::wrong("queries", "a list of queries", queries)),
    }
}

/// Searches; lets go of the interpreter as soon as it is known that it takes long.
fn search(py: Python<'_>, view: &Arc<Pinned>, request: &SearchRequest<'_>) -> PyResult<Found> {
    if !request.is_short() {
        return gate::run(py, |interrupt| view.search(request, interrupt));
    }
    match gate::inline(py, || view.attempt(request, INLINE_COST))? {
        Attempt::Found(found) => Ok(found),
        Attempt::Begun(rest) => gate::run(py, |interrupt| rest.finish(interrupt)),
    }
}
