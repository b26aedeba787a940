//! What the environment asks of a run.

use plimsoll::schema::Version;
use std::env;
use std::path::PathBuf;

/// The settings of a run.
pub(super) struct Options {
    /// `PLIMSOLL_TEST_KUBECONFIG`: the server. Without one, only answers on record are compared.
    pub(super) kubeconfig: Option<PathBuf>,
    /// `PLIMSOLL_TEST_KUBERNETES`: its release, as `1.33`.
    pub(super) version: Version,
    /// `PLIMSOLL_PARITY_MUTANTS`: about as many are made for each seed.
    pub(super) mutants: usize,
    /// `PLIMSOLL_PARITY_SEED`: one number, or several with commas.
    pub(super) seeds: Vec<u64>,
    /// `PLIMSOLL_PARITY_KINDS`: only these kinds, with commas.
    pub(super) kinds: Vec<String>,
    /// `PLIMSOLL_PARITY_RECORD`: a file with answers, which are not asked again; new ones are added.
    pub(super) record: Option<PathBuf>,
    /// `PLIMSOLL_PARITY_WRITE=1`: write the figures into `PARITY.md`.
    pub(super) write: bool,
    /// `PLIMSOLL_PARITY_LISTS`: a folder for a list of disagreements of each kind.
    pub(super) lists: Option<PathBuf>,
}

impl Options {
    pub(super) fn read() -> Self {
        let text = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
        let list = |name: &str| text(name).map_or_else(Vec::new, |list| list.split(',').map(str::to_owned).collect());
        let number = |text: String| text.parse().unwrap_or_else(|_| panic!("{text} is no number"));
        let version = text("PLIMSOLL_TEST_KUBERNETES").map(|text| Version::parse(&text).expect("a version as 1.33"));
        let seeds: Vec<u64> = list("PLIMSOLL_PARITY_SEED").into_iter().map(number).collect();
        let mutants = text("PLIMSOLL_PARITY_MUTANTS").map(number);
        Self {
            kubeconfig: text("PLIMSOLL_TEST_KUBECONFIG").map(PathBuf::from),
            version: version.unwrap_or(Version::LATEST),
            mutants: usize::try_from(mutants.unwrap_or(3000)).expect("not that many"),
            seeds: if seeds.is_empty() { vec![1] } else { seeds },
            kinds: list("PLIMSOLL_PARITY_KINDS"),
            record: text("PLIMSOLL_PARITY_RECORD").map(PathBuf::from),
            write: text("PLIMSOLL_PARITY_WRITE").is_some(),
            lists: text("PLIMSOLL_PARITY_LISTS").map(PathBuf::from),
        }
    }
}
