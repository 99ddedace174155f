//! A document as JSON text.
//!
//! **In**: a node. **Out**: compact JSON in the order of keys. **Law**: numbers survive (shortest text that reads back to the same bits);
//! a time is a string; nothing recurses. It writes *values*: whoever shows the text to people seals the secrets first.

use super::chunk::Kind;
use super::node::{Document, Node};

impl Document {
    /// The content as compact JSON.
    pub fn to_json(&self) -> Vec<u8> {
        self.root().to_json()
    }
}

impl Node<'_> {
    /// The value as compact JSON.
    pub fn to_json(&self) -> Vec<u8> {
        let mut out = String::with_capacity(self.leaves() * 16);
        write_node(*self, &mut out);
        out.into_bytes()
    }
}

enum Step<'a> {
    Value(Node<'a>, bool, bool),
    Text(&'static str),
}

fn write_node(node: Node<'_>, out: &mut String) {
    let mut left = vec![Step::Value(node, false, false)];
    while let Some(step) = left.pop() {
        let (node, keyed, comma) = match step {
            Step::Text(text) => {
                out.push_str(text);
                continue;
            }
            Step::Value(node, keyed, comma) => (node, keyed, comma),
        };
        if comma {
            out.push(',');
        }
        if keyed {
            write_string(node.key(), out);
            out.push(':');
        }
        match node.kind() {
            Kind::Table | Kind::Array => {
                let table = node.kind() == Kind::Table;
                out.push_str(if table { "{" } else { "[" });
                left.push(Step::Text(if table { "}" } else { "]" }));
                let from = left.len();
                left.extend(node.items().enumerate().map(|(at, item)| Step::Value(item, table, at > 0)));
                if let Some(pushed) = left.get_mut(from..) {
                    pushed.reverse();
                }
            }
            _ => write_scalar(node, out),
        }
    }
}

fn write_scalar(node: Node<'_>, out: &mut String) {
    use std::fmt::Write;
    match node.kind() {
        Kind::Bool => out.push_str(if node.as_bool() == Some(true) { "true" } else { "false" }),
        Kind::Integer => {
            let _ = write!(out, "{}", node.as_integer().unwrap_or_default());
        }
        // `{:?}` is the shortest text that reads back, and keeps a point or an exponent, so that the kind survives too.
        Kind::Float => {
            let _ = write!(out, "{:?}", node.as_float().unwrap_or_default());
        }
        Kind::String => write_string(node.as_str().unwrap_or(""), out),
        Kind::Time => write_string(node.as_time().unwrap_or(""), out),
        _ => out.push_str("null"),
    }
}

/// Writes a JSON string with its quotes.
pub(crate) fn write_string(text: &str, out: &mut String) {
    use std::fmt::Write;
    out.push('"');
    let mut from = 0;
    for (at, byte) in text.bytes().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.push_str(text.get(from..at).unwrap_or(""));
        from = at + 1;
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            _ => {
                let _ = write!(out, "\\u{byte:04x}");
            }
        }
    }
    out.push_str(text.get(from..).unwrap_or(""));
    out.push('"');
}
