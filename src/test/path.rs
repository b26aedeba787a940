//! Paths into objects, as findings write them, with filters: `spec.template.spec.containers[name=web].ports[*]`.

use crate::yaml::{Kind, Node, Step as Written};
use std::fmt;

/// A path from an object's root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Path {
    steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
    /// `[*]`: every item of a list, or every value of a map.
    Every,
    /// `[name=web]`: the items of a list whose key has this text.
    Where(Path, String),
}

/// What a path leads to.
pub(super) enum Selected<'d> {
    /// One node or several, in order.
    Nodes(Vec<Node<'d>>),
    /// Nothing: how far the path leads, and what is missing there.
    Nothing(Node<'d>, String),
}

impl Path {
    /// Gives the path that leads nowhere: the root.
    pub(super) fn root() -> Self {
        Self { steps: Vec::new() }
    }

    /// Reads a path. An error says what is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut steps = Vec::new();
        let mut rest = text.strip_prefix('.').unwrap_or(text);
        let mut needs_key = true;
        while !rest.is_empty() {
            if let Some(inner) = rest.strip_prefix('[') {
                let (step, behind) = bracket(inner)?;
                steps.push(step);
                rest = behind;
                needs_key = false;
                continue;
            }
            if !needs_key {
                rest = rest.strip_prefix('.').ok_or("a dot is missing behind `]`")?;
            }
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            if end == 0 {
                return Err("a key is missing".to_owned());
            }
            steps.push(Step::Key(rest[..end].to_owned()));
            rest = &rest[end..];
            needs_key = false;
            if rest == "." {
                return Err("a key is missing at the end".to_owned());
            }
        }
        Ok(Self { steps })
    }

    /// Gives the keys on the way, the innermost last.
    pub(super) fn keys(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.steps.iter().filter_map(|step| match step {
            Step::Key(key) => Some(key.as_str()),
            _ => None,
        })
    }

    /// Follows the path.
    pub(super) fn select<'d>(&self, root: Node<'d>) -> Selected<'d> {
        let mut nodes = vec![root];
        let mut missing: Option<(Node<'d>, String)> = None;
        for step in &self.steps {
            let mut next = Vec::new();
            for node in nodes {
                let before = next.len();
                match step {
                    Step::Key(key) => next.extend(node.field(key)),
                    Step::Index(index) => next.extend(node.items().nth(*index)),
                    Step::Every if node.kind() == Kind::Map => next.extend(node.entries().map(|entry| entry.value)),
                    Step::Every => next.extend(node.items()),
                    Step::Where(path, text) => {
                        let fits = |item: &Node<'_>| matches!(path.select(*item), Selected::Nodes(found) if found.iter().any(|node| node.text() == text));
                        next.extend(node.items().filter(fits));
                    }
                }
                if next.len() == before && missing.is_none() {
                    missing = Some((node, step.to_string()));
                }
            }
            if next.is_empty() {
                let (node, what) = missing.unwrap_or((root, step.to_string()));
                return Selected::Nothing(node, what);
            }
            missing = None;
            nodes = next;
        }
        Selected::Nodes(nodes)
    }
}

/// Reads what stands between brackets, and gives what follows them.
fn bracket(text: &str) -> Result<(Step, &str), String> {
    if let Some(quote @ ('"' | '\'')) = text.chars().next() {
        let inner = &text[1..];
        let end = inner.find(quote).ok_or("a quote is not closed")?;
        let behind = inner[end + 1..].strip_prefix(']').ok_or("`]` is missing behind a quote")?;
        return Ok((Step::Key(inner[..end].to_owned()), behind));
    }
    let end = closing(text).ok_or("a `[` is not closed")?;
    let (inner, behind) = (text[..end].trim(), &text[end + 1..]);
    if inner == "*" {
        return Ok((Step::Every, behind));
    }
    if let Some((key, value)) = inner.split_once('=') {
        let value = value.trim_start_matches('=').trim();
        let quoted = ['"', '\''].iter().find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote));
        let path = Path::parse(key.trim())?;
        if path.steps.is_empty() {
            return Err("a filter needs a key, as in `[name=web]`".to_owned());
        }
        return Ok((Step::Where(path, quoted.unwrap_or(value).to_owned()), behind));
    }
    match inner.parse() {
        Ok(index) => Ok((Step::Index(index), behind)),
        Err(_) => Err(format!("`[{inner}]` is no place in a list; write `[0]`, `[*]`, `[name=web]` or `[\"key\"]`")),
    }
}

/// Finds the bracket that closes, past those in quotes.
fn closing(text: &str) -> Option<usize> {
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (None, ']') => return Some(at),
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
    }
    None
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) => f.write_str(key),
            Self::Index(index) => write!(f, "[{index}]"),
            Self::Every => f.write_str("[*]"),
            Self::Where(path, text) => write!(f, "[{path}={text}]"),
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        for step in &self.steps {
            match step {
                Step::Key(key) => Written::Key(key).push_to(&mut text),
                other => text += &other.to_string(),
            }
        }
        f.write_str(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceMap;
    use proptest::prelude::*;

    const POD: &str = "
metadata: { labels: { a.b/c: x, plain: z } }
spec:
  containers:
  - { name: web, ports: [{ port: 80 }, { port: 81 }] }
  - { name: log agent, nothing: ~ }
";

    fn found(path: &str) -> String {
        let document = &crate::yaml::parse(&SourceMap::new().add("a.yaml", POD)).documents[0];
        match Path::parse(path) {
            Err(why) => format!("error: {why}"),
            Ok(path) => match path.select(document.root()) {
                Selected::Nodes(nodes) => {
                    nodes.iter().map(|node| node.document().source().slice(node.span())).collect::<Vec<_>>().join(" | ")
                }
                Selected::Nothing(node, what) => format!("no {what} in {}", node.path_from(document.root())),
            },
        }
    }

    #[test]
    fn paths_lead_to_nodes() {
        for (path, expected) in [
            ("spec.containers[0].name", "web"),
            (".spec.containers[1].name", "log agent"),
            ("spec.containers[name=web].ports[*].port", "80 | 81"),
            ("spec.containers[name=\"log agent\"].name", "log agent"),
            ("spec.containers[*].name", "web | log agent"),
            ("spec.containers[*].ports[0].port", "80"),
            (
                "spec.containers[ports[0].port=80].name",
                "error: `[ports[0]` is no place in a list; write `[0]`, `[*]`, `[name=web]` or `[\"key\"]`",
            ),
            ("metadata.labels[\"a.b/c\"]", "x"),
            ("metadata.labels[*]", "x | z"),
            ("spec.containers[name=db].image", "no [name=db] in spec.containers"),
            ("spec.containers[1].nothing", "no nothing in spec.containers[1]"),
            ("spec.replicas", "no replicas in spec"),
            ("spec..a", "error: a key is missing"),
            ("spec.", "error: a key is missing at the end"),
            ("spec[0", "error: a `[` is not closed"),
            ("spec[\"a\"b", "error: `]` is missing behind a quote"),
            ("a[0]b", "error: a dot is missing behind `]`"),
        ] {
            assert_eq!(found(path), expected, "{path}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_too_much(text in "[a-z.\\[\\]\"'=*0-9é ]{0,20}") {
            if let Ok(path) = Path::parse(&text) {
                let document = &crate::yaml::parse(&SourceMap::new().add("a.yaml", POD)).documents[0];
                let _ = path.select(document.root());
                let _ = path.to_string();
            }
        }
    }
}
