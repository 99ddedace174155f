//! The engine's log lines → Python's `logging`, under `findspot.*`.
//!
//! **In**: lines of the `log` crate, from any thread. **Out**: `logging.getLogger("findspot.<room>").log(…)`. **Law**: no thread of the
//! engine ever waits for the interpreter: lines wait in a bounded queue without locks (so a fork cannot break it; when it is full, lines
//! are dropped) until the next long call, or call of a configuration store, ends, whose thread hands them over.

use std::sync::OnceLock;

use crossbeam_channel::{Receiver, Sender, bounded};
use log::{Level, LevelFilter, Log, Metadata, Record};
use pyo3::prelude::*;

/// A level of Python's, the logger's name, the text.
type Line = (u8, String, String);

struct Queue {
    sender: Sender<Line>,
    lines: Receiver<Line>,
}

static QUEUE: OnceLock<Queue> = OnceLock::new();
static BRIDGE: Bridge = Bridge;

struct Bridge;

impl Log for Bridge {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("findspot")
    }

    fn log(&self, record: &Record<'_>) {
        if let Some(queue) = QUEUE.get()
            && self.enabled(record.metadata())
        {
            let level = match record.level() {
                Level::Error => 40,
                Level::Warn => 30,
                Level::Info => 20,
                Level::Debug | Level::Trace => 10,
            };
            // `findspot_engine::index::writer` speaks as `findspot.index`.
            let room = record.target().split("::").nth(1).unwrap_or("engine");
            // A full queue drops the line: that is the bound.
            let _ = queue.sender.try_send((level, format!("findspot.{room}"), record.args().to_string()));
        }
    }

    fn flush(&self) {}
}

/// Takes the engine's lines from now on. Called when the module is made.
pub(crate) fn start() {
    QUEUE.get_or_init(|| {
        let (sender, lines) = bounded(1024);
        Queue { sender, lines }
    });
    // Another initialisation of this module in the process has set it already.
    if log::set_logger(&BRIDGE).is_ok() {
        log::set_max_level(LevelFilter::Info);
    }
}

/// Hands over what waits.
pub(crate) fn hand_over(py: Python<'_>) {
    let Some(queue) = QUEUE.get() else { return };
    while let Ok((level, name, text)) = queue.lines.try_recv() {
        let said =
            py.import("logging").and_then(|logging| logging.call_method1("getLogger", (name,))?.call_method1("log", (level, "%s", text)));
        if let Err(error) = said {
            error.write_unraisable(py, None);
        }
    }
}
