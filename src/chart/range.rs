//! Versions and ranges of versions as Helm reads them: the dialect of Masterminds/semver.
//!
//! A range is alternatives (`||`) of comparisons that must all hold, separated by blanks or commas: `>=1.2 <3`, `^1.2.3`,
//! `~1.2`, `1.x`, `1.2 - 2.3`. Parts of a version may be missing or `x`. A version before a release (`1.0.0-rc.1`) fits only
//! an alternative that names such a version itself. `tests/ranges` holds this reader against the original.

use regex::Regex;
use std::cmp::Ordering;
use std::fmt;
use std::sync::LazyLock;

/// Longer ranges are refused, as are versions over half of it.
const LONGEST: usize = 512;
/// More alternatives are refused.
const ALTERNATIVES: usize = 32;

/// A version in which parts may be `x`: major, minor, patch, pre-release, build.
const PATTERN: &str = r"v?([0-9xX*|]+)(\.[0-9xX*|]+)?(\.[0-9xX*|]+)?(-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?(\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?";
const OPERATOR: &str = r"!=|>=|=>|<=|=<|~>|=|>|<|~|\^|";
const BLANK: &str = r"[\t\n\x0c\r ]";

struct Grammar {
    between: Regex,
    alternative: Regex,
    comparison: Regex,
    version: Regex,
}

static GRAMMAR: LazyLock<Grammar> = LazyLock::new(|| {
    let (b, o, p) = (BLANK, OPERATOR, PATTERN);
    let regex = |text: String| Regex::new(&text).expect("is a regular expression");
    Grammar {
        between: regex(format!("{b}*(?<from>{p}){b}+-{b}+(?<to>{p}){b}*")),
        alternative: regex(format!("^{b}*(?:{o}){b}*{p}{b}*(?:(?:{b}+|,{b}*)(?:{o}){b}*{p}{b}*)*$")),
        comparison: regex(format!("(?<operator>{o}){b}*(?:{p})")),
        version: regex(
            r"^v?([0-9]+)(?:\.([0-9]+))?(?:\.([0-9]+))?(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$"
                .to_owned(),
        ),
    }
});

/// A version, with whatever Helm lets pass: a leading `v`, missing parts, leading zeros.
#[derive(Clone, Debug)]
pub struct Version {
    numbers: [u64; 3],
    pre: String,
    text: String,
}

impl Version {
    /// Reads a version; none where Helm reads none.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > LONGEST / 2 {
            return None;
        }
        let parts = GRAMMAR.version.captures(text)?;
        let number = |at: usize| parts.get(at).map_or(Some(0), |part| part.as_str().parse().ok());
        let numbers = [number(1)?, number(2)?, number(3)?];
        let pre = parts.get(4).map(|part| part.as_str()).unwrap_or_default();
        let number_with_zero =
            |part: &str| part.len() > 1 && part.starts_with('0') && part.bytes().all(|byte| byte.is_ascii_digit());
        if pre.split('.').any(number_with_zero) {
            return None;
        }
        Some(Self { numbers, pre: pre.to_owned(), text: text.to_owned() })
    }

    /// Tells whether it comes before a release: `1.0.0-rc.1`.
    pub fn is_pre_release(&self) -> bool {
        !self.pre.is_empty()
    }

    /// Compares by precedence; build metadata does not count.
    pub fn precedence(&self, other: &Self) -> Ordering {
        self.numbers.cmp(&other.numbers).then_with(|| match (self.pre.is_empty(), other.pre.is_empty()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            (false, false) => compare_pre(&self.pre, &other.pre),
        })
    }
}

/// As it was written.
impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Compares pre-releases part by part: numbers by value and before words; whoever has more parts is greater.
fn compare_pre(left: &str, right: &str) -> Ordering {
    let (mut left, mut right) = (left.split('.'), right.split('.'));
    loop {
        let (one, other) = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(one), Some(other)) => (one, other),
        };
        let order = match (one.parse::<u64>(), other.parse::<u64>()) {
            (Ok(one), Ok(other)) => one.cmp(&other),
            (Ok(_), Err(_)) => Ordering::Less,
            (Err(_), Ok(_)) => Ordering::Greater,
            (Err(_), Err(_)) => one.cmp(other),
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// A range of versions.
#[derive(Clone, Debug)]
pub struct VersionRange {
    alternatives: Vec<Vec<Comparison>>,
}

#[derive(Clone, Debug)]
struct Comparison {
    operator: Operator,
    version: Version,
    open: Open,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Greater,
    GreaterEqual,
    Less,
    LessEqual,
    Tilde,
    Caret,
}

/// The first part of a version that is missing or `x`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Open {
    Nothing,
    Patch,
    Minor,
    Everything,
}

impl VersionRange {
    /// Reads a range; none where Helm reads none.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let text = GRAMMAR.between.replace_all(text, ">= ${from}, <= ${to} ");
        let alternatives: Vec<&str> = text.split("||").collect();
        if alternatives.len() > ALTERNATIVES {
            return None;
        }
        let read = |alternative: &str| {
            if !GRAMMAR.alternative.is_match(alternative) {
                return None;
            }
            GRAMMAR.comparison.captures_iter(alternative).map(|parts| Comparison::read(&parts)).collect()
        };
        Some(Self { alternatives: alternatives.into_iter().map(read).collect::<Option<_>>()? })
    }

    /// Tells whether a version fits.
    pub fn contains(&self, version: &Version) -> bool {
        self.alternatives.iter().any(|comparisons| {
            let names_pre_release = comparisons.iter().any(|comparison| comparison.version.is_pre_release());
            (names_pre_release || !version.is_pre_release())
                && comparisons.iter().all(|comparison| comparison.holds(version))
        })
    }
}

impl Comparison {
    fn read(parts: &regex::Captures<'_>) -> Option<Self> {
        let operator = match &parts["operator"] {
            "!=" => Operator::NotEqual,
            ">" => Operator::Greater,
            ">=" | "=>" => Operator::GreaterEqual,
            "<" => Operator::Less,
            "<=" | "=<" => Operator::LessEqual,
            "~" | "~>" => Operator::Tilde,
            "^" => Operator::Caret,
            _ => Operator::Equal,
        };
        let part = |at: usize| parts.get(at).map(|part| part.as_str()).unwrap_or_default();
        let is_open = |text: &str| matches!(text.trim_start_matches('.'), "" | "x" | "X" | "*");
        // The first group is the operator.
        let (major, minor, patch, pre, build) = (part(2), part(3), part(4), part(5), part(6));
        let (open, text) = if is_open(major) {
            (Open::Everything, format!("0.0.0{pre}"))
        } else if is_open(minor) {
            (Open::Minor, format!("{major}.0.0{pre}"))
        } else if is_open(patch) {
            (Open::Patch, format!("{major}{minor}.0{pre}"))
        } else {
            (Open::Nothing, format!("{major}{minor}{patch}{pre}{build}"))
        };
        Some(Self { operator, version: Version::parse(&text)?, open })
    }

    fn holds(&self, version: &Version) -> bool {
        let order = version.precedence(&self.version);
        let ([major, minor, patch], [own_major, own_minor, own_patch]) = (version.numbers, self.version.numbers);
        let same_minor = (major, minor) == (own_major, own_minor);
        let tilde = || {
            let any = self.version.numbers == [0; 3] && matches!(self.open, Open::Nothing | Open::Everything);
            order.is_ge() && (any || same_minor || (self.open == Open::Minor && major == own_major))
        };
        match self.operator {
            Operator::Equal if self.open == Open::Nothing => order.is_eq(),
            Operator::Equal | Operator::Tilde => tilde(),
            Operator::NotEqual => match self.open {
                Open::Nothing | Open::Everything => order.is_ne(),
                Open::Minor => major != own_major,
                Open::Patch => !same_minor || version.pre != self.version.pre,
            },
            Operator::Greater => match self.open {
                Open::Nothing | Open::Everything => order.is_gt(),
                Open::Minor => major > own_major,
                Open::Patch => (major, minor) > (own_major, own_minor),
            },
            Operator::GreaterEqual => order.is_ge(),
            Operator::Less => order.is_lt(),
            Operator::LessEqual => match self.open {
                Open::Nothing => order.is_le(),
                Open::Minor => major <= own_major,
                Open::Patch | Open::Everything => (major, minor) <= (own_major, own_minor),
            },
            // What must stay: the first part that is not 0.
            Operator::Caret => {
                order.is_ge()
                    && major == own_major
                    && (own_major > 0
                        || self.open == Open::Minor
                        || minor == own_minor && (own_minor > 0 || self.open == Open::Patch || patch == own_patch))
            }
        }
    }
}
