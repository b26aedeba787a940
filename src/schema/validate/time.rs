//! Times.

/// Tells whether a text is an RFC 3339 time, as Go parses it.
pub(super) fn is_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    let number = |from: usize, to: usize| -> Option<u32> {
        let digits = bytes.get(from..to)?;
        digits
            .iter()
            .all(u8::is_ascii_digit)
            .then(|| digits.iter().fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0')))
    };
    let is = |at: usize, wanted: u8| bytes.get(at) == Some(&wanted);
    let within = |from, to, range: std::ops::RangeInclusive<u32>| number(from, to).is_some_and(|n| range.contains(&n));
    let date = number(0, 4).is_some() && is(4, b'-') && within(5, 7, 1..=12) && is(7, b'-') && within(8, 10, 1..=31);
    let clock = is(10, b'T') && within(11, 13, 0..=23) && is(13, b':') && within(14, 16, 0..=59);
    let seconds = is(16, b':') && within(17, 19, 0..=59);
    if !(date && clock && seconds) {
        return false;
    }
    let rest = &text[19..];
    let zone = match rest.strip_prefix('.') {
        None => rest,
        Some(fraction) => {
            let zone = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
            if zone.len() == fraction.len() {
                return false;
            }
            zone
        }
    };
    let offset = zone.len() == 6 && zone.starts_with(['+', '-']) && {
        let at = text.len() - 5;
        within(at, at + 2, 0..=23) && is(at + 2, b':') && within(at + 3, at + 5, 0..=59)
    };
    zone == "Z" || offset
}

/// Tells whether a text is a time with exactly six digits behind the second, which is all that Go takes for one.
pub(super) fn is_micro_time(text: &str) -> bool {
    let fraction = text.split_once('.').map_or("", |(_, fraction)| fraction);
    is_time(text) && fraction.bytes().take_while(u8::is_ascii_digit).count() == 6
}

#[cfg(test)]
mod tests {
    use super::{is_micro_time, is_time};

    #[test]
    fn times_have_a_date_a_clock_and_a_zone() {
        for good in ["2026-11-21T00:37:40Z", "2026-11-21T00:37:40.123456Z", "2026-11-21T00:37:40+01:00"] {
            assert!(is_time(good), "{good}");
        }
        assert!(is_micro_time("2026-11-21T00:37:40.123456Z"));
        assert!(!is_micro_time("2026-11-21T00:37:40Z") && !is_micro_time("2026-11-21T00:37:40.123Z"));
        for bad in [
            "2026-11-21",
            "2026-11-21 00:37:40",
            "2026-13-21T00:37:40Z",
            "2026-11-21T00:37:40",
            "now",
            "é2026-11-21T00:37é",
        ] {
            assert!(!is_time(bad), "{bad}");
        }
    }
}
