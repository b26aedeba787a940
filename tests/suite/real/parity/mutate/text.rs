//! Names and texts of wrong forms, and names that refer to nothing.

use super::super::edit::{Edit, below};
use super::Mutation;
use super::place::Place;
use serde_json::{Value, json};
use std::collections::HashMap;

/// How often each text stands in an object.
pub(super) struct Repeated(HashMap<String, usize>);

impl Repeated {
    pub(super) fn count(object: &Value) -> Self {
        fn add(value: &Value, counts: &mut HashMap<String, usize>) {
            match value {
                Value::String(text) => *counts.entry(text.clone()).or_default() += 1,
                Value::Array(items) => items.iter().for_each(|item| add(item, counts)),
                Value::Object(map) => map.values().for_each(|value| add(value, counts)),
                _ => {}
            }
        }
        let mut counts = HashMap::new();
        add(object, &mut counts);
        Self(counts)
    }
}

pub(super) fn mutate(place: &Place<'_>, repeated: &Repeated, all: &mut Vec<Mutation>) {
    if let Value::Object(map) = place.value
        && place.is_free_map()
    {
        for (key, value) in map {
            for other in bad_names(key) {
                let edits =
                    vec![Edit::Remove(below(&place.path, key)), Edit::Set(below(&place.path, &other), value.clone())];
                all.push(Mutation { class: "bad-key", edits });
            }
        }
    }
    let Value::String(text) = place.value else { return };
    let mut set = |class, value: String| {
        if value != *text {
            all.push(Mutation::new(class, Edit::Set(place.path.clone(), json!(value))));
        }
    };
    if is_name_like(text) {
        for value in bad_names(text) {
            set("bad-name", value);
        }
    }
    for value in bad_texts(text) {
        set("bad-text", value);
    }
    if repeated.0.get(text).is_some_and(|count| *count > 1) && is_name_like(text) {
        set("wrong-reference", format!("other-{text}"));
        set("wrong-reference", format!("{text}2"));
    }
}

fn is_name_like(text: &str) -> bool {
    !text.is_empty() && text.len() < 254 && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c))
}

fn bad_names(name: &str) -> Vec<String> {
    let longest = |length: usize| "a".repeat(length);
    vec![
        name.to_uppercase(),
        format!("{name}_x"),
        format!("{name}.x"),
        format!("{name}/x"),
        format!("{name} x"),
        format!("{name}-"),
        format!("-{name}"),
        format!("a--{name}"),
        format!("{name}.."),
        format!("{name}ä"),
        format!("1{name}"),
        "123".to_owned(),
        "..".to_owned(),
        format!("a/b/{name}"),
        format!("kubernetes.io/{name}"),
        format!("example.com/{name}"),
        format!("/{name}"),
        format!("{name}:x"),
        longest(16),
        longest(64),
        longest(254),
        format!("{}/{name}", longest(64)),
    ]
}

fn bad_texts(text: &str) -> Vec<String> {
    let mut texts = vec![
        format!("{text}x"),
        format!(" {text}"),
        format!("{text} "),
        format!("{text}\n"),
        text.to_lowercase(),
        text.chars().rev().collect(),
        "%".to_owned(),
        "-1".to_owned(),
        "0".to_owned(),
        "{{.}}".to_owned(),
        "$(X)".to_owned(),
    ];
    let mut shorter = text.chars();
    shorter.next_back();
    texts.push(shorter.as_str().to_owned());
    let digits = text.starts_with(|c: char| c.is_ascii_digit());
    if digits && text.parse::<f64>().is_err() || text.parse::<f64>().is_ok() {
        let quantities = [
            "1x",
            "1.5.5",
            "1e",
            "-5",
            "0",
            "0.5m",
            "1 Gi",
            "100m",
            "1Gi",
            "0.1",
            "1e3",
            "99999999999999999999",
            ".5",
            "+1",
        ];
        texts.extend(quantities.map(str::to_owned));
    }
    if text.ends_with('%') {
        texts.extend(["101%", "-1%", "x%", "5", "0%", "50.5%", "%", "5 %", "0100%"].map(str::to_owned));
    }
    if digits && text.contains('.') || text.contains("::") || text.contains('/') && digits {
        let addresses = [
            "256.0.0.1",
            "10.0.0",
            "::g",
            "010.0.0.1",
            "::ffff:1.2.3.4",
            "127.0.0.1",
            "0.0.0.0",
            "169.254.1.1",
            "224.0.0.1",
            "::1",
            "fd00::1",
            "FD00::1",
            "10.0.0.0/33",
            "10.0.0.1/8",
            "10.0.0.0/8",
            "010.0.0.0/8",
            "fd00::/64",
            "::ffff:10.0.0.0/104",
            "10.0.0.0/",
            "10.0.0.0/-1",
            "1.2.3.4:80",
        ];
        texts.extend(addresses.map(str::to_owned));
    }
    if text.split(' ').count() == 5 || text.starts_with('@') {
        let schedules = [
            "* * * *",
            "61 * * * *",
            "* 24 * * *",
            "* * 0 * *",
            "* * * 13 *",
            "* * * * 8",
            "* * * * 7",
            "@never",
            "@daily",
            "@every 1h",
            "@every 1",
            "TZ=UTC * * * * *",
            "CRON_TZ=UTC * * * * *",
            "*/0 * * * *",
            "5-1 * * * *",
            "? * * * ?",
            "0 0 * * * *",
            "0 0 L * *",
            "a * * * *",
            "* * * JAN MON",
            "1,2,60 * * * *",
            "30 0 31 2 *",
        ];
        texts.extend(schedules.map(str::to_owned));
    }
    if text.contains("://") {
        let addresses = [
            "http://example.com/",
            "://x",
            "https://",
            "https://a.example/?b=c",
            "https://a.example/#c",
            "https://me@a.example/",
            "https:/a",
            "ftp://a",
            "https://a.example:99999/",
            "example.com",
        ];
        texts.extend(addresses.map(str::to_owned));
    }
    if text.starts_with('/') || text.contains('/') {
        let paths = [
            "relative", "../up", "/a/../b", "/a:b", "/", "//", "/a/./b", "a/..", "/a?b", "/a%zz", "/a//b", "/proc",
            "./a",
        ];
        texts.extend(paths.map(str::to_owned));
    }
    if text.len() > 18 && text.contains('T') && text.contains(':') && digits {
        texts.extend(
            ["yesterday", "2026-13-01T00:00:00Z", "2026-01-01", "2026-01-01 00:00:00Z", "2026-01-01T00:00:00"]
                .map(str::to_owned),
        );
    }
    if text.contains("example.") || text.contains("*.") {
        let hosts = [
            "*",
            "*.example.com",
            "a.*.example.com",
            "*.*.example.com",
            "1.2.3.4",
            "a..example.com",
            "Example.com",
            "example.com.",
            "*example.com",
        ];
        texts.extend(hosts.map(str::to_owned));
    }
    if text.contains("self") || text.contains("object") || text.contains("==") || text.contains('(') {
        let expressions = [
            "1",
            "unknown.x == 1",
            "true ||",
            "object.spec.nothing == 1",
            "self.nothing == 1",
            "'a' + 1 == 2",
            "[1].all(x, x > 'a')",
            "has(object)",
            "oldObject == null",
            "request.nothing == 1",
            "params.x == 1",
            "true",
        ];
        texts.extend(expressions.map(str::to_owned));
    }
    if text.len().is_multiple_of(4) && text.len() > 3 && !text.contains(' ') {
        texts.extend(["!!!!", "YQ", "YQ=", "YQ==", "Y Q = ="].map(str::to_owned));
    }
    texts.push("b".repeat(4097));
    texts
}
