//! The Pod Security Standards: our profiles beside the standards' own cases, and each control at its version boundaries.

use plimsoll::lint::{self, LintConfig, LintContext, Linter, PROFILES, Word};
use plimsoll::object::ObjectSet;
use plimsoll::schema::Version;
use plimsoll::source::SourceMap;
use plimsoll::yaml::{Document, Node, parse};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Where the standards' own cases may lie, beside the repository: tests run in the package's folder.
const CORPUS: &str = "../shared/corpus/pod-security";

/// Controls that object to what offends another one, too. The corpus names one control per case; the server's own code,
/// asked control by control, objects with these, too.
const TOGETHER: [(&str, &[&str]); 9] = [
    // The restricted level has a stricter control for the same field.
    ("capabilities_baseline", &["capabilities_restricted"]),
    ("hostPathVolumes", &["restrictedVolumes"]),
    ("seccompProfile_baseline", &["seccompProfile_restricted"]),
    // And what offends the stricter one may offend the other.
    ("capabilities_restricted", &["capabilities_baseline"]),
    ("restrictedVolumes", &["hostPathVolumes"]),
    ("seccompProfile_restricted", &["seccompProfile_baseline"]),
    // The API admits host processes only in the node's network, and `privileged` only beside privilege escalation.
    ("windowsHostProcess", &["hostNamespaces"]),
    ("privileged", &["allowPrivilegeEscalation"]),
    // A container without a security context drops nothing either.
    ("allowPrivilegeEscalation", &["capabilities_restricted"]),
];

/// How many cases agree, of how many, by level and control, and by level, version and verdict.
type Table = BTreeMap<(String, String), BTreeMap<String, (usize, usize)>>;

/// Gives the rules of each control of a profile, as the rules themselves say.
fn controls(profile: &str) -> BTreeMap<String, Vec<&'static str>> {
    let mut controls: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for summary in lint::catalogue().filter(|rule| rule.profiles.contains(&profile)) {
        let rule = lint::load(summary.id).expect("built-in rules decode");
        let named = rule.references.into_iter().filter(|(tool, _)| tool == "pod-security");
        named.for_each(|(_, control)| controls.entry(control).or_default().push(summary.id));
    }
    controls
}

fn documents(name: &str, text: &str) -> Vec<Document> {
    let parsed = parse(&SourceMap::new().add(name, text));
    assert!(parsed.diagnostics.is_empty(), "{name}: {:?}", parsed.diagnostics);
    parsed.documents
}

/// Gives the ids of the rules that object.
fn objecting(linter: &Linter, documents: &[Document], version: Version) -> BTreeSet<String> {
    let objects = ObjectSet::read(documents, None, &|_, _| Vec::new());
    let run = LintContext { versions: &[version], ..LintContext::default() };
    linter.lint(&objects, &run).into_iter().map(|finding| finding.rule.into_owned()).collect()
}

fn linter(config: &LintConfig) -> Linter {
    let (linter, problems) = Linter::new(config);
    assert!(problems.is_empty(), "{problems:?}");
    linter
}

fn of_profile(profile: &str) -> Linter {
    linter(&LintConfig { profiles: vec![Word::from(profile)], ..LintConfig::default() })
}

#[test]
fn a_profile_is_the_standard_at_its_level() {
    let rules = |profile: &str| -> BTreeSet<&str> {
        lint::catalogue().filter(|rule| rule.profiles.contains(&profile)).map(|rule| rule.id).collect()
    };
    for profile in PROFILES.iter().filter(|profile| profile.starts_with("pss-")) {
        let of_controls: BTreeSet<&str> = controls(profile).into_values().flatten().collect();
        assert_eq!(rules(profile), of_controls, "{profile} holds the rules of controls, and no others");
    }
    assert!(rules("pss-baseline").is_subset(&rules("pss-restricted")));
    assert_eq!((controls("pss-baseline").len(), controls("pss-restricted").len()), (12, 19));
}

fn listed(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("can be listed").path()).collect();
    paths.sort();
    paths
}

fn name(path: &Path) -> String {
    path.file_stem().expect("has a name").to_string_lossy().into_owned()
}

/// Judges a case: nothing objects to one that passes; to one that fails its own control does, and no other but those that
/// cannot but object with it.
fn judge(controls: &BTreeMap<String, Vec<&str>>, own: Option<&str>, rules: &BTreeSet<String>) -> Result<(), String> {
    let objects = |control: &str| controls[control].iter().any(|rule| rules.contains(*rule));
    let related = |control: &str, own: &str| {
        control == own || TOGETHER.iter().any(|(first, others)| *first == own && others.contains(&control))
    };
    match own {
        None if rules.is_empty() => Ok(()),
        None => Err(format!("is to pass, but {rules:?} object")),
        Some(own) if !objects(own) => Err(format!("is to fail at {own}, but only {rules:?} object")),
        Some(own) => match controls.keys().find(|control| objects(control) && !related(control, own)) {
            Some(other) => Err(format!("is to fail at {own} only, but fails at {other}, too")),
            None => Ok(()),
        },
    }
}

#[test]
fn the_standards_own_cases_agree() {
    let corpus = Path::new(CORPUS);
    if !corpus.is_dir() {
        println!(
            "skipped: {CORPUS} is not there; tests/pod-security.yaml covers each control at each version boundary"
        );
        return;
    }
    let mut table = Table::new();
    let mut differences = Vec::new();
    for level in listed(corpus) {
        let profile = format!("pss-{}", name(&level));
        let (controls, linter) = (controls(&profile), of_profile(&profile));
        for folder in listed(&level) {
            let version = folder.file_name().and_then(|name| Version::parse(name.to_str()?)).expect("a version");
            for verdict in ["pass", "fail"] {
                for path in listed(&folder.join(verdict)) {
                    let file = name(&path);
                    let check = file.trim_end_matches(|c: char| c.is_ascii_digit());
                    let own = controls.keys().find(|control| control.eq_ignore_ascii_case(check));
                    let text = fs::read_to_string(&path).expect("is text");
                    let rules = objecting(&linter, &documents(&file, &text), version);
                    let own = own.map(String::as_str);
                    let judged = judge(&controls, own.filter(|_| verdict == "fail"), &rules);
                    let control = own.unwrap_or(check).to_owned();
                    let column = format!("{} {version} {verdict}", name(&level));
                    let count = table.entry((name(&level), control)).or_default().entry(column).or_default();
                    count.1 += 1;
                    match judged {
                        Ok(()) => count.0 += 1,
                        Err(why) => differences.push(format!("{}: {why}", path.display())),
                    }
                }
            }
        }
    }
    print_table(&table);
    assert!(differences.is_empty(), "\n{}\n", differences.join("\n"));
}

fn print_table(table: &Table) {
    let columns = ["1.30 pass", "1.30 fail", "1.34 pass", "1.34 fail", "1.37 pass", "1.37 fail"];
    print!("{:10} {:27}", "level", "control");
    for column in columns {
        print!(" {column:>9}");
    }
    println!("  agreement");
    let mut total = (0, 0);
    for ((level, control), counts) in table {
        print!("{level:10} {control:27}");
        let mut row = (0, 0);
        for column in columns {
            let (agreed, all) = counts.get(&format!("{level} {column}")).copied().unwrap_or_default();
            let cell = if all == 0 { "-".to_owned() } else { format!("{agreed}/{all}") };
            print!(" {cell:>9}");
            row = (row.0 + agreed, row.1 + all);
        }
        println!("  {} of {}", row.0, row.1);
        total = (total.0 + row.0, total.1 + row.1);
    }
    println!("{} of {} cases agree", total.0, total.1);
}

/// Reads a case's `refused`: `always`, `never`, or a range of versions as in `1.29-1.34`.
fn is_refused(written: &str, version: Version) -> bool {
    match written {
        "always" => true,
        "never" => false,
        range => {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            let version_of = |text: &str| Version::parse(text).unwrap_or_else(|| panic!("`{text}` is no version"));
            version_of(first) <= version && version <= version_of(last)
        }
    }
}

#[test]
fn each_control_has_its_boundaries() {
    let cases = documents("pod-security.yaml", include_str!("../pod-security.yaml"));
    let controls = controls("pss-restricted");
    let mut seen: BTreeMap<&str, BTreeSet<bool>> = BTreeMap::new();
    for case in cases.iter().flat_map(|document| document.root().items()) {
        let text = |key: &str| case.field(key).map(Node::text).unwrap_or_default();
        let (control, spec, refused) = (text("control"), text("spec"), text("refused"));
        let rules = controls.get(control).unwrap_or_else(|| panic!("there is no control `{control}`"));
        let only = rules.iter().map(|rule| Word::from(*rule)).collect();
        let linter = linter(&LintConfig { only, ..LintConfig::default() });
        let annotations = if text("annotations").is_empty() { "{}" } else { text("annotations") };
        let metadata = format!("{{ name: web, annotations: {annotations} }}");
        for (kind, manifest) in [
            ("Pod", format!("{{ apiVersion: v1, kind: Pod, metadata: {metadata}, spec: {spec} }}")),
            (
                "CronJob",
                format!(
                    "{{ apiVersion: batch/v1, kind: CronJob, metadata: {{ name: web }}, spec: {{ jobTemplate: {{ spec: {{ template: {{ metadata: {metadata}, spec: {spec} }} }} }} }} }}"
                ),
            ),
        ] {
            let pods = documents("case.yaml", &manifest);
            for version in Version::ALL {
                let objects = !objecting(&linter, &pods, *version).is_empty();
                assert_eq!(objects, is_refused(refused, *version), "{control} of a {kind} in {version}: {spec}");
                seen.entry(control).or_default().insert(objects);
            }
        }
    }
    let both: BTreeSet<&str> = seen.iter().filter(|(_, verdicts)| verdicts.len() == 2).map(|(name, _)| *name).collect();
    let all: BTreeSet<&str> = controls.keys().map(String::as_str).collect();
    assert_eq!(both, all, "every control has a case that it refuses and one that it admits");
}
