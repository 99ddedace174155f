//! How many documents of a view match, without looking at their scores.
//!
//! **In**: what is sought, with its shape. **Out**: the total. **Law**: as by looking at everything; where more than a certain number say no
//! more, the work ends there.

use super::gather::{Counter, Executor, Gathered, Segment, Sought, Wanted};
use crate::base::{Error, Interrupt, Result};
use crate::exec::pruned::{Search, Shape, Work, count_segment};
use crate::index::Snapshot;

/// Counts what matches.
pub(super) fn counted(
    sought: Sought<'_>,
    shape: &Shape,
    snapshot: &Snapshot,
    wanted: Wanted<'_>,
    interrupt: &Interrupt,
) -> Result<Gathered> {
    let search = Search { program: sought.program, shape, tables: sought.tables, interrupt };
    let (mut work, mut counter, mut partial) = (Work::default(), Counter::new(wanted.count, None), false);
    for (number, view) in snapshot.segments.iter().enumerate().filter(|(_, view)| view.live_docs > 0) {
        if counter.is_settled() {
            break;
        }
        let counted = (|| {
            let filter = sought.filter.map(|filter| filter(number)).transpose()?;
            let segment = Segment { sought, view, number, filter: filter.as_deref(), interrupt };
            count_segment(&search, view, number, segment.masks(), counter.enough(), &mut work)
        })();
        match counted {
            Ok(counted) => counter.seen += counted,
            Err(Error::Timeout { .. }) => {
                partial = true;
                break;
            }
            Err(error) => return Err(error),
        }
    }
    let (total, relation) = counter.total(partial);
    Ok(Gathered { hits: Vec::new(), total, relation, partial, executor: Executor::Counted, work })
}
