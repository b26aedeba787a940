//! Time zones.

/// The names of the IANA time zone database, a line each, sorted.
static NAMES: &str = include_str!("../../../schemas/time-zones.txt");

/// A time zone that the server can load: `Europe/Rome`.
pub(in crate::api) fn time_zone(text: &str) -> Option<String> {
    if text.is_empty() {
        return Some("is empty".to_owned());
    }
    if text.eq_ignore_ascii_case("local") {
        return Some("must name a time zone: the server's own is not meant".to_owned());
    }
    // Some servers have each zone twice more, with and without leap seconds.
    let plain = text.strip_prefix("posix/").or_else(|| text.strip_prefix("right/")).unwrap_or(text);
    if NAMES.lines().any(|name| name == plain) {
        return None;
    }
    let near = NAMES.lines().find(|name| name.eq_ignore_ascii_case(text));
    let near = near.or_else(|| crate::diagnostic::nearest(text, NAMES.lines()));
    let hint = near.map(|near| format!(": did you mean `{near}`?")).unwrap_or_default();
    Some(format!("is no time zone of the IANA database{hint}"))
}

#[cfg(test)]
mod tests {
    use super::time_zone;

    #[test]
    fn zones_are_those_of_the_database() {
        assert_eq!(time_zone("Europe/Rome"), None);
        assert_eq!(time_zone("UTC"), None);
        let problem = time_zone("Europe/Roma").expect("there is none");
        assert_eq!(problem, "is no time zone of the IANA database: did you mean `Europe/Rome`?");
        assert!(time_zone("Local").is_some() && time_zone("").is_some());
    }
}
