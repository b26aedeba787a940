//! Texts in layouts of every kind, for tests.

use crate::yaml::emit::{self, Data, Place};
use proptest::prelude::*;

/// How a text is laid out.
#[expect(clippy::struct_excessive_bools, reason = "each is a choice of its own")]
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    step: usize,
    /// Lists stand deeper than their key.
    deep_lists: bool,
    comments: bool,
    pub(crate) crlf: bool,
    final_break: bool,
    /// From this depth on everything is in brackets.
    flow_from: usize,
    single_quotes: bool,
}

/// Any layout.
pub(crate) fn layout() -> impl Strategy<Value = Layout> {
    (1..5usize, any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>(), 0..6usize, any::<bool>()).prop_map(
        |(step, deep_lists, comments, crlf, final_break, flow_from, single_quotes)| Layout {
            step,
            deep_lists,
            comments,
            crlf,
            final_break,
            flow_from,
            single_quotes,
        },
    )
}

impl Layout {
    /// Writes data in this layout.
    pub(crate) fn write(&self, data: &Data) -> String {
        let mut out = String::new();
        self.block(data, 0, 0, &mut out);
        if !self.final_break {
            out.truncate(out.trim_end_matches('\n').len());
        }
        if self.crlf { out.replace('\n', "\r\n") } else { out }
    }

    fn scalar(&self, data: &Data) -> String {
        match data {
            Data::String(text) if self.single_quotes => format!("'{}'", text.replace('\'', "''")),
            _ => emit::flow(data),
        }
    }

    fn comment(&self, indent: usize, out: &mut String) {
        if self.comments {
            out.push_str(&format!("{}# a comment: [of {indent}]\n", " ".repeat(indent)));
        }
    }

    fn end(&self, out: &mut String) {
        out.push_str(if self.comments { "  # so it is\n" } else { "\n" });
    }

    fn block(&self, data: &Data, indent: usize, depth: usize, out: &mut String) {
        match data {
            Data::Map(entries) if !entries.is_empty() && depth < self.flow_from => {
                for (at, (key, value)) in entries.iter().enumerate() {
                    if at > 0 || out.is_empty() {
                        self.comment(indent, out);
                    }
                    if at > 0 || out.is_empty() || out.ends_with('\n') {
                        out.push_str(&" ".repeat(indent));
                    }
                    out.push_str(&format!("{}:", emit::string(key, Place::Block)));
                    self.value(value, indent, depth, out);
                }
            }
            Data::Seq(items) if !items.is_empty() && depth < self.flow_from => {
                for item in items {
                    self.comment(indent, out);
                    out.push_str(&format!("{}- ", " ".repeat(indent)));
                    match item {
                        Data::Map(entries) if !entries.is_empty() && depth + 1 < self.flow_from => {
                            self.block(item, indent + 2, depth + 1, out);
                        }
                        _ => {
                            out.push_str(&self.scalar(item));
                            self.end(out);
                        }
                    }
                }
            }
            _ => {
                out.push_str(&self.scalar(data));
                self.end(out);
            }
        }
    }

    fn value(&self, value: &Data, indent: usize, depth: usize, out: &mut String) {
        let nested = match value {
            Data::Map(entries) => !entries.is_empty(),
            Data::Seq(items) => !items.is_empty(),
            _ => false,
        };
        if nested && depth + 1 < self.flow_from {
            out.push('\n');
            let list = matches!(value, Data::Seq(_));
            let deeper = if list && !self.deep_lists { indent } else { indent + self.step };
            self.block(value, deeper, depth + 1, out);
        } else {
            out.push(' ');
            self.block(value, indent, self.flow_from, out);
        }
    }
}
