//! For tests: every bound of a search in one segment, held against the truth posting by posting.
//!
//! **In**: what [`super::search_segment`] takes. **Out**: how many bounds were compared; the first that does not hold, as text. **Law**: the
//! truth is computed from frequencies and lengths as the formula says, without tables, codes or blocks.

use std::collections::BTreeMap;

use super::Search;
use super::arena::{Arena, Draft, Worth};
use super::clause::{Clause, MISS, Maxima, contribution};
use super::drive::shift_of;
use super::open::{Drafts, Opener};
use crate::base::Result;
use crate::codec::postings::STRONGEST;
use crate::exec::frequency::PhraseCounter;
use crate::exec::kernels;
use crate::exec::program::{Blend, Leaf, Slot, Source};
use crate::index::SegmentView;

/// How many bounds were compared, or which one fails.
pub type Audit = std::result::Result<u64, String>;

/// A posting as the naive reader sees it.
#[derive(Clone, Copy)]
struct Truth {
    doc: u32,
    index: u32,
    tf: u32,
    norm: u8,
}

macro_rules! holds {
    ($condition:expr, $compared:expr, $($said:tt)+) => {
        $compared += 1;
        if !$condition {
            return Ok(Err(format!($($said)+)));
        }
    };
}

/// Compares the bounds of all lists that a search opens in the `number`th segment.
pub fn audit(search: &Search<'_>, view: &SegmentView, number: usize) -> Result<Audit> {
    let Search { program, shape, tables, interrupt } = *search;
    let (mut arena, mut drafts) = (Arena::default(), Drafts::default());
    let opener = Opener { program, shape, tables, segment: &view.reader, number, interrupt };
    if shape.is_never() || !opener.open(&mut drafts, &mut arena)? {
        return Ok(Ok(0));
    }
    let (shift, kernels) = (shift_of(program), kernels::current());
    for draft in drafts.lists.iter_mut().chain(&mut drafts.excluded) {
        arena.lay_out(draft, shift, kernels)?;
    }
    let mut compared = 0;
    // By leaf, place and document: what the lists of a slot say together.
    let mut together: BTreeMap<(u32, u32), (f64, i64)> = BTreeMap::new();
    for draft in drafts.lists.iter().chain(&drafts.excluded) {
        let (clause, Some(postings)) = (arena.clause(draft)?, draft.postings.clone()) else { continue };
        let Some(Leaf::Slot(slot)) = program.leaves.get(draft.leaf as usize) else { continue };
        let Some(of) = slot.clauses.get(draft.place as usize) else { continue };
        let Some(lengths) = tables.lengths.get(of.field.index()) else { continue };
        let mut list = Vec::new();
        postings.clone().collect_window(0, u32::MAX, &mut |doc, index, tf, norm| list.push(Truth { doc, index, tf, norm }))?;
        match lists(&clause, &list)? {
            Ok(more) => compared += more,
            Err(said) => return Ok(Err(said)),
        }
        if draft.phrase || matches!(draft.worth, Worth::Nothing) {
            continue;
        }
        let mut scores = Vec::new();
        for Truth { doc, index, tf, norm } in list {
            let (added, code) = (lengths[usize::from(norm)], usize::from(clause.codes[index as usize]));
            let bound = i64::from(clause.bound[code]) << shift;
            match slot.blend {
                Blend::Weighted { .. } => {
                    let sums = together.entry((draft.leaf, doc)).or_default();
                    sums.0 += (of.value * f64::from(tf)) / added;
                    sums.1 += bound;
                }
                _ => {
                    let exact = contribution(of.value, f64::from(tf) / (f64::from(tf) + added));
                    holds!(clause.score(index) == exact, compared, "posting {index}: {} for {exact}", clause.score(index));
                    holds!(bound >= i64::from(exact), compared, "posting {index} of code {code}: bound {bound} below {exact}");
                    holds!(clause.mixed[code] || clause.exact[code] == exact, compared, "code {code} is not exactly {exact}");
                    scores.push(exact);
                }
            }
        }
        scores.sort_unstable_by(|a, b| b.cmp(a));
        for (floor, rank) in clause.floors.into_iter().zip(STRONGEST) {
            let there = scores.get(rank as usize - 1).copied().unwrap_or(0);
            holds!(floor <= there, compared, "floor {floor} of rank {rank} over {there}");
        }
    }
    for ((leaf, doc), (frequency, bound)) in together {
        let Some(Leaf::Slot(Slot { blend: Blend::Weighted { k1, value }, .. })) = program.leaves.get(leaf as usize) else { continue };
        let exact = i64::from(contribution(*value, frequency / (frequency + k1)));
        holds!(bound >= exact, compared, "fields of document {doc} together: bound {bound} below {exact}");
    }
    match phrases(search, &arena, &mut drafts, shift)? {
        Ok(more) => Ok(Ok(compared + more)),
        Err(said) => Ok(Err(said)),
    }
}

/// A list as such: where its documents are, and what its blocks and windows say of its codes.
fn lists(clause: &Clause<'_>, list: &[Truth]) -> Result<Audit> {
    let (kernels, mut compared) = (kernels::current(), 0);
    holds!(clause.df as usize == list.len(), compared, "{} postings for {}", clause.df, list.len());
    holds!(clause.bound.is_sorted() && clause.bound[0] == 0, compared, "bounds fall");
    let mut documents = Vec::new();
    clause.each(|index, doc| documents.push((index, doc)));
    holds!(documents.iter().copied().eq(list.iter().map(|truth| (truth.index, truth.doc))), compared, "other documents");
    for &Truth { doc, index, .. } in list {
        let code = clause.codes[index as usize];
        holds!(code <= clause.top, compared, "code {code} over the greatest, {}", clause.top);
        holds!(clause.caps || clause.bound[usize::from(code)] <= clause.ceiling, compared, "code {code} over the ceiling");
        for log2 in [12, 14] {
            let most = clause.window_code(doc >> log2 << log2, log2, kernels);
            holds!(code <= most, compared, "code {code} of document {doc} over that of its window, {most}");
        }
        let block = match clause.maxima {
            Maxima::Whole => clause.top,
            Maxima::ByPosting(codes) => codes[index as usize / 128],
            Maxima::ByDocument { shift, codes } => codes[(doc >> shift) as usize],
        };
        holds!(code <= block, compared, "code {code} of document {doc} over that of its block, {block}");
        let (mut bound, mut found) = ([0], [0, 0]);
        clause.block_bounds(kernels, &[doc], &mut bound);
        holds!(clause.caps || bound[0] >= clause.bound[usize::from(code)], compared, "document {doc}: block bound {}", bound[0]);
        clause.probe(kernels, &[doc, doc.saturating_add(1)], &mut found);
        let next = list.get(index as usize + 1).filter(|next| next.doc == doc + 1).map_or(MISS, |next| next.index);
        holds!(found == [index, next], compared, "document {doc} is posting {found:?}, not {index}, {next}");
    }
    Ok(Ok(compared))
}

/// Phrases: each list that bounds a phrase, or caps it, allows what the phrase scores.
fn phrases<'s>(search: &Search<'s>, arena: &Arena, drafts: &mut Drafts<'s>, shift: u32) -> Result<Audit> {
    let (kernels, mut compared) = (kernels::current(), 0);
    let phrase = |(number, draft): (usize, &Draft<'_>)| draft.phrase.then_some((draft.leaf, draft.place, draft.word, number));
    let mut words: Vec<_> = drafts.lists.iter().enumerate().filter_map(phrase).collect();
    words.sort_unstable();
    for words in words.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
        let Some(Leaf::Slot(slot)) = search.program.leaves.get(words[0].0 as usize) else { continue };
        let of = &slot.clauses[words[0].1 as usize];
        let Source::Phrase { words: placed, slop, .. } = &of.source else { continue };
        let lengths = &search.tables.lengths[of.field.index()];
        let mut first = Vec::new();
        let Some(list) = &drafts.lists[words[0].3].postings else { continue };
        list.clone().collect_window(0, u32::MAX, &mut |doc, _, _, norm| first.push((doc, norm)))?;
        let mut counter = PhraseCounter::default();
        for (doc, norm) in first {
            let mut found = Vec::new();
            for &(.., number) in words {
                let mut posting = [MISS];
                arena.clause(&drafts.lists[number])?.probe(kernels, &[doc], &mut posting);
                found.push((number, posting[0]));
            }
            if found.iter().any(|(_, posting)| *posting == MISS) {
                continue;
            }
            let mut positions = vec![Vec::new(); words.len()];
            for (&(number, posting), positions) in found.iter().zip(&mut positions) {
                if let Some(postings) = &mut drafts.lists[number].postings {
                    postings.positions(posting, positions)?;
                }
            }
            let tf = f64::from(counter.count(placed, &positions, *slop, search.interrupt)?);
            let added = lengths[usize::from(norm)];
            let exact = match slot.blend {
                _ if tf == 0.0 => continue,
                Blend::Weighted { k1, value } => {
                    let frequency = (of.value * tf) / added;
                    contribution(value, frequency / (frequency + k1))
                }
                _ => contribution(of.value, tf / (tf + added)),
            };
            for (number, posting) in found {
                let draft = &drafts.lists[number];
                if matches!(draft.worth, Worth::Nothing) {
                    continue;
                }
                let clause = arena.clause(draft)?;
                let code = clause.codes[posting as usize];
                let bound = i64::from(clause.bound[usize::from(code)]) << shift;
                holds!(bound >= i64::from(exact), compared, "phrase in document {doc}: bound {bound} below {exact}");
                let score = i64::from(clause.score(posting)) << shift;
                holds!(draft.caps || score >= i64::from(exact), compared, "phrase in document {doc}: {score} below {exact}");
            }
        }
    }
    Ok(Ok(compared))
}
