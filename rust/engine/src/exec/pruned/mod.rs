//! Executors that look only at what can still win.
pub mod best;
