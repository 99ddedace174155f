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
    landed: Mutex<Vec<(Place, Landed)>>,
    /// Whether a byte is in the pipe, or about to be.
    rung: AtomicBool,
    reader: PipeReader,
    writer: PipeWriter,
}

impl Arrivals {
    pub(super) fn new() -> std::io::Result<Arc<Self>> {
        let (reader, writer) = std::io::pipe()?;
        Ok(Arc::new(Self { landed: Mutex::default(), rung: AtomicBool::new(false), reader, writer }))
    }

    pub(super) fn fileno(&self) -> RawFd {
        self.reader.as_raw_fd()
    }

    /// All that arrived; from now on the next arrival rings again.
    pub(super) fn take(&self, into: &mut Vec<(Place, Landed)>) {
        if self.rung.load(Ordering::Acquire) {
            // The byte is there or on its way; without it nothing is lost but a useless look.
            let _ = (&self.reader).read(&mut [0]);
            self.rung.store(false, Ordering::Release);
        }
        std::mem::swap(&mut *self.lock(), into);
    }

    /// Puts back what could not be handed out now, and asks for another look.
    pub(super) fn put_back(&self, rest: impl Iterator<Item = (Place, Landed)>) {
        {
            let mut landed = self.lock();
            let later = std::mem::replace(&mut *landed, rest.collect());
            landed.extend(later);
        }
        self.ring();
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(Place, Landed)>> {
        self.landed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Bell for Arrivals {
    fn ring(&self) {
        // One byte at a time is in the pipe, so writing never waits.
        if !self.rung.swap(true, Ordering::AcqRel) {
            let _ = (&self.writer).write(&[1]);
        }
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
        self.arrivals.lock().push((self.place, landed));
    }

    fn bell(&self) -> &Arc<dyn Bell> {
        &self.bell
    }
}
