//! The hooks of pre-commit, GitHub and GitLab, run as those run them, as far as that can be done without their servers.
//!
//! pre-commit is the real one. It takes the hook `plimsoll-installed` from a repository that holds our own file of hooks, with
//! the built command on its PATH; the hook `plimsoll` differs from it by `language: rust` alone, for which pre-commit compiles
//! this repository: `the_hook_builds_itself` does that, and is left to those who ask for it, as it takes minutes.

use crate::sandbox::Sandbox;
use plimsoll::source::SourceMap;
use plimsoll::yaml::{self, Node};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const CHART: [(&str, &str); 4] = [
    ("shop/Chart.yaml", "apiVersion: plimsoll.dev/v1\nname: shop\nversion: 1.0.0\n"),
    ("shop/values.yaml", "port: 80\n"),
    (
        "shop/templates/web.yaml",
        "apiVersion: v1\nkind: Service\nmetadata: { name: web }\nspec:\n  selecter: { app: web }\n  ports: [{ port: {{ values.port }} }]\n",
    ),
    // What is no manifest stands beside it in every repository.
    (".github/workflows/ci.yml", "on: [push]\njobs: {}\n"),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Gives a PATH on which the built command comes first.
fn path() -> String {
    let built = Path::new(env!("CARGO_BIN_EXE_plimsoll")).parent().expect("lies in a folder").display();
    format!("{built}:{}", std::env::var("PATH").unwrap_or_default())
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// A repository of a person, beside one with our hooks.
struct Committer {
    sandbox: Sandbox,
    pre_commit: PathBuf,
}

impl Committer {
    /// Gives nothing where pre-commit is not there.
    fn new(hooks: &[&str]) -> Option<Self> {
        let Some(pre_commit) = std::env::var_os("PLIMSOLL_TEST_PRE_COMMIT") else {
            println!("SKIPPED what needs pre-commit: tests/run provides it");
            return None;
        };
        let committer = Self { sandbox: Sandbox::new(&[]), pre_commit: pre_commit.into() };
        let sandbox = &committer.sandbox;
        let file = fs::read_to_string(root().join(".pre-commit-hooks.yaml")).expect("is there");
        sandbox.write("hooks/.pre-commit-hooks.yaml", file);
        let revision = committer.commit_all("hooks");
        for (name, text) in CHART {
            sandbox.write(&format!("work/{name}"), text);
        }
        let source = sandbox.path("hooks");
        let hooks: Vec<String> = hooks.iter().map(|id| format!("{{ id: {id} }}")).collect();
        let config =
            format!("repos:\n  - repo: {}\n    rev: {revision}\n    hooks: [{}]\n", source.display(), hooks.join(", "));
        sandbox.write("work/.pre-commit-config.yaml", config);
        committer.run("git", &["init", "--quiet"]);
        committer.run("git", &["add", "."]);
        Some(committer)
    }

    fn commit_all(&self, folder: &str) -> String {
        for line in ["init --quiet", "add .", "commit --quiet -m hooks"] {
            let arguments: Vec<&str> = line.split(' ').collect();
            let output = self.run_in(folder, "git", &arguments);
            assert!(output.status.success(), "{line}: {}", text(&output));
        }
        text(&self.run_in(folder, "git", &["rev-parse", "HEAD"])).trim().to_owned()
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Output {
        self.run_in("work", program, arguments)
    }

    fn run_in(&self, folder: &str, program: &str, arguments: &[&str]) -> Output {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(self.sandbox.path(folder)).env("PATH", path());
        for (key, value) in [("NAME", "t"), ("EMAIL", "t@example.com")] {
            command.env(format!("GIT_AUTHOR_{key}"), value).env(format!("GIT_COMMITTER_{key}"), value);
        }
        command.env("PRE_COMMIT_HOME", self.sandbox.path("cache")).output().expect("the program starts")
    }

    fn pre_commit(&self, arguments: &[&str]) -> Output {
        self.run(self.pre_commit.to_str().expect("is text"), arguments)
    }
}

#[test]
fn pre_commit_fails_at_the_line_and_passes_after_fix() {
    let Some(committer) = Committer::new(&["plimsoll-installed"]) else { return };
    let manifest = root().join(".pre-commit-hooks.yaml");
    let valid = committer.pre_commit(&["validate-manifest", manifest.to_str().expect("is text")]);
    assert!(valid.status.success(), "{}", text(&valid));
    let installed = committer.pre_commit(&["install"]);
    assert!(installed.status.success(), "{}", text(&installed));

    let refused = committer.run("git", &["commit", "-m", "a typo"]);
    assert!(!refused.status.success(), "{}", text(&refused));
    let told = text(&refused);
    assert!(told.contains("--> shop/templates/web.yaml:5:3"), "{told}");
    assert!(told.contains("did you mean `selector`?"), "{told}");
    assert!(!told.contains("ci.yml"), "what is no manifest is passed over: {told}");

    // What the selector is for: a fix that leaves a Service with nothing to select would be taken back.
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: { name: web, labels: { app: web } }\nspec:\n  containers: [{ name: web, image: 'example.com/web:1.0.0' }]\n";
    committer.sandbox.write("work/shop/templates/pod.yaml", pod);
    let fixed = committer.run(env!("CARGO_BIN_EXE_plimsoll"), &["fix"]);
    assert!(
        committer.sandbox.read("work/shop/templates/web.yaml").contains("selector: { app: web }"),
        "{}",
        text(&fixed)
    );
    committer.run("git", &["add", "."]);
    let taken = committer.run("git", &["commit", "-m", "no typo"]);
    assert!(taken.status.success(), "{}", text(&taken));

    // Nothing of ours changed: nothing is checked, and that is fine.
    committer.sandbox.write("work/.github/workflows/ci.yml", "on: [pull_request]\njobs: {}\n");
    committer.run("git", &["add", "."]);
    let other = committer.run("git", &["commit", "-m", "another workflow"]);
    assert!(other.status.success(), "{}", text(&other));
}

#[test]
#[ignore = "compiles this repository: PLIMSOLL_TEST_PRE_COMMIT=$(tests/tools/get pre-commit) cargo test --test suite the_hook_builds_itself -- --ignored"]
fn the_hook_builds_itself() {
    let Some(committer) = Committer::new(&["plimsoll"]) else { return };
    let revision =
        text(&Command::new("git").args(["rev-parse", "HEAD"]).current_dir(root()).output().expect("git starts"));
    let config = format!(
        "repos:\n  - repo: {}\n    rev: {}\n    hooks: [{{ id: plimsoll }}]\n",
        root().display(),
        revision.trim()
    );
    committer.sandbox.write("work/.pre-commit-config.yaml", config);
    committer.run("git", &["add", "."]);
    let refused = committer.pre_commit(&["run", "--all-files"]);
    assert!(text(&refused).contains("--> shop/templates/web.yaml:5:3"), "{}", text(&refused));
}

/// Reads a YAML file of ours, and does something with its root.
fn with_yaml<T>(name: &str, look: impl FnOnce(Node<'_>) -> T) -> T {
    let text = fs::read_to_string(root().join(name)).expect("is there");
    let parsed = yaml::parse(&SourceMap::new().add(name, text));
    assert!(parsed.diagnostics.is_empty(), "{name}: {:?}", parsed.diagnostics);
    look(parsed.documents.first().expect("holds a document").root())
}

/// A step of the action: its name, its script, and what it sets in the environment.
struct Step {
    name: String,
    script: String,
    variables: Vec<(String, String)>,
}

/// Reads the steps of the action, with the inputs that a workflow gives.
fn steps(inputs: &[(&str, &str)]) -> Vec<Step> {
    with_yaml("action.yml", |action| {
        let declared = action.get("inputs").expect("has inputs");
        let input = |name: &str| {
            let given = inputs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
            let default = || declared.at(&[name, "default"]).map(|value| value.text().to_owned());
            given.or_else(default).unwrap_or_else(|| panic!("there is no input `{name}`"))
        };
        let steps = action.at(&["runs", "steps"]).expect("has steps");
        let step = |step: Node<'_>| {
            assert_eq!(step.get("shell").and_then(Node::as_str), Some("bash"));
            let variables = step.get("env").into_iter().flat_map(Node::entries).map(|entry| {
                let written = entry.value.text();
                let name = written.strip_prefix("${{ inputs.").and_then(|rest| rest.strip_suffix(" }}"));
                (entry.name().to_owned(), name.map_or_else(|| written.to_owned(), input))
            });
            Step {
                name: step.get("name").expect("has a name").text().to_owned(),
                script: step.get("run").expect("runs something").text().to_owned(),
                variables: variables.collect(),
            }
        };
        steps.items().map(step).collect()
    })
}

/// Runs the steps of the action as a runner does, one after the other, in a person's checkout.
fn act(sandbox: &Sandbox, inputs: &[(&str, &str)]) -> Output {
    // Compiling takes minutes, so a stand-in for cargo says what it was asked for, and installs the built command.
    let built = env!("CARGO_BIN_EXE_plimsoll");
    let cargo = format!(
        "#!/bin/sh\necho \"$@\" >\"$RUNNER_TEMP/asked\"\nmkdir -p \"$RUNNER_TEMP/plimsoll/bin\" && cp '{built}' \"$RUNNER_TEMP/plimsoll/bin/\"\n"
    );
    sandbox.write("bin/cargo", cargo);
    fs::set_permissions(sandbox.path("bin/cargo"), fs::Permissions::from_mode(0o755)).expect("can be set");
    sandbox.write("temp/summary", "");
    let mut last = None;
    for Step { name, script, variables } in steps(inputs) {
        sandbox.write("temp/step.sh", script);
        let path = format!("{}:{}", sandbox.path("bin").display(), std::env::var("PATH").unwrap_or_default());
        let output = Command::new("bash")
            .args(["--noprofile", "--norc", "-eo", "pipefail"])
            .arg(sandbox.path("temp/step.sh"))
            .current_dir(sandbox.path("work"))
            .env("PATH", path)
            .env("GITHUB_ACTION_PATH", root())
            .env("GITHUB_WORKSPACE", sandbox.path("work"))
            .env("GITHUB_STEP_SUMMARY", sandbox.path("temp/summary"))
            .env("RUNNER_TEMP", sandbox.path("temp"))
            .envs(variables)
            .output()
            .expect("bash starts");
        let failed = !output.status.success();
        last = Some(output);
        if failed {
            assert_eq!(name, "Check", "{}", text(&last.expect("was just set")));
            break;
        }
    }
    last.expect("there are steps")
}

#[test]
fn the_action_annotates_summarises_and_fails() {
    let sandbox = Sandbox::new(&[]);
    for (name, text) in CHART {
        sandbox.write(&format!("work/{name}"), text);
    }
    let output = act(&sandbox, &[("arguments", "--rule schema/unknown-field"), ("sarif", "out dir/found.sarif")]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "::error file=shop/templates/web.yaml,line=5,endLine=5,col=3,endColumn=11,title=schema/unknown-field::unknown field `selecter` in `spec`%0Ahelp: did you mean `selector`?%0Anote: `spec.selecter` of Service web, release `shop`, for Kubernetes 1.37\n"
    );
    let asked =
        format!("install --locked --path {} --root {}\n", root().display(), sandbox.path("temp/plimsoll").display());
    assert_eq!(sandbox.read("temp/asked"), asked);
    assert!(sandbox.read("temp/summary").starts_with("### Plimsoll: 1 error"), "{}", sandbox.read("temp/summary"));
    assert!(sandbox.read("work/out dir/found.sarif").contains("\"version\": \"2.1.0\""));

    sandbox.write("work/other.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: good }\n");
    let output = act(&sandbox, &[("paths", "other.yaml *.yaml")]);
    assert_eq!(output.status.code(), Some(2), "a pattern is a name: {}", text(&output));
    let output = act(&sandbox, &[("paths", "other.yaml")]);
    assert_eq!((output.status.code(), text(&output).as_str()), (Some(0), ""));
}

#[test]
fn the_job_for_gitlab_writes_what_it_reports() {
    let sandbox = Sandbox::new(&CHART);
    let (script, reports) = with_yaml("docs/gitlab-ci.yml", |jobs| {
        let job = jobs.get("plimsoll").expect("is a job");
        let lines: Vec<String> =
            job.get("script").expect("has a script").items().map(|line| line.text().to_owned()).collect();
        let reports = job.at(&["artifacts", "reports"]).expect("has reports");
        let reports: Vec<(String, String)> =
            reports.entries().map(|entry| (entry.name().to_owned(), entry.value.text().to_owned())).collect();
        (lines.join("\n"), reports)
    });
    let output = Command::new("bash")
        .args(["-eo", "pipefail", "-c", &script])
        .current_dir(sandbox.path(""))
        .env("PATH", path())
        .env("CI_PROJECT_DIR", sandbox.path(""))
        .output()
        .expect("bash starts");
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert!(text(&output).contains("--> shop/templates/web.yaml:5:3"));
    assert_eq!(reports.iter().map(|(kind, _)| kind.as_str()).collect::<Vec<_>>(), ["codequality", "junit"]);
    let issues: serde_json::Value = serde_json::from_str(&sandbox.read(&reports[0].1)).expect("is JSON");
    let line = |issue: &serde_json::Value| {
        (issue["location"]["path"] == "shop/templates/web.yaml").then(|| issue["location"]["lines"]["begin"].clone())
    };
    assert!(issues.as_array().expect("is a list").iter().filter_map(line).any(|line| line == 5), "{issues}");
    let report = sandbox.read(&reports[1].1);
    let document = roxmltree::Document::parse(&report).expect("is XML");
    assert!(document.descendants().any(|node| node.has_tag_name("failure")));
}
