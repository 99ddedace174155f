//! `standard` and the language analyzers: words, lower case, stemmer, folding; bigrams for scripts without spaces.
//!
//! **In**: a text. **Out**: tokens. **Law**: runs of Han, kana, Hangul and Thai are cut out first; each stretch between them is segmented
//! on its own ([`words`](super::words)). "Lower case" is: invisible format characters are dropped, the curly apostrophe U+2019 is the
//! straight one, simple lower case of Unicode (for Turkish `I` is `ı`), NFC. So composed and decomposed input, and both apostrophes,
//! give equal tokens. A word that a stemmer reduces to nothing leaves its position empty.
//!
//! Words of ASCII take a short way: what is lower case already is passed on as a slice of the text. Buffers live with the thread.

use std::cell::Cell;

use frostem::Stemmer;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use super::bigrams::{self, Unit};
use super::fold::fold;
use super::letters::Letters;
use super::stem::{Language, Stems};
use super::words::{Word, Words};
use super::{Analyzer, MAX_TOKEN, Token, cut, prefix, script};

/// Longest part of a word that is looked at: enough for [`MAX_TOKEN`] bytes of it after normalisation.
const MAX_WORD: usize = 4 * MAX_TOKEN;

/// For whom the tokens are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Index,
    Query,
}

/// The general analyzer, with or without a stemmer.
pub(super) struct Standard {
    name: &'static str,
    /// With the number of its language.
    stemmer: Option<(u8, Stemmer)>,
    letters: &'static Letters,
    dotless_i: bool,
}

/// Buffers that a call needs; each thread keeps one set.
#[derive(Default)]
struct Scratch {
    lower: String,
    composed: String,
    folded: String,
    units: Vec<Unit>,
    stems: Stems,
}

thread_local! {
    static SCRATCH: Cell<Option<Box<Scratch>>> = const { Cell::new(None) };
}

impl Standard {
    pub(super) fn new(language: Option<Language>) -> Self {
        Self {
            name: language.map_or("standard", Language::name),
            stemmer: language.map(|language| (language.number(), language.stemmer())),
            letters: Letters::table(),
            dotless_i: language.is_some_and(Language::dotless_i),
        }
    }

    fn run(&self, text: &str, mode: Mode, sink: &mut dyn FnMut(Token<'_>)) {
        // Taken, not borrowed: a sink may analyse something itself.
        let mut scratch = SCRATCH.take().unwrap_or_default();
        let mut position = 0;
        if text.is_ascii() {
            self.stretch(text, (0, text.len()), &mut position, &mut scratch, sink);
        } else {
            let mut at = 0;
            while at < text.len() {
                let Some((start, run)) = bigrams::next_run(text, at) else {
                    self.stretch(text, (at, text.len()), &mut position, &mut scratch, sink);
                    break;
                };
                self.stretch(text, (at, start), &mut position, &mut scratch, sink);
                at = bigrams::end_of_run(text, start, run);
                let Scratch { units, lower, .. } = &mut *scratch;
                position = bigrams::emit(text, (start, at), mode, position, units, lower, sink);
            }
        }
        SCRATCH.set(Some(scratch));
    }

    /// The words of `text[from..to]`.
    fn stretch(&self, text: &str, (from, to): (usize, usize), position: &mut u32, scratch: &mut Scratch, sink: &mut dyn FnMut(Token<'_>)) {
        let stretch = &text[from..to];
        for word in Words::new(stretch) {
            let term = self.term(&stretch[word.start..word.end], word, scratch);
            if !term.is_empty() {
                sink(Token { text: term, position: *position, start: (from + word.start) as u32, end: (from + word.end) as u32 });
            }
            *position += 1;
        }
    }

    #[inline]
    fn term<'a>(&self, text: &'a str, word: Word, scratch: &'a mut Scratch) -> &'a str {
        let Scratch { lower, composed, folded, stems, .. } = scratch;
        let lower: &str = if !word.cased {
            cut(text)
        } else if word.ascii && !self.dotless_i {
            lower.clear();
            lower.push_str(cut(text));
            lower.make_ascii_lowercase();
            lower
        } else if !self.dotless_i && text.len() <= MAX_TOKEN && self.letters.lower(text, lower) {
            lower
        } else {
            lower_case(text, self.dotless_i, lower, composed)
        };
        let Some((language, stemmer)) = &self.stemmer else {
            return if word.ascii { lower } else { self.folded(lower, folded) };
        };
        if let Some(place) = stems.find(*language, lower) {
            return stems.term(place);
        }
        let stem = stemmer.stem(lower);
        let term = self.folded(&stem, folded);
        stems.set(*language, lower, term);
        term
    }

    fn folded<'a>(&self, word: &str, out: &'a mut String) -> &'a str {
        if !self.letters.fold(word, out) {
            out.clear();
            fold(word, out);
        }
        cut(out)
    }
}

impl Analyzer for Standard {
    fn name(&self) -> &str {
        self.name
    }

    fn analyze(&self, text: &str, sink: &mut dyn FnMut(Token<'_>)) {
        self.run(text, Mode::Index, sink);
    }

    fn analyze_query(&self, text: &str, sink: &mut dyn FnMut(Token<'_>)) {
        self.run(text, Mode::Query, sink);
    }
}

/// Lower case, then NFC, cut to the length of a token.
pub(super) fn lower_case<'a>(word: &str, dotless_i: bool, lower: &'a mut String, composed: &'a mut String) -> &'a str {
    lower.clear();
    let word = prefix(word, MAX_WORD);
    let mut dotted = false; // a capital I with its dot as a mark of its own, which is the i of Turkish
    for (at, c) in word.char_indices() {
        match c {
            'A'..='Z' if dotless_i && c == 'I' => {
                dotted = word[at + 1..].starts_with('\u{307}');
                lower.push(if dotted { 'i' } else { 'ı' });
            }
            '\u{307}' if std::mem::take(&mut dotted) => {}
            'İ' if dotless_i => lower.push('i'),
            '\u{2019}' | '\u{ff07}' => lower.push('\''),
            _ if c.is_ascii() => lower.push(c.to_ascii_lowercase()),
            _ if script::is_invisible(c) => {}
            _ => lower.extend(c.to_lowercase()),
        }
    }
    if is_nfc_quick(lower.chars()) == IsNormalized::Yes {
        return cut(lower);
    }
    composed.clear();
    composed.extend(lower.nfc());
    cut(composed)
}
