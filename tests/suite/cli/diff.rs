//! `diff`: what it compares with, formats, exit codes.

use crate::sandbox::Sandbox;

const CHART: [(&str, &str); 5] = [
    ("shop/Chart.yaml", "apiVersion: plimsoll.dev/v1\nname: shop\nversion: 1.0.0\n"),
    ("shop/values.yaml", "web:\n  replicas: 1\n  image: web:1\npassword: hunter2\n"),
    ("shop/environments/dev.yaml", "{}\n"),
    ("shop/environments/prod.yaml", "web:\n  replicas: 3\n"),
    (
        "shop/templates/web.yaml",
        "apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: {{ values.web.replicas }}
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      containers:
        - name: web
          image: {{ values.web.image }}
---
apiVersion: v1
kind: Secret
metadata: { name: db }
stringData:
  password: {{ values.password }}
",
    ),
];

#[test]
fn environments_are_compared_with_the_lines_to_edit() {
    let sandbox = Sandbox::new(&CHART);
    let run = sandbox.run("diff shop -e prod --against env:dev");
    assert_eq!(run.code, 1, "{}{}", run.stdout, run.stderr);
    assert_eq!(
        run.stdout,
        "shop in prod, against the environment `dev`
~ Deployment web  # shop/templates/web.yaml:1
    ~ spec.replicas: 1 → 3  # shop/environments/prod.yaml:2 web.replicas
1 changed, 1 unchanged
"
    );
    let same = sandbox.run("diff shop -e prod --against env:prod");
    assert_eq!(
        (same.code, same.stdout.as_str()),
        (0, "shop in prod, against the environment `prod`\nno change, 2 objects are the same\n")
    );
}

#[test]
fn both_sides_name_their_lines_as_json() {
    let sandbox = Sandbox::new(&CHART);
    let json = sandbox.run("diff shop -e prod --against env:dev --format json").json();
    let field = &json["comparisons"][0]["objects"][0]["fields"][0];
    assert_eq!((&field["path"], &field["old"], &field["new"]), (&"spec.replicas".into(), &1.into(), &3.into()));
    assert_eq!(
        (&field["oldPlace"]["edit"]["file"], &field["oldPlace"]["edit"]["line"]),
        (&"shop/values.yaml".into(), &2.into())
    );
    assert_eq!(field["newPlace"]["edit"]["file"], "shop/environments/prod.yaml");
    assert_eq!((&json["summary"]["changed"], &json["summary"]["incomplete"]), (&1.into(), &false.into()));
}

#[test]
fn several_environments_are_a_matrix() {
    let sandbox = Sandbox::new(&CHART);
    sandbox.write(
        "old/web.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata: { name: db }\nstringData: { password: hunter2 }\n",
    );
    let run = sandbox.run("diff shop -e dev -e prod --against env:dev");
    assert!(run.stdout.starts_with("                dev  prod\nDeployment web        ~\n"), "{}", run.stdout);
    let folder = sandbox.run("diff shop -e dev -e prod --against old");
    assert!(
        folder.stdout.contains("+ Deployment web, in dev, prod") || folder.stdout.contains("+ Deployment web"),
        "{}",
        folder.stdout
    );
    assert!(!folder.stdout.contains("Secret"), "the Secret is the same: {}", folder.stdout);
}

#[test]
fn revisions_of_the_repository_are_compared_with() {
    let sandbox = Sandbox::new(&[]);
    for (name, text) in CHART {
        sandbox.write(name, text);
    }
    for line in ["init -q", "add .", "commit -q -m one", "tag v1"] {
        sandbox.git(line);
    }
    sandbox.write("shop/values.yaml", "web:\n  replicas: 1\n  image: web:2\npassword: hunter3\n");
    sandbox.write("more.yaml", "web:\n  replicas: 7\n");
    let run = sandbox.run("diff shop -f more.yaml --against git:v1");
    assert_eq!(run.code, 1, "{}{}", run.stdout, run.stderr);
    assert_eq!(
        run.stdout,
        "shop, against the revision `v1`
~ Deployment web  # shop/templates/web.yaml:1
    ~ spec.template.spec.containers[name=web].image: web:1 → web:2  # shop/values.yaml:3 web.image
~ Secret db  # shop/templates/web.yaml:15
    ~ data.password: ••• → ••• (differs)  # shop/values.yaml:4 password
2 changed, 0 unchanged
"
    );
    let json = sandbox.run("diff shop --against git:HEAD --format json").json();
    assert_eq!(
        json["comparisons"][0]["objects"][0]["fields"][0]["oldPlace"]["edit"]["file"],
        "v1:shop/values.yaml".replace("v1", "HEAD")
    );
    sandbox.write("new/Chart.yaml", "apiVersion: plimsoll.dev/v1\nname: new\nversion: 1.0.0\n");
    sandbox.write("new/values.yaml", "{}\n");
    sandbox.write("new/templates/a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\n");
    let new = sandbox.run("diff new --against git:v1");
    assert!(new.code == 1 && new.stdout.contains("+ ConfigMap a"), "{}{}", new.stdout, new.stderr);
    let unknown = sandbox.run("diff shop --against git:--output=x");
    assert!(unknown.code == 2 && unknown.stderr.contains("there is no revision `--output=x`"), "{}", unknown.stderr);
}

#[test]
fn secrets_are_shown_only_when_asked_for() {
    let sandbox = Sandbox::new(&CHART);
    let masked = sandbox.run("diff shop --set password=hunter4 --against env:dev");
    assert!(!format!("{}{}", masked.stdout, masked.stderr).contains("hunter"), "{}", masked.stdout);
    let shown = sandbox.run("diff shop --set web.replicas=1 --against env:dev --show-secrets");
    assert_eq!(shown.code, 0, "{}", shown.stdout);
    sandbox.write(
        "other.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata: { name: db }\nstringData: { password: hunter5 }\n",
    );
    let shown = sandbox.run("diff shop --against other.yaml --show-secrets --format unified");
    assert!(shown.stdout.contains("-  password: aHVudGVyNQ==\n+  password: aHVudGVyMg==\n"), "{}", shown.stdout);
}

#[test]
fn formats_go_to_files_and_what_is_ignored_stays_out() {
    let sandbox = Sandbox::new(&CHART);
    let run =
        sandbox.run("diff shop -e prod --against env:dev --format markdown=a.md --format unified=a.diff --format json");
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert!(sandbox.read("a.md").contains("- spec.replicas: 1\n+ spec.replicas: 3\n"), "{}", sandbox.read("a.md"));
    assert!(
        sandbox.read("a.diff").contains("--- a/Deployment/web\n+++ b/Deployment/web\n"),
        "{}",
        sandbox.read("a.diff")
    );
    sandbox.write(
        "plimsoll.yaml",
        "apiVersion: plimsoll.dev/v1\ndiff: { ignore: [{ kind: Deployment, path: spec.replicas }] }\n",
    );
    assert_eq!(sandbox.run("diff shop -e prod --against env:dev").code, 0);
}

#[test]
fn what_cannot_be_compared_is_trouble() {
    let sandbox = Sandbox::new(&CHART);
    sandbox.write("bad.yaml", "apiVersion: v1\nkind: [\n");
    for (line, says) in [
        ("diff shop --against nowhere", "cannot read `nowhere`"),
        ("diff shop --against env:prd", "unknown environment `prd`"),
        ("diff shop --against env:", "names no environment"),
        ("diff shop --against git:none", "cannot read `git:none`"),
        ("diff shop --against bad.yaml", "`bad.yaml` has errors, and cannot be compared"),
        ("diff bad.yaml --against shop", "what has errors cannot be compared"),
        ("diff shop -e none --against shop", "unknown environment `none`"),
        ("diff shop --against shop --format json --format terminal", "two formats cannot share"),
    ] {
        let run = sandbox.run(line);
        assert_eq!(run.code, 2, "{line}: {}{}", run.stdout, run.stderr);
        assert!(run.stderr.contains(says), "{line}: {}", run.stderr);
    }
}
