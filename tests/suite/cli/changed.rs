//! `--only-changed`: git is asked which lines changed.

use crate::sandbox::{Run, Sandbox};
use std::path::Path;

const TWO: &str = "apiVersion: v1\nkind: Pod\nmetadata: { name: web }\nspec:\n  containers:\n    - name: a\n      image: nginx\n    - name: b\n      image: redis\n";

/// Makes a repository with one commit.
fn repository(files: &[(&str, &str)]) -> Sandbox {
    let sandbox = Sandbox::new(files);
    sandbox.git("init --quiet");
    sandbox.git("add .");
    sandbox.git("commit --quiet -m one");
    sandbox
}

/// Gives `file:line` of each finding.
fn places(run: &Run) -> Vec<String> {
    let json = run.json();
    let findings = json["findings"].as_array().expect("is a list");
    findings.iter().map(|found| format!("{}:{}", found["file"].as_str().unwrap_or_default(), found["line"])).collect()
}

#[test]
fn only_changed_lines_are_told() {
    let sandbox = repository(&[("k8s/a.yaml", TWO), ("k8s/other name.yaml", &TWO.replace("web", "other"))]);
    let check = || sandbox.run("lint k8s --rule latest-tag --only-changed HEAD --format json");
    assert_eq!(places(&check()), [""; 0]);
    sandbox.write("k8s/a.yaml", TWO.replace("redis", "valkey"));
    assert_eq!(places(&check()), ["k8s/a.yaml:9"], "not yet committed");
    sandbox.write("k8s/other name.yaml", TWO.replace("web", "another").replace("      image: nginx\n", ""));
    assert_eq!(places(&check()), ["k8s/a.yaml:9"], "a name is not what is found");
}

#[test]
fn renamed_untracked_and_ignored_files() {
    let sandbox = repository(&[("k8s/a.yaml", TWO), (".gitignore", "k8s/ignored.yaml\n")]);
    sandbox.git("mv k8s/a.yaml k8s/é.yaml");
    let text = TWO.replace("nginx", "httpd");
    sandbox.write("k8s/é.yaml", &text);
    sandbox.write("k8s/new.yaml", TWO.replace("web", "new"));
    sandbox.write("k8s/ignored.yaml", TWO.replace("web", "ignored"));
    let run = sandbox.run("lint k8s k8s/ignored.yaml --rule latest-tag --only-changed HEAD --format json");
    let expected = ["k8s/ignored.yaml:7", "k8s/ignored.yaml:9", "k8s/new.yaml:7", "k8s/new.yaml:9", "k8s/é.yaml:7"];
    assert_eq!(places(&run), expected, "{}", run.stderr);
    let run = sandbox.run_in(Path::new("k8s"), "lint é.yaml --rule latest-tag --only-changed HEAD", "", &[]);
    assert!(run.stdout.ends_with("0 errors, 1 warning, 0 infos, 1 on unchanged lines\n"), "{}", run.stdout);
}

#[test]
fn a_changed_value_or_call_is_enough() {
    let sandbox = repository(&[
        ("shop/Chart.yaml", "apiVersion: plimsoll.dev/v1\nname: shop\nversion: 1.0.0\n"),
        ("shop/values.yaml", "one: nginx:1\ntwo: redis:8\n"),
        (
            "shop/templates/_c.yaml",
            "{% macro container(name, image) %}\n- name: {{ name }}\n  image: {{ image }}\n{% endmacro %}\n",
        ),
        (
            "shop/templates/a.yaml",
            "{% from \"_c.yaml\" import container %}\napiVersion: v1\nkind: Pod\nmetadata: { name: web }\nspec:\n  containers:\n    {{ container(\"a\", values.one) }}\n    {{ container(\"b\", values.two) }}\n",
        ),
    ]);
    let lines = || {
        let run = sandbox.run("lint shop --rule latest-tag --only-changed HEAD --format json");
        let json = run.json();
        let findings = json["findings"].as_array().expect("is a list").clone();
        findings.iter().map(|found| found["edit"]["key"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    sandbox.write("shop/values.yaml", "one: nginx\ntwo: redis:8\n");
    assert_eq!(lines(), ["one"]);
    sandbox.git("commit --quiet -a -m two");
    assert_eq!(lines(), [""; 0]);
    let call = sandbox.read("shop/templates/a.yaml").replace("(\"a\"", "(\"c\"");
    sandbox.write("shop/templates/a.yaml", call);
    assert_eq!(lines(), ["one"]);
}

#[test]
fn settings_of_git_do_not_matter() {
    let sandbox = repository(&[("a.yaml", TWO)]);
    for setting in
        ["diff.noprefix true", "color.ui always", "diff.mnemonicPrefix true", "diff.external false", "diff.context 9"]
    {
        sandbox.git(&format!("config {setting}"));
    }
    sandbox.write("a.yaml", TWO.replace("redis", "valkey"));
    let run = sandbox.run("lint a.yaml --rule latest-tag --only-changed HEAD --format json");
    assert_eq!(places(&run), ["a.yaml:9"], "{}", run.stderr);
}

#[test]
fn without_git_or_the_revision_nothing_is_judged() {
    let sandbox = repository(&[("a.yaml", TWO)]);
    for revision in ["nowhere", "--output=x", "HEAD:a.yaml"] {
        let run = sandbox.run(&format!("lint a.yaml --only-changed={revision}"));
        assert_eq!((run.code, run.stdout.as_str()), (2, ""));
        let told = format!("error: `--only-changed`: git knows no revision `{revision}`\n");
        assert!(run.stderr.starts_with(&told), "{}", run.stderr);
    }
    let run = sandbox.run_with("lint a.yaml --only-changed HEAD", "", &[("PATH", "/nowhere")]);
    assert_eq!((run.code, run.stderr.as_str()), (2, "error: `--only-changed` asks git, which is not installed\n"));
    let bare = Sandbox::new(&[("a.yaml", TWO)]);
    let run = bare.run("lint a.yaml --only-changed HEAD");
    assert_eq!(run.code, 2);
    assert!(
        run.stderr.starts_with("error: `--only-changed` asks git, which says: not a git repository"),
        "{}",
        run.stderr
    );
}
