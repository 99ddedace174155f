//! The best of a view by score, without looking at what cannot win.
//!
//! **In**: what is sought. **Out**: the hits, in order. **Law**: the same hits as by looking at everything. The largest
//! segment comes first, and the threshold goes with the query from segment to segment. Buffers are a thread's own.

use std::cell::RefCell;

use smallvec::SmallVec;

use super::gather::{Executor, Gathered, Hit, Relation, Segment, Sought};
use crate::base::{DocId, Error, Interrupt, Result, SeqNo};
use crate::exec::pruned::{Best, Outcome, Search, Work, search_nested, search_segment};
use crate::index::Snapshot;

thread_local! {
    static BEST: RefCell<Option<Best>> = const { RefCell::new(None) };
}

/// The best `hits` documents.
pub(super) fn ranked(sought: Sought<'_>, snapshot: &Snapshot, hits: usize, interrupt: &Interrupt) -> Result<Gathered> {
    let mut best = BEST.try_with(|slot| slot.try_borrow_mut().ok().and_then(|mut slot| slot.take())).ok().flatten().unwrap_or_default();
    let gathered = into(&mut best, sought, snapshot, hits, interrupt);
    best.release();
    let _ = BEST.try_with(|slot| slot.try_borrow_mut().map(|mut slot| *slot = Some(best)));
    gathered
}

fn into(best: &mut Best, sought: Sought<'_>, snapshot: &Snapshot, hits: usize, interrupt: &Interrupt) -> Result<Gathered> {
    let Sought { program, tables, .. } = sought;
    let (mut work, mut partial) = (Work::default(), false);
    best.reset(hits.min(usize::try_from(snapshot.live_count()).unwrap_or(usize::MAX)));
    let mut order: SmallVec<[usize; 16]> = (0..snapshot.segments.len()).collect();
    order.sort_by_key(|&number| snapshot.segments.get(number).map(|view| std::cmp::Reverse(view.reader.doc_count())));
    for number in order {
        let Some(view) = snapshot.segments.get(number).filter(|view| view.live_docs > 0) else { continue };
        let outcome = (|| {
            let filter = sought.filter.map(|filter| filter(number)).transpose()?;
            let segment = Segment { sought, view, number, filter: filter.as_deref(), interrupt };
            best.enter(number, view, sought.boosting, interrupt)?;
            if let Some(shape) = sought.shape.filter(|shape| shape.is_led_by_scores(program)) {
                let search = Search { shape, program, tables, interrupt };
                if search_segment(&search, view, number, segment.masks(), best, &mut work)? == Outcome::Done {
                    return Ok(true);
                }
            }
            search_nested(program, tables, view, number, segment.masks(), interrupt, best, &mut work).map(|()| true)
        })();
        match outcome {
            Ok(true) => {}
            Ok(false) | Err(Error::Timeout { .. }) => {
                partial = true;
                break;
            }
            Err(error) => return Err(error),
        }
    }
    let hit =
        |row: &crate::exec::pruned::Row| Hit { segment: row.segment as usize, doc: DocId(row.doc), seq: SeqNo(row.seq), score: row.score };
    let hits = best.finish().iter().map(hit).collect();
    Ok(Gathered { hits, total: None, relation: Relation::Gte, partial, executor: Executor::Pruned, work })
}
