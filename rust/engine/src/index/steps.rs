//! Named steps of writing, at which a test may stop the world.
//!
//! **In**: a hook from outside (a test; the binding, when its environment asks for it). **Out**: calls of the hook. **Law**: the hook is
//! called just before a step takes effect; without one a step costs a branch. An error that the hook returns is the step's error.

use std::sync::Arc;

use crate::base::Result;
use crate::storage::ObjectWriter;

/// What is about to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// Bytes of a segment are written.
    Segment,
    /// A segment or live object is made durable.
    Fsync,
    /// A manifest is created.
    Manifest,
    /// A merge begins, or its result is about to be committed.
    Merge,
    /// An object is about to be deleted.
    Gc,
}

impl Step {
    /// All steps.
    pub const ALL: [Self; 5] = [Self::Segment, Self::Fsync, Self::Manifest, Self::Merge, Self::Gc];

    /// The step's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Segment => "segment",
            Self::Fsync => "fsync",
            Self::Manifest => "manifest",
            Self::Merge => "merge",
            Self::Gc => "gc",
        }
    }
}

/// The hook.
pub trait Steps: Send + Sync {
    /// Called before `step`; may sleep, abort the process, or fail.
    ///
    /// # Errors
    /// Whatever the step shall fail with.
    fn before(&self, step: Step) -> Result<()>;
}

/// The hook, if there is one.
#[derive(Clone, Default)]
pub struct StepHook(Option<Arc<dyn Steps>>);

impl StepHook {
    /// Calls `hook` before each step.
    #[must_use]
    pub fn new(hook: Option<Arc<dyn Steps>>) -> Self {
        Self(hook)
    }

    /// Announces a step.
    ///
    /// # Errors
    /// Those of the hook.
    #[inline]
    pub fn before(&self, step: Step) -> Result<()> {
        self.0.as_ref().map_or(Ok(()), |hook| hook.before(step))
    }

    /// An object writer that announces its writes and its end.
    #[must_use]
    pub fn watch(&self, object: Box<dyn ObjectWriter>) -> Box<dyn ObjectWriter> {
        match &self.0 {
            None => object,
            Some(_) => Box::new(Watched { object, steps: self.clone() }),
        }
    }
}

struct Watched {
    object: Box<dyn ObjectWriter>,
    steps: StepHook,
}

impl ObjectWriter for Watched {
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.steps.before(Step::Segment)?;
        self.object.write(bytes)
    }

    fn position(&self) -> u64 {
        self.object.position()
    }

    fn finish(self: Box<Self>) -> Result<()> {
        self.steps.before(Step::Fsync)?;
        self.object.finish()
    }
}
