//! Fields that a workspace wants left out of every comparison.

use super::change::{Path, Step};
use crate::chart::IgnoredField;
use crate::yaml::emit::flow;

/// The rules of a workspace that hold for one object.
#[derive(Clone, Debug, Default)]
pub struct Ignored<'w> {
    rules: Vec<&'w IgnoredField>,
}

impl<'w> Ignored<'w> {
    /// Ignores nothing.
    pub fn nothing() -> Self {
        Self::default()
    }

    /// Takes the rules that hold for an object.
    pub fn of(rules: &'w [IgnoredField], kind: &str, namespace: Option<&str>, name: &str) -> Self {
        let fits = |rule: &&IgnoredField| {
            rule.kind.as_ref().is_none_or(|wanted| glob(wanted, kind))
                && rule.name.as_ref().is_none_or(|wanted| glob(wanted, name))
                && rule.namespace.as_ref().is_none_or(|wanted| namespace.is_some_and(|known| glob(wanted, known)))
        };
        Self { rules: rules.iter().filter(fits).collect() }
    }

    /// Tells whether nothing is ignored.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Tells whether a field, or what holds it, is ignored.
    pub fn covers(&self, path: &Path) -> bool {
        self.rules.iter().any(|rule| covers(&steps(&rule.path), &path.0))
    }
}

/// Compares a name with a pattern, in which `*` stands for any text.
fn glob(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => {
            let Some(text) = text.strip_prefix(start) else { return false };
            (0..=text.len()).filter(|at| text.is_char_boundary(*at)).any(|at| glob(rest, &text[at..]))
        }
    }
}

/// A step of a written path.
#[derive(Debug, PartialEq)]
enum Wanted {
    Key(String),
    /// `[*]`, `[0]`, `[name=web]`, `["a.b"]`: what stands in the brackets.
    Bracket(String),
}

/// Parts `spec.template.spec.containers[name=web].image`, `metadata.annotations["a.b/c"]`, `webhooks[*].clientConfig`.
fn steps(path: &str) -> Vec<Wanted> {
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('[') {
            let end =
                inner.strip_prefix('"').and_then(|text| text.find("\"]").map(|at| at + 2)).or_else(|| inner.find(']'));
            let end = end.unwrap_or(inner.len());
            steps.push(Wanted::Bracket(inner[..end].to_owned()));
            rest = inner.get(end + 1..).unwrap_or_default();
        } else {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            steps.push(Wanted::Key(rest[..end].to_owned()));
            rest = &rest[end..];
        }
        rest = rest.strip_prefix('.').unwrap_or(rest);
    }
    steps
}

fn covers(wanted: &[Wanted], path: &[Step]) -> bool {
    wanted.len() <= path.len() && wanted.iter().zip(path).all(|(wanted, step)| fits(wanted, step))
}

fn fits(wanted: &Wanted, step: &Step) -> bool {
    match (wanted, step) {
        (Wanted::Key(pattern), Step::Key(key)) => glob(pattern, key),
        (Wanted::Key(pattern), _) => pattern == "*",
        (Wanted::Bracket(text), Step::Key(key)) => {
            text == "*" || text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) == Some(key)
        }
        (Wanted::Bracket(text), _) if text == "*" => true,
        (Wanted::Bracket(text), Step::Index(index)) => *text == index.to_string(),
        (Wanted::Bracket(text), Step::Member(data)) => *text == flow(data),
        (Wanted::Bracket(text), Step::Item(keys)) => text.split(',').all(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            keys.iter().any(|(key, data)| key == name && flow(data).trim_matches('"') == value.trim_matches('"'))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::emit::Data;

    #[test]
    fn paths_cover_what_stands_below_them() {
        let key = |key: &str| Step::Key(key.to_owned());
        let web = Step::Item(vec![("name".to_owned(), Data::String("web".to_owned()))]);
        let image = [key("spec"), key("containers"), web, key("image")];
        for wanted in
            ["spec", "spec.containers[name=web].image", "spec.containers[*].image", "spec.*[*]", "spec.containers"]
        {
            assert!(covers(&steps(wanted), &image), "{wanted}");
        }
        for wanted in ["status", "spec.containers[name=db]", "spec.containers[*].image.tag", "spe"] {
            assert!(!covers(&steps(wanted), &image), "{wanted}");
        }
        let note = [key("metadata"), key("annotations"), key("a.b/c")];
        for wanted in ["metadata.annotations[\"a.b/c\"]", "metadata.annotations[*]", "metadata.annotations"] {
            assert!(covers(&steps(wanted), &note), "{wanted}");
        }
        assert!(glob("web-*", "web-1") && glob("*", "") && !glob("web-*", "db") && glob("*a*b", "xaxbb"));
    }
}
