//! What rules would have changed: the `fix:` of a rule's file, laid over what a check found.

use super::finding::{Context, Finding};
use super::rule::Decoder;
use crate::diagnostic::{Change, Safety, Wish};
use crate::object::{Container, Pod};
use crate::yaml::emit::Data;
use crate::yaml::{Kind, Node, edit};
use serde_json::Value;

/// How a rule's findings are fixed.
#[derive(Clone, Debug)]
pub struct RuleFix {
    /// How far the fix may be trusted.
    pub safety: Safety,
    from: From,
    /// The field, from there.
    at: Vec<String>,
    act: Act,
}

/// Where the way to the field begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum From {
    /// At what the check points at.
    Finding,
    /// At the container around it.
    Container,
    /// At the spec of the pod around it.
    Pod,
    /// At the object.
    Object,
}

#[derive(Clone, Debug)]
enum Act {
    Set(Value),
    Append(Value),
    Replace(Value),
    Rename(String),
    Quote,
    Delete,
    /// The check says what.
    Suggested,
}

/// The words for acts, in rule files.
const ACTS: [&str; 7] = ["set", "append", "replace", "rename", "quote", "delete", "suggested"];

/// Reads a rule's `fix`.
pub(super) fn decode(decoder: &mut Decoder<'_>, root: Node<'_>) -> Option<RuleFix> {
    let map = decoder.map(root, "fix")?;
    decoder.keys(map, &[&["safety"], &ACTS[..]].concat());
    let safety = match decoder.one_of(map, "safety", &["safe", "unsafe"]).as_str() {
        "safe" => Safety::Safe,
        _ => Safety::Unsafe,
    };
    let mut acts = ACTS.iter().filter_map(|act| Some((*act, map.get(act)?)));
    let (Some((act, with)), None) = (acts.next(), acts.next()) else {
        let help = Some(format!("write one of {}", ACTS.join(", ")));
        decoder.problem("policy/rule", map.head(), "a fix does one thing", help);
        return None;
    };
    if with.kind() != Kind::Map {
        decoder.wrong(with, act, "a map");
        return None;
    }
    decoder.keys(
        with,
        match act {
            "set" | "append" | "replace" => &["in", "at", "value"],
            "rename" => &["in", "at", "to"],
            "suggested" => &[],
            _ => &["in", "at"],
        },
    );
    let from = match with.field("in") {
        None => From::Finding,
        Some(_) => match decoder.one_of(with, "in", &["container", "pod", "object"]).as_str() {
            "container" => From::Container,
            "pod" => From::Pod,
            _ => From::Object,
        },
    };
    let at = with.field("at").map(path).unwrap_or_default();
    let mut value = || {
        let value = with.get("value").map(|value| Data::from_node(value).to_json());
        value.unwrap_or_else(|| {
            decoder.missing(with, "value");
            Value::Null
        })
    };
    let act = match act {
        "set" => Act::Set(value()),
        "append" => Act::Append(value()),
        "replace" => Act::Replace(value()),
        "rename" => Act::Rename(decoder.text(with, "to")),
        "quote" => Act::Quote,
        "delete" => Act::Delete,
        _ => Act::Suggested,
    };
    if matches!(act, Act::Set(_)) && at.is_empty() {
        decoder.missing(with, "at");
    }
    Some(RuleFix { safety, from, at, act })
}

/// Reads a way from key to key: a text with dots between, or a list where keys hold dots.
fn path(node: Node<'_>) -> Vec<String> {
    match node.kind() {
        Kind::Seq => node.items().map(|key| key.text().to_owned()).collect(),
        _ => node.text().split('.').map(str::to_owned).collect(),
    }
}

impl RuleFix {
    /// Says what is to change about a finding; nothing where the fix does not fit it.
    pub(super) fn wish(
        &self,
        finding: &Finding<'_>,
        container: Option<Container<'_>>,
        context: &Context<'_, '_>,
    ) -> Option<Wish> {
        // What the check itself says fits better than what holds for most of its findings.
        if let Some((node, change)) = &finding.change {
            return Some(edit::wish(*node, change.clone(), self.safety));
        }
        let above = |node: Node<'_>| std::iter::successors(Some(finding.node), |node| node.parent()).any(|n| n == node);
        let base = match self.from {
            From::Finding => finding.node,
            From::Container => container?.node,
            From::Pod => {
                let pods = &context.object.pods;
                let around = pods.iter().find(|pod| above(pod.template)).or(pods.first());
                around.map(|pod: &Pod<'_>| pod.spec)?
            }
            From::Object => context.object.node,
        };
        let change = match &self.act {
            Act::Set(value) => {
                let change = Change::Set { keys: self.at.clone(), value: value.clone() };
                return Some(edit::wish(base, change, self.safety));
            }
            Act::Append(value) => Change::Append(value.clone()),
            Act::Replace(value) => Change::Replace(value.clone()),
            Act::Rename(name) => Change::Rename(name.clone()),
            Act::Quote => Change::Quote,
            Act::Delete => Change::Delete,
            Act::Suggested => return None,
        };
        let node = self.at.iter().try_fold(base, |node, key| node.field(key))?;
        let change = match change {
            // Where the new name is taken by the same value, the old one is not needed.
            Change::Rename(name) => match node.parent().and_then(|map| map.field(&name)) {
                Some(other) if other.text() == node.text() && other.scalar().is_some() => Change::Delete,
                Some(_) => return None,
                None => Change::Rename(name),
            },
            change => change,
        };
        Some(edit::wish(node, change, self.safety))
    }
}
