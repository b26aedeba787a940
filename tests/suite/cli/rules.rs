//! `rules` and `explain`.

use crate::sandbox::Sandbox;

#[test]
fn rules_are_listed_by_group_and_profile() {
    let sandbox = Sandbox::new(&[]);
    let all = sandbox.run("rules");
    assert_eq!(all.code, 0);
    assert!(all.stdout.starts_with("availability\n  ") && all.stdout.contains("\n  latest-tag "), "{}", all.stdout);
    let some = sandbox.run("rules --profile pss-baseline");
    assert!(some.stdout.contains("privileged-container") && !some.stdout.contains("latest-tag"), "{}", some.stdout);
    let run = sandbox.run("rules --profile defalt");
    assert_eq!(run.code, 2);
    assert_eq!(run.stderr, "error: unknown profile `defalt`\n  help: did you mean `default`?\n");
}

#[test]
fn every_rule_that_is_listed_is_explained() {
    let sandbox = Sandbox::new(&[]);
    let listed = sandbox.run("rules").stdout;
    let ids = listed.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    for id in ids.inspect(|id| assert!(!id.is_empty())) {
        let run = sandbox.run(&format!("explain {id}"));
        assert_eq!(run.code, 0, "{id}");
        assert!(run.stdout.starts_with(&format!("{id}: ")), "{}", run.stdout);
        assert!(run.stdout.contains("\nfails") && run.stdout.contains("\npasses:"), "{id} has examples");
    }
}

#[test]
fn unknown_rules_are_usage_errors() {
    let sandbox = Sandbox::new(&[("a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")]);
    for line in ["explain lates-tag", "check a.yaml --rule lates-tag", "lint a.yaml --skip lates-tag"] {
        let run = sandbox.run(line);
        assert_eq!(run.code, 2, "{line}");
        assert_eq!(run.stderr, "error: unknown rule `lates-tag`\n  help: did you mean `latest-tag`?\n", "{line}");
    }
}

#[test]
fn parameters_say_what_labels_must_be() {
    let labelled = |owner: &str| {
        format!("apiVersion: v1\nkind: Namespace\nmetadata: {{ name: a, labels: {{ owner: {owner} }} }}\n")
    };
    let workspace = |matching: &str| {
        format!(
            "apiVersion: plimsoll.dev/v1\nrules: {{ profiles: [], configure: {{ missing-label: {{ severity: error, with: {{ names: [owner], matching: '{matching}' }} }} }} }}\n"
        )
    };
    let sandbox = Sandbox::new(&[("plimsoll.yaml", &workspace("team-[a-z]+|nobody"))]);
    for (owner, line) in
        [("team-a", None), ("nobody", None), ("team-1", Some(3)), ("a-team-a", Some(3)), ("''", Some(3))]
    {
        sandbox.write("a.yaml", labelled(owner));
        let found = sandbox.run("lint a.yaml --format json").json()["findings"][0]["line"].as_u64();
        assert_eq!(found, line, "{owner}");
    }
    sandbox.write("plimsoll.yaml", workspace("["));
    let run = sandbox.run("lint a.yaml");
    assert!(
        run.stdout.contains("the parameter `matching` must be a regular expression"),
        "{}{}",
        run.stdout,
        run.stderr
    );
}

#[test]
fn rules_are_chosen_by_flags() {
    let pod =
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: nginx}], hostPID: 1}\n";
    let sandbox = Sandbox::new(&[("a.yaml", pod)]);
    let rules = |flags: &str| sandbox.run(&format!("check a.yaml --format json {flags}")).rules();
    assert_eq!(rules("--rule latest-tag"), ["latest-tag"]);
    assert_eq!(rules("--rule schema/type"), ["schema/type"]);
    let all = rules("--profile strict");
    let left = rules("--profile strict --skip latest-tag --skip schema/type");
    assert_eq!(left.len() + 2, all.len(), "{all:?}");
    assert!(rules("--profile checkov") != all);
}
