//! Merging values: laws that hold for whatever two files say, and flags that never panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll::chart::{Override, Value, ValueData, compose};
use plimsoll::source::SourceMap;
use plimsoll_fuzz::{check_findings, load, text};

/// Writes values without their places. Maps keep their order.
fn show(value: &Value) -> String {
    match &value.data {
        ValueData::Map(entries) => {
            let entries: Vec<_> = entries.iter().map(|entry| format!("{:?}:{}", entry.key, show(&entry.value))).collect();
            format!("{{{}}}", entries.join(","))
        }
        ValueData::Seq(items) => format!("[{}]", items.iter().map(show).collect::<Vec<_>>().join(",")),
        data => format!("{data:?}"),
    }
}

fn get<'v>(value: &'v Value, key: &str) -> Option<&'v Value> {
    match &value.data {
        ValueData::Map(entries) => entries.iter().find(|entry| &*entry.key == key).map(|entry| &entry.value),
        _ => None,
    }
}

/// Everything that the later file says, but for nulls, holds; everything that it does not mention stays.
fn check(base: Option<&Value>, over: &Value, merged: Option<&Value>) {
    match (&over.data, merged) {
        (ValueData::Null, _) => {}
        (ValueData::Map(entries), Some(merged)) => {
            for entry in entries {
                check(base.and_then(|base| get(base, &entry.key)), &entry.value, get(merged, &entry.key));
            }
            let Some(Value { data: ValueData::Map(known), .. }) = base else { return };
            for kept in known.iter().filter(|kept| entries.iter().all(|entry| entry.key != kept.key)) {
                assert_eq!(get(merged, &kept.key).map(show), Some(show(&kept.value)), "{} is kept", kept.key);
            }
        }
        (_, merged) => assert_eq!(merged.map(show), Some(show(over))),
    }
}

fuzz_target!(|bytes: &[u8]| {
    let Some(text) = text(bytes) else { return };
    let mut parts = text.split("\n---8<---\n");
    let (base, over, flag) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default(), parts.next());
    let sources = SourceMap::new();
    let files = [
        ("Chart.yaml", "apiVersion: plimsoll.dev/v1\nname: shop\nversion: 1.0.0\n"),
        ("values.yaml", base),
    ];
    let files = files.map(|(path, text)| (path.to_owned(), text.to_owned())).to_vec();
    let (Some(chart), _) = load(files, &sources) else { return };
    let file = sources.add("more.yaml", over);
    let plain = compose(&chart, None, &[]);
    let (own, more) = (plain.values, plimsoll::chart::read_values(&file));
    let merged = compose(&chart, None, &[Override::File(file.clone())]);
    check_findings(plain.diagnostics.iter().chain(&merged.diagnostics), &sources);
    if more.1.is_empty() && plain.diagnostics.is_empty() {
        check(Some(&own), &more.0, Some(&merged.values));
        let twice = compose(&chart, None, &[Override::File(file.clone()), Override::File(file)]);
        assert_eq!(show(&twice.values), show(&merged.values), "saying it twice changes nothing");
    }
    if let Some(flag) = flag {
        let flag = sources.add("--set", flag);
        let flags = [Override::Set(flag.clone()), Override::SetString(flag.clone()), Override::SetJson(flag)];
        for flag in flags {
            check_findings(&compose(&chart, None, &[flag]).diagnostics, &sources);
        }
    }
});
