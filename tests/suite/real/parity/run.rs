//! Sends mutants, compares the verdicts, and makes small cases of disagreements.

use super::answer::Answer;
use super::case::{Case, essence, removals, touched};
use super::corpus::{Base, Corpus};
use super::judge::Outcome;
use super::lists::NotPredicted;
use super::ours::Ours;
use super::plan::Mutant;
use super::record::Record;
use super::server::{Server, Way};
use plimsoll::schema::Version;
use serde_json::Value;
use std::collections::HashSet;
use std::sync::Arc;
use tokio::task::JoinSet;

/// As many requests are under way at a time.
const TOGETHER: usize = 12;

/// A server, or only the record of what one has answered.
pub(super) struct Peer {
    pub(super) server: Option<Server>,
    pub(super) record: Arc<Record>,
}

impl Peer {
    /// Asks what is not on record yet.
    pub(super) async fn ask_all(&self, corpus: &Corpus, mutants: &[Mutant]) {
        let Some(server) = &self.server else { return };
        let mut tasks = JoinSet::new();
        let requests = mutants.iter().flat_map(|mutant| Way::ALL.map(|way| (mutant, way)));
        for (mutant, way) in requests.filter(|(mutant, way)| !self.record.knows(&mutant.text, *way)) {
            if tasks.len() == TOGETHER {
                tasks.join_next().await.expect("some are left").expect("no panic");
            }
            let (server, record, text) = (server.clone(), Arc::clone(&self.record), mutant.text.clone());
            let base = corpus.bases[mutant.base].object.clone();
            tasks.spawn(async move {
                let object: Value = serde_json::from_str(&text).expect("is JSON");
                let answer = server.ask(&base, &object, &text, way).await;
                record.put(&text, way, answer.as_ref());
            });
        }
        while let Some(done) = tasks.join_next().await {
            done.expect("no panic");
        }
    }

    async fn ask(&self, base: &Value, object: &Value, way: Way) -> Option<Answer> {
        let text = object.to_string();
        if self.record.knows(&text, way) {
            return self.record.get(&text, way);
        }
        let answer = self.server.as_ref()?.ask(base, object, &text, way).await;
        self.record.put(&text, way, answer.as_ref());
        answer
    }

    /// Makes the object of a case smaller while it shows the same.
    pub(super) async fn minimise(&self, case: &mut Case, corpus: &Corpus, version: Version) {
        let base = case.object.clone();
        let judge = |object: &Value| Ours::of(&object.to_string(), &corpus.store, version);
        let kept = essence(&case.answer, &judge(&case.object), case.way);
        // A removal may make others possible; two rounds find nearly all.
        for _ in 0..2 {
            for edit in removals(&case.object, &case.touched) {
                let mut smaller = case.object.clone();
                edit.apply(&mut smaller);
                if smaller == case.object {
                    continue;
                }
                let ours = judge(&smaller);
                if ours.rejects(case.way) != kept.1 {
                    continue;
                }
                let Some(answer) = self.ask(&base, &smaller, case.way).await else { continue };
                if essence(&answer, &ours, case.way) == kept {
                    (case.object, case.answer, case.ours) = (smaller, answer, ours.lines());
                }
            }
        }
    }
}

/// Compares the answers on record with our verdicts.
pub(super) fn compare(
    corpus: &Corpus,
    version: Version,
    mutants: &[Mutant],
    record: &Record,
    refused: &HashSet<usize>,
) -> Vec<Case> {
    let not_predicted = NotPredicted::read();
    let judge = |mutant: &Mutant| {
        if refused.contains(&mutant.base) {
            return Vec::new();
        }
        let base = &corpus.bases[mutant.base];
        let compared = Compared { base, mutant, corpus, version, record, not_predicted: &not_predicted };
        compared.cases()
    };
    let (left, right) = mutants.split_at(mutants.len() / 2);
    let all = |mutants: &[Mutant]| mutants.iter().flat_map(judge).collect::<Vec<Case>>();
    let (mut cases, rest) = std::thread::scope(|scope| {
        let half = scope.spawn(|| all(right));
        (all(left), half.join().expect("no panic"))
    });
    cases.extend(rest);
    cases
}

struct Compared<'c> {
    base: &'c Base,
    mutant: &'c Mutant,
    corpus: &'c Corpus,
    version: Version,
    record: &'c Record,
    not_predicted: &'c NotPredicted,
}

impl Compared<'_> {
    fn cases(&self) -> Vec<Case> {
        let text = &self.mutant.text;
        let answers = Way::ALL.map(|way| (way, self.record.get(text, way)));
        if answers.iter().all(|(_, answer)| answer.is_none()) {
            return Vec::new();
        }
        let object: Value = serde_json::from_str(text).expect("is JSON");
        let ours = Ours::of(text, &self.corpus.store, self.version);
        let refused_by_create = answers.iter().flat_map(|(_, answer)| answer).next().is_some_and(Answer::rejects);
        let case = |(way, answer): (Way, Option<Answer>)| {
            let answer = answer?;
            let mut outcome = Outcome::of(&answer, &ours, way, &object);
            if outcome == Outcome::False && way == Way::Apply && refused_by_create {
                outcome = Outcome::CreateOnly;
            }
            let reason = if answer.rejects() { self.not_predicted.reason(&answer) } else { None };
            Some(Case {
                kind: self.base.kind.clone(),
                class: self.mutant.mutation.class,
                mutation: format!("{} {}", self.base.name, self.mutant.mutation),
                touched: touched(self.mutant),
                way,
                object: object.clone(),
                outcome,
                not_predicted: reason.map(str::to_owned),
                same_warnings: answer.rejects() || answer.warnings.is_empty() != ours.warns(),
                ours: ours.lines(),
                answer,
            })
        };
        answers.into_iter().filter_map(case).collect()
    }
}
