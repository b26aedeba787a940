//! Rules as ValidatingAdmissionPolicies, for a cluster to enforce.
//!
//! A rule whose check is in CEL is one as it stands; what it calls `pod`, `containers`, `container` and `params` is bound
//! around its expressions. A built-in rule is one where its file gives the same check in `cel`, too.

use super::catalogue;
use super::engine::{Linter, Source};
use super::own::merged;
use super::rule::{Applies, Rule, steps};
use crate::diagnostic::Severity;
use crate::policy::own::{Cel, PolicyKind, Written};
use crate::policy::resource_of;
use crate::yaml::emit::{Data, block};
use std::fmt::Write as _;

/// A rule, as a cluster would enforce it.
#[derive(Clone, Debug)]
pub struct Exported {
    /// The rule's id, and the policy's name.
    pub id: String,
    /// The policy and its binding, as two documents; or why there is none.
    pub policy: Result<String, &'static str>,
}

impl Linter {
    /// Writes the rules that hold in an environment as admission policies.
    pub fn export(&self, environment: Option<&str>) -> Vec<Exported> {
        let rules = self.active().filter(|rule| rule.environments.hold(environment));
        rules
            .filter_map(|active| {
                let (rule, over) = match &active.source {
                    Source::BuiltIn(over) => (catalogue::load(&active.id)?, over),
                    Source::Own(rule, over) => ((**rule).clone(), over),
                };
                let given = steps(rule.from, &rule.with, &rule.since, over).pop().map(|(_, given)| given);
                let policy = export(&rule, active.severity, &merged(&given.unwrap_or_default()));
                Some(Exported { id: active.id.clone(), policy })
            })
            .collect()
    }
}

fn export(rule: &Rule, severity: Severity, params: &Data) -> Result<String, &'static str> {
    let policy = rule.in_cel().ok_or(match rule.builtin() {
        Some(_) => "its check is built in, and its file gives none in CEL",
        None => "it is written in Rego",
    })?;
    #[cfg_attr(
        not(feature = "rego"),
        expect(clippy::infallible_destructuring_match, reason = "there is one kind then")
    )]
    let cel = match policy.kind() {
        PolicyKind::Cel(cel) => cel,
        #[cfg(feature = "rego")]
        PolicyKind::Rego(_) => return Err("it is written in Rego"),
    };
    let mut variables = Vec::new();
    if !params.is_empty_collection() {
        variables.push(variable("params", &literal(params)));
    }
    if rule.applies.pods {
        variables.push(variable("pod", POD));
        variables.push(variable("containers", CONTAINERS));
    }
    for (name, expression) in cel.variables() {
        let names = cel.names_of(name);
        if names.iter().any(|name| ["params", "pod", "containers", "container"].contains(&name.as_str())) {
            return Err("one of its variables speaks of `params` or of pods, which the server's variables cannot");
        }
        variables.push(variable(name, expression));
    }
    let validations = cel.validations().map(|written| validation(rule, cel, &written)).collect();
    let mut spec = vec![("failurePolicy", text("Fail")), ("matchConstraints", constraints(&rule.applies))];
    if rule.applies.kinds.iter().any(|kind| kind != "*" && !kind.contains('/')) {
        let expression = "!request.kind.group.contains('.') || request.kind.group.endsWith('.k8s.io')";
        spec.push((
            "matchConditions",
            Data::Seq(vec![map(vec![("name", text("kubernetes-own")), ("expression", text(expression))])]),
        ));
    }
    if !variables.is_empty() {
        spec.push(("variables", Data::Seq(variables)));
    }
    spec.push(("validations", Data::Seq(validations)));
    let actions = match severity {
        Severity::Error => vec![text("Deny")],
        Severity::Warning => vec![text("Warn"), text("Audit")],
        Severity::Info => vec![text("Audit")],
    };
    let object = |kind: &str, spec: Vec<(&str, Data)>| {
        map(vec![
            ("apiVersion", text("admissionregistration.k8s.io/v1")),
            ("kind", text(kind)),
            ("metadata", map(vec![("name", text(&rule.id))])),
            ("spec", map(spec)),
        ])
    };
    let policy = object("ValidatingAdmissionPolicy", spec);
    let binding = vec![("policyName", text(&rule.id)), ("validationActions", Data::Seq(actions))];
    let binding = object("ValidatingAdmissionPolicyBinding", binding);
    Ok(format!("---\n{}\n---\n{}\n", block(&policy, 0).trim_end(), block(&binding, 0).trim_end()))
}

/// The pod of an object that runs one.
const POD: &str = "object.kind == 'Pod' ? object : object.kind == 'PodTemplate' ? object.template : object.kind == 'CronJob' ? object.spec.jobTemplate.spec.template : object.spec.template";
/// Its containers of all roles.
const CONTAINERS: &str = "variables.pod.spec.containers + variables.pod.spec.?initContainers.orValue([]) + variables.pod.spec.?ephemeralContainers.orValue([])";

fn validation(rule: &Rule, cel: &Cel, written: &Written<'_>) -> Data {
    let bind = |expression: String, names: &[String], how: &str, end: &str| {
        ["containers", "pod", "params"]
            .into_iter()
            .filter(|name| names.iter().any(|used| used == name))
            .fold(expression, |inner, name| format!("[variables.{name}].{how}({name}, {inner}){end}"))
    };
    let names = cel.names_of(written.expression);
    let bound = bind(written.expression.to_owned(), &names, "all", "");
    let whole =
        if written.per_container { format!("variables.containers.all(container, {bound})") } else { bound.clone() };
    let said = written.message.unwrap_or(&rule.summary);
    let mut fields = vec![("expression", text(&whole)), ("message", text(said))];
    if written.per_container {
        let found =
            format!("variables.containers.filter(container, !({bound})).map(container, container.name).join(', ')");
        let what = said.strip_prefix("container ").unwrap_or(said);
        fields.push(("messageExpression", text(&format!("'container ' + {found} + {}", quoted(&format!(" {what}"))))));
    } else if let Some(message) = written.message_expression {
        let computed = bind(message.to_owned(), &cel.names_of(message), "map", "[0]");
        fields.push(("messageExpression", text(&computed)));
    }
    map(fields)
}

/// Names the resources that a rule looks at.
fn constraints(applies: &Applies) -> Data {
    let rule = |group: &str, resources: &[String]| {
        let list = |items: &[&str]| Data::Seq(items.iter().map(|item| text(item)).collect());
        map(vec![
            ("apiGroups", list(&[group])),
            ("apiVersions", list(&["*"])),
            ("operations", list(&["CREATE", "UPDATE"])),
            ("resources", Data::Seq(resources.iter().map(|resource| text(resource)).collect())),
        ])
    };
    let mut rules = Vec::new();
    if applies.pods {
        for (group, kinds) in [
            ("", &["Pod", "PodTemplate", "ReplicationController"][..]),
            ("apps", &["Deployment", "ReplicaSet", "DaemonSet", "StatefulSet"]),
            ("batch", &["Job", "CronJob"]),
        ] {
            let named = |kind: &&&str| applies.kinds.is_empty() || applies.kinds.iter().any(|wanted| wanted == **kind);
            let resources: Vec<String> = kinds.iter().filter(named).map(|kind| resource_of(kind)).collect();
            if !resources.is_empty() {
                rules.push(rule(group, &resources));
            }
        }
    } else {
        for kind in &applies.kinds {
            match kind.split_once('/') {
                _ if kind == "*" => rules.push(rule("*", &["*".to_owned()])),
                Some((group, kind)) => rules.push(rule(group, &[resource_of(kind)])),
                None => rules.push(rule("*", &[resource_of(kind)])),
            }
        }
    }
    map(vec![("resourceRules", Data::Seq(rules))])
}

fn variable(name: &str, expression: &str) -> Data {
    map(vec![("name", text(name)), ("expression", text(expression))])
}

fn map(fields: Vec<(&str, Data)>) -> Data {
    Data::Map(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

fn text(text: &str) -> Data {
    Data::String(text.to_owned())
}

/// Writes data as CEL. The server wants all values of a map, and all items of a list, to be of one type: `dyn` makes them so.
fn literal(data: &Data) -> String {
    match data {
        Data::Null => "null".to_owned(),
        Data::Bool(value) => value.to_string(),
        Data::Int(value) => value.to_string(),
        Data::UInt(value) => format!("{value}u"),
        Data::Float(value) => format!("double('{value}')"),
        Data::String(text) => quoted(text),
        Data::Seq(items) => format!("[{}]", items.iter().map(dynamic).collect::<Vec<_>>().join(", ")),
        Data::Map(entries) => {
            let entry = |(key, value): &(String, Data)| format!("{}: {}", quoted(key), dynamic(value));
            format!("{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
    }
}

fn dynamic(data: &Data) -> String {
    format!("dyn({})", literal(data))
}

fn quoted(text: &str) -> String {
    let mut quoted = String::from("'");
    for c in text.chars() {
        match c {
            '\'' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => _ = write!(quoted, "\\u{:04x}", u32::from(c)),
            c => quoted.push(c),
        }
    }
    quoted.push('\'');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::rule::Logic;
    use crate::lint::{LintConfig, Word, examples};
    use std::sync::Arc;

    /// Gives the built-in rules that have a check in CEL, with that as their check.
    fn in_cel() -> Vec<(Rule, Rule)> {
        let rules = catalogue::catalogue().filter_map(|rule| catalogue::load(rule.id));
        let in_cel = rules.filter_map(|rule| {
            let policy = Arc::clone(rule.cel.as_ref()?);
            Some((rule.clone(), Rule { logic: Logic::Own(policy), ..rule }))
        });
        in_cel.collect()
    }

    #[test]
    fn checks_in_cel_say_what_the_built_in_ones_say() {
        let rules = in_cel();
        assert!(rules.len() >= 25, "{}", rules.len());
        let mut wrong = Vec::new();
        for (_, rule) in &rules {
            for problem in examples::verify(rule) {
                // The place may be a wider one: what counts is the verdict.
                if !problem.message.contains("is to fail at") || problem.message.contains("but passes") {
                    wrong.push(format!("{}: {}", rule.id, problem.message));
                }
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    #[test]
    fn a_rule_becomes_a_policy_with_its_binding() {
        let config = LintConfig { only: vec![Word::from("latest-tag")], ..LintConfig::default() };
        let exported = Linter::new(&config).0.export(None);
        let policy = exported[0].policy.clone().expect("it is in CEL");
        for part in [
            "kind: ValidatingAdmissionPolicy\n",
            "expression: \"{'forbidden': dyn([dyn('latest')])}\"",
            "variables.containers.all(container, [variables.params].all(params, ",
            "validationActions:\n",
        ] {
            assert!(policy.contains(part), "{part}:\n{policy}");
        }
        let config = LintConfig { only: vec![Word::from("service-selects-nothing")], ..LintConfig::default() };
        let exported = Linter::new(&config).0.export(None);
        assert_eq!(exported[0].policy, Err("its check is built in, and its file gives none in CEL"));
    }

    #[test]
    fn literals_are_of_one_type_for_the_server() {
        let data = Data::Map(vec![("a'b".to_owned(), Data::Seq(vec![Data::Int(1), Data::String("x".to_owned())]))]);
        assert_eq!(literal(&data), "{'a\\'b': dyn([dyn(1), dyn('x')])}");
    }
}
