//! The query string: what people type becomes a query tree.
//!
//! **In**: text, a schema. **Out**: [`Parsed`]: a [`Query`] with warnings. **Law**: lenient reading takes any text, strict refuses the first
//! thing that lenient warns of; work is linear in the text and stops at the clause limit; no recursion; parentheses nest at most
//! [`MAX_NESTING`] deep (deeper ones are as if not written).
//!
//! **Meaning**. Words side by side are a sequence ([`Query::Group`]): `+a` must match, `-a` and `NOT a` must not, the others count as the
//! configured operator says. `AND` and `OR` join their two neighbours into one member of the sequence, `AND` tighter than `OR`:
//! `a b AND c d OR e` is `a (b AND c) (d OR e)`. Neighbouring plain words are one text, so that they are analysed together. A word that
//! must or must not be there is so as a whole, even where analysis splits it (`-well-known`). Two negations cancel.
//!
//! | what | lenient |
//! |---|---|
//! | blank | every document, score 0 |
//! | `(`, `)`, `"` without partner | ignored |
//! | `AND`, `OR` without neighbour, `NOT` before nothing | a word |
//! | `x:` that is no field | text |
//! | a literal that does not fit its field | matches nothing |
//! | the end of a text that is too long, clauses beyond the limit | not searched |
//!
//! Source: the syntax is Lucene's classic query parser where it can be; the precedence is that of web search engines.

use smallvec::SmallVec;

use super::ast::{MAX_CLAUSES, MAX_TEXT, Match, Occur, Query};
use super::field_leaf::{field_leaf, text_leaf};
use super::lexer::{Atom, Flag, Lexeme, Lexer, separates};
use super::position::start_of;
use super::sequence::{Joint, Member, Sequence, splits};
use super::warnings::{ParseMode, Problems, Warning};
use crate::base::Result;
use crate::schema::Schema;

/// Most parentheses inside each other: each makes at most five levels of the tree (sequence, or, and, not, boost).
pub const MAX_NESTING: usize = 24;

/// How to read a query string.
#[derive(Clone, Copy, Debug)]
pub struct ParseOptions {
    /// Lenient or strict.
    pub mode: ParseMode,
    /// Most words, phrases, ranges… of one text.
    pub max_clauses: usize,
}

impl Default for ParseOptions {
    fn default() -> Self {
        Self { mode: ParseMode::Lenient, max_clauses: MAX_CLAUSES }
    }
}

/// A query string as it was understood.
#[derive(Clone, Debug, PartialEq)]
pub struct Parsed {
    /// The tree.
    pub query: Query,
    /// What was not taken as written.
    pub warnings: Vec<Warning>,
}

impl Parsed {
    /// The wire form: `{"query": …, "warnings": [{"position": 3, "message": "…", "hint": "…"}]}`.
    ///
    /// # Errors
    /// Only a defect of findspot.
    pub fn to_json(&self) -> Result<String> {
        let warnings = serde_json::to_string(&self.warnings).map_err(|_| crate::base::Error::Defect("warnings without a JSON form"))?;
        Ok(format!("{{\"query\":{},\"warnings\":{warnings}}}", self.query.to_json()?))
    }
}

/// Reads a query string.
///
/// # Errors
/// Strict: [`crate::Error::Query`](crate::base::Error::Query) with the character, what is wrong, and a hint. Lenient: none.
///
/// # Examples
/// ```
/// use findspot_engine::query::{ParseMode, ParseOptions, parse};
/// use findspot_engine::schema::Schema;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let schema: Schema = serde_json::from_str(
///     r#"{"key": "id", "fields": [{"name": "title", "type": "text", "analyzer": "english"}, {"name": "year", "type": "integer"}]}"#,
/// )?;
/// let parsed = parse("gold coin -title:bridge year:>=1700 \"old", &schema, &ParseOptions::default())?;
/// assert_eq!(parsed.warnings[0].to_string(), r#"position 36: a quote that is not closed (close it with ", or write \" for a quote)"#);
/// let strict = ParseOptions { mode: ParseMode::Strict, ..ParseOptions::default() };
/// assert!(parse("titel:gold", &schema, &strict).is_err_and(|error| error.to_string().contains("did you mean \"title\"?")));
/// # Ok(())
/// # }
/// ```
pub fn parse(text: &str, schema: &Schema, options: &ParseOptions) -> Result<Parsed> {
    if let Some(query) = plain_words(text, options.max_clauses).or_else(|| signed_words(text, options.max_clauses)) {
        return Ok(Parsed { query, warnings: Vec::new() });
    }
    parse_all(text, schema, options)
}

/// The reader below on the texts that most queries are, words without any sign: one text, in which single spaces separate the words.
/// `None`: there may be a sign, or nothing at all.
pub(super) fn plain_words(text: &str, max_clauses: usize) -> Option<Query> {
    if text.len() > MAX_TEXT || text.len().div_ceil(2) > max_clauses {
        return None;
    }
    // Whether a word would begin here; whether there is more than a space between words.
    let (mut begin, mut gaps) = (true, false);
    for c in text.chars() {
        begin = match c {
            ' ' => {
                gaps |= begin;
                true
            }
            ':' | '"' | '(' | ')' | '\\' | '^' | '~' | '*' => return None,
            '+' | '-' if begin => return None,
            c if separates(c) => return None,
            _ => false,
        };
    }
    let words = || text.split(' ').filter(|word| !word.is_empty());
    if words().any(|word| matches!(word, "AND" | "OR" | "NOT")) {
        return None;
    }
    match gaps || begin {
        false => Some(Query::words(text)),
        true if words().next().is_none() => None,
        true => Some(Query::words(words().collect::<Vec<_>>().join(" "))),
    }
}

/// The same for words of which some have to be there or must not be: letters and digits of ASCII, each word with at most one sign.
pub(super) fn signed_words(text: &str, max_clauses: usize) -> Option<Query> {
    let is_simple = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b' ' | b'+' | b'-');
    if text.len() > MAX_TEXT || !text.bytes().all(is_simple) {
        return None;
    }
    let (mut clauses, mut words) = (SmallVec::<[(Occur, Query); 4]>::new(), 0);
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let (occur, word) = match word.as_bytes() {
            [b'+', ..] => (Occur::Must, &word[1..]),
            [b'-', ..] => (Occur::MustNot, &word[1..]),
            _ => (Occur::Should, word),
        };
        words += 1;
        if words > max_clauses || word.is_empty() || word.contains(['+', '-']) || matches!(word, "AND" | "OR" | "NOT") {
            return None;
        }
        match (occur, clauses.last_mut()) {
            // Neighbours without a sign are one text.
            (Occur::Should, Some((Occur::Should, Query::Match(before)))) => {
                before.text.push(' ');
                before.text.push_str(word);
            }
            _ => clauses.push((occur, Query::words(word))),
        }
    }
    match clauses.pop()? {
        (Occur::MustNot, only) if clauses.is_empty() => Some(Query::Not(Box::new(only))),
        (_, only) if clauses.is_empty() => Some(only),
        last => {
            clauses.push(last);
            Some(Query::Group(clauses.into_vec()))
        }
    }
}

/// Reads any query string.
pub(super) fn parse_all(text: &str, schema: &Schema, options: &ParseOptions) -> Result<Parsed> {
    let mut problems = Problems::new(text, options.mode);
    let mut read = text;
    if text.len() > MAX_TEXT {
        problems.add(MAX_TEXT, format!("a text of {} bytes", text.len()), format!("only the first {MAX_TEXT} bytes are searched"))?;
        read = start_of(text, MAX_TEXT);
    }
    let mut parser = Parser {
        text: read,
        schema,
        lexer: Lexer::new(read, schema),
        levels: Vec::new(),
        ignored: 0,
        clauses: 0,
        max_clauses: options.max_clauses,
    };
    let query = parser.run(&mut problems)?;
    Ok(Parsed { query, warnings: problems.into_warnings() })
}

/// An open parenthesis and what its group is to the sequence around it.
struct Level<'a> {
    opened: usize,
    flag: Flag,
    field: Option<&'a str>,
    /// The sequence around it.
    outer: Sequence,
}

struct Parser<'a> {
    text: &'a str,
    schema: &'a Schema,
    lexer: Lexer<'a>,
    levels: Vec<Level<'a>>,
    /// Open parentheses beyond the nesting limit.
    ignored: usize,
    clauses: usize,
    max_clauses: usize,
}

impl<'a> Parser<'a> {
    fn run(&mut self, problems: &mut Problems<'_>) -> Result<Query> {
        let mut sequence = Sequence::default();
        while let Some(lexeme) = self.lexer.next(problems)? {
            match lexeme.atom {
                Atom::Close => self.close(&lexeme, &mut sequence, problems)?,
                Atom::And => self.operator(lexeme.at, "AND", Joint::And, &mut sequence, problems)?,
                Atom::Or => self.operator(lexeme.at, "OR", Joint::Or, &mut sequence, problems)?,
                Atom::Not => sequence.negate(lexeme.at),
                _ if self.clauses >= self.max_clauses => {
                    let (message, hint) = (format!("more than {} clauses", self.max_clauses), "what begins here is not searched");
                    problems.add(lexeme.at, message, hint)?;
                    // Nobody need be told of what the rest would have closed.
                    self.levels.iter_mut().for_each(|level| level.opened = self.text.len());
                    break;
                }
                Atom::Open => self.open(lexeme, &mut sequence, problems)?,
                Atom::Word { .. } | Atom::Phrase { .. } | Atom::Range { .. } => {
                    self.clauses += 1;
                    self.leaf(lexeme, &mut sequence, problems)?;
                }
            }
        }
        self.dangling(&mut sequence, problems)?;
        while let Some(level) = self.levels.pop() {
            if level.opened < self.text.len() {
                problems.add(level.opened, "a ( that is not closed", "close it with ), or write \\( for the sign itself")?;
            }
            self.group(level, None, &mut sequence, problems)?;
            self.dangling(&mut sequence, problems)?;
        }
        let blank = self.text.chars().all(|c| c.is_whitespace() || c.is_control());
        Ok(match sequence.into_query() {
            Some(query) => query,
            None if blank => Query::everything(),
            None => Query::nothing(),
        })
    }

    /// Operators that wait for something that does not come are words.
    fn dangling(&mut self, sequence: &mut Sequence, problems: &mut Problems<'_>) -> Result<()> {
        for (at, word) in sequence.take_dangling() {
            problems.add(at, format!("{word} with nothing behind it, searched as a word"), "write the word in lower case, or in quotes")?;
            self.stray(word, sequence);
        }
        Ok(())
    }

    /// An operator that is a word after all.
    fn stray(&mut self, word: &str, sequence: &mut Sequence) {
        if self.clauses < self.max_clauses {
            self.clauses += 1;
            sequence.push(Flag::None, Member::word(Query::words(word), splits(word), true));
        }
    }

    fn operator(
        &mut self,
        at: usize,
        word: &'static str,
        joint: Joint,
        sequence: &mut Sequence,
        problems: &mut Problems<'_>,
    ) -> Result<()> {
        if sequence.join(joint, at) {
            return Ok(());
        }
        problems.add(at, format!("{word} with nothing before it, searched as a word"), "write the word in lower case, or in quotes")?;
        self.stray(word, sequence);
        Ok(())
    }

    fn open(&mut self, lexeme: Lexeme<'a>, sequence: &mut Sequence, problems: &mut Problems<'_>) -> Result<()> {
        if self.levels.len() >= MAX_NESTING {
            if self.ignored == 0 {
                problems.add(lexeme.at, "too many parentheses", format!("more than {MAX_NESTING} inside each other are ignored"))?;
            }
            self.ignored += 1;
            return Ok(());
        }
        let field = lexeme.field.or_else(|| self.levels.last().and_then(|level| level.field));
        self.levels.push(Level { opened: lexeme.at, flag: lexeme.flag, field, outer: std::mem::take(sequence) });
        Ok(())
    }

    fn close(&mut self, lexeme: &Lexeme<'a>, sequence: &mut Sequence, problems: &mut Problems<'_>) -> Result<()> {
        if self.ignored > 0 {
            self.ignored -= 1;
            return Ok(());
        }
        self.dangling(sequence, problems)?;
        match self.levels.pop() {
            Some(level) => self.group(level, lexeme.boost, sequence, problems),
            None => problems.add(lexeme.at, "a ) that closes nothing", "remove it, or write \\) for the sign itself"),
        }
    }

    /// Ends a group: `sequence` becomes the one around it, with the group as its newest member.
    fn group(&mut self, level: Level<'a>, boost: Option<f64>, sequence: &mut Sequence, problems: &mut Problems<'_>) -> Result<()> {
        let inner = std::mem::replace(sequence, level.outer);
        match inner.into_query() {
            Some(query) => sequence.push(level.flag, Member::other(boosted(query, boost))),
            None if level.opened == self.text.len() => {} // cut by the clause limit
            None => {
                self.clauses += 1; // so that a text of () ends at the limit, too
                problems.add(level.opened, "nothing between ( and )", "write words between them")?;
            }
        }
        Ok(())
    }

    fn leaf(&self, lexeme: Lexeme<'a>, sequence: &mut Sequence, problems: &mut Problems<'_>) -> Result<()> {
        let field = lexeme.field.or_else(|| self.levels.last().and_then(|level| level.field));
        if field.is_none()
            && let Atom::Word { text, prefix: false, edits: None } = &lexeme.atom
            && text == "*"
        {
            sequence.push(lexeme.flag, Member::other(boosted(Query::everything(), lexeme.boost)));
            return Ok(());
        }
        let word = matches!(lexeme.atom, Atom::Word { .. });
        let leaf = match field {
            None => text_leaf(lexeme.atom, None),
            Some(name) => {
                let (leaf, mismatch) = field_leaf(self.schema, name, lexeme.atom);
                if let Some(mismatch) = mismatch {
                    problems.add(lexeme.at, mismatch.message, mismatch.hint)?;
                }
                leaf
            }
        };
        let plain = lexeme.boost.is_none();
        let splits = match &leaf {
            Query::Match(Match { text, .. }) if word => Some(splits(text)),
            _ => None,
        };
        let leaf = boosted(leaf, lexeme.boost);
        let member = match splits {
            Some(splits) => Member::word(leaf, splits, plain),
            None => Member::other(leaf),
        };
        sequence.push(lexeme.flag, member);
        Ok(())
    }
}

fn boosted(query: Query, boost: Option<f64>) -> Query {
    match boost {
        Some(by) => Query::Boost(Box::new(query), by),
        None => query,
    }
}
