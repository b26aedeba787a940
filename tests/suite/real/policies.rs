//! The same ten policies as built-in checks, in CEL and in Rego give the same verdicts on the same objects; conftest agrees on
//! those in Rego; and the API server takes the rules that are exported, and gives our verdicts on their examples.
//!
//! `cargo test --release --test suite costs -- --ignored --nocapture` prints what each language costs.

use crate::sandbox::Sandbox;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

/// The policies: what they are called, and the built-in rule that holds the check in both forms.
const TEN: [(&str, &str); 10] = [
    ("filesystem", "security/writable-root-filesystem"),
    ("label", "metadata/missing-label"),
    ("memory", "resources/missing-memory-limit"),
    ("network", "security/host-network"),
    ("path", "security/host-path-volume"),
    ("port", "security/host-port"),
    ("privileged", "security/privileged-container"),
    ("probe", "reliability/missing-liveness-probe"),
    ("service", "network/node-port-service"),
    ("tag", "images/latest-tag"),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Makes own rules of a built-in one: with its built-in check, and with the one in CEL.
fn forms(name: &str, rule: &str) -> (String, String) {
    let text = read(&format!("rules/{rule}.yaml"));
    let (head, cel) = text.split_once("\ncel:").expect("the rule has a check in CEL");
    let head = head.split("\nreferences:").next().unwrap_or(head).split("\nexamples:").next().unwrap_or(head);
    let lines = head.lines().map(|line| match line.split(':').next() {
        Some("id") => format!("id: FORM-{name}"),
        Some("profiles") => "profiles: []".to_owned(),
        Some("applies") if name == "label" => "applies: { kinds: [Deployment, Service] }".to_owned(),
        _ => line.replace("[app.kubernetes.io/name, app.kubernetes.io/instance]", "[team]"),
    });
    let head: String = lines.map(|line| line + "\n").collect();
    let built_in = head.replace("FORM", "builtin");
    // The same texts and parameters, with another check.
    let check = head.find("check:").expect("it checks");
    let with = head.split_once("with: {").map(|(_, with)| with.split_once('}').map_or("", |(with, _)| with));
    let with = with.map(|with| format!("  with: {{{with}}}\n")).unwrap_or_default();
    let cel = cel.lines().fold(String::new(), |text, line| text + "  " + line + "\n");
    (built_in, format!("{}check:\n{with}  cel:{cel}", head[..check].replace("FORM", "cel")))
}

/// Numbers that look random, the same for a seed.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[usize::try_from(self.below(of.len() as u64)).expect("is small")]
    }

    fn container(&mut self, name: &str, init: bool) -> String {
        let image = self.one(&[
            "nginx",
            "nginx:latest",
            "nginx:1.27",
            "r.example:5000/a/b",
            "r.example:5000/a:1",
            "a@sha256:00",
        ]);
        let mut text = format!("{{\"name\":\"{name}\",\"image\":\"{image}\"");
        text += self.one(&["", ",\"securityContext\":{}", ",\"securityContext\":{\"privileged\":true}"]);
        if !text.contains("securityContext") {
            text += self.one(&["", ",\"securityContext\":{\"readOnlyRootFilesystem\":true,\"privileged\":false}"]);
        }
        text += self.one(&[
            "",
            ",\"resources\":{\"limits\":{\"memory\":\"1Gi\"}}",
            ",\"resources\":{\"limits\":{\"cpu\":1,\"memory\":0}}",
        ]);
        text += self.one(&[
            "",
            "",
            ",\"ports\":[{\"containerPort\":80}]",
            ",\"ports\":[{\"containerPort\":80,\"hostPort\":80}]",
        ]);
        text += if init {
            self.one(&["", ",\"restartPolicy\":\"Always\""])
        } else {
            self.one(&["", ",\"livenessProbe\":{\"exec\":{\"command\":[\"a\"]}}"])
        };
        text + "}"
    }

    fn spec(&mut self) -> String {
        let mut text = format!("{{\"containers\":[{}", self.container("a", false));
        for name in ["b", "c"].into_iter().take(usize::try_from(self.below(3)).expect("is small")) {
            let _ = write!(text, ",{}", self.container(name, false));
        }
        text += "]";
        if self.below(3) == 0 {
            let _ = write!(text, ",\"initContainers\":[{}]", self.container("init", true));
        }
        text += self.one(&["", "", ",\"hostNetwork\":true", ",\"hostNetwork\":false"]);
        text += self.one(&[
            "",
            ",\"volumes\":[{\"name\":\"v\",\"emptyDir\":{}}]",
            ",\"volumes\":[{\"name\":\"v\",\"hostPath\":{\"path\":\"/etc\"}}]",
        ]);
        text += self.one(&["", "", "", ",\"os\":{\"name\":\"windows\"}"]);
        text += self.one(&["", "", ",\"restartPolicy\":\"Never\""]);
        text += self.one(&["", "", ",\"resources\":{\"limits\":{\"memory\":\"1Gi\"}}"]);
        text + "}"
    }

    fn object(&mut self, at: usize) -> String {
        let labels = self.one(&[
            "",
            ",\"labels\":{\"team\":\"a\"}",
            ",\"labels\":{\"team\":\"\"}",
            ",\"labels\":{\"app\":\"a\"}",
        ]);
        let metadata = format!("{{\"name\":\"o{at}\"{labels}}}");
        let (api, kind, spec) = match self.below(6) {
            0 => ("v1", "Pod", self.spec()),
            1 => ("apps/v1", "DaemonSet", format!("{{\"template\":{{\"spec\":{}}}}}", self.spec())),
            2 => ("batch/v1", "Job", format!("{{\"template\":{{\"spec\":{}}}}}", self.spec())),
            3 => (
                "batch/v1",
                "CronJob",
                format!("{{\"jobTemplate\":{{\"spec\":{{\"template\":{{\"spec\":{}}}}}}}}}", self.spec()),
            ),
            4 => ("v1", "Service", self.one(&["{}", "{\"type\":\"NodePort\"}", "{\"type\":\"ClusterIP\"}"]).to_owned()),
            _ => ("apps/v1", "Deployment", format!("{{\"template\":{{\"spec\":{}}}}}", self.spec())),
        };
        format!("---\n{{\"apiVersion\":\"{api}\",\"kind\":\"{kind}\",\"metadata\":{metadata},\"spec\":{spec}}}\n")
    }
}

/// Writes the ten policies in each language, and the objects.
fn prepared(objects: usize, seed: u64) -> Sandbox {
    let sandbox = Sandbox::new(&[("plimsoll.yaml", "apiVersion: plimsoll.dev/v1\nrules: { profiles: [] }\n")]);
    for (name, rule) in TEN {
        let (built_in, cel) = forms(name, rule);
        sandbox.write(&format!("builtin/{name}.yaml"), built_in);
        sandbox.write(&format!("cel/{name}.yaml"), cel);
    }
    sandbox.write("rego/ten.rego", read("tests/real/policies/ten.rego"));
    let mut numbers = Numbers(seed);
    let text: String = (0..objects).map(|at| numbers.object(at)).collect();
    sandbox.write("objects.yaml", text);
    sandbox
}

/// Gives the verdicts of one language: `policy kind/name`.
fn verdicts(sandbox: &Sandbox, language: &str) -> BTreeSet<String> {
    let run = sandbox.run(&format!("lint objects.yaml --policy {language} --format json"));
    let json = run.json();
    let findings = json["findings"].as_array().expect("is a list");
    let verdict = |finding: &serde_json::Value| {
        let rule = finding["rule"].as_str().expect("is text");
        assert!(!rule.contains('/'), "{finding:#}");
        let name = rule.rsplit('-').next().unwrap_or_default();
        let object = &finding["object"];
        format!(
            "{name} {}/{}",
            object["kind"].as_str().unwrap_or_default(),
            object["name"].as_str().unwrap_or_default()
        )
    };
    findings.iter().map(verdict).collect()
}

#[test]
fn ten_policies_say_the_same_in_every_language() {
    let sandbox = prepared(500, 0x5eed);
    let built_in = verdicts(&sandbox, "builtin");
    for (name, _) in TEN {
        let count = built_in.iter().filter(|verdict| verdict.starts_with(name)).count();
        assert!((10..490).contains(&count), "{name} is broken {count} times: that shows little");
    }
    for language in ["cel", "rego"] {
        let theirs = verdicts(&sandbox, language);
        let apart: Vec<_> = built_in.symmetric_difference(&theirs).take(10).collect();
        assert!(apart.is_empty(), "{language}: {apart:#?}");
    }
    let Some(conftest) = super::given("PLIMSOLL_TEST_CONFTEST") else { return };
    let output = Command::new(conftest)
        .args(["test", "objects.yaml", "--policy", "rego", "--output", "json"])
        .current_dir(sandbox.path(""))
        .output()
        .expect("conftest runs");
    let text = String::from_utf8_lossy(&output.stdout);
    let results: serde_json::Value = serde_json::from_str(&text)
        .unwrap_or_else(|error| panic!("{error}: {text}{}", String::from_utf8_lossy(&output.stderr)));
    let failures = results.as_array().expect("is a list").iter();
    let failures = failures.flat_map(|result| result["failures"].as_array().into_iter().flatten());
    let theirs: BTreeSet<String> =
        failures.map(|failure| failure["msg"].as_str().expect("is text").to_owned()).collect();
    let apart: Vec<_> = built_in.symmetric_difference(&theirs).take(10).collect();
    assert!(apart.is_empty(), "conftest: {apart:#?}");
}

#[test]
#[ignore = "a measurement: its command stands above"]
fn costs_of_the_languages() {
    let sandbox = prepared(500, 0x5eed);
    sandbox.write("none/ten.yaml", forms("tag", TEN[9].1).0.replace("{ pods: true }", "{ kinds: [Nothing] }"));
    for language in ["none", "builtin", "cel", "rego"] {
        let best = (0..5).map(|_| {
            let start = Instant::now();
            let run = sandbox.run(&format!("lint objects.yaml --policy {language} --format json"));
            assert!(run.code < 2, "{}", run.stderr);
            start.elapsed()
        });
        println!("{language:8} {:?} for 500 objects, of the whole process", best.min().expect("it ran"));
    }
}

/// The namespace that the exported policies are bound to, so that no other test meets them.
const NAMESPACE: &str = "plimsoll-policies";

/// Runs kubectl with an input. Gives all that it says.
fn kubectl(kubeconfig: &str, program: &str, arguments: &[&str], input: &str) -> (bool, String) {
    use std::io::Write as _;
    use std::process::Stdio;
    let mut command = Command::new(program);
    command.args(["--kubeconfig", kubeconfig]).args(arguments);
    let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = pipes.spawn().expect("kubectl starts");
    child.stdin.take().expect("is a pipe").write_all(input.as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("kubectl ends");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.success(), text(&output.stdout) + &text(&output.stderr))
}

/// Binds exported policies to the namespace alone, and lets them warn: a warning of each tells its verdict.
fn bound(exported: &str) -> String {
    let mut text = String::new();
    let mut in_actions = false;
    for line in exported.lines() {
        in_actions = in_actions && line.trim_start().starts_with("- ");
        if line.trim_start().starts_with("validationActions:") {
            in_actions = true;
            text += "  validationActions: [Warn]\n  matchResources:\n    namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: ";
            let _ = writeln!(text, "{NAMESPACE} }} }}");
        } else if !in_actions {
            text += line;
            text.push('\n');
        }
    }
    text
}

#[test]
fn the_server_takes_exported_rules_and_gives_their_verdicts() {
    let (Some(program), Some(kubeconfig)) =
        (super::given("PLIMSOLL_TEST_KUBECTL"), super::given("PLIMSOLL_TEST_KUBECONFIG"))
    else {
        return;
    };
    let run = |arguments: &[&str], input: &str| kubectl(&kubeconfig, &program, arguments, input);
    let rules: Vec<plimsoll::lint::Rule> = plimsoll::lint::catalogue()
        .filter(|rule| plimsoll::lint::text(rule.id).is_some_and(|text| text.contains("\ncel:")))
        .filter_map(|rule| plimsoll::lint::load(rule.id))
        .collect();
    assert!(rules.len() >= 25, "{}", rules.len());
    let asked = rules.iter().fold(String::new(), |text, rule| text + " --rule " + &rule.id);
    let sandbox = Sandbox::new(&[]);
    let exported = sandbox.run(&format!("rules export --as validating-admission-policy{asked}"));
    assert_eq!(exported.code, 0, "{}", exported.stderr);
    let _ = run(&["create", "namespace", NAMESPACE], "");
    let (taken, said) = run(&["apply", "--server-side", "-f", "-"], &bound(&exported.stdout));
    assert!(taken, "{said}");
    let try_one = |example: &str| run(&["create", "--dry-run=server", "--namespace", NAMESPACE, "-f", "-"], example);
    // The server learns of policies a moment later.
    let latest = "apiVersion: v1\nkind: Pod\nmetadata: { name: a }\nspec: { containers: [{ name: a, image: a }] }\n";
    let warned = |said: &str, rule: &str| said.contains(&format!("ValidatingAdmissionPolicy '{rule}'"));
    let start = Instant::now();
    while rules.iter().any(|rule| rule.id == "latest-tag") && !warned(&try_one(latest).1, "latest-tag") {
        assert!(start.elapsed().as_secs() < 30, "the policies take no effect: {}", try_one(latest).1);
        std::thread::sleep(std::time::Duration::from_millis(300));
    }
    std::thread::sleep(std::time::Duration::from_secs(1));
    let (mut compared, mut wrong) = (BTreeSet::new(), Vec::new());
    for rule in &rules {
        for example in rule.examples.iter().filter(|example| example.kubernetes.is_none()) {
            let one = example.text.matches("\nkind:").count() + usize::from(example.text.starts_with("kind:")) == 1;
            let (taken, said) = try_one(&example.text);
            // What the server refuses for its own reasons never comes to policies.
            if !taken || !one {
                continue;
            }
            compared.insert((rule.id.clone(), example.fails_at.is_some()));
            if warned(&said, &rule.id) != example.fails_at.is_some() {
                wrong.push(format!("{}: to fail {:?}, but: {said}\n{}", rule.id, example.fails_at, example.text));
            }
        }
    }
    println!("compared {} of {} kinds of verdicts of {} rules", compared.len(), 2 * rules.len(), rules.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(compared.len() >= 30, "{compared:?}");
}
