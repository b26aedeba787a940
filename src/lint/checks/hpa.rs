//! Autoscaling by utilisation, which is a share of a request.

use super::{Check, resources};
use crate::lint::finding::called;
use crate::lint::params::Params;
use crate::object::Object;
use crate::source::Span;
use crate::yaml::Node;

/// A workload that an autoscaler scales by a resource's utilisation must request the resource in every container.
pub(super) fn build(_: &mut Params<'_>) -> Check {
    Check::pod(|context, pod, findings| {
        let scalers = context.set.scalers(context.object);
        for scaler in scalers.filter(|scaler| scaler.kind == "HorizontalPodAutoscaler") {
            for metric in utilisations(scaler) {
                let measured = pod.containers().filter(|container| {
                    resources::runs_on(*container)
                        && metric.container.is_none_or(|name| name == container.name())
                        && !resources::has(pod, *container, "requests", metric.resource)
                });
                for container in measured {
                    let (called, resource) = (called(container), metric.resource);
                    findings
                        .lacking(container.node)
                        .message(format!("{called} has no {resource} request, but is scaled by its share of one"))
                        .label(metric.span, format!("`{}` scales by {resource} utilisation", scaler.name));
                }
            }
        }
    })
}

struct Metric<'d> {
    resource: &'d str,
    /// The one container that counts; none for all.
    container: Option<&'d str>,
    span: Span,
}

fn utilisations<'d>(scaler: &Object<'d>) -> Vec<Metric<'d>> {
    let Some(spec) = scaler.spec() else { return Vec::new() };
    let cpu = |span| vec![Metric { resource: "cpu", container: None, span }];
    if let Some(percentage) = spec.field("targetCPUUtilizationPercentage") {
        return cpu(percentage.span());
    }
    let Some(metrics) = spec.field("metrics").filter(|metrics| metrics.items().len() > 0) else {
        // Without metrics, the server scales by 80 % of the cpu request.
        return cpu(spec.head());
    };
    let utilisation = |metric: Node<'d>| {
        let source = metric.field("resource").or_else(|| metric.field("containerResource"))?;
        let relative =
            source.at(&["target", "averageUtilization"]).or_else(|| source.field("targetAverageUtilization"));
        relative?;
        let name = source.field("name")?;
        Some(Metric { resource: name.text(), container: source.field("container").map(Node::text), span: name.span() })
    };
    metrics.items().filter_map(utilisation).collect()
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::problems;

    /// A Deployment `web` whose second container requests nothing, and an autoscaler.
    fn count(scaler: &str) -> usize {
        let deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {template: {spec: {containers: [{name: a, resources: {requests: {cpu: 1}}}, {name: b}]}}}\n";
        problems("hpa-without-request", &format!("{deployment}---\nkind: HorizontalPodAutoscaler\n{scaler}")).len()
    }

    #[test]
    fn what_an_autoscaler_measures_must_be_requested() {
        let target = "scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}";
        let v2 =
            |metrics: &str| count(&format!("apiVersion: autoscaling/v2\nspec: {{{target}, metrics: [{metrics}]}}"));
        assert_eq!(v2("{resource: {name: cpu, target: {averageUtilization: 50}}}"), 1);
        assert_eq!(v2("{resource: {name: memory, target: {averageUtilization: 50}}}"), 2);
        assert_eq!(v2("{resource: {name: cpu, target: {averageValue: 1}}}"), 0);
        assert_eq!(v2("{containerResource: {name: cpu, container: a, target: {averageUtilization: 50}}}"), 0);
        assert_eq!(v2("{containerResource: {name: cpu, container: b, target: {averageUtilization: 50}}}"), 1);
        assert_eq!(v2(""), 1, "without metrics, by cpu");
        let v1 = format!("apiVersion: autoscaling/v1\nspec: {{{target}, targetCPUUtilizationPercentage: 50}}");
        assert_eq!(count(&v1), 1);
        assert_eq!(count(&v1.replace("name: web", "name: api")), 0);
        assert_eq!(count(&v1.replace("spec:", "metadata: {namespace: other}\nspec:")), 0);
    }
}
