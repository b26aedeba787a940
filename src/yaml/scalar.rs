//! The type of a plain scalar, as the API's clients read it.
//!
//! They read through sigs.k8s.io/yaml, which is go-yaml v2's YAML 1.1 dialect and then JSON. No parser of YAML 1.2 types
//! scalars that way, so the typing is ours. Source: `resolve.go` of go-yaml v2.

use std::borrow::Cow;

/// What a scalar is read as.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scalar {
    /// `null`, `~`, or nothing at all.
    Null,
    /// `true`, `false`, and the YAML 1.1 words `y`, `yes`, `on`, `n`, `no`, `off`.
    Bool(bool),
    /// A whole number that fits 64 bits with a sign.
    Int(i64),
    /// A whole number over [`i64::MAX`] that fits 64 bits without a sign.
    UInt(u64),
    /// Any other number.
    Float(f64),
    /// Text.
    String,
    /// The merge key `<<`.
    Merge,
}

/// What a scalar is read as, without the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Null,
    Bool,
    Int,
    UInt,
    Float,
    String,
    Merge,
}

impl Type {
    /// Takes the type of a scalar.
    pub(super) fn of(scalar: Scalar) -> Self {
        match scalar {
            Scalar::Null => Self::Null,
            Scalar::Bool(_) => Self::Bool,
            Scalar::Int(_) => Self::Int,
            Scalar::UInt(_) => Self::UInt,
            Scalar::Float(_) => Self::Float,
            Scalar::String => Self::String,
            Scalar::Merge => Self::Merge,
        }
    }

    /// Reads a scalar of this type from its text.
    pub(super) fn read(self, text: &str) -> Scalar {
        match self {
            Self::Null => Scalar::Null,
            Self::String => Scalar::String,
            Self::Merge => Scalar::Merge,
            Self::Bool | Self::Int | Self::UInt | Self::Float => match (self, resolve(text)) {
                // A key's text is what JSON has for it: a float may have lost its point.
                #[expect(clippy::cast_precision_loss, reason = "such a text was written from a float")]
                (Self::Float, Scalar::Int(value)) => Scalar::Float(value as f64),
                #[expect(clippy::cast_precision_loss, reason = "such a text was written from a float")]
                (Self::Float, Scalar::UInt(value)) => Scalar::Float(value as f64),
                (_, scalar) => scalar,
            },
        }
    }
}

/// Reads the type of a plain scalar.
pub fn resolve(text: &str) -> Scalar {
    let Some(first) = text.bytes().next() else { return Scalar::Null };
    match first {
        b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~' => word(text),
        b'.' => special_float(text).or_else(|| go_float(text)).map_or(Scalar::String, Scalar::Float),
        b'+' | b'-' => special_float(text).map_or_else(|| number(text), Scalar::Float),
        b'0'..=b'9' => number(text),
        b'<' if text == "<<" => Scalar::Merge,
        _ => Scalar::String,
    }
}

fn word(text: &str) -> Scalar {
    match text {
        _ if text.len() > "false".len() => Scalar::String,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Scalar::Bool(true),
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => Scalar::Bool(false),
        "~" | "null" | "Null" | "NULL" => Scalar::Null,
        _ => Scalar::String,
    }
}

fn special_float(text: &str) -> Option<f64> {
    match text {
        ".nan" | ".NaN" | ".NAN" => Some(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Some(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}

fn number(text: &str) -> Scalar {
    let plain = if text.contains('_') { Cow::Owned(text.replace('_', "")) } else { Cow::Borrowed(text) };
    if let Some(whole) = whole_number(&plain) {
        return whole;
    }
    if is_float(&plain)
        && let Ok(float) = plain.parse::<f64>()
        && float.is_finite()
    {
        return Scalar::Float(float);
    }
    // Go takes a sign behind the prefix, too, of this one alone.
    match plain
        .strip_prefix("0b")
        .filter(|digits| digits.starts_with(['+', '-']))
        .map(|digits| i64::from_str_radix(digits, 2))
    {
        Some(Ok(int)) => Scalar::Int(int),
        _ => Scalar::String,
    }
}

/// Reads what Go's `ParseInt(text, 0, 64)` and then `ParseUint` accept: a sign, then `0x`, `0o`, `0b`, `0` or decimal.
fn whole_number(text: &str) -> Option<Scalar> {
    let (negative, signed, digits) = match text.as_bytes().first()? {
        b'-' => (true, true, &text[1..]),
        b'+' => (false, true, &text[1..]),
        _ => (false, false, text),
    };
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &digits[2..]),
        [b'0', b'o' | b'O', ..] => (8, &digits[2..]),
        [b'0', b'b' | b'B', ..] => (2, &digits[2..]),
        _ if digits.len() > 1 && digits.starts_with('0') => (8, &digits[1..]),
        _ => (10, digits),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| (byte as char).is_digit(radix)) {
        return None;
    }
    let magnitude = u64::from_str_radix(digits, radix).ok()?;
    if negative {
        return 0i64.checked_sub_unsigned(magnitude).map(Scalar::Int);
    }
    match i64::try_from(magnitude) {
        Ok(int) => Some(Scalar::Int(int)),
        Err(_) if !signed => Some(Scalar::UInt(magnitude)),
        Err(_) => None,
    }
}

/// Matches `^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`.
fn is_float(text: &str) -> bool {
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let mantissa_fits = match mantissa.split_once('.') {
        Some(("", fraction)) => !fraction.is_empty() && digits(fraction),
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => !mantissa.is_empty() && digits(mantissa),
    };
    let exponent_fits = exponent.is_none_or(|exponent| {
        let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        !exponent.is_empty() && digits(exponent)
    });
    mantissa_fits && exponent_fits
}

/// Reads what Go's `ParseFloat` accepts of texts that start with a dot: `_` may stand between digits.
fn go_float(text: &str) -> Option<f64> {
    let parts: Vec<&str> = text.split('_').collect();
    let between_digits = parts.windows(2).all(|pair| {
        let digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
        digit(pair[0].as_bytes().last()) && digit(pair[1].as_bytes().first())
    });
    let plain = parts.concat();
    let float = (between_digits && is_float(&plain)).then(|| plain.parse::<f64>().ok()).flatten();
    float.filter(|float| float.is_finite())
}

/// Writes a float as JSON and Go do: the shortest text that reads back the same, whole numbers without a point.
pub fn float_text(value: f64) -> String {
    if value.is_nan() {
        return ".nan".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { ".inf" } else { "-.inf" }.to_owned();
    }
    let size = value.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        let text = format!("{value:e}");
        return if text.contains("e-") { text } else { text.replace('e', "e+") };
    }
    format!("{value}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_read_as_go_reads_them() {
        use Scalar::*;
        for (text, expected) in [
            ("", Null),
            ("~", Null),
            ("null", Null),
            ("NULL", Null),
            ("nULL", String),
            ("y", Bool(true)),
            ("Yes", Bool(true)),
            ("yES", String),
            ("on", Bool(true)),
            ("Off", Bool(false)),
            ("n", Bool(false)),
            ("TRUE", Bool(true)),
            ("0777", Int(511)),
            ("0o17", Int(15)),
            ("0b11", Int(3)),
            ("-0b11", Int(-3)),
            ("0x1F", Int(31)),
            ("1_000", Int(1000)),
            ("0899", Float(899.0)),
            ("+12", Int(12)),
            ("-9223372036854775808", Int(i64::MIN)),
            ("18446744073709551615", UInt(u64::MAX)),
            ("18446744073709551616", Float(18_446_744_073_709_551_616.0)),
            ("1.10", Float(1.1)),
            ("1.", Float(1.0)),
            (".5", Float(0.5)),
            ("1e3", Float(1000.0)),
            ("1e", String),
            (".inf", Float(f64::INFINITY)),
            ("-.INF", Float(f64::NEG_INFINITY)),
            ("12:30:45", String),
            ("2001-12-14", String),
            ("1.2.3", String),
            ("0x", String),
            ("0b12", String),
            ("<<", Merge),
            ("=", String),
            ("-", String),
            (".", String),
            ("hello", String),
        ] {
            assert_eq!(resolve(text), expected, "{text:?}");
        }
    }

    #[test]
    fn floats_print_the_shortest_text_that_reads_back() {
        for (value, text) in
            [(0.5, "0.5"), (1.0, "1"), (1e6, "1000000"), (1e21, "1e+21"), (1.5e-7, "1.5e-7"), (-0.25, "-0.25")]
        {
            assert_eq!(float_text(value), text);
        }
    }
}
