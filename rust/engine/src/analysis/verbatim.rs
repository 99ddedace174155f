//! Analyzers that keep text as it is written: `keyword`, `whitespace`, `path`.
//!
//! **Law**: no case, no folding, no normalisation; each token is a slice of the text, cut after [`MAX_TOKEN`](super::MAX_TOKEN) bytes.

use super::{Analyzer, Token, cut};

/// The whole text is one token; an empty text has none.
pub(super) struct Whole;

impl Analyzer for Whole {
    fn name(&self) -> &str {
        "keyword"
    }

    fn analyze(&self, text: &str, sink: &mut dyn FnMut(Token<'_>)) {
        if !text.is_empty() {
            sink(Token { text: cut(text), position: 0, start: 0, end: text.len() as u32 });
        }
    }
}

/// Tokens stand between characters with the property White_Space.
pub(super) struct Whitespace;

impl Analyzer for Whitespace {
    fn name(&self) -> &str {
        "whitespace"
    }

    fn analyze(&self, text: &str, sink: &mut dyn FnMut(Token<'_>)) {
        let mut position = 0;
        let mut emit = |start: usize, end: usize| {
            if start < end {
                sink(Token { text: cut(&text[start..end]), position, start: start as u32, end: end as u32 });
                position += 1;
            }
        };
        let bytes = text.as_bytes();
        let (mut start, mut at) = (0, 0);
        while let Some(&byte) = bytes.get(at) {
            // ASCII and every lead byte that no white space begins with are decided by the byte alone.
            let width = match byte {
                b'\t'..=b'\r' | b' ' => 1,
                0xc2 | 0xe1 | 0xe2 | 0xe3 => match text[at..].chars().next() {
                    Some(c) if c.is_whitespace() => c.len_utf8(),
                    Some(c) => {
                        at += c.len_utf8();
                        continue;
                    }
                    None => 1,
                },
                _ => {
                    at += 1;
                    continue;
                }
            };
            emit(start, at);
            at += width;
            start = at;
        }
        emit(start, bytes.len());
    }
}

/// Every prefix of a path, all at position 0. A query asks for the path itself only, so it finds what lies at or below it.
pub(super) struct Path;

impl Analyzer for Path {
    fn name(&self) -> &str {
        "path"
    }

    fn analyze(&self, text: &str, sink: &mut dyn FnMut(Token<'_>)) {
        let mut before = None;
        let bytes = text.as_bytes();
        for end in (0..=bytes.len()).filter(|&at| at == bytes.len() || bytes[at] == b'/') {
            // An empty part (a leading, doubled or trailing slash) ends no prefix of its own.
            if end == 0 || bytes[end - 1] == b'/' {
                continue;
            }
            let prefix = cut(&text[..end]);
            if before != Some(prefix.len()) {
                sink(Token { text: prefix, position: 0, start: 0, end: end as u32 });
            }
            before = Some(prefix.len());
        }
    }

    fn analyze_query(&self, text: &str, sink: &mut dyn FnMut(Token<'_>)) {
        let path = text.trim_end_matches('/');
        if !path.is_empty() {
            sink(Token { text: cut(path), position: 0, start: 0, end: path.len() as u32 });
        }
    }
}
