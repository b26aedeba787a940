//! Names in the API of devices, lists of bounded length, selectors.

use crate::api::admission::kind_of;
use crate::api::check::{Check, items, plain, show, text};
use crate::api::syntax::{dns_label, dns_subdomain};
use crate::schema::{Unreadable, parse_expression};
use crate::yaml::Node;
use kube_cel::cel::common::ast::{Expr, LiteralValue};

pub(super) const RULE: &str = "api/device";

/// A driver: a DNS name of up to 63 characters, in small or capital letters.
pub(super) fn driver(text: &str) -> Option<String> {
    const MOST: usize = 63;
    if text.len() > MOST {
        return Some(format!("has {} characters, and may have {MOST}", text.len()));
    }
    dns_subdomain(&text.to_lowercase())
}

/// A pool: DNS names joined by `/`.
pub(super) fn pool(text: &str) -> Option<String> {
    const MOST: usize = 253;
    if text.len() > MOST {
        return Some(format!("has {} characters, and may have {MOST}", text.len()));
    }
    text.split('/').find_map(dns_subdomain)
}

/// An attribute or capacity: an identifier, with or without a driver and `/` before it.
pub(super) fn attribute(text: &str) -> Option<String> {
    let parts: Vec<&str> = text.split('/').collect();
    match parts.as_slice() {
        [name] => identifier(name),
        [domain, name] => {
            driver(domain).map(|problem| format!("what stands before `/` {problem}")).or_else(|| identifier(name))
        }
        // As the server has it.
        _ => None,
    }
}

/// An attribute with its domain, which newer servers (1.37) want in small letters.
pub(super) fn full_attribute(text: &str, strict: bool) -> Option<String> {
    let Some((domain, _)) = text.split_once('/') else {
        return Some("must have a domain, as `example.com/model`".to_owned());
    };
    // A name of more parts is taken as it is.
    let small = || {
        (strict && text.split('/').count() == 2)
            .then(|| dns_subdomain(domain).map(|problem| format!("what stands before `/` {problem}")))
    };
    attribute(text).or_else(|| small().flatten())
}

/// An identifier as C has it, of up to 32 characters.
fn identifier(text: &str) -> Option<String> {
    const MOST: usize = 32;
    if text.len() > MOST {
        return Some(format!("has {} characters, and may have {MOST}", text.len()));
    }
    let first = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let right = first && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    (!right).then(|| "may hold only letters, digits and `_`, and begins with no digit".to_owned())
}

/// Bounds the length of a list. Gives whether it keeps to the bound.
pub(super) fn bounded<'d>(check: &mut Check<'d>, map: Node<'d>, field: &'static str, most: usize) -> bool {
    let count = items(map, field).count();
    if count > most {
        check.error(RULE, (map, field), format!("`{field}` has {count} items, and may have {most}"));
    }
    count <= most
}

/// Reports items of a list whose names stand before.
pub(super) fn distinct<'d>(
    check: &mut Check<'d>,
    list: impl Iterator<Item = Node<'d>>,
    name: impl Fn(Node<'d>) -> &'d str,
) {
    let mut seen: Vec<(Node<'d>, &str)> = Vec::new();
    for item in list {
        if let Some((first, _)) = seen.iter().find(|(_, known)| *known == name(item)) {
            check
                .error(RULE, item, format!("`{}` stands in the list already", show(name(item))))
                .label(first.head(), "the first");
        }
        seen.push((item, name(item)));
    }
}

/// Requires a text in a form.
pub(super) fn named<'d>(
    check: &mut Check<'d>,
    map: Node<'d>,
    field: &'static str,
    form: impl FnOnce(&str) -> Option<String>,
) {
    if let Some(node) = check.required(RULE, map, field) {
        check.syntax(RULE, node, field, plain(node), form);
    }
}

/// Requires a name: a DNS label.
pub(super) fn label_name<'d>(check: &mut Check<'d>, map: Node<'d>) {
    named(check, map, "name", dns_label);
}

/// Judges the selectors of a class or request.
pub(super) fn selectors<'d>(check: &mut Check<'d>, map: Node<'d>) {
    if !bounded(check, map, "selectors", 32) {
        return;
    }
    for selector in items(map, "selectors") {
        let Some(cel) = check.required(RULE, selector, "cel") else { continue };
        let written = text(cel, "expression");
        if let Some(problem) = expression(written) {
            check.error(RULE, (cel, "expression"), format!("`expression` {problem}"));
        }
    }
}

/// What an expression may name: the device, types, and what functions stand under.
const KNOWN: [&str; 26] = [
    "device",
    "bool",
    "bytes",
    "double",
    "dyn",
    "int",
    "list",
    "map",
    "null_type",
    "string",
    "type",
    "uint",
    "base64",
    "cel",
    "cidr",
    "format",
    "google",
    "ip",
    "kubernetes",
    "lists",
    "math",
    "net",
    "optional",
    "regex",
    "sets",
    "strings",
];

/// Says what is wrong with an expression about `device`, where that is certain.
fn expression(written: &str) -> Option<String> {
    const MOST: usize = 10 * 1024;
    if written.len() > MOST {
        return Some(format!("has {} characters, and may have {MOST}", written.len()));
    }
    if written.trim().is_empty() {
        return Some("is missing".to_owned());
    }
    let expression = match parse_expression(written) {
        Ok(expression) => expression,
        // What the server reads, and this parser may not.
        Err(_) if [".?", "[?", "{?", "cel.bind", "sortBy"].iter().any(|part| written.contains(part)) => return None,
        Err(Unreadable::Unsupported(_)) => return None,
        Err(Unreadable::Syntax(first)) => return Some(format!("is no expression: {}", show(&first))),
    };
    // Names that macros bind are not told apart from others.
    let macros = ["all(", "exists", "map(", "filter(", "transform", "bind("];
    if !macros.iter().any(|part| written.contains(part)) {
        let references = expression.references();
        if let Some(name) = references.variables().into_iter().find(|name| !KNOWN.contains(name)) {
            return Some(format!("speaks of `{name}`, which is not known there"));
        }
    }
    if let Err(problem) = kind_of(&expression, &[]) {
        return Some(problem);
    }
    match &expression.expr {
        Expr::Literal(LiteralValue::Boolean(_)) => None,
        Expr::Ident(name) if name == "device" => Some("gives a device, and must give a boolean".to_owned()),
        Expr::Literal(_) | Expr::List(_) | Expr::Map(_) => Some("must give a boolean".to_owned()),
        _ => None,
    }
}

/// Judges the `opaque` parameters of a configuration.
pub(super) fn opaque<'d>(check: &mut Check<'d>, config: Node<'d>) {
    let Some(opaque) = check.required(RULE, config, "opaque") else { return };
    named(check, opaque, "driver", driver);
    match opaque.field("parameters") {
        None => _ = check.required(RULE, opaque, "parameters"),
        Some(value) if value.scalar().is_some() || value.items().len() > 0 => {
            check.error(RULE, value, "`parameters` must be an object");
        }
        Some(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::{attribute, driver, expression, full_attribute, pool};

    #[test]
    fn names_and_expressions() {
        for (right, good, bad) in [
            (driver as fn(&str) -> Option<String>, vec!["gpu.example.com", "GPU.Example.com"], vec!["", "a_b"]),
            (pool, vec!["node-1", "a/b.c"], vec!["", "a//b", "A"]),
            (attribute, vec!["model", "_a1", "example.com/model", "a/b/c"], vec!["", "1a", "a-b", "/a", "a/"]),
            (|text| full_attribute(text, true), vec!["example.com/model"], vec!["model", "A.b/model"]),
            (
                expression,
                vec!["device.driver == 'a'", "true", "['a'].exists(x, x == device.driver)"],
                vec!["", "device", "x", "1", "device.driver ==", "'a'", "a / b == 1"],
            ),
        ] {
            for text in good {
                assert_eq!(right(text), None, "{text}");
            }
            for text in bad {
                assert!(right(text).is_some(), "{text}");
            }
        }
    }
}
