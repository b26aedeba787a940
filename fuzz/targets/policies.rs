//! Policies of strangers, in CEL and Rego, asked about an object: an answer or a finding, never a panic. A policy that takes
//! long is stopped by its own budget.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll::lint::{LintConfig, LintContext, Linter, decode};
use plimsoll::object::ObjectSet;
use plimsoll::policy::own::Rego;
use plimsoll::schema::Version;
use plimsoll::source::SourceMap;
use plimsoll::yaml::emit::double_quoted;
use plimsoll::yaml::parse;
use plimsoll_fuzz::{check_findings, text};

const OBJECT: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: web, labels: { app: web } }\nspec:\n  replicas: 2\n  template:\n    spec:\n      containers:\n        - { name: web, image: 'nginx:1.2', ports: [{ containerPort: 80 }] }\n";

fuzz_target!(|bytes: &[u8]| {
    let Some(text) = text(bytes).filter(|text| text.len() < 2000) else { return };
    let sources = SourceMap::new();
    if text.starts_with("package") {
        if let Err(problems) = Rego::read(&[sources.add("a.rego", text)], &[], None) {
            check_findings(&problems, &sources);
        }
        return;
    }
    let rule = format!(
        "id: x\nsummary: x\nwhy: x\nseverity: error\nprofiles: [default]\napplies: {{ pods: true }}\ncheck:\n  cel: {{ expression: {} }}\n",
        double_quoted(text)
    );
    let rule = match decode(&sources.add("rule.yaml", rule)) {
        Ok(rule) => rule,
        Err(problems) => return check_findings(&problems, &sources),
    };
    let mut config = LintConfig::standard();
    config.only = vec![rule.id.as_str().into()];
    config.own = vec![rule];
    let (linter, problems) = Linter::new(&config);
    check_findings(&problems, &sources);
    let parsed = parse(&sources.add("a.yaml", OBJECT));
    let objects = ObjectSet::read(&parsed.documents, Some("ns"), &|_, _| Vec::new());
    let versions = [Version::LATEST];
    let context = LintContext { versions: &versions, complete: true, ..LintContext::default() };
    check_findings(&linter.lint(&objects, &context), &sources);
});
