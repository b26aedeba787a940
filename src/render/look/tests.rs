//! Pages: values, a template, and what is found.

use super::{is_said, look};
use crate::chart::{Chart, ChartFile, Value, compose};
use crate::diagnostic::{Diagnostic, Severity};
use crate::render::{Engine, JinjaEngine, Release, Request, Templates};
use crate::source::{SourceMap, Span};
use proptest::prelude::*;

/// Reads a chart from a page: a line `-- path --` begins a file.
fn read(text: &str) -> (SourceMap, Chart) {
    let mut files: Vec<(String, String)> =
        vec![("Chart.yaml".to_owned(), "apiVersion: plimsoll.dev/v1\nname: demo\nversion: 0.1.0\n".to_owned())];
    for line in text.split_inclusive('\n') {
        let name = line.trim().strip_prefix("-- ").and_then(|rest| rest.strip_suffix(" --"));
        if name == Some("Chart.yaml") {
            files.clear();
        }
        match (name, files.last_mut()) {
            (Some(name), _) => files.push((name.to_owned(), String::new())),
            (None, Some((_, body))) => body.push_str(line),
            (None, None) => {}
        }
    }
    let file = |(path, text): (String, String)| ChartFile { name: path.clone(), path, bytes: text.into_bytes().into() };
    let sources = SourceMap::new();
    let (chart, problems) = Chart::load(&sources, files.into_iter().map(file).collect());
    assert_eq!(problems, []);
    (sources, chart.expect("the page holds a chart"))
}

/// Looks at a page's templates for all environments, and writes a line for each finding: `file:line:column text rule:
/// message; help`, where the text is what the place covers.
fn found(text: &str) -> String {
    let (sources, chart) = read(text);
    let names = chart.environments.keys().map(|name| Some(name.as_str())).chain([None]);
    let composed: Vec<_> = names.map(|name| compose(&chart, name, &[])).collect();
    let values: Vec<&Value> = composed.iter().map(|composed| &composed.values).collect();
    let mut lines: Vec<String> = look(&chart, &values).iter().map(|problem| told(&sources, problem)).collect();
    lines.sort();
    lines.join("\n")
}

fn told(sources: &SourceMap, problem: &Diagnostic) -> String {
    let span = problem.span.expect("has a place");
    let help = problem.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
    let severity = if problem.severity == Severity::Error { "" } else { "warning " };
    let steps: Vec<_> =
        problem.trace.iter().map(|step| format!(" [{} {}]", at(sources, step.span), step.what)).collect();
    let trace = steps.concat();
    let text = sources.file(span.file).slice(span).to_owned();
    format!("{} {text} {severity}{}: {}{help}{trace}", at(sources, span), problem.rule, problem.message)
}

fn at(sources: &SourceMap, span: Span) -> String {
    let file = sources.file(span.file);
    let position = file.position(span.start);
    format!("{}:{}:{}", file.name().trim_start_matches("templates/"), position.line, position.column)
}

/// Values and one template.
fn one(values: &str, template: &str) -> String {
    found(&format!("-- values.yaml --\n{values}\n-- templates/a.yaml --\n{template}\n"))
}

const IMAGE: &str = "image: { name: shop, tag: 1.0.0 }";
/// Mentions the image as a whole, so that pages about paths say nothing about unused values.
const USED: &str = "{{ values.image }}";

#[test]
fn a_path_that_no_values_have_is_found_wherever_it_stands() {
    let near = "a.yaml:1:";
    for (template, expected) in [
        ("{{ values.image.tag }}", ""),
        (
            "{{ values.imge.tag }}",
            "4 values.imge template/unknown-value: `values.imge.tag` is not defined; did you mean `values.image.tag`?",
        ),
        (
            "{{ values.image.tga }}",
            "4 values.image.tga template/unknown-value: `values.image.tga` is not defined; did you mean `values.image.tag`?",
        ),
        (
            "{{ values['imge'].tag }}",
            "4 values['imge'] template/unknown-value: `values.imge.tag` is not defined; did you mean `values.image.tag`?",
        ),
        (
            "{% if values.image.tga %}{% endif %}",
            "7 values.image.tga template/unknown-value: `values.image.tga` is not defined; did you mean `values.image.tag`?",
        ),
        (
            "{% if false %}{{ values.image.tga }}{% endif %}",
            "18 values.image.tga template/unknown-value: `values.image.tga` is not defined; did you mean `values.image.tag`?",
        ),
        (
            "{{ values.image.tga|default('x') }}",
            "4 values.image.tga template/unknown-value: `values.image.tga` is not defined; did you mean `values.image.tag`?",
        ),
        (
            "{{ values.image.tga is defined }}",
            "4 values.image.tga template/unknown-value: `values.image.tga` is not defined; did you mean `values.image.tag`?",
        ),
        (
            "{% for x in values.image.tgas %}{% endfor %}",
            "13 values.image.tgas template/unknown-value: `values.image.tgas` is not defined; declare it in values.yaml",
        ),
        (
            "{{ 1 if values.image.size else 2 }}",
            "9 values.image.size template/unknown-value: `values.image.size` is not defined; declare it in values.yaml",
        ),
        (
            "{{ values.image.name.first }}",
            "4 values.image.name.first template/unknown-value: `values.image.name.first` is not defined; `values.image.name` holds no map",
        ),
        (
            "{{ values.image.images }}",
            "4 values.image.images template/unknown-value: `values.image.images` is not defined; did you mean `values.image`?",
        ),
        (
            "{% include values.imag %}",
            "12 values.imag template/unknown-value: `values.imag` is not defined; did you mean `values.image`?",
        ),
    ] {
        let expected = if expected.is_empty() { String::new() } else { format!("{near}{expected}") };
        assert_eq!(one(IMAGE, &format!("{template}{USED}")), expected, "{template}");
    }
}

#[test]
fn paths_are_followed_through_names() {
    let help = "did you mean `values.image.tag`?";
    for (template, place) in [
        ("{% set image = values.image %}{{ image.tga }}", "34 image.tga"),
        ("{% set v = values %}{{ v.image.tga }}", "24 v.image.tga"),
        ("{% with i = values.image %}{{ i.tga }}{% endwith %}", "31 i.tga"),
        ("{% for i in [values.image] %}{{ i.tga }}{% endfor %}", "33 i.tga"),
        ("{% for k, i in {'web': values.image}|items %}{{ i.tga }}{% endfor %}", "49 i.tga"),
        ("{% set i = values.image or {} %}{{ (i).tga }}", ""),
        ("{{ (values.image if true else values.image).tga }}", "4 (values.image if true else values.image).tga"),
        ("{% set i = values.image %}{% if true %}{% set i = {} %}{% endif %}{{ i.tga }}", ""),
        ("{% set i, j = values.image, 1 %}{{ i.tga }}", "36 i.tga"),
    ] {
        let expected = match place {
            "" => String::new(),
            place => format!("a.yaml:1:{place} template/unknown-value: `values.image.tga` is not defined; {help}"),
        };
        assert_eq!(one(IMAGE, &format!("{template}{USED}")), expected, "{template}");
    }
}

#[test]
fn a_macro_s_parameter_stands_for_the_argument_of_each_call() {
    assert_eq!(
        found(
            "
-- values.yaml --
web: { image: { name: web, tag: a } }
api: { image: { name: api, tag: b, pin: c } }
-- templates/_helpers.yaml --
{% macro image(image, sep=':') %}{{ image.name }}{{ sep }}{{ tag(image) }}{% endmacro %}
{% macro tag(of) %}{{ of.tag }}{% if of.pin %}@{{ of.pin }}{% endif %}{% endmacro %}
{% macro unused(x) %}{{ x.any.thing }}{{ values.weg }}{% endmacro %}
-- templates/a.yaml --
{% from '_helpers.yaml' import image %}
{{ image(values.api.image) }}
{{ image(image=values.web.image) }}
-- templates/b.yaml --
{% import '_helpers.yaml' as h %}
{{ h.image(values.web.image) }}
{{ h.imgae(values.web.image) }}
"
        ),
        "\
_helpers.yaml:2:38 of.pin template/unknown-value: `values.web.image.pin` is not defined; declare it in values.yaml [a.yaml:3:4 macro `image`] [_helpers.yaml:1:62 macro `tag`]
_helpers.yaml:2:51 of.pin template/unknown-value: `values.web.image.pin` is not defined; declare it in values.yaml [a.yaml:3:4 macro `image`] [_helpers.yaml:1:62 macro `tag`]
_helpers.yaml:3:42 values.weg template/unknown-value: `values.weg` is not defined; did you mean `values.web`?
b.yaml:3:6 imgae template/unknown-name: there is no macro or variable `imgae`; did you mean `image`?"
    );
}

#[test]
fn open_maps_admit_anything() {
    let values = "
annotations: {}
extra: null
labels: { a: 1 }
hosts: [{ name: a }]
none: []
";
    for (template, expected) in [
        ("{{ values.annotations.any.thing }}", ""),
        ("{{ values.extra.any }}", ""),
        ("{{ values.labels.team }}", ""),
        (
            "{{ values.labels.color }}",
            "a.yaml:1:4 values.labels.color template/unknown-value: `values.labels.color` is not defined; declare it in values.yaml",
        ),
        ("{% for h in values.hosts %}{{ h.name }}{{ h.path }}{% endfor %}", ""),
        ("{{ values.hosts[0].name }}{{ values.none[0].name }}", ""),
        (
            "{{ values.hosts.name }}",
            "a.yaml:1:4 values.hosts.name template/unknown-value: `values.hosts.name` is not defined; `values.hosts` holds no map",
        ),
    ] {
        let all = "{{ values.annotations }}{{ values.extra }}{{ values.labels }}{{ values.hosts }}{{ values.none }}";
        let page = format!(
            "-- values.yaml --{values}-- environments/prod.yaml --\nlabels: {{ team: x }}\n-- templates/a.yaml --\n{template}{all}\n"
        );
        assert_eq!(found(&page), expected, "{template}");
    }
}

#[test]
fn a_schema_declares_opens_and_closes() {
    assert_eq!(
        found(
            r#"
-- values.yaml --
config: { level: info }
hosts: [{ name: a }]
-- values.schema.json --
{ "properties": {
    "config": { "additionalProperties": { "type": "string" } },
    "size": { "type": "integer" },
    "hosts": { "items": { "properties": { "name": {}, "path": {} } } } } }
-- templates/a.yaml --
{{ values.config.any }}{{ values.config.level }}{{ values.size }}{{ values.sise }}
{% for h in values.hosts %}{{ h.name }}{{ h.path }}{{ h.pth }}{% endfor %}
"#
        ),
        "\
a.yaml:1:69 values.sise template/unknown-value: `values.sise` is not defined; did you mean `values.size`?
a.yaml:2:55 h.pth template/unknown-value: `values.hosts[…].pth` is not defined; did you mean `values.hosts[…].path`?"
    );
}

#[test]
fn a_declared_value_that_no_branch_mentions_is_a_warning() {
    assert_eq!(
        found(
            "
-- values.yaml --
web:
  # Used as a whole.
  resources: { limits: { memory: 64Mi } }
  colour: blue
debug:
  level: 3
  verbose: true
on_request: false
only: { in: { branch: x } }
asked: { whether: 1, not: 2 }
list: [a]
each: { a: 1, b: 2 }
global: { x: 1 }
-- environments/prod.yaml --
web: { colour: red }
-- templates/a.yaml --
{{ values.web.resources|tojson }}
{% if values.on_request %}{{ values.only.in.branch }}{% endif %}
{% if values.asked and values.asked.whether %}{% endif %}
{% for x in values.list %}-{% endfor %}
{% for k, v in values.each|items %}{{ k }}{% endfor %}
"
        ),
        "\
values.yaml:10:22 not warning values/unused: no template mentions `asked.not`; delete it, or use it in a template
values.yaml:4:3 colour warning values/unused: no template mentions `web.colour`; delete it, or use it in a template
values.yaml:5:1 debug warning values/unused: no template mentions `debug`; delete it, or use it in a template"
    );
}

#[test]
fn what_cannot_be_known_keeps_quiet_about_unused_values() {
    for template in ["{{ values.a|tpl }}", "{% include values.a %}", "{{ tpl(values.a) }}"] {
        assert_eq!(one("a: x\nb: 1", template), "", "{template}");
    }
    for template in ["{{ values.a.b }}{{ dict(x=values.c) }}{{ values.d.e.upper() }}", "{{ lookup('v1', values) }}"] {
        assert_eq!(one("a: { b: 1 }\nc: { x: 1 }\nd: { e: f }", template), "", "{template}");
    }
}

#[test]
fn all_templates_are_told_their_syntax_and_names_at_once() {
    assert_eq!(
        found(
            "
-- values.yaml --
name: web
-- templates/_helpers.yaml --
{% macro x() %}x{% endmacro %}
-- templates/b.yaml --
metadata:
  {% if values.name %}
-- templates/c.yaml --
{{ values.name|uper }}{% if values.name is definde %}{% endif %}{{ requird(1) }}{{ nmae }}{{ nmae|default(1) }}
-- templates/d.yaml --
{{ values.name + }}
-- templates/e.yaml --
{% from '_helper.yaml' import x %}{% from '_helpers.yaml' import y, x %}{% include 'gone.yaml' ignore missing %}
-- templates/f.yaml --
{% for x in [1] %}{% if x %}{{ loop.index }}{% endfor %}
"
        ),
        "\
b.yaml:2:3 {% if values.name %} template/syntax: this `if` is not closed; add `{% endif %}`
c.yaml:1:16 uper template/unknown-name: there is no filter `uper`; did you mean `upper`?
c.yaml:1:44 definde template/unknown-name: there is no test `definde`; did you mean `defined`?
c.yaml:1:68 requird template/unknown-name: there is no function or macro `requird`; did you mean `required`?
c.yaml:1:84 nmae template/unknown-value: there is no variable `nmae`
d.yaml:1:18 }} template/syntax: unexpected end of variable block
e.yaml:1:66 y template/unknown-name: there is no macro or variable `y`
e.yaml:1:9 '_helper.yaml' template/not-found: there is no template `_helper.yaml`; did you mean `_helpers.yaml`?
f.yaml:1:19 {% if x %} template/syntax: this `if` is not closed before `endfor`; add `{% endif %}`"
    );
}

#[test]
fn includes_see_the_names_around_them() {
    assert_eq!(
        found(
            "
-- values.yaml --
image: { name: shop, tag: a }
-- templates/_part.yaml --
{{ image.nmae }}{{ image.tag }}
-- templates/a.yaml --
{% set image = values.image %}
{% include '_part.yaml' %}
{{ image.name }}
"
        ),
        "_part.yaml:1:4 image.nmae template/unknown-value: `values.image.nmae` is not defined; did you mean `values.image.name`? [a.yaml:2:12 include `_part.yaml`]"
    );
}

#[test]
fn circles_come_to_an_end() {
    let page = "
-- values.yaml --
a: { b: 1 }
-- templates/_x.yaml --
{% import '_y.yaml' as y %}{% macro f(v) %}{{ f([v]) }}{{ g(v) }}{{ y.h(v) }}{% endmacro %}{% macro g(v) %}{{ f(v) }}{{ f([v, v]) }}{% endmacro %}
-- templates/_y.yaml --
{% import '_x.yaml' as x %}{% macro h(v) %}{{ x.f(v) }}{% endmacro %}
-- templates/a.yaml --
{% include 'a.yaml' %}{% from '_x.yaml' import f %}{{ f(values.a) }}{{ values.a }}
";
    assert_eq!(found(page), "");
}
#[test]
fn rendering_says_nothing_that_the_look_has_not_said() {
    for template in [
        "{{ values.imge.tag }}",
        "a{{ values.image.tga }}b",
        "{{ values.image.tag|uper }}",
        "{% if 1 is definde %}{% endif %}",
        "{% include 'b.yaml' %}",
        "{% from 'b.yaml' import x %}",
        "{% if 1 %}",
        "{{ requird(1) }}",
        "{{ vlaues.image }}",
        "{% macro m(i) %}{{ i.tga }}{% endmacro %}{{ m(values.image) }}",
    ] {
        let page = format!("-- values.yaml --\n{IMAGE}\n-- templates/a.yaml --\n{USED}\n{template}\n");
        let (sources, chart) = read(&page);
        let values = std::sync::Arc::new(compose(&chart, None, &[]).values);
        let said = look(&chart, &[&values]);
        let release = Release {
            name: "demo".to_owned(),
            namespace: String::new(),
            environment: None,
            kubernetes_version: "1.34".to_owned(),
            revision: 1,
            is_upgrade: false,
            api_versions: Vec::new(),
            served: &[],
        };
        let templates = Templates::of(&chart);
        let request = Request { templates: &templates, values: &values, release: &release };
        let rendered = JinjaEngine.render(request, &sources).expect("needs nothing of the world");
        assert!(!rendered.diagnostics.is_empty(), "{template}");
        for problem in &rendered.diagnostics {
            assert!(is_said(&said, problem), "{template}: {}", told(&sources, problem));
        }
    }
}

proptest! {
    #[test]
    fn no_template_panics(parts in proptest::collection::vec(proptest::sample::select(PARTS), 0..12)) {
        found(&format!("-- values.yaml --\na: {{ b: [1, {{ c: x }}], d: null }}\n-- templates/_m.yaml --\n{{% macro m(v, w=v) %}}{{{{ v.b }}}}{{% endmacro %}}\n-- templates/a.yaml --\n{}\n", parts.concat()));
    }
}

const PARTS: &[&str] = &[
    "{{ values.a.b[0].c }}",
    "{{ values.é }}",
    "{{ values[values.a] }}",
    "{% for x, y in values.a|items %}",
    "{% endfor %}",
    "{% if values.a.x %}",
    "{% else %}",
    "{% endif %}",
    "{% set x = values.a %}",
    "{% set x %}",
    "{% endset %}",
    "{{ x.b }}",
    "{% from '_m.yaml' import m %}",
    "{% import '_m.yaml' as m %}",
    "{{ m(x) }}",
    "{{ m.m(w=values) }}",
    "{% call(z) m(x) %}",
    "{% endcall %}",
    "{% macro m(q) %}",
    "{% endmacro %}",
    "{% include 'a.yaml' %}",
    "{% block b %}",
    "{% endblock %}",
    "{{ (x or y)[1:2].z }}",
    "{% with x = [values] %}",
    "{% endwith %}",
    "{{",
    "}}",
    "{%",
    "%}",
    "{{ -x.b[-1] }}",
    "{{ {'a': x}.a.b.b }}",
    "{% extends '_m.yaml' %}",
    "{% do m(*x) %}",
    "{% filter upper %}",
    "{% endfilter %}",
    "{# é",
    "#}",
    "\r\n🚢",
];
