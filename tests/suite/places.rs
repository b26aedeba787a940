//! Where findings of rules stand: at a line of the file that they name, inside it, and of pods only where there are some.

use crate::sandbox::{Folder, Run, Sandbox};
use plimsoll::lint::{self, Rule};
use serde_json::Value;
use std::path::Path;
use std::process::Command;

fn rules() -> Vec<Rule> {
    lint::catalogue().map(|rule| lint::load(rule.id).expect("built-in rules decode")).collect()
}

/// Says what is wrong with the place of a finding whose file is below `folder`.
fn misplaced(folder: &Path, finding: &Value) -> Option<String> {
    let name = finding["file"].as_str()?;
    let text = match std::fs::read_to_string(folder.join(name)) {
        Ok(text) => text,
        Err(error) => return Some(format!("{name}: {error}")),
    };
    let number = |field: &str| finding[field].as_u64().and_then(|number| usize::try_from(number).ok()).unwrap_or(0);
    // An end may be the begin of the line after the last one.
    let width = |line: usize| text.split('\n').nth(line.checked_sub(1)?).map(|line| line.chars().count() + 1);
    let (begin, end) = ((number("line"), number("column")), (number("endLine"), number("endColumn")));
    let inside = |(line, column): (usize, usize)| width(line).is_some_and(|width| (1..=width).contains(&column));
    (!inside(begin) || !inside(end) || end < begin)
        .then(|| format!("{begin:?} to {end:?} is not inside of `{name}`, which has {} lines", text.lines().count()))
}

/// Says what is wrong with the places of a run's findings.
fn problems(folder: &Path, report: &Value) -> Vec<String> {
    let findings = report["findings"].as_array().expect("is a list");
    let placed = findings.iter().filter_map(|finding| {
        let problem = match finding["file"].as_str() {
            None => Some("has no file".to_owned()),
            Some(_) => misplaced(folder, finding),
        };
        let edit = Some(&finding["edit"]).filter(|edit| !edit.is_null());
        let problem = problem.or_else(|| {
            let edit = edit?;
            let line = edit["line"].as_u64()?;
            let text = std::fs::read_to_string(folder.join(edit["file"].as_str()?)).ok()?;
            (line as usize > text.lines().count()).then(|| "is to be edited beyond a file's end".to_owned())
        });
        problem.map(|problem| format!("{}: {problem}", finding["rule"]))
    });
    placed.collect()
}

/// With every rule on, not only the example's own.
#[test]
fn every_finding_of_every_rule_example_has_a_line_in_its_file() {
    let sandbox = Sandbox::new(&[("plimsoll.yaml", &every_rule())]);
    let mut files = Vec::new();
    for rule in rules() {
        for (number, example) in rule.examples.iter().enumerate() {
            let name = format!("examples/{}-{number}.yaml", rule.id);
            sandbox.write(&name, &example.text);
            files.push(name);
        }
    }
    let run = sandbox.run(&format!("lint {} --format json", files.join(" ")));
    let report = run.json();
    let count = report["findings"].as_array().expect("is a list").len();
    assert!(count > files.len(), "{count} findings in {} examples", files.len());
    let problems = problems(&sandbox.path(""), &report);
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

/// Without what the charts allow, so that rules find something.
#[test]
fn every_finding_of_the_example_charts_has_a_line_in_its_file() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = Folder::new();
    let copied = Command::new("cp").arg("-r").arg(root.join("charts-examples")).arg(folder.path()).status();
    assert!(copied.expect("cp runs").success());
    let charts = folder.path().join("charts-examples");
    let workspace = std::fs::read_to_string(charts.join("plimsoll.yaml")).expect("the charts are a workspace");
    let (head, _) = workspace.split_once("\nexceptions:\n").expect("there are exceptions");
    let (head, _) = head.split_once("\nrules:\n").unwrap_or((head, ""));
    let (_, rules) =
        every_rule().split_once("\nrules:\n").map(|(a, b)| (a.to_owned(), b.to_owned())).expect("has rules");
    std::fs::write(charts.join("plimsoll.yaml"), format!("{head}\nrules:\n{rules}")).expect("can be written");
    let run = Command::new(env!("CARGO_BIN_EXE_plimsoll"))
        .args(["check", "--format", "json"])
        .current_dir(&charts)
        .output()
        .expect("plimsoll runs");
    let report: Value = serde_json::from_slice(&run.stdout).expect("prints JSON");
    let findings = report["findings"].as_array().expect("is a list");
    assert!(findings.len() > 50, "{} findings", findings.len());
    let problems = problems(&charts, &report);
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

/// A workspace that switches on every rule, those of no profile too.
fn every_rule() -> String {
    let mut text = String::from("apiVersion: plimsoll.dev/v1\nrules:\n  profiles: [strict]\n  configure:\n");
    for rule in lint::catalogue() {
        text += &format!("    {}: {{ severity: {} }}\n", rule.id, rule.severity.name());
    }
    text
}

/// Whatever a rule that looks at pods is shown.
#[test]
fn no_rule_of_pods_speaks_of_what_has_none() {
    let spec = "{ template: { spec: { hostNetwork: true, containers: [{ name: a, image: nginx, securityContext: { privileged: true } }] } }, containers: [{ name: a, image: nginx }], hostPID: true, serviceName: a, replicas: 3, jobTemplate: { spec: { template: { spec: { containers: [{ name: a, image: nginx }] } } } } }";
    let kinds = [
        ("v1", "Service"),
        ("v1", "ConfigMap"),
        ("v1", "Secret"),
        ("v1", "Namespace"),
        ("v1", "PersistentVolumeClaim"),
        ("v1", "ServiceAccount"),
        ("v1", "Node"),
        ("networking.k8s.io/v1", "Ingress"),
        ("networking.k8s.io/v1", "NetworkPolicy"),
        ("rbac.authorization.k8s.io/v1", "Role"),
        ("policy/v1", "PodDisruptionBudget"),
        ("autoscaling/v2", "HorizontalPodAutoscaler"),
        ("storage.k8s.io/v1", "StorageClass"),
        ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
        // Of the names of workloads, and none of Kubernetes' own.
        ("example.com/v1", "Deployment"),
        ("example.com/v1", "Pod"),
        ("example.com/v1", "Database"),
    ];
    let documents: Vec<String> = kinds
        .iter()
        .enumerate()
        .map(|(number, (version, kind))| {
            format!("apiVersion: {version}\nkind: {kind}\nmetadata: {{ name: a{number} }}\nspec: {spec}\n")
        })
        .collect();
    let sandbox = Sandbox::new(&[("plimsoll.yaml", &every_rule()), ("a.yaml", &documents.join("---\n"))]);
    let run: Run = sandbox.run("lint a.yaml --format json");
    let of_pods: Vec<String> = rules().into_iter().filter(|rule| rule.applies.pods).map(|rule| rule.id).collect();
    assert!(of_pods.len() > 80, "{}", of_pods.len());
    let report = run.json();
    assert_eq!(report["summary"]["objects"], kinds.len(), "{}", run.stderr);
    let found = run.rules();
    assert!(!found.is_empty(), "other rules find something");
    let wrong: Vec<&String> = found.iter().filter(|rule| of_pods.contains(rule)).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}
