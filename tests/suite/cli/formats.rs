//! The formats that other programs read: valid, and several in one run.

use crate::sandbox::Sandbox;
use serde_json::Value;
use std::path::Path;
use std::process::Command;

const TYPO: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: typo}\ndat: {}\n";

/// A chart whose findings have all that a finding can have: calls, a value to change, environments, a further place.
const CHART: [(&str, &str); 5] = [
    ("über shop/Chart.yaml", "apiVersion: plimsoll.dev/v1\nname: shop\nversion: 1.0.0\n"),
    ("über shop/values.yaml", "tag: latest\nport: 80\n"),
    ("über shop/environments/prod.yaml", "# 🚢\nport: eighty # plimsoll: allow nothing-of-ours why\n"),
    (
        "über shop/templates/_container.yaml",
        "{% macro container(port) %}\n- name: \"🚢\"\n  image: nginx:{{ values.tag }}\n  ports: [{ name: a, containerPort: {{ port }} }]\n{% endmacro %}\n",
    ),
    (
        "über shop/templates/pod.yaml",
        "{% from \"_container.yaml\" import container %}\napiVersion: v1\nkind: Pod\nmetadata: { name: web }\nspec:\n  containers: {{ container(values.port) }}\n  hostPID: true # plimsoll: allow host-pid a demo\n  dnsPolicy: x\n  dnsPolicy: y\n",
    ),
];

/// Validates a SARIF log by the schema of the standard.
fn validate(log: &str) -> Value {
    let Some(path) = std::env::var_os("PLIMSOLL_TEST_SARIF_SCHEMA") else {
        println!("SKIPPED the standard's schema: tests/run provides it");
        return serde_json::from_str(log).expect("is JSON");
    };
    let schema = std::fs::read_to_string(path).expect("the schema can be read");
    let schema: Value = serde_json::from_str(&schema).expect("the schema is JSON");
    let options = jsonschema::options().should_validate_formats(true);
    let validator = options.build(&schema).expect("the schema is one");
    assert!(
        !validator.is_valid(&serde_json::json!({ "version": "2.1.0", "runs": [{}] })),
        "the schema asks for a tool"
    );
    let log: Value = serde_json::from_str(log).expect("is JSON");
    let errors: Vec<String> =
        validator.iter_errors(&log).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    log
}

#[test]
fn sarif_is_valid_by_the_schema_of_the_standard() {
    let sandbox = Sandbox::new(&CHART);
    sandbox.write("a.yaml", TYPO);
    let run = sandbox.run("check . --profile strict --format sarif");
    assert_eq!(run.code, 1, "{}", run.stderr);
    let log = validate(&run.stdout);
    let results = log["runs"][0]["results"].as_array().expect("is a list");
    assert!(results.len() > 20, "{}", results.len());
    let rules = &log["runs"][0]["tool"]["driver"]["rules"];
    for result in results {
        let rule = &rules[usize::try_from(result["ruleIndex"].as_u64().expect("is a number")).expect("is small")];
        assert_eq!(rule["id"], result["ruleId"]);
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = Command::new(env!("CARGO_BIN_EXE_plimsoll"))
        .args(["check", "charts-examples", "tests/manifests", "--profile", "strict", "--profile", "pss-restricted"])
        .args(["--format", "sarif"])
        .current_dir(root)
        .output()
        .expect("the command starts");
    let log = validate(&String::from_utf8(output.stdout).expect("is UTF-8"));
    assert!(log["runs"][0]["results"].as_array().is_some_and(|results| !results.is_empty()));
}

#[test]
fn sarif_tells_places_values_calls_fixes_and_suppressions() {
    let sandbox = Sandbox::new(&CHART);
    let run = sandbox.run_with("lint --rule host-pid --rule latest-tag --format sarif", "", &[]);
    let log: Value = serde_json::from_str(&run.stdout).expect("is JSON");
    let results = log["runs"][0]["results"].as_array().expect("is a list");
    let find = |id: &str| results.iter().find(|result| result["ruleId"] == id).expect("is found");
    let tag = find("latest-tag");
    let place = &tag["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "%C3%BCber%20shop/templates/_container.yaml");
    assert_eq!(place["region"]["startLine"], 3);
    assert_eq!(tag["suppressions"], Value::Array(Vec::new()));
    let related: Vec<&str> = tag["relatedLocations"]
        .as_array()
        .expect("is a list")
        .iter()
        .map(|place| place["message"]["text"].as_str().expect("is text"))
        .collect();
    assert_eq!(related, ["change it here: `tag`", "in macro `container`"]);
    sandbox.write("a.yaml", TYPO);
    let typo = sandbox.run("validate a.yaml --format sarif");
    let typo = validate(&typo.stdout);
    let change = &typo["runs"][0]["results"][0]["fixes"][0]["artifactChanges"][0];
    let replacement = &change["replacements"][0];
    assert_eq!(
        (change["artifactLocation"]["uri"].as_str(), replacement["insertedContent"]["text"].as_str()),
        (Some("a.yaml"), Some("a"))
    );
    let region = &replacement["deletedRegion"];
    assert_eq!(
        (&region["startColumn"], &region["endColumn"]),
        (&4.into(), &4.into()),
        "`dat` is `data` with an `a` behind"
    );
    let allowed = &find("host-pid")["suppressions"][0];
    assert_eq!((allowed["kind"].as_str(), allowed["justification"].as_str()), (Some("inSource"), Some("a demo")));
    assert_eq!(allowed["location"]["physicalLocation"]["region"]["startLine"], 7);
}

#[test]
fn fingerprints_survive_lines_above() {
    let sandbox = Sandbox::new(&CHART);
    let prints = |sandbox: &Sandbox| {
        let run = sandbox.run("check --profile strict --format sarif");
        let log: Value = serde_json::from_str(&run.stdout).expect("is JSON");
        let results = log["runs"][0]["results"].as_array().expect("is a list").clone();
        let print = |result: &Value| result["partialFingerprints"]["plimsoll/v1"].to_string();
        let line = |result: &Value| result["locations"][0]["physicalLocation"]["region"]["startLine"].as_u64();
        results.iter().map(|result| (print(result), line(result))).collect::<Vec<_>>()
    };
    let before = prints(&sandbox);
    for (name, text) in CHART.iter().filter(|(name, _)| !name.ends_with("Chart.yaml")) {
        sandbox.write(name, format!("# one more\n\n{text}"));
    }
    let after = prints(&sandbox);
    assert!(before.len() > 10);
    assert_eq!(
        before.iter().map(|(print, _)| print).collect::<Vec<_>>(),
        after.iter().map(|(print, _)| print).collect::<Vec<_>>()
    );
    assert!(
        before.iter().zip(&after).any(|((_, old), (_, new))| new.zip(*old).is_some_and(|(new, old)| new == old + 2))
    );
    let distinct: std::collections::BTreeSet<_> = before.iter().collect();
    assert_eq!(distinct.len(), before.len(), "each is told from the others");
}

#[test]
fn junits_xml_is_well_formed_and_fails_where_the_run_does() {
    let sandbox = Sandbox::new(&CHART);
    sandbox.write(
        "a.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: \"<&\\\"'\\x1b]]>\"}\nspec: {containers: [{name: a, image: a}]}\n",
    );
    for fail_on in ["error", "warning", "never"] {
        let run = sandbox.run(&format!("check . --format junit --fail-on {fail_on}"));
        let document =
            roxmltree::Document::parse(&run.stdout).unwrap_or_else(|error| panic!("{error}\n{}", run.stdout));
        let root = document.root_element();
        let count = |tag: &str| root.descendants().filter(|node| node.has_tag_name(tag)).count();
        let told = |name: &str| root.attribute(name).and_then(|text| text.parse().ok());
        assert_eq!(told("tests"), Some(count("testcase")));
        assert_eq!(told("failures"), Some(count("failure")));
        assert_eq!(run.code, i32::from(count("failure") > 0), "{fail_on}");
    }
    let run = sandbox.run("check . nowhere --format junit");
    assert_eq!(run.code, 2);
    assert!(run.stdout.contains("<error type=\"input\""), "{}", run.stdout);
}

#[test]
fn several_formats_come_from_one_run() {
    let sandbox = Sandbox::new(&[("a.yaml", TYPO)]);
    let run = sandbox.run("validate a.yaml --format sarif=out.sarif --format junit=out/junit.xml --format gitlab=q.json --format markdown=c.md --format github");
    assert_eq!(run.code, 1);
    assert!(run.stdout.starts_with("::error file=a.yaml,line=4,endLine=4,col=1,endColumn=4,title=schema/unknown-field::unknown field `dat`%0Ahelp: "), "{}", run.stdout);
    validate(&sandbox.read("out.sarif"));
    assert!(sandbox.read("out/junit.xml").contains("<failure type=\"schema/unknown-field\""));
    let issues: Value = serde_json::from_str(&sandbox.read("q.json")).expect("is JSON");
    assert_eq!(issues[0]["location"]["lines"]["begin"], 4);
    assert!(sandbox.read("c.md").contains("| ❌ error | `a.yaml:4` | `schema/unknown-field`: unknown field `dat`<br>"));
}

#[test]
fn files_are_named_from_the_root_that_a_server_checked_out() {
    let sandbox = Sandbox::new(&[("k8s/a.yaml", TYPO)]);
    let root = sandbox.path("");
    let root = root.to_str().expect("is text").trim_end_matches('/');
    let run = |format: &str, variable: &str| {
        sandbox.run_in(Path::new("k8s"), &format!("validate a.yaml --format {format}"), "", &[(variable, root)]).stdout
    };
    assert!(run("github", "GITHUB_WORKSPACE").starts_with("::error file=k8s/a.yaml,"));
    assert!(run("gitlab", "CI_PROJECT_DIR").contains("\"path\": \"k8s/a.yaml\""));
    assert!(run("github", "OTHER").starts_with("::error file=a.yaml,"));
}

#[test]
fn output_that_cannot_be_written_is_trouble_and_the_rest_is_written() {
    let sandbox = Sandbox::new(&[("a.yaml", TYPO), ("folder/b.yaml", "")]);
    let run = sandbox.run("validate a.yaml --format json=folder --format sarif=out.sarif");
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    assert!(run.stderr.starts_with("error: cannot write `folder`: "), "{}", run.stderr);
    assert!(sandbox.read("out.sarif").contains("\"executionSuccessful\": true"));
    let left: Vec<_> = std::fs::read_dir(sandbox.path(""))
        .expect("is there")
        .map(|entry| entry.expect("is there").file_name())
        .collect();
    assert_eq!(left.len(), 4, "no temporary file stays: {left:?}");
    for line in [
        "validate a.yaml --format json=x --format sarif=./x",
        "validate a.yaml --format json=x --write-baseline folder/../x",
    ] {
        let run = sandbox.run(line);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{line}");
        assert!(run.stderr.contains("is to be written twice"), "{}", run.stderr);
        assert!(!sandbox.path("x").exists());
    }
}

#[test]
#[cfg(unix)]
fn links_stay_links_and_devices_stay_devices() {
    let sandbox = Sandbox::new(&[("a.yaml", TYPO), ("real.json", "old")]);
    std::os::unix::fs::symlink("real.json", sandbox.path("link.json")).expect("can be made");
    assert_eq!(sandbox.run("validate a.yaml --format json=link.json").code, 1);
    assert!(sandbox.path("link.json").is_symlink() && sandbox.read("real.json").contains("schemaVersion"));
    let pipe = sandbox.path("pipe");
    let made = Command::new("mkfifo").arg(&pipe).status().expect("mkfifo starts");
    assert!(made.success());
    let reader = Command::new("cat").arg(&pipe).stdout(std::process::Stdio::piped()).spawn().expect("cat starts");
    assert_eq!(sandbox.run("validate a.yaml --format json=pipe").code, 1);
    let read = reader.wait_with_output().expect("cat ends");
    assert!(String::from_utf8_lossy(&read.stdout).contains("schemaVersion"));
}
