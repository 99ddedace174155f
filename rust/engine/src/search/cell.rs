//! The published view of one handle.
//!
//! **In**: snapshots from the writer, configurations from their store. **Out**: views. **Law**: the next view is the current configuration
//! over the next snapshot, or the next configuration over the current snapshot, made inside the publisher's turn; so a view is always a pair
//! that was published. Readers take no lock. An older configuration never follows a newer one.

use std::sync::Arc;

use findspot_publish::{Cell, Guard};

use super::failpoints::reached;
use super::view::View;
use crate::base::Result;
use crate::index::{Snapshot, SnapshotCell};

/// The cell of views, as the writer sees it.
pub(super) struct ViewCell(Cell<View>);

impl ViewCell {
    pub fn new(view: View) -> Self {
        Self(Cell::new(view))
    }

    /// The newest view, to keep.
    pub fn view(&self) -> Arc<View> {
        self.0.load_full()
    }

    /// The newest view, for the length of a request.
    pub fn load(&self) -> Guard<Arc<View>> {
        self.0.load()
    }

    /// Publishes a configuration that was made ready over a snapshot: over the newest one, if that is another by now.
    pub fn configure(&self, ready: View) -> Result<()> {
        self.0
            .publish(|current| {
                if ready.config_version() < current.config_version() {
                    return Ok(None);
                }
                if Arc::ptr_eq(current.snapshot(), ready.snapshot()) {
                    return Ok(Some(ready));
                }
                ready.over(Arc::clone(current.snapshot())).map(Some)
            })
            .map(|_| ())
    }

    /// Lets go of all segments: who has a view keeps it.
    pub fn empty(&self) -> Result<()> {
        self.publish(&mut |snapshot| Ok(Some(snapshot.emptied())))
    }
}

impl SnapshotCell for ViewCell {
    fn load(&self) -> Arc<Snapshot> {
        Arc::clone(self.0.load().snapshot())
    }

    fn publish(&self, next: &mut dyn FnMut(&Snapshot) -> Result<Option<Snapshot>>) -> Result<()> {
        reached("snapshot");
        self.0.publish(|view| next(view.snapshot())?.map(|snapshot| view.with_snapshot(snapshot)).transpose()).map(|_| ())
    }
}
