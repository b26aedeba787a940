//! Kubernetes versions.

use std::fmt;

/// A minor release of Kubernetes: `1.33`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Version {
    /// The number before the dot.
    pub major: u8,
    /// The number behind it.
    pub minor: u8,
}

impl Version {
    /// The versions whose schemas are built in, oldest first.
    pub const ALL: &'static [Self] = &[
        Self::v1(29),
        Self::v1(30),
        Self::v1(31),
        Self::v1(32),
        Self::v1(33),
        Self::v1(34),
        Self::v1(35),
        Self::v1(36),
        Self::LATEST,
    ];

    /// The newest version whose schemas are built in.
    pub const LATEST: Self = Self::v1(37);

    pub(super) const fn v1(minor: u8) -> Self {
        Self { major: 1, minor }
    }

    /// Reads `1.33`, `v1.33` or `v1.33.4`, whether its schemas are built in or not.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix('v').unwrap_or(text).splitn(3, '.');
        let (major, minor) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        Some(Self { major, minor })
    }

    /// Tells whether the version's schemas are built in.
    pub fn is_known(self) -> bool {
        Self::ALL.contains(&self)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_and_ordered() {
        assert_eq!(Version::parse("1.33"), Some(Version::v1(33)));
        assert_eq!(Version::parse("v1.34.2"), Some(Version::v1(34)));
        assert_eq!(Version::parse("latest"), None);
        assert!(Version::v1(9) < Version::v1(33));
        assert!(Version::LATEST.is_known() && !Version::v1(9).is_known());
    }
}
