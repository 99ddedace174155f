//! Typed queries: what the query string of a class says, built without the parser.
//!
//! **In**: a class and its query string. **Out**: the query. The words are split inside the clock, as a caller with words would hand them.

use tantivy::Term;
use tantivy::query::{BooleanQuery, DisjunctionMaxQuery, Occur, PhraseQuery, Query, TermQuery};
use tantivy::schema::{Field, IndexRecordOption};

/// The typed query of a class.
pub fn typed(text: Field, kind: &str, query: &str) -> Box<dyn Query> {
    let words = query.split([' ', '"']).filter(|word| !word.is_empty());
    if kind == "phrase" {
        return Box::new(PhraseQuery::new(words.map(|word| Term::from_field_text(text, word)).collect()));
    }
    let mut clauses: Vec<(Occur, Box<dyn Query>)> = words
        .map(|word| {
            let (occur, word) = match word.as_bytes().first() {
                Some(b'+') => (Occur::Must, &word[1..]),
                Some(b'-') => (Occur::MustNot, &word[1..]),
                _ => (Occur::Should, word),
            };
            let term: Box<dyn Query> = Box::new(TermQuery::new(Term::from_field_text(text, word), IndexRecordOption::WithFreqs));
            (occur, term)
        })
        .collect();
    match clauses.len() {
        1 => clauses.remove(0).1,
        _ => Box::new(BooleanQuery::new(clauses)),
    }
}

/// Dis-max over the fields of each word, the words added: what `combine = "best"` means.
pub fn best_of_each_word(fields: &[Field], query: &str) -> BooleanQuery {
    let of_word = |word: &str| -> (Occur, Box<dyn Query>) {
        (Occur::Should, Box::new(DisjunctionMaxQuery::new(fields.iter().map(|&field| typed(field, "or1", word)).collect())))
    };
    BooleanQuery::new(query.split(' ').map(of_word).collect())
}

/// Dis-max over the fields, each with all words: the best field.
pub fn best_field(fields: &[Field], query: &str) -> DisjunctionMaxQuery {
    DisjunctionMaxQuery::new(fields.iter().map(|&field| typed(field, "or", query)).collect())
}
