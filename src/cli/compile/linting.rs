//! Linters as workspaces and flags configure them.

use super::own;
use crate::chart::{self, Spanned};
use crate::cli::args::RuleArgs;
use crate::cli::inputs::workspaces::Loaded;
use crate::cli::paths::Base;
use crate::cli::trouble::Trouble;
use crate::cli::world::World;
use crate::diagnostic::Diagnostic;
use crate::lint::suppress::Exception;
use crate::lint::{self, Configure, LintConfig, Linter, Param, Rule, Word};
use crate::source::SourceMap;

/// A linter with what it was made from.
pub(in crate::cli) struct Rules {
    /// Runs the rules.
    pub linter: Linter,
    /// The profiles that they were chosen by.
    #[cfg_attr(not(feature = "oci"), expect(dead_code, reason = "only statements in registries tell of it"))]
    pub profiles: Vec<String>,
    /// The workspace's own rules.
    pub own: Vec<Rule>,
    /// What the workspace accepts.
    pub exceptions: Vec<Exception>,
    /// What is wrong with the workspace's rules.
    pub findings: Vec<Diagnostic>,
}

/// Makes the linter of a workspace, or of none. Flags that name no rule or profile are trouble.
pub(in crate::cli) fn rules(
    loaded: Option<&Loaded>,
    args: &RuleArgs,
    sources: &SourceMap,
    base: &Base,
    world: &dyn World,
) -> Result<Rules, Trouble> {
    let mut config = LintConfig::standard();
    let mut exceptions = Vec::new();
    let mut findings;
    let mut paths = args.policies.clone();
    if let Some(Loaded { folder, workspace }) = loaded {
        if let Some(profiles) = &workspace.rules.profiles {
            config.profiles = profiles.iter().map(word).collect();
        }
        config.configure = workspace.rules.configure.iter().map(configure).collect();
        paths.extend(workspace.rules.policies.iter().map(|path| folder.join(path.as_str())));
        exceptions = workspace.exceptions.iter().map(exception).collect();
    }
    (config.own, findings) = own::rules(&paths, sources, base, world)?;
    let words = |texts: &[String]| texts.iter().map(|text| Word::from(text.as_str())).collect();
    if !args.profiles.is_empty() {
        config.profiles = words(&args.profiles);
    }
    config.only = words(&args.choice.rules);
    config.skip = words(&args.choice.skipped);
    let (linter, problems) = Linter::new(&config);
    for problem in problems {
        if problem.span.is_none() {
            return Err(Trouble { message: problem.message, help: problem.help });
        }
        findings.push(problem);
    }
    let profiles = config.profiles.into_iter().map(|word| word.text).collect();
    Ok(Rules { linter, profiles, own: config.own, exceptions, findings })
}

/// Rules that tell what the server's verdict tells too.
const IN_THE_VERDICT: [(&str, &str); 3] = [
    ("duplicate-env", "api/server-side-apply"),
    ("job-restart-policy", "api/restart-policy"),
    ("selector-mismatch", "api/selector"),
];

/// Drops what rules found of an object where the server's verdict on it, which is told too, says the same.
pub(in crate::cli) fn say_once(findings: &mut Vec<Diagnostic>) {
    let verdicts: Vec<Diagnostic> = findings
        .iter()
        .filter(|finding| IN_THE_VERDICT.iter().any(|(_, verdict)| *verdict == finding.rule))
        .cloned()
        .collect();
    findings.retain(|finding| {
        let verdict = IN_THE_VERDICT.iter().find(|(rule, _)| *rule == finding.rule).map(|(_, verdict)| *verdict);
        let says = |known: &Diagnostic| {
            let same_object = known.object == finding.object && known.release == finding.release;
            // Apply refuses many things: it must be about the same list.
            let within = |path: &String| finding.path.as_ref().is_some_and(|inner| inner.starts_with(path.as_str()));
            let same_place = known.rule != "api/server-side-apply" || known.path.as_ref().is_some_and(within);
            verdict == Some(known.rule.as_ref()) && same_object && same_place
        };
        !verdicts.iter().any(says)
    });
}

fn word(text: &Spanned<String>) -> Word {
    Word { text: text.value.clone(), span: Some(text.span) }
}

fn configure(entry: &chart::Configure) -> Configure {
    let param = |(name, data): &(Spanned<String>, _)| Param {
        name: name.value.clone(),
        data: Clone::clone(data),
        place: Some((name.span, name.span)),
    };
    Configure {
        rule: word(&entry.rule),
        severity: entry.severity.map(|level| match level {
            chart::Level::Severity(severity) => lint::Level::Severity(severity),
            chart::Level::Disabled => lint::Level::Disabled,
        }),
        with: entry.with.iter().map(param).collect(),
        environments: entry.environments.iter().map(|name| name.value.clone()).collect(),
    }
}

fn exception(entry: &chart::Exception) -> Exception {
    let text = |text: &Option<Spanned<String>>| text.as_ref().map(|text| text.value.clone());
    Exception {
        rule: entry.rule.value.clone(),
        object: text(&entry.object),
        namespace: text(&entry.namespace),
        container: text(&entry.container),
        reason: entry.reason.value.clone(),
        until: text(&entry.until),
        place: Some(entry.span),
    }
}
