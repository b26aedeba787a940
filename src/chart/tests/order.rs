//! The order of values, and where each came from.

use super::{json, page};

#[test]
fn every_layer_lies_over_the_one_before_and_is_remembered() {
    let page = page(
        "
-- values.yaml --
tag: a
db: { size: 2 }
-- environments/prod.yaml --
tag: b
db: { size: 3 }
-- charts/db/Chart.yaml --
apiVersion: plimsoll.dev/v1
name: db
version: 0.1.0
-- charts/db/values.yaml --
size: 0
user: app
-- charts/db/environments/prod.yaml --
size: 1
",
    );
    let composed = page.compose("prod", &[page.set("tag=c"), page.set("db.size=4")]);
    assert_eq!(
        page.origins(&composed.values),
        "\
db.size=4 --set:1:9 < environments/prod.yaml:2:13 < values.yaml:2:13 < charts/db/environments/prod.yaml:1:7 < charts/db/values.yaml:1:7
db.user=\"app\" charts/db/values.yaml:2:7
tag=\"c\" --set:1:5 < environments/prod.yaml:1:6 < values.yaml:1:6"
    );
    assert_eq!(json(&composed.subcharts[0].values), r#"{size:4,user:"app"}"#);
    assert_eq!(page.told(&composed), "");
}

#[test]
fn maps_merge_lists_replace_and_null_deletes_at_every_depth() {
    let page = page(
        "
-- values.yaml --
limits: { cpu: 1, memory: 64Mi }
hosts: [a, b]
later: null
db: { extra: null }
-- environments/prod.yaml --
limits: { cpu: null }
hosts: [c]
db: { pool: { max: null } }
-- charts/db/Chart.yaml --
apiVersion: plimsoll.dev/v1
name: db
version: 0.1.0
-- charts/db/values.yaml --
pool: { min: 1, max: 9 }
extra: x
",
    );
    let composed = page.compose("prod", &[]);
    assert_eq!(json(&composed.values), r#"{db:{pool:{min:1}},limits:{memory:"64Mi"},hosts:["c"],later:null}"#);
    assert_eq!(json(&composed.subcharts[0].values), "{pool:{min:1}}");
    let composed = page.compose("dev", &[page.set("limits.cpu=null,later=1")]);
    assert_eq!(json(composed.values.get("limits").unwrap()), r#"{memory:"64Mi"}"#);
    assert_eq!(page.told(&composed), "");
}

#[test]
fn numbers_keep_how_they_were_written() {
    let page = page("-- values.yaml --\nbig: 1234567\nmode: 0644\nversion: 1.10\nhuge: 18446744073709551615\n");
    let composed = page.compose("", &[]);
    assert_eq!(json(&composed.values), "{big:1234567,mode:420,version:1.1,huge:18446744073709551615}");
    let written = |key| composed.values.get(key).unwrap().place.as_ref().unwrap().written.as_deref();
    assert_eq!(written("big"), None);
    assert_eq!(written("mode"), Some("0644"));
    assert_eq!(written("version"), Some("1.10"));
}

#[test]
fn global_is_handed_to_every_subchart_and_the_parent_wins() {
    let page = page(
        "
-- values.yaml --
global: { registry: r.example }
-- charts/a/Chart.yaml --
apiVersion: plimsoll.dev/v1
name: a
version: 0.1.0
-- charts/a/values.yaml --
global: { registry: other, team: a }
-- charts/a/charts/b/Chart.yaml --
apiVersion: plimsoll.dev/v1
name: b
version: 0.1.0
",
    );
    let composed = page.compose("", &[]);
    let a = &composed.subcharts[0];
    assert_eq!(json(&a.values), r#"{b:{},global:{registry:"r.example",team:"a"}}"#);
    assert_eq!(json(&a.subcharts[0].values), r#"{global:{registry:"r.example",team:"a"}}"#);
}

#[test]
fn null_in_global_deletes_in_every_subchart() {
    let page = page(
        "
-- values.yaml --
global: { registry: a }
-- environments/prod.yaml --
global: { registry: null }
-- charts/db/Chart.yaml --
apiVersion: plimsoll.dev/v1
name: db
version: 0.1.0
-- charts/db/values.yaml --
global: { registry: b, team: c }
",
    );
    let composed = page.compose("prod", &[]);
    assert_eq!(json(&composed.subcharts[0].values), r#"{global:{team:"c"}}"#);
}

#[test]
fn conditions_then_tags_turn_subcharts_on_and_aliases_rename_them() {
    let text = "
-- Chart.yaml --
apiVersion: plimsoll.dev/v1
name: demo
version: 0.1.0
dependencies:
  - { name: db, alias: orders, condition: 'orders.up,all', tags: [data] }
  - { name: db, alias: users, tags: [data] }
-- values.yaml --
orders: {}
-- charts/db/Chart.yaml --
apiVersion: plimsoll.dev/v1
name: db
version: 0.1.0
-- charts/db/values.yaml --
up: null
all: null
";
    let page = page(text);
    for (set, on) in [
        ("orders.all=1", "orders users"),
        ("tags.data=false", ""),
        ("tags.data=true", "orders users"),
        ("orders.up=true,tags.data=false", "orders"),
        ("orders.up=false", "users"),
    ] {
        let composed = page.compose("", &[page.set(set)]);
        let names: Vec<_> = composed.subcharts.iter().map(|subchart| subchart.name.as_str()).collect();
        assert_eq!(names.join(" "), on, "{set}");
        assert_eq!(page.told(&composed), "", "{set}");
    }
    let composed = page.compose("", &[page.set("orders.up=no")]);
    assert_eq!(
        page.told(&composed),
        "--set:1:11 values/condition: `orders.up` turns the subchart `orders` on or off; write true or false"
    );
}

#[test]
fn values_that_are_no_map_or_several_documents_are_findings() {
    let page =
        page("-- values.yaml --\n- a\n-- environments/dev.yaml --\na: 1\n---\nb: 1\n-- environments/prod.yaml --\n");
    assert_eq!(
        page.findings(),
        "\
environments/dev.yaml:3:1 values/documents: a file of values holds one document, and this is a second one; put it into a file of its own; several are merged with `-f`
values.yaml:1:1 values/not-a-map: values are a map of keys, and this is a list"
    );
}
