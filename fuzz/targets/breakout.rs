//! No value breaks out of its place: templates put together of pieces, with a string from outside, make the same tree as
//! with a harmless one, and the string is read back where it was put.
#![no_main]

use libfuzzer_sys::arbitrary::Unstructured;
use libfuzzer_sys::fuzz_target;
use plimsoll::diagnostic::Severity;
use plimsoll::source::SourceMap;
use plimsoll::yaml::emit::{Data, double_quoted};
use plimsoll::yaml::{Kind, Node};
use plimsoll_fuzz::{data, load, render, string};

/// Where a value may stand; `V` is what prints it, `@` what may stand inside, further in.
const PLACES: &[&str] = &[
    "a: V\n", "a: V # c\n", "a: 'V'\n", "a: \"V\"\n", "a: xVy\n", "a: 'xVy'\n", "- V\n- z\n", "- a: V\n  b: 1\n", "- - V\n",
    "a: [V, z]\n", "a: {b: V, c: 1}\n", "a: {b: 'V'}\n", "V: 1\n", "'V': 1\n", "xV: 1\n", "a:\n  V\n", "a: |\n  V\n  z\n",
    "a: |-\n  xVy\n", "a: >-\n  x V y\n", "a: &n V\nb: *n\n", "# V\na: 1\n", "a:\n  b:\n  - c: V\n    d: \"xV\"\n", "a: --f=V\n",
];

/// How a value may be printed.
const WRAPS: &[(&str, &str)] = &[
    ("", "{{ values.v }}"),
    ("{% macro m(x) %}{{ x }}{% endmacro %}\n", "{{ m(values.v) }}"),
    ("{% macro m(x) %}\n{{ x }}\n{% endmacro %}\n", "{{ m(values.v) }}"),
    ("{% set x %}{{ values.v }}{% endset %}\n", "{{ x }}"),
    ("", "{% if values.v is defined %}{{ values.v }}{% endif %}"),
    ("", "{% for x in [values.v] %}{{ x }}{% endfor %}"),
    ("", "{{ values.m.deep }}"),
    ("", "{% with x = values.v %}{{ x }}{% endwith %}"),
];

/// Writes what a tree is made of, its strings left out.
fn shape(node: Node<'_>) -> String {
    let joined = |parts: Vec<String>| parts.join(" ");
    match node.kind() {
        Kind::Map => format!("{{{}}}", joined(node.entries().map(|entry| shape(entry.value)).collect())),
        Kind::Seq => format!("[{}]", joined(node.items().map(shape).collect())),
        Kind::String => "s".to_owned(),
        _ => node.text().to_owned(),
    }
}

/// Renders, and gives the shape of every document, or nothing where there is an error.
fn run(template: &str, value: &str) -> Option<(Vec<String>, String)> {
    let quoted = double_quoted(value);
    let values = format!("v: {quoted}\nm: {{ deep: {quoted} }}\n");
    let sources = SourceMap::new();
    let files = [
        ("Chart.yaml", "apiVersion: plimsoll.dev/v1\nname: shop\nversion: 1.0.0\n"),
        ("values.yaml", &values),
        ("templates/a.yaml", template),
    ];
    let files = files.map(|(path, text)| (path.to_owned(), text.to_owned())).to_vec();
    let (chart, findings) = load(files, &sources);
    let chart = chart.unwrap_or_else(|| panic!("{findings:?}"));
    let (rendered, _) = render(&chart, &sources);
    if rendered.diagnostics.iter().any(|finding| finding.severity == Severity::Error) {
        return None;
    }
    let file = rendered.files.first()?;
    Some((file.documents.iter().map(|document| shape(document.root())).collect(), file.source.text().to_owned()))
}

fuzz_target!(|bytes: &[u8]| {
    let mut bytes = Unstructured::new(bytes);
    let mut template = String::new();
    let (mut heads, mut body) = (String::new(), String::new());
    for at in 0..bytes.int_in_range(1..=3).unwrap_or(1) {
        let place = bytes.choose(PLACES).copied().unwrap_or(PLACES[0]);
        let (head, print) = bytes.choose(WRAPS).copied().unwrap_or(WRAPS[0]);
        let (head, print) = (head.replace(" m(", &format!(" m{at}(")), print.replace(" m(", &format!(" m{at}(")));
        heads += &head;
        if bytes.ratio(1, 2).unwrap_or_default() {
            let other = data(&mut bytes, 1);
            if let Data::Int(_) | Data::Bool(_) = other {
                body += &format!("n{at}: {{{{ {} }}}}\n", other.to_json());
            }
        }
        let indented: String = place.split_inclusive('\n').map(|line| format!("  {line}")).collect();
        body += &format!("k{at}:\n{}", indented.replace('V', &print));
    }
    template += &heads;
    template += &body;
    let value = string(&mut bytes);
    let plain = run(&template, "x");
    let nasty = run(&template, &value);
    let Some((plain, _)) = plain else { panic!("{template:?} has errors with a harmless value") };
    // A finding is an answer, too; a changed tree is none.
    if let Some((shapes, text)) = nasty {
        assert_eq!(shapes, plain, "{value:?} in {template:?}\n{text}");
    }
});
