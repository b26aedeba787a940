//! The value of a quantity, to compare and add.

/// An amount, in billionths: the finest that the server keeps. What is finer is rounded up, what is larger than can be held
/// stands at the bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Amount(i128);

const BILLION: i128 = 1_000_000_000;

/// The bound: a whole number.
const LARGEST: i128 = i128::MAX / BILLION * BILLION;

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// Reads a quantity: `500m`, `1.5Gi`, `1e3`. None where the server reads none.
    pub fn read(text: &str) -> Option<Self> {
        if !super::validate::is_quantity(text) {
            return None;
        }
        let text = text.trim_matches(' ');
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let end = unsigned.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(unsigned.len());
        let (number, suffix) = unsigned.split_at(end);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let digits = format!("{whole}{fraction}");
        let mut value: i128 = digits
            .trim_start_matches('0')
            .parse()
            .unwrap_or(if digits.trim_matches('0').is_empty() { 0 } else { i128::MAX });
        // Of binary suffixes the number is multiplied first; ten's powers only move the point.
        let (factor, ten) = match suffix {
            "Ki" => (1 << 10, 0),
            "Mi" => (1 << 20, 0),
            "Gi" => (1 << 30, 0),
            "Ti" => (1_i128 << 40, 0),
            "Pi" => (1_i128 << 50, 0),
            "Ei" => (1_i128 << 60, 0),
            "n" => (1, -9),
            "u" => (1, -6),
            "m" => (1, -3),
            "k" => (1, 3),
            "M" => (1, 6),
            "G" => (1, 9),
            "T" => (1, 12),
            "P" => (1, 15),
            "E" => (1, 18),
            "" => (1, 0),
            exponent => (1, exponent[1..].parse::<i32>().unwrap_or(if exponent.contains('-') { -999 } else { 999 })),
        };
        value = value.saturating_mul(factor);
        let mut places = ten.saturating_add(9).saturating_sub(i32::try_from(fraction.len()).unwrap_or(i32::MAX));
        while places > 0 && value != 0 && value != i128::MAX {
            value = value.saturating_mul(10);
            places -= 1;
        }
        while places < 0 && value > 1 {
            value = value / 10 + i128::from(value % 10 != 0);
            places += 1;
        }
        let value = value.min(LARGEST);
        Some(Self(if negative { -value } else { value }))
    }

    /// Writes a quantity as the server gives it back: `1k` for `1000`, `1Gi` for `1024Mi`, `500m` for `0.5`. None where it is
    /// larger than any suffix can say.
    pub fn canonical(text: &str) -> Option<String> {
        let Self(amount) = Self::read(text)?;
        if amount == 0 {
            return Some("0".to_owned());
        }
        let whole = amount / BILLION;
        // Small amounts, and what is no whole number, are written by tens.
        if text.ends_with('i') && amount % BILLION == 0 && whole.abs() >= 1024 {
            let (number, times) = without_factors(whole, 1024);
            return ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"].get(times).map(|suffix| format!("{number}{suffix}"));
        }
        let (mut number, times) = without_factors(amount, 10);
        let mut exponent = i32::try_from(times).ok()? - 9;
        while exponent.rem_euclid(3) != 0 {
            (number, exponent) = (number * 10, exponent - 1);
        }
        let by_exponent = text.contains(['e', 'E']) && text.ends_with(|c: char| c.is_ascii_digit());
        if by_exponent {
            return Some(if exponent == 0 { number.to_string() } else { format!("{number}e{exponent}") });
        }
        let suffixes = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
        suffixes.get(usize::try_from(exponent / 3 + 3).ok()?).map(|suffix| format!("{number}{suffix}"))
    }

    /// Makes an amount of a whole number.
    pub fn whole(number: i64) -> Self {
        Self(i128::from(number) * BILLION)
    }

    /// Tells whether it is below zero.
    pub fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// Tells whether it is a whole number.
    pub fn is_whole(self) -> bool {
        self.0 % BILLION == 0
    }

    /// Tells whether it is a whole number of thousandths: the finest that cpu is given in.
    pub fn is_whole_thousandths(self) -> bool {
        self.0 % (BILLION / 1000) == 0
    }

    /// Tells whether it, times `factor`, is more than `bound`.
    pub fn times_exceeds(self, factor: Self, bound: Self) -> bool {
        self.0.checked_mul(factor.0).is_some_and(|product| product / BILLION > bound.0)
    }

    /// Rounds to a whole number of thousandths, away from zero: as the server keeps the resources of containers.
    #[must_use]
    pub fn in_thousandths(self) -> Self {
        Self(away_from_zero(self.0, BILLION / 1000).saturating_mul(BILLION / 1000))
    }

    /// Tells whether it is a multiple of another amount, both taken as whole numbers, rounded away from zero.
    pub fn is_multiple_of(self, other: Self) -> bool {
        away_from_zero(self.0, BILLION).checked_rem(away_from_zero(other.0, BILLION)) == Some(0)
    }

    /// Takes another amount away.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// Adds another amount.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

/// Takes factors out of a number; says how many there were.
fn without_factors(mut number: i128, factor: i128) -> (i128, usize) {
    let mut times = 0;
    while number % factor == 0 {
        (number, times) = (number / factor, times + 1);
    }
    (number, times)
}

fn away_from_zero(value: i128, unit: i128) -> i128 {
    value / unit + (value % unit).signum()
}

#[cfg(test)]
mod tests {
    use super::Amount;

    #[test]
    fn quantities_are_written_as_the_server_does() {
        for (text, canonical) in [
            ("1000", "1k"),
            ("1024Mi", "1Gi"),
            ("0.5", "500m"),
            ("1000m", "1"),
            ("1500m", "1500m"),
            ("1.5Gi", "1536Mi"),
            ("1Ki", "1Ki"),
            ("0.5Ki", "512"),
            ("1023Ki", "1023Ki"),
            ("1.0001Ki", "1024102400u"),
            ("12e3", "12e3"),
            ("1200e-3", "1200e-3"),
            ("1e0", "1"),
            ("0Mi", "0"),
            ("-2000", "-2k"),
            ("100", "100"),
            ("1E", "1E"),
            ("10", "10"),
        ] {
            assert_eq!(Amount::canonical(text).as_deref(), Some(canonical), "{text}");
        }
    }

    #[test]
    fn amounts_are_compared_by_value() {
        let read = |text: &str| Amount::read(text).unwrap_or_else(|| panic!("{text} is a quantity"));
        for (one, other) in [
            ("1", "1000m"),
            ("1Ki", "1024"),
            ("1.5Gi", "1536Mi"),
            ("1e3", "1k"),
            ("0.1n", "1n"),
            ("1E", "1e18"),
            ("-0", "0"),
            ("1u", "1000n"),
            ("12e-1", "1200m"),
        ] {
            assert_eq!(read(one), read(other), "{one} {other}");
        }
        assert!(read("1Gi") > read("1G") && read("-1") < read("0"));
        assert!(read("1e40").is_whole());
        assert!(read("99999999999999999999999999999999999999999999E") > read("1Ei"));
        assert!(
            read("500m").is_whole_thousandths() && !read("500u").is_whole_thousandths() && !read("500m").is_whole()
        );
        assert!(read("1500m").times_exceeds(read("2"), read("2900m")));
        assert!(!read("1500m").times_exceeds(read("2"), read("3")));
        assert_eq!(read("1").plus(read("500m")), read("1.5"));
        assert_eq!(read("1.0001").in_thousandths(), read("1001m"));
        assert_eq!(read("-1.0001").in_thousandths(), read("-1001m"));
        assert!(read("4Mi").is_multiple_of(read("2Mi")) && read("3500m").is_multiple_of(read("4")));
        assert!(!read("3Mi").is_multiple_of(read("2Mi")) && !read("1").is_multiple_of(read("0")));
        assert_eq!(Amount::read("1 Gi"), None);
        assert_eq!(Amount::whole(3), read("3"));
    }
}
