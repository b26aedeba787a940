//! The flags that set values.

use super::{Page, json, page};
use crate::chart::{Override, compose};
use proptest::prelude::*;

/// A chart that admits anything.
fn open() -> Page {
    page("")
}

fn set(text: &str) -> String {
    let page = open();
    let composed = page.compose("", &[page.set(text)]);
    [json(&composed.values), page.told(&composed)].join(" ").trim_end().to_owned()
}

#[test]
fn set_has_the_syntax_of_helm() {
    for (text, expected) in [
        ("a=b", r#"{a:"b"}"#),
        ("a.b=c", r#"{a:{b:"c"}}"#),
        ("a=1,b=-2,c=0", "{a:1,b:-2,c:0}"),
        ("a=007,b=1.5,c=1e3", r#"{a:"007",b:"1.5",c:"1e3"}"#),
        ("a=true,b=False,c=yes", r#"{a:true,b:false,c:"yes"}"#),
        ("a=null", "{}"),
        ("a=", r#"{a:""}"#),
        ("a={x,1,true}", r#"{a:["x",1,true]}"#),
        ("a={}", "{a:[]}"),
        ("a={x},b=1", r#"{a:["x"],b:1}"#),
        (r"a=b\,c", r#"{a:"b,c"}"#),
        (r"a\.b=c", r#"{a.b:"c"}"#),
        ("a[0]=x,a[1]=y", r#"{a:["x","y"]}"#),
        ("a[1].b=x", r#"{a:[{},{b:"x"}]}"#),
        ("a[0][1]=x", r#"{a:[[null,"x"]]}"#),
        ("a=1,a.b=2", "{a:{b:2}}"),
        ("a=b=c", r#"{a:"b=c"}"#),
        ("a= b ", r#"{a:" b "}"#),
        ("a", "{} --set:1:1 values/set: the key has no value; write `key=value`"),
        ("a=1,b", "{a:1} --set:1:5 values/set: the key has no value; write `key=value`"),
        ("a={x", "{} --set:1:3 values/set: the list has no end; close it with `}`"),
        ("a[x]=1", "{} --set:1:2 values/set: `x` is no place in a list; count from 0, to 65536 at most"),
        ("a[99999]=1", "{} --set:1:2 values/set: `99999` is no place in a list; count from 0, to 65536 at most"),
        ("=1", "{} --set:1:1 values/set: a key is missing; write `key=value`; `\\.` and `\\,` are plain characters"),
        ("a={x}y", "{} --set:1:6 values/set: text after the value; put a comma before the next key"),
    ] {
        assert_eq!(set(text), expected, "--set {text}");
    }
}

#[test]
fn the_other_flags_force_text_read_json_and_take_files() {
    let page = open();
    for (given, expected) in [
        (Override::SetString(page.flag("--set-string", "a=1,b=true")), r#"{a:"1",b:"true"}"#),
        (Override::SetJson(page.flag("--set-json", r#"a={"b":[1,2.5,null]},c="x""#)), r#"{a:{b:[1,2.5,null]},c:"x"}"#),
        (Override::SetJson(page.flag("--set-json", r#"{"a":1}"#)), "{a:1}"),
        (
            Override::SetJson(page.flag("--set-json", "a=b")),
            "{} --set-json:1:3 values/set: the value is no JSON: expected value; put text in double quotes",
        ),
        (Override::SetFile { key: page.flag("--set-file", "a.b"), text: "x: 1\n".into() }, r#"{a:{b:"x: 1\n"}}"#),
        (
            Override::SetFile { key: page.flag("--set-file", "a=b"), text: "".into() },
            "{} --set-file:1:1 values/set: the key has no value; write `key=value`",
        ),
    ] {
        let composed = page.compose("", &[given]);
        assert_eq!([json(&composed.values), page.told(&composed)].join(" ").trim_end(), expected);
    }
}

#[test]
fn flags_count_in_the_order_given_but_helm_has_its_own() {
    let text = "-- values.yaml --\na: 0\nl: [x, y]\n";
    let flags = |page: &Page| {
        [
            page.set("a=1,l[1]=z"),
            Override::File(page.flag("more.yaml", "a: 2\n")),
            Override::SetString(page.flag("--set-string", "l[0]=w")),
        ]
    };
    let native = page(text);
    let composed = native.compose("", &flags(&native));
    assert_eq!(
        native.origins(&composed.values),
        "\
a=2 more.yaml:1:4 < --set:1:3 < values.yaml:1:4
l[0]=\"w\" --set-string:1:6 < values.yaml:2:5
l[1]=\"z\" --set:1:10 < values.yaml:2:8"
    );
    let helm = page(&format!("-- Chart.yaml --\napiVersion: v2\nname: a\nversion: 1.0.0\n{text}"));
    assert_eq!(json(&helm.compose("", &flags(&helm)).values), r#"{a:1,l:["w","z"]}"#);
}

proptest! {
    #[test]
    fn no_flag_panics(text in r#"([ab.=,\\{}\[\]0-9" :é]|null|true){0,40}"#) {
        let page = page("-- values.yaml --\na: { b: [1, { a: x }] }\nb: null\n");
        for given in [
            Override::Set(page.flag("--set", &text)),
            Override::SetString(page.flag("--set-string", &text)),
            Override::SetJson(page.flag("--set-json", &text)),
            Override::SetFile { key: page.flag("--set-file", &text), text: "x".into() },
        ] {
            for diagnostic in compose(page.chart(), None, &[given]).diagnostics {
                let span = diagnostic.span.expect("a flag's finding has a place");
                prop_assert!(page.sources.file(span.file).text().get(span.range()).is_some());
            }
        }
    }

    #[test]
    fn no_file_of_values_panics(text in r#"([ab:\n \-\[\]{},&*<'"|>]|: |\n  |null){0,60}"#) {
        let page = page("-- values.yaml --\na: { b: [1, { a: x }] }\nb: null\n");
        compose(page.chart(), None, &[Override::File(page.flag("more.yaml", &text))]);
    }
}
