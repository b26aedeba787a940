//! `apply` and its kin on a running API server, with kubectl's own view of what they do.
//!
//! Each test has a namespace of its own, which is gone when it ends.

mod faults;
mod life;
mod ownership;
mod plan;
mod scale;
mod waiting;

use super::{given, proxy};
use crate::sandbox::{Run, Sandbox};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A namespace on the real server, with files to apply to it.
struct Stage {
    namespace: String,
    kubeconfig: String,
    kubectl: String,
    files: Sandbox,
}

impl Stage {
    /// Makes a namespace whose name begins like this; none where no server runs.
    fn new(name: &str, files: &[(&str, &str)]) -> Option<Self> {
        let stage = Self::bare(name, files)?;
        stage.kubectl(&["create", "namespace", &stage.namespace]);
        Some(stage)
    }

    /// Gives a name for a namespace, and does not make it.
    fn bare(name: &str, files: &[(&str, &str)]) -> Option<Self> {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let (real, kubectl) = (given("PLIMSOLL_TEST_KUBECONFIG")?, given("PLIMSOLL_TEST_KUBECTL")?);
        let namespace = format!("{name}-{}-{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        let files = Sandbox::new(files);
        // A copy of its own, so that a test may add contexts.
        let kubeconfig = files.path(".kubeconfig");
        std::fs::copy(real, &kubeconfig).expect("can be copied");
        let kubeconfig = kubeconfig.display().to_string();
        Some(Self { namespace, kubeconfig, kubectl, files })
    }

    fn kubectl_output(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(&self.kubectl);
        command.args(["--kubeconfig", &self.kubeconfig]).args(arguments).stdin(Stdio::null());
        command.current_dir(self.files.path("")).output().expect("kubectl runs")
    }

    /// Runs kubectl, which must succeed.
    fn kubectl(&self, arguments: &[&str]) -> String {
        let output = self.kubectl_output(arguments);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert!(output.status.success(), "kubectl {arguments:?}: {}", text(&output.stderr));
        text(&output.stdout)
    }

    /// Reads objects as kubectl gives them.
    fn get(&self, what: &str) -> Vec<Json> {
        let arguments = ["get", what, "-n", &self.namespace, "-o", "json", "--show-managed-fields"];
        // A kind that was defined a moment ago may be known, and not served yet.
        let begun = Instant::now();
        let late =
            |output: &Output| String::from_utf8_lossy(&output.stderr).contains("could not find the requested resource");
        let mut output = self.kubectl_output(&arguments);
        while late(&output) && begun.elapsed() < Duration::from_secs(10) {
            std::thread::sleep(Duration::from_millis(200));
            output = self.kubectl_output(&arguments);
        }
        assert!(output.status.success(), "kubectl {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let list: Json = serde_json::from_str(&text).expect("is JSON");
        list["items"].as_array().cloned().unwrap_or_else(|| vec![list])
    }

    /// Runs plimsoll in the namespace.
    fn run(&self, line: &str) -> Run {
        self.run_by(&self.kubeconfig, line)
    }

    fn run_by(&self, kubeconfig: &str, line: &str) -> Run {
        let line = format!("{line} -n {}", self.namespace);
        self.files.run_with(&line, "", &[("KUBECONFIG", kubeconfig), ("HOME", "/nowhere")])
    }

    /// Runs plimsoll, which must succeed.
    #[track_caller]
    fn done(&self, line: &str) -> Run {
        let run = self.run(line);
        assert_eq!(run.code, 0, "{line}: {}{}", run.stdout, run.stderr);
        run
    }

    /// Starts plimsoll, and does not wait.
    fn start(&self, line: &str) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_plimsoll"));
        command.args(line.split_whitespace()).args(["-n", &self.namespace]).current_dir(self.files.path(""));
        command.env("KUBECONFIG", &self.kubeconfig).env("HOME", "/nowhere");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("plimsoll starts")
    }

    /// Gives `Kind/name` of the members of a release, as kubectl finds them by their label.
    fn members(&self, release: &str, kinds: &str) -> BTreeSet<String> {
        let parent = self.kubectl_output(&[
            "get",
            "secret",
            &format!("plimsoll.{release}"),
            "-n",
            &self.namespace,
            "-o",
            "json",
        ]);
        let Ok(parent) = serde_json::from_slice::<Json>(&parent.stdout) else { return BTreeSet::new() };
        let id = parent["metadata"]["labels"]["applyset.kubernetes.io/id"].as_str().expect("has an id").to_owned();
        let selector = format!("applyset.kubernetes.io/part-of={id}");
        let text = self.kubectl(&["get", kinds, "-n", &self.namespace, "-l", &selector, "-o", "json"]);
        let list: Json = serde_json::from_str(&text).expect("is JSON");
        list["items"]
            .as_array()
            .expect("a list")
            .iter()
            .filter(|item| item["metadata"]["ownerReferences"].is_null())
            .map(name_of)
            .collect()
    }

    /// Tells whether an object is this test's: what lives in no namespace may be another's.
    fn holds(&self, object: &Json) -> bool {
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        object["metadata"]["namespace"].is_string() || name.contains(&self.namespace)
    }

    /// Gives the resourceVersions of objects by name.
    fn versions(&self, kinds: &str) -> BTreeMap<String, String> {
        let version = |object: &Json| (name_of(object), object["metadata"]["resourceVersion"].to_string());
        self.get(kinds).iter().filter(|object| self.holds(object)).map(version).collect()
    }

    /// Gives `number status` of the revisions.
    fn revisions(&self, release: &str) -> Vec<String> {
        let run = self.done(&format!("history {release} --format json"));
        let revisions = run.json()["revisions"].as_array().cloned().expect("a list");
        revisions.iter().map(|r| format!("{} {}", r["revision"], r["status"].as_str().unwrap_or_default())).collect()
    }

    /// Asserts that nothing of a release is left, neither objects nor records nor a lock.
    #[track_caller]
    fn assert_nothing_left(&self, kinds: &str) {
        self.assert_no_objects_left(&format!("{kinds},leases"));
    }

    /// Asserts that neither objects nor records of a release are left.
    #[track_caller]
    fn assert_no_objects_left(&self, kinds: &str) {
        let ours = |object: &Json| {
            let name = object["metadata"]["name"].as_str().unwrap_or_default();
            object["metadata"]["labels"]["applyset.kubernetes.io/part-of"].is_string()
                && object["metadata"]["ownerReferences"].is_null()
                || name.starts_with("plimsoll.")
        };
        let found = self.get(&format!("{kinds},secrets"));
        let found: Vec<String> =
            found.iter().filter(|object| self.holds(object) && ours(object)).map(name_of).collect();
        assert!(found.is_empty(), "{found:?} are left");
    }

    /// Plays the kubelet: pods become ready, those of Jobs succeed.
    fn kubelet(&self) -> Kubelet {
        self.kubelet_by(|pod| {
            let of_job = pod["metadata"]["ownerReferences"][0]["kind"] == "Job";
            if of_job {
                return Some(json!({"phase": "Succeeded"}));
            }
            let ready = json!({"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"});
            Some(json!({"phase": "Running", "conditions": [ready]}))
        })
    }

    /// Plays a kubelet that says this of each pending pod.
    fn kubelet_by(&self, says: impl Fn(&Json) -> Option<Json> + Send + 'static) -> Kubelet {
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, namespace, kubeconfig, kubectl) =
            (Arc::clone(&stop), self.namespace.clone(), self.kubeconfig.clone(), self.kubectl.clone());
        let thread = std::thread::spawn(move || {
            let kubectl = |arguments: &[&str]| {
                let mut command = Command::new(&kubectl);
                command
                    .args(["--kubeconfig", &kubeconfig, "-n", &namespace])
                    .args(arguments)
                    .output()
                    .expect("kubectl runs")
            };
            while !stopped.load(Ordering::Relaxed) {
                let pods = kubectl(&["get", "pods", "-o", "json"]);
                let list: Json = serde_json::from_slice(&pods.stdout).unwrap_or_default();
                for pod in list["items"].as_array().into_iter().flatten() {
                    let (name, said) = (pod["metadata"]["name"].as_str().unwrap_or_default(), says(pod));
                    if let (Some(status), "Pending") = (said, pod["status"]["phase"].as_str().unwrap_or_default()) {
                        let patch = json!({"status": status}).to_string();
                        kubectl(&["patch", "pod", name, "--subresource=status", "--type=merge", "-p", &patch]);
                    }
                }
                std::thread::sleep(Duration::from_millis(200));
            }
        });
        Kubelet { stop, thread: Some(thread) }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.files.path(name)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // The namespace goes in its own time.
        let _ = self.kubectl_output(&["delete", "namespace", &self.namespace, "--wait=false", "--ignore-not-found"]);
    }
}

/// A kubelet that is played until it is dropped.
struct Kubelet {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Kubelet {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn name_of(object: &Json) -> String {
    let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
    format!("{}/{}", text(&object["kind"]), text(&object["metadata"]["name"]))
}

fn config(name: &str, value: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{ name: {name} }}\ndata: {{ a: \"{value}\" }}\n---\n")
}
