//! Addresses in the older APIs, which took what is ambiguous until 1.36, and warn of what is unusual.

use std::net::IpAddr;

use super::{Address, Network};

/// An IP address of an older API; `strict` since 1.36.
pub(in crate::api) fn address(text: &str, strict: bool) -> Option<String> {
    let Some(Address { ip }) = Address::read(text) else { return Some("is no IP address".to_owned()) };
    (strict && is_ambiguous(text, ip)).then(|| format!("must be written as `{}`", plain(ip)))
}

/// A network of an older API; `strict` since 1.36.
pub(in crate::api) fn network(text: &str, strict: bool) -> Option<String> {
    let Some(network) = Network::read(text) else {
        return Some("is no network: write it as `10.0.0.0/24`".to_owned());
    };
    let (address, prefix) = text.split_once('/').unwrap_or_default();
    if strict && (is_ambiguous(address, network.ip) || (prefix.len() > 1 && prefix.starts_with('0'))) {
        return Some("has zeroes in front of numbers, or an IPv4 address in an IPv6 one".to_owned());
    }
    (strict && network.has_host_bits()).then(|| format!("has bits set behind its first {}", network.prefix))
}

/// Says how an address is unusual, of which the server warns.
pub(in crate::api) fn unusual_address(text: &str) -> Option<String> {
    let Address { ip } = Address::read(text)?;
    (is_ambiguous(text, ip) || ip.to_string() != text).then(|| format!("should be written as `{}`", plain(ip)))
}

/// Says how a network is unusual, of which the server warns.
pub(in crate::api) fn unusual_network(text: &str) -> Option<String> {
    let network = Network::read(text)?;
    (!network.is_canonical(text)).then(|| {
        let bits = if network.has_host_bits() { ", without bits behind its prefix" } else { "" };
        format!("should be written in its shortest form{bits}")
    })
}

/// Says why an address cannot be where other hosts reach something.
pub(in crate::api) fn unreachable(text: &str) -> Option<&'static str> {
    let Address { ip } = Address::read(text)?;
    let ip = ip.to_canonical();
    let (link_local, group) = match ip {
        IpAddr::V4(four) => (four.is_link_local(), four.octets()[..3] == [224, 0, 0]),
        IpAddr::V6(six) => (six.segments()[0] & 0xffc0 == 0xfe80, six.segments()[0] & 0xff0f == 0xff02),
    };
    match () {
        () if ip.is_unspecified() => Some("is no host's"),
        () if ip.is_loopback() => Some("is each host's own"),
        () if link_local => Some("is known on one link only"),
        () if group => Some("is that of a group on one link"),
        () => None,
    }
}

fn is_ambiguous(text: &str, ip: IpAddr) -> bool {
    text.parse::<IpAddr>().is_err() || matches!(ip, IpAddr::V6(six) if six.to_ipv4_mapped().is_some())
}

fn plain(ip: IpAddr) -> IpAddr {
    ip.to_canonical()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ambiguous_is_refused_since_1_36() {
        for (text, lax, strict, usual) in [
            ("10.0.0.1", true, true, true),
            ("fd00::1", true, true, true),
            ("FD00:0::1", true, true, false),
            ("010.0.0.1", true, false, false),
            ("::ffff:10.0.0.1", true, false, false),
        ] {
            assert_eq!(address(text, false).is_none(), lax, "{text}");
            assert_eq!(address(text, true).is_none(), strict, "{text}");
            assert_eq!(unusual_address(text).is_none(), usual, "{text}");
        }
        assert!(address("10.0.0", false).is_some() && address("a", false).is_some());
        for (text, lax, strict, usual) in [
            ("10.0.0.0/8", true, true, true),
            ("fd00::/64", true, true, true),
            ("FD00::/64", true, true, false),
            ("10.0.0.1/8", true, false, false),
            ("10.0.0.0/08", true, false, false),
            ("010.0.0.0/8", true, false, false),
        ] {
            assert_eq!(network(text, false).is_none(), lax, "{text}");
            assert_eq!(network(text, true).is_none(), strict, "{text}");
            assert_eq!(unusual_network(text).is_none(), usual, "{text}");
        }
        assert!(network("10.0.0.0", false).is_some());
    }

    #[test]
    fn some_addresses_reach_no_other_host() {
        for text in ["0.0.0.0", "::", "127.0.0.1", "::1", "169.254.1.1", "fe80::1", "224.0.0.5", "ff02::1"] {
            assert!(unreachable(text).is_some(), "{text}");
        }
        for text in ["10.0.0.1", "fd00::1", "224.0.1.1", "239.0.0.1"] {
            assert_eq!(unreachable(text), None, "{text}");
        }
    }
}
