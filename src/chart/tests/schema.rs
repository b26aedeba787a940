//! values.schema.json: findings stand in the file that supplied the value.

use super::page;

fn told(schema: &str, values: &str, environment: &str) -> String {
    let page = page(&format!(
        "-- values.yaml --\n{values}\n-- environments/prod.yaml --\n{environment}\n-- values.schema.json --\n{schema}\n"
    ));
    page.told(&page.compose("prod", &[]))
}

#[test]
fn a_finding_stands_where_the_value_was_written() {
    let schema = r#"{ "properties": {
        "replicas": { "type": "integer", "minimum": 1 },
        "pull": { "enum": ["Always", "Never"] },
        "name": { "type": "string", "pattern": "^[a-z]+$", "maxLength": 5 },
        "hosts": { "type": "array", "uniqueItems": true, "items": { "type": "string" } },
        "image": { "type": "object", "required": ["tag"], "properties": { "tag": {}, "name": {} } , "additionalProperties": false },
        "port": { "anyOf": [{ "type": "integer" }, { "const": "http" }] } } }"#;
    for (environment, expected) in [
        (
            "replicas: three",
            "environments/prod.yaml:1:11 values/schema: `replicas` must be an integer and is the text \"three\"",
        ),
        ("replicas: 0", "environments/prod.yaml:1:11 values/schema: `replicas` must be at least 1 and is `0`"),
        ("replicas: 2", ""),
        (
            "pull: always",
            "environments/prod.yaml:1:7 values/schema: `pull` must be one of `Always`, `Never` (did you mean `Always`?) and is the text \"always\"",
        ),
        (
            "name: A",
            "environments/prod.yaml:1:7 values/schema: `name` must match the pattern `^[a-z]+$` and is the text \"A\"",
        ),
        ("hosts: [a, 1]", "environments/prod.yaml:1:12 values/schema: `hosts[1]` must be a text and is `1`"),
        ("hosts: [a, a]", "environments/prod.yaml:1:8 values/schema: `hosts` must not hold an item twice"),
        ("image: { tag: null }", "environments/prod.yaml:1:1 values/schema: `image` needs the key `tag`"),
        (
            "port: [x]",
            "environments/prod.yaml:1:7 values/schema: `port` is a list, which fits none of the forms that the schema allows; `port` must be an integer and is a list; or: `port` must be `http` and is a list",
        ),
        (
            "image: { nme: x }",
            "environments/prod.yaml:1:10 values/unknown-key: `image.nme` is not declared by the chart; did you mean `image.name`?",
        ),
    ] {
        assert_eq!(told(schema, "image: { tag: a }", environment), expected, "{environment}");
    }
}

#[test]
fn secrets_are_not_printed() {
    let schema = r#"{ "properties": { "db": { "properties": { "password": { "minLength": 20 } } } } }"#;
    assert_eq!(
        told(schema, "db: { password: hunter2 }", ""),
        "values.yaml:1:17 values/schema: `db.password` must have at least 20 characters and is a text"
    );
}

#[test]
fn what_is_missing_everywhere_stands_at_the_file() {
    assert_eq!(
        told(r#"{ "required": ["name"] }"#, "a: 1", ""),
        "values.yaml:1:1 values/schema: the root of the values needs the key `name`"
    );
}

#[test]
fn a_schema_that_cannot_be_read_or_used_is_a_finding() {
    assert_eq!(
        page("-- values.schema.json --\n{ \"type\": }\n").findings(),
        "values.schema.json:1:11 values/schema: the schema is no JSON: expected value"
    );
    let used = told(r#"{ "type": "strin" }"#, "a: 1", "");
    assert!(used.starts_with("values.schema.json:1:1 values/schema: the schema cannot be used: "), "{used}");
    let remote = told(r#"{ "$ref": "https://schemas.example/a.json" }"#, "a: 1", "");
    assert!(remote.starts_with("values.schema.json:1:1 values/schema: the schema cannot be used: "), "{remote}");
}

#[test]
fn a_closed_schema_admits_what_every_chart_is_handed() {
    let page = page(
        "
-- values.yaml --
global: { a: 1 }
-- values.schema.json --
{ \"additionalProperties\": false }
-- charts/db/Chart.yaml --
apiVersion: plimsoll.dev/v1
name: db
version: 0.1.0
-- charts/db/values.schema.json --
{ \"additionalProperties\": false }
",
    );
    assert_eq!(page.told(&page.compose("", &[])), "");
}
