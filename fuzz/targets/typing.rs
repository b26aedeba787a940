//! Plain scalars against sigs.k8s.io/yaml: `fuzz/run` builds tests/typing, and this asks it line by line.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll::yaml::emit::Data;
use plimsoll::yaml::{Kind, Style};
use plimsoll_fuzz::read;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, OnceLock};

struct Go {
    _child: Child,
    asked: ChildStdin,
    answers: BufReader<ChildStdout>,
}

/// Asks Go for the value of `k: TEXT`, in JSON.
fn ask(text: &str) -> String {
    static GO: OnceLock<Mutex<Go>> = OnceLock::new();
    let go = GO.get_or_init(|| {
        let program = std::env::var("PLIMSOLL_FUZZ_TYPING").expect("PLIMSOLL_FUZZ_TYPING is tests/typing, built");
        let mut child = Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("runs");
        let (asked, answers) = (child.stdin.take().expect("is piped"), child.stdout.take().expect("is piped"));
        Mutex::new(Go { _child: child, asked, answers: BufReader::new(answers) })
    });
    let mut go = go.lock().expect("nobody panicked");
    let quoted = serde_json::to_string(text).expect("is text");
    writeln!(go.asked, "{quoted}").expect("it reads");
    let mut line = String::new();
    go.answers.read_line(&mut line).expect("it answers");
    line.strip_prefix(&quoted).expect("it answers what was asked").trim().to_owned()
}

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    // One plain scalar on one line, of characters that both have.
    if text.is_empty() || text.len() > 40 || text.trim() != text || text.chars().any(|c| c.is_control() || c > '\u{7e}') {
        return;
    }
    let parsed = read(&format!("k: {text}\n"));
    let Some(node) = parsed.documents.first().and_then(|document| document.root().get("k")) else { return };
    let one = node.kind() != Kind::Map && node.kind() != Kind::Seq && node.style() == Style::Plain;
    if !parsed.diagnostics.is_empty() || !one || node.text() != text {
        return;
    }
    let ours = match Data::from_node(node) {
        Data::Float(float) if !float.is_finite() => "ERR".to_owned(),
        data => data.to_json().to_string(),
    };
    let theirs = ask(text);
    // Go's JSON may stand in HTML.
    let ours = ours.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
    let number = |json: &str| serde_json::from_str::<f64>(json).ok();
    assert!(ours == theirs || (number(&ours).is_some() && number(&ours) == number(&theirs)), "{text}: {ours}, Go {theirs}");
});
