//! Buffers that queries of one thread use one after the other.
//!
//! **In**: requests for windows and planes. **Out**: clean ones. **Law**: nothing is allocated in a window once a thread is warm; what a
//! deep query needed beyond the usual is given back at its end; every window handed out is empty and every plane all zeros.

use std::cell::RefCell;

use super::window::{PLACES, Window};

/// Windows that a thread keeps: 33 KB each.
const KEPT: usize = 8;

/// Windows, and one plane of each kind.
#[derive(Default)]
pub(super) struct Scratch {
    /// The stack of the program.
    pub stack: Vec<Window>,
    free: Vec<Window>,
    /// Planes for slots.
    pub planes: Planes,
    /// Open counts, innermost last.
    pub tallies: Vec<Vec<u16>>,
    /// Counts that may be used again.
    pub spare_tallies: Vec<Vec<u16>>,
}

/// Numbers a place, all zero between uses.
#[derive(Default)]
pub(super) struct Planes {
    sums: Vec<i64>,
    weighted: Vec<f64>,
}

impl Planes {
    /// Sums of scores.
    pub fn sums(&mut self) -> &mut [i64] {
        self.sums.resize(PLACES, 0);
        &mut self.sums
    }

    /// Sums of weighted frequencies.
    pub fn weighted(&mut self) -> &mut [f64] {
        self.weighted.resize(PLACES, 0.0);
        &mut self.weighted
    }
}

thread_local! {
    static SCRATCH: RefCell<Option<Box<Scratch>>> = const { RefCell::new(None) };
}

impl Scratch {
    /// This thread's, or a fresh one when it is in use.
    pub fn take() -> Box<Self> {
        SCRATCH.try_with(|slot| slot.try_borrow_mut().ok().and_then(|mut slot| slot.take())).ok().flatten().unwrap_or_default()
    }

    /// Gives it back for the next query. Not called after an error: planes may then hold numbers.
    pub fn give_back(mut self: Box<Self>) {
        while let Some(window) = self.stack.pop() {
            self.recycle(window);
        }
        self.free.truncate(KEPT);
        self.free.shrink_to(KEPT);
        self.tallies.clear();
        self.spare_tallies.truncate(KEPT);
        // At the end of a thread there is no slot any more: then it is simply freed.
        let _ = SCRATCH.try_with(|slot| slot.try_borrow_mut().map(|mut slot| *slot = Some(self)));
    }

    /// An empty window.
    pub fn window(&mut self) -> Window {
        self.free.pop().unwrap_or_default()
    }

    /// A count of zeros.
    pub fn tally(&mut self) -> Vec<u16> {
        let mut tally = self.spare_tallies.pop().unwrap_or_default();
        tally.clear();
        tally.resize(PLACES, 0);
        tally
    }

    /// Takes a window back.
    pub fn recycle(&mut self, mut window: Window) {
        window.clear();
        self.free.push(window);
    }
}
