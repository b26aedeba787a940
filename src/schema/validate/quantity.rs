//! Quantities: amounts of cpu, memory, storage.

/// The endings of powers of ten and of two. Source: `suffix.go` of apimachinery's `resource` package.
const SUFFIXES: [&str; 16] = ["", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

/// Tells whether the server reads a text as a quantity; blanks around it do not matter, but escaped ones do.
pub(in crate::schema) fn is_quantity(text: &str) -> bool {
    let text = text.trim_matches(' ');
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (number, suffix) = unsigned.split_at(number_length(unsigned));
    number.bytes().any(|byte| byte.is_ascii_digit()) && (SUFFIXES.contains(&suffix) || is_exponent(suffix))
}

/// Says what to write instead of a text that is no quantity.
pub(super) fn advice(text: &str) -> String {
    let compact: String = text.split_whitespace().collect();
    let (number, suffix) = compact.split_at(number_length(&compact));
    let lower = suffix.to_ascii_lowercase();
    let byte_unit =
        lower.strip_suffix("bytes").or_else(|| lower.strip_suffix("byte")).or_else(|| lower.strip_suffix('b'));
    let unit = byte_unit.unwrap_or(&lower);
    let cpu = ["cpu", "cpus", "core", "cores", "vcpu", "vcpus"].contains(&lower.as_str());
    if number.is_empty() || number == "." {
        return "write a number and a suffix: `500m`, `2`, `128Mi`, `1Gi`".to_owned();
    }
    let prefix =
        |unit: &str| SUFFIXES.iter().find(|known| known.eq_ignore_ascii_case(unit) && known.len() == unit.len());
    let candidates: Vec<String> = match unit {
        _ if cpu => vec![number.to_owned()],
        "" => vec![number.to_owned()],
        "k" | "m" | "g" | "t" | "p" | "e" if byte_unit.is_some() || suffix != "m" => {
            let letter = unit.to_ascii_uppercase();
            let ten = if letter == "K" { "k".to_owned() } else { letter.clone() };
            vec![format!("{number}{ten}"), format!("{number}{letter}i")]
        }
        "milli" | "millis" | "millicores" | "millicore" | "mcpu" => vec![format!("{number}m")],
        _ => prefix(unit).map(|known| format!("{number}{known}")).into_iter().collect(),
    };
    match candidates.as_slice() {
        [one] if is_quantity(one) => format!("write `{one}`"),
        [ten, two] if is_quantity(ten) => format!("write `{two}` (powers of 1024) or `{ten}` (powers of 1000)"),
        _ => {
            "suffixes are `m`, `k`, `M`, `G`, `T`, `P`, `E` and `Ki`, `Mi`, `Gi`, `Ti`, `Pi`, `Ei`, or none".to_owned()
        }
    }
}

/// The length of a number at the front of a text: digits with at most one point.
fn number_length(text: &str) -> usize {
    let mut point = false;
    text.bytes()
        .take_while(|byte| byte.is_ascii_digit() || (*byte == b'.' && !std::mem::replace(&mut point, true)))
        .count()
}

fn is_exponent(suffix: &str) -> bool {
    let Some(exponent) = suffix.strip_prefix(['e', 'E']) else { return false };
    let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::{advice, is_quantity};

    #[test]
    fn quantities_read_as_the_server_reads_them() {
        for good in [
            "0",
            "1",
            "500m",
            "0.5",
            ".5",
            "1.",
            "1Gi",
            "1.5Gi",
            "128974848",
            "129e6",
            "1E3",
            "1E",
            "2k",
            "-1",
            "+3M",
            "5e-3",
            "100n",
        ] {
            assert!(is_quantity(good), "{good}");
        }
        for bad in ["", "1GB", "512MB", "1 Gi", "0.5 CPU", "1K", "1gi", "Gi", ".", "1.2.3", "1e", "100%", "1mi", "1kI"]
        {
            assert!(!is_quantity(bad), "{bad}");
        }
    }

    #[test]
    fn advice_names_the_amount_that_was_meant() {
        for (bad, good) in [
            ("1GB", "write `1Gi` (powers of 1024) or `1G` (powers of 1000)"),
            ("512MB", "write `512Mi` (powers of 1024) or `512M` (powers of 1000)"),
            ("64K", "write `64Ki` (powers of 1024) or `64k` (powers of 1000)"),
            ("0.5 CPU", "write `0.5`"),
            ("100 m", "write `100m`"),
            ("1gi", "write `1Gi`"),
            ("256MiB", "write `256Mi`"),
        ] {
            assert_eq!(advice(bad), good, "{bad}");
        }
        assert!(advice("lots").contains("write a number"));
        assert!(advice("50%").contains("suffixes"));
    }
}
