//! Builds an index: a key (unsigned, fast), the words with positions, a bucket to filter by; all stored, as in the other engines.
//!
//! **Law**: exactly as many segments as asked for: one writer thread, no merge policy, one commit for each part.

use std::fs;
use std::time::Instant;

use tantivy::indexer::NoMergePolicy;
use tantivy::schema::{FAST, INDEXED, IndexRecordOption, STORED, STRING, Schema, TextFieldIndexing, TextOptions};
use tantivy::{Index, IndexWriter, TantivyDocument, TantivyError, Term};

use crate::Outcome;

const HEAP: usize = 1 << 30;

/// Builds and prints how long it took.
pub fn build(documents: &str, folder: &str, segments: usize, deleted: &str) -> Outcome<()> {
    let texts = fs::read_to_string(documents)?;
    let texts: Vec<&str> = texts.lines().collect();
    let start = Instant::now();
    if fs::exists(folder)? {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    let words = TextFieldIndexing::default().set_tokenizer("whitespace").set_index_option(IndexRecordOption::WithFreqsAndPositions);
    let mut schema = Schema::builder();
    let id = schema.add_u64_field("id", STORED | FAST | INDEXED);
    // Documents of more than one field have tabulators in their line.
    let names: &[&str] = if texts.first().is_some_and(|line| line.contains('\t')) { &["title", "body"] } else { &["text"] };
    let options = TextOptions::default().set_indexing_options(words).set_stored();
    let fields: Vec<_> = names.iter().map(|name| schema.add_text_field(name, options.clone())).collect();
    let bucket = schema.add_text_field("bucket", STRING | STORED);
    let index = Index::create_in_dir(folder, schema.build())?;
    let mut writer: IndexWriter = index.writer_with_num_threads(1, HEAP)?;
    writer.set_merge_policy(Box::new(NoMergePolicy));
    for part in 0..segments {
        for number in texts.len() * part / segments..texts.len() * (part + 1) / segments {
            let mut document = TantivyDocument::default();
            document.add_u64(id, number as u64);
            for (field, part) in fields.iter().zip(texts[number].split('\t')) {
                document.add_text(*field, part);
            }
            document.add_text(bucket, format!("b{}", number * 7919 % 20));
            writer.add_document(document)?;
        }
        writer.commit()?;
    }
    if deleted != "-" {
        for line in fs::read_to_string(deleted)?.lines() {
            let key = line.parse().map_err(|_| TantivyError::InvalidArgument(line.to_owned()))?;
            writer.delete_term(Term::from_field_u64(id, key));
        }
        writer.commit()?;
    }
    writer.wait_merging_threads()?;
    let found = index.searchable_segment_ids()?.len();
    if found != segments {
        return Err(TantivyError::InvalidArgument(format!("{found} segments, expected {segments}")));
    }
    println!("{{\"seconds\":{:.2}}}", start.elapsed().as_secs_f64());
    Ok(())
}
