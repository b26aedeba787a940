//! What people allow: comments, annotations and exceptions that take findings out, each of which must still be needed.
//!
//! - `# plimsoll: allow RULE[,RULE] reason` at the end of a line allows findings on that line; on a line of its own, in the
//!   node below; at the top of a document, in all of it. Templates' comments (`{# … #}`, `{{/* … */}}`) count as well.
//! - The annotation `plimsoll.dev/allow: RULE[,RULE]` allows findings about its object.
//! - An exception of the workspace names a rule and an object.
//!
//! Findings are compared by where a person wrote what they are about, so this comes after they have been resolved, and
//! before equal ones of several environments are made one.

use super::catalogue;
use crate::diagnostic::{Diagnostic, ObjectName, Severity};
use crate::object::ObjectSet;
use crate::source::{FileId, SourceFile, SourceMap, Span};
use crate::yaml::Node;
use std::collections::BTreeMap;

/// Rules that a person allowed at some place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allow {
    /// The rules' ids.
    pub rules: Vec<String>,
    /// Why; empty where nothing is said.
    pub reason: String,
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
        name: ObjectName,
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

const MARK: &str = "plimsoll: allow";
const ANNOTATION: &str = "plimsoll.dev/allow";

/// Reads the comments of a text, be it a manifest, a template or values.
pub fn comments(source: &SourceFile) -> Vec<Allow> {
    if !source.text().contains(MARK) {
        return Vec::new();
    }
    let lines: Vec<&str> = source.text().lines().collect();
    let mut allows = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let Some((before, comment)) = split_comment(line) else { continue };
        let number = at as u32 + 1;
        let (first, last) = if before.trim().is_empty() { node_below(&lines, at) } else { (number, number) };
        let (rules, reason) = read_comment(comment);
        let start = source.line_start(number) as usize + before.len();
        let place = Span::new(source.id(), start, start + line.len() - before.len());
        allows.push(Allow { rules, reason, place, scope: Scope::Lines { file: source.id(), first, last } });
    }
    allows
}

/// Splits a line into what stands before a comment of ours, and what the comment says behind its mark.
fn split_comment(line: &str) -> Option<(&str, &str)> {
    let mark = line.find(MARK)?;
    let head = line.get(..mark)?.trim_end();
    let head = head.trim_end_matches('-').trim_end();
    let opened = ["{{-/*", "{{- /*", "{{/*", "{#", "#"].iter().find_map(|sign| head.strip_suffix(sign))?;
    // A `#` begins a comment only at the start of a line or behind a blank.
    (opened.is_empty() || opened.ends_with(char::is_whitespace)).then_some((opened, line.get(mark + MARK.len()..)?))
}

/// Reads `RULE[,RULE] reason`; blanks behind the commas do no harm.
fn read_comment(text: &str) -> (Vec<String>, String) {
    let closed = ["-#}", "#}", "*/ -}}", "*/-}}", "*/}}"].iter().find_map(|end| text.trim_end().strip_suffix(end));
    let mut rest = closed.unwrap_or(text).trim();
    let mut rules = Vec::new();
    loop {
        let end = rest.find(|c: char| c == ',' || c.is_whitespace()).unwrap_or(rest.len());
        let (rule, behind) = rest.split_at(end);
        if !rule.is_empty() {
            rules.push(rule.to_owned());
        }
        match behind.trim_start().strip_prefix(',') {
            Some(more) => rest = more.trim_start(),
            None => return (rules, behind.trim().to_owned()),
        }
    }
}

/// Tells whether a line says nothing about the tree: blank, a comment, or nothing but a template's tag.
fn is_transparent(line: &str) -> bool {
    let text = line.trim();
    text.is_empty()
        || text.starts_with('#')
        || (text.starts_with("{%") && text.ends_with("%}"))
        || (text.starts_with("{#") && text.ends_with("#}"))
        || (text.starts_with("{{") && text.ends_with("}}"))
}

fn is_border(line: &str) -> bool {
    line == "---" || line.starts_with("--- ")
}

/// Gives the lines, from 1, of the node below a comment, or of the whole document where the comment stands at its top.
fn node_below(lines: &[&str], comment: usize) -> (u32, u32) {
    let before = lines.get(..comment).unwrap_or_default();
    let at_top = before.iter().rev().find(|line| !is_transparent(line)).is_none_or(|line| is_border(line));
    let after = || lines.iter().enumerate().skip(comment + 1);
    let skipped = |line: &str| is_transparent(line) || (at_top && is_border(line));
    let number = |at: usize| at as u32 + 1;
    let Some((start, head)) = after().find(|(_, line)| !skipped(line)) else {
        return (number(comment), number(comment));
    };
    if is_border(head) {
        return (number(comment), number(comment));
    }
    let indentation = |line: &str| line.len() - line.trim_start().len();
    let level = indentation(head);
    let is_item = |line: &str| line.trim_start() == "-" || line.trim_start().starts_with("- ");
    let belongs = |line: &str| {
        if at_top {
            return !is_border(line);
        }
        // The items of a list may stand as far left as its key.
        is_transparent(line)
            || indentation(line) > level
            || (indentation(line) == level && is_item(line) && !is_item(head))
    };
    let rest = lines.iter().enumerate().skip(start + 1).take_while(|(_, line)| belongs(line));
    (number(comment), number(rest.last().map_or(start, |(at, _)| at)))
}

/// Reads the annotations of objects and of their pod templates.
pub fn annotations(objects: &ObjectSet<'_>, release: Option<&str>, environment: Option<&str>) -> Vec<Allow> {
    let mut allows = Vec::new();
    for object in objects {
        let templates = object.pods.iter().map(|pod| pod.template).filter(|template| *template != object.node);
        let holders = std::iter::once(object.node).chain(templates);
        for value in holders.filter_map(|node| node.at(&["metadata", "annotations"])?.field(ANNOTATION)) {
            allows.push(Allow {
                rules: value.text().split([',', ' ', '\n']).filter(|id| !id.is_empty()).map(str::to_owned).collect(),
                reason: String::new(),
                place: Node::span(value),
                scope: Scope::Object {
                    name: object.full_name(),
                    release: release.map(str::to_owned),
                    environment: environment.map(str::to_owned),
                },
            });
        }
    }
    allows
}

/// Takes out the findings that somebody allowed.
pub fn apply(findings: Vec<Diagnostic>, allows: &[Allow], exceptions: &[Exception], run: &Run<'_>) -> Applied {
    let mut applied = Applied::default();
    let standing: Vec<&Exception> =
        exceptions.iter().filter(|exception| stands(exception, run, &mut applied.problems)).collect();
    // An annotation comes once per environment, and is used when it is used in one of them.
    let mut used: BTreeMap<(Span, &str), bool> = BTreeMap::new();
    for allow in allows {
        for rule in &allow.rules {
            used.entry((allow.place, rule)).or_default();
        }
    }
    let mut used_exceptions = vec![false; standing.len()];
    for finding in findings {
        let lines = lines(&finding, run.sources);
        let mut suppressed = false;
        for allow in allows.iter().filter(|allow| covers(&allow.scope, &finding, &lines)) {
            if let Some(rule) = allow.rules.iter().find(|rule| **rule == finding.rule) {
                used.insert((allow.place, rule), true);
                suppressed = true;
            }
        }
        for (exception, used) in standing.iter().zip(&mut used_exceptions) {
            if excepts(exception, &finding) {
                *used = true;
                suppressed = true;
            }
        }
        if suppressed { &mut applied.suppressed } else { &mut applied.kept }.push(finding);
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

/// Tells whether an exception still holds today, and says so where it does not.
fn stands(exception: &Exception, run: &Run<'_>, problems: &mut Vec<Diagnostic>) -> bool {
    let Some(until) = exception.until.as_deref() else { return true };
    let digits = |part: &str, length| part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<&str> = until.split('-').collect();
    if !matches!(*parts, [year, month, day] if digits(year, 4) && digits(month, 2) && digits(day, 2)) {
        let message = format!("`{until}` is no date, so the exception does not hold");
        problems.push(problem("suppression/date", message, exception.place).help("write it as in `2027-03-01`"));
        return false;
    }
    let over = run.today.is_some_and(|today| today > until);
    if over {
        let message = format!("the exception from `{}` ended on {until}", exception.rule);
        problems.push(
            problem("suppression/expired", message, exception.place)
                .help("mend what it excepts, or decide again until when it holds"),
        );
    }
    !over
}

/// Gives all lines that a finding is about: the text, the value that supplied it, the calls, the rendered text.
fn lines(finding: &Diagnostic, sources: &SourceMap) -> Vec<(FileId, u32)> {
    let edit = finding.edit.iter().map(|edit| edit.span);
    let calls = finding.trace.iter().map(|trace| trace.span);
    let spans = finding.span.into_iter().chain(edit).chain(calls).chain(finding.rendered);
    spans.map(|span| (span.file, sources.file(span.file).position(span.start).line)).collect()
}

fn covers(scope: &Scope, finding: &Diagnostic, lines: &[(FileId, u32)]) -> bool {
    match scope {
        Scope::Lines { file, first, last } => {
            lines.iter().any(|(of, line)| of == file && (first..=last).contains(&line))
        }
        Scope::Object { name, release, environment } => {
            finding.object.as_ref() == Some(name)
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

    /// Writes what each comment of a text covers: `first-last rules (reason)`.
    fn read(text: &str) -> Vec<String> {
        let show = |allow: Allow| match allow.scope {
            Scope::Lines { first, last, .. } => format!("{first}-{last} {} ({})", allow.rules.join("+"), allow.reason),
            Scope::Object { .. } => unreachable!("comments cover lines"),
        };
        comments(&SourceMap::new().add("a.yaml", text)).into_iter().map(show).collect()
    }

    #[test]
    fn a_comment_behind_something_covers_its_line() {
        assert_eq!(
            read("a:\n  image: x # plimsoll: allow latest-tag it is a demo\n"),
            ["2-2 latest-tag (it is a demo)"]
        );
        assert_eq!(read("a:\n  b: c  # plimsoll: allow a,b, c why\n"), ["2-2 a+b+c (why)"]);
    }

    #[test]
    fn a_comment_above_a_node_covers_the_node() {
        let text = "\
spec:
  # plimsoll: allow r
  containers:
  - name: a
    image: b

  # another comment
  - name: c
  volumes: []
";
        assert_eq!(read(text), ["2-8 r ()"]);
        let text = "\
spec:
  containers:
    # plimsoll: allow r
    - name: a
{% if x %}
      image: b
{% endif %}
    - name: c
";
        assert_eq!(read(text), ["3-7 r ()"]);
    }

    #[test]
    fn a_comment_at_the_top_covers_the_document() {
        let text = "\
# plimsoll: allow r
---
a:
  b: c
d: e
---
f: g
# plimsoll: allow at-the-end
---
# a word
# plimsoll: allow s
h: i
j: k
";
        assert_eq!(read(text), ["1-5 r ()", "8-8 at-the-end ()", "11-13 s ()"]);
    }

    #[test]
    fn templates_comments_count() {
        assert_eq!(read("a:\n  {# plimsoll: allow r why #}\n  b: c\n"), ["2-3 r (why)"]);
        assert_eq!(read("a:\n  {{- /* plimsoll: allow r */ -}}\n  b: c\n"), ["2-3 r ()"]);
    }

    #[test]
    fn text_is_no_comment() {
        assert_eq!(read("a: x#plimsoll: allow r\n"), [""; 0]);
        assert_eq!(read("a: plimsoll: allow r\n"), [""; 0]);
    }

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
        allows.extend(annotations(&objects, None, None));
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
        let no_date = "suppression/date: `soon` is no date, so the exception does not hold";
        assert_eq!(outcome(&text, &[never]), ["0 suppressed", "kept latest-tag", no_date]);
    }
}
