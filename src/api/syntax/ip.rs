//! Addresses and networks, as the server reads them.

use std::net::IpAddr;

/// An IP address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::api) struct Address {
    /// The address.
    pub(in crate::api) ip: IpAddr,
}

impl Address {
    /// Reads an address as the server has since ever: zeroes before the digits of a part (`010.0.0.1`) are let through.
    pub(in crate::api) fn read(text: &str) -> Option<Self> {
        if let Ok(ip) = text.parse() {
            return Some(Self { ip });
        }
        Some(Self { ip: without_zeroes(text)?.parse().ok()? })
    }

    /// Tells whether the text is the only way to write the address that newer APIs take.
    pub(in crate::api) fn is_canonical(self, text: &str) -> bool {
        self.ip.to_string() == text && !is_mapped(self.ip)
    }
}

/// A network: `10.0.0.0/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::api) struct Network {
    /// The address as written, with whatever bits behind the prefix.
    pub(in crate::api) ip: IpAddr,
    /// How many bits name the network.
    pub(in crate::api) prefix: u8,
}

impl Network {
    /// Reads a network as the server has since ever.
    pub(in crate::api) fn read(text: &str) -> Option<Self> {
        let (address, prefix) = text.split_once('/')?;
        let Address { ip } = Address::read(address)?;
        let digits = !prefix.is_empty() && prefix.len() <= 3 && prefix.bytes().all(|byte| byte.is_ascii_digit());
        let prefix: u8 = prefix.parse().ok().filter(|_| digits)?;
        let most = if ip.is_ipv4() { 32 } else { 128 };
        (prefix <= most).then_some(Self { ip, prefix })
    }

    /// Tells whether `other` lies in the network, and has the longer prefix. As in Go, an IPv4 address within IPv6 is that
    /// IPv4 address.
    pub(in crate::api) fn strictly_holds(self, other: Self) -> bool {
        let (own, others) = (self.ip.to_canonical(), other.ip.to_canonical());
        let prefix = if is_mapped(self.ip) { self.prefix.saturating_sub(96) } else { self.prefix };
        own.is_ipv4() == others.is_ipv4() && other.prefix > self.prefix && masked(own, prefix) == masked(others, prefix)
    }

    /// Tells whether bits behind the prefix are set.
    pub(in crate::api) fn has_host_bits(self) -> bool {
        let (bits, masked) = (masked(self.ip, 128), masked(self.ip, self.prefix));
        bits != masked
    }

    /// Tells whether the text is the only way to write the network that newer APIs take.
    pub(in crate::api) fn is_canonical(self, text: &str) -> bool {
        format!("{}/{}", self.ip, self.prefix) == text && !self.has_host_bits() && !is_mapped(self.ip)
    }
}

/// An address's bits, those behind a prefix set to zero; IPv4 stands in the upper bits.
fn masked(ip: IpAddr, prefix: u8) -> u128 {
    let bits = match ip {
        IpAddr::V4(four) => u128::from(four.to_bits()) << 96,
        IpAddr::V6(six) => six.to_bits(),
    };
    match prefix {
        0 => 0,
        prefix => bits & (u128::MAX << (128 - u32::from(prefix.min(128)))),
    }
}

fn is_mapped(ip: IpAddr) -> bool {
    matches!(ip, IpAddr::V6(six) if six.to_ipv4_mapped().is_some())
}

fn without_zeroes(text: &str) -> Option<String> {
    let parts: Vec<&str> = text.split('.').collect();
    let digits = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    (parts.len() == 4 && parts.iter().all(digits)).then(|| {
        let stripped = parts.iter().map(|part| match part.trim_start_matches('0') {
            "" => "0",
            rest => rest,
        });
        stripped.collect::<Vec<_>>().join(".")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_networks_are_read_as_the_server_reads_them() {
        for good in ["10.0.0.1", "::1", "010.0.0.1", "::ffff:1.2.3.4"] {
            assert!(Address::read(good).is_some(), "{good}");
        }
        for bad in ["", "10.0.0", "10.0.0.256", "a", "10.0.0.1/8", ":::"] {
            assert!(Address::read(bad).is_none(), "{bad}");
        }
        let net = |text: &str| Network::read(text).expect("is a network");
        assert!(net("10.0.0.0/8").strictly_holds(net("10.1.0.0/16")));
        assert!(!net("10.0.0.0/8").strictly_holds(net("10.0.0.0/8")));
        assert!(!net("10.0.0.0/8").strictly_holds(net("11.0.0.0/16")));
        assert!(!net("::/0").strictly_holds(net("10.0.0.0/8")));
        assert!(net("10.0.0.1/8").has_host_bits() && !net("::/0").has_host_bits());
        assert!(net("10.0.0.0/8").is_canonical("10.0.0.0/8") && !net("10.0.0.1/8").is_canonical("10.0.0.1/8"));
        for bad in ["10.0.0.0", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/+8", "10.0.0.0/-1"] {
            assert!(Network::read(bad).is_none(), "{bad}");
        }
    }
}
