//! What people allow: comments, annotations and exceptions that take findings out, each of which must still be needed.
//!
//! - `# plimsoll: allow RULE[,RULE] [until=2027-03-01] reason` at the end of a line allows findings on that line; on a line of its own, in the
//!   node below; at the top of a document, in all of it. Templates' comments (`{# … #}`, `{{/* … */}}`) count as well.
//! - The annotation `plimsoll.dev/allow: RULE[,RULE] [until=2027-03-01] reason` allows findings about its object.
//! - Annotations and comments of other tools allow the rules that refer to their checks.
//! - An exception of the workspace names a rule and an object.
//!
//! Findings are compared by where a person wrote what they are about, so this comes after they have been resolved, and
//! before equal ones of several environments are made one.

mod annotations;
mod comments;
mod peers;

pub use annotations::annotations;
pub use comments::comments;

use super::catalogue;
use crate::chart::is_date;
use crate::diagnostic::{Diagnostic, ObjectName, Severity, Suppression};
use crate::source::{FileId, SourceMap, Span};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// Rules that a person allowed at some place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allow {
    /// The rules' ids.
    pub rules: Vec<String>,
    /// Why; empty where nothing is said.
    pub reason: String,
    /// The last day on which it holds: `2027-03-01`.
    pub until: Option<String>,
    /// It is another tool's: that tool may need it where we do not.
    pub foreign: bool,
    /// The comment, or the annotation's value. That of an annotation is to be resolved to what a person wrote.
    pub place: Span,
    /// What it covers.
    pub scope: Scope,
}

/// What an [`Allow`] covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Lines of a text, from 1, both included.
    Lines {
        /// The text.
        file: FileId,
        /// The first line.
        first: u32,
        /// The last line.
        last: u32,
    },
    /// An object of a release in an environment.
    Object {
        /// The object.
        name: Arc<ObjectName>,
        /// The release.
        release: Option<String>,
        /// The environment.
        environment: Option<String>,
    },
}

/// An entry of a workspace's `exceptions`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// The rule's id.
    pub rule: String,
    /// `Kind/name`; any object where absent.
    pub object: Option<String>,
    /// The object's namespace; any where absent.
    pub namespace: Option<String>,
    /// The container; the whole object where absent.
    pub container: Option<String>,
    /// Why.
    pub reason: String,
    /// The last day on which it holds: `2027-03-01`.
    pub until: Option<String>,
    /// Where it was written.
    pub place: Option<Span>,
}

/// What suppressing needs to know of the run.
pub struct Run<'a> {
    /// The texts that findings point into.
    pub sources: &'a SourceMap,
    /// Today, as `2027-03-01`; none where exceptions do not end.
    pub today: Option<&'a str>,
    /// Tells whether a rule was looked for: only of such a rule can be said that nothing breaks it.
    pub ran: &'a dyn Fn(&str) -> bool,
    /// Ids of people's own rules.
    pub own: &'a [&'a str],
    /// All that the workspace has was checked, so that an exception for nothing is of no use.
    pub whole_workspace: bool,
}

/// What is left, and what was taken out.
#[derive(Debug, Default)]
pub struct Applied {
    /// Findings that nobody allowed.
    pub kept: Vec<Diagnostic>,
    /// Findings that somebody did.
    pub suppressed: Vec<Diagnostic>,
    /// The `suppression/…` findings: what is unused, unknown or over.
    pub problems: Vec<Diagnostic>,
}

/// What a comment or an annotation says, wherever it stands.
#[derive(Debug, Default, PartialEq, Eq)]
struct Told {
    rules: Vec<String>,
    reason: String,
    until: Option<String>,
    foreign: bool,
}

impl Told {
    /// Reads `RULE[,RULE] [until=DATE] reason`; blanks behind the commas do no harm.
    fn read(text: &str) -> Self {
        let mut rest = text.trim();
        let mut told = Self::default();
        loop {
            let end = rest.find(|c: char| c == ',' || c.is_whitespace()).unwrap_or(rest.len());
            let (rule, behind) = rest.split_at(end);
            if !rule.is_empty() {
                told.rules.push(rule.to_owned());
            }
            let Some(more) = behind.trim_start().strip_prefix(',') else {
                rest = behind.trim();
                break;
            };
            rest = more.trim_start();
        }
        let (ends, words): (Vec<&str>, Vec<&str>) =
            rest.split_whitespace().partition(|word| word.starts_with("until="));
        told.until = ends.first().and_then(|word| word.strip_prefix("until=")).map(str::to_owned);
        told.reason = if ends.is_empty() { rest.to_owned() } else { words.join(" ") };
        told
    }

    fn allow(self, place: Span, scope: Scope) -> Allow {
        let Self { rules, reason, until, foreign } = self;
        Allow { rules, reason, until, foreign, place, scope }
    }
}

/// Takes out the findings that somebody allowed.
pub fn apply(findings: Vec<Diagnostic>, allows: &[Allow], exceptions: &[Exception], run: &Run<'_>) -> Applied {
    if allows.is_empty() && exceptions.is_empty() {
        return Applied { kept: findings, ..Applied::default() };
    }
    let mut applied = Applied::default();
    let mut is_over = |until: Option<&str>, what: String, place| {
        let problem = until.and_then(|until| ended(until, &what, place, run.today));
        let over = problem.is_some();
        applied.problems.extend(problem);
        over
    };
    let mut standing: Vec<&Exception> = exceptions.iter().collect();
    standing.retain(|exception| {
        let what = format!("the exception from `{}`", exception.rule);
        !is_over(exception.until.as_deref(), what, exception.place)
    });
    let mut allows: Vec<&Allow> = allows.iter().collect();
    allows.retain(|allow| {
        let what = format!("the allowance of `{}`", allow.rules.join("`, `"));
        !is_over(allow.until.as_deref(), what, Some(allow.place))
    });
    // An annotation comes once per environment, and is used when it is used in one of them.
    let mut used: BTreeMap<(Span, &str), bool> = BTreeMap::new();
    for allow in allows.iter().filter(|allow| !allow.foreign) {
        for rule in &allow.rules {
            used.entry((allow.place, rule)).or_default();
        }
    }
    let mut used_exceptions = vec![false; standing.len()];
    // There may be very many of both.
    let mut index: HashMap<(&str, About<'_>), Vec<usize>> = HashMap::new();
    for (at, allow) in allows.iter().enumerate() {
        for rule in &allow.rules {
            index.entry((rule, About::of(&allow.scope))).or_default().push(at);
        }
    }
    for mut finding in findings {
        let lines = lines(&finding, run.sources);
        let mut by: Option<Suppression> = None;
        let about = lines.iter().map(|(file, _)| About::File(*file));
        let about: BTreeSet<_> = about.chain(finding.object.as_deref().map(About::Object)).collect();
        let near = about.into_iter().filter_map(|about| index.get(&(&*finding.rule, about))).flatten().copied();
        for allow in near.collect::<BTreeSet<usize>>().into_iter().map(|at| allows[at]) {
            if covers(&allow.scope, &finding, &lines) {
                for rule in allow.rules.iter().filter(|rule| **rule == finding.rule) {
                    used.entry((allow.place, rule)).and_modify(|used| *used = true);
                }
                by.get_or_insert(Suppression { place: Some(allow.place), reason: allow.reason.clone() });
            }
        }
        for (exception, used) in standing.iter().zip(&mut used_exceptions) {
            if excepts(exception, &finding) {
                *used = true;
                by.get_or_insert(Suppression { place: None, reason: exception.reason.clone() });
            }
        }
        finding.suppression = by;
        if finding.suppression.is_some() { &mut applied.suppressed } else { &mut applied.kept }.push(finding);
    }
    for allow in allows.iter().filter(|allow| allow.rules.is_empty()) {
        let problem = problem("suppression/empty", "this allows nothing, for it names no rule", Some(allow.place));
        applied.problems.push(problem.help("write `plimsoll: allow RULE reason`"));
    }
    for ((place, rule), used) in used {
        applied.problems.extend(of_rule(rule, used, Some(place), run, "remove it"));
    }
    for (exception, used) in standing.iter().zip(used_exceptions) {
        let needed = used || !run.whole_workspace;
        applied.problems.extend(of_rule(&exception.rule, needed, exception.place, run, "remove the exception"));
    }
    applied
}

fn problem(id: &'static str, message: impl Into<String>, place: Option<Span>) -> Diagnostic {
    let mut problem = Diagnostic::new(id, Severity::Warning, message);
    problem.span = place;
    problem
}

/// Says of a rule that is allowed somewhere that it does not exist, or that nothing breaks it.
fn of_rule(rule: &str, used: bool, place: Option<Span>, run: &Run<'_>, help: &str) -> Option<Diagnostic> {
    let known = rule.contains('/') || catalogue::text(rule).is_some() || run.own.contains(&rule);
    if used {
        None
    } else if !known {
        let unknown = problem("suppression/unknown-rule", format!("there is no rule `{rule}`"), place);
        let help = catalogue::nearest_rule(rule).map(|near| format!("did you mean `{near}`?"));
        Some(unknown.help(help.unwrap_or_else(|| "`plimsoll rules` lists them".to_owned())))
    } else if (run.ran)(rule) {
        let message = format!("`{rule}` is allowed here, but nothing breaks it");
        Some(problem("suppression/unused", message, place).help(help))
    } else {
        None
    }
}

/// Says of what ends that it has ended, or that its end is no date: it does not hold then.
fn ended(until: &str, what: &str, place: Option<Span>, today: Option<&str>) -> Option<Diagnostic> {
    if !is_date(until) {
        let message = format!("`{until}` is no date, so {what} does not hold");
        return Some(problem("suppression/date", message, place).help("write it as in `2027-03-01`"));
    }
    let over = today.is_some_and(|today| today > until);
    over.then(|| {
        problem("suppression/expired", format!("{what} ended on {until}"), place)
            .help("mend what it allows, or decide again until when it holds")
    })
}

/// Gives all lines that a finding is about: the text, the value that supplied it, the calls, the rendered text.
fn lines(finding: &Diagnostic, sources: &SourceMap) -> Vec<(FileId, u32)> {
    let edit = finding.edit.iter().map(|edit| edit.span);
    let calls = finding.trace.iter().map(|trace| trace.span);
    let spans = finding.span.into_iter().chain(edit).chain(calls).chain(finding.rendered);
    spans.map(|span| (span.file, sources.file(span.file).position(span.start).line)).collect()
}

/// What allowances are looked up by.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum About<'a> {
    File(FileId),
    Object(&'a ObjectName),
}

impl<'a> About<'a> {
    fn of(scope: &'a Scope) -> Self {
        match scope {
            Scope::Lines { file, .. } => Self::File(*file),
            Scope::Object { name, .. } => Self::Object(name),
        }
    }
}

fn covers(scope: &Scope, finding: &Diagnostic, lines: &[(FileId, u32)]) -> bool {
    match scope {
        Scope::Lines { file, first, last } => {
            lines.iter().any(|(of, line)| of == file && (first..=last).contains(&line))
        }
        Scope::Object { name, release, environment } => {
            finding.object.as_deref() == Some(&**name)
                && finding.release == *release
                && finding.environments.iter().eq(environment)
        }
    }
}

fn excepts(exception: &Exception, finding: &Diagnostic) -> bool {
    let fits = |wanted: &Option<String>, is: Option<&str>| wanted.as_deref().is_none_or(|wanted| is == Some(wanted));
    let object = finding.object.as_ref();
    let named = object.map(|object| format!("{}/{}", object.kind, object.name));
    exception.rule == finding.rule
        && fits(&exception.object, named.as_deref())
        && fits(&exception.namespace, object.and_then(|object| object.namespace.as_deref()))
        && fits(&exception.container, finding.container.as_deref())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::testing::lint;
    use crate::lint::{LintConfig, LintContext, Word};
    use crate::object::ObjectSet;

    /// Lints a text for a few rules, and writes what is kept and what is said about the suppressions.
    fn outcome(text: &str, exceptions: &[Exception]) -> Vec<String> {
        let only = ["latest-tag", "host-network"].map(Word::from).to_vec();
        let config = LintConfig { only, ..LintConfig::default() };
        let sources = SourceMap::new();
        let file = sources.add("a.yaml", text);
        let (_, findings) = lint(&config, &LintContext::default(), text);
        let parsed = crate::yaml::parse(&file);
        let objects = ObjectSet::read(&parsed.documents, None, &|_, _| Vec::new());
        let mut allows = comments(&file);
        allows.extend(annotations(&objects, None, None, &[]));
        let ran = |rule: &str| rule != "privileged-container";
        let run = Run { sources: &sources, today: Some("2027-03-02"), ran: &ran, own: &["own"], whole_workspace: true };
        let applied = apply(findings, &allows, exceptions, &run);
        let mut lines = vec![format!("{} suppressed", applied.suppressed.len())];
        lines.extend(applied.kept.iter().map(|finding| format!("kept {}", finding.rule)));
        lines.extend(applied.problems.iter().map(|problem| format!("{}: {}", problem.rule, problem.message)));
        lines
    }

    fn manifest(annotation: &str, comment: &str) -> String {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: web, annotations: {{{annotation}}}}}\nspec:\n  {comment}\n  containers:\n    - name: app\n      image: nginx\n"
        )
    }

    #[test]
    fn what_is_allowed_is_taken_out_and_what_allows_nothing_is_said() {
        for (annotation, comment, expected) in [
            ("", "# nothing", vec!["0 suppressed", "kept latest-tag"]),
            ("", "# plimsoll: allow latest-tag a demo", vec!["1 suppressed"]),
            ("'plimsoll.dev/allow': 'latest-tag'", "# nothing", vec!["1 suppressed"]),
            (
                "",
                "# plimsoll: allow latest-tag,host-network a demo",
                vec!["1 suppressed", "suppression/unused: `host-network` is allowed here, but nothing breaks it"],
            ),
            (
                "",
                "# plimsoll: allow latest-tags a demo",
                vec!["0 suppressed", "kept latest-tag", "suppression/unknown-rule: there is no rule `latest-tags`"],
            ),
            (
                "",
                "# plimsoll: allow",
                vec!["0 suppressed", "kept latest-tag", "suppression/empty: this allows nothing, for it names no rule"],
            ),
            ("", "# plimsoll: allow latest-tag until=2027-03-02 to the day", vec!["1 suppressed"]),
            (
                "",
                "# plimsoll: allow latest-tag until=2027-03-01 too old",
                vec![
                    "0 suppressed",
                    "kept latest-tag",
                    "suppression/expired: the allowance of `latest-tag` ended on 2027-03-01",
                ],
            ),
            (
                "'plimsoll.dev/allow': 'latest-tag until=2027-3-1'",
                "# nothing",
                vec![
                    "0 suppressed",
                    "kept latest-tag",
                    "suppression/date: `2027-3-1` is no date, so the allowance of `latest-tag` does not hold",
                ],
            ),
            ("'ignore-check.kube-linter.io/latest-tag': 'why'", "# nothing", vec!["1 suppressed"]),
            ("'kube-linter.io/ignore-all': 'why'", "# nothing", vec!["1 suppressed"]),
            ("'kube-score/ignore': 'pod-probes, container-image-tag'", "# nothing", vec!["1 suppressed"]),
            ("'checkov.io/skip1': 'CKV_K8S_14=why'", "# nothing", vec!["1 suppressed"]),
            ("'polaris.fairwinds.com/tagNotSpecified-exempt': 'true'", "# nothing", vec!["1 suppressed"]),
            ("'polaris.fairwinds.com/exempt': 'false'", "# nothing", vec!["0 suppressed", "kept latest-tag"]),
            ("'ignore-check.kube-linter.io/host-pid': 'why'", "# nothing", vec!["0 suppressed", "kept latest-tag"]),
            ("", "# plimsoll: allow privileged-container not looked for", vec!["0 suppressed", "kept latest-tag"]),
        ] {
            assert_eq!(outcome(&manifest(annotation, comment), &[]), expected, "{annotation} {comment}");
        }
    }

    #[test]
    fn an_exception_names_what_it_excepts_and_ends() {
        let text = manifest("", "# nothing");
        let exception = Exception {
            rule: "latest-tag".to_owned(),
            object: Some("Pod/web".to_owned()),
            namespace: None,
            container: Some("app".to_owned()),
            reason: "a demo".to_owned(),
            until: Some("2027-03-02".to_owned()),
            place: None,
        };
        assert_eq!(outcome(&text, std::slice::from_ref(&exception)), ["1 suppressed"]);
        let unused = "suppression/unused: `latest-tag` is allowed here, but nothing breaks it";
        let other = Exception { container: Some("proxy".to_owned()), ..exception.clone() };
        assert_eq!(outcome(&text, &[other]), ["0 suppressed", "kept latest-tag", unused]);
        let over = Exception { until: Some("2027-03-01".to_owned()), ..exception.clone() };
        let ended = "suppression/expired: the exception from `latest-tag` ended on 2027-03-01";
        assert_eq!(outcome(&text, &[over]), ["0 suppressed", "kept latest-tag", ended]);
        let never = Exception { until: Some("soon".to_owned()), ..exception };
        let no_date = "suppression/date: `soon` is no date, so the exception from `latest-tag` does not hold";
        assert_eq!(outcome(&text, &[never]), ["0 suppressed", "kept latest-tag", no_date]);
    }
}
