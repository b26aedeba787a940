//! Addresses in the fields that are older than strict parsing.

use std::net::IpAddr;

use super::Address;

/// An IP address. Strict servers (1.36 and newer) take no form that other software reads differently.
pub(in crate::api) fn address(text: &str, strict: bool) -> Option<String> {
    let Some(Address { ip }) = Address::read(text) else { return Some("is no IP address".to_owned()) };
    (strict && is_ambiguous(text, ip)).then(|| format!("must be written as `{}`", plain(ip)))
}

/// Tells what the server warns of in an address that it takes.
pub(in crate::api) fn address_warning(text: &str) -> Option<String> {
    let Address { ip } = Address::read(text)?;
    (is_ambiguous(text, ip) || ip.to_string() != text).then(|| format!("should be written as `{}`", plain(ip)))
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
    fn strict_servers_refuse_what_is_ambiguous() {
        for (text, lax, strict, usual) in [
            ("10.0.0.1", true, true, true),
            ("fd00::1", true, true, true),
            ("FD00:0::1", true, true, false),
            ("010.0.0.1", true, false, false),
            ("::ffff:10.0.0.1", true, false, false),
        ] {
            assert_eq!(address(text, false).is_none(), lax, "{text}");
            assert_eq!(address(text, true).is_none(), strict, "{text}");
            assert_eq!(address_warning(text).is_none(), usual, "{text}");
        }
        assert!(address("10.0.0", false).is_some() && address("a", false).is_some());
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
