//! Keeps secrets out of messages and snapshots.

use crate::diagnostic::emit::MASK;
use crate::diagnostic::secret::{is_secret_name, is_secret_path, secret_form};
use crate::object::Object;
use crate::yaml::Node;
use crate::yaml::emit::Data;

/// Masks what is a secret in data that stand in the place of a node of an object: the node's own, or what is expected there.
pub(super) fn mask(data: Data, object: &Object<'_>, node: Node<'_>) -> Data {
    let mut keys = Vec::new();
    let mut at = node;
    while at != object.node {
        keys.extend(at.parent_entry().map(|entry| entry.name().to_owned()));
        let Some(parent) = at.parent() else { break };
        at = parent;
    }
    keys.reverse();
    let of_secret = object.kind == "Secret";
    let in_secret = of_secret && keys.first().is_some_and(|key| key == "data" || key == "stringData");
    let beside = node.parent().and_then(|parent| parent.field("name")).map(Node::text);
    if keys.last().is_some_and(|key| key == "value") && beside.is_some_and(is_secret_name) {
        return hide(data);
    }
    mask_under(data, &mut keys, of_secret, in_secret)
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
    use crate::object::ObjectSet;
    use crate::source::SourceMap;
    use crate::yaml::emit;

    #[test]
    fn secrets_are_hidden_and_the_rest_is_shown() {
        let secret = "{kind: Secret, metadata: {name: a}, data: {a: eA==}}";
        let env = "{env: [{name: DB_PASSWORD, value: hunter2}, {name: PORT, value: '80'}]}";
        let pod = format!("{{kind: Pod, spec: {env}, volumes: [{{secret: {{secretName: tls}}}}], password: hunter2}}");
        for (object, keys, expected) in [
            (secret, &[] as &[&str], "{kind: Secret, metadata: {name: a}, data: {a: •••}}"),
            (secret, &["data", "a"], "•••"),
            ("{kind: ConfigMap, data: {a: eA==}}", &["data", "a"], "eA=="),
            (&pod, &["password"], "•••"),
            (&pod, &["spec"], "{env: [{name: DB_PASSWORD, value: •••}, {name: PORT, value: \"80\"}]}"),
            (&pod, &["spec", "env", "0", "value"], "•••"),
            (&pod, &["spec", "env", "1", "value"], "\"80\""),
            (&pod, &["volumes"], "[{secret: {secretName: tls}}]"),
        ] {
            let document = &crate::yaml::parse(&SourceMap::new().add("a.yaml", object)).documents[0];
            let set = ObjectSet::read([document], None, &|_, _| Vec::new());
            let object = set.iter().next().expect("is an object");
            let node = keys.iter().try_fold(object.node, |node, key| match key.parse() {
                Ok(index) => node.items().nth(index),
                Err(_) => node.get(key),
            });
            let node = node.expect("is there");
            assert_eq!(emit::flow(&mask(Data::from_node(node), object, node)), expected, "{keys:?}");
        }
    }
}
