//! Keeps secrets out of messages and snapshots.

use super::path::Path;
use crate::diagnostic::emit::MASK;
use crate::diagnostic::secret::{is_secret_name, is_secret_path, secret_form};
use crate::yaml::emit::Data;

/// Masks what is a secret in data that stand at a path of an object of a kind.
pub(super) fn mask(data: Data, kind: &str, path: &Path) -> Data {
    let keys: Vec<&str> = path.keys().collect();
    let in_secret = kind == "Secret" && keys.first().is_some_and(|key| ["data", "stringData"].contains(key));
    mask_under(data, &mut keys.into_iter().map(str::to_owned).collect(), kind == "Secret", in_secret)
}

fn mask_under(data: Data, keys: &mut Vec<String>, of_secret: bool, in_secret: bool) -> Data {
    match data {
        Data::Map(entries) => {
            let name = entries.iter().find_map(|(key, value)| match value {
                Data::String(text) if key == "name" => Some(text.as_str()),
                _ => None,
            });
            let is_variable = name.is_some_and(is_secret_name);
            let of_secret = of_secret
                || entries.iter().any(|(key, value)| key == "kind" && *value == Data::String("Secret".to_owned()));
            let mask_entry = |(key, value): (String, Data)| {
                let in_secret = in_secret || of_secret && ["data", "stringData"].contains(&key.as_str());
                keys.push(key.clone());
                let value = match value {
                    value @ Data::String(_) if is_variable && key == "value" => hide(value),
                    value => mask_under(value, keys, of_secret, in_secret),
                };
                keys.pop();
                (key, value)
            };
            Data::Map(entries.into_iter().map(mask_entry).collect())
        }
        Data::Seq(items) => {
            Data::Seq(items.into_iter().map(|item| mask_under(item, keys, of_secret, in_secret)).collect())
        }
        scalar @ (Data::Null | Data::Bool(_)) => scalar,
        scalar => {
            let by_form = matches!(&scalar, Data::String(text) if secret_form(text).is_some());
            let named = matches!(&scalar, Data::String(_)) && is_secret_path(keys.iter().map(String::as_str));
            if in_secret || by_form || named { hide(scalar) } else { scalar }
        }
    }
}

fn hide(data: Data) -> Data {
    match data {
        Data::String(text) if text.is_empty() => Data::String(text),
        _ => Data::String(MASK.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceMap;
    use crate::yaml::emit;

    fn masked(text: &str, kind: &str, path: &str) -> String {
        let data = Data::from_node(crate::yaml::parse(&SourceMap::new().add("a.yaml", text)).documents[0].root());
        emit::flow(&mask(data, kind, &Path::parse(path).expect("is a path")))
    }

    #[test]
    fn secrets_are_hidden_and_the_rest_is_shown() {
        for (text, kind, path, expected) in [
            (
                "{kind: Secret, metadata: {name: a}, data: {a: eA==}}",
                "Secret",
                "",
                "{kind: Secret, metadata: {name: a}, data: {a: •••}}",
            ),
            ("eA==", "Secret", "data.a", "•••"),
            ("eA==", "ConfigMap", "data.a", "eA=="),
            ("hunter2", "Pod", "spec.password", "•••"),
            (
                "[{name: DB_PASSWORD, value: hunter2}, {name: PORT, value: '80'}]",
                "Pod",
                "spec.containers[0].env",
                "[{name: DB_PASSWORD, value: •••}, {name: PORT, value: \"80\"}]",
            ),
            ("{secretName: tls}", "Pod", "spec.volumes[0].secret", "{secretName: tls}"),
        ] {
            assert_eq!(masked(text, kind, path), expected, "{text}");
        }
    }
}
