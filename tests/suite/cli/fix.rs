//! `fix`: files on a real file system, flags, exit codes. What it makes of texts is in tests/cases/fix.

use crate::sandbox::Sandbox;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

const TYPO: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: typo}\ndat: {}\n";
const FIXED: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: typo}\ndata: {}\n";

#[test]
fn a_file_keeps_its_rights_and_a_link_stays_a_link() {
    let sandbox = Sandbox::new(&[("real/a.yaml", TYPO)]);
    fs::set_permissions(sandbox.path("real/a.yaml"), fs::Permissions::from_mode(0o640)).expect("can be set");
    symlink("real/a.yaml", sandbox.path("a.yaml")).expect("can be linked");
    let run = sandbox.run("fix a.yaml");
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{}", run.stdout);
    assert_eq!(sandbox.read("real/a.yaml"), FIXED);
    let metadata = fs::symlink_metadata(sandbox.path("a.yaml")).expect("is there");
    assert!(metadata.file_type().is_symlink());
    assert_eq!(fs::metadata(sandbox.path("real/a.yaml")).expect("is there").permissions().mode() & 0o777, 0o640);
    let left: Vec<_> = fs::read_dir(sandbox.path("real")).expect("can be read").collect();
    assert_eq!(left.len(), 1, "no temporary file stays");
}

#[test]
fn a_file_that_may_not_be_written_is_trouble_and_stays() {
    let sandbox = Sandbox::new(&[("a.yaml", TYPO)]);
    fs::set_permissions(sandbox.path("a.yaml"), fs::Permissions::from_mode(0o444)).expect("can be set");
    let run = sandbox.run("fix a.yaml");
    assert_eq!((run.code, run.stderr.as_str()), (2, "error: cannot write `a.yaml`: permission denied\n"));
    assert_eq!(sandbox.read("a.yaml"), TYPO);
}

#[test]
fn standard_input_becomes_standard_output() {
    let sandbox = Sandbox::new(&[]);
    let run = sandbox.run_with("fix -", TYPO, &[]);
    assert_eq!((run.code, run.stdout.as_str()), (0, FIXED));
    assert_eq!(run.stderr, "fixed -:4:1: rename `dat` to `data` (schema/unknown-field)\n1 fix in 1 file\n");
    let run = sandbox.run_with("fix - --quiet", FIXED, &[]);
    assert_eq!(
        (run.code, run.stdout.as_str(), run.stderr.as_str()),
        (0, FIXED, ""),
        "what needs no fix passes through"
    );
}

#[test]
fn looking_changes_nothing() {
    let sandbox = Sandbox::new(&[("a.yaml", TYPO)]);
    let run = sandbox.run("fix a.yaml --check --diff");
    assert_eq!(run.code, 1);
    assert!(run.stdout.ends_with("-dat: {}\n+data: {}\n"), "{}", run.stdout);
    assert_eq!(sandbox.read("a.yaml"), TYPO);
    assert_eq!(sandbox.run("fix a.yaml --check --skip schema/unknown-field").code, 0);
    assert_eq!(sandbox.run("fix a.yaml").code, 0);
    assert_eq!(sandbox.run("fix a.yaml --check").code, 0);
}

#[test]
fn with_trouble_nothing_is_changed() {
    let sandbox = Sandbox::new(&[("k8s/a.yaml", TYPO)]);
    sandbox.write("k8s/b.yaml", b"a\0b");
    let run = sandbox.run("fix k8s");
    assert_eq!(run.code, 2);
    assert_eq!(run.stderr, "error: `k8s/b.yaml` is binary, not text\nnothing was changed\n");
    assert_eq!(sandbox.read("k8s/a.yaml"), TYPO);
}

#[test]
fn bytes_around_a_fix_stay_as_they_are() {
    let text = "\u{feff}# é\r\napiVersion:   v1\r\nkind: ConfigMap # x\r\n\r\nmetadata: {name:   typo}\r\ndat: {}";
    let sandbox = Sandbox::new(&[("a.yaml", text)]);
    assert_eq!(sandbox.run("fix a.yaml").code, 0);
    assert_eq!(sandbox.read("a.yaml"), text.replace("dat:", "data:"));
}

#[test]
fn what_is_allowed_is_not_fixed() {
    let text = TYPO.replace("dat: {}", "# plimsoll: allow schema/unknown-field for the demo\ndat: {}");
    let sandbox = Sandbox::new(&[("a.yaml", &text)]);
    let run = sandbox.run("fix a.yaml");
    assert_eq!((run.code, run.stdout.as_str()), (0, "0 fixes in 0 files\n"));
    assert_eq!(sandbox.read("a.yaml"), text);
}

/// What cannot be judged whole is left alone.
#[test]
fn a_release_that_does_not_render_is_left_alone() {
    let sandbox = Sandbox::new(&[
        ("shop/Chart.yaml", "apiVersion: plimsoll.dev/v1\nname: shop\nversion: 1.0.0\n"),
        ("shop/values.yaml", "a: 1\n"),
        ("shop/templates/a.yaml", TYPO),
        ("shop/templates/b.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ values.b }}}\n"),
    ]);
    let run = sandbox.run("fix shop --verbose");
    assert_eq!(run.code, 0);
    assert!(run.stdout.contains("the release `shop` does not render"), "{}", run.stdout);
    assert!(run.stdout.ends_with("0 fixes in 0 files\n"), "{}", run.stdout);
}

/// Lists of secrets do not come out by a diff, whatever stands around the fix.
#[test]
fn a_diff_shows_no_secret() {
    let text =
        "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\nstringData:\n  password: hunter2hunter2\nimutable: true\n";
    let sandbox = Sandbox::new(&[("a.yaml", text)]);
    let run = sandbox.run("fix a.yaml --diff");
    assert!(run.stdout.contains("+immutable: true\n"), "{}", run.stdout);
    assert!(!run.stdout.contains("hunter2") && !run.stderr.contains("hunter2"), "{}", run.stdout);
}
