//! The charts of charts-examples/, as they stand in the repository.

use crate::sandbox::Folder;
use std::path::Path;
use std::process::{Command, Output};

fn run(arguments: &[&str]) -> Output {
    run_in("", arguments)
}

/// Runs in a folder of the repository.
fn run_in(folder: &str, arguments: &[&str]) -> Output {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    Command::new(env!("CARGO_BIN_EXE_plimsoll")).args(arguments).current_dir(folder).output().expect("plimsoll runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("prints UTF-8")
}

#[test]
fn every_environment_is_checked_and_nothing_is_found() {
    for profile in ["default", "strict"] {
        let run = run(&["check", "charts-examples", "--profile", profile, "--fail-on", "info"]);
        let said = text(&run.stdout);
        assert_eq!(run.status.code(), Some(0), "{profile}: {said}");
        for release in ["db", "search", "shop", "batch", "log-agent"] {
            for environment in ["dev", "staging", "prod"] {
                assert!(said.contains(&format!("checked {release} in {environment}: ")), "{profile}: {said}");
            }
        }
    }
}

/// As the workspace, where exceptions that except nothing are reported too.
#[test]
fn the_workspace_is_checked_and_nothing_is_found() {
    let run = run_in("charts-examples", &["check", "--profile", "strict", "--fail-on", "info"]);
    let said = text(&run.stdout);
    assert_eq!(run.status.code(), Some(0), "{said}");
    assert!(said.contains("\n0 errors, 0 warnings, 0 infos, "), "{said}");
}

/// What is allowed concerns the log agent alone: that it mounts the node's log files and reads them by root's group.
#[test]
fn only_the_log_agent_needs_exceptions() {
    for profile in ["default", "strict"] {
        for release in ["postgres", "search", "shop", "batch", "log-agent"] {
            let path = format!("charts-examples/{release}");
            let run = run(&["check", &path, "--profile", profile, "--fail-on", "info", "--format", "json"]);
            let report: serde_json::Value = serde_json::from_slice(&run.stdout).expect("prints JSON");
            let suppressed = report["summary"]["suppressed"].as_u64();
            assert_eq!(suppressed > Some(0), release == "log-agent", "{release}, {profile}: {report}");
        }
    }
    let workspace = include_str!("../../charts-examples/plimsoll.yaml");
    let (_, exceptions) = workspace.split_once("\nexceptions:\n").expect("there are exceptions");
    let count = |part: &str| exceptions.matches(part).count();
    assert_eq!(count("- rule: "), count("object: DaemonSet/log-agent"));
    assert_eq!((count("- rule: "), count("- rule: ")), (count("reason: "), count("until: ")));
}

#[test]
fn what_is_rendered_passes_as_plain_manifests() {
    for (chart, objects) in [("postgres", 8), ("search", 8), ("shop", 14), ("batch", 6), ("log-agent", 7)] {
        for environment in ["dev", "staging", "prod"] {
            let path = format!("charts-examples/{chart}");
            let rendered = run(&["render", &path, "-e", environment]);
            assert_eq!(rendered.status.code(), Some(0), "{}", text(&rendered.stderr));
            let folder = Folder::new();
            let file = folder.path().join("all.yaml");
            std::fs::write(&file, &rendered.stdout).expect("can be written");
            let run = run(&[
                "validate",
                &file.to_string_lossy(),
                "charts-examples/crds",
                "--kubernetes-version",
                "1.33",
                "--format",
                "json",
            ]);
            let report: serde_json::Value = serde_json::from_slice(&run.stdout).expect("prints JSON");
            assert_eq!(report["findings"], serde_json::json!([]), "{chart} in {environment}");
            assert!(report["summary"]["objects"].as_u64() >= Some(objects), "{chart} in {environment}: {report}");
        }
    }
}

/// A typo in an environment, in the shop as it stands: the finding names the environment's file.
#[test]
fn a_typo_in_the_shop_is_found_where_it_is_written() {
    let folder = Folder::new();
    let values = folder.path().join("more.yaml");
    std::fs::write(&values, "web:\n  replicass: 3\n").expect("can be written");
    let run =
        run(&["validate", "charts-examples/shop", "-e", "prod", "-f", &values.to_string_lossy(), "--format", "json"]);
    assert_eq!(run.status.code(), Some(1));
    let report: serde_json::Value = serde_json::from_slice(&run.stdout).expect("prints JSON");
    let found = &report["findings"][0];
    assert_eq!((&found["rule"], &found["line"]), (&"values/unknown-key".into(), &2.into()), "{report}");
    assert!(found["file"].as_str().is_some_and(|file| file.ends_with("more.yaml")), "{report}");
}

#[test]
fn the_charts_own_tests_pass() {
    let run = run(&["test", "charts-examples"]);
    let said = text(&run.stdout);
    assert_eq!(run.status.code(), Some(0), "{said}{}", text(&run.stderr));
    assert!(said.contains("tested charts-examples/shop/tests/web.yaml: 12 passed\n"), "{said}");
}
