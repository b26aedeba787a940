//! Live clusters: what a running API server says.
//!
//! In: a kubeconfig's context, and objects as JSON. Out: the server's answers, and trouble on the way to it as a
//! [`ClusterError`]. Asynchronous, on a runtime that the command line starts only when it is needed. The client reads the
//! files that a kubeconfig names and runs the programs by which it logs in; nothing else here touches the machine.

mod answer;
mod compare;
mod connect;
mod definitions;
mod discovery;
mod dry_run;
mod error;
mod json;
mod login;
mod members;
mod path;
mod read;
mod survey;

pub(crate) use answer::refusal;
pub use answer::{Answer, Cause, Outcome};
pub use compare::{Heard, merge, not_judged};
pub use connect::{Cluster, Options};
pub use definitions::Definition;
pub use discovery::{Discovery, Served};
pub use dry_run::Sent;
pub use error::ClusterError;
pub use json::{annotation, label, mark, split, text};
pub use members::{GROUP_KINDS, ID, Members, NAMESPACES, PART_OF, kept};
pub use path::{Found, find};
pub use read::{JSON, Reads, escape, get, list};
pub use survey::{After, Survey, Surveyed};
