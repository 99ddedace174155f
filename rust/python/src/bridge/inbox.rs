//! One loop's side of the bridge: who waits, what arrived.
//!
//! **In**: what is asked, by tasks of the loop; results, by workers. **Out**: results to whoever waits, many at each look. **Law**: used by
//! the loop's thread alone. All that is asked while results are handed out goes to the pool at once when that is over: one lock and
//! one call for many. Otherwise a first one goes at once, and what follows in the same turn of the loop goes at its end; only short
//! searches wait for that, whose results nobody could look at sooner. It is held by the loop's reader and by who waits, and by nobody else.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use findspot_pool::{Job, Lane};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyWeakrefMethods, PyWeakrefReference};

use super::ask::{Landed, Work};
use super::flight::{Arrivals, Flight, Place};
use super::pending::Pending;
use super::{place, settings};
use crate::logging;

/// So many go to the pool before the turn is over.
const AT_MOST: usize = 64;

/// Who runs: tasks are woken by their loop, never by one another.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Caller {
    Loop,
    Task,
}

#[derive(Default)]
struct State {
    /// Who waits, by place.
    waiting: Vec<Option<Py<Pending>>>,
    free: Vec<Place>,
    /// Places taken.
    in_flight: usize,
    outgoing: Vec<(Lane, Arc<Flight>)>,
    /// Whether results are being handed out.
    handing_out: bool,
    /// Whether the loop was asked to call `flush`.
    asked: bool,
    /// What is being handed out, kept for its memory.
    arrived: Vec<(Place, Landed)>,
}

/// One loop's side, for the façade.
#[pyclass(frozen, weakref, module = "findspot._native")]
pub(crate) struct Inbox {
    /// The loop, if it is one of asyncio; weak, for the loop holds this.
    event_loop: Option<Py<PyWeakrefReference>>,
    arrivals: Arc<Arrivals>,
    state: Mutex<State>,
}

impl Inbox {
    pub(super) fn for_loop(event_loop: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self { event_loop: Some(PyWeakrefReference::new(event_loop)?.unbind()), arrivals: Arrivals::new()?, state: Mutex::default() })
    }

    /// The descriptor that the loop watches.
    pub(super) fn fd(&self) -> i32 {
        self.arrivals.fileno()
    }

    pub(super) fn serves(&self, event_loop: &Bound<'_, PyAny>) -> bool {
        self.event_loop(event_loop.py()).is_some_and(|mine| mine.is(event_loop))
    }

    fn event_loop<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        self.event_loop.as_ref()?.bind(py).upgrade()
    }

    /// Sends a question off; what is returned will have the answer.
    pub(super) fn launch<'py>(
        slf: &Bound<'py, Self>,
        event_loop: Option<&Bound<'py, PyAny>>,
        lane: Lane,
        work: Work,
    ) -> PyResult<Bound<'py, Pending>> {
        let (py, this) = (slf.py(), slf.get());
        let texts = work.texts();
        let place = {
            let mut state = this.lock();
            state.in_flight += 1;
            state.free.pop().unwrap_or_else(|| {
                state.waiting.push(None);
                state.waiting.len() - 1
            })
        };
        let flight = Flight::new(work, place, &this.arrivals);
        let pending = Bound::new(py, Pending::new(slf, event_loop, Arc::clone(&flight), texts))?;
        let (later, ask_loop) = {
            let mut state = this.lock();
            state.waiting[place] = Some(pending.clone().unbind());
            let is_first = state.in_flight == 1;
            let later = state.handing_out || lane == Lane::Short && !is_first && event_loop.is_some();
            state.outgoing.push((lane, flight));
            let later = later && state.outgoing.len() < AT_MOST;
            let ask_loop = later && !state.handing_out && !std::mem::replace(&mut state.asked, true);
            (later, ask_loop)
        };
        if !later {
            Self::send(slf, Caller::Task)?;
        } else if ask_loop && let Some(event_loop) = event_loop {
            event_loop.call_method1(intern!(py, "call_soon"), (slf.getattr(intern!(py, "flush"))?,))?;
        }
        Ok(pending)
    }

    /// Nobody waits at this place any more; it is free when its flight has landed.
    pub(super) fn leave(&self, place: Place) {
        let gone = self.lock().waiting.get_mut(place).and_then(Option::take);
        drop(gone); // outside the lock: it may be the last of much
    }

    /// Gives what was kept back to the pool.
    fn send(slf: &Bound<'_, Self>, caller: Caller) -> PyResult<()> {
        let mut outgoing = std::mem::take(&mut slf.get().lock().outgoing);
        if outgoing.is_empty() {
            return Ok(());
        }
        let pool = settings::pool();
        let refused = pool.submit_all(&mut outgoing.iter().map(|(lane, flight)| (*lane, Arc::<Flight>::clone(flight) as Arc<dyn Job>)));
        // Those that found no room are the last ones: the queue is bounded over all lanes, and nothing is taken from it meanwhile.
        let taken = outgoing.len() - refused.len();
        let mut outcome = Ok(());
        for ((_, flight), (_, full)) in outgoing.drain(taken..).zip(refused) {
            outcome = outcome.and(Self::hand_out(slf, flight.place(), Landed::Refused(full), caller));
        }
        outcome
    }

    fn hand_out(slf: &Bound<'_, Self>, place: Place, landed: Landed, caller: Caller) -> PyResult<()> {
        let pending = {
            let mut state = slf.get().lock();
            state.in_flight -= 1;
            state.free.push(place);
            state.waiting.get_mut(place).and_then(Option::take)
        };
        match pending {
            Some(pending) => pending.get().land(pending.bind(slf.py()), landed, caller),
            None => Ok(()), // cancelled
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl Inbox {
    /// One that no loop of asyncio calls.
    #[new]
    fn new() -> PyResult<Self> {
        Ok(Self { event_loop: None, arrivals: Arrivals::new()?, state: Mutex::default() })
    }

    /// What becomes readable when something arrived.
    fn fileno(&self) -> i32 {
        self.fd()
    }

    /// Hands out what arrived. The loop calls it.
    fn collect(slf: &Bound<'_, Self>) -> PyResult<()> {
        let this = slf.get();
        let mut arrived = {
            let mut state = this.lock();
            state.handing_out = true;
            std::mem::take(&mut state.arrived)
        };
        this.arrivals.take(&mut arrived);
        place::handing_out(this.event_loop(slf.py()).map(|event_loop| (event_loop, slf)));
        let mut outcome = Ok(());
        {
            let mut each = arrived.drain(..);
            for (place, landed) in each.by_ref() {
                outcome = Self::hand_out(slf, place, landed, Caller::Loop);
                if outcome.is_err() {
                    break; // Ctrl-C, or the program's end: the others come with the next look
                }
            }
            let mut rest = each.peekable();
            if rest.peek().is_some() {
                this.arrivals.put_back(rest);
            }
        }
        place::handing_out(None);
        {
            let mut state = this.lock();
            state.handing_out = false;
            state.arrived = arrived;
        }
        let sent = Self::send(slf, Caller::Loop);
        logging::hand_over(slf.py());
        outcome.and(sent)
    }

    /// Sends off what this turn of the loop has asked.
    fn flush(slf: &Bound<'_, Self>) -> PyResult<()> {
        slf.get().lock().asked = false;
        Self::send(slf, Caller::Loop)
    }

    /// Who waits.
    fn __len__(&self) -> usize {
        self.lock().waiting.iter().flatten().count()
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        if let Ok(state) = self.state.try_lock() {
            for pending in state.waiting.iter().flatten() {
                visit.call(pending)?;
            }
        }
        if let Some(event_loop) = &self.event_loop {
            visit.call(event_loop)?;
        }
        Ok(())
    }

    fn __clear__(&self) {
        let waiting = match self.state.try_lock() {
            Ok(mut state) => {
                state.free.clear();
                std::mem::take(&mut state.waiting)
            }
            Err(_) => return,
        };
        drop(waiting);
    }
}
