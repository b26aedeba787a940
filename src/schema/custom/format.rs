//! Formats of texts, as the server checks them.
//!
//! Source: apiextensions' `validation/formats.go` names those that are checked, kube-openapi's `strfmt` how. Formats that
//! nobody writes (credit cards, ISBNs) are taken as they come.

use super::super::version::Version;
use regex::Regex;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

/// A format that texts are checked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Uri,
    Email,
    Hostname,
    Ipv4,
    Ipv6,
    Cidr,
    Mac,
    /// With the digit that tells the version, where it matters.
    Uuid(Option<u8>),
    ObjectId,
    Ssn,
    HexColour,
    RgbColour,
    Byte,
    Date,
    DateTime,
    Duration,
    ShortName,
    LongName,
}

impl Format {
    /// Reads a format's name, which may have dashes anywhere. None where texts are not checked for it.
    pub(super) fn read(name: &str) -> Option<Self> {
        Some(match name.replace('-', "").as_str() {
            "uri" => Self::Uri,
            "email" => Self::Email,
            "hostname" => Self::Hostname,
            "ipv4" => Self::Ipv4,
            "ipv6" => Self::Ipv6,
            "cidr" => Self::Cidr,
            "mac" => Self::Mac,
            "uuid" => Self::Uuid(None),
            "uuid3" => Self::Uuid(Some(b'3')),
            "uuid4" => Self::Uuid(Some(b'4')),
            "uuid5" => Self::Uuid(Some(b'5')),
            "bsonobjectid" => Self::ObjectId,
            "ssn" => Self::Ssn,
            "hexcolor" => Self::HexColour,
            "rgbcolor" => Self::RgbColour,
            "byte" => Self::Byte,
            "date" => Self::Date,
            "datetime" => Self::DateTime,
            "duration" => Self::Duration,
            "k8sshortname" => Self::ShortName,
            "k8slongname" => Self::LongName,
            _ => return None,
        })
    }

    /// Tells whether a server knows a format's name.
    fn is_known(name: &str) -> bool {
        let more = ["isbn", "isbn10", "isbn13", "creditcard", "password"];
        Self::read(name).is_some() || more.contains(&name.replace('-', "").as_str())
    }

    /// Names it with its article.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Uri => "a URI",
            Self::Email => "an e-mail address",
            Self::Hostname => "a host name",
            Self::Ipv4 => "an IPv4 address",
            Self::Ipv6 => "an IPv6 address",
            Self::Cidr => "a network in CIDR notation",
            Self::Mac => "a MAC address",
            Self::Uuid(_) => "a UUID",
            Self::ObjectId => "an object id",
            Self::Ssn => "a social security number",
            Self::HexColour => "a hexadecimal colour",
            Self::RgbColour => "an RGB colour",
            Self::Byte => "base64",
            Self::Date => "a date",
            Self::DateTime => "an RFC 3339 time",
            Self::Duration => "a duration",
            Self::ShortName => "a DNS label",
            Self::LongName => "a DNS subdomain",
        }
    }

    /// Gives a text that has it.
    pub(super) fn example(self) -> Option<&'static str> {
        Some(match self {
            Self::Uri => "https://example.com/path",
            Self::Email => "name@example.com",
            Self::Hostname => "www.example.com",
            Self::Ipv4 => "192.0.2.1",
            Self::Ipv6 => "2001:db8::1",
            Self::Cidr => "192.0.2.0/24",
            Self::Date => "2026-11-21",
            Self::DateTime => "2026-11-21T00:00:00Z",
            Self::Duration => "1h30m",
            _ => return None,
        })
    }

    /// Tells whether a text has it, to a server of a version.
    pub(super) fn fits(self, text: &str, version: Version) -> bool {
        match self {
            Self::Uri => is_request_uri(text),
            Self::Email => is_address(text),
            Self::Hostname => {
                HOSTNAME.is_match(text) && text.len() <= 255 && text.split('.').all(|part| part.len() <= 63)
            }
            Self::Ipv4 => is_ipv4(text) || (text.contains('.') && text.parse::<Ipv6Addr>().is_ok()),
            Self::Ipv6 => text.parse::<Ipv6Addr>().is_ok(),
            Self::Cidr => text.split_once('/').is_some_and(|(address, length)| {
                let most = if is_ipv4(address) { 32 } else { 128 };
                let is_address = most == 32 || address.parse::<Ipv6Addr>().is_ok();
                is_address
                    && length.bytes().all(|byte| byte.is_ascii_digit())
                    && length.parse().is_ok_and(|n: u32| n <= most)
            }),
            Self::Mac => is_mac(text),
            Self::Uuid(version) => is_uuid(text, version),
            Self::ObjectId => text.len() == 24 && text.bytes().all(|byte| byte.is_ascii_hexdigit()),
            Self::Ssn => SSN.is_match(text),
            Self::HexColour => {
                let digits = text.strip_prefix('#').unwrap_or(text);
                [3, 6].contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
            }
            Self::RgbColour => RGB.is_match(text),
            Self::Byte => is_base64(text),
            Self::Date => is_date(text),
            Self::DateTime => is_date_time(text),
            Self::Duration => nanoseconds(text).is_some(),
            Self::ShortName => version < Version::v1(34) || (text.len() <= 63 && is_label(text)),
            Self::LongName => version < Version::v1(34) || (text.len() <= 253 && text.split('.').all(is_label)),
        }
    }
}

/// Tells whether a server checks texts for a format; of others it warns when the definition is created.
pub fn is_known_format(name: &str) -> bool {
    Format::is_known(name)
}

static HOSTNAME: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"^([a-zA-Z0-9\p{S}\p{L}]((-?[a-zA-Z0-9\p{S}\p{L}]{0,62})?)|([a-zA-Z0-9\p{S}\p{L}](([a-zA-Z0-9\-\p{S}\p{L}]{0,61}[a-zA-Z0-9\p{S}\p{L}])?)(\.)){1,}([a-zA-Z\p{L}]){2,63})$",
    )
});
static SSN: LazyLock<Regex> = LazyLock::new(|| regex("^[0-9]{3}[- ]?[0-9]{2}[- ]?[0-9]{4}$"));
static RGB: LazyLock<Regex> = LazyLock::new(|| {
    let part = r"\s*(0|[1-9][0-9]?|1[0-9][0-9]?|2[0-4][0-9]|25[0-5])\s*";
    regex(&format!(r"^rgb\({part},{part},{part}\)$"))
});

#[expect(clippy::expect_used, reason = "a constant, compiled by a test")]
fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is well formed")
}

/// As Go's `net/url` parses what an HTTP request may ask for: with a scheme, or a path from `/` on.
fn is_request_uri(text: &str) -> bool {
    if text.is_empty() || text.bytes().any(|byte| byte < 0x20 || byte == 0x7F) {
        return false;
    }
    if text == "*" {
        return true;
    }
    let is_scheme = |scheme: &str| {
        scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    };
    let (scheme, rest) = match text.split_once(':') {
        Some(("", _)) => return false,
        Some((scheme, rest)) if is_scheme(scheme) => (scheme, rest),
        _ => ("", text),
    };
    let rest = rest.split('?').next().unwrap_or_default();
    if !rest.starts_with('/') {
        return !scheme.is_empty();
    }
    let path = match rest.strip_prefix("//") {
        Some(behind) if !scheme.is_empty() => {
            let (authority, path) = behind.split_at(behind.find('/').unwrap_or(behind.len()));
            if !is_authority(authority) {
                return false;
            }
            path
        }
        _ => rest,
    };
    has_good_escapes(path)
}

fn is_authority(authority: &str) -> bool {
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let port = match host.strip_prefix('[') {
        Some(inner) => match inner.split_once(']') {
            Some((_, port)) => port,
            None => return false,
        },
        None => host.rfind(':').map_or("", |at| &host[at..]),
    };
    let good_port =
        port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit()));
    good_port && !host.contains([' ', '<', '>', '"', '\\', '^', '`', '{', '|', '}']) && has_good_escapes(host)
}

fn has_good_escapes(text: &str) -> bool {
    let is_hex = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_hexdigit);
    let bytes = text.as_bytes();
    bytes.iter().enumerate().all(|(at, byte)| *byte != b'%' || (is_hex(bytes.get(at + 1)) && is_hex(bytes.get(at + 2))))
}

/// As Go's `net/mail` parses an address. What has quotes, comments or brackets is taken as it comes.
fn is_address(text: &str) -> bool {
    if text.contains(['"', '<', '(', '\\', '[']) {
        return text.contains('@');
    }
    let is_atom = |text: &str| {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || !c.is_ascii();
        text.split('.').all(|part| !part.is_empty() && part.chars().all(allowed))
    };
    text.trim_matches([' ', '\t']).split_once('@').is_some_and(|(local, domain)| is_atom(local) && is_atom(domain))
}

/// Leading zeros are tolerated.
fn is_ipv4(text: &str) -> bool {
    let octet = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()) && part.parse().is_ok_and(|n: u32| n <= 255)
    };
    text.parse::<Ipv4Addr>().is_ok() || (text.split('.').count() == 4 && text.split('.').all(octet))
}

fn is_mac(text: &str) -> bool {
    let hex = |part: &str, length: usize| part.len() == length && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    let of = |mark: char, length: usize| {
        let bytes = text.split(mark).count() * length / 2;
        [6, 8, 20].contains(&bytes) && text.split(mark).all(|part| hex(part, length))
    };
    of(':', 2) || of('-', 2) || of('.', 4)
}

fn is_uuid(text: &str, version: Option<u8>) -> bool {
    let mut digits = [0; 32];
    let mut rest = text;
    let mut at = 0;
    for length in [8, 4, 4, 4, 12] {
        if at > 0 {
            rest = rest.strip_prefix('-').unwrap_or(rest);
        }
        let Some(group) = rest.as_bytes().get(..length) else { return false };
        if !group.iter().all(u8::is_ascii_hexdigit) {
            return false;
        }
        digits[at..at + length].copy_from_slice(group);
        at += length;
        rest = rest.get(length..).unwrap_or_default();
    }
    let variant = || b"89abAB".contains(&digits[16]);
    rest.is_empty() && version.is_none_or(|version| digits[12] == version && (version == b'3' || variant()))
}

/// Never empty, the padding whole, no line breaks: stricter than the decoder.
fn is_base64(text: &str) -> bool {
    let padding = text.len() - text.trim_end_matches('=').len();
    !text.is_empty()
        && text.len().is_multiple_of(4)
        && padding <= 2
        && text[..text.len() - padding].bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/".contains(&byte))
}

fn is_date(text: &str) -> bool {
    let number = |from: usize, to: usize| -> Option<u32> {
        let digits = text.get(from..to)?;
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
    };
    let (Some(year), Some(month), Some(day)) = (number(0, 4), number(5, 7), number(8, 10)) else { return false };
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    let marks = [4, 7].iter().all(|at| text.as_bytes().get(*at) == Some(&b'-'));
    text.len() == 10 && marks && (1..=12).contains(&month) && (1..=days).contains(&day)
}

/// Laxer than RFC 3339: any character may stand before the fraction.
fn is_date_time(text: &str) -> bool {
    let lower = text.to_lowercase();
    let mut parts = lower.split('t');
    let (Some(date), Some(clock)) = (parts.next(), parts.next()) else { return false };
    let two = |from: usize| -> Option<u32> {
        let digits = clock.get(from..from + 2)?;
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
    };
    let colon = |at: usize| clock.as_bytes().get(at) == Some(&b':');
    let (Some(hour), Some(minute), Some(second)) = (two(0), two(3), two(6)) else { return false };
    let in_range = hour <= 23 && minute <= 59 && second <= 59 && colon(2) && colon(5);
    let behind = clock.get(8..).unwrap_or_default();
    let is_zone = |zone: &str| {
        let bytes = zone.as_bytes();
        let digits = |range: std::ops::Range<usize>| {
            bytes.get(range).is_some_and(|digits| digits.iter().all(u8::is_ascii_digit))
        };
        zone == "z"
            || (bytes.len() == 6 && b"+-".contains(&bytes[0]) && digits(1..3) && bytes[3] == b':' && digits(4..6))
    };
    let mut after_mark = behind.chars();
    after_mark.next();
    let fraction = after_mark.as_str();
    let zone = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
    let with_fraction = zone.len() < fraction.len() && is_zone(zone);
    is_date(date) && in_range && (is_zone(behind) || with_fraction)
}

fn is_label(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty() && !text.starts_with('-') && !text.ends_with('-') && text.bytes().all(inner)
}

/// Reads a duration: as Go does (`1h30m`), else by whole numbers and units anywhere in the text (`3 days`).
pub(super) fn nanoseconds(text: &str) -> Option<i64> {
    go_duration(text).or_else(|| loose_duration(text))
}

fn go_duration(text: &str) -> Option<i64> {
    const UNITS: [(&str, f64); 8] =
        [("ns", 1.0), ("us", 1e3), ("µs", 1e3), ("μs", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 6e10), ("h", 3.6e12)];
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0);
    }
    let mut total: f64 = 0.0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, behind) = rest.split_at(end);
        let number: f64 = number.parse().ok()?;
        let unit_end = behind.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(behind.len());
        let (unit, behind) = behind.split_at(unit_end);
        total += number * UNITS.iter().find(|(name, _)| *name == unit)?.1;
        rest = behind;
    }
    #[expect(clippy::cast_precision_loss, reason = "the bound only has to be near")]
    let fits = total < i64::MAX as f64;
    fits.then_some(if negative { -total as i64 } else { total as i64 })
}

fn loose_duration(text: &str) -> Option<i64> {
    const UNITS: [(&[&str], i64); 8] = [
        (&["ns", "nano"], 1),
        (&["us", "µs", "micro"], 1_000),
        (&["ms", "milli"], 1_000_000),
        (&["s", "sec"], 1_000_000_000),
        (&["m", "min"], 60_000_000_000),
        (&["h", "hr", "hour"], 3_600_000_000_000),
        (&["d", "day"], 86_400_000_000_000),
        (&["w", "wk", "week"], 604_800_000_000_000),
    ];
    let mut total: Option<i64> = None;
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        rest = &rest[start..];
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (digits, behind) = rest.split_at(end);
        let behind = behind.trim_start_matches([' ', '\t', '\n', '\r', '\u{c}']);
        let unit_end = behind.find(|c: char| !c.is_ascii_alphabetic() && c != 'µ').unwrap_or(behind.len());
        let (unit, behind) = behind.split_at(unit_end);
        rest = behind;
        let unit = unit.to_lowercase();
        let fits = |names: &[&str]| {
            names.contains(&unit.as_str()) || names.last().is_some_and(|longest| unit.starts_with(longest))
        };
        if let Some((_, length)) = UNITS.iter().find(|(names, _)| !unit.is_empty() && fits(names)) {
            let count: i64 = digits.parse().ok()?;
            total = Some(total.unwrap_or_default().saturating_add(count.saturating_mul(*length)));
        }
    }
    total
}

#[cfg(test)]
mod tests {
    use super::{Format, nanoseconds};
    use crate::schema::Version;

    #[test]
    fn formats_are_those_of_the_server() {
        for (name, good, bad) in [
            ("uri", "https://a.b/c?d http:opaque /path urn:x:y", "a.b :x http://a^b/ /%zz http://a:b/"),
            ("email", "a@b a.b+c@example.com", "a a@ @b a..b@c a@b@c $(X)"),
            ("hostname", "a example.com A1.b-c.de localhost 1a", "a_b -a a..b a. a.1"),
            ("ipv4", "1.2.3.4 01.002.3.4 ::ffff:1.2.3.4", "1.2.3 1.2.3.256 ::1"),
            ("ipv6", "::1 2001:db8::1", "1.2.3.4 :::"),
            ("cidr", "10.0.0.0/8 ::/0 10.0.0.7/8", "10.0.0.0 10.0.0.0/33 a/8 1.2.3.4/"),
            ("mac", "01:23:45:67:89:ab 0123.4567.89ab 01-23-45-67-89-AB", "01:23 zz:23:45:67:89:ab"),
            (
                "uuid",
                "7F3B2c1e-5a4d-4e6f-9a8b-0c1d2e3f4a5b 7f3b2c1e5a4d4e6f9a8b0c1d2e3f4a5b",
                "7f3b2c1e 7g3b2c1e-5a4d-4e6f-9a8b-0c1d2e3f4a5b",
            ),
            ("uuid4", "7f3b2c1e-5a4d-4e6f-9a8b-0c1d2e3f4a5b", "7f3b2c1e-5a4d-3e6f-9a8b-0c1d2e3f4a5b"),
            ("byte", "YQ== YWI= YWJj", "YQ YQ= a_b="),
            ("date", "2024-02-29", "2023-02-29 2023-13-01 2023-1-1 2023-01-01T00:00:00Z"),
            (
                "date-time",
                "2026-01-01T00:00:00Z 2026-01-01t00:00:00.5+01:00",
                "2026-01-01 2026-01-01T24:00:00Z 2026-01-01T00:00:00",
            ),
            ("duration", "1h30m 0 1.5s -2m 3d 2weeks 1µs", "h 1 1x"),
            ("k8s-short-name", "a-1", "A -a a.b"),
            ("k8s-long-name", "a.b-c", "A.b .a"),
            ("hexcolor", "#fff 00ff00", "#ff"),
            ("rgbcolor", "rgb(0,255,10)", "rgb(0,256,0) rgb"),
            ("ssn", "123-45-6789", "12-3"),
        ] {
            let format = Format::read(name).unwrap_or_else(|| panic!("{name} is known"));
            good.split(' ').for_each(|text| assert!(format.fits(text, Version::LATEST), "{name} {text}"));
            bad.split(' ').for_each(|text| assert!(!format.fits(text, Version::LATEST), "{name} {text}"));
        }
        assert!(Format::read("int32").is_none() && Format::is_known("password") && !Format::is_known("semver"));
    }

    #[test]
    fn durations_are_counted_in_nanoseconds() {
        for (text, expected) in
            [("1h", 3_600_000_000_000), ("1.5s", 1_500_000_000), ("-1ms", -1_000_000), ("2 d", 172_800_000_000_000)]
        {
            assert_eq!(nanoseconds(text), Some(expected), "{text}");
        }
    }
}
