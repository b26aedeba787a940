//! Files of a volume that stand in each other's way, of which the server warns.

use super::shared::RULE;
use crate::api::check::{Check, items, show};
use crate::yaml::{Kind, Node};

pub(super) fn judge<'d>(check: &mut Check<'d>, volume: Node<'d>) {
    for field in ["configMap", "secret", "downwardAPI"] {
        if let Some(source) = volume.field(field) {
            let mut paths = Vec::new();
            items(source, "items").for_each(|item| add(check, &mut paths, item, "path"));
        }
    }
    let mut paths = Vec::new();
    for source in volume.field("projected").into_iter().flat_map(|projected| items(projected, "sources")) {
        if source.kind() != Kind::Map || source.entries().all(|entry| entry.value.is_null()) {
            check.warning(RULE, source, "a source of a projected volume is empty");
            continue;
        }
        // Of a source that is several things the server looks at the first.
        let files = ["configMap", "secret", "downwardAPI"].into_iter().filter_map(|field| source.field(field));
        if let Some(list) = files.into_iter().find(|held| held.field("items").is_some()) {
            items(list, "items").for_each(|item| add(check, &mut paths, item, "path"));
        } else if let Some(token) = source.field("serviceAccountToken") {
            add(check, &mut paths, token, "path");
        } else if let Some(bundle) = source.field("clusterTrustBundle").filter(|_| check.since(37)) {
            add(check, &mut paths, bundle, "path");
        } else if let Some(certificate) = source.field("podCertificate").filter(|_| check.since(37)) {
            for field in ["certificateChainPath", "keyPath", "credentialBundlePath"] {
                add(check, &mut paths, certificate, field);
            }
        }
    }
}

/// Adds a file's path, and warns where it is, holds, or lies in that of another file.
fn add<'d>(check: &mut Check<'d>, paths: &mut Vec<&'d str>, map: Node<'d>, field: &'static str) {
    let Some(node) = map.field(field) else { return };
    let path = node.text().trim_end_matches('/');
    if path.is_empty() {
        return;
    }
    let within = |outer: &str, inner: &str| {
        inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    if let Some(other) = paths.iter().find(|other| within(other, path) || within(path, other)) {
        let message = format!("the files `{}` and `{}` stand in each other's way", show(other), show(path));
        check.warning(RULE, node, message);
    }
    paths.push(path);
}
