//! Registries: how their names are spelt, and who must stand by what comes from them.

use super::decode::{Decoder, Spanned};
use crate::diagnostic::Label;
use crate::yaml::Node;
use std::net::{Ipv4Addr, Ipv6Addr};

/// An entry of `registries`: who must stand by what comes from there.
#[derive(Clone, Debug)]
pub struct Trusted {
    /// A registry, or a path in one: `registry.example.com/charts`; `*` for all that have no entry.
    pub place: Spanned<String>,
    /// Files of public keys, from the folder of `plimsoll.yaml`: one of them must have signed. Without any, nobody must.
    pub verify: Vec<Spanned<String>>,
    /// The profile by which `check` must have passed, by a report that one of the keys signed.
    pub require_check: Option<Spanned<String>>,
}

impl Trusted {
    /// Tells how much of a repository's name, host first, the entry speaks of; nothing where it speaks of others. Both may
    /// be spelt as people spell hosts.
    pub fn covers(&self, name: &str) -> Option<usize> {
        if *self.place == "*" {
            return Some(0);
        }
        let (place, name) = (folded(&self.place), folded(name));
        let below = name.strip_prefix(&place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        below.then_some(place.len())
    }
}

/// Gives a registry's host, with its port, in the one spelling by which hosts are compared: in lower case, without the dot
/// that may end it and without the ports that are meant anyway. None where the text is no host.
pub fn host(text: &str) -> Option<String> {
    let text = text.to_ascii_lowercase();
    let (name, port) = if let Some((address, port)) = text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        let address: Ipv6Addr = address.parse().ok()?;
        (address.to_ipv4_mapped().map_or_else(|| format!("[{address}]"), |address| address.to_string()), port)
    } else {
        let (name, port) = text.split_at(text.find(':').unwrap_or(text.len()));
        let name = name.strip_suffix('.').unwrap_or(name);
        let is_label =
            |label: &str| !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        // Whoever connects reads a name that ends in a number as an address, of which there is one plain spelling.
        let last = name.rsplit('.').next().unwrap_or_default();
        let is_number = last.bytes().all(|byte| byte.is_ascii_digit()) || last.starts_with("0x");
        if !name.split('.').all(is_label) || is_number && name.parse::<Ipv4Addr>().is_err() {
            return None;
        }
        let is_docker = ["registry-1.docker.io", "index.docker.io", "registry.hub.docker.com"].contains(&name);
        let name = if is_docker { "docker.io" } else { name };
        (name.to_owned(), port)
    };
    match port.strip_prefix(':') {
        None if port.is_empty() => Some(name),
        Some("443" | "80") => Some(name),
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0') => {
            digits.parse::<u16>().ok().map(|port| format!("{name}:{port}"))
        }
        _ => None,
    }
}

/// Tells whether a text is a repository's name: `charts/shop`.
pub fn is_repository(text: &str) -> bool {
    let is_part = |part: &str| {
        part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c))
            && part.starts_with(|c: char| c.is_ascii_alphanumeric())
            && part.ends_with(|c: char| c.is_ascii_alphanumeric())
    };
    text.split('/').all(is_part)
}

/// Gives a repository's name, or a place in a registry, with the host in the spelling by which hosts are compared.
fn folded(name: &str) -> String {
    let name = name.trim_end_matches('/');
    let (written, path) = name.split_at(name.find('/').unwrap_or(name.len()));
    host(written).map_or_else(|| name.to_owned(), |host| host + path)
}

pub(super) fn registries(root: Node<'_>, decoder: &mut Decoder) -> Option<Vec<Trusted>> {
    let before = decoder.diagnostics.len();
    let map = root.get("registries").and_then(|node| decoder.open_map(node, "`registries`"));
    let mut found: Vec<Trusted> = Vec::new();
    for entry in map.into_iter().flat_map(Node::entries) {
        let place = Spanned { value: entry.name().to_owned(), span: entry.key.span() };
        if let Some((message, help)) = mistake(&place) {
            decoder.error("registry", place.span, message).help = Some(help);
        } else if let Some(first) = found.iter().find(|first| folded(&first.place) == folded(&place)) {
            let label = Label { span: first.place.span, text: "first given here".to_owned() };
            let message = format!("`{}` is the same place as `{}`", place.value, first.place.value);
            let problem = decoder.error("registry", place.span, message);
            problem.help = Some("make one entry of both".to_owned());
            problem.labels.push(label);
        }
        let what = format!("the registry `{}`", entry.name());
        let map = decoder.map(entry.value, &what, &["verify", "requireCheck"]);
        let verify = map.map(|map| decoder.texts(map, "verify")).unwrap_or_default();
        let require_check = map.and_then(|map| decoder.text(map, "requireCheck"));
        if let Some(profile) = require_check.as_ref().filter(|_| verify.is_empty()) {
            decoder.error("registry", profile.span, "`requireCheck` needs `verify`").help =
                Some("name the keys of those whose reports count: `verify: [cosign.pub]`".to_owned());
        }
        found.push(Trusted { place, verify, require_check });
    }
    (decoder.diagnostics.len() == before).then_some(found)
}

/// Finds why nothing can come from a place, so that its entry would demand nothing; with what to write instead.
fn mistake(place: &str) -> Option<(String, String)> {
    if place == "*" {
        return None;
    }
    let no_registry = || format!("`{place}` is no registry");
    if let Some((_, rest)) = place.split_once("://") {
        return Some((no_registry(), format!("write it without a scheme: `{}`", example(rest))));
    }
    let trimmed = place.trim_end_matches('/');
    let (written, path) = match trimmed.split_once('/') {
        Some((written, path)) => (written, Some(path)),
        None => (trimmed, None),
    };
    if trimmed.contains('*') {
        let help = match trimmed.strip_suffix("/*").or_else(|| trimmed.strip_suffix("/**")) {
            Some(above) => format!("an entry speaks of all that is below it: write `{}`", example(above)),
            None => "name each host by itself; `*` alone stands for all that have no entry".to_owned(),
        };
        return Some((format!("`{place}` stands for no registry: `*` is no pattern"), help));
    }
    let version = path.filter(|path| path.contains([':', '@']));
    if let Some(path) = version {
        let repository = path.split([':', '@']).next().unwrap_or_default();
        let help = format!("an entry speaks of all versions: write `{}`", example(&format!("{written}/{repository}")));
        return Some((format!("`{place}` names a version"), help));
    }
    if host(written).is_none() {
        return Some((no_registry(), format!("write it as `{}`", example(""))));
    }
    let path = path.filter(|path| !is_repository(path))?;
    let message = format!("`{path}` is no repository's name: that has lower-case letters, digits, `.`, `_` and `-`");
    Some((message, format!("write it as `{}`", example(&format!("{written}/{}", path.to_lowercase())))))
}

/// Gives a place if nothing is wrong with it, else one that shows the form.
fn example(place: &str) -> &str {
    if !place.is_empty() && mistake(place).is_none() { place } else { "registry.example.com/charts" }
}

#[cfg(test)]
mod tests {
    use super::{Trusted, host};
    use crate::chart::Spanned;
    use crate::source::SourceMap;

    #[test]
    fn hosts_have_one_spelling() {
        for (written, one) in [
            ("R.example.com", "r.example.com"),
            ("r.example.com.", "r.example.com"),
            ("r.example.com:443", "r.example.com"),
            ("R.Example.com.:5000", "r.example.com:5000"),
            ("registry-1.docker.io", "docker.io"),
            ("Index.docker.io.:443", "docker.io"),
            ("registry.hub.docker.com", "docker.io"),
            ("[0:0::1]:5000", "[::1]:5000"),
            ("[::ffff:10.0.0.1]", "10.0.0.1"),
        ] {
            assert_eq!(host(written).as_deref(), Some(one), "{written}");
        }
        for wrong in
            ["", ".", "a..b", "a:", "a:0443", "a:65536", "a:b", "10.1", "0x7f.1", "017.0.0.1", "[::1", "a b", "é"]
        {
            assert_eq!(host(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn entries_cover_what_is_below_them() {
        let span = SourceMap::new().add("a", "a").span();
        let covers = |place: &str, name: &str| {
            let place = Spanned { value: place.to_owned(), span };
            Trusted { place, verify: Vec::new(), require_check: None }.covers(name).is_some()
        };
        for (place, name) in [
            ("R.example.com:443/charts/", "r.example.com/charts/shop"),
            ("r.example.com", "R.EXAMPLE.COM./shop"),
            ("docker.io/acme", "registry-1.docker.io/acme/shop"),
            ("*", "r.example.com/shop"),
        ] {
            assert!(covers(place, name), "{place}: {name}");
        }
        for (place, name) in [
            ("r.example.com/charts", "r.example.com/chartsy/shop"),
            ("r.example.com", "r.example.com:5000/shop"),
            ("r.example.com", "s.r.example.com/shop"),
        ] {
            assert!(!covers(place, name), "{place}: {name}");
        }
    }
}
