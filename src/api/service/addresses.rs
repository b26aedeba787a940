//! The addresses of a Service: those that the cluster gives it, and those from outside.

use super::{RULE, Service};
use crate::api::check::{Check, Place, items, show, text};
use crate::api::syntax::{self, Address};
use crate::yaml::Node;

/// Judges `clusterIP`, `clusterIPs`, `ipFamilies` and `ipFamilyPolicy`.
pub(super) fn judge<'d>(check: &mut Check<'d>, service: &Service<'d>) {
    let spec = service.spec;
    if service.headless && matches!(service.kind, "LoadBalancer" | "NodePort") {
        let message = format!("a Service of type `{}` must have an address, but `clusterIP` is `None`", service.kind);
        let place = Place::Deep(written(spec).head(), spec, &["clusterIPs", "[0]"]);
        check.error(RULE, place, message).help("remove `clusterIP`");
    }
    let (single, first) = (text(spec, "clusterIP"), items(spec, "clusterIPs").next());
    if let Some(first) = first
        && (single.is_empty() || first.text() != single)
    {
        let message = match single {
            "" => "`clusterIPs` needs `clusterIP`, which is missing".to_owned(),
            _ => format!("`clusterIPs` begins with `{}`, but `clusterIP` is `{}`", show(first.text()), show(single)),
        };
        let help = "write the first of `clusterIPs` as `clusterIP`, too";
        check.error(RULE, (spec, "clusterIPs"), message).help(help);
    }
    let families: Vec<Node<'d>> = items(spec, "ipFamilies").collect();
    for (index, family) in families.iter().enumerate() {
        if !matches!(family.text(), "IPv4" | "IPv6") {
            let message = format!("`{}` is no IP family: write `IPv4` or `IPv6`", show(family.text()));
            check.error(RULE, *family, message);
        }
        if families.iter().take(index).any(|other| other.text() == family.text()) {
            check.error(RULE, *family, format!("the family `{}` is named twice", show(family.text())));
        }
    }
    check.word(RULE, spec, "ipFamilyPolicy", &["PreferDualStack", "RequireDualStack", "SingleStack"]);
    cluster_ips(check, service, &families);
    let ips = items(spec, "clusterIPs").count();
    // Absent, the policy is to have one family, but for headless Services without pods to select.
    let selects = spec.field("selector").is_some_and(|selector| selector.entries().len() > 0);
    let one_family = match text(spec, "ipFamilyPolicy") {
        "SingleStack" => true,
        "" => single != "None" || selects,
        _ => false,
    };
    for (count, of) in [(ips, "clusterIPs"), (families.len(), "ipFamilies")] {
        if one_family && count == 2 {
            let message = format!("`{of}` has two items, but the `ipFamilyPolicy` is `SingleStack`");
            let help = "write `ipFamilyPolicy: PreferDualStack`, or `RequireDualStack`";
            check.error(RULE, (spec, "ipFamilyPolicy"), message).help(help);
        }
    }
}

fn cluster_ips<'d>(check: &mut Check<'d>, service: &Service<'d>, families: &[Node<'d>]) {
    let spec = service.spec;
    let mut ips: Vec<Node<'d>> = items(spec, "clusterIPs").collect();
    let count = ips.len();
    if count == 0 {
        ips.extend(spec.field("clusterIP").filter(|ip| !ip.text().is_empty()));
    }
    let strict = check.since(36);
    let mut read = Vec::with_capacity(2);
    for (index, ip) in ips.iter().enumerate() {
        if index == 0 && ip.text() == "None" {
            if count > 1 {
                check.error(RULE, (spec, "clusterIPs"), "`None` must be the only item of `clusterIPs`");
            }
            continue;
        }
        let problem = syntax::address(ip.text(), strict);
        // Where `clusterIP` stands alone, the server names it as the first of `clusterIPs`.
        let place = match count {
            0 => Place::Deep(ip.span(), spec, &["clusterIPs", "[0]"]),
            _ => (*ip).into(),
        };
        if let Some(problem) = problem {
            check.error(RULE, place, format!("`{}` {problem}", show(ip.text())));
        } else if let Some(address) = Address::read(ip.text()) {
            let is_four = address.ip.to_canonical().is_ipv4();
            if let Some(family) = families.get(index)
                && matches!(family.text(), "IPv4" | "IPv6")
                && (family.text() == "IPv4") != is_four
            {
                let message = format!("`{}` is not of the family `{}`", show(ip.text()), family.text());
                check.error(RULE, place, message).label(family.span(), "the family");
            }
            if let Some(problem) = syntax::address_warning(ip.text()) {
                check.warning(RULE, place, format!("the address `{}` {problem}", show(ip.text())));
            }
            read.push(is_four);
        }
    }
    if count > 2 {
        check.error(RULE, (spec, "clusterIPs"), format!("`clusterIPs` has {count} items, and may have 2"));
    }
    if read.len() == count && count > 1 && read.iter().all(|four| Some(four) == read.first()) {
        check.error(RULE, (spec, "clusterIPs"), "`clusterIPs` has two addresses of one family");
    }
}

/// Judges `externalIPs`, and warns of what is not used.
pub(super) fn external<'d>(check: &mut Check<'d>, service: &Service<'d>) {
    let spec = service.spec;
    let strict = check.since(36);
    let ignored = service.headless && service.kind == "ClusterIP" && check.since(34);
    for ip in items(spec, "externalIPs") {
        if let Some(problem) = syntax::address(ip.text(), strict) {
            check.error(RULE, ip, format!("`{}` {problem}", show(ip.text())));
        } else if let Some(problem) = syntax::unreachable(ip.text()) {
            check.error(RULE, ip, format!("the address `{}` {problem}", show(ip.text())));
        } else if let Some(problem) = syntax::address_warning(ip.text()) {
            check.warning(RULE, ip, format!("the address `{}` {problem}", show(ip.text())));
        }
    }
    if items(spec, "externalIPs").next().is_some() {
        let message = match service.kind {
            "ExternalName" => Some("`externalIPs` is ignored by a Service of type `ExternalName`"),
            _ if ignored => Some("`externalIPs` is ignored by a headless Service"),
            _ if check.since(36) && !service.headless => Some("`externalIPs` is deprecated"),
            _ => None,
        };
        if let Some(message) = message {
            check.warning(RULE, (spec, "externalIPs"), message);
        }
    }
    let balancer = text(spec, "loadBalancerIP");
    if !balancer.is_empty() && ignored {
        check.warning(RULE, (spec, "loadBalancerIP"), "`loadBalancerIP` is ignored by a headless Service");
    }
    if let Some(problem) = syntax::address_warning(balancer) {
        check.warning(RULE, (spec, "loadBalancerIP"), format!("the address `{}` {problem}", show(balancer)));
    }
}

/// The field in which the address is written.
fn written(spec: Node<'_>) -> Node<'_> {
    spec.field("clusterIP").or_else(|| spec.field("clusterIPs")).unwrap_or(spec)
}

#[cfg(test)]
mod tests {
    use crate::api::testing::heads;

    #[test]
    fn addresses_of_services() {
        let table: &[(&str, &[&str])] = &[
            ("clusterIP: 10.0.0.1, clusterIPs: [10.0.0.1, 'fd00::1'], ipFamilyPolicy: PreferDualStack", &[]),
            ("clusterIP: 10.0.0.1, clusterIPs: [10.0.0.1, 'fd00::1']", &["error ipFamilyPolicy"]),
            ("clusterIPs: [10.0.0.1]", &["error clusterIPs"]),
            ("clusterIP: 10.0.0.1, clusterIPs: [10.0.0.2]", &["error clusterIPs"]),
            ("clusterIP: none", &["error clusterIPs[0]"]),
            ("clusterIP: 10.0.0.1, ipFamilies: [IPv6]", &["error clusterIPs[0]"]),
            ("clusterIP: 'FD00::1'", &["warning clusterIPs[0]"]),
            ("ipFamilies: [IPv4, IPv4], ipFamilyPolicy: RequireDualStack", &["error ipFamilies[1]"]),
            ("ipFamilies: [IPv5], ipFamilyPolicy: Both", &["error ipFamilies[0]", "error ipFamilyPolicy"]),
            ("ipFamilies: [IPv4, IPv6]", &["error ipFamilyPolicy"]),
            ("ipFamilies: [IPv4, IPv6], clusterIP: None", &[]),
            (
                "externalIPs: [127.0.0.1, 010.0.0.1]",
                &["error externalIPs[0]", "error externalIPs[1]", "warning externalIPs"],
            ),
            (
                "clusterIP: None, externalIPs: [192.0.2.1], loadBalancerIP: 192.0.2.1",
                &["warning externalIPs", "warning loadBalancerIP"],
            ),
        ];
        for (fields, wanted) in table {
            let spec = format!("spec: {{ports: [{{port: 80}}], {fields}}}");
            let mut found = heads(&format!("{{apiVersion: v1, kind: Service, metadata: {{name: a}}, {spec}}}"));
            found = found
                .into_iter()
                .map(|head| head.replace("api/service spec.", "").replace("schema/enum spec.", ""))
                .collect();
            found.sort();
            assert_eq!(&found, wanted, "{fields}");
        }
    }
}
