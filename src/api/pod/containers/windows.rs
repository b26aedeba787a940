//! Windows: accounts, and containers that run as processes of the host.

use super::Pod;
use crate::api::check::{Check, is_true};
use crate::api::syntax::dns_subdomain;
use crate::yaml::Node;

/// Judges `windowsOptions` of a security context.
pub(super) fn options<'d>(check: &mut Check<'d>, options: Node<'d>) {
    const LARGEST: usize = 64 * 1024;
    if let Some(name) = options.field("gmsaCredentialSpecName") {
        check.syntax("api/security-context", name, "gmsaCredentialSpecName", name.text(), dns_subdomain);
    }
    if let Some(spec) = options.field("gmsaCredentialSpec") {
        let message = match spec.text().len() {
            0 => "`gmsaCredentialSpec` is empty",
            1..=LARGEST => "",
            _ => "`gmsaCredentialSpec` is larger than 64 KiB",
        };
        if !message.is_empty() {
            check.error("api/security-context", spec, message);
        }
    }
    if let Some(name) = options.field("runAsUserName") {
        check.syntax("api/security-context", name, "runAsUserName", name.text(), account);
    }
}

/// An account of Windows: `USER`, or `DOMAIN\USER`.
fn account(text: &str) -> Option<String> {
    let problem = match text.rsplit_once('\\') {
        _ if text.is_empty() => "is empty",
        _ if text.contains(|c: char| c.is_ascii_control()) => "may not hold control characters",
        Some((domain, _)) if domain.contains('\\') => "has more than one `\\`",
        Some((domain, _)) if domain.len() >= 256 => "has a domain of more than 255 characters",
        Some((domain, _)) if !is_net_bios(domain) && !is_domain(domain) => "has a domain that is no name of a domain",
        Some((_, user)) => return self::user(user),
        None => return user(text),
    };
    Some(problem.to_owned())
}

fn user(user: &str) -> Option<String> {
    let problem = if user.is_empty() {
        "names no user"
    } else if user.len() > 104 {
        "has a user of more than 104 characters"
    } else if user.trim_matches(['.', ' ']).is_empty() {
        "has a user of nothing but dots and spaces"
    } else if user.contains(['"', '/', '\\', ':', ';', '|', '=', ',', '+', '*', '?', '<', '>', '@', '[', ']']) {
        "has a user that holds one of `\"/\\:;|=,+*?<>@[]`"
    } else {
        return None;
    };
    Some(problem.to_owned())
}

fn is_net_bios(domain: &str) -> bool {
    let barred = ['\\', '/', ':', '*', '?', '"', '<', '>', '|'];
    (1..=15).contains(&domain.chars().count()) && !domain.starts_with('.') && !domain.contains(barred)
}

fn is_domain(domain: &str) -> bool {
    domain.split('.').all(|part| dns_subdomain(&part.to_ascii_lowercase()).is_none() && part.len() <= 63)
}

/// Judges containers that run as processes of the host: all do, or none.
pub(super) fn host_processes<'d>(check: &mut Check<'d>, pod: &Pod<'d>) {
    let of_pod = pod.spec.at(&["securityContext", "windowsOptions", "hostProcess"]).and_then(Node::as_bool);
    let (mut count, mut hosts) = (0, 0);
    for (_, container) in pod.containers() {
        let written = container.at(&["securityContext", "windowsOptions", "hostProcess"]);
        let own = written.and_then(Node::as_bool);
        if let (Some(of_pod), Some(own), Some(written)) = (of_pod, own, written)
            && of_pod != own
        {
            let message = format!("`hostProcess` is {own}, but of the pod {of_pod}");
            check.error("api/security-context", written, message).help("remove one of them");
        }
        count += 1;
        hosts += usize::from(own.or(of_pod) == Some(true));
    }
    if hosts == 0 {
        return;
    }
    if hosts != count {
        let message = "some containers are processes of the host, and some are not";
        check.error("api/security-context", pod.spec, message).help("write `hostProcess` once, for the pod");
    }
    if !is_true(pod.spec, "hostNetwork") {
        let message = "containers that are processes of the host need `hostNetwork: true`";
        check.error("api/security-context", (pod.spec, "hostNetwork"), message);
    }
}
