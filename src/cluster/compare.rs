//! Merges a server's answer about an object with our own verdict on it.

use super::answer::{Answer, Cause, Outcome};
use super::path::{Found, find};
use crate::diagnostic::{Diagnostic, Severity};
use crate::source::Span;
use crate::yaml::Node;

/// What a server said of an object, and where it said it.
#[derive(Clone, Copy, Debug)]
pub struct Heard<'a> {
    /// The answer.
    pub answer: &'a Answer,
    /// The Kubernetes version of the server: `1.37`.
    pub version: &'a str,
    /// Its context.
    pub context: &'a str,
}

/// Merges a server's answer into our findings about an object.
///
/// `known` are our findings about the object at the server's version; `all` are those that are reported, of which those that
/// the server contradicts lose its version, and vanish where they hold for no other. Gives what is to be added: what only the
/// server knows as `api/live`, what it contradicts as `api/disagreement`: a bug of Plimsoll.
pub fn merge(object: Node<'_>, heard: Heard<'_>, known: &[Diagnostic], all: &mut Vec<Diagnostic>) -> Vec<Diagnostic> {
    let errors: Vec<&Diagnostic> = known.iter().filter(|finding| finding.severity == Severity::Error).collect();
    let mut found = Vec::new();
    if !matches!(heard.answer.outcome, Outcome::NotJudged(_)) {
        // The server knows the kind, and has checked its fields.
        let here = object.span();
        let inside = |span: Span| span.file == here.file && here.start <= span.start && span.end <= here.end;
        all.retain(|known| known.rule != "schema/unknown-kind" || !known.span.is_some_and(inside));
    }
    match &heard.answer.outcome {
        Outcome::Accepted => {
            for ours in &errors {
                found.push(disagreement(ours, heard));
                drop_version(all, ours, heard.version);
            }
        }
        Outcome::Refused { causes, of_the_object } => {
            for cause in causes {
                let field = find(object, &cause.field);
                if !errors.iter().any(|ours| is_about(ours, &field.path)) {
                    found.push(refusal(object, heard, cause, field, *of_the_object));
                }
            }
        }
        Outcome::NotJudged(_) => {}
    }
    for text in &heard.answer.warnings {
        found.extend(warning(object, heard, text, known));
    }
    for finding in &mut found {
        finding.versions = [heard.version.to_owned()].into();
    }
    found
}

/// Tells, once for each reason, which objects a cluster could not judge: the first stands for all.
pub fn not_judged<'d>(
    context: &str,
    answers: impl Iterator<Item = (Node<'d>, &'d Answer)>,
) -> Vec<(Node<'d>, Diagnostic)> {
    let mut reasons: Vec<(&str, Node<'d>, usize)> = Vec::new();
    for (object, answer) in answers {
        let Outcome::NotJudged(reason) = &answer.outcome else { continue };
        match reasons.iter_mut().find(|(known, ..)| known == reason) {
            Some((_, _, count)) => *count += 1,
            None => reasons.push((reason, object, 1)),
        }
    }
    let told = reasons.into_iter().map(|(reason, object, count)| {
        let what = match count {
            1 => "this".to_owned(),
            2 => "this and another object".to_owned(),
            count => format!("this and {} other objects", count - 1),
        };
        let message = format!("the cluster of `{context}` could not judge {what}: {reason}");
        (object, Diagnostic::new("api/live", Severity::Info, message).at(object.head()))
    });
    told.collect()
}

fn disagreement(ours: &Diagnostic, heard: Heard<'_>) -> Diagnostic {
    let message =
        format!("the server of `{}` accepts this, but Plimsoll says: {} ({})", heard.context, ours.message, ours.rule);
    let mut finding = Diagnostic::warning("api/disagreement", message);
    finding.span = ours.span;
    finding.path.clone_from(&ours.path);
    finding.masked = ours.masked;
    finding.help("this is a bug in Plimsoll: please report it, with the object and the version of the server")
}

fn drop_version(all: &mut Vec<Diagnostic>, ours: &Diagnostic, version: &str) {
    let same = |finding: &Diagnostic| {
        finding.rule == ours.rule && finding.span == ours.span && finding.message == ours.message
    };
    for finding in all.iter_mut().filter(|finding| same(finding)) {
        finding.versions = finding.versions.iter().filter(|held| *held != version).cloned().collect();
    }
    all.retain(|finding| !same(finding) || !finding.versions.is_empty());
}

fn refusal(
    object: Node<'_>,
    heard: Heard<'_>,
    cause: &Cause,
    Found { node, path }: Found<'_>,
    of_the_object: bool,
) -> Diagnostic {
    let words = words(object, cause);
    let what = if path.is_empty() { "this".to_owned() } else { format!("`{path}`") };
    let message = format!("the server of `{}` refuses {what}: {words}", heard.context);
    let mut finding = Diagnostic::error("api/live", message).at(node.head());
    finding.path = Some(path).filter(|path| !path.is_empty());
    // What is there already, quotas and policies are the cluster's to know.
    let foreseeable =
        of_the_object && !["immutable", "may not change", "updates to"].iter().any(|word| words.contains(word));
    if foreseeable {
        finding.help = Some("Plimsoll did not foresee this: please report it as a bug of Plimsoll".to_owned());
    }
    finding
}

/// A warning that we did not give ourselves.
fn warning(object: Node<'_>, heard: Heard<'_>, text: &str, known: &[Diagnostic]) -> Option<Diagnostic> {
    let field = text.split_once(": ").map(|(field, _)| field).filter(|field| is_field(field));
    let found = find(object, field.unwrap_or_default());
    let said = known.iter().any(|ours| match field {
        Some(_) => is_about(ours, &found.path),
        None => ours.rule == "schema/api-deprecated" && text.contains("deprecated"),
    });
    if said {
        return None;
    }
    let words = if is_secret(object) { "something of this Secret" } else { text };
    let mut finding = Diagnostic::warning("api/live", format!("the server of `{}` warns: {words}", heard.context));
    finding.span = Some(found.node.head());
    finding.path = Some(found.path).filter(|path| !path.is_empty());
    Some(finding)
}

fn is_field(text: &str) -> bool {
    !text.is_empty()
        && text.chars().all(|c| c.is_ascii_alphanumeric() || ".[]\"=,/_-".contains(c))
        && text.contains('.')
}

/// Tells whether a finding of ours is about a field, or about what holds it or stands in it.
fn is_about(ours: &Diagnostic, path: &str) -> bool {
    if path.is_empty() {
        return true;
    }
    let Some(known) = ours.path.as_deref() else { return false };
    let within = |outer: &str, inner: &str| {
        inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    within(known, path) || within(path, known)
}

/// The server's words, without the values that they quote where these may be secret.
fn words(object: Node<'_>, cause: &Cause) -> String {
    let message = cause.message.as_str();
    // Server-side apply quotes what it could not type.
    let message = message.split(", got &value").next().unwrap_or_default();
    if is_secret(object) {
        return message.split(':').next().unwrap_or_default().to_lowercase();
    }
    message.to_owned()
}

fn is_secret(object: Node<'_>) -> bool {
    object.field("kind").is_some_and(|kind| kind.text() == "Secret")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceMap;
    use crate::yaml::parse;

    const SERVICE: &str = "kind: Service\nspec: {ports: [{name: a, port: 80}]}\n";

    fn merged(text: &str, answer: &Answer, ours: &[Diagnostic]) -> Vec<String> {
        let parsed = parse(&SourceMap::new().add("a.yaml", text));
        let mut all = ours.to_vec();
        let heard = Heard { answer, version: "1.37", context: "kind" };
        let added = merge(parsed.documents[0].root(), heard, ours, &mut all);
        all.extend(added);
        all.iter().map(|f| format!("{} {}: {}", f.rule, f.path.as_deref().unwrap_or_default(), f.message)).collect()
    }

    fn ours(path: &str) -> Diagnostic {
        let mut finding = Diagnostic::error("api/port", "a port is wrong").path(path);
        finding.versions = ["1.37".to_owned()].into();
        finding
    }

    fn refused(field: &str, message: &str) -> Answer {
        let causes = vec![Cause { field: field.to_owned(), message: message.to_owned() }];
        Answer { outcome: Outcome::Refused { causes, of_the_object: true }, warnings: Vec::new() }
    }

    #[test]
    fn what_both_say_is_said_once() {
        let found = merged(SERVICE, &refused("spec.ports[0].port", "Invalid value: 0"), &[ours("spec.ports[0].port")]);
        assert_eq!(found, ["api/port spec.ports[0].port: a port is wrong"]);
    }

    #[test]
    fn what_only_the_server_says_is_told_where_it_stands() {
        let found = merged(SERVICE, &refused(".spec.ports[port=80].name", "duplicate"), &[]);
        assert_eq!(
            found,
            ["api/live spec.ports[0].name: the server of `kind` refuses `spec.ports[0].name`: duplicate"]
        );
    }

    #[test]
    fn what_the_server_contradicts_is_a_bug_of_ours() {
        let accepted = Answer { outcome: Outcome::Accepted, warnings: Vec::new() };
        let found = merged(SERVICE, &accepted, &[ours("spec.ports[0].port")]);
        assert_eq!(
            found,
            [
                "api/disagreement spec.ports[0].port: the server of `kind` accepts this, but Plimsoll says: a port is wrong (api/port)"
            ]
        );
    }

    #[test]
    fn values_of_secrets_are_not_told() {
        let found =
            merged("kind: Secret\ndata: {a: hunter2}\n", &refused("data[a]", "Invalid value: \"hunter2\": no"), &[]);
        assert_eq!(found, ["api/live data.a: the server of `kind` refuses `data.a`: invalid value"]);
    }

    #[test]
    fn warnings_are_told_once() {
        let warn = |text: &str| Answer { outcome: Outcome::Accepted, warnings: vec![text.to_owned()] };
        let found = merged(SERVICE, &warn("spec.ports[0].name: is old"), &[]);
        assert_eq!(found, ["api/live spec.ports[0].name: the server of `kind` warns: spec.ports[0].name: is old"]);
    }
}
