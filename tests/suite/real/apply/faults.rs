//! What is killed or misled at a random moment is put right by running it again.
//!
//! `PLIMSOLL_TEST_FAULTS` says how many seeded runs there are of each; `tests/run --full` makes 300.

use super::proxy::{Dice, FAULTS, Fault, Proxy};
use super::{Stage, config};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::process::Child;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const KINDS: &str = "configmaps,secrets,services,deployments";
/// How many releases are mistreated at once.
const AT_ONCE: u64 = 4;

fn runs() -> u64 {
    std::env::var("PLIMSOLL_TEST_FAULTS").ok().and_then(|text| text.parse().ok()).unwrap_or(8)
}

/// A release that changes: each version has some objects of the one before, others, and other values.
fn version(number: u64) -> (String, BTreeMap<String, String>) {
    let mut dice = Dice::new(number + 77);
    let (mut text, mut wanted) = (String::new(), BTreeMap::new());
    for name in ["a", "b", "c", "d", "e", "f", "g", "h"] {
        if dice.below(3) > 0 {
            let value = format!("{name}{number}");
            text += &config(name, &value);
            wanted.insert(format!("ConfigMap/{name}"), value);
        }
    }
    // One that is always there, so that no version is empty; kinds come and go.
    let value = format!("s{number}");
    text += &format!("apiVersion: v1\nkind: Secret\nmetadata: {{ name: s }}\nstringData: {{ a: {value} }}\n---\n");
    wanted.insert("Secret/s".to_owned(), value);
    if number.is_multiple_of(2) {
        text += &format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{ name: web, annotations: {{ a: v{number} }} }}\nspec: {{ ports: [{{ port: 80 }}] }}\n---\n"
        );
        wanted.insert("Service/web".to_owned(), format!("v{number}"));
    }
    if number.is_multiple_of(3) {
        text += &format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{ name: web, annotations: {{ a: v{number} }} }}\nspec:\n  replicas: 0\n  selector: {{ matchLabels: {{ app: web }} }}\n  template: {{ metadata: {{ labels: {{ app: web }} }}, spec: {{ containers: [{{ name: a, image: a:1 }}] }} }}\n"
        );
        wanted.insert("Deployment/web".to_owned(), format!("v{number}"));
    }
    (text, wanted)
}

/// Gives what is there of a release: objects, and the values that tell versions apart.
fn found(stage: &Stage) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for object in stage.get(KINDS) {
        let part_of = object["metadata"]["labels"]["applyset.kubernetes.io/part-of"].is_string();
        if !part_of || object["metadata"]["deletionTimestamp"].is_string() {
            continue;
        }
        let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
        let value = match object["kind"].as_str() {
            Some("ConfigMap") => text(&object["data"]["a"]),
            Some("Secret") => match text(&object["data"]["a"]).as_str() {
                "" => continue,
                coded => coded.to_owned(),
            },
            _ => text(&object["metadata"]["annotations"]["a"]),
        };
        found.insert(super::name_of(&object), value);
    }
    found
}

fn encoded(mut wanted: BTreeMap<String, String>) -> BTreeMap<String, String> {
    use base64::Engine as _;
    if let Some(secret) = wanted.get_mut("Secret/s") {
        *secret = base64::engine::general_purpose::STANDARD.encode(&*secret);
    }
    wanted
}

/// What is done to a release, and what it leads to.
struct Step {
    line: String,
    wanted: BTreeMap<String, String>,
}

/// A release that is mistreated.
struct Victim {
    stage: Stage,
    number: u64,
    /// What each revision that was deployed holds.
    revisions: BTreeMap<u64, BTreeMap<String, String>>,
    installed: bool,
}

impl Victim {
    fn new(name: &str) -> Option<Self> {
        let stage = Stage::new(name, &[])?;
        // What belongs to nobody, and what others put there, must stay.
        stage.kubectl(&["create", "configmap", "bystander", "-n", &stage.namespace]);
        Some(Self { stage, number: 0, revisions: BTreeMap::new(), installed: false })
    }

    fn step(&mut self, dice: &mut Dice) -> Step {
        let choice = dice.below(10);
        let earlier: Vec<u64> = self.revisions.keys().copied().collect();
        if self.installed && choice < 2 {
            return Step { line: "uninstall set --lease 1s --timeout 30s".to_owned(), wanted: BTreeMap::new() };
        }
        if self.installed && choice < 5 && !earlier.is_empty() {
            let number = earlier[usize::try_from(dice.below(earlier.len() as u64)).expect("small")];
            return Step {
                line: format!("rollback set {number} --lease 1s --timeout 30s"),
                wanted: self.revisions[&number].clone(),
            };
        }
        self.number += 1;
        let (text, wanted) = version(self.number);
        self.stage.files.write("set/a.yaml", text);
        Step { line: "apply set --skip-checks --lease 1s --timeout 30s".to_owned(), wanted: encoded(wanted) }
    }

    /// Runs a step again, plainly, and looks whether all is as it should be.
    fn put_right(&mut self, step: &Step, what: &str) {
        let begun = Instant::now();
        let run = self.stage.run(&step.line);
        let gone = step.line.starts_with("uninstall") && run.stderr.contains("there is no release");
        assert!(run.code == 0 || gone, "{what}: {}: {}{}", step.line, run.stdout, run.stderr);
        assert!(begun.elapsed() < Duration::from_secs(25), "{what}: it took {:?}", begun.elapsed());
        self.look(step, what);
    }

    fn look(&mut self, step: &Step, what: &str) {
        assert_eq!(found(&self.stage), step.wanted, "{what}: {}", step.line);
        self.stage.kubectl(&["get", "configmap", "bystander", "-n", &self.stage.namespace]);
        assert!(self.stage.get("leases").is_empty(), "{what}: a lock is left");
        if step.line.starts_with("uninstall") {
            self.stage.assert_nothing_left(KINDS);
            self.installed = false;
            self.revisions.clear();
            return;
        }
        self.installed = true;
        let revisions = self.stage.revisions("set");
        let newest = revisions.last().expect("there is one");
        let deployed = revisions.iter().filter(|line| line.ends_with("deployed")).count();
        assert!(newest.ends_with("deployed") && deployed == 1, "{what}: {revisions:?}");
        let number =
            |line: &String| line.split(' ').next().and_then(|text| text.parse::<u64>().ok()).expect("a number");
        self.revisions.insert(number(newest), step.wanted.clone());
        let kept: Vec<u64> = revisions.iter().map(number).collect();
        self.revisions.retain(|number, _| kept.contains(number));
    }
}

/// Lets several victims go through so many seeded steps.
fn mistreat(name: &str, treat: impl Fn(&mut Victim, &Step, &mut Dice, u64) + Sync) {
    let (next, treat) = (AtomicU64::new(1), &treat);
    std::thread::scope(|scope| {
        for thread in 0..AT_ONCE.min(runs()) {
            let next = &next;
            scope.spawn(move || {
                let Some(mut victim) = Victim::new(&format!("{name}{thread}")) else { return };
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed > runs() {
                        break;
                    }
                    let mut dice = Dice::new(seed);
                    let step = victim.step(&mut dice);
                    treat(&mut victim, &step, &mut dice, seed);
                }
            });
        }
    });
}

#[test]
fn what_is_killed_is_put_right_by_running_it_again() {
    let counts = Mutex::new(BTreeMap::<String, (u64, u64)>::new());
    mistreat("kill", |victim, step, dice, seed| {
        let mut child: Child = victim.stage.start(&step.line);
        std::thread::sleep(Duration::from_millis(dice.below(500)));
        let ended = child.try_wait().expect("can be asked").is_some();
        child.kill().expect("can be killed");
        let _ = child.wait();
        let verb = step.line.split(' ').next().unwrap_or_default().to_owned();
        if let Ok(mut counts) = counts.lock() {
            let (killed, late) = counts.entry(verb).or_default();
            *(if ended { late } else { killed }) += 1;
        }
        victim.put_right(step, &format!("seed {seed}"));
    });
    eprintln!("kills: {:?} (killed, ended before)", counts.into_inner().expect("no thread panicked"));
}

#[test]
fn what_is_misled_is_put_right_by_running_it_again() {
    let counts = Mutex::new(BTreeMap::<String, u64>::new());
    let ends = Mutex::new([0_u64; 3]);
    mistreat("proxy", |victim, step, dice, seed| {
        // Some runs meet one kind of trouble, others meet all; in some it is frequent.
        let only = usize::try_from(dice.below(2 * FAULTS.len() as u64)).expect("small");
        let often = [4, 10, 25][usize::try_from(dice.below(3)).expect("small")];
        let state = Mutex::new((dice.clone(), false));
        let proxy = Proxy::start(&victim.stage.kubeconfig, move |_, path| {
            let Ok(mut state) = state.lock() else { return None };
            if state.1 {
                return Some(Fault::Expired);
            }
            // What asks who is there cannot be sent twice by plan: that is no part of this.
            if path == "/version" || state.0.below(often) > 0 {
                return None;
            }
            let fault = match FAULTS.get(only) {
                Some(fault) => *fault,
                None => FAULTS[usize::try_from(state.0.below(FAULTS.len() as u64)).expect("small")],
            };
            // An expired token stays expired; it would end most runs before they began.
            if fault == Fault::Expired && state.0.below(3) > 0 {
                return None;
            }
            state.1 = fault == Fault::Expired;
            Some(fault)
        });
        victim.stage.files.write("proxy.kubeconfig", proxy.kubeconfig());
        let path = victim.stage.path("proxy.kubeconfig").display().to_string();
        let run = victim.stage.run_by(&path, &step.line);
        let what = format!("seed {seed}");
        if let (Ok(mut counts), Ok(faults)) = (counts.lock(), proxy.seen.faults.lock()) {
            for fault in faults.iter() {
                *counts.entry(format!("{fault:?}")).or_default() += 1;
            }
        }
        if let Ok(mut ends) = ends.lock() {
            ends[usize::try_from(run.code).expect("no signal")] += 1;
        }
        assert!((0..=2).contains(&run.code) && !run.stderr.contains("panicked"), "{what}: {}", run.stderr);
        if run.code == 0 {
            // Who says that it is done has done it.
            assert_eq!(found(&victim.stage), step.wanted, "{what}: {}{}", run.stdout, run.stderr);
        }
        victim.put_right(step, &what);
    });
    let (counts, ends) = (counts.into_inner().expect("no panic"), ends.into_inner().expect("no panic"));
    eprintln!("faults: {counts:?}; exit codes 0, 1, 2: {ends:?}");
}
