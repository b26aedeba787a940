//! The charts of charts-examples/, as they stand in the repository.

use crate::sandbox::Folder;
use std::path::Path;
use std::process::{Command, Output};

fn run(arguments: &[&str]) -> Output {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    Command::new(env!("CARGO_BIN_EXE_plimsoll")).args(arguments).current_dir(root).output().expect("plimsoll runs")
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
        for release in ["db", "shop"] {
            for environment in ["dev", "staging", "prod"] {
                assert!(said.contains(&format!("checked {release} in {environment}: ")), "{profile}: {said}");
            }
        }
    }
    let workspace = include_str!("../../charts-examples/plimsoll.yaml");
    assert!(!workspace.contains("exceptions:"), "the examples need no exception");
}

#[test]
fn what_is_rendered_passes_as_plain_manifests() {
    for (chart, objects) in [("postgres", 8), ("shop", 14)] {
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
