//! A rule's examples are its tests.

use super::rule::{Example, Rule};
use super::{LintConfig, LintContext, Linter};
use crate::diagnostic::Diagnostic;
use crate::object::ObjectSet;
use crate::source::SourceMap;
use crate::yaml::{Parsed, parse};

/// Runs a rule over its examples. Gives a `policy/example` finding for each that does not do what it says.
pub fn verify(rule: &Rule) -> Vec<Diagnostic> {
    let linter = alone(rule);
    let wrong = rule.examples.iter().filter_map(|example| Some((example, verify_one(&linter, example)?)));
    wrong.map(|(example, why)| Diagnostic::error("policy/example", why).at(example.span)).collect()
}

/// Gives the line of an example that its rule points at; none where it points at nothing.
pub fn line(rule: &Rule, example: &Example) -> Option<u32> {
    let file = SourceMap::new().add("example", example.text.as_str());
    let found = run(&alone(rule), example, &parse(&file));
    let span = found.first()?.span?;
    Some(file.position(span.start).line)
}

/// Prepares a rule to run alone, and whatever the profile; the id may be that of a built-in rule.
fn alone(rule: &Rule) -> Linter {
    let mut own = rule.clone();
    own.profiles.clear();
    Linter::new(&LintConfig { own: vec![own], ..LintConfig::default() }).0
}

fn run(linter: &Linter, example: &Example, parsed: &Parsed) -> Vec<Diagnostic> {
    let objects = ObjectSet::read(&parsed.documents, None, &|_, _| Vec::new());
    let versions: Vec<_> = example.kubernetes.into_iter().collect();
    linter.lint(&objects, &LintContext { complete: true, versions: &versions, ..LintContext::default() })
}

fn verify_one(linter: &Linter, example: &Example) -> Option<String> {
    let parsed = parse(&SourceMap::new().add("example", example.text.as_str()));
    if let Some(problem) = parsed.diagnostics.first() {
        return Some(format!("the example is {}", problem.message));
    }
    let found: Vec<String> =
        run(linter, example, &parsed).into_iter().map(|found| found.path.unwrap_or_default()).collect();
    let places = || found.iter().map(|path| format!("`{path}`")).collect::<Vec<_>>().join(", ");
    match &example.fails_at {
        Some(at) if found.is_empty() => Some(format!("the example is to fail at `{at}`, but passes")),
        Some(at) if found != [at.as_str()] => {
            Some(format!("the example is to fail at `{at}`, but fails at {}", places()))
        }
        None if !found.is_empty() => Some(format!("the example is to pass, but fails at {}", places())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::decode;

    #[test]
    fn an_example_that_does_otherwise_is_a_finding_at_the_example() {
        let rule = |examples: &str| {
            format!(
                "id: r\ngroup: own\nseverity: info\nsummary: s\nwhy: w.\nremedy: r.\napplies: {{ pods: true }}\ncheck: {{ builtin: pod-flag, with: {{ field: hostPID }} }}\nexamples:\n{examples}"
            )
        };
        let pod = |flag: &str| format!("{{ kind: Pod, apiVersion: v1, spec: {{ hostPID: {flag} }} }}");
        for (example, expected) in [
            (format!("- {{ fails: '{}', at: spec.hostPID }}", pod("true")), None),
            (format!("- {{ passes: '{}' }}", pod("false")), None),
            (
                format!("- {{ fails: '{}', at: spec.hostPID }}", pod("false")),
                Some("10: the example is to fail at `spec.hostPID`, but passes"),
            ),
            (
                format!("- {{ fails: '{}', at: spec.hostIPC }}", pod("true")),
                Some("10: the example is to fail at `spec.hostIPC`, but fails at `spec.hostPID`"),
            ),
            (
                format!("- {{ passes: '{}' }}", pod("true")),
                Some("10: the example is to pass, but fails at `spec.hostPID`"),
            ),
        ] {
            let file = SourceMap::new().add("policies/r.yaml", rule(&example));
            let rule = decode(&file).expect("the rule is right");
            let line =
                |problem: &Diagnostic| problem.span.map(|span| file.position(span.start).line).unwrap_or_default();
            let found: Vec<String> =
                verify(&rule).iter().map(|problem| format!("{}: {}", line(problem), problem.message)).collect();
            assert_eq!(found, expected.into_iter().collect::<Vec<_>>(), "{example}");
        }
    }
}
