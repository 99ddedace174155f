//! Awaited calls: what `await index.asearch(…)` is made of.
//!
//! **In**: calls of Python, each with what it asks ([`Ask`]). **Out**: [`Answer`], which any event loop can await. **Law**
//! 1. A loop never waits for a search: what is predicted to take longer than some tens of microseconds is done by the pool, whose threads
//!    never touch Python. They leave results in the loop's [`Inbox`] and write one byte to its pipe, at most once until the loop looks.
//! 2. Whatever the loop holds (waiting tasks, callbacks) is held by Python objects that the collector can see; the pool's side holds
//!    numbers of places. So a loop that is closed under its tasks leaks nothing.
//! 3. A task that is cancelled raises the flag that the search looks at in every window.
//!
//! | room | has |
//! |---|---|
//! | `answer` | the awaitable: a coroutine to whoever runs it |
//! | `ask` | what can be asked, and what came of it |
//! | `pending` | what a task of asyncio waits on: the protocol of a future, without being one |
//! | `inbox` | one loop's side: who waits, what arrived, the pipe |
//! | `flight` | the pool's side: one job |
//! | `place` | which loop is running |
//! | `settings` | the pool of the process, and what the environment says of it |

mod answer;
mod ask;
mod flight;
mod inbox;
mod pending;
mod place;
mod settings;

pub(crate) use answer::Answer;
pub(crate) use ask::{Ask, Gathering, Search, SearchMany, Work, Written};
pub(crate) use inbox::Inbox;
pub(crate) use pending::Pending;
pub(crate) use settings::{pool_load, settle};
