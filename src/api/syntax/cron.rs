//! Schedules of CronJobs: five fields, or a word behind `@`.

/// A field's name, its bounds, and the names of its numbers from the least on.
type Field = (&'static str, u32, u32, &'static [&'static str]);

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const FIELDS: [Field; 5] = [
    ("minute", 0, 59, &[]),
    ("hour", 0, 23, &[]),
    ("day of the month", 1, 31, &[]),
    ("month", 1, 12, &MONTHS),
    ("day of the week", 0, 6, &DAYS),
];
const WORDS: [&str; 7] = ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];

/// A schedule that the server reads: `*/5 8-17 * * mon-fri`, `@daily`, `@every 1h30m`.
pub(in crate::api) fn schedule(text: &str) -> Option<String> {
    if let Some(word) = text.strip_prefix('@') {
        let every = word.strip_prefix("every ").is_some_and(is_duration);
        let known = every || WORDS.contains(&text);
        return (!known)
            .then(|| format!("the words are {} and `@every 1h30m`", WORDS.map(|w| format!("`{w}`")).join(", ")));
    }
    let fields: Vec<&str> = text.split_whitespace().collect();
    if fields.len() != FIELDS.len() {
        return Some(format!(
            "has {} fields, and must have 5: minute, hour, day of the month, month, day of the week",
            fields.len()
        ));
    }
    fields
        .iter()
        .zip(&FIELDS)
        .find_map(|(text, field)| text.split(',').filter(|part| !part.is_empty()).find_map(|part| range(part, field)))
}

/// Says what is wrong with one range of a field: `5`, `1-5`, `*/2`, `1-10/2`.
fn range(text: &str, (name, least, most, words): &Field) -> Option<String> {
    let mut halves = text.split('/');
    let (span, step) = (halves.next().unwrap_or_default(), halves.next());
    if halves.next().is_some() {
        return Some(format!("its {name} `{text}` has more than one `/`"));
    }
    let number = |part: &str| {
        let named = words.iter().zip(*least..).find(|(word, _)| word.eq_ignore_ascii_case(part)).map(|(_, n)| n);
        named.or_else(|| part.parse::<u32>().ok())
    };
    let unreadable = |part: &str| Some(format!("its {name} has `{part}`, which is no number"));
    let mut ends = span.split('-');
    let (first, last) = (ends.next().unwrap_or_default(), ends.next());
    let every = first == "*" || first == "?";
    let (start, end) = if every {
        (*least, *most)
    } else {
        if ends.next().is_some() {
            return Some(format!("its {name} `{text}` has more than one `-`"));
        }
        let Some(start) = number(first) else { return unreadable(first) };
        match last {
            None => (start, if step.is_some() { *most } else { start }),
            Some(last) => match number(last) {
                Some(end) => (start, end),
                None => return unreadable(last),
            },
        }
    };
    if let Some(step) = step {
        match step.parse::<u32>() {
            Ok(0) => return Some(format!("its {name} goes by steps of 0")),
            Ok(_) => {}
            Err(_) => return unreadable(step),
        }
    }
    if start < *least || end > *most {
        return Some(format!("its {name} `{text}` lies outside {least} to {most}"));
    }
    (start > end).then(|| format!("its {name} `{text}` ends before it begins"))
}

/// Tells whether Go reads a text as a duration: `1h30m`, `1.5s`.
fn is_duration(text: &str) -> bool {
    let mut rest = text.strip_prefix(['+', '-']).unwrap_or(text);
    if rest == "0" {
        return true;
    }
    if rest.is_empty() {
        return false;
    }
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
        let (number, tail) = rest.split_at(digits);
        if number.matches('.').count() > 1 || !number.bytes().any(|byte| byte.is_ascii_digit()) {
            return false;
        }
        let units = ["ns", "us", "µs", "μs", "ms", "s", "m", "h"];
        let Some(unit) = units.iter().filter(|unit| tail.starts_with(**unit)).max_by_key(|unit| unit.len()) else {
            return false;
        };
        rest = &tail[unit.len()..];
    }
    true
}

#[cfg(test)]
mod tests {
    use super::schedule;

    #[test]
    fn schedules_are_read_as_the_server_reads_them() {
        for good in [
            "* * * * *",
            "*/5 8-17 1,15 jan-MAR sun",
            "@daily",
            "@every 1h30m",
            "5/15 * ? * *",
            "0 0 31 12 6",
            " 0 0 1 1 0 ",
        ] {
            assert_eq!(schedule(good), None, "{good}");
        }
        for (bad, says) in [
            ("", "has 0 fields, and must have 5: minute, hour, day of the month, month, day of the week"),
            ("* * * * * *", "has 6 fields, and must have 5: minute, hour, day of the month, month, day of the week"),
            ("60 * * * *", "its minute `60` lies outside 0 to 59"),
            ("* * 0 * *", "its day of the month `0` lies outside 1 to 31"),
            ("* * * * 7", "its day of the week `7` lies outside 0 to 6"),
            ("*/0 * * * *", "its minute goes by steps of 0"),
            ("5-1 * * * *", "its minute `5-1` ends before it begins"),
            ("a * * * *", "its minute has `a`, which is no number"),
        ] {
            assert_eq!(schedule(bad).as_deref(), Some(says), "{bad}");
        }
        assert!(schedule("@reboot").is_some() && schedule("@every five").is_some());
    }
}
