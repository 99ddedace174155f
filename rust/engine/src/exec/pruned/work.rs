//! What a query did: counters, so that tests see which ways were taken and benches say where time goes.
//!
//! **Law**: counting costs an addition a batch, a block or a window, never one a posting.

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Counters of one search.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Work {
            $($(#[$doc])* pub $name: u64,)*
        }

        impl Work {
            /// All counters with their names.
            pub fn named(&self) -> impl Iterator<Item = (&'static str, u64)> {
                [$((stringify!($name), self.$name),)*].into_iter()
            }

            /// Adds those of another search.
            pub fn add(&mut self, other: &Self) {
                $(self.$name += other.$name;)*
            }
        }
    };
}

impl Work {
    /// Postings that were looked at or scored, and probes: what a search cost, without a clock.
    #[must_use]
    pub fn cost(&self) -> u64 {
        self.summed + self.filtered + self.rescored + self.probed + self.verified + self.positions + self.pushed
    }
}

counters! {
    /// Lists led alone, by the codes of their blocks.
    single_lists,
    /// Small groups merged as lists.
    merged_groups,
    /// Groups summed in windows of 4096 documents.
    dense_groups,
    /// Groups summed in wide windows.
    wide_groups,
    /// Lists led together with the bitmaps of others that must match.
    conjunctions,
    /// Lists that marked the places of their documents for a lot of another's postings.
    marked,
    /// Windows in which what all bitmaps have was gone through.
    windows_met,
    /// Segments led by the few documents that may be found.
    led_by_masks,
    /// Segments whose lists together could not win, which were not laid out.
    segments_skipped,
    /// Groups or lists that could not win any more.
    groups_skipped,
    /// Windows of 4096 documents summed whole.
    windows,
    /// Wide ones.
    windows_wide,
    /// Windows summed in bytes.
    windows_coarse,
    /// Of them, those of 16,384 documents.
    windows_coarse_wide,
    /// Documents that such sums could not rule out.
    coarse_found,
    /// Windows in which a single list could lead.
    windows_filtered,
    /// Windows that could not win.
    windows_skipped,
    /// Blocks whose codes were looked at.
    blocks,
    /// Blocks whose greatest code could not win.
    blocks_skipped,
    /// Codes compared with the least that could win.
    filtered,
    /// Postings whose contributions were summed.
    summed,
    /// Documents that passed all bounds with sums that were not exact, and were scored exactly.
    rescored,
    /// Documents with a partial score.
    candidates,
    /// Batches looked up without bounds: any score would have done.
    unbounded,
    /// Lookups of a document in a list.
    probed,
    /// Documents scored once more, leaf by leaf.
    verified,
    /// Documents whose positions were read.
    positions,
    /// Exact scores handed over.
    pushed,
    /// Thresholds known before any document.
    floors,
    /// Thresholds tried before any document.
    guesses,
    /// Of those, the ones that too few hits reached.
    guesses_missed,
    /// Segments run without pruning because that is cheaper.
    exhaustive,
    /// Segments counted by the lengths of their lists.
    counted_by_length,
    /// Segments counted by two bitmaps.
    counted_by_kernel,
    /// Segments counted by the postings of the rarest list.
    counted_by_lots,
    /// Segments counted by the documents that each list adds.
    counted_as_new,
    /// Regions counted as bits.
    counted_as_bits,
    /// Regions counted by their few documents.
    counted_as_numbers,
    /// Phrases of two words whose bigram is all that was looked at.
    bigrams,
    /// Bigrams of longer phrases, whose documents have the words already.
    bigrams_within,
}
