//! Indices of pods: `1,3-5`.

/// Counts the indices that a text names, out of `0` to `completions - 1`; or says what is wrong with it.
pub(super) fn count(text: &str, completions: i64) -> Result<i64, String> {
    let (mut total, mut last) = (0, None);
    if text.is_empty() {
        return Ok(0);
    }
    let number = |text: &str| {
        let number = text.parse::<i64>().map_err(|_| format!("`{text}` is no number"))?;
        if number >= completions {
            return Err(format!("there are indices up to {}, and not {number}", completions - 1));
        }
        Ok(number)
    };
    for interval in text.split(',') {
        let (first, end) = match interval.split_once('-') {
            Some((_, end)) if end.contains('-') => return Err(format!("`{interval}` has more than one `-`")),
            Some((first, end)) => (number(first)?, number(end)?),
            None => (number(interval)?, number(interval)?),
        };
        if last.is_some_and(|last| last >= first) || (interval.contains('-') && first >= end) {
            return Err(format!("`{interval}` does not rise"));
        }
        total += end - first + 1;
        last = Some(end);
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::count;

    #[test]
    fn indices_rise_and_exist() {
        assert_eq!(count("", 5), Ok(0));
        assert_eq!(count("0,2-4", 5), Ok(4));
        for bad in ["5", "a", "1-2-3", "2-1", "2-2", "1,1", "3,1", "1,", "0-5"] {
            assert!(count(bad, 5).is_err(), "{bad}");
        }
    }
}
