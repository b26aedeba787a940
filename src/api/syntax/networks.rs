//! Networks in the fields that are older than strict parsing.

use super::Network;
use std::net::IpAddr;

/// A network: `10.0.0.0/8`. Strict servers (1.36 and newer) take no form that other software reads differently.
pub(in crate::api) fn network(text: &str, strict: bool) -> Option<String> {
    let Some(network) = Network::read(text) else {
        return Some("must be a network such as `10.0.0.0/8`".to_owned());
    };
    if !strict {
        return None;
    }
    if !is_standard(text) {
        return Some("zeroes may not stand before its numbers".to_owned());
    }
    if is_mapped(network.ip) {
        return Some("must not be an IPv4 network written as IPv6".to_owned());
    }
    network.has_host_bits().then(|| "has bits set behind its prefix".to_owned())
}

/// Tells what the server warns of in a network that it takes.
pub(in crate::api) fn network_warning(text: &str) -> Option<String> {
    let network = Network::read(text)?;
    if network.has_host_bits() {
        return Some("has bits set behind its prefix: either the network or the one address may be meant".to_owned());
    }
    if !is_standard(text) || is_mapped(network.ip) {
        return Some("is not written as a network usually is".to_owned());
    }
    let canonical = format!("{}/{}", network.ip, network.prefix);
    (canonical != text).then(|| format!("is usually written `{canonical}`"))
}

/// Tells whether neither the address nor the prefix has zeroes in front.
fn is_standard(text: &str) -> bool {
    text.split_once('/').is_some_and(|(address, prefix)| {
        address.parse::<IpAddr>().is_ok() && (prefix == "0" || !prefix.starts_with('0'))
    })
}

fn is_mapped(ip: IpAddr) -> bool {
    matches!(ip, IpAddr::V6(six) if six.to_ipv4_mapped().is_some())
}

#[cfg(test)]
mod tests {
    use super::{network, network_warning};

    #[test]
    fn old_fields_take_what_strict_servers_refuse() {
        for text in ["10.0.0.1/8", "010.0.0.0/8", "10.0.0.0/08", "::ffff:10.0.0.0/104"] {
            assert_eq!(network(text, false), None, "{text}");
            assert!(network(text, true).is_some() && network_warning(text).is_some(), "{text}");
        }
        for text in ["10.0.0.0/8", "0.0.0.0/0", "fd00::/8", "FD00:0::/8"] {
            assert_eq!(network(text, true), None, "{text}");
        }
        assert_eq!(network_warning("FD00:0::/8").as_deref(), Some("is usually written `fd00::/8`"));
        assert_eq!(network_warning("fd00::/8"), None);
        for text in ["", "10.0.0.0", "10.0.0.0/33", "web/8"] {
            assert!(network(text, false).is_some(), "{text}");
        }
    }
}
