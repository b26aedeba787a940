//! Rendering, seen from outside: a template and values in, text and findings out.

use super::*;
use crate::chart::{Place, ValueData, ValueEntry};
use crate::yaml::{Node, Scalar};
use proptest::prelude::*;

fn value(node: Node) -> Value {
    let data = match node.scalar() {
        Some(Scalar::Null) => ValueData::Null,
        Some(Scalar::Bool(value)) => ValueData::Bool(value),
        Some(Scalar::Int(value)) => ValueData::Int(value),
        Some(Scalar::UInt(value)) => ValueData::UInt(value),
        Some(Scalar::Float(value)) => ValueData::Float(value),
        Some(_) => ValueData::String(node.text().into()),
        None if node.kind() == crate::yaml::Kind::Seq => ValueData::Seq(node.items().map(value).collect()),
        None => ValueData::Map(
            node.entries()
                .map(|e| ValueEntry { key: e.name().into(), key_span: Some(e.key.span()), value: value(e.value) })
                .collect(),
        ),
    };
    let written =
        matches!(data, ValueData::Bool(_) | ValueData::Int(_) | ValueData::Float(_)).then(|| node.text().into());
    Value { data, place: Some(Place { span: node.span(), written, overrode: Vec::new() }) }
}

struct Run {
    sources: SourceMap,
    rendered: Rendered,
}

impl Run {
    fn of(files: &[(&str, &str)], values: &str) -> Self {
        let sources = SourceMap::new();
        let parsed = crate::yaml::parse(&sources.add("values.yaml", values));
        let root = parsed.documents.first().map_or(Value::supplied(ValueData::Map(Vec::new())), |d| value(d.root()));
        Self::with(sources, files, root)
    }

    fn with(sources: SourceMap, files: &[(&str, &str)], values: Value) -> Self {
        let printing = files.iter().map(|(path, _)| (*path).to_owned()).filter(|path| !path.starts_with('_')).collect();
        let templates = files
            .iter()
            .map(|(path, text)| ((*path).to_owned(), sources.add(format!("templates/{path}"), *text)))
            .collect();
        let (metadata, program) = (Data::Map(Vec::new()), OnceLock::new());
        let templates = Templates { templates, printing, files: Arc::default(), metadata, program };
        let release = Release {
            name: "shop".to_owned(),
            namespace: "ns".to_owned(),
            environment: None,
            kubernetes_version: "1.34".to_owned(),
            revision: 1,
            is_upgrade: false,
            api_versions: Vec::new(),
            served: &[],
        };
        let request = Request { templates: &templates, values: &Arc::new(values), release: &release };
        let rendered = JinjaEngine.render(request, &sources).expect("needs nothing of the world");
        Self { sources, rendered }
    }

    fn text(&self) -> &str {
        self.rendered.files.first().map_or("", |file| file.source.text())
    }

    fn place(&self, span: Span) -> String {
        let file = self.sources.file(span.file);
        let at = file.position(span.start);
        format!("{}:{}:{}", file.name(), at.line, at.column)
    }

    fn findings(&self) -> Vec<String> {
        let show = |d: &Diagnostic| format!("{} {}", d.span.map_or_else(|| "?".to_owned(), |s| self.place(s)), d.rule);
        self.rendered.diagnostics.iter().map(show).collect()
    }
}

const VALUES: &str = "\
ja: 'yes'
text: hello
repo: nginx
tag: 1.10
num: 8080
nothing: null
empty: ''
hash: 'a # b'
quote: \"it's \\\"x\\\"\"
lines: \"one\\ntwo\"
list: [a, b]
map: {k: v, w: {x: 1}}
none_map: {}
none_list: []
pem: \"-----BEGIN\\nabc\\n-----END\\n\"
big: 1234567
rest: '---'
mode: 0644
flag: true
";

/// Renders a template with [`VALUES`].
fn text(template: &str) -> String {
    let run = Run::of(&[("t.yaml", template)], VALUES);
    let findings = run.findings();
    if findings.is_empty() { run.text().to_owned() } else { format!("{}!{}", run.text(), findings.join(", ")) }
}

#[test]
fn values_are_written_as_their_place_asks() {
    let v = |body: &str| format!("{{{{values.{body}}}}}");
    for (template, expected) in [
        // A value alone keeps its type; a string that Go would read as something else is quoted.
        (format!("k: {}\n", v("ja")), "k: \"yes\"\n"),
        (format!("k: {}\n", v("text")), "k: hello\n"),
        (format!("k: {}\n", v("num")), "k: 8080\n"),
        (format!("k: {}\n", v("big")), "k: 1234567\n"),
        (format!("k: {}\n", v("nothing")), "k: null\n"),
        (format!("k: {}\n", v("empty")), "k: \"\"\n"),
        (format!("k: {}\n", v("mode")), "k: 0644\n"),
        (format!("k: {}\n", v("num|string")), "k: \"8080\"\n"),
        (format!("k: {}\n", v("flag|string")), "k: \"true\"\n"),
        // Several pieces are one string.
        (format!("i: {}/{}:{}\n", v("repo"), v("text"), v("tag")), "i: nginx/hello:1.10\n"),
        (format!("{}: v\n", v("ja")), "\"yes\": v\n"),
        (format!("- --f={}\n", v("hash")), "- \"--f=a # b\"\n"),
        (format!("- {}\n", v("rest")), "- \"---\"\n"),
        (format!("{}\n", v("rest")), "\"---\"\n"),
        (format!("k: {}\r\n", v("text")), "k: hello\r\n"),
        (format!("&x {}\n", v("ja")), "&x \"yes\"\n"),
        (format!("k: a {} b # c {}\n", v("text"), v("lines")), "k: a hello b # c one two\n"),
        // Quotes.
        (format!("k: '{}'\n", v("quote")), "k: 'it''s \"x\"'\n"),
        (format!("k: \"{}\"\n", v("quote")), "k: \"it's \\\"x\\\"\"\n"),
        (format!("k: 'a''b {}'\n", v("lines")), "k: \"a'b one\\ntwo\"\n"),
        // Flow.
        (format!("k: [{}, x{}y]\n", v("hash"), v("quote")), "k: [\"a # b\", \"xit's \\\"x\\\"y\"]\n"),
        (format!("k: {{a: {}, {}: 1}}\n", v("list"), v("ja")), "k: {a: [a, b], \"yes\": 1}\n"),
        // Lists and maps.
        (format!("m: {}  # n\nz: 1\n", v("map")), "m:  # n\n  k: v\n  w:\n    x: 1\nz: 1\n"),
        (format!("m:\n  {}\n  z: 1\n", v("map")), "m:\n  k: v\n  w:\n    x: 1\n  z: 1\n"),
        (format!("m:\n  a: 1\n  {}\n  z: 1\n", v("map")), "m:\n  a: 1\n  k: v\n  w:\n    x: 1\n  z: 1\n"),
        (format!("- x\n{}\n- z\n", v("list")), "- x\n- a\n- b\n- z\n"),
        (format!("- {}\n- z\n", v("map")), "- k: v\n  w:\n    x: 1\n- z\n"),
        (format!("- {}\n", v("list")), "- - a\n  - b\n"),
        (format!("m: {}\n", v("none_map")), "m: {}\n"),
        (format!("m:\n  {}\n  a: 1\n", v("none_map")), "m:\n  a: 1\n"),
        (format!("m:\n  a: 1\n  {}\nz: 1\n", v("none_map")), "m:\n  a: 1\nz: 1\n"),
        (format!("m:\n  {}\nz: 1\n", v("none_map")), "m:\n  {}\nz: 1\n"),
        (format!("m:\n  {}\n", v("none_list")), "m:\n  []\n"),
        (
            format!("a:\n  b:\n    c:\n      d: {}\n", v("map")),
            "a:\n  b:\n    c:\n      d:\n        k: v\n        w:\n          x: 1\n",
        ),
        // Blocks.
        (format!("k: |\n  echo \"{}\"\n  z\n", v("lines")), "k: |\n  echo \"one\n  two\"\n  z\n"),
        (format!("k: |\n  {}\nz: 1\n", v("pem")), "k: |\n  -----BEGIN\n  abc\n  -----END\nz: 1\n"),
        (format!("k: |\n  a:\n    {}\n", v("map|toyaml")), "k: |\n  a:\n    k: v\n    w:\n      x: 1\n"),
        (format!("k: >\n  a {}\n", v("text")), "k: >\n  a hello\n"),
        // Sets, captures, macros.
        ("{% macro port() %}8080{% endmacro %}port: {{port()}}\n".into(), "port: 8080\n"),
        ("{% macro m() %}yes{% endmacro %}b: {{m()}}\n".into(), "b: yes\n"),
        ("{% macro m(v) %}{{v}}{% endmacro %}b: \"{{m(values.quote)}}\"\n".into(), "b: \"it's \\\"x\\\"\"\n"),
        ("{% macro m(v) %}{{v}}{% endmacro %}b: {{m(values.ja)}}\n".into(), "b: \"yes\"\n"),
        ("{% macro m() %}yes{% endmacro %}{% if m()==\"yes\" %}a: 1{% endif %}\n".into(), "a: 1\n"),
        (
            "{% macro l(n) %}\napp: {{n}}\nk: 'x'\n{% endmacro %}\nm:\n  labels: {{l(values.ja)}}\n  z: 1\n".into(),
            "m:\n  labels:\n    app: \"yes\"\n    k: 'x'\n  z: 1\n",
        ),
        (
            "{% macro l() %}\n  a: 1\n  b:\n    c: 1\n{% endmacro %}\n- {{l()}}\n- {{ l() }}\n".into(),
            "- a: 1\n  b:\n    c: 1\n- a: 1\n  b:\n    c: 1\n",
        ),
        ("{% set x %}\na: {{values.ja}}\nb: 1\n{% endset %}\nm:\n    {{x}}\n".into(), "m:\n    a: \"yes\"\n    b: 1\n"),
        (
            "{% set x %}{{values.ja}}{% endset %}{% set y %}yes{% endset %}a: {{x}}\nb: {{y}}\n".into(),
            "a: \"yes\"\nb: yes\n",
        ),
        ("{% filter upper %}a{% endfilter %}: 1\n".into(), "A: 1\n"),
        (
            "{% macro w() %}\nbox:\n  {{ caller() }}\n{% endmacro %}\n{% call w() %}\nin: 1\n{% endcall %}\n".into(),
            "box:\n  in: 1\n",
        ),
        (
            "{% macro w(a) %}{{a}}-{{ caller(1) }}{% endmacro %}k: {% call(i) w(2) %}n{{i}}{% endcall %}\n".into(),
            "k: 2-n1\n",
        ),
        ("{% for k, v in values.map|items %}\n{{k}}: {{v}}\n{% endfor %}\n".into(), "k: v\nw:\n  x: 1\n"),
        ("{% for i in values.list %}\n- {{i}}\n{% endfor %}\n".into(), "- a\n- b\n"),
        ("k: {{values.map|toyaml}}\n".into(), "k:\n  k: v\n  w:\n    x: 1\n"),
        ("m:\n  {{values.map|toyaml|indent(8)}}\n".into(), "m:\n  k: v\n  w:\n    x: 1\n"),
        ("m:\n  - x\n  {%- if true %}\n  - y\n  {%- endif %}\nz: 1\n".into(), "m:\n  - x\n  - y\nz: 1\n"),
        ("k: 'one\n  two {{\"x\\ty\"}}'\n".into(), "k: \"one\n  two x\\ty\"\n"),
        ("k:\n  # none\n  {{values.none_map}}\n".into(), "k:\n  # none\n  {}\n"),
        ("k:\n-\n  {{values.none_map}}\n".into(), "k:\n-\n  {}\n"),
        ("k:\n{{values.none_list}}\nz: 1\n".into(), "k:\n  []\nz: 1\n"),
        ("k:\n{{values.list}}\nz: 1\n".into(), "k:\n- a\n- b\nz: 1\n"),
        (
            "{% macro p(v) %}{{v}}{% endmacro %}{% set a = p(1) %}{% set b = p('1') %}\na: {{a}}\nb: {{b}}\n".into(),
            "\na: 1\nb: \"1\"\n",
        ),
        ("k: |\n  p: {{values.ja|toyaml}}\n  q: {{values.nothing|toyaml}}\n".into(), "k: |\n  p: \"yes\"\n  q: null\n"),
        ("k: |\n    t {{values.text}}\n  # no text\nz: 1\n".into(), "k: |\n    t hello\n  # no text\nz: 1\n"),
        ("k: &{{values.text}} x\nz: *{{values.text}}\n".into(), "k: &hello x\nz: *hello\n"),
        ("k: {{values.map|tojson}}\n".into(), "k: \"{\\\"k\\\":\\\"v\\\",\\\"w\\\":{\\\"x\\\":1}}\"\n"),
        ("k: {{'abc'|sha256|trunc(8)}}\n".into(), "k: ba7816bf\n"),
        ("k: {{'abc'|b64encode}}\n".into(), "k: YWJj\n"),
        ("k: {{tpl('{{ values.text }}!')}}\n".into(), "k: hello!\n"),
        ("# {{values.lines}}\nk: 1\n".into(), "# one two\nk: 1\n"),
        ("k: text {{values.text}}\n  goes on {{values.repo}}\nz: 1\n".into(), "k: text hello\n  goes on nginx\nz: 1\n"),
        ("---\nk: {{values.ja}}\n---\nk: {{values.num}}\n".into(), "---\nk: \"yes\"\n---\nk: 8080\n"),
    ] {
        assert_eq!(text(&template), expected, "{template}");
    }
}

#[test]
fn misplaced_values_are_findings_at_their_tag() {
    for (template, expected) in [
        ("k: {{1}}{{'e3'}}\n", "k: \"1e3\"\n!templates/t.yaml:1:4 template/retyped"),
        ("k: {{1}}.{{10}}\n", "k: \"1.10\"\n!templates/t.yaml:1:4 template/retyped"),
        ("k: x{{values.map}}\n", "k: x\n!templates/t.yaml:1:5 template/place"),
        ("k: x{{values.nothing}}\n", "k: x\n!templates/t.yaml:1:5 template/null"),
        ("k: {{values.list}} x\n", "k:\n  - a\n  - b x\n!templates/t.yaml:1:4 template/place"),
        ("k: &{{values.hash}} x\n", "k: & x\n!templates/t.yaml:1:5 template/place"),
        ("a: 1\n{{values.text}}\n", "a: 1\nhello\n!templates/t.yaml:2:1 template/place"),
        ("{{values.map}}: 1\n", "!templates/t.yaml:1:1 template/place"),
        ("k: |\n  {{values.empty}}\n", "k: \"\\n\"\n!templates/t.yaml:2:3 template/rewritten"),
        ("k: {{values.imge}}\n", "!templates/t.yaml:1:6 template/unknown-value"),
        ("k: {{values.num|uper}}\n", "!templates/t.yaml:1:17 template/unknown-name"),
        ("k: {{\n", "!templates/t.yaml:1:4 template/syntax"),
        ("k: {{ fail('no') }}\n", "!templates/t.yaml:1:7 template/failed"),
        (
            "{% for i in values.list recursive %}{{ loop([])|upper }}{% endfor %}\n",
            "!templates/t.yaml:1:37 template/unsupported",
        ),
        ("{% extends 'x' %}\n", "!templates/t.yaml:1:1 template/unsupported"),
        ("{% include 'x' %}\n", "!templates/t.yaml:1:4 template/not-found"),
    ] {
        let got = text(template);
        let (rendered, findings) = got.split_once('!').unwrap_or((&got, ""));
        let (wanted, wanted_findings) = expected.split_once('!').unwrap_or((expected, ""));
        assert!(findings.starts_with(wanted_findings), "{template}: {findings}");
        if !wanted.is_empty() && !template.contains(" x\n") {
            assert_eq!(rendered, wanted, "{template}");
        }
    }
}

#[test]
fn findings_lead_back_to_macros_and_values() {
    let files = [
        ("_h.yaml", "{% macro box(image) %}\nname: x\nimagee: {{ image.repo }}:{{ image.tag }}\n{% endmacro %}\n"),
        ("t.yaml", "{% from '_h.yaml' import box %}\nspec:\n  - {{ box(values.web) }}\nmap: {{ values.web }}\n"),
    ];
    let run = Run::of(&files, "web:\n  repo: nginx\n  tag: on\n");
    assert_eq!(run.findings(), [""; 0]);
    assert_eq!(run.text(), "spec:\n  - name: x\n    imagee: nginx:on\nmap:\n  repo: nginx\n  tag: true\n");
    let file = &run.rendered.files[0];
    let find = |text: &str| {
        let at = run.text().find(text).expect("is in the output");
        let span = Span::new(file.source.id(), at, at + text.len());
        run.rendered.resolve(Diagnostic::error("x", "x").at(span))
    };
    let key = find("imagee");
    assert_eq!(run.place(key.span.unwrap()), "templates/_h.yaml:3:1");
    assert_eq!(run.place(key.trace[0].span), "templates/t.yaml:3:5");
    assert_eq!(key.trace[0].what, "macro `box`");
    assert_eq!(key.edit, None);
    let image = find("nginx:on");
    assert_eq!(run.place(image.span.unwrap()), "templates/_h.yaml:3:9");
    let edit = image.edit.expect("a value fed it");
    assert_eq!((edit.key.as_str(), run.place(edit.span)), ("web.tag", "values.yaml:3:3".to_owned()));
    let nested = find("tag: true");
    let edit = nested.edit.expect("a value fed it");
    assert_eq!((edit.key.as_str(), run.place(edit.span)), ("web.tag", "values.yaml:3:3".to_owned()));
    assert_eq!(run.place(nested.span.unwrap()), "templates/t.yaml:4:6");
}

/// Places for a value: a template, and how to find in the parsed result what must equal the value.
const PLACES: &[(&str, &str)] = &[
    ("k: V\nz: 1\n", "{k}"),
    ("k: V # c\nz: 1\n", "{k}"),
    ("# V\nk: V\n", "{k}"),
    ("k: 'V'\nz: 1\n", "{k}"),
    ("k: \"V\"\nz: 1\n", "{k}"),
    ("k: aVb\nz: 1\n", "a{k}b"),
    ("k: 'aVb'\nz: 1\n", "a{k}b"),
    ("k: \"aVb\"\nz: 1\n", "a{k}b"),
    ("z: 1\nk: '\"it''s V\"\"'", "quoted"),
    ("- V\n- z\n", "[0]"),
    ("- a: V\n  b: 1\n", "[0]a"),
    ("- - V\n  - z\n", "[0][0]"),
    ("k: [V, z]\n", "{k}[0]"),
    ("k: [z, 'V', \"V\"]\n", "{k}[1]"),
    ("k: [aVb]\n", "a{k}[0]b"),
    ("k: {a: V, z: 1}\n", "{k}a"),
    ("k: {a: 'V'}\nz: 1\n", "{k}a"),
    ("V: 1\n", "key"),
    ("aV: 1\n", "akey"),
    ("'V': 1\n", "key"),
    ("\"V\": 1\n", "key"),
    ("k: { V: 1}\n", "{k}key"),
    ("# V\nk: 1\n", "none"),
    ("k: 1 # V\nz: 1\n", "none"),
    ("k:\n  V\nz: 1\n", "{k}"),
    ("k: &a V\nz: *a\n", "{k}"),
    ("k: !!str V\nz: 1\n", "{k}"),
    ("k: |\n  a\n  V\n  b\nz: 1\n", "block"),
    ("k: |-\n  aV\n  b\nz: 1\n", "blockstrip"),
    ("k: |+\n  aVb\nz: 1\n", "blockkeep"),
    ("k: --f=V\nz: 1\n", "--f={k}"),
];

/// Wraps the printing of a value in ways that must not matter.
const WRAPS: &[(&str, &str)] = &[
    ("", "{{ values.v }}"),
    ("{% macro m(x) %}{{ x }}{% endmacro %}\n", "{{ m(values.v) }}"),
    ("{% macro m(x) %}\n{{ x }}\n{% endmacro %}\n", "{{ m(values.v) }}"),
    ("{% set x %}{{ values.v }}{% endset %}\n", "{{ x }}"),
    ("{% set x = values.v %}\n", "{{ x }}"),
    ("", "{% if true %}{{ values.v }}{% endif %}"),
    ("", "{% for x in [values.v] %}{{ x }}{% endfor %}"),
    ("{% macro i(x) %}{{ x }}{% endmacro %}{% macro m(x) %}{{ i(x) }}{% endmacro %}\n", "{{ m(values.v) }}"),
    ("{% from '_m.yaml' import f %}\n", "{{ f(values.v) }}"),
    ("", "{% include '_i.yaml' %}"),
];

fn nasty() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~]{0,12}",
        "\\PC{0,8}",
        "[a \0\u{7f}\u{85}\u{2028}\u{feff}\u{fffe}\u{ffff}]{0,4}",
        "[:#'\"\\[\\]{},&*!|>%@`\\- \n\t\\\\ab?=<~.0-9]{0,8}",
        proptest::string::string_regex(
            "(yes|no|on|null|~|true|0x1f|1_0|1e3|1\\.10|<<|---|\\.\\.\\.|=)( |:|#|\n)?[a-z]?"
        )
        .unwrap(),
        prop::collection::vec(any::<char>(), 0..6).prop_map(|chars| chars.into_iter().collect()),
    ]
}

/// Renders a template that prints a string in a place.
fn run_place(template: &str, value: &str) -> Run {
    let entry = ValueEntry { key: "v".into(), key_span: None, value: Value::supplied(ValueData::String(value.into())) };
    let files =
        [("t.yaml", template), ("_m.yaml", "{% macro f(x) %}{{ x }}{% endmacro %}\n"), ("_i.yaml", "{{ values.v }}\n")];
    Run::with(SourceMap::new(), &files, Value::supplied(ValueData::Map(vec![entry])))
}

/// Writes what a tree is made of, its strings left out.
fn shape(node: Node) -> String {
    let children = |items: Vec<String>| items.join(" ");
    match node.kind() {
        crate::yaml::Kind::Map => format!("{{{}}}", children(node.entries().map(|e| shape(e.value)).collect())),
        crate::yaml::Kind::Seq => format!("[{}]", children(node.items().map(shape).collect())),
        crate::yaml::Kind::String => "s".to_owned(),
        _ => node.text().to_owned(),
    }
}

fn check_place(place: (&str, &str), wrap: (&str, &str), value: &str) -> Result<(), TestCaseError> {
    let (template, at) = place;
    let template = format!("{}{}", wrap.0, template.replace('V', wrap.1));
    let run = run_place(&template, value);
    let errors: Vec<_> =
        run.rendered.diagnostics.iter().filter(|d| d.severity == crate::diagnostic::Severity::Error).collect();
    prop_assert!(errors.is_empty(), "{:?} in {:?}: {:?}\n{}", value, template, errors, run.text());
    let file = &run.rendered.files[0];
    prop_assert_eq!(file.documents.len(), 1, "{:?} in {:?}\n{}", value, template, run.text());
    let plain = run_place(&template, "x");
    let plain = shape(plain.rendered.files[0].documents[0].root());
    prop_assert_eq!(shape(file.documents[0].root()), plain, "{:?} in {:?}\n{}", value, template, run.text());
    for (at, letter) in run.text().char_indices() {
        let written = file.origins.written(Span::new(file.source.id(), at, at + letter.len_utf8()));
        let inside = |span: Span| run.sources.file(span.file).text().get(span.range()).is_some();
        prop_assert!(written.is_none_or(|written| inside(written.span)), "byte {at} of {:?} in {:?}", value, template);
    }
    let root = file.documents[0].root();
    let k = || root.get("k").map(|node| node.items().next().unwrap_or(node));
    let (got, want) = match at {
        "{k}" | "{k}[0]" => (k().unwrap().as_str(), value.to_owned()),
        "a{k}b" | "a{k}[0]b" => (k().unwrap().as_str(), format!("a{value}b")),
        "--f={k}" => (k().unwrap().as_str(), format!("--f={value}")),
        "[0]" => (root.items().next().unwrap().as_str(), value.to_owned()),
        "[0]a" => (root.items().next().unwrap().get("a").unwrap().as_str(), value.to_owned()),
        "[0][0]" => (root.items().next().unwrap().items().next().unwrap().as_str(), value.to_owned()),
        "{k}[1]" => (root.get("k").unwrap().items().nth(1).unwrap().as_str(), value.to_owned()),
        "{k}a" => (root.get("k").unwrap().get("a").unwrap().as_str(), value.to_owned()),
        "key" => (root.entries().next().map(|e| e.name()), value.to_owned()),
        "akey" => (root.entries().next().map(|e| e.name()), format!("a{value}")),
        "{k}key" => (root.get("k").unwrap().entries().next().map(|e| e.name()), value.to_owned()),
        "quoted" => (k().unwrap().as_str(), format!("\"it's {value}\"\"")),
        // The line break that ends a value is its line's own.
        "block" => (k().unwrap().as_str(), format!("a\n{}\nb\n", value.strip_suffix('\n').unwrap_or(value))),
        "blockstrip" => (k().unwrap().as_str(), format!("a{value}\nb")),
        "blockkeep" => (k().unwrap().as_str(), format!("a{value}b\n")),
        _ => return Ok(()),
    };
    prop_assert_eq!(got, Some(want.as_str()), "{:?} in {:?}\n{}", value, template, run.text());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, max_shrink_iters: 20_000, ..ProptestConfig::default() })]
    #[test]
    fn any_string_in_any_place_reads_back_as_itself(
        place in prop::sample::select(PLACES),
        wrap in prop::sample::select(WRAPS),
        value in nasty(),
    ) {
        check_place(place, wrap, &value)?;
    }
}

/// Gives values of plain data.
fn value_of(data: &Data) -> Value {
    Value::supplied(match data {
        Data::Null => ValueData::Null,
        Data::Bool(value) => ValueData::Bool(*value),
        Data::Int(value) => ValueData::Int(*value),
        Data::UInt(value) => ValueData::UInt(*value),
        Data::Float(value) => ValueData::Float(*value),
        Data::String(text) => ValueData::String(text.as_str().into()),
        Data::Seq(items) => ValueData::Seq(items.iter().map(value_of).collect()),
        Data::Map(entries) => ValueData::Map(
            entries
                .iter()
                .map(|(key, data)| ValueEntry { key: key.as_str().into(), key_span: None, value: value_of(data) })
                .collect(),
        ),
    })
}

fn data() -> impl Strategy<Value = Data> {
    let leaf = prop_oneof![
        Just(Data::Null),
        any::<bool>().prop_map(Data::Bool),
        any::<i64>().prop_map(Data::Int),
        nasty().prop_map(Data::String),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Data::Seq),
            prop::collection::btree_map("[a-z]{1,3}|[ -~]{1,5}", inner, 0..4)
                .prop_map(|map| Data::Map(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]
    #[test]
    fn any_data_in_any_place_reads_back_as_itself(
        place in prop::sample::select(vec!["k: V\nz: 1\n", "k: V # c\nz: 1\n", "- V\n- z\n", "- - V\n  - z\n", "k: [V, z]\n", "k:\n  a: V\nz: 1\n"]),
        wrap in prop::sample::select(WRAPS),
        data in data(),
    ) {
        let template = format!("{}{}", wrap.0, place.replace('V', wrap.1));
        let entry = ValueEntry { key: "v".into(), key_span: None, value: value_of(&data) };
        let files =
            [("t.yaml", template.as_str()), ("_m.yaml", "{% macro f(x) %}{{ x }}{% endmacro %}\n"), ("_i.yaml", "{{ values.v }}\n")];
        let run = Run::with(SourceMap::new(), &files, Value::supplied(ValueData::Map(vec![entry])));
        prop_assert!(run.rendered.diagnostics.is_empty(), "{:?} in {:?}: {:?}\n{}", data, template, run.rendered.diagnostics, run.text());
        let root = run.rendered.files[0].documents[0].root();
        let k = || root.get("k").unwrap();
        let got = match place.split('V').next() {
            Some("- ") => root.items().next().unwrap(),
            Some("- - ") => root.items().next().unwrap().items().next().unwrap(),
            Some("k: [") => k().items().next().unwrap(),
            Some("k:\n  a: ") => k().get("a").unwrap(),
            _ => k(),
        };
        prop_assert_eq!(Data::from_node(got), data, "{:?}\n{}", template, run.text());
    }
}
