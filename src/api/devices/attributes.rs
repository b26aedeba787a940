//! Attributes and capacities of devices.

use super::forms::{RULE, attribute};
use super::policy;
use crate::api::check::{Check, Place, is_true, show, text};
use crate::yaml::{Entry, Node};

/// Judges the attributes and capacities of a device.
pub(super) fn judge<'d>(check: &mut Check<'d>, device: Node<'d>) {
    const MOST: usize = 32;
    let count = entries(device, "attributes").count() + entries(device, "capacity").count();
    if count > MOST {
        check.error(RULE, device, format!("the device has {count} attributes and capacities, and may have {MOST}"));
    }
    for field in ["attributes", "capacity"] {
        for entry in entries(device, field) {
            let place = Place::Shown(entry.key.span(), device, field);
            check.syntax(RULE, place, "key", entry.name(), attribute);
        }
    }
    entries(device, "attributes").for_each(|entry| value(check, device, entry));
    if !check.since(36) {
        return;
    }
    for entry in entries(device, "capacity") {
        let Some(policy) = entry.value.field("requestPolicy") else { continue };
        if is_true(device, "allowMultipleAllocations") {
            policy::judge(check, policy, entry.value.field("value"));
        } else {
            let message = "`requestPolicy` is for a device with `allowMultipleAllocations: true`";
            check.error(RULE, policy, message);
        }
    }
}

fn entries<'d>(device: Node<'d>, field: &str) -> impl Iterator<Item = Entry<'d>> {
    device.field(field).into_iter().flat_map(Node::entries)
}

fn value<'d>(check: &mut Check<'d>, device: Node<'d>, entry: Entry<'d>) {
    const MOST: usize = 64;
    let kinds = ["bool", "int", "string", "version"];
    let count = kinds.into_iter().filter(|kind| entry.value.field(kind).is_some()).count();
    if count != 1 {
        let place = Place::Keyed(entry.value.head(), device, "attributes", entry.name());
        let said = check.error(RULE, place, format!("`{}` has {count} values, and must have one", show(entry.name())));
        said.help("write one of `bool`, `int`, `string` and `version`");
    }
    for kind in ["string", "version"] {
        let text = text(entry.value, kind);
        if text.len() > MOST {
            let message = format!("`{kind}` has {} characters, and may have {MOST}", text.len());
            check.error(RULE, (entry.value, kind), message);
        } else if kind == "version" && entry.value.field(kind).is_some() {
            check.syntax(RULE, (entry.value, kind), kind, text, version);
        }
    }
}

/// A version as semver.org has it: `1.2.3-rc.1+build`.
fn version(text: &str) -> Option<String> {
    let (text, build) = text.split_once('+').map_or((text, None), |(text, build)| (text, Some(build)));
    let (core, before) = text.split_once('-').map_or((text, None), |(core, before)| (core, Some(before)));
    let is_word =
        |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let digits = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
    let is_number = |word: &str| digits(word) && (word == "0" || !word.starts_with('0'));
    let right = core.split('.').count() == 3
        && core.split('.').all(is_number)
        && before
            .is_none_or(|before| before.split('.').all(|word| is_word(word) && (!digits(word) || is_number(word))))
        && build.is_none_or(|build| build.split('.').all(is_word));
    (!right).then(|| "must be a version such as `1.2.3`".to_owned())
}

#[cfg(test)]
mod tests {
    use super::version;

    #[test]
    fn versions_are_those_of_semver() {
        for good in ["1.2.3", "0.0.0", "1.0.0-rc.1", "1.0.0-0a+01.b", "1.0.0+a-b"] {
            assert_eq!(version(good), None, "{good}");
        }
        for bad in ["", "1", "1.2", "01.2.3", "1.2.3-", "1.2.3-01", "1.2.3+", "v1.2.3", "1.2.3.4"] {
            assert!(version(bad).is_some(), "{bad}");
        }
    }
}
