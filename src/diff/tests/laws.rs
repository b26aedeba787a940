//! Laws that hold for any two objects: changes lead from the old to the new, nothing differs from itself, and no order matters
//! that the API gives no meaning.

use super::super::lists::keyed;
use super::super::value::{Content, Value, same_scalar};
use super::*;
use crate::schema::Identity;
use crate::yaml::emit::{Data, block};
use proptest::prelude::*;

fn text(text: &str) -> Data {
    Data::String(text.to_owned())
}

fn map(entries: Vec<(&str, Data)>) -> Data {
    Data::Map(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

/// Some of these, in any order.
fn some(names: &'static [&'static str]) -> impl Strategy<Value = Vec<String>> {
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let length = names.len();
    proptest::sample::subsequence(names, 0..=length).prop_shuffle()
}

fn words() -> impl Strategy<Value = Data> {
    proptest::sample::select(vec!["a", "b", "on", "80", "1.0", "two\nlines\n", "two\nother lines", "", "x: y"])
        .prop_map(text)
}

fn labels() -> impl Strategy<Value = Data> {
    (some(&["app", "tier", "a.b/c"]), words())
        .prop_map(|(keys, value)| Data::Map(keys.into_iter().map(|key| (key, value.clone())).collect()))
}

fn amounts() -> impl Strategy<Value = Data> {
    proptest::sample::select(vec![text("1"), text("1000m"), Data::Int(1), text("500m"), text("0.5"), Data::Float(0.5)])
        .prop_map(|cpu| map(vec![("limits", map(vec![("cpu", cpu)]))]))
}

/// A list of items that have names.
fn named(
    names: &'static [&'static str],
    rest: impl Strategy<Value = Vec<(&'static str, Data)>> + Clone + 'static,
) -> impl Strategy<Value = Data> {
    some(names).prop_flat_map(move |names| {
        let rests = proptest::collection::vec(rest.clone(), names.len());
        rests.prop_map(move |rests| {
            let item = |(name, rest): (&String, Vec<(&str, Data)>)| {
                map(std::iter::once(("name", text(name))).chain(rest).collect())
            };
            Data::Seq(names.iter().zip(rests).map(item).collect())
        })
    })
}

fn containers() -> BoxedStrategy<Data> {
    let env = named(&["A", "B", "C"], words().prop_map(|value| vec![("value", value)]).boxed()).boxed();
    let args = proptest::collection::vec(words(), 0..4).prop_map(Data::Seq).boxed();
    let ports = some(&["80", "81", "82"]).prop_map(|ports| {
        let port = |port: String| map(vec![("containerPort", Data::Int(port.parse().expect("a number")))]);
        Data::Seq(ports.into_iter().map(port).collect())
    });
    let rest = (env, args, ports, amounts(), words()).prop_map(|(env, args, ports, resources, image)| {
        vec![("env", env), ("args", args), ("ports", ports), ("resources", resources), ("image", image)]
    });
    named(&["web", "db", "log"], rest.boxed()).boxed()
}

fn deployment() -> BoxedStrategy<Data> {
    let replicas = proptest::option::of(0_i64..3);
    (labels(), replicas, containers(), containers())
        .prop_map(|(labels, replicas, containers, inits)| {
            let pod = map(vec![("containers", containers), ("initContainers", inits)]);
            map(vec![
                ("apiVersion", text("apps/v1")),
                ("kind", text("Deployment")),
                ("metadata", map(vec![("name", text("a")), ("labels", labels)])),
                (
                    "spec",
                    map(vec![
                        ("replicas", replicas.map_or(Data::Null, Data::Int)),
                        ("template", map(vec![("spec", pod)])),
                    ]),
                ),
            ])
        })
        .boxed()
}

/// Anything, of a kind that nothing is known of.
fn thing() -> BoxedStrategy<Data> {
    let leaf =
        prop_oneof![words(), Just(Data::Null), any::<bool>().prop_map(Data::Bool), (0_i64..5).prop_map(Data::Int)];
    let tree = leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Data::Seq),
            (some(&["a", "b", "password", "x.y/z"]), proptest::collection::vec(inner, 4))
                .prop_map(|(keys, values)| { Data::Map(keys.into_iter().zip(values).collect()) }),
        ]
    });
    tree.prop_map(|spec| {
        map(vec![
            ("apiVersion", text("example.com/v1")),
            ("kind", text("Thing")),
            ("metadata", map(vec![("name", text("a"))])),
            ("spec", spec),
        ])
    })
    .boxed()
}

fn secret() -> BoxedStrategy<Data> {
    let data = || (some(&["a", "b", "c"]), words());
    (data(), data())
        .prop_map(|((keys, value), (over, other))| {
            let entries =
                |keys: Vec<String>, value: &Data| Data::Map(keys.into_iter().map(|key| (key, value.clone())).collect());
            let encoded = if value == text("a") { text("YQ==") } else { text("Yg==") };
            map(vec![
                ("apiVersion", text("v1")),
                ("kind", text("Secret")),
                ("metadata", map(vec![("name", text("a"))])),
                ("data", entries(keys, &encoded)),
                ("stringData", entries(over, &other)),
            ])
        })
        .boxed()
}

fn objects() -> BoxedStrategy<(Data, Data)> {
    prop_oneof![(deployment(), deployment()), (thing(), thing()), (secret(), secret())].boxed()
}

/// The same object with the keys of every map the other way round.
fn turned(data: &Data) -> Data {
    match data {
        Data::Map(entries) => {
            Data::Map(entries.iter().rev().map(|(key, value)| (key.clone(), turned(value))).collect())
        }
        Data::Seq(items) => Data::Seq(items.iter().map(turned).collect()),
        scalar => scalar.clone(),
    }
}

/// Applies a field's change to the old form.
fn apply(value: &mut Value<'_>, path: &[Step], field: &Field) {
    let new = field.new.as_ref().map(|side| Value::of_data(side.data.clone()));
    let Some((step, rest)) = path.split_first() else {
        match (&mut value.content, new) {
            (Content::List(list), Some(order)) if field.moved => {
                let Identity::Keys(names) = &list.identity else { panic!("only lists of keyed items have an order") };
                let wanted = order.to_data();
                let Data::Seq(wanted) = wanted else { panic!("an order is a list") };
                let items = keyed(list, names).expect("has keys");
                let place = |key: &Data| wanted.iter().position(|known| same_scalar(known, key));
                let mut items: Vec<_> =
                    items.into_iter().map(|(keys, item)| (place(&keys[0].1), item.clone())).collect();
                items.sort_by_key(|(place, _)| *place);
                list.items = items.into_iter().map(|(_, item)| item).collect();
            }
            (_, Some(new)) => *value = new,
            (_, None) => panic!("nothing is left of the object"),
        }
        return;
    };
    match (&mut value.content, step) {
        (Content::Map(entries), Step::Key(key)) => {
            let at = entries.iter().position(|(known, _)| known == key);
            match (at, rest.is_empty(), new) {
                (Some(at), true, None) => _ = entries.remove(at),
                (None, true, Some(new)) => entries.push((key.clone(), new)),
                (Some(at), ..) => apply(&mut entries[at].1, rest, field),
                _ => panic!("{key} is missing"),
            }
        }
        (Content::List(list), Step::Item(keys)) => {
            let fits = |item: &Value<'_>| {
                keys.iter().all(|(name, wanted)| item.get(name).map_or(Data::Null, Value::to_data) == *wanted)
            };
            match (list.items.iter().position(fits), rest.is_empty(), new) {
                (Some(at), true, None) => _ = list.items.remove(at),
                (None, true, Some(new)) => list.items.push(new),
                (Some(at), ..) => apply(&mut list.items[at], rest, field),
                _ => panic!("the item is missing"),
            }
        }
        (Content::List(list), Step::Index(at)) => apply(&mut list.items[*at], rest, field),
        (_, step) => panic!("{step:?} leads nowhere"),
    }
}

fn document(data: &Data) -> Document {
    documents(&block(data, 0)).remove(0)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn applying_what_differs_gives_the_new((old, new) in objects()) {
        let store = SchemaStore::new();
        let reading = Reading { store: &store, version: Version::LATEST, fill: true };
        let (old, new) = (document(&old), document(&new));
        let (mut patched, new) = (read(old.root(), &reading), read(new.root(), &reading));
        let fields = compare(&patched, &new, Secrets::Shown, &Ignored::nothing()).fields;
        // The order of items is said of the list as it is in the end.
        let (moved, others): (Vec<_>, Vec<_>) = fields.iter().partition(|field| field.moved);
        for field in others.into_iter().chain(moved) {
            apply(&mut patched, &field.path.0, field);
        }
        let left = compare(&patched, &new, Secrets::Shown, &Ignored::nothing()).fields;
        prop_assert!(left.iter().all(|field| field.moved), "{fields:#?}\nleft: {left:#?}");
    }

    #[test]
    fn nothing_differs_from_itself_whatever_the_order_of_keys((old, _) in objects()) {
        let text = block(&old, 0);
        let turned = block(&turned(&old), 0);
        prop_assert!(changes_with(&text, &turned, Secrets::Shown, &[]).is_empty(), "{text}---\n{turned}");
    }

    #[test]
    fn the_order_of_documents_does_not_matter(
        olds in proptest::collection::vec(objects(), 0..4), news in proptest::collection::vec(objects(), 0..4)
    ) {
        let rename = |(at, (data, _)): (usize, &(Data, Data))| {
            let mut data = data.clone();
            if let Data::Map(entries) = &mut data {
                entries.iter_mut().find(|(key, _)| key == "metadata").expect("has metadata").1 = map(vec![("name", text(&format!("n{at}")))]);
            }
            format!("---\n{}", block(&data, 0))
        };
        let texts = |objects: &[(Data, Data)]| objects.iter().enumerate().map(rename).collect::<Vec<_>>();
        let (olds, news) = (texts(&olds), texts(&news));
        let back = |texts: &[String]| texts.iter().rev().cloned().collect::<String>();
        let one = changes_with(&olds.concat(), &news.concat(), Secrets::Masked, &[]);
        let two = changes_with(&back(&olds), &back(&news), Secrets::Masked, &[]);
        prop_assert_eq!(Json.write(&report(one)), Json.write(&report(two)));
    }
}
