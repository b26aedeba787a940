//! Services, Endpoints and EndpointSlices.

mod addresses;
mod endpoints;
mod ports;
mod slices;

use super::Judge;
use super::check::{Check, Place, items, show, text};
use super::meta;
use super::syntax::{self, dns_subdomain, qualified_name};
use crate::yaml::{Kind, Node};

/// The rule of what this area judges.
const RULE: &str = "api/service";

/// The networks to which a load balancer opens.
const RANGES: &str = "loadBalancerSourceRanges";

/// Gives the judge of a kind.
pub(super) fn find(group: &str, kind: &str) -> Option<Judge> {
    match (group, kind) {
        ("", "Service") => Some(service),
        ("", "Endpoints") => Some(endpoints::judge),
        ("discovery.k8s.io", "EndpointSlice") => Some(slices::judge),
        _ => None,
    }
}

/// A Service, as its judges read it.
#[derive(Clone, Copy)]
struct Service<'d> {
    spec: Node<'d>,
    /// Its type, filled in where it is absent.
    kind: &'d str,
    /// It has no address of its own: `clusterIP: None`.
    headless: bool,
}

impl<'d> Service<'d> {
    fn new(spec: Node<'d>) -> Self {
        let kind = Some(text(spec, "type")).filter(|kind| !kind.is_empty()).unwrap_or("ClusterIP");
        let mut ips = items(spec, "clusterIPs");
        let headless = match (ips.next(), ips.next()) {
            (None, _) => text(spec, "clusterIP") == "None",
            (Some(ip), None) => ip.text() == "None",
            _ => false,
        };
        Self { spec, kind, headless }
    }

    /// Tells whether the type is known: of others nothing can be said but that.
    fn is_known(&self) -> bool {
        matches!(self.kind, "ClusterIP" | "ExternalName" | "LoadBalancer" | "NodePort")
    }

    /// Tells whether the server gives it ports on nodes where it asks for none.
    fn gives_node_ports(&self) -> bool {
        match self.kind {
            "NodePort" => true,
            "LoadBalancer" => self.spec.field("allocateLoadBalancerNodePorts").and_then(Node::as_bool) != Some(false),
            _ => false,
        }
    }

    fn is_external(&self) -> bool {
        match self.kind {
            "LoadBalancer" | "NodePort" => true,
            "ClusterIP" => items(self.spec, "externalIPs").next().is_some(),
            _ => false,
        }
    }
}

fn service<'d>(check: &mut Check<'d>, object: Node<'d>) {
    let Some(spec) = object.field("spec").filter(|spec| spec.kind() == Kind::Map) else {
        check.error(RULE, (object, &["spec", "ports"]), "`spec` is missing, and its `ports`");
        return;
    };
    let service = Service::new(spec);
    annotations(check, object, &service);
    ports::judge(check, &service);
    if service.kind == "ExternalName" {
        external_name(check, spec);
    } else {
        addresses::judge(check, &service);
        if check.root() == object && !text(spec, "externalName").is_empty() {
            let message = format!("`externalName` is ignored by a Service of type `{}`", show(service.kind));
            check.warning(RULE, (spec, "externalName"), message).help("remove `externalName`");
        }
    }
    addresses::external(check, &service);
    if let Some(selector) = spec.field("selector") {
        meta::labels(check, selector);
    }
    affinity(check, spec, &service);
    balancer(check, &service);
    policies(check, &service);
}

fn external_name<'d>(check: &mut Check<'d>, spec: Node<'d>) {
    for field in ["clusterIPs", "ipFamilies"] {
        if items(spec, field).next().is_some() {
            check.forbidden(RULE, spec, field, "belongs to Services that have addresses, not to `ExternalName`");
        }
    }
    if items(spec, "clusterIPs").next().is_none() && !text(spec, "clusterIP").is_empty() {
        let place = Place::Shown(spec.field("clusterIP").unwrap_or(spec).span(), spec, "clusterIPs");
        let message = "`clusterIP` belongs to Services that have addresses, not to `ExternalName`";
        check.error(RULE, place, message).help("remove `clusterIP`");
    }
    check.forbidden(RULE, spec, "ipFamilyPolicy", "belongs to Services that have addresses, not to `ExternalName`");
    let name = text(spec, "externalName");
    let name = name.strip_suffix('.').unwrap_or(name);
    if name.is_empty() {
        check.error(RULE, (spec, "externalName"), "`externalName` is missing").help("write the DNS name to point to");
    } else {
        check.syntax(RULE, (spec, "externalName"), "externalName", name, dns_subdomain);
    }
}

fn annotations<'d>(check: &mut Check<'d>, object: Node<'d>, service: &Service<'d>) {
    const HINTS: &str = "service.kubernetes.io/topology-aware-hints";
    const MODE: &str = "service.kubernetes.io/topology-mode";
    const NETWORKS: &str = "service.beta.kubernetes.io/load-balancer-source-ranges";
    let Some(annotations) = object.at(&["metadata", "annotations"]) else { return };
    if let Some(hints) = annotations.get(HINTS) {
        check.warning(RULE, hints, format!("the annotation `{HINTS}` is deprecated")).help(format!("write `{MODE}`"));
        if let Some(mode) = annotations.get(MODE).filter(|mode| mode.text() != hints.text()) {
            check.error(RULE, mode, format!("the annotations `{MODE}` and `{HINTS}` differ"));
        }
    }
    if let Some(ranges) = annotations.get(NETWORKS)
        && items(service.spec, RANGES).next().is_none()
    {
        if service.kind != "LoadBalancer" {
            let message = format!("the annotation `{NETWORKS}` belongs to Services of type `LoadBalancer`");
            check.error(RULE, ranges, message);
        }
        for range in ranges.text().trim().split(',').map(str::trim).filter(|_| !ranges.text().trim().is_empty()) {
            let strict = check.since(36);
            check.syntax(RULE, ranges, NETWORKS, range, |text| syntax::network(text, strict));
        }
    }
}

fn affinity<'d>(check: &mut Check<'d>, spec: Node<'d>, service: &Service<'d>) {
    let affinity = text(spec, "sessionAffinity");
    if affinity == "ClientIP"
        && let Some(client) = spec.at(&["sessionAffinityConfig", "clientIP"])
    {
        check.range(RULE, client, "timeoutSeconds", 1, 86_400);
    }
    if !matches!(affinity, "" | "None") && service.headless && service.kind == "ClusterIP" && check.since(34) {
        let message = "`sessionAffinity` is ignored by a headless Service";
        check.warning(RULE, (spec, "sessionAffinity"), message);
    }
}

/// Judges what belongs to load balancers.
fn balancer<'d>(check: &mut Check<'d>, service: &Service<'d>) {
    let spec = service.spec;
    let why = "belongs to Services of type `LoadBalancer`";
    if service.kind != "LoadBalancer" {
        for field in ["allocateLoadBalancerNodePorts", "loadBalancerClass"] {
            check.forbidden(RULE, spec, field, why);
        }
    } else if let Some(class) = spec.field("loadBalancerClass") {
        check.syntax(RULE, class, "loadBalancerClass", class.text(), qualified_name);
    }
    let mark = check.mark();
    if service.kind != "LoadBalancer" && items(spec, RANGES).next().is_some() {
        check.forbidden(RULE, spec, RANGES, why);
    }
    let strict = check.since(36);
    for range in items(spec, RANGES) {
        let right = check.syntax(RULE, range, RANGES, range.text().trim(), |text| syntax::network(text, strict));
        if let Some(problem) = syntax::network_warning(range.text())
            && right
        {
            check.warning(RULE, range, format!("the network `{}` {problem}", show(range.text())));
        }
    }
    // The server spells this field so.
    check.respell(mark, RANGES, "LoadBalancerSourceRanges");
}

/// Judges how traffic is led.
fn policies<'d>(check: &mut Check<'d>, service: &Service<'d>) {
    let spec = service.spec;
    let external = text(spec, "externalTrafficPolicy");
    if service.is_known() && !service.is_external() && !external.is_empty() {
        let message = "`externalTrafficPolicy` belongs to Services that are reached from outside";
        let help = "remove it, or make the `type` one of `NodePort` and `LoadBalancer`";
        check.error(RULE, (spec, "externalTrafficPolicy"), message).help(help);
    } else if !external.is_empty() {
        check.word(RULE, spec, "externalTrafficPolicy", &["Cluster", "Local"]);
    }
    let healthy = service.kind == "LoadBalancer" && external == "Local";
    match spec.field("healthCheckNodePort").and_then(Node::as_i64) {
        None | Some(0) => {}
        Some(_) if healthy => _ = check.range("api/port", spec, "healthCheckNodePort", 1, 65_535),
        Some(_) => {
            let message = "`healthCheckNodePort` belongs to a `LoadBalancer` whose `externalTrafficPolicy` is `Local`";
            check.error(RULE, (spec, "healthCheckNodePort"), message).help("remove `healthCheckNodePort`");
        }
    }
    check.word(RULE, spec, "internalTrafficPolicy", &["Cluster", "Local"]);
    if check.since(31) {
        let words: &[&str] =
            if check.since(34) { &["PreferClose", "PreferSameNode", "PreferSameZone"] } else { &["PreferClose"] };
        check.word(RULE, spec, "trafficDistribution", words);
    }
    if check.since(35) && text(spec, "trafficDistribution") == "PreferClose" {
        let message = "the `trafficDistribution` `PreferClose` is deprecated";
        check
            .warning(RULE, (spec, "trafficDistribution"), message)
            .help("write `PreferSameZone`, which means the same");
    }
}

#[cfg(test)]
mod tests {
    use crate::api::testing::heads;

    #[test]
    fn fields_of_services_fit_their_types() {
        let table: &[(&str, &[&str])] = &[
            ("clusterIP: None", &[]),
            ("type: ClusterIP", &["error api/service spec.ports"]),
            ("type: NodePort, clusterIP: None", &["error api/service spec.clusterIPs[0]"]),
            ("type: ExternalName", &["error api/service spec.externalName"]),
            (
                "type: ExternalName, externalName: db.example.com., clusterIP: 10.0.0.1, ipFamilyPolicy: SingleStack",
                &["error api/service spec.clusterIPs", "error api/service spec.ipFamilyPolicy"],
            ),
            ("clusterIP: None, externalName: a", &["warning api/service spec.externalName"]),
            ("clusterIP: None, externalTrafficPolicy: Local", &["error api/service spec.externalTrafficPolicy"]),
            ("clusterIP: None, healthCheckNodePort: 30000", &["error api/service spec.healthCheckNodePort"]),
            (
                "clusterIP: None, loadBalancerClass: a, allocateLoadBalancerNodePorts: true",
                &["error api/service spec.loadBalancerClass", "error api/service spec.allocateLoadBalancerNodePorts"],
            ),
            (
                "clusterIP: None, loadBalancerSourceRanges: [10.0.0.1/8]",
                &[
                    "error api/service spec.LoadBalancerSourceRanges",
                    "error api/service spec.LoadBalancerSourceRanges[0]",
                ],
            ),
            ("clusterIP: None, internalTrafficPolicy: ''", &["error api/service spec.internalTrafficPolicy"]),
            ("clusterIP: None, trafficDistribution: PreferClose", &["warning api/service spec.trafficDistribution"]),
            (
                "clusterIP: None, sessionAffinity: ClientIP, sessionAffinityConfig: {clientIP: {timeoutSeconds: 0}}",
                &[
                    "warning api/service spec.sessionAffinity",
                    "error api/service spec.sessionAffinityConfig.clientIP.timeoutSeconds",
                ],
            ),
            ("clusterIP: None, selector: {-a: b}", &["error api/labels spec.selector"]),
        ];
        for (fields, wanted) in table {
            let found = heads(&format!("{{apiVersion: v1, kind: Service, metadata: {{name: a}}, spec: {{{fields}}}}}"));
            assert_eq!(&found, wanted, "{fields}");
        }
    }

    #[test]
    fn annotations_of_services_agree_with_it() {
        let found = heads(
            "
apiVersion: v1
kind: Service
metadata:
  name: a
  annotations:
    service.kubernetes.io/topology-aware-hints: auto
    service.kubernetes.io/topology-mode: disabled
    service.beta.kubernetes.io/load-balancer-source-ranges: 10.0.0.0/8, all
spec: {ports: [{port: 80}]}
",
        );
        assert_eq!(
            found,
            [
                "warning api/service metadata.annotations[\"service.kubernetes.io/topology-aware-hints\"]",
                "error api/service metadata.annotations[\"service.kubernetes.io/topology-mode\"]",
                "error api/service metadata.annotations[\"service.beta.kubernetes.io/load-balancer-source-ranges\"]",
                "error api/service metadata.annotations[\"service.beta.kubernetes.io/load-balancer-source-ranges\"]",
            ],
            "{found:#?}"
        );
    }
}
