//! Every fix of every rule, on the rule's own examples: as they are, in other layouts, and as templates of a chart.

use crate::cli::Exit;
use crate::cli::testing::Memory;
use crate::lint::{self, Rule, catalogue};
use crate::schema::Version;
use crate::source::SourceMap;
use crate::yaml::edit::testing::{Layout, layout};
use crate::yaml::emit::Data;
use crate::yaml::parse;
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;
use rayon::prelude::*;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::OnceLock;

const CHART: &str = "apiVersion: plimsoll.dev/v1\nname: shop\nversion: 1.0.0\n";

/// A manifest that breaks a rule which has a fix.
struct Case {
    rule: Rule,
    text: String,
    version: Version,
}

fn cases() -> Vec<Case> {
    let rules = catalogue().filter_map(|summary| lint::load(summary.id)).filter(|rule| rule.fix.is_some());
    let cases = |rule: Rule| {
        let failing: Vec<_> = rule.examples.iter().filter(|example| example.fails_at.is_some()).cloned().collect();
        let case = move |example: lint::Example| Case {
            rule: rule.clone(),
            text: example.text,
            version: example.kubernetes.unwrap_or(Version::LATEST),
        };
        failing.into_iter().map(case).collect::<Vec<_>>()
    };
    rules.flat_map(cases).collect()
}

/// Runs `lint` of one rule and gives the findings, as the JSON format has them.
fn findings(world: &Memory, case: &Case, path: &str) -> Vec<Value> {
    world.take_out();
    world.run(&format!(
        "plimsoll lint {path} --rule {} --kubernetes-version {} --format json",
        case.rule.id, case.version
    ));
    let report: Value = serde_json::from_str(&world.take_out()).expect("prints JSON");
    report["findings"]
        .as_array()
        .expect("is a list")
        .iter()
        .filter(|f| f["rule"] == case.rule.id.as_str())
        .cloned()
        .collect()
}

fn fix(world: &Memory, case: &Case, path: &str) -> String {
    world.take_out();
    let line = format!("plimsoll fix {path} --unsafe --rule {} --kubernetes-version {}", case.rule.id, case.version);
    assert_eq!(world.run(&line), Exit::Done, "{}: {}", case.rule.id, world.err());
    world.take_out()
}

/// Makes the edits of one finding by hand, as another program would.
fn by_hand(text: &str, fix: &Value) -> String {
    let offset = |line: &Value, column: &Value| {
        let (line, column) = (line.as_u64().expect("a line"), column.as_u64().expect("a column"));
        let start: usize = text.split_inclusive('\n').take(line as usize - 1).map(str::len).sum();
        start + text[start..].chars().take(column as usize - 1).map(char::len_utf8).sum::<usize>()
    };
    let mut out = String::new();
    let mut at = 0;
    for edit in fix["edits"].as_array().expect("has edits") {
        out.push_str(&text[at..offset(&edit["line"], &edit["column"])]);
        out.push_str(edit["text"].as_str().expect("has a text"));
        at = offset(&edit["endLine"], &edit["endColumn"]);
    }
    out + &text[at..]
}

fn data(text: &str) -> Vec<Data> {
    let parsed = parse(&SourceMap::new().add("a.yaml", text));
    assert!(parsed.diagnostics.is_empty(), "{text}\n{:#?}", parsed.diagnostics);
    parsed.documents.iter().map(|document| Data::from_node(document.root())).collect()
}

/// What a fix made of an example.
enum Made {
    /// The finding is gone, and this is the text.
    Fixed(String),
    /// It was not fixed, with what was said.
    Left(String),
}

/// What becomes of the examples as they stand, in the order of the cases.
fn plain() -> &'static [(Case, Made)] {
    static PLAIN: OnceLock<Vec<(Case, Made)>> = OnceLock::new();
    PLAIN.get_or_init(|| {
        let make = |case: Case| {
            let made = make(&case, &case.text);
            (case, made)
        };
        cases().into_par_iter().map(make).collect()
    })
}

/// Fixes a text and checks all that must hold, whatever the layout.
fn make(case: &Case, text: &str) -> Made {
    let id = &case.rule.id;
    let world = Memory::new(&[("k8s/a.yaml", text)]);
    let before = findings(&world, case, "k8s");
    assert!(!before.is_empty(), "{id}: nothing is found in\n{text}");
    let told = fix(&world, case, "k8s");
    let after = world.text("k8s/a.yaml");
    let left = findings(&world, case, "k8s");
    // A second run does nothing.
    let again = fix(&world, case, "k8s");
    assert!(again.contains("0 fixes in 0 files"), "{id}: a second run does more\n{again}");
    assert_eq!(world.text("k8s/a.yaml"), after, "{id}");
    if before.len() > left.len() && before.len() == 1 && told.contains("1 fix in 1 file") {
        // Nothing but the edits changed; JSON has the same ones.
        let edits = &before[0]["fix"];
        if !edits.is_null() {
            assert_eq!(by_hand(text, edits), after, "{id}");
        }
    }
    let parsed = parse(&SourceMap::new().add("a.yaml", after.as_str()));
    assert!(parsed.diagnostics.is_empty(), "{id}\n{after}");
    if left.is_empty() { Made::Fixed(after) } else { Made::Left(format!("{told}{text}")) }
}

#[test]
fn every_fix_does_what_its_rule_asks_on_the_rules_own_examples() {
    let made = plain();
    let mut fixed: BTreeMap<&str, (usize, Vec<&str>)> = BTreeMap::new();
    for (case, made) in made {
        let entry = fixed.entry(&case.rule.id).or_default();
        match made {
            Made::Fixed(_) => entry.0 += 1,
            Made::Left(told) => entry.1.push(told),
        }
    }
    let never: Vec<_> = fixed.iter().filter(|(_, (count, _))| *count == 0).collect();
    let examples = made.iter().filter(|(_, made)| matches!(made, Made::Fixed(_))).count();
    told(&format!("{} rules, {examples} of {} examples fixed", fixed.len(), made.len()));
    for (rule, (_, left)) in fixed.iter().filter(|(_, (count, _))| *count > 0) {
        for text in left {
            told(&format!("left by {rule}:\n{text}"));
        }
    }
    assert!(never.is_empty(), "rules whose fix fixes none of their examples: {never:#?}");
}

#[expect(clippy::disallowed_macros, reason = "a test may print its figures")]
fn told(text: &str) {
    println!("{text}");
}

/// A fix of a manifest is the fix of a template that says the same, and in no environment anything is worse.
#[test]
fn templates_are_fixed_as_manifests_are() {
    let problems: Vec<String> = plain().par_iter().filter_map(|(case, made)| as_template(case, made).err()).collect();
    assert!(problems.is_empty(), "{}\n{} differ", problems.join("\n"), problems.len());
}

fn as_template(case: &Case, plain: &Made) -> Result<(), String> {
    let world = Memory::new(&[
        ("shop/Chart.yaml", CHART),
        ("shop/values.yaml", ""),
        ("shop/environments/dev.yaml", ""),
        ("shop/environments/prod.yaml", ""),
        ("shop/templates/a.yaml", &case.text),
    ]);
    let before = findings(&world, case, "shop");
    let count = |world: &Memory| {
        world.take_out();
        world.run(&format!("plimsoll check shop --kubernetes-version {} --format json", case.version));
        let report: Value = serde_json::from_str(&world.take_out()).expect("prints JSON");
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for finding in report["findings"].as_array().expect("is a list") {
            for environment in finding["environments"].as_array().expect("is a list") {
                *counts.entry(environment.to_string()).or_default() += 1;
            }
        }
        counts
    };
    let wrong = count(&world);
    fix(&world, case, "shop");
    for (environment, after) in count(&world) {
        if wrong.get(&environment).copied().unwrap_or_default() < after {
            return Err(format!("{}: {environment} is worse\n{}", case.rule.id, world.text("shop/templates/a.yaml")));
        }
    }
    // What is judged otherwise in a release is another matter.
    match plain {
        Made::Fixed(text) if !before.is_empty() && *text != world.text("shop/templates/a.yaml") => {
            Err(format!("{}:\n{text}\nas a template:\n{}", case.rule.id, world.text("shop/templates/a.yaml")))
        }
        _ => Ok(()),
    }
}

/// Layouts of one seed: tests are the same each time.
fn layouts(count: usize) -> Vec<Layout> {
    let mut runner = TestRunner::deterministic();
    (0..count).filter_map(|_| layout().new_tree(&mut runner).ok()).map(|tree| tree.current()).collect()
}

/// In whatever layout an example stands, its fix makes the same data, or is refused.
#[test]
fn layouts_do_not_matter() {
    let layouts = layouts(plain().len());
    let cases = plain().par_iter().zip(&layouts);
    let problems: Vec<String> =
        cases.filter_map(|((case, made), layout)| in_layout(case, made, layout).err()).collect();
    assert!(problems.is_empty(), "{}\n{} differ", problems.join("\n"), problems.len());
}

fn in_layout(case: &Case, plain: &Made, layout: &Layout) -> Result<(), String> {
    let Made::Fixed(plain) = plain else { return Ok(()) };
    let end = if layout.crlf { "---\r\n" } else { "---\n" };
    let texts: Vec<String> = data(&case.text).iter().map(|data| layout.write(data)).collect();
    let text =
        texts.iter().map(|text| text.trim_end().to_owned() + end.trim_start_matches('-')).collect::<Vec<_>>().join(end);
    match make(case, &text) {
        Made::Fixed(after) if data(&after).iter().map(sorted).ne(data(plain).iter().map(sorted)) => {
            Err(format!("{} in {layout:?}:\n{text}\n->\n{after}", case.rule.id))
        }
        Made::Fixed(after) if layout.crlf && after.replace("\r\n", "").contains('\n') => {
            Err(format!("{}: a bare line break\n{after}", case.rule.id))
        }
        _ => Ok(()),
    }
}

fn sorted(data: &Data) -> Value {
    let mut json = data.to_json();
    json.sort_all_objects();
    json
}
