//! Rules whose check a person wrote, in CEL or Rego.

use super::checks::Check;
use super::finding::{Context, Findings};
use super::params::Param;
#[cfg(feature = "rego")]
use super::rule::Applies;
use super::rule::{Decoder, Logic, Rule};
#[cfg(feature = "rego")]
use crate::diagnostic::Severity;
use crate::diagnostic::{Diagnostic, nearest};
use crate::object::ObjectSet;
use crate::policy::own::{Answer, Policy, PolicyKind, Subject, Task, follow, read_cel, run};
use crate::source::SourceFile;
use crate::yaml::emit::Data;
use crate::yaml::{Kind, Node};
use std::collections::HashMap;
use std::sync::Arc;

/// Gives the text of a file that a rule names, from the rule's folder; the error is a sentence.
pub type Files<'a> = &'a dyn Fn(&str) -> Result<Arc<SourceFile>, String>;

/// A person's check with its parameters.
pub(super) struct OwnCheck {
    policy: Arc<Policy>,
    params: Arc<Data>,
}

impl OwnCheck {
    /// Makes a check; of parameters of one name the last one counts.
    pub(super) fn new(policy: &Arc<Policy>, given: &[Param]) -> Self {
        Self { policy: Arc::clone(policy), params: Arc::new(merged(given)) }
    }

    /// Tells checks apart: each has parameters of its own.
    fn key(&self) -> usize {
        Arc::as_ptr(&self.params).addr()
    }

    /// Points at what the policy objects to.
    pub(super) fn run<'d>(&self, context: &Context<'_, 'd>, findings: &mut Findings<'d>) {
        for objection in context.answers.of(self, context.at).into_iter().flat_map(|answer| &answer.objections) {
            let (node, whole) = follow(objection.root.node(context.object), &objection.steps);
            let finding = if whole { findings.at(node) } else { findings.lacking(node) };
            finding.warning = objection.warning;
            if let Some(message) = &objection.message {
                finding.message(message.clone());
            }
            if let Some(help) = &objection.help {
                finding.help(help.clone());
            }
        }
    }
}

/// Makes a map of parameters; of those of one name the last one counts.
pub(super) fn merged(given: &[Param]) -> Data {
    let mut params: Vec<(String, Data)> = Vec::new();
    for param in given {
        params.retain(|(name, _)| *name != param.name);
        params.push((param.name.clone(), param.data.clone()));
    }
    Data::Map(params)
}

/// What the checks that people wrote say of the objects of a set.
#[derive(Default)]
pub(super) struct Answers(HashMap<(usize, usize), Answer>);

impl Answers {
    /// Asks each check, given with its rule's id and the places of the objects that the rule looks at. Gives, too, what is
    /// wrong with the policies.
    pub(super) fn ask<'r>(
        checks: impl Iterator<Item = (&'r str, &'r Check, Vec<usize>)>,
        objects: &ObjectSet<'_>,
    ) -> (Self, Vec<Diagnostic>) {
        let (mut asked, mut tasks) = (Vec::new(), Vec::new());
        for (id, check, subjects) in checks {
            if let Check::Own(check) = check
                && !subjects.is_empty()
            {
                asked.push((id, check));
                let (policy, params) = (Arc::clone(&check.policy), Arc::clone(&check.params));
                tasks.push(Task { policy, params, subjects });
            }
        }
        let mut answers = Self::default();
        let mut problems: Vec<Diagnostic> = Vec::new();
        if tasks.is_empty() {
            return (answers, problems);
        }
        let given = run(&tasks, objects.iter().map(Subject::read).collect());
        for (((id, check), task), given) in asked.into_iter().zip(&tasks).zip(given) {
            for (at, answer) in task.subjects.iter().zip(given) {
                for failure in &answer.failures {
                    let message = format!("rule `{id}` cannot be judged: {}", failure.message);
                    let mut problem = Diagnostic::error("policy/failed", message);
                    (problem.span, problem.help) = (failure.place, failure.help.clone());
                    // It fails for the other objects alike: once is enough.
                    if !problems.iter().any(|known| known.span == problem.span && known.message == problem.message) {
                        problem.object = objects.iter().nth(*at).map(crate::object::Object::full_name);
                        problems.push(problem);
                    }
                }
                answers.0.insert((check.key(), *at), answer);
            }
        }
        (answers, problems)
    }

    fn of(&self, check: &OwnCheck, at: usize) -> Option<&Answer> {
        self.0.get(&(check.key(), at))
    }
}

/// Finds what is wrong with parameters that are laid over those that a rule declares.
pub(super) fn problems(declared: &[&Param], over: &[Param]) -> Vec<Diagnostic> {
    let problem = |param: &Param| {
        let Some(known) = declared.iter().find(|known| known.name == param.name) else {
            let mut problem =
                Diagnostic::error("policy/unknown-parameter", format!("unknown parameter `{}`", param.name));
            problem.span = param.place.map(|(name, _)| name);
            problem.help = Some(match nearest(&param.name, declared.iter().map(|known| known.name.as_str())) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "a rule's parameters are those of its `with`".to_owned(),
            });
            return Some(problem);
        };
        let (wanted, given) = (kind(&known.data), kind(&param.data));
        let message = format!("the parameter `{}` must be {}, as in the rule", param.name, wanted.article());
        let mut problem = Diagnostic::error("policy/parameter", message);
        problem.span = param.place.map(|(_, value)| value);
        (wanted != given && wanted != Kind::Null).then_some(problem)
    };
    over.iter().filter_map(problem).collect()
}

fn kind(data: &Data) -> Kind {
    match data {
        Data::Null => Kind::Null,
        Data::Bool(_) => Kind::Bool,
        Data::Int(_) | Data::UInt(_) => Kind::Int,
        Data::Float(_) => Kind::Float,
        Data::String(_) => Kind::String,
        Data::Seq(_) => Kind::Seq,
        Data::Map(_) => Kind::Map,
    }
}

impl Decoder<'_> {
    /// Reads a check in CEL or Rego.
    pub(super) fn own(&mut self, map: Node<'_>, pods: bool) -> Option<Logic> {
        let kind = if map.field("cel").is_some() {
            match read_cel(map, pods) {
                Ok(policy) => PolicyKind::Cel(policy),
                Err(problems) => {
                    self.problems.extend(problems);
                    return None;
                }
            }
        } else {
            self.rego(map)?
        };
        Some(Logic::Own(Arc::new(Policy::new(kind))))
    }

    #[cfg(feature = "rego")]
    fn rego(&mut self, map: Node<'_>) -> Option<PolicyKind> {
        use crate::policy::own::Rego;
        let modules = [self.files(map, "rego"), self.files(map, "modules")].concat();
        let sources: Vec<_> = modules.iter().map(|(source, _)| Arc::clone(source)).collect();
        let mut data = Vec::new();
        for (source, place) in self.files(map, "data") {
            let mut parsed = crate::yaml::parse(&source);
            self.problems.append(&mut parsed.diagnostics);
            data.extend(parsed.documents.iter().map(|document| (Data::from_node(document.root()), place)));
        }
        if sources.is_empty() || !self.problems.is_empty() {
            return None;
        }
        let policy = match Rego::read(&sources, &data, map.field("package").map(Node::text)) {
            Ok(policy) => policy,
            Err(problems) => {
                self.problems.extend(problems);
                return None;
            }
        };
        if policy.entries().is_empty() {
            let help = Some("name a rule `deny`, `violation` or `warn`".to_owned());
            let place = map.field("rego").unwrap_or(map).head();
            self.problem("policy/rego", place, "no rule of the policy objects to anything", help);
            return None;
        }
        Some(PolicyKind::Rego(Box::new(policy)))
    }

    #[cfg(not(feature = "rego"))]
    fn rego(&mut self, map: Node<'_>) -> Option<PolicyKind> {
        let place = map.field("rego").unwrap_or(map).head();
        let help = Some("build it with the feature `rego`, or write the rule in `cel`".to_owned());
        self.problem("policy/unsupported", place, "this build knows no Rego", help);
        None
    }

    /// Reads the files that a key names: one, or a list.
    #[cfg(feature = "rego")]
    fn files(&mut self, map: Node<'_>, key: &str) -> Vec<(Arc<SourceFile>, crate::source::Span)> {
        let Some(node) = map.field(key) else { return Vec::new() };
        let one = std::iter::once(node).filter(|node| node.kind() != Kind::Seq);
        let mut found = Vec::new();
        for name in one.chain(node.items()) {
            let Some(path) = name.as_str().filter(|path| !path.is_empty()) else {
                self.wrong(name, key, "the path of a file");
                continue;
            };
            match (self.files)(path) {
                Ok(source) => found.push((source, name.head())),
                Err(why) => {
                    let help = Some("paths are counted from the rule's folder".to_owned());
                    self.problem("policy/file", name.head(), why, help);
                }
            }
        }
        found
    }
}

/// Makes rules of policies in Rego that no rule file names, as conftest has them: each of `deny`, `violation` and `warn`
/// (and `deny_root` and the like) of the package `main` is one, by the name with hyphens. Data stands below its folders.
#[cfg(feature = "rego")]
pub fn loose_rules(
    policies: &[Arc<SourceFile>],
    data: &[(Vec<String>, Arc<SourceFile>)],
) -> Result<Vec<Rule>, Vec<Diagnostic>> {
    use crate::policy::own::Rego;
    let mut documents = Vec::new();
    for (folders, source) in data {
        let parsed = crate::yaml::parse(source);
        if !parsed.diagnostics.is_empty() {
            return Err(parsed.diagnostics);
        }
        for document in &parsed.documents {
            let below = |data, folder: &String| Data::Map(vec![(folder.clone(), data)]);
            documents.push((folders.iter().rev().fold(Data::from_node(document.root()), below), source.span()));
        }
    }
    let rego = Rego::read(policies, &documents, Some("main"))?;
    if rego.entries().is_empty() {
        let problem = Diagnostic::error("policy/rego", "no rule of the package `main` objects to anything");
        let place = policies.first().map(|source| source.span());
        let help = "name a rule `deny`, `violation` or `warn`, or write a rule file that names the policy";
        return Err(vec![Diagnostic {
            span: place.map(|span| crate::source::Span { end: span.start, ..span }),
            ..problem.help(help)
        }]);
    }
    let rule = |entry: &crate::policy::own::Entry| Rule {
        id: entry.name.replace('_', "-").to_lowercase(),
        group: "own".to_owned(),
        severity: if entry.warning { Severity::Warning } else { Severity::Error },
        profiles: Vec::new(),
        summary: format!("the policy's `{}` objects to it", entry.name),
        why: format!("The rule `{}` of a policy in Rego says so.", entry.name),
        remedy: "write it as the policy asks".to_owned(),
        applies: Applies { pods: false, kinds: vec!["*".to_owned()] },
        logic: Logic::Own(Arc::new(Policy::new(PolicyKind::Rego(Box::new(rego.only(entry)))))),
        from: None,
        with: Vec::new(),
        since: Vec::new(),
        references: Vec::new(),
        examples: Vec::new(),
        fix: None,
        cel: None,
        place: entry.place.unwrap_or_else(|| policies[0].span()),
    };
    Ok(rego.entries().iter().map(rule).collect())
}

/// Without Rego, its policies cannot be judged by.
#[cfg(not(feature = "rego"))]
pub fn loose_rules(
    policies: &[Arc<SourceFile>],
    _: &[(Vec<String>, Arc<SourceFile>)],
) -> Result<Vec<Rule>, Vec<Diagnostic>> {
    let problem = |source: &Arc<SourceFile>| {
        Diagnostic::error("policy/unsupported", "this build knows no Rego").at(source.span())
    };
    Err(policies.iter().take(1).map(problem).collect())
}
