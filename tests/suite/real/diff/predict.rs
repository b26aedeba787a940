//! What is shown before a change is what is observed after it.
//!
//! Each round changes seeded fields of the objects in `tests/real/diff/objects.yaml`, while other managers own and change fields
//! too. `PLIMSOLL_DIFF_ROUNDS` says how many rounds are made (1, as a rule), `PLIMSOLL_DIFF_SEED` which changes.

use super::server::Server;
use crate::sandbox::Sandbox;
use plimsoll::diff::{Comparison, Field, Foreseen, ObjectChange, Reading, Secrets, What, as_applied};
use plimsoll::object::ObjectSet;
use plimsoll::schema::{SchemaStore, Version};
use plimsoll::source::SourceMap;
use plimsoll::yaml::emit::{Data, block};
use plimsoll::yaml::{Document, parse};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

/// An object, and what may be changed of it.
struct Subject {
    object: Value,
    other: Option<Value>,
    knobs: Vec<(String, Vec<Value>)>,
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % end as u64).expect("is below a usize")
    }
}

fn data(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real/diff").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn documents(text: &str) -> Vec<Document> {
    let parsed = parse(&SourceMap::new().add("a.yaml", text));
    assert!(parsed.diagnostics.is_empty(), "{:?}", parsed.diagnostics);
    parsed.documents
}

fn subjects(namespace: &str) -> Vec<Subject> {
    let document = documents(&data("objects.yaml")).remove(0);
    let json = Data::from_node(document.root()).to_json();
    let read = |entry: &Value| {
        let mut object = entry["object"].clone();
        let word = |key: &str| object["metadata"][key].as_str().unwrap_or_default().to_owned();
        // Tests beside this one have objects of no namespace, too.
        let name = word("name").replace("plimsoll-diff", &format!("plimsoll-{namespace}"));
        object["metadata"]["name"] = json!(name.replace("diff.plimsoll", &format!("{namespace}.plimsoll")));
        let knobs = entry["knobs"].as_object().expect("knobs").iter();
        Subject {
            other: entry.get("other").cloned(),
            knobs: knobs.map(|(path, values)| (path.clone(), values.as_array().expect("values").clone())).collect(),
            object,
        }
    };
    json.as_array().expect("a list").iter().map(read).collect()
}

/// Sets a field, and makes what holds it; null takes it out.
fn set(object: &mut Value, path: &str, value: &Value) {
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    if let (Value::Array(items), Ok(index)) = (&mut *object, first.parse::<usize>()) {
        return set(&mut items[index], rest.expect("goes on"), value);
    }
    match rest {
        Some(rest) => set(&mut object[first], rest, value),
        None if value.is_null() => _ = object.as_object_mut().and_then(|map| map.remove(first)),
        None => object[first] = value.clone(),
    }
}

/// An object's change as lines, so that two can be compared.
fn shown(change: Option<&ObjectChange>, allocated: &BTreeSet<String>) -> Vec<String> {
    let Some(change) = change else { return Vec::new() };
    let side = |side: &Option<plimsoll::diff::Side>| {
        side.as_ref().map_or_else(|| "-".to_owned(), |side| ordered(&side.data.to_json()).to_string())
    };
    let line = |field: &Field| {
        (field.path.to_string(), format!("{}: {} -> {}", field.path, side(&field.old), side(&field.new)))
    };
    let known = |path: &str| is_allocated(&change.object.kind, path, allocated);
    let mut lines: Vec<String> =
        change.fields.iter().map(line).filter(|(path, _)| !known(path)).map(|(_, line)| line).collect();
    if let What::Replaced(_) = change.what {
        lines.push("replaced".to_owned());
    }
    lines.sort();
    lines
}

/// Tells whether the server alone decides a field; `*` in the list stands for what it draws.
fn is_allocated(kind: &str, path: &str, allocated: &BTreeSet<String>) -> bool {
    let written = format!("{kind} {path}");
    allocated.iter().any(|known| match known.split_once('*') {
        Some((start, end)) => written.strip_prefix(start).is_some_and(|rest| rest.ends_with(end)),
        None => written == *known,
    })
}

fn ordered(json: &Value) -> Value {
    match json {
        Value::Object(map) => {
            let sorted: BTreeMap<_, _> = map.iter().map(|(key, value)| (key.clone(), ordered(value))).collect();
            sorted.into_iter().collect()
        }
        Value::Array(items) => items.iter().map(ordered).collect(),
        scalar => scalar.clone(),
    }
}

fn is_replaced(lines: &[String]) -> bool {
    lines.iter().any(|line| line == "replaced")
}

fn name(object: &Value) -> String {
    format!(
        "{} {}",
        object["kind"].as_str().unwrap_or_default(),
        object["metadata"]["name"].as_str().unwrap_or_default()
    )
}

/// The changes that the command shows, by object, as lines.
fn by_command(run: &Value, allocated: &BTreeSet<String>) -> BTreeMap<String, Vec<String>> {
    let mut found = BTreeMap::new();
    for object in run["comparisons"][0]["objects"].as_array().expect("objects") {
        let kind = object["object"]["kind"].as_str().unwrap_or_default();
        let side = |field: &Value, key: &str, there: bool| {
            if there { ordered(&field[key]).to_string() } else { "-".to_owned() }
        };
        let line = |field: &Value| {
            let (path, change) =
                (field["path"].as_str().unwrap_or_default(), field["change"].as_str().unwrap_or_default());
            let (old, new) = (side(field, "old", change != "added"), side(field, "new", change != "removed"));
            (!is_allocated(kind, path, allocated)).then(|| format!("{path}: {old} -> {new}"))
        };
        let mut lines: Vec<String> = object["fields"].as_array().expect("fields").iter().filter_map(line).collect();
        if object["change"] == "replaced" {
            lines.push("replaced".to_owned());
        }
        lines.sort();
        found.insert(
            name(
                &object["object"]
                    .as_object()
                    .map(|named| json!({"kind": named["kind"], "metadata": {"name": named["name"]}}))
                    .expect("a name"),
            ),
            lines,
        );
    }
    found
}

/// Objects of which `kubectl diff --server-side` shows something, and the lines that it shows.
fn by_kubectl(kubectl: &str, kubeconfig: &str, namespace: &str, file: &Path) -> (BTreeSet<String>, usize) {
    let mut command = Command::new(kubectl);
    command.args(["--kubeconfig", kubeconfig, "-n", namespace, "diff", "--server-side", "--force-conflicts"]);
    command.args(["--field-manager=plimsoll", "-f"]).arg(file);
    let output = command.output().expect("kubectl runs");
    assert!(output.status.code() <= Some(1), "kubectl: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut found = BTreeSet::new();
    for line in text.lines().filter(|line| line.starts_with("diff -u")) {
        // diff -u -N /tmp/LIVE-1/apps.v1.Deployment.ns.web /tmp/MERGED-1/…
        let file = line.split_whitespace().rfind(|word| word.contains("/MERGED-")).unwrap_or_default();
        let parts: Vec<&str> = file.rsplit('/').next().unwrap_or_default().split('.').collect();
        let kind = parts.iter().find(|part| part.starts_with(|c: char| c.is_ascii_uppercase()));
        let at = parts.iter().position(|part| Some(part) == kind).unwrap_or_default();
        found.insert(format!("{} {}", kind.unwrap_or(&""), parts.get(at + 2..).unwrap_or_default().join(".")));
    }
    (found, text.lines().filter(|line| line.starts_with(['+', '-'])).count())
}

#[test]
fn what_is_shown_is_what_happens() {
    let (Some(kubeconfig), Some(kubectl)) =
        (super::given("PLIMSOLL_TEST_KUBECONFIG"), super::given("PLIMSOLL_TEST_KUBECTL"))
    else {
        return;
    };
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let rounds = number("PLIMSOLL_DIFF_ROUNDS").unwrap_or(1);
    let seed = number("PLIMSOLL_DIFF_SEED").unwrap_or(1);
    let namespace = "predict";
    let server = Server::connect(&kubeconfig, namespace);
    let subjects = subjects(namespace);
    let store = SchemaStore::new();
    let comparison = Comparison {
        reading: Reading { store: &store, version: Version::LATEST, fill: true },
        namespaces: (Some(namespace), Some(namespace)),
        secrets: Secrets::Masked,
        ignore: &[],
    };
    let allocated: BTreeSet<String> =
        data("allocated.txt").lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect();
    let sandbox = Sandbox::new(&[]);
    let variables = [("KUBECONFIG", kubeconfig.as_str()), ("HOME", "/nowhere")];
    // Standard input has no name as a release: no label of its members is applied, as none is here.
    let line = format!("diff - -n {namespace} --format json");
    let (mut made, mut replaced, mut fields, mut ours_noise, mut kubectl_noise) = (0, 0, 0, 0, 0);
    let (mut wrong, mut unforeseen, mut disagreed) = (Vec::new(), Vec::new(), Vec::new());
    for subject in &subjects {
        server.delete(&subject.object);
    }
    for subject in &subjects {
        let text = block(&Data::from_json(&subject.object), 0);
        let documents = documents(&text);
        let set = ObjectSet::read(&documents, Some(namespace), &|_, _| Vec::new());
        let object = as_applied(set.iter().next().expect("an object"));
        for attempt in 0.. {
            let (code, answer) = server.apply(&object, "plimsoll");
            if code < 300 {
                break;
            }
            assert!(attempt < 50, "{}: {answer}", name(&object));
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
    }
    for round in 1..=rounds {
        let mut random = Random(seed * 1000 + round);
        let mut manifests: Vec<Value> = Vec::new();
        for subject in &subjects {
            if let Some(mut other) = subject.other.clone().filter(|_| random.below(2) == 0) {
                for key in ["apiVersion", "kind"] {
                    other[key] = subject.object[key].clone();
                }
                other["metadata"]["name"] = subject.object["metadata"]["name"].clone();
                other["metadata"]["labels"]["other"] = json!(format!("round-{round}"));
                server.apply(&other, "other");
            }
            if random.below(3) == 0 {
                let edit = json!({"metadata": {"labels": {"a": format!("edited-{round}")}, "annotations": {"note": "edited"}}});
                server.merge(&subject.object, &edit, "editor");
            }
            let mut object = subject.object.clone();
            for _ in 0..=random.below(3) {
                let (path, values) = &subject.knobs[random.below(subject.knobs.len())];
                // What cannot be changed is tried now and then.
                let value = &values[random.below(values.len())];
                if !value.to_string().contains("fixed") && !value.to_string().contains("immutable")
                    || random.below(4) == 0
                {
                    set(&mut object, path, value);
                }
            }
            manifests.push(object);
        }
        let text: Vec<String> = manifests.iter().map(|object| block(&Data::from_json(object), 0)).collect();
        let text = text.join("---\n");
        // Controllers act on what was applied: what is read here must be what the command sees.
        std::thread::sleep(std::time::Duration::from_millis(700));
        let run = sandbox.run_with(&line, &text, &variables);
        assert!(run.code <= 1, "{}{}", run.stdout, run.stderr);
        let told = by_command(&run.json(), &allocated);
        // One refusal ends kubectl's comparison of all.
        let is_taken = |object: &&Value| told.get(&name(object)).is_none_or(|lines| !is_replaced(lines));
        let taken: Vec<String> =
            manifests.iter().filter(is_taken).map(|object| block(&Data::from_json(object), 0)).collect();
        sandbox.write("taken.yaml", taken.join("---\n"));
        let (seen, noise) = by_kubectl(&kubectl, &kubeconfig, namespace, &sandbox.path("taken.yaml"));
        kubectl_noise += noise;
        let documents = documents(&text);
        let set = ObjectSet::read(&documents, Some(namespace), &|_, _| Vec::new());
        for (object, manifest) in set.iter().zip(&manifests) {
            let before = server.get(manifest).expect("is there");
            let sent = as_applied(object);
            let (code, answer) = server.apply(&sent, "plimsoll");
            let forecast = comparison.with_live(object, Some(&before), &Foreseen::Forecast("a test".to_owned()));
            // What cannot be changed is made anew.
            let after = if code < 300 { answer.clone() } else { server.remake(&sent) };
            let seen_after = comparison.with_live(object, Some(&before), &Foreseen::Applied(&after));
            let mut observed = shown(seen_after.as_ref(), &allocated);
            if code >= 300 {
                replaced += 1;
                observed.push("replaced".to_owned());
                observed.sort();
            }
            let name = name(manifest);
            let expected = told.get(&name).cloned().unwrap_or_default();
            if observed.is_empty() == seen.contains(&name) && code < 300 {
                disagreed.push(format!("{name}: kubectl {}, observed {observed:?}", seen.contains(&name)));
            }
            if observed.is_empty() && expected.is_empty() {
                continue;
            }
            made += 1;
            fields += observed.len();
            ours_noise += expected.len();
            // Of what is made anew the server says only that it must be; how it will be is forecast.
            if expected != observed && !(code >= 300 && is_replaced(&expected)) {
                wrong.push(format!("{name}\n  shown    {expected:?}\n  observed {observed:?} {}", answer["message"]));
            }
            let forecast = shown(forecast.as_ref(), &allocated);
            if forecast != observed {
                unforeseen
                    .push(format!("{name}\n  forecast {forecast:?}\n  observed {observed:?} {}", answer["message"]));
            }
        }
        let again = sandbox.run_with(&line, &text, &variables);
        let left = by_command(&again.json(), &allocated);
        assert!(left.is_empty(), "what was applied differs no more: {left:?}");
    }
    println!(
        "{made} changes of objects, {replaced} of them by making it anew, {fields} fields: {} shown otherwise than observed, {} forecast otherwise; kubectl disagreed on {}; lines: ours {ours_noise}, kubectl's {kubectl_noise}",
        wrong.len(),
        unforeseen.len(),
        disagreed.len()
    );
    for line in &unforeseen {
        println!("forecast: {line}");
    }
    assert!(wrong.is_empty(), "{} of {made}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(disagreed.is_empty(), "{}", disagreed.join("\n"));
    assert!(unforeseen.len() * 20 <= made, "{} of {made} forecasts:\n{}", unforeseen.len(), unforeseen.join("\n"));
    for subject in &subjects {
        server.delete(&subject.object);
    }
}
