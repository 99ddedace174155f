//! One job of the pool, and where its result is left.
//!
//! **In**: what is asked, the place of whoever waits. **Out**: [`Landed`] at that place. **Law**: it lands once, whatever happens: done,
//! cancelled or panicked. Nothing here touches Python. A flight that was cancelled before it began does no work.

use std::io::{PipeReader, PipeWriter, Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use findspot_engine::base::Interrupt;
use findspot_pool::{Bell, Job};

use super::ask::{Landed, Work};

/// The place of a waiting task in its inbox.
pub(super) type Place = usize;

/// What arrived and was not looked at, and the pipe that says so.
pub(super) struct Arrivals {
    state: Mutex<State>,
    reader: PipeReader,
    writer: PipeWriter,
}

#[derive(Default)]
struct State {
    landed: Vec<(Place, Landed)>,
    /// Whether a byte is in the pipe. It is written and read under the mutex, so neither ever waits.
    rung: bool,
}

impl Arrivals {
    pub(super) fn new() -> std::io::Result<Arc<Self>> {
        let (reader, writer) = std::io::pipe()?;
        Ok(Arc::new(Self { state: Mutex::default(), reader, writer }))
    }

    pub(super) fn fileno(&self) -> RawFd {
        self.reader.as_raw_fd()
    }

    /// All that arrived; from now on the next arrival rings again.
    pub(super) fn take(&self, into: &mut Vec<(Place, Landed)>) {
        let mut state = self.lock();
        if std::mem::take(&mut state.rung) {
            // A byte is there; without it nothing is lost but a useless look.
            let _ = (&self.reader).read(&mut [0]);
        }
        std::mem::swap(&mut state.landed, into);
    }

    /// Puts back what could not be handed out now, and asks for another look.
    pub(super) fn put_back(&self, rest: impl Iterator<Item = (Place, Landed)>) {
        let mut state = self.lock();
        let later = std::mem::replace(&mut state.landed, rest.collect());
        state.landed.extend(later);
        self.ring_under(&mut state);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ring_under(&self, state: &mut State) {
        if !state.rung && !state.landed.is_empty() {
            state.rung = (&self.writer).write(&[1]).is_ok();
        }
    }
}

impl Bell for Arrivals {
    fn ring(&self) {
        self.ring_under(&mut self.lock());
    }
}

/// A job.
pub(super) struct Flight {
    work: Mutex<Option<Work>>,
    cancelled: Arc<AtomicBool>,
    place: Place,
    arrivals: Arc<Arrivals>,
    bell: Arc<dyn Bell>,
}

impl Flight {
    pub(super) fn new(work: Work, place: Place, arrivals: &Arc<Arrivals>) -> Arc<Self> {
        let bell: Arc<dyn Bell> = Arc::<Arrivals>::clone(arrivals);
        Arc::new(Self { work: Mutex::new(Some(work)), cancelled: Arc::default(), place, arrivals: Arc::clone(arrivals), bell })
    }

    pub(super) fn place(&self) -> Place {
        self.place
    }

    /// Asks the work to stop.
    pub(super) fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }
}

impl Job for Flight {
    fn run(&self) {
        let Some(work) = self.work.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
        let interrupt = Interrupt::new(Some(Arc::clone(&self.cancelled)), None);
        let landed = match interrupt.check() {
            Err(stop) => Landed::Found(Err(stop.into())),
            Ok(()) => match catch_unwind(AssertUnwindSafe(|| work.fly(&interrupt))) {
                Ok(landed) => landed,
                Err(panic) => {
                    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
                    Landed::Panicked(text.unwrap_or("without a message").to_owned())
                }
            },
        };
        self.arrivals.lock().landed.push((self.place, landed));
    }

    fn bell(&self) -> &Arc<dyn Bell> {
        &self.bell
    }
}
