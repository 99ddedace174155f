//! JSON documents that do not stand one to a line: an array of them, or one after the other, however they are laid out.
//!
//! **Law**: the place of a record is its number. A value is found by counting brackets outside strings, one byte at a time and without
//! recursion; whether it is JSON at all is the parser's business. White space and commas between values are passed over; anything else
//! there is a record of its own, so that it is refused with its number instead of being lost. Source: RFC 8259.

use std::io::{self, Read};

use super::open::Origin;
use super::{Chunk, RecordSource};
use crate::base::Result;
use crate::schema::MAX_DOCUMENT;

const BLOCK: usize = 256 * 1024;
const LONGEST: usize = MAX_DOCUMENT + 1;

/// Where the scanner stands.
#[derive(Clone, Copy, PartialEq)]
enum At {
    /// Between values.
    Between,
    /// In an object or array, this many brackets deep.
    Nested(usize),
    /// In a string inside that many brackets.
    Text(usize),
    /// Behind a backslash in such a string.
    Escape(usize),
    /// In something that is neither object nor array, up to a comma, bracket or white space.
    Bare,
}

pub(super) struct Values<R> {
    reader: R,
    origin: Origin,
    block: Box<[u8]>,
    next: usize,
    filled: usize,
    at: At,
    /// Whether the outer array was opened, and whether it was closed.
    array: bool,
    closed: bool,
    value: Vec<u8>,
    number: u64,
    started: bool,
    ended: bool,
}

impl<R: Read + Send> Values<R> {
    pub(super) fn new(reader: R, origin: Origin) -> Self {
        Self {
            reader,
            origin,
            block: vec![0; BLOCK].into(),
            next: 0,
            filled: 0,
            at: At::Between,
            array: false,
            closed: false,
            value: Vec::new(),
            number: 0,
            started: false,
            ended: false,
        }
    }

    fn read_block(&mut self) -> io::Result<()> {
        self.next = 0;
        self.filled = loop {
            match self.reader.read(&mut self.block) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        self.ended = self.filled == 0;
        Ok(())
    }

    fn keep(&mut self, byte: u8) {
        if self.value.len() < LONGEST {
            self.value.push(byte);
        }
    }

    fn finish(&mut self, chunk: &mut Chunk) {
        self.number += 1;
        chunk.push(&self.value, self.number);
        self.value.clear();
        self.at = At::Between;
    }

    fn step(&mut self, byte: u8, chunk: &mut Chunk) {
        match self.at {
            At::Between => match byte {
                b' ' | b'\t' | b'\r' | b'\n' | b',' | 0xef | 0xbb | 0xbf if !matches!(byte, 0xef | 0xbb | 0xbf) || !self.started => {}
                b'[' if !self.started => {
                    self.array = true;
                    self.started = true;
                }
                b']' if self.array && !self.closed => self.closed = true,
                _ => {
                    self.started = true;
                    self.keep(byte);
                    self.at = if matches!(byte, b'{' | b'[') { At::Nested(1) } else { At::Bare };
                }
            },
            At::Nested(depth) => {
                self.keep(byte);
                match byte {
                    b'"' => self.at = At::Text(depth),
                    b'{' | b'[' => self.at = At::Nested(depth + 1),
                    b'}' | b']' if depth == 1 => self.finish(chunk),
                    b'}' | b']' => self.at = At::Nested(depth - 1),
                    _ => {}
                }
            }
            At::Text(depth) => {
                self.keep(byte);
                match byte {
                    b'"' => self.at = At::Nested(depth),
                    b'\\' => self.at = At::Escape(depth),
                    _ => {}
                }
            }
            At::Escape(depth) => {
                self.keep(byte);
                self.at = At::Text(depth);
            }
            At::Bare => match byte {
                b' ' | b'\t' | b'\r' | b'\n' | b',' => self.finish(chunk),
                b']' if self.array => {
                    self.finish(chunk);
                    self.closed = true;
                }
                _ => self.keep(byte),
            },
        }
    }
}

impl<R: Read + Send> RecordSource for Values<R> {
    fn next(&mut self, chunk: &mut Chunk) -> Result<bool> {
        chunk.clear();
        while chunk.bytes.len() < BLOCK && !self.ended {
            if self.next == self.filled {
                self.read_block().map_err(|e| self.origin.damaged(self.number + 1, &e))?;
            }
            while self.next < self.filled && chunk.bytes.len() < BLOCK {
                let byte = self.block[self.next];
                self.next += 1;
                self.step(byte, chunk);
            }
        }
        if self.ended && self.at != At::Between {
            self.finish(chunk); // an unfinished value: the parser says what is missing
        }
        if self.ended && self.array && !self.closed {
            return Err(self.origin.cut_off(self.number + 1, "an array that ends with ]", "the end of the file"));
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
