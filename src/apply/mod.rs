//! Applies releases to clusters, and keeps what was applied.
//!
//! In: objects as JSON, and a way to a [`Cluster`](crate::cluster::Cluster). Out: a [`Report`] of what became of each object, or
//! a [`Failure`] where nothing could be tried. Asynchronous, on the runtime of the command line; the only clock is the server's.
//!
//! A run takes the release's lock ([`Terms`]), reads what is there, and writes in an order that makes a crash at any point
//! harmless: first the inventory over all kinds that may be touched, then the revision, whole, as pending, then the objects
//! wave by wave, then it deletes what is not wanted any more, narrows the inventory, and says that the revision is deployed. The
//! next run finds every object that this one may have written, by its label, and takes over.

mod back;
mod clock;
mod deploy;
mod explain;
mod hooks;
mod inventory;
mod item;
mod live;
mod lock;
mod mask;
mod order;
mod overview;
mod owned;
mod preflight;
mod prepare;
mod promise;
mod release;
mod remove;
mod report;
mod revision;
mod rollout;
mod server;
mod store;
mod uninstall;
mod wait;

pub use back::rollback;
pub use deploy::{Wanted, deploy, rehearse};
pub use explain::Stuck;
pub use item::Key;
pub use lock::Terms;
pub use mask::Mask;
pub use overview::{ObjectState, Overview, history, releases, status};
pub use prepare::Refusal;
pub use promise::Promise;
pub use report::{Action, Deed, Report};
pub use revision::{Revision, Status};
pub use server::{Failure, Guard, Server};
pub use uninstall::uninstall;
pub use wait::State;

use crate::diff::Left;
use std::sync::Arc;
use std::time::Duration;

/// Hears how it goes.
pub trait Told {
    /// Something happened.
    fn line(&self, text: &str);
    /// What is going on right now; the next one replaces it.
    fn live(&self, text: &str);
}

/// How a release is changed.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a wish of its own")]
pub struct How {
    /// How the lock is taken.
    pub lock: Terms,
    /// How long all waiting may take.
    pub timeout: Duration,
    /// Wait until objects are ready, and until what is deleted is gone.
    pub wait: bool,
    /// Create the namespace of the release.
    pub create_namespace: bool,
    /// Go back to what was there where applying fails.
    pub rollback_on_failure: bool,
    /// Take fields that others manage.
    pub force_conflicts: bool,
    /// Take objects that belong to releases of Helm's, or to other sets.
    pub take_ownership: bool,
    /// Go on where nothing would be left.
    pub allow_empty: bool,
    /// How many revisions are kept.
    pub keep: usize,
    /// Fields that are left to others once an object is there; none where nothing is.
    pub left: Option<Arc<Left>>,
}
