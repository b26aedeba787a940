//! Parameters of checks: given in a rule's `with`, or laid over it by a workspace's `configure`.

use crate::diagnostic::{Diagnostic, nearest};
use crate::source::Span;
use crate::yaml::Node;
use crate::yaml::emit::Data;
use regex::Regex;

/// One parameter as a person gave it.
#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    /// Its name.
    pub name: String,
    /// Its value.
    pub data: Data,
    /// Where the name and the value were written, if anywhere.
    pub place: Option<(Span, Span)>,
}

impl Param {
    /// Reads the parameters of a map.
    pub fn read(map: Node<'_>) -> Vec<Self> {
        map.entries()
            .map(|entry| Self {
                name: entry.name().to_owned(),
                data: Data::from_node(entry.value),
                place: Some((entry.key.span(), entry.value.head())),
            })
            .collect()
    }
}

/// Hands parameters to a check that asks for each by name and type, and collects what is wrong with them.
pub(super) struct Params<'a> {
    given: &'a [Param],
    asked: Vec<&'static str>,
    problems: Vec<Diagnostic>,
}

impl<'a> Params<'a> {
    pub(super) fn new(given: &'a [Param]) -> Self {
        Self { given, asked: Vec::new(), problems: Vec::new() }
    }

    /// Ends the asking: whatever was not asked for is unknown.
    pub(super) fn finish(mut self) -> Vec<Diagnostic> {
        for param in self.given {
            if self.asked.contains(&param.name.as_str()) {
                continue;
            }
            let message = format!("unknown parameter `{}`", param.name);
            let mut problem = Diagnostic::error("policy/unknown-parameter", message);
            problem.span = param.place.map(|(name, _)| name);
            problem.help = Some(match nearest(&param.name, self.asked.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None if self.asked.is_empty() => "this check has no parameters".to_owned(),
                None => format!("this check knows {}", quoted(&self.asked)),
            });
            self.problems.push(problem);
        }
        self.problems
    }

    fn ask(&mut self, name: &'static str) -> Option<&'a Param> {
        self.asked.push(name);
        // What a workspace lays over a rule stands last and wins.
        self.given.iter().rfind(|param| param.name == name)
    }

    fn wrong(&mut self, name: &str, param: Option<&Param>, expected: &str) {
        let message = match param {
            Some(_) => format!("the parameter `{name}` must be {expected}"),
            None => format!("the parameter `{name}` is missing: {expected}"),
        };
        let mut problem = Diagnostic::error("policy/parameter", message);
        problem.span = param.and_then(|param| param.place).map(|(_, value)| value);
        self.problems.push(problem);
    }

    /// Asks for one of a few words; required.
    pub(super) fn word(&mut self, name: &'static str, words: &[&'static str]) -> &'static str {
        let param = self.ask(name);
        if let Some(Param { data: Data::String(given), .. }) = param
            && let Some(word) = words.iter().find(|word| *word == given)
        {
            return word;
        }
        self.wrong(name, param, &format!("one of {}", quoted(words)));
        words.first().copied().unwrap_or_default()
    }

    /// Asks for text; required.
    pub(super) fn text(&mut self, name: &'static str) -> String {
        match self.ask(name) {
            Some(Param { data: Data::String(text), .. }) => text.clone(),
            param => {
                self.wrong(name, param, "text");
                String::new()
            }
        }
    }

    /// Asks for text that need not be given.
    pub(super) fn optional_text(&mut self, name: &'static str) -> Option<String> {
        match self.ask(name) {
            None => None,
            Some(Param { data: Data::String(text), .. }) => Some(text.clone()),
            param => {
                self.wrong(name, param, "text");
                None
            }
        }
    }

    /// Asks for a pattern that whole texts must match; it need not be given.
    pub(super) fn pattern(&mut self, name: &'static str) -> Option<Regex> {
        let text = self.optional_text(name)?;
        let pattern = Regex::new(&format!("^(?:{text})$"));
        if pattern.is_err() {
            let param = self.ask(name);
            self.wrong(name, param, "a regular expression");
        }
        pattern.ok()
    }

    /// Asks for a boolean; `default` where it is not given.
    pub(super) fn flag(&mut self, name: &'static str, default: bool) -> bool {
        match self.ask(name) {
            None => default,
            Some(Param { data: Data::Bool(value), .. }) => *value,
            param => {
                self.wrong(name, param, "`true` or `false`");
                default
            }
        }
    }

    /// Asks for a whole number; required.
    pub(super) fn number(&mut self, name: &'static str) -> i64 {
        match self.ask(name) {
            Some(Param { data: Data::Int(number), .. }) => *number,
            param => {
                self.wrong(name, param, "a whole number");
                0
            }
        }
    }

    /// Asks for a list of text; empty where it is not given.
    pub(super) fn optional_list(&mut self, name: &'static str) -> Vec<String> {
        let param = self.ask(name);
        if param.is_none() { Vec::new() } else { self.texts(name, param) }
    }

    /// Asks for a list of text; required.
    pub(super) fn list(&mut self, name: &'static str) -> Vec<String> {
        let param = self.ask(name);
        self.texts(name, param)
    }

    fn texts(&mut self, name: &str, param: Option<&Param>) -> Vec<String> {
        if let Some(Param { data: Data::Seq(items), .. }) = param {
            let texts = items.iter().map(|item| match item {
                Data::String(text) => Some(text.clone()),
                _ => None,
            });
            if let Some(texts) = texts.collect() {
                return texts;
            }
        }
        self.wrong(name, param, "a list of text");
        Vec::new()
    }
}

fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceMap;
    use crate::yaml::parse;

    fn problems(text: &str) -> Vec<String> {
        let parsed = parse(&SourceMap::new().add("a.yaml", text));
        let given = parsed.documents.first().map(|document| Param::read(document.root())).unwrap_or_default();
        let mut params = Params::new(&given);
        params.word("probe", &["livenessProbe", "readinessProbe"]);
        params.flag("strict", false);
        params.list("labels");
        params.finish().into_iter().map(|problem| problem.message).collect()
    }

    #[test]
    fn parameters_are_typed_and_unknown_ones_are_errors() {
        assert!(problems("{probe: livenessProbe, labels: [a]}").is_empty());
        assert_eq!(
            problems("{probe: x, strict: 1, label: [a]}"),
            [
                "the parameter `probe` must be one of `livenessProbe`, `readinessProbe`",
                "the parameter `strict` must be `true` or `false`",
                "the parameter `labels` is missing: a list of text",
                "unknown parameter `label`",
            ]
        );
    }
}
