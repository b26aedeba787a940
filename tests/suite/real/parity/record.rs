//! The answers of a server on file: a run that was stopped goes on where it was, and asks nothing twice.

use super::answer::Answer;
use super::server::Way;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::Write as _;
use std::path::Path;
use std::sync::Mutex;

/// The answers known so far; none stands for a request that cannot be made.
#[derive(Default)]
pub(super) struct Record {
    known: Mutex<HashMap<u64, Option<Answer>>>,
    file: Option<Mutex<File>>,
}

impl Record {
    /// Opens a file, which may not exist yet. Without one, answers are kept in memory.
    pub(super) fn open(path: Option<&Path>) -> Self {
        let Some(path) = path else { return Self::default() };
        let text = fs::read_to_string(path).unwrap_or_default();
        // A line that was cut off is asked again.
        let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let entry = |line: Value| Some((line["key"].as_u64()?, Answer::from_json(&line["answer"])));
        let known = lines.filter_map(entry).collect();
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).expect("can be made");
        }
        let file = OpenOptions::new().create(true).append(true).open(path).expect("can be written");
        Self { known: Mutex::new(known), file: Some(Mutex::new(file)) }
    }

    /// Tells whether a request is known, with or without an answer.
    pub(super) fn knows(&self, text: &str, way: Way) -> bool {
        self.known.lock().expect("is whole").contains_key(&key(text, way))
    }

    /// Gives a known answer.
    pub(super) fn get(&self, text: &str, way: Way) -> Option<Answer> {
        self.known.lock().expect("is whole").get(&key(text, way)).cloned().flatten()
    }

    /// Keeps an answer.
    pub(super) fn put(&self, text: &str, way: Way, answer: Option<&Answer>) {
        let key = key(text, way);
        self.known.lock().expect("is whole").insert(key, answer.cloned());
        if let Some(file) = &self.file {
            let line = format!("{}\n", json!({"key": key, "answer": answer.map(Answer::to_json)}));
            file.lock().expect("is whole").write_all(line.as_bytes()).expect("can be written");
        }
    }
}

fn key(text: &str, way: Way) -> u64 {
    let mut hasher = DefaultHasher::new();
    (text, way.name()).hash(&mut hasher);
    hasher.finish()
}
