//! What paths lead to, and what cannot be trusted.

use crate::sandbox::Sandbox;
use std::fmt::Write as _;

const GOOD: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: good}\n";
const TYPO: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: typo}\ndat: {}\n";

#[test]
fn folders_are_walked_by_gitignore_and_exclude() {
    let sandbox = Sandbox::new(&[
        ("k8s/a.yaml", TYPO),
        ("k8s/deep/b.yml", TYPO),
        (
            "k8s/c.json",
            "{\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\", \"metadata\": {\"name\": \"j\"}, \"dat\": {}}",
        ),
        ("k8s/ignored/d.yaml", TYPO),
        ("k8s/vendor/e.yaml", TYPO),
        ("k8s/.hidden.yaml", TYPO),
        ("k8s/compose.yaml", "services: {web: {image: x}}\n"),
        ("k8s/notes.txt", "apiVersion: x\n"),
        (".gitignore", "ignored/\n"),
    ]);
    let run = sandbox.run("validate k8s --exclude vendor/ --format json");
    let json = run.json();
    let files: Vec<_> =
        json["findings"].as_array().expect("a list").iter().map(|found| found["file"].clone()).collect();
    assert_eq!(files, ["k8s/a.yaml", "k8s/c.json", "k8s/deep/b.yml"]);
    assert_eq!(json["summary"]["objects"], 3);
}

#[test]
fn without_a_path_the_current_folder_is_meant() {
    let sandbox = Sandbox::new(&[("a.yaml", TYPO)]);
    assert_eq!(sandbox.run("validate --format json").rules(), ["schema/unknown-field"]);
}

#[test]
fn paths_are_shown_from_the_current_folder() {
    let sandbox = Sandbox::new(&[("k8s/a.yaml", TYPO), ("sub/x.txt", "")]);
    let absolute = sandbox.path("k8s/a.yaml");
    for (line, shown) in [("validate ../k8s/./a.yaml", "../k8s/a.yaml"), ("validate ../k8s", "../k8s/a.yaml")] {
        let run = sandbox.run_in("sub".as_ref(), &format!("{line} --format json"), "", &[]);
        assert_eq!(run.json()["findings"][0]["file"], shown);
    }
    let run = sandbox.run(&format!("validate {} --format json", absolute.display()));
    assert_eq!(run.json()["findings"][0]["file"], "k8s/a.yaml");
}

#[test]
fn standard_input_is_a_dash() {
    let sandbox = Sandbox::new(&[]);
    let run = sandbox.run_with("validate - --format json", TYPO, &[]);
    assert_eq!(run.code, 1);
    assert_eq!(run.json()["findings"][0]["file"], "-");
    assert_eq!(sandbox.run_with("validate -", "", &[]).code, 0, "no object is no error");
}

#[test]
fn what_cannot_be_read_is_trouble_and_the_rest_is_still_checked() {
    let sandbox = Sandbox::new(&[("a.yaml", TYPO)]);
    sandbox.write("binary.yaml", b"a: \0\n");
    sandbox.write("latin.yaml", b"a: \xe9\n");
    sandbox.write("utf16.yaml", b"\xff\xfea\0:\0");
    for (bad, told) in [
        ("missing.yaml", "cannot read `missing.yaml`: no such file or folder"),
        ("binary.yaml", "`binary.yaml` is binary, not text"),
        ("latin.yaml", "`latin.yaml` is not UTF-8: byte 3 begins no character"),
        ("utf16.yaml", "`utf16.yaml` is UTF-16"),
    ] {
        let run = sandbox.run(&format!("validate {bad} a.yaml --format json"));
        assert_eq!(run.code, 2, "{bad}");
        assert!(run.stderr.contains(told), "{bad}: {}", run.stderr);
        assert_eq!(run.json()["summary"]["incomplete"], true);
        assert_eq!(run.rules(), ["schema/unknown-field"], "{bad}");
    }
}

#[test]
fn a_folder_with_nothing_to_check_is_trouble() {
    for (name, content) in [("docs/readme.txt", "x"), ("docs/values.yaml", "a: 1\n")] {
        let run = Sandbox::new(&[(name, content)]).run("check docs");
        assert_eq!(run.code, 2, "{name}");
        assert!(run.stderr.contains("nothing to check in `docs`"), "{}", run.stderr);
    }
}

#[cfg(unix)]
#[test]
fn loops_of_links_end() {
    let sandbox = Sandbox::new(&[("k8s/a.yaml", GOOD)]);
    std::os::unix::fs::symlink("..", sandbox.path("k8s/up")).expect("a link");
    std::os::unix::fs::symlink("nowhere", sandbox.path("k8s/dangling")).expect("a link");
    assert_eq!(sandbox.run("validate k8s").code, 0);
    std::os::unix::fs::symlink("self.yaml", sandbox.path("k8s/self.yaml")).expect("a link");
    let run = sandbox.run("validate k8s");
    assert_eq!(run.code, 2, "a manifest that is a link to itself is missing input");
}

#[test]
fn hostile_texts_end_soon() {
    let long_line = format!("a: {}: b\n", "x".repeat(10_000_000));
    let deep = "[".repeat(100_000);
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let before = format!("*a{}", level - 1);
        let _ = writeln!(bomb, "a{level}: &a{level} [{}]", vec![before; 9].join(", "));
    }
    for (text, rule) in [
        (long_line.as_str(), "yaml/syntax"),
        (&deep, "yaml/too-deep"),
        (&bomb, "yaml/alias-budget"),
        ("a: &a\n  b: *a\n", "yaml/alias-cycle"),
    ] {
        let sandbox = Sandbox::new(&[("a.yaml", text)]);
        let run = sandbox.run("validate a.yaml");
        assert_eq!(run.code, 1, "{rule}");
        assert!(run.stdout.contains(rule), "{rule}");
        assert!(run.stdout.len() < 10_000, "{rule}: the long line is cut");
    }
}

#[test]
fn hostile_templates_end_and_say_where() {
    let deep = format!("a: {{{{ {}1{} }}}}\n", "(".repeat(5000), ")".repeat(5000));
    let wide = format!("a: {}{{{{ values.a }}}}\n", "x".repeat(10_000_000));
    for (template, rule) in [
        ("{% for i in range(9000) %}{% for j in range(9000) %}x{% endfor %}{% endfor %}\n", "template/too-long"),
        ("{% macro m() %}{{ m() }}{% endmacro %}a: {{ m() }}\n", "template/failed"),
        ("{% include 'a.yaml' %}\n", "template/failed"),
        ("a: {{ rendered('a.yaml') }}\n", "template/failed"),
        (deep.as_str(), "template/syntax"),
        (wide.as_str(), "schema/required"),
    ] {
        let chart = "apiVersion: plimsoll.dev/v1\nname: c\nversion: 0.1.0\n";
        let sandbox =
            Sandbox::new(&[("c/Chart.yaml", chart), ("c/values.yaml", "a: 1\n"), ("c/templates/a.yaml", template)]);
        let run = sandbox.run("validate c --skip values/unused --format json");
        assert_eq!(run.code, 1, "{rule}: {}", run.stderr);
        assert!(run.rules().iter().any(|found| found == rule), "{rule}: {:?}", run.rules());
        assert_eq!(run.json()["findings"][0]["file"], "c/templates/a.yaml", "{rule}");
    }
}

#[test]
fn a_binary_template_is_trouble_and_a_binary_file_is_not() {
    let chart = "apiVersion: plimsoll.dev/v1\nname: c\nversion: 0.1.0\n";
    let sandbox = Sandbox::new(&[("c/Chart.yaml", chart), ("c/templates/a.yaml", GOOD)]);
    sandbox.write("c/files/logo.png", b"\x89PNG\0");
    assert_eq!(sandbox.run("validate c").code, 0);
    sandbox.write("c/templates/b.yaml", b"a: \0\n");
    let run = sandbox.run("validate c");
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("`c/templates/b.yaml` is binary, not text"), "{}", run.stderr);
}

#[test]
fn a_chart_whose_values_are_binary_is_not_rendered_and_others_are() {
    let chart = "apiVersion: plimsoll.dev/v1\nname: c\nversion: 0.1.0\n";
    let template = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: \"{{ values.a }}\"}\n";
    let sandbox = Sandbox::new(&[
        ("c/Chart.yaml", chart),
        ("c/templates/a.yaml", template),
        ("c/environments/prod.yaml", "a: 1\n"),
        ("d/Chart.yaml", chart),
        ("d/environments/prod.yaml", ""),
        ("d/templates/a.yaml", TYPO),
    ]);
    sandbox.write("c/values.yaml", b"a: \0\n");
    for environment in ["", " -e prod"] {
        let run = sandbox.run(&format!("check c d --rule schema/unknown-field --format json{environment}"));
        assert_eq!(run.code, 2, "{}", run.stderr);
        assert_eq!(run.rules(), ["schema/unknown-field"]);
        assert_eq!(run.stderr.matches("error: ").count(), 1);
        assert!(run.stderr.contains("`c/values.yaml` is binary, not text"), "{}", run.stderr);
    }
    sandbox.write("c/tests/a.yaml", b"tests:\n  - name: a\n    expect:\n      - count: 1\n");
    let run = sandbox.run("test c");
    assert_eq!(run.code, 2);
    assert!(!run.stdout.contains("failed"), "{}", run.stdout);
}

#[test]
fn files_beyond_the_limit_are_refused() {
    let sandbox = Sandbox::new(&[]);
    let file = std::fs::File::create(sandbox.path("huge.yaml")).expect("can be written");
    file.set_len(65 << 20).expect("can be long");
    let run = sandbox.run("check huge.yaml");
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("larger than 64 MiB"), "{}", run.stderr);
}
