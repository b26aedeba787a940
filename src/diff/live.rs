//! An object, compared with what a cluster has of it.

use super::change::{ObjectChange, What};
use super::compare::{Compared, compare, shown};
use super::forecast::{anew, forecast};
use super::ignore::Ignored;
use super::immutable::forced_replacement;
use super::lists::{Aligned, align};
use super::objects::Comparison;
use super::owners::Owners;
use super::read::{Reading, settle};
use super::value::{Content, Value};
use crate::diagnostic::ObjectName;
use crate::object::Object;
use crate::yaml::emit::Data;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;

/// What is known of what a cluster would make of an object.
#[derive(Clone, Debug, PartialEq)]
pub enum Foreseen<'a> {
    /// The server said so.
    Applied(&'a Json),
    /// The server refuses to change what is there: why.
    Fixed(Vec<String>),
    /// The server could not say, so it is forecast here: why.
    Forecast(String),
}

impl Comparison<'_> {
    /// Compares an object with what a cluster has of it, and would have; none where nothing would change.
    pub fn with_live(&self, object: &Object<'_>, live: Option<&Json>, foreseen: &Foreseen<'_>) -> Option<ObjectChange> {
        let raw = Reading { fill: false, ..self.reading };
        let applied = settle(Value::of_node(object.node), &raw);
        let predicted = match foreseen {
            Foreseen::Forecast(why) => Some(why.clone()),
            _ => None,
        };
        let change = |what: What, compared: Compared| ObjectChange {
            what,
            object: object.full_name(),
            span: Some(object.node.head()),
            place: None,
            fields: compared.fields,
            old: Some(compared.old),
            new: Some(compared.new),
            predicted: predicted.clone(),
        };
        let Some(live) = live else {
            let mut new = match foreseen {
                Foreseen::Applied(json) => settle(Value::of_data(Data::from_json(json)), &raw),
                _ => settle(applied.clone(), &self.reading),
            };
            graft(&mut new, &applied);
            let compared = Compared { fields: Vec::new(), ignored: 0, old: Data::Null, new: shown(&new, self.secrets) };
            let change = change(What::Added, compared);
            return Some(ObjectChange { old: None, ..change });
        };
        let owners = Owners::of(live);
        let before = settle(Value::of_data(Data::from_json(live)), &raw);
        let ignored = Ignored::of(self.ignore, object.kind, object.namespace.as_deref(), object.name);
        let compared_with = |after: Value<'_>| {
            let mut after = settle(after, &self.reading);
            after.canonical();
            compare(&settle(before.clone(), &self.reading), &after, self.secrets, &ignored)
        };
        let (what, mut compared) = match foreseen {
            Foreseen::Applied(json) => {
                let mut after = settle(Value::of_data(Data::from_json(json)), &raw);
                graft(&mut after, &applied);
                (What::Changed, compare(&before, &after, self.secrets, &ignored))
            }
            Foreseen::Fixed(reasons) => {
                (What::Replaced(reasons.clone()), compared_with(anew(&before, &applied, &owners)))
            }
            Foreseen::Forecast(_) => {
                let compared = compared_with(forecast(&before, &applied, &owners));
                let reasons = forced_replacement(object.group(), object.kind, &before, &compared.fields);
                if reasons.is_empty() {
                    (What::Changed, compared)
                } else {
                    (What::Replaced(reasons), compared_with(anew(&before, &applied, &owners)))
                }
            }
        };
        if compared.fields.is_empty() && !matches!(foreseen, Foreseen::Fixed(_)) {
            return None;
        }
        for field in compared.fields.iter_mut().filter(|field| field.old.is_some() && field.new.is_some()) {
            field.drift = owners.stranger(&field.path);
        }
        Some(change(what, compared))
    }

    /// Says that an object of the cluster goes.
    pub fn pruned(&self, live: &Json) -> ObjectChange {
        let text = |pointer: &str| live.pointer(pointer).and_then(Json::as_str).unwrap_or_default().to_owned();
        let value = settle(Value::of_data(Data::from_json(live)), &Reading { fill: false, ..self.reading });
        ObjectChange {
            what: What::Removed,
            object: ObjectName {
                api_version: text("/apiVersion"),
                kind: text("/kind"),
                namespace: Some(text("/metadata/namespace")).filter(|name| !name.is_empty()),
                name: text("/metadata/name"),
            }
            .into(),
            span: None,
            place: None,
            fields: Vec::new(),
            old: Some(shown(&value, self.secrets)),
            new: None,
            predicted: None,
        }
    }
}

/// Gives an object as it is applied: its `stringData` in `data`, so that the server keeps in mind whose it is.
pub fn as_applied(object: &Object<'_>) -> Json {
    let mut json = Data::from_node(object.node).to_json();
    let Some(map) = json.as_object_mut() else { return json };
    if (object.api_version, object.kind) != ("v1", "Secret") {
        return json;
    }
    let Some(Json::Object(texts)) = map.shift_remove("stringData") else { return json };
    let mut data = match map.shift_remove("data") {
        Some(Json::Object(data)) => data,
        _ => serde_json::Map::new(),
    };
    data.extend(texts.into_iter().filter_map(|(key, value)| Some((key, STANDARD.encode(value.as_str()?).into()))));
    map.insert("data".to_owned(), Json::Object(data));
    json
}

/// Tells what the server gave where a person wrote it.
fn graft<'d>(value: &mut Value<'d>, written: &Value<'d>) {
    value.node = written.node;
    match (&mut value.content, &written.content) {
        (Content::Map(entries), Content::Map(_)) => {
            for (key, inner) in entries {
                if let Some(written) = written.get(key) {
                    graft(inner, written);
                }
            }
        }
        (Content::List(list), Content::List(writtens)) => {
            let pairs: Vec<(usize, usize)> = match align(list, writtens) {
                Aligned::Keyed { pairs, .. } => {
                    let place =
                        |of: &[Value<'d>], item: &Value<'d>| of.iter().position(|known| std::ptr::eq(known, item));
                    let both = pairs.iter().filter_map(|(_, old, new)| Some(((*old)?, (*new)?)));
                    both.filter_map(|(old, new)| Some((place(&list.items, old)?, place(&writtens.items, new)?)))
                        .collect()
                }
                _ if list.items.len() == writtens.items.len() => (0..list.items.len()).map(|at| (at, at)).collect(),
                _ => Vec::new(),
            };
            for (at, to) in pairs {
                graft(&mut list.items[at], &writtens.items[to]);
            }
        }
        _ => {}
    }
}
