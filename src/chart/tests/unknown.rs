//! `values/unknown-key`: a typo in values is an error.

use super::page;
use crate::chart::Override;

const SHOP: &str = "
-- values.yaml --
replicas: 1
web:
  image: { name: shop, tag: 1.0.0 }
  annotations: {}
  extra: null
  port: 80
";

#[test]
fn a_key_among_declared_siblings_must_be_one_of_them() {
    for (environment, expected) in [
        (
            "replicass: 3",
            "environments/prod.yaml:1:1 values/unknown-key: `replicass` is not declared by the chart; did you mean `replicas`?",
        ),
        (
            "web:\n  image:\n    tags: 2\n  annotations: { a: b }",
            "environments/prod.yaml:3:5 values/unknown-key: `web.image.tags` is not declared by the chart; did you mean `web.image.tag`?",
        ),
        ("web: { extra: { any: { thing: 1 } } }", ""),
        ("web: { port: { name: http } }", ""),
        ("global: { any: 1 }", ""),
        (
            "colour: red",
            "environments/prod.yaml:1:1 values/unknown-key: `colour` is not declared by the chart; declare it in values.yaml, or use one of `replicas`, `web`",
        ),
    ] {
        let page = page(&format!("{SHOP}-- environments/prod.yaml --\n{environment}\n"));
        assert_eq!(page.told(&page.compose("prod", &[])), expected, "{environment}");
        assert_eq!(page.told(&page.compose("dev", &[])), "");
    }
}

#[test]
fn flags_and_files_are_held_to_the_same() {
    let page = page(SHOP);
    for (given, expected) in [
        (
            page.set("replicas=2,replicass=3"),
            "--set:1:12 values/unknown-key: `replicass` is not declared by the chart; did you mean `replicas`?",
        ),
        (
            page.set("web.imgae.tag=2"),
            "--set:1:5 values/unknown-key: `web.imgae` is not declared by the chart; did you mean `web.image`?",
        ),
        (page.set("web.annotations.x=2,web.extra.y.z=1"), ""),
        (
            Override::SetJson(page.flag("--set-json", r#"web.image={"nmae":1}"#)),
            "--set-json:1:11 values/unknown-key: `web.image.nmae` is not declared by the chart; did you mean `web.image.name`?",
        ),
        (
            Override::File(page.flag("more.yaml", "\nweb: { ports: 1 }")),
            "more.yaml:2:8 values/unknown-key: `web.ports` is not declared by the chart; did you mean `web.port`?",
        ),
    ] {
        assert_eq!(page.told(&page.compose("", &[given])), expected);
    }
}

#[test]
fn a_schema_declares_and_opens() {
    let page = page(
        r##"
-- values.yaml --
config: { level: info }
logo: { color: blue }
-- values.schema.json --
{ "$defs": { "size": { "properties": { "width": {}, "height": {} } } },
  "properties": {
    "config": { "additionalProperties": { "type": "string" } },
    "size": { "$ref": "#/$defs/size" } } }
-- environments/prod.yaml --
config: { format: json }
logo: { colour: red }
size: { widht: 1, height: 2 }
"##,
    );
    assert_eq!(
        page.told(&page.compose("prod", &[])),
        "\
environments/prod.yaml:2:9 values/unknown-key: `logo.colour` is not declared by the chart; did you mean `logo.color`?
environments/prod.yaml:3:9 values/unknown-key: `size.widht` is not declared by the chart; did you mean `size.width`?"
    );
}

#[test]
fn subcharts_declare_their_own_keys() {
    let page = page(
        "
-- Chart.yaml --
apiVersion: plimsoll.dev/v1
name: demo
version: 0.1.0
dependencies: [{ name: postgres, alias: db }]
-- values.yaml --
name: x
db: { sise: 1 }
-- environments/prod.yaml --
db: { usr: 2, global: { a: 1 } }
bd: {}
-- charts/postgres/Chart.yaml --
apiVersion: plimsoll.dev/v1
name: postgres
version: 0.1.0
-- charts/postgres/values.yaml --
size: 1
user: x
-- charts/postgres/environments/prod.yaml --
users: 2
",
    );
    assert_eq!(
        page.told(&page.compose("prod", &[])),
        "\
charts/postgres/environments/prod.yaml:1:1 values/unknown-key: `users` is not declared by the chart; did you mean `user`?
values.yaml:2:7 values/unknown-key: `db.sise` is not declared by the chart; did you mean `db.size`?
environments/prod.yaml:1:7 values/unknown-key: `db.usr` is not declared by the chart; did you mean `db.user`?
environments/prod.yaml:2:1 values/unknown-key: `bd` is not declared by the chart; declare it in values.yaml, or use one of `name`, `db`"
    );
}

#[test]
fn charts_of_helm_declare_in_comments_and_are_left_alone() {
    let page = page("-- Chart.yaml --\napiVersion: v2\nname: a\nversion: 1.0.0\n-- values.yaml --\na: 1\n");
    assert_eq!(page.told(&page.compose("", &[page.set("b=1")])), "");
}
