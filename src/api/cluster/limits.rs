//! LimitRanges.

use crate::api::check::{Check, Place, items, show, text};
use crate::api::resources::{amount, container_resource, is_shared, resource};
use crate::api::syntax::qualified_name;
use crate::schema::Amount;
use crate::yaml::{Entry, Node};

const RULE: &str = "api/limit-range";

/// Judges a LimitRange.
pub(super) fn judge<'d>(check: &mut Check<'d>, object: Node<'d>) {
    let metadata = object.field("metadata");
    let named = |field: &str| metadata.is_some_and(|metadata| !text(metadata, field).is_empty());
    if !named("name") && !named("generateName") {
        let place = Place::Keyed(metadata.unwrap_or(object).head(), object, "metadata", "name");
        check.apply_only(place, "`metadata.name` is missing");
    }
    let Some(spec) = object.field("spec") else { return };
    let mut seen: Vec<&str> = Vec::new();
    for limit in items(spec, "limits") {
        let kind = text(limit, "type");
        check.syntax(RULE, (limit, "type"), "type", kind, type_form);
        if seen.contains(&kind) {
            check.error(RULE, (limit, "type"), format!("`{}` has limits already", show(kind)));
        }
        seen.push(kind);
        if kind == "Pod" {
            for field in ["default", "defaultRequest"] {
                if limit.field(field).is_some_and(|held| held.entries().len() > 0) {
                    check.forbidden(RULE, limit, field, "is for containers, not for pods");
                }
            }
        }
        if kind == "PersistentVolumeClaim" && find(limit, "min", "storage").or(find(limit, "max", "storage")).is_none()
        {
            let place = Place::Shown(limit.head(), limit, "limits");
            check.error(RULE, place, "limits of claims need `storage` in `min` or `max`");
        }
        bounds(check, limit, kind);
    }
}

/// A type: a known one, or one of a domain.
fn type_form(text: &str) -> Option<String> {
    qualified_name(text).or_else(|| {
        let known = text.contains('/') || matches!(text, "Pod" | "Container" | "PersistentVolumeClaim");
        (!known).then(|| "must be `Container`, `Pod` or `PersistentVolumeClaim`".to_owned())
    })
}

fn find<'d>(limit: Node<'d>, field: &str, name: &str) -> Option<Entry<'d>> {
    limit.field(field)?.entry(name)
}

fn bounds<'d>(check: &mut Check<'d>, limit: Node<'d>, kind: &str) {
    let form = if matches!(kind, "Pod" | "Container") { container_resource } else { resource };
    let mut names: Vec<&'d str> = Vec::new();
    for field in ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"] {
        if kind == "Pod" && field.starts_with("default") {
            continue;
        }
        for entry in limit.field(field).into_iter().flat_map(Node::entries) {
            let place = Place::Keyed(entry.key.span(), limit, field, entry.name());
            check.syntax(RULE, place, field, entry.name(), form);
            if !names.contains(&entry.name()) {
                names.push(entry.name());
            }
        }
    }
    for name in names {
        bound(check, limit, kind, name);
    }
}

/// Judges what limits say of one resource.
fn bound<'d>(check: &mut Check<'d>, limit: Node<'d>, kind: &str, name: &'d str) {
    let written = |field: &str| find(limit, field, name);
    let read = |entry: Option<Entry<'d>>| entry.and_then(|entry| Some((entry, amount(entry.value)?)));
    let (min, max, ratio) = (written("min"), written("max"), written("maxLimitRequestRatio"));
    // Of containers the server fills in what is not written.
    let filled = |entry: Option<Entry<'d>>, other: Option<Entry<'d>>| match kind {
        "Pod" => None,
        "Container" => entry.or(other),
        _ => entry,
    };
    let default = filled(written("default"), max);
    let request = filled(filled(written("defaultRequest"), default), min);
    let (min, max, ratio, default, request) = (read(min), read(max), read(ratio), read(default), read(request));
    let pairs = [
        ("min", min, "max", max, "min"),
        ("min", min, "defaultRequest", request, "defaultRequest"),
        ("defaultRequest", request, "max", max, "defaultRequest"),
        ("defaultRequest", request, "default", default, "defaultRequest"),
        ("min", min, "default", default, "default"),
        ("default", default, "max", max, "default"),
    ];
    for (low, less, high, more, named) in pairs {
        if let (Some((one, less)), Some((other, more))) = (less, more)
            && less > more
        {
            let message = format!(
                "`{low}` of `{name}` is `{}`, above `{high}`, `{}`",
                show(one.value.text()),
                show(other.value.text())
            );
            let shown = if named == low { one } else { other };
            check.error(RULE, Place::Keyed(shown.value.head(), limit, named, name), message);
        }
    }
    if let Some((entry, ratio)) = ratio {
        let place = Place::Keyed(entry.value.head(), limit, "maxLimitRequestRatio", name);
        if ratio < Amount::whole(1) {
            check.error(RULE, place, format!("`maxLimitRequestRatio` of `{name}` is below 1"));
        }
        // The server divides; by what is below 0 the comparison turns round.
        if let (Some((_, min)), Some((_, max))) = (min, max)
            && ratio.times_exceeds(min, max) != min.is_negative()
        {
            check.error(RULE, place, format!("`maxLimitRequestRatio` of `{name}` is more than `max` by `min`"));
        }
    }
    if let (Some((entry, request)), Some((_, default))) = (request, default)
        && !is_shared(name)
        && request != default
    {
        let message =
            format!("`defaultRequest` of `{name}` must equal `default`, as no more of it is promised than there is");
        check.error(RULE, Place::Keyed(entry.value.head(), limit, "defaultRequest", name), message);
    }
}

#[cfg(test)]
mod tests {
    use crate::api::testing::judged;

    #[test]
    fn limits_do_not_contradict_each_other() {
        let found = judged(
            "apiVersion: v1
kind: LimitRange
metadata: {name: web}
spec:
  limits:
    - {type: Container, min: {cpu: 2}, max: {cpu: 1}}
    - {type: Container, default: {memory: 1Gi}, defaultRequest: {memory: 2Gi}}
    - {type: Pod, default: {cpu: 1}, max: {pods: 1}}
    - {type: PersistentVolumeClaim, max: {cpu: 1}}
    - {type: Other, min: {storage: 1}, max: {storage: 2}, maxLimitRequestRatio: {storage: 3, cpu: 500m}}
    - {type: a/b, default: {example.com/gpu: 2}, defaultRequest: {example.com/gpu: 1}}
",
        );
        let expected = [
            "error api/limit-range spec.limits[0].min.cpu: `min` of `cpu` is `2`, above `max`, `1`",
            "error api/limit-range spec.limits[0].default.cpu: `min` of `cpu` is `2`, above `default`, `1`",
            "error api/limit-range spec.limits[1].type: `Container` has limits already",
            "error api/limit-range spec.limits[1].defaultRequest.memory: `defaultRequest` of `memory` is `2Gi`, above `default`, `1Gi`",
            "error api/limit-range spec.limits[2].default: `default` is for containers, not for pods",
            "error api/limit-range spec.limits[2].max.pods: `max` is `pods`, but is no resource of containers",
            "error api/limit-range spec.limits[3].limits: limits of claims need `storage` in `min` or `max`",
            "error api/limit-range spec.limits[4].type: `type` is `Other`, but must be `Container`, `Pod` or `PersistentVolumeClaim`",
            "error api/limit-range spec.limits[4].maxLimitRequestRatio.storage: `maxLimitRequestRatio` of `storage` is more than `max` by `min`",
            "error api/limit-range spec.limits[4].maxLimitRequestRatio.cpu: `maxLimitRequestRatio` of `cpu` is below 1",
            "error api/limit-range spec.limits[5].defaultRequest[\"example.com/gpu\"]: `defaultRequest` of `example.com/gpu` must equal `default`, as no more of it is promised than there is",
        ];
        for line in expected {
            assert!(found.iter().any(|found| found == line), "{line}\n{found:#?}");
        }
    }
}
