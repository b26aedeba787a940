//! Compares data: equal, a part of, contained.

use crate::yaml::Kind;
use crate::yaml::emit::Data;

/// Tells whether two data are equal. Numbers compare by value, maps whatever their order.
pub(super) fn equal(a: &Data, b: &Data) -> bool {
    match (a, b) {
        (Data::Seq(a), Data::Seq(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b)),
        (Data::Map(a), Data::Map(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| get(b, key).is_some_and(|b| equal(a, b)))
        }
        _ => match (number(a), number(b)) {
            (Some(_), Some(_)) if whole(a).is_some() && whole(b).is_some() => whole(a) == whole(b),
            (Some(a), Some(b)) => a.total_cmp(&b).is_eq(),
            _ => a == b,
        },
    }
}

/// Tells whether `part` is a part of `whole`: a map may have further keys, a list further items, at every depth.
pub(super) fn is_part(part: &Data, whole: &Data) -> bool {
    match (part, whole) {
        (Data::Map(part), Data::Map(whole)) => {
            part.iter().all(|(key, part)| get(whole, key).is_some_and(|whole| is_part(part, whole)))
        }
        (Data::Seq(part), Data::Seq(whole)) => part.iter().all(|part| whole.iter().any(|item| is_part(part, item))),
        _ => equal(part, whole),
    }
}

/// Tells whether something holds `part`: a list an item of which it is a part, a text that text, a map that key or part.
/// What can hold nothing gives none.
pub(super) fn holds(whole: &Data, part: &Data) -> Option<bool> {
    match (whole, part) {
        (Data::Seq(items), part) => Some(items.iter().any(|item| is_part(part, item))),
        (Data::String(text), Data::String(part)) => Some(text.contains(part.as_str())),
        (Data::Map(entries), Data::String(key)) => Some(get(entries, key).is_some()),
        (Data::Map(_), Data::Map(_)) => Some(is_part(part, whole)),
        _ => None,
    }
}

/// Gives a number's value.
pub(super) fn number(data: &Data) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "whole numbers are compared exactly before")]
    match data {
        Data::Int(value) => Some(*value as f64),
        Data::UInt(value) => Some(*value as f64),
        Data::Float(value) => Some(*value),
        _ => None,
    }
}

fn whole(data: &Data) -> Option<i128> {
    match data {
        Data::Int(value) => Some((*value).into()),
        Data::UInt(value) => Some((*value).into()),
        _ => None,
    }
}

fn get<'d>(entries: &'d [(String, Data)], key: &str) -> Option<&'d Data> {
    entries.iter().find(|(known, _)| known == key).map(|(_, value)| value)
}

/// Gives the kind of data.
pub(super) fn kind(data: &Data) -> Kind {
    match data {
        Data::Null => Kind::Null,
        Data::Bool(_) => Kind::Bool,
        Data::Int(_) | Data::UInt(_) => Kind::Int,
        Data::Float(_) => Kind::Float,
        Data::String(_) => Kind::String,
        Data::Seq(_) => Kind::Seq,
        Data::Map(_) => Kind::Map,
    }
}

/// Sorts the keys of maps, at every depth.
pub(super) fn sorted(data: Data) -> Data {
    match data {
        Data::Seq(items) => Data::Seq(items.into_iter().map(sorted).collect()),
        Data::Map(entries) => {
            let mut entries: Vec<_> = entries.into_iter().map(|(key, value)| (key, sorted(value))).collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            Data::Map(entries)
        }
        scalar => scalar,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceMap;

    fn data(text: &str) -> Data {
        Data::from_node(crate::yaml::parse(&SourceMap::new().add("a.yaml", text)).documents[0].root())
    }

    #[test]
    fn data_compare_as_people_mean_them() {
        for (a, b, are_equal, is_a_part) in [
            ("3", "3.0", true, true),
            ("9007199254740993", "9007199254740992", false, false),
            ("3", "'3'", false, false),
            ("{a: 1, b: 2}", "{b: 2, a: 1}", true, true),
            ("{a: 1}", "{b: 2, a: 1}", false, true),
            ("[1, 2]", "[2, 1]", false, true),
            ("[1]", "[2, 1]", false, true),
            ("{a: [{b: 1}]}", "{a: [{b: 1, c: 2}]}", false, true),
            ("{a: [{b: 1, c: 2}]}", "{a: [{b: 1}]}", false, false),
        ] {
            assert_eq!(equal(&data(a), &data(b)), are_equal, "{a} = {b}");
            assert_eq!(is_part(&data(a), &data(b)), is_a_part, "{a} in {b}");
        }
        for (whole, part, expected) in [
            ("[{name: a, port: 1}]", "{name: a}", Some(true)),
            ("[a, b]", "c", Some(false)),
            ("abc", "bc", Some(true)),
            ("{a: 1}", "a", Some(true)),
            ("{a: {b: 1, c: 2}}", "{a: {b: 1}}", Some(true)),
            ("12", "1", None),
        ] {
            assert_eq!(holds(&data(whole), &data(part)), expected, "{whole} holds {part}");
        }
    }
}
