//! Definitions and what is wrong with them.

use super::super::testing::judged;

/// Judges a definition whose spec is good but for what is replaced.
#[track_caller]
fn page(replace: &[(&str, &str)], expected: &[&str]) {
    let mut text = "apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: shops.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {kind: Shop, plural: shops}
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {}
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            properties:
              size: {type: integer}
              name: {type: string}
              list: {type: array, items: {type: object, required: [a], properties: {a: {type: string}, b: {type: string}}}}
              more: {type: object}
"
    .to_owned();
    for (from, to) in replace {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    let shown: Vec<String> = judged(&text)
        .iter()
        .map(|line| line.replace("spec.validation.openAPIV3Schema.properties.spec.", "~"))
        .collect();
    assert_eq!(shown, expected, "{text}");
}

#[test]
fn names_scope_and_conversion() {
    page(&[], &[]);
    page(
        &[("shops.example.com", "shop.example.com")],
        &["error api/name metadata.name: `name` is `shop.example.com`, but must be `shops.example.com`"],
    );
    page(
        &[("kind: Shop", "kind: Shop, listKind: Shop, shortNames: [SH]")],
        &[
            "error api/definition spec.names.listKind: `kind` and `listKind` may not be the same",
            "error api/definition spec.names.shortNames[0]: `shortNames` is `SH`, but may hold only small letters, digits and `-`, begins with a letter, and ends with a letter or digit",
        ],
    );
    page(
        &[("example.com", "shop.k8s.io")],
        &[
            "error api/definition metadata.annotations[\"api-approved.kubernetes.io\"]: groups below `k8s.io` and `kubernetes.io` need the annotation `api-approved.kubernetes.io`",
        ],
    );
    page(
        &[
            ("Namespaced", "Global"),
            ("  names:", "  conversion: {strategy: Webhook, webhook: {clientConfig: {url: 'http://a'}}}\n  names:"),
        ],
        &[
            "error schema/enum spec.scope: `Global` is not a value of `scope`",
            "error schema/required spec.conversion.conversionReviewVersions: `webhook.conversionReviewVersions` is missing",
            "error api/definition spec.conversion.webhookClientConfig.url: `url` must begin with `https://`",
        ],
    );
}

#[test]
fn versions_columns_and_subresources() {
    page(
        &[("storage: true", "storage: false")],
        &["error api/definition spec.versions: 0 versions have `storage: true`, and exactly one must"],
    );
    page(
        &[(
            "subresources: {}",
            "deprecationWarning: a\n    additionalPrinterColumns: [{name: a, type: text, jsonPath: spec}]\n    selectableFields: [{jsonPath: .spec.none}, {jsonPath: .spec.more}, {jsonPath: .spec.name}]\n    subresources: {status: {a: 1}, scale: {specReplicasPath: .size, statusReplicasPath: .status.size}}",
        )],
        &[
            "error api/definition spec.versions[0].deprecationWarning: `deprecationWarning` is for versions with `deprecated: true`",
            "error api/definition spec.additionalPrinterColumns[0].type: `type` is `text`, but must be one of `boolean`, `date`, `integer`, `number`, `string`",
            "error api/definition spec.additionalPrinterColumns[0].JSONPath: `jsonPath` is `spec`, but must begin with `.`",
            "error api/definition spec.selectableFields[0].jsonPath: `.spec.none` names no field of the schema",
            "error api/definition spec.selectableFields[1].jsonPath: `.spec.more` must name a field of type `string`, `boolean` or `integer`",
            "error schema/unknown-field spec.versions[0].subresources.status.a: unknown field `a` in `status`",
            "error api/definition spec.subresources.scale.specReplicasPath: `specReplicasPath` is `.size`, but must be below `.spec`",
        ],
    );
}

#[test]
fn schemas_are_structural() {
    page(
        &[(
            "size: {type: integer}",
            "size: {minimum: 1}\n              tags: {type: array}\n              any: {type: object, x-kubernetes-embedded-resource: true}",
        )],
        &[
            "error api/definition-schema ~properties.size.type: `type` is missing",
            "error api/definition-schema ~properties.tags.items: a list needs `items`",
            "error api/definition-schema ~properties.any.properties: `properties` are missing: an embedded object has them, or `x-kubernetes-preserve-unknown-fields`",
        ],
    );
    page(
        &[(
            "more: {type: object}",
            "more: {type: object, additionalProperties: {type: string}, properties: {a: {type: string, pattern: '(a'}}, oneOf: [{type: object}, {properties: {a: {default: b}}}]}",
        )],
        &[
            "error api/definition-schema ~properties.more.additionalProperties: `additionalProperties` and `properties` exclude each other",
            "error api/definition-schema ~properties.more.properties.a.pattern: `pattern` is `(a`, which is no regular expression: unclosed group",
            "error api/definition-schema ~properties.more.oneOf[0].type: `type` may not stand within a combinator",
            "error api/definition-schema ~properties.more.oneOf[1].properties.a.default: `default` may not stand within a combinator",
        ],
    );
    page(
        &[("type: array,", "type: array, x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [a, b, c],")],
        &[
            "error api/definition-schema ~properties.list.x-kubernetes-list-map-keys: items have no field `c`",
            "error api/definition-schema ~properties.list.items.properties.b.default: key `b` must be required, or have a default",
        ],
    );
    page(
        &[("b: {type: string}", "b: {typ: string, maxLength: x}")],
        &[
            "warning schema/unknown-field spec.versions[0].schema.openAPIV3Schema.properties.spec.properties.list.items.properties.b.typ: unknown field `typ` in `b`",
            "error schema/type spec.versions[0].schema.openAPIV3Schema.properties.spec.properties.list.items.properties.b.maxLength: `maxLength` must be an integer, not a string",
        ],
    );
}

#[test]
fn defaults_fit() {
    page(
        &[
            ("size: {type: integer}", "size: {type: integer, minimum: 2, default: 1}"),
            ("more: {type: object}", "more: {type: object, default: {a: b}}"),
        ],
        &[
            "error api/definition-default ~properties.size.default: the default does not fit its schema: it must be at least 2, not 1",
            "error api/definition-default ~properties.more.default: the default does not fit its schema: unknown field `a`",
        ],
    );
}

#[test]
fn rules_are_expressions_about_the_schema() {
    let rules = |rules: &str| {
        format!(
            "properties:\n              size: {{type: integer}}\n              x: {{type: object, properties: {{a: {{type: string}}}}, x-kubernetes-validations: [{rules}]}}"
        )
    };
    let good = "{rule: 'self.a.size() > 1', message: a}, {rule: 'has(self.a)', fieldPath: .a}";
    assert_eq!(judged_rule(&rules(good)), [""; 0]);
    for (rule, problem) in [
        ("{rule: 'self.a >'}", "rule: `rule` is no expression: Syntax error: mismatched input '<EOF>'"),
        ("{rule: 'self.b == 1'}", "rule: `rule` speaks of the field `b`, which the schema does not define"),
        ("{rule: '[self].all(x, self.a.b)'}", "rule: `rule` speaks of a field `b` of what is of type `string`"),
        ("{rule: 'self.a == 1'}", "rule: `rule` compares values of different types"),
        ("{rule: 'this.a'}", "rule: `rule` speaks of `this`, which is not known: a rule knows `self` and `oldSelf`"),
        ("{rule: 'self.a'}", "rule: `rule` must give a boolean"),
        ("{rule: \"[1].all(x, x > 'a')\"}", "rule: `rule` compares values of different types"),
        (
            "{rule: 'true', messageExpression: '1 + self.a'}",
            "messageExpression: `messageExpression` joins values of different types",
        ),
        ("{rule: 'true', fieldPath: .b}", "fieldPath: `fieldPath` is `.b`, which names no field of the schema"),
        (
            "{rule: 'true', optionalOldSelf: true}",
            "optionalOldSelf: `optionalOldSelf` is for rules that speak of `oldSelf`",
        ),
    ] {
        let expected = format!("error api/definition-rule ~properties.x.x-kubernetes-validations[0].{problem}");
        let found = judged_rule(&rules(rule));
        assert!(found.iter().any(|line| line.starts_with(&expected)), "{rule}: {found:#?}");
    }
}

#[test]
fn rules_do_not_cost_too_much() {
    let list = |limits: &str, rule: &str| {
        format!(
            "properties:\n              list: {{type: array{limits}, items: {{type: object, properties: {{name: {{type: string{limits}}}}}}}, x-kubernetes-validations: [{{rule: \"{rule}\"}}]}}"
        )
    };
    let twice = "self.all(x, self.exists_one(y, x.name == y.name))";
    assert_eq!(judged_rule(&list(", maxItems: 10, maxLength: 20", twice)), [""; 0]);
    assert_eq!(
        judged_rule(&list("", twice)),
        [
            "error api/definition-rule spec.validation.openAPIV3Schema: all rules together may cost more than 100 times what the server allows",
            "error api/definition-rule ~properties.list.x-kubernetes-validations[0].rule: `rule` may cost more than 100 times what the server allows",
        ]
    );
    // A text of 4 bytes a character, a tenth of a unit each.
    let text = |length: &str| {
        format!(
            "properties:\n              a: {{type: string, maxLength: {length}, x-kubernetes-validations: [{{rule: \"self == self\"}}]}}"
        )
    };
    assert_eq!(judged_rule(&text("24000000")), [""; 0]);
    assert_eq!(
        judged_rule(&text("26000000")),
        [
            "error api/definition-rule ~properties.a.x-kubernetes-validations[0].rule: `rule` may cost more than what the server allows"
        ]
    );
}

fn judged_rule(properties: &str) -> Vec<String> {
    let text = format!(
        "apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {{name: shops.example.com}}
spec:
  group: example.com
  scope: Namespaced
  names: {{kind: Shop, plural: shops}}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            {properties}
"
    );
    judged(&text).iter().map(|line| line.replace("spec.validation.openAPIV3Schema.properties.spec.", "~")).collect()
}
