//! Plain scalars against what the API's clients read them as: tests/typing/expected.txt, made by the program beside it, and
//! random ones, for which that program is asked.

use crate::real::random::Random;
use plimsoll::source::SourceMap;
use plimsoll::yaml::{Node, Scalar, float_text, parse};
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

fn read(text: &str) -> String {
    let parsed = parse(&SourceMap::new().add("typing", format!("k: {text}\n")));
    let node = parsed.documents.first().and_then(|document| document.root().get("k"));
    node.filter(|_| parsed.diagnostics.is_empty()).map_or_else(|| "ERR".to_owned(), json)
}

fn json(node: Node) -> String {
    match node.scalar() {
        Some(Scalar::Null) => "null".to_owned(),
        Some(Scalar::Bool(value)) => value.to_string(),
        Some(Scalar::Int(value)) => value.to_string(),
        Some(Scalar::UInt(value)) => value.to_string(),
        Some(Scalar::Float(value)) => float_text(value),
        // Go's JSON may stand in HTML.
        _ => {
            let json = serde_json::Value::from(node.text()).to_string();
            json.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
        }
    }
}

#[test]
fn plain_scalars_are_read_as_go_reads_them() {
    let expected = include_str!("../typing/expected.txt");
    let mut differ = Vec::new();
    for line in expected.lines() {
        let (quoted, wanted) = line.rsplit_once("\" ").expect("a text and its reading");
        let text: String = serde_json::from_str(&format!("{quoted}\"")).expect("a quoted text");
        let got = read(&text);
        if got != wanted {
            differ.push(format!("{text}: Go reads {wanted}, Plimsoll {got}"));
        }
    }
    assert!(differ.is_empty(), "{} of {} differ:\n{}", differ.len(), expected.lines().count(), differ.join("\n"));
}

/// What numbers, dates and words of YAML 1.1 are made of.
const WORDS: &[&str] = &[
    "y",
    "yes",
    "no",
    "on",
    "off",
    "true",
    "false",
    "null",
    "~",
    "nan",
    "inf",
    ".inf",
    ".nan",
    "0x",
    "0o",
    "0b",
    "e",
    "E",
    "<<",
    "=",
    "2001-01-01",
    "T",
    "12:30:45",
    "Z",
    "infinity",
    "NaN",
    "1_000",
    "9223372036854775808",
    "18446744073709551615",
    "0.1",
    "1e400",
];
const MARKS: &[u8] = b"0123456789+-._:eExXoObBaAfF,~";

/// Makes a text that can only be one plain scalar.
fn scalar(random: &mut Random) -> String {
    let mut text = String::new();
    for _ in 0..=random.below(4) {
        match random.below(4) {
            0 => {
                let word = WORDS[random.below(WORDS.len())];
                let upper = random.below(4) == 0;
                text += &if upper { word.to_uppercase() } else { word.to_owned() };
            }
            1 => text.push(char::from(b'0' + u8::try_from(random.below(10)).expect("is a digit"))),
            2 => (0..random.below(8)).for_each(|_| text.push(char::from(MARKS[random.below(MARKS.len())]))),
            _ => text.push(char::from(b'!' + u8::try_from(random.below(94)).expect("is printable"))),
        }
    }
    text
}

/// Tells whether a text is structure, or begins as another kind of scalar.
fn is_more_than_plain(text: &str) -> bool {
    let first = text.chars().next().unwrap_or_default();
    "!&*|>'\"%@`#{}[],".contains(first)
        || text.ends_with(':')
        || ["-", "?", ":", "---", "..."].contains(&text)
        || text.is_empty()
}

/// A million with `tests/run --full`, or `PLIMSOLL_TEST_SCALARS=1000000 tests/run --test suite -- any_plain_scalar`.
#[test]
fn any_plain_scalar_is_read_as_go_reads_it() {
    let Some(program) = crate::real::given("PLIMSOLL_TEST_TYPING") else { return };
    let count = std::env::var("PLIMSOLL_TEST_SCALARS").map_or(20_000, |count| count.parse().expect("is a number"));
    let seed = std::env::var("PLIMSOLL_TEST_SEED").map_or(1, |seed| seed.parse().expect("is a number"));
    let mut random = Random::new(seed, "scalars");
    let texts: Vec<String> =
        std::iter::repeat_with(|| scalar(&mut random)).filter(|text| !is_more_than_plain(text)).take(count).collect();
    let mut go = Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("runs");
    let mut asked = go.stdin.take().expect("is piped");
    let answers = BufReader::new(go.stdout.take().expect("is piped"));
    let mut differ = Vec::new();
    std::thread::scope(|scope| {
        let all = &texts;
        scope.spawn(move || {
            let lines = all.iter().map(|text| serde_json::Value::from(text.as_str()).to_string() + "\n");
            lines.for_each(|line| asked.write_all(line.as_bytes()).expect("it reads"));
        });
        let mut answered = 0;
        for (text, line) in texts.iter().zip(answers.lines()) {
            let line = line.expect("it answers");
            let wanted =
                line.strip_prefix(&serde_json::Value::from(text.as_str()).to_string()).expect("is the answer").trim();
            let got = read(text);
            if got != wanted {
                differ.push(format!("{text}: Go reads {wanted}, Plimsoll {got}"));
            }
            answered += 1;
        }
        assert_eq!(answered, count, "it answers all");
    });
    assert!(go.wait().expect("ends").success());
    differ.truncate(50);
    assert!(differ.is_empty(), "of {count}:\n{}", differ.join("\n"));
}
