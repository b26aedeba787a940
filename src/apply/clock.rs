//! Times as the API writes them. The server's clock is the only one: this stage has none.

use k8s_openapi::jiff::Timestamp;
use k8s_openapi::jiff::fmt::rfc2822;

/// Reads a time of the API's, `2026-11-26T09:00:00Z`, as seconds since 1970.
pub(super) fn seconds(text: &str) -> Option<i64> {
    text.parse::<Timestamp>().ok().map(Timestamp::as_second)
}

/// Reads the header `Date` of an answer as seconds since 1970.
pub(super) fn header(text: &str) -> Option<i64> {
    rfc2822::parse(text).ok().map(|time| time.timestamp().as_second())
}

/// Writes seconds since 1970 as the API does.
pub(super) fn write(seconds: i64) -> String {
    Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH).to_string()
}

/// Writes seconds since 1970 as leases need them, with microseconds.
pub(super) fn write_micro(seconds: i64) -> String {
    write(seconds).replace('Z', ".000000Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_written() {
        assert_eq!(header("Thu, 26 Nov 2026 09:40:00 GMT"), seconds("2026-11-26T09:40:00Z"));
        assert_eq!(write(0), "1970-01-01T00:00:00Z");
        assert_eq!(write_micro(0), "1970-01-01T00:00:00.000000Z");
        assert_eq!(seconds(&write_micro(5)), Some(5));
        assert_eq!(seconds("yesterday"), None);
    }
}
