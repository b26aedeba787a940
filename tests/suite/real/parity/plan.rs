//! Chooses the mutants of a run: seeded, and weighted by kind and class.

use super::corpus::Corpus;
use super::mutate::{CLASSES, Mutation, Mutator};
use crate::real::random::Random;
use plimsoll::schema::Version;
use std::collections::{BTreeMap, HashSet};
use std::fs;

/// A mutant: what is sent.
pub(super) struct Mutant {
    /// The index of its base object in the corpus.
    pub(super) base: usize,
    pub(super) mutation: Mutation,
    pub(super) text: String,
}

/// How often kinds and classes are chosen, beside each other; 1 where nothing else is said.
struct Weights(BTreeMap<String, f64>);

impl Weights {
    fn read() -> Self {
        let path = super::corpus::folder().join("weights.txt");
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let entry = |line: &str| {
            let (name, weight) = line.split_once(' ').expect("a name and a weight");
            (name.to_owned(), weight.trim().parse().expect("a weight is a number"))
        };
        Self(lines.map(entry).collect())
    }

    fn of(&self, name: &str) -> f64 {
        self.0.get(name).copied().unwrap_or(1.0)
    }
}

/// Chooses about `count` mutants, of all kinds or of those that `wanted` names.
pub(super) fn plan(corpus: &Corpus, version: Version, seed: u64, count: usize, wanted: &[String]) -> Vec<Mutant> {
    let weights = Weights::read();
    let mutator = Mutator::new(corpus, version);
    let mut kinds: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, base) in corpus.bases.iter().enumerate() {
        if wanted.is_empty() || wanted.iter().any(|kind| kind.eq_ignore_ascii_case(&base.kind)) {
            kinds.entry(&base.kind).or_default().push(index);
        }
    }
    let whole: f64 = kinds.keys().map(|kind| weights.of(kind)).sum();
    let classes: f64 = CLASSES.iter().map(|class| weights.of(class)).sum();
    // What is sent unchanged, as all bases are, is no mutant.
    let mut seen: HashSet<String> = corpus.bases.iter().map(|base| base.object.to_string()).collect();
    let mut mutants = Vec::new();
    for (kind, bases) in kinds {
        let mut by_class: BTreeMap<&str, Vec<(usize, Mutation)>> = BTreeMap::new();
        for base in bases {
            let object = &corpus.bases[base];
            for mutation in mutator.mutations(object) {
                by_class.entry(mutation.class).or_default().push((base, mutation));
            }
        }
        for (class, mut found) in by_class {
            #[expect(clippy::cast_precision_loss, clippy::cast_sign_loss, reason = "a share of a small number")]
            let most = (count as f64 * weights.of(kind) / whole * weights.of(class) / classes).ceil() as usize;
            let mut chosen = 0;
            Random::new(seed, &format!("{kind} {class}")).shuffle(&mut found);
            for (base, mutation) in found {
                let text = mutation.apply(&corpus.bases[base].object).to_string();
                if chosen < most && seen.insert(text.clone()) {
                    mutants.push(Mutant { base, mutation, text });
                    chosen += 1;
                }
                if chosen == most {
                    break;
                }
            }
        }
    }
    mutants
}
