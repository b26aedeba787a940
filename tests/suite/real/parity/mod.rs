//! Holds our verdicts against those of a real kube-apiserver, on thousands of mutants of valid objects.
//!
//! `tests/real` has the objects, the definitions of custom kinds, the fixtures, the weights, and the lists of what cannot be
//! predicted and of what is known to disagree; `PARITY.md` there has the figures. [`options`] names the environment
//! variables that steer a run. Small cases of disagreements go to `target/parity/<class>/<n>.json`.

mod answer;
mod case;
mod corpus;
mod edit;
mod figures;
mod judge;
mod lists;
mod mutate;
mod options;
mod ours;
mod plan;
mod record;
mod report;
mod run;
mod server;

use case::Case;
use corpus::Corpus;
use mutate::Mutation;
use options::Options;
use plan::Mutant;
use record::Record;
use report::Seed;
use run::{Peer, compare};
use server::{Server, Way};
use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// As many disagreements are made small in a run.
const MINIMISED: usize = 60;

#[test]
fn parity() {
    let options = Options::read();
    if options.kubeconfig.is_none() && options.record.is_none() {
        println!("parity: SKIPPED, as PLIMSOLL_TEST_KUBECONFIG names no server");
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let problems = runtime.block_on(run(&options));
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

/// Runs every seed. Gives what is new.
async fn run(options: &Options) -> Vec<String> {
    let corpus = Corpus::read(options.version);
    let server = match &options.kubeconfig {
        Some(kubeconfig) => Some(Server::connect(kubeconfig, &corpus).await),
        None => None,
    };
    let peer = Peer { server, record: Arc::new(Record::open(options.record.as_deref())) };
    let mut problems = Vec::new();
    let refused = refused_bases(&peer, &corpus, options, &mut problems).await;
    let seen = options.seen.as_deref().map(|seen| Record::open(Some(seen)));
    let mut seeds = Vec::new();
    for &seed in &options.seeds {
        let begun = Instant::now();
        let mut mutants = plan::plan(&corpus, options.version, seed, options.mutants, &options.kinds);
        if let Some(seen) = &seen {
            mutants.retain(|mutant| !seen.knows(&mutant.text, Way::Create));
        }
        println!("parity: seed {seed}: {} mutants planned after {:.1?}", mutants.len(), begun.elapsed());
        peer.ask_all(&corpus, &mutants).await;
        println!("parity: the server has answered after {:.1?}", begun.elapsed());
        let cases = compare(&corpus, options.version, &mutants, &peer.record, &refused);
        println!("parity: compared after {:.1?}", begun.elapsed());
        seeds.push(Seed { number: seed, mutants: mutants.len(), cases });
    }
    println!("\n{}{}", report::SUMMARY_HEAD, report::summary(&seeds));
    if options.write {
        report::write_parity(&corpus::folder().join("PARITY.md"), &options.version.to_string(), &seeds);
    }
    let mut cases: Vec<Case> = seeds.into_iter().flat_map(|seed| seed.cases).collect();
    let new = new_disagreements(&mut cases);
    for at in new.values().take(MINIMISED) {
        peer.minimise(&mut cases[*at], &corpus, options.version).await;
    }
    let small: Vec<&Case> = new.values().take(MINIMISED).map(|at| &cases[*at]).collect();
    report::write_cases(&Path::new(env!("CARGO_MANIFEST_DIR")).join("target/parity"), &small);
    if let Some(folder) = &options.lists {
        report::write_lists(folder, &cases);
    }
    problems.extend(new.into_keys());
    problems
}

/// Sends the objects unchanged. Gives those that the server does not take: in an older release that is no fault.
async fn refused_bases(peer: &Peer, corpus: &Corpus, options: &Options, problems: &mut Vec<String>) -> HashSet<usize> {
    let unchanged = |(base, of): (usize, &corpus::Base)| Mutant {
        base,
        mutation: Mutation { class: "none", edits: Vec::new() },
        text: of.object.to_string(),
    };
    let mutants: Vec<Mutant> = corpus.bases.iter().enumerate().map(unchanged).collect();
    peer.ask_all(corpus, &mutants).await;
    let mut refused = HashSet::new();
    for mutant in &mutants {
        for case in compare(corpus, options.version, std::slice::from_ref(mutant), &peer.record, &HashSet::new()) {
            let latest = options.version == plimsoll::schema::Version::LATEST;
            if case.answer.rejects() {
                refused.insert(mutant.base);
                if latest {
                    problems.push(format!("{} is refused: {}", case.mutation, case.answer.message));
                }
            } else if case.outcome.disagrees() {
                problems.push(format!("{} is refused by us: {}", case.mutation, case.ours.join("; ")));
            }
        }
    }
    println!("parity: {} objects of {} are taken", mutants.len() - refused.len(), mutants.len());
    refused
}

/// Finds one case of each disagreement that is not on the list, by signature.
fn new_disagreements(cases: &mut [Case]) -> BTreeMap<String, usize> {
    let known: HashSet<String> = lists::known_disagreements().into_iter().collect();
    let mut new = BTreeMap::new();
    for (index, case) in cases.iter().enumerate() {
        if case.outcome.disagrees() && case.not_predicted.is_none() && !known.contains(&case.signature()) {
            new.entry(case.signature()).or_insert(index);
        }
    }
    new
}
