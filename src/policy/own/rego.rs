//! Policies in Rego: the rules `deny`, `warn` and `violation` of a package, as conftest has them.

use super::path::{self, Hop, Steps};
use super::{Answer, Failure, Objection, Root, Subject};
use crate::diagnostic::Diagnostic;
use crate::schema::{Language, depth};
use crate::source::{SourceFile, Span};
use crate::yaml::emit::Data;
use regorus::utils::limits::ExecutionTimerConfig;
use regorus::{Engine, Value};
use serde_json::Value as Json;
use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

/// How long a policy may take to answer for one object.
const LIMIT: Duration = Duration::from_secs(1);

/// Operators and brackets that may stand in each other.
const DEEPEST: usize = 100;

/// Brackets that may stand in each other. The engine reads each twice, once as a comprehension and once as a list, and so all that
/// stand in it: with each level reading takes twice as long.
const BRACKETS: usize = 14;

/// Functions that may call each other in a row.
const LONGEST_CHAIN: usize = 200;

/// Rules that object to the input, compiled with the modules that they need.
#[derive(Clone, Debug)]
pub struct Rego {
    engine: Engine,
    entries: Vec<Entry>,
    sources: Vec<Arc<SourceFile>>,
}

/// A rule that objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name: `deny`, `warn_no_probe`.
    pub name: String,
    /// Where it is asked for: `data.main.deny`.
    path: String,
    /// It only warns.
    pub warning: bool,
    /// Where it was written first.
    pub place: Option<Span>,
}

impl Rego {
    /// Reads modules and data. The rules that object are those of `package`; none for the package of the first module.
    pub fn read(
        sources: &[Arc<SourceFile>],
        data: &[(Data, Span)],
        package: Option<&str>,
    ) -> Result<Self, Vec<Diagnostic>> {
        let mut problems = Vec::new();
        let mut engine = Engine::new();
        engine.set_gather_prints(true);
        engine.set_strict_builtin_errors(false);
        let check_interval = NonZeroU32::new(64).unwrap_or(NonZeroU32::MIN);
        engine.set_execution_timer_config(ExecutionTimerConfig { limit: LIMIT, check_interval });
        for source in sources {
            problems.extend(add(&mut engine, source));
        }
        for (data, place) in data {
            if let Err(error) = engine.add_data(Value::from(data.to_json())) {
                problems.push(
                    Diagnostic::error("policy/rego", format!("this is no data for policies: {error}")).at(*place),
                );
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let tree = engine.get_ast_as_json().ok().and_then(|text| serde_json::from_str::<Json>(&text).ok());
        let modules: Vec<Module> =
            tree.iter().flat_map(|tree| tree.as_array().into_iter().flatten()).map(Module::read).collect();
        if let Some(why) = endless(&modules) {
            let place = sources.first().map_or_else(Vec::new, |source| vec![source.span()]);
            let problem =
                Diagnostic::error("policy/rego", why).help("Rego knows no recursion: write a comprehension, or `walk`");
            return Err(vec![Diagnostic {
                span: place.first().map(|span| Span { end: span.start, ..*span }),
                ..problem
            }]);
        }
        let mut rego = Self { engine, entries: Vec::new(), sources: sources.to_vec() };
        let package = package.map(str::to_owned).or_else(|| modules.first().map(|module| module.package.clone()));
        rego.entries = entries(&modules, &package.unwrap_or_default(), sources);
        // What cannot be compiled is said now, not with the first object.
        if let Err(error) = rego.engine.eval_query("true".to_owned(), false) {
            return Err(vec![rego.problem(&format!("{error:#}"))]);
        }
        Ok(rego)
    }

    /// Gives the rules that object.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Gives the same policy with one of its rules only.
    #[must_use]
    pub fn only(&self, entry: &Entry) -> Self {
        Self { entries: vec![entry.clone()], ..self.clone() }
    }

    fn problem(&self, error: &str) -> Diagnostic {
        let (message, place) = worded(error, &self.sources);
        let mut problem = Diagnostic::error("policy/rego", message.clone());
        problem.help = help(&message);
        problem.span =
            place.or_else(|| self.sources.first().map(|source| Span { end: source.span().start, ..source.span() }));
        problem
    }

    fn failure(&self, error: &str) -> Failure {
        let (message, place) = worded(error, &self.sources);
        let place = place.or_else(|| self.entries.first().and_then(|entry| entry.place));
        if message.contains("exceeded time limit") {
            let message = format!("it takes longer than {} second for one object", LIMIT.as_secs());
            let help = Some("look for what loops over long or wide ranges".to_owned());
            return Failure { message, help, place, spent: true };
        }
        Failure { help: help(&message), ..Failure::new(message, place) }
    }
}

fn add(engine: &mut Engine, source: &Arc<SourceFile>) -> Option<Diagnostic> {
    let start = Span { end: source.span().start, ..source.span() };
    let problem = |message: String| Diagnostic::error("policy/rego", message).at(start);
    match depth(source.text(), Language::Rego) {
        None => return Some(problem("a quote is not closed".to_owned())),
        Some(deep) if deep.brackets > BRACKETS => {
            return Some(
                problem(format!("more than {BRACKETS} brackets stand in each other"))
                    .help("give inner parts names of their own"),
            );
        }
        Some(deep) if deep.in_all > DEEPEST => {
            return Some(problem(format!("more than {DEEPEST} operators and brackets stand in each other")));
        }
        Some(_) => {}
    }
    let (name, text) = (source.name().to_owned(), source.text().to_owned());
    engine.set_rego_v0(false);
    let Err(error) = engine.add_policy(name.clone(), text.clone()) else { return None };
    // Policies of before OPA 1.0: `deny[msg] { … }`.
    engine.set_rego_v0(true);
    let old = engine.add_policy(name, text);
    engine.set_rego_v0(false);
    if old.is_ok() {
        return None;
    }
    let (message, place) = worded(&format!("{error:#}"), std::slice::from_ref(source));
    let mut problem = problem(message);
    problem.span = place.or(problem.span);
    Some(problem)
}

/// Finds in an error of the engine the sentence and the place: `--> a.rego:3:7` and `error: …`.
fn worded(error: &str, sources: &[Arc<SourceFile>]) -> (String, Option<Span>) {
    let place = error.lines().find_map(|line| {
        let (rest, column) = line.trim().strip_prefix("--> ")?.rsplit_once(':')?;
        let (name, line) = rest.rsplit_once(':')?;
        let (line, column) = (line.parse::<u32>().ok()?, column.parse::<usize>().ok()?);
        let source = sources.iter().find(|source| source.name() == name)?;
        let text = source.line_text(line);
        let before: usize = text.chars().take(column.saturating_sub(1)).map(char::len_utf8).sum();
        let at = (source.line_start(line) as usize + before).min(source.text().len());
        let word = text.get(before..).unwrap_or_default();
        let end = word.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(word.len());
        Some(Span::new(source.id(), at, at + end.max(word.chars().next().map_or(0, char::len_utf8))))
    });
    let said = error.split("error: ").nth(1).unwrap_or(error);
    let said = said.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("it cannot be evaluated");
    (said.trim_end_matches(':').replace("could not find function ", "there is no function "), place)
}

/// What is missing on purpose, and why.
fn help(message: &str) -> Option<String> {
    let name = message.strip_prefix("there is no function ")?;
    let outside = ["http.", "net.lookup", "opa.", "time.", "rand.", "uuid.", "io.", "crypto."];
    let why = "policies reach no network, clock or environment here, so that a verdict is the same everywhere";
    outside.iter().any(|start| name.starts_with(start)).then(|| why.to_owned())
}

/// What is needed of a module's syntax tree.
struct Module {
    name: String,
    package: String,
    /// Names that stand for a path: `import data.lib as l`.
    aliases: HashMap<String, String>,
    rules: Vec<Rule>,
}

struct Rule {
    name: String,
    line: u32,
    is_function: bool,
    /// Paths of what it calls, and of what it speaks of, whether rules or not.
    calls: Vec<String>,
    mentions: Vec<String>,
}

impl Module {
    fn read(tree: &Json) -> Self {
        let module = &tree["ast"];
        let package = dotted(&module["package"]["refr"]).unwrap_or_default();
        let mut aliases = HashMap::new();
        for import in module["imports"].as_array().into_iter().flatten() {
            let Some(path) = dotted(&import["refr"]) else { continue };
            let text = tree["source"]["contents"].as_str().unwrap_or_default();
            let range = |end: &str| import["as"][end].as_u64().and_then(|at| usize::try_from(at).ok());
            let named = range("start").zip(range("end")).and_then(|(start, end)| text.get(start..end));
            let last = path.rsplit('.').next().unwrap_or_default();
            aliases.insert(named.unwrap_or(last).to_owned(), path.clone());
        }
        let mut module_read = Self {
            name: tree["source"]["file"].as_str().unwrap_or_default().to_owned(),
            package,
            aliases,
            rules: Vec::new(),
        };
        for rule in module["rules"].as_array().into_iter().flatten() {
            let rule = if rule["Spec"].is_object() { &rule["Spec"] } else { &rule["Default"] };
            let heads = ["Func", "Set", "Compr"].map(|kind| &rule["head"][kind]);
            let head = heads.into_iter().find(|head| head.is_object()).unwrap_or(rule);
            let Some(name) = dotted(&head["refr"]) else { continue };
            let mut found = Rule {
                name,
                line: rule["span"]["line"].as_u64().and_then(|line| u32::try_from(line).ok()).unwrap_or(1),
                is_function: rule["head"]["Func"].is_object(),
                calls: Vec::new(),
                mentions: Vec::new(),
            };
            found.gather(rule);
            module_read.rules.push(found);
        }
        module_read
    }

    /// Gives the whole path of a name: `data.main.f` of `f`, `data.lib.g` of `l.g`.
    fn whole(&self, name: &str) -> String {
        let (first, rest) = name.split_once('.').unwrap_or((name, ""));
        match self.aliases.get(first) {
            _ if first == "data" => name.to_owned(),
            Some(path) if rest.is_empty() => path.clone(),
            Some(path) => format!("{path}.{rest}"),
            None => format!("data.{}.{name}", self.package),
        }
    }
}

impl Rule {
    fn gather(&mut self, tree: &Json) {
        match tree {
            Json::Object(fields) => {
                for (name, inner) in fields {
                    match name.as_str() {
                        "Call" => self.calls.extend(dotted(&inner["fcn"])),
                        "Var" | "RefDot" | "RefBrack" => {
                            let whole = Json::Object([(name.clone(), inner.clone())].into_iter().collect());
                            self.mentions.extend(dotted(&whole));
                        }
                        _ => {}
                    }
                    self.gather(inner);
                }
            }
            Json::Array(items) => items.iter().for_each(|item| self.gather(item)),
            _ => {}
        }
    }
}

/// Gives the names that a reference begins with: `data.lib.f` of `data.lib.f[x]`.
fn dotted(tree: &Json) -> Option<String> {
    let text = |value: &Json| value.as_str().map(str::to_owned);
    if let Some(inner) = tree.get("RefDot") {
        return Some(format!("{}.{}", dotted(&inner["refr"])?, text(&inner["field"][1])?));
    }
    if let Some(inner) = tree.get("RefBrack") {
        let front = dotted(&inner["refr"])?;
        return Some(match text(&inner["index"]["String"]["value"]) {
            Some(key) => format!("{front}.{key}"),
            None => front,
        });
    }
    text(&tree["Var"]["value"])
}

/// Says which functions would call themselves for ever, or deeper than is evaluated here. The engine itself refuses rules
/// that need themselves.
fn endless(modules: &[Module]) -> Option<String> {
    // By path: whether a function is among its rules, and what those call and mention.
    let mut graph: BTreeMap<String, (bool, Vec<String>, Vec<String>)> = BTreeMap::new();
    for module in modules {
        for rule in &module.rules {
            let node = graph.entry(module.whole(&rule.name)).or_default();
            node.0 |= rule.is_function;
            node.1.extend(rule.calls.iter().map(|name| module.whole(name)));
            node.2.extend(rule.mentions.iter().map(|name| module.whole(name)));
        }
    }
    for (path, (is_function, ..)) in &graph {
        if *is_function && reaches(&graph, path) {
            return Some(format!("the function `{}` calls itself", path.trim_start_matches("data.")));
        }
    }
    let mut known = HashMap::new();
    let deepest = graph.keys().map(|path| chain(&graph, path, &mut known, 0)).max().unwrap_or_default();
    (deepest > LONGEST_CHAIN).then(|| format!("rules need each other in a row of more than {LONGEST_CHAIN}"))
}

type Graph = BTreeMap<String, (bool, Vec<String>, Vec<String>)>;

/// Tells whether calls lead from a function back to it.
fn reaches(graph: &Graph, from: &str) -> bool {
    let mut seen: Vec<&str> = Vec::new();
    let mut next: Vec<&str> = vec![from];
    while let Some(path) = next.pop() {
        for called in graph.get(path).into_iter().flat_map(|(_, calls, _)| calls) {
            if called == from {
                return true;
            }
            if !seen.contains(&called.as_str()) {
                seen.push(called);
                next.push(called);
            }
        }
    }
    false
}

/// Measures the longest row of rules that need each other, as far as is asked.
fn chain(graph: &Graph, path: &str, known: &mut HashMap<String, usize>, above: usize) -> usize {
    if let Some(length) = known.get(path) {
        return *length;
    }
    let Some((_, calls, mentions)) = graph.get(path).filter(|_| above <= LONGEST_CHAIN) else { return 1 };
    // A rule that is being measured counts as one, so that a circle ends.
    known.insert(path.to_owned(), 1);
    let below = calls.iter().chain(mentions).filter(|next| *next != path && graph.contains_key(*next));
    let length = 1 + below.map(|next| chain(graph, next, known, above + 1)).max().unwrap_or_default();
    known.insert(path.to_owned(), length);
    length
}

/// Finds the rules of a package that object: `deny`, `violation`, `warn`, and those that begin so (`deny_root`).
fn entries(modules: &[Module], package: &str, sources: &[Arc<SourceFile>]) -> Vec<Entry> {
    let mut found: Vec<Entry> = Vec::new();
    for module in modules.iter().filter(|module| module.package == package) {
        for rule in module.rules.iter().filter(|rule| !rule.is_function) {
            let kind = ["deny", "violation", "warn"]
                .into_iter()
                .find(|kind| rule.name.strip_prefix(kind).is_some_and(|rest| rest.is_empty() || rest.starts_with('_')));
            let Some(kind) = kind.filter(|_| found.iter().all(|entry| entry.name != rule.name)) else { continue };
            let source = sources.iter().find(|source| source.name() == module.name);
            let place = source.map(|source| {
                let start = source.line_start(rule.line) as usize;
                Span::new(source.id(), start, start + rule.name.len())
            });
            let path = format!("data.{package}.{}", rule.name);
            found.push(Entry { name: rule.name.clone(), path, warning: kind == "warn", place });
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

/// Evaluates policies over the objects of a run.
pub(super) struct Session<'s> {
    subjects: &'s [Subject],
    /// By task: the engine with the parameters.
    engines: HashMap<usize, Result<Engine, String>>,
    inputs: HashMap<usize, Value>,
}

impl<'s> Session<'s> {
    pub(super) fn new(subjects: &'s [Subject]) -> Self {
        Self { subjects, engines: HashMap::new(), inputs: HashMap::new() }
    }

    /// Judges an object by the policy of a task.
    pub(super) fn judge(&mut self, task: usize, policy: &Rego, params: &Data, at: usize) -> Answer {
        let mut answer = Answer::default();
        let Some(subject) = self.subjects.get(at) else { return answer };
        let input = self.inputs.entry(at).or_insert_with(|| Value::from(subject.object.to_json()));
        let engine = self.engines.entry(task).or_insert_with(|| {
            let mut engine = policy.engine.clone();
            if !params.is_empty_collection() {
                let data = Json::Object([("params".to_owned(), params.to_json())].into_iter().collect());
                engine.add_data(Value::from(data)).map_err(|error| format!("{error:#}"))?;
            }
            Ok(engine)
        });
        let engine = match engine {
            Ok(engine) => engine,
            Err(error) => {
                answer.failures.push(policy.failure(error));
                return answer;
            }
        };
        engine.set_input(input.clone());
        for entry in &policy.entries {
            let value = engine.eval_rule(entry.path.clone());
            // What they print is for their authors, and would stand between findings.
            _ = engine.take_prints();
            match value {
                Ok(value) => objections(&serde_json::to_value(&value).unwrap_or_default(), entry, &mut answer),
                Err(error) => answer.failures.push(policy.failure(&format!("{error:#}"))),
            }
        }
        answer
    }
}

/// Reads what a rule gives: messages, or maps with `msg`, one or many.
fn objections(value: &Json, entry: &Entry, answer: &mut Answer) {
    let objection = |message: Option<String>| Objection {
        root: Root::Object,
        steps: Vec::new(),
        message,
        help: None,
        warning: entry.warning,
    };
    match value {
        Json::Array(items) => items.iter().for_each(|item| objections(item, entry, answer)),
        Json::String(text) => answer.objections.push(objection(Some(text.trim().to_owned()))),
        Json::Bool(true) => answer.objections.push(objection(None)),
        Json::Object(fields) => {
            // Beside the message, or with what else is told of it.
            let within = |name: &str| {
                let places = [Some(value), fields.get("details"), fields.get("metadata")];
                places.into_iter().flatten().find_map(|place| place.get(name))
            };
            let Some(text) = fields.get("msg").and_then(Json::as_str) else {
                let message = format!("`{}` gives a map without `msg`", entry.name);
                return answer.failures.push(Failure::new(message, entry.place));
            };
            let steps = ["at", "path"].iter().find_map(|name| steps(within(name)?)).unwrap_or_default();
            let help = within("help").and_then(Json::as_str).map(str::to_owned);
            answer.objections.push(Objection { steps, help, ..objection(Some(text.trim().to_owned())) });
        }
        // Nothing is wrong.
        Json::Null | Json::Bool(false) => {}
        Json::Number(_) => {
            let message = format!("`{}` gives a number, and must give text or a map with `msg`", entry.name);
            answer.failures.push(Failure::new(message, entry.place));
        }
    }
}

/// Reads a way: text, or a list of keys and indices, as `walk` gives it.
fn steps(place: &Json) -> Option<Steps> {
    match place {
        Json::String(text) => path::parse(text),
        Json::Array(parts) => parts
            .iter()
            .map(|part| match part {
                Json::String(key) => Some(Hop::Key(key.clone())),
                Json::Number(index) => Some(Hop::Index(usize::try_from(index.as_u64()?).ok()?)),
                _ => None,
            })
            .collect(),
        _ => None,
    }
}
