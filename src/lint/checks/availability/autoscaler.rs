//! Autoscalers and what they scale.

use crate::diagnostic::nearest;
use crate::lint::checks::Check;
use crate::lint::params::Params;
use crate::lint::scaling::{is_horizontal, least, replicas, target};

/// A workload must run `min` pods at least, of its own or by its autoscaler; `by` says which of the two is looked at, and
/// `kinds` which workloads, where not all.
pub(in crate::lint::checks) fn too_few(params: &mut Params<'_>) -> Check {
    let min = params.number("min");
    let by_workload = params.word("by", &["workload", "autoscaler"]) == "workload";
    let kinds = params.optional_list("kinds");
    Check::object(move |context, findings| {
        let object = context.object;
        if !kinds.is_empty() && kinds.iter().all(|kind| kind != object.kind) {
            return;
        }
        if by_workload {
            let Some(count) = replicas(context.set, object).filter(|count| count.scaler.is_none()) else { return };
            if count.least >= min {
                return;
            }
            let message = format!("{} `{}` runs {} of at least {min} pods", object.kind, object.name, count.least);
            let finding = match count.written {
                Some(written) => findings.at(written),
                None => findings.lacking(object.spec().unwrap_or(object.node)),
            };
            finding.message(message).set(object.node, "spec.replicas", min);
        } else if least(object) < min {
            let spec = object.spec().unwrap_or(object.node);
            let message = format!("`{}` leaves {} of at least {min} pods", object.name, least(object));
            let field = if object.kind == "ScaledObject" { "minReplicaCount" } else { "minReplicas" };
            match spec.field(field) {
                Some(written) => _ = findings.at(written).message(message).set(spec, field, min),
                None => _ = findings.lacking(spec).message(message).set(spec, field, min),
            }
        }
    })
}

/// An autoscaler must have room between its fewest and its most pods.
pub(in crate::lint::checks) fn no_room(_: &mut Params<'_>) -> Check {
    Check::object(|context, findings| {
        let most = context.object.spec().and_then(|spec| spec.field("maxReplicas"));
        if let Some(most) = most.filter(|most| most.as_i64() == Some(least(context.object))) {
            findings.at(most).message(format!("`{}` always runs {} pods", context.object.name, most.text()));
        }
    })
}

/// A workload that an autoscaler scales must not write `replicas`.
pub(in crate::lint::checks) fn fixed(_: &mut Params<'_>) -> Check {
    Check::object(|context, findings| {
        let Some(count) = replicas(context.set, context.object) else { return };
        if let (Some(written), Some(scaler)) = (count.written, count.scaler) {
            let message = format!("`replicas` is fixed, but {} `{}` changes it", scaler.kind, scaler.name);
            findings.at(written).message(message).label(scaler.node.head(), "the autoscaler");
        }
    })
}

/// What an autoscaler names as its target must be in the set.
pub(in crate::lint::checks) fn dangling(_: &mut Params<'_>) -> Check {
    Check::object(|context, findings| {
        let Some(target) = target(context.object).filter(|_| context.run.complete) else { return };
        let name = target.node.field("name").filter(|name| !name.text().is_empty());
        let Some(name) = name.filter(|_| !target.kind.is_empty()) else { return };
        if context.set.beside(context.object, target.group, target.kind, target.name).is_some() {
            return;
        }
        let elsewhere = context.set.named(target.name).iter().find(|object| object.kind == target.kind);
        let message = format!("there is no {} `{}` {}", target.kind, target.name, context.whole());
        match elsewhere {
            Some(object) if object.namespace != context.object.namespace => {
                findings.at(name).message(message).label(object.node.head(), "this one is in another namespace");
            }
            Some(object) => {
                let place = target.node.field("apiVersion").unwrap_or(target.node);
                findings
                    .at(place)
                    .message(format!("{} `{}` is of `{}`", object.kind, object.name, object.api_version))
                    .help(format!("write `apiVersion: {}`", object.api_version))
                    .label(object.node.head(), "the object")
                    .set(target.node, "apiVersion", object.api_version);
            }
            None => {
                let names = context.set.kind_beside(context.object, target.kind);
                findings.at(name).message(message).did_you_mean(nearest(target.name, names));
            }
        }
    })
}

/// A workload may have one autoscaler of pods, and one of their size.
pub(in crate::lint::checks) fn duplicate(_: &mut Params<'_>) -> Check {
    Check::object(|context, findings| {
        let (object, set) = (context.object, context.set);
        let Some(aim) = target(object) else { return };
        let same = |other: &crate::object::Object<'_>| {
            is_horizontal(other) == is_horizontal(object)
                && other.namespace == object.namespace
                && target(other).is_some_and(|of| (of.group, of.kind) == (aim.group, aim.kind))
        };
        let first = set.scalers_of(aim.name).iter().find(|other| same(other));
        if let Some(first) = first.filter(|first| first.node != object.node) {
            let message = format!("{} `{}` scales {} `{}`, too", first.kind, first.name, aim.kind, aim.name);
            let place = aim.node.field("name").unwrap_or(aim.node);
            findings.at(place).message(message).label(first.node.head(), "the first one");
        }
    })
}

/// A workload must have an autoscaler.
pub(in crate::lint::checks) fn missing(_: &mut Params<'_>) -> Check {
    Check::object(|context, findings| {
        let object = context.object;
        if context.run.complete && !context.set.scalers(object).any(is_horizontal) {
            findings.lacking(object.spec().unwrap_or(object.node));
        }
    })
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::problems;

    const WEB: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 3}\n---\n";

    fn hpa(name: &str, target: &str, rest: &str) -> String {
        format!(
            "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {{name: {name}}}\nspec:\n  scaleTargetRef: {target}\n  {rest}\n"
        )
    }

    #[test]
    fn a_target_is_found_by_its_group_kind_name_and_namespace() {
        for (target, expected) in [
            ("{apiVersion: apps/v1, kind: Deployment, name: web}", None),
            (
                "{apiVersion: v1, kind: Deployment, name: web}",
                Some("10:32 spec.scaleTargetRef.apiVersion: Deployment `web` is of `apps/v1`"),
            ),
            (
                "{apiVersion: apps/v1, kind: Deployment, name: wbe}",
                Some("10:65 spec.scaleTargetRef.name: there is no Deployment `wbe` in what is checked"),
            ),
        ] {
            let text = format!("{WEB}{}", hpa("web", target, "maxReplicas: 5"));
            assert_eq!(problems("dangling-autoscaler", &text), expected.into_iter().collect::<Vec<_>>(), "{target}");
        }
        let elsewhere = WEB.replace("name: web", "name: web, namespace: b");
        let of_web = hpa("web", "{apiVersion: apps/v1, kind: Deployment, name: web}", "maxReplicas: 5");
        assert_eq!(problems("dangling-autoscaler", &format!("{elsewhere}{of_web}")).len(), 1);
    }

    #[test]
    fn keda_counts_as_an_autoscaler() {
        let keda = "apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata: {name: web}\nspec: {scaleTargetRef: {name: web}}\n";
        assert_eq!(
            problems("replicas-beside-autoscaler", &format!("{WEB}{keda}")),
            ["4:18 spec.replicas: `replicas` is fixed, but ScaledObject `web` changes it"]
        );
        let both = format!(
            "{WEB}{keda}---\n{}",
            hpa("web", "{apiVersion: apps/v1, kind: Deployment, name: web}", "maxReplicas: 5")
        );
        assert_eq!(problems("duplicate-autoscaler", &both).len(), 1);
    }
}
