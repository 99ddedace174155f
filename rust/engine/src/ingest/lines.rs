//! JSON lines: one document a line.
//!
//! **Law**: the place of a record is its line number. Blank lines are passed over. Whole lines are marked where they were read, without
//! another copy; only the unfinished one at the end of a block moves to the front of the next. Source: jsonlines.org, RFC 7464 for what
//! is not accepted (record separators).

use std::io::{self, Read};

use super::open::Origin;
use super::{Chunk, RecordSource};
use crate::base::Result;
use crate::schema::MAX_DOCUMENT;

/// How much is read at a time: some 2,000 short documents, small enough that the builders share the work evenly.
const BLOCK: usize = 512 * 1024;
/// A longer line is refused; this much of it is kept so that the parser sees that it is too long.
const LONGEST: usize = MAX_DOCUMENT + 1;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

pub(super) struct Lines<R> {
    reader: R,
    origin: Origin,
    /// The unfinished line at the end of the last block.
    rest: Vec<u8>,
    line: u64,
    /// Inside a line that is already longer than a document may be.
    skipping: bool,
    ended: bool,
}

impl<R: Read + Send> Lines<R> {
    pub(super) fn new(reader: R, origin: Origin) -> Self {
        Self { reader, origin, rest: Vec::new(), line: 0, skipping: false, ended: false }
    }

    /// Reads one block behind the unfinished line and marks the lines that it completes.
    fn fill(&mut self, chunk: &mut Chunk) -> io::Result<()> {
        chunk.bytes.append(&mut self.rest);
        let start = chunk.bytes.len();
        chunk.bytes.resize(start + BLOCK, 0);
        let mut filled = start;
        while filled < chunk.bytes.len() {
            match self.reader.read(&mut chunk.bytes[filled..]) {
                Ok(0) => {
                    self.ended = true;
                    break;
                }
                Ok(n) => filled += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        chunk.bytes.truncate(filled);
        let mut from = 0;
        if self.line == 0 && chunk.bytes.starts_with(BYTE_ORDER_MARK) {
            from = BYTE_ORDER_MARK.len();
        }
        let mut search = start.max(from);
        while let Some(found) = memchr::memchr(b'\n', &chunk.bytes[search..]) {
            let end = search + found;
            self.finish_line(chunk, from, end);
            from = end + 1;
            search = from;
        }
        if self.ended {
            if from < filled {
                self.finish_line(chunk, from, filled);
            }
            return Ok(());
        }
        if self.skipping {
            return Ok(());
        }
        if filled - from > LONGEST {
            self.finish_line(chunk, from, from + LONGEST);
            self.line -= 1; // its end is still to come
            self.skipping = true;
            return Ok(());
        }
        self.rest.extend_from_slice(&chunk.bytes[from..]);
        Ok(())
    }

    fn finish_line(&mut self, chunk: &mut Chunk, from: usize, end: usize) {
        self.line += 1;
        if std::mem::take(&mut self.skipping) {
            return;
        }
        let line = &chunk.bytes[from..end];
        let leading = line.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let trailing = line[leading..].iter().rev().take_while(|byte| byte.is_ascii_whitespace()).count();
        if leading + trailing < line.len() {
            chunk.mark(from + leading..end - trailing, self.line);
        }
    }
}

impl<R: Read + Send> RecordSource for Lines<R> {
    fn next(&mut self, chunk: &mut Chunk) -> Result<bool> {
        chunk.clear();
        while chunk.is_empty() && !self.ended {
            chunk.clear(); // what a block without a whole line left is in `rest`
            self.fill(chunk).map_err(|e| self.origin.damaged(self.line + 1, &e))?;
        }
        Ok(!chunk.is_empty())
    }

    fn name(&self) -> Option<&str> {
        self.origin.name()
    }

    fn progress(&self) -> Option<(u64, u64)> {
        self.origin.progress()
    }
}
