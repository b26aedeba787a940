//! Rules that people write in CEL or Rego.
//!
//! In: policies ([`read_cel`], [`Rego`]), parameters, and objects. Out: what each policy says of each object, with the place in
//! the object that it speaks of. Policies run on a thread of their own ([`run`]), so that none that is hostile or
//! merely wrong takes more than its budget, or takes the process down.

mod cel;
mod path;
#[cfg(feature = "rego")]
mod rego;
mod run;
#[cfg(test)]
mod tests;

pub use cel::{Cel, read as read_cel};
pub use path::{Steps, follow};
#[cfg(feature = "rego")]
pub use rego::{Entry, Rego};
pub use run::{Task, run};

use crate::object::Object;
use crate::source::Span;
use crate::yaml::Node;
use crate::yaml::emit::Data;
use std::sync::OnceLock;

/// A policy, compiled.
#[derive(Debug)]
pub struct Policy {
    kind: PolicyKind,
    /// Why it is not asked any more: its budget was spent.
    spent: OnceLock<Failure>,
}

/// What a policy is written in.
#[derive(Debug)]
pub enum PolicyKind {
    /// Kubernetes' CEL.
    Cel(Cel),
    /// OPA's Rego.
    #[cfg(feature = "rego")]
    Rego(Box<Rego>),
}

impl Policy {
    /// Makes a policy that has spent nothing.
    pub fn new(kind: PolicyKind) -> Self {
        Self { kind, spent: OnceLock::new() }
    }

    /// Gives a place in it.
    fn place(&self) -> Option<Span> {
        match &self.kind {
            PolicyKind::Cel(cel) => cel.place(),
            #[cfg(feature = "rego")]
            PolicyKind::Rego(rego) => rego.entries().first().and_then(|entry| entry.place),
        }
    }

    /// Gives what it was written in.
    pub fn kind(&self) -> &PolicyKind {
        &self.kind
    }
}

/// An object as policies see it: data of its own, for it goes to another thread.
#[derive(Debug)]
pub struct Subject {
    object: Data,
    pods: Vec<SubjectPod>,
}

#[derive(Debug)]
struct SubjectPod {
    template: Data,
    containers: Vec<Data>,
}

impl Subject {
    /// Reads an object, as it was written: without what the server would fill in.
    pub fn read(object: &Object<'_>) -> Self {
        let pod = |pod: &crate::object::Pod<'_>| SubjectPod {
            template: Data::from_node(pod.template),
            containers: pod.containers().map(|container| Data::from_node(container.node)).collect(),
        };
        Self { object: Data::from_node(object.node), pods: object.pods.iter().map(pod).collect() }
    }
}

/// What a place is counted from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Root {
    /// The object.
    Object,
    /// The spec of one of its pods.
    Pod(usize),
    /// A container of one of its pods.
    Container(usize, usize),
}

impl Root {
    /// Finds the node in the object.
    pub fn node<'d>(self, object: &Object<'d>) -> Node<'d> {
        let pod = |at: usize| object.pods.get(at);
        let found = match self {
            Self::Object => None,
            Self::Pod(at) => pod(at).map(|pod| pod.spec),
            Self::Container(at, container) => {
                pod(at).and_then(|pod| pod.containers().nth(container)).map(|container| container.node)
            }
        };
        found.unwrap_or(object.node)
    }
}

/// One thing that a policy objects to.
#[derive(Clone, Debug, PartialEq)]
pub struct Objection {
    /// What the place is counted from.
    pub root: Root,
    /// The way to the place.
    pub steps: Steps,
    /// What is wrong; none for the rule's summary.
    pub message: Option<String>,
    /// What to write instead; none for the rule's remedy.
    pub help: Option<String>,
    /// The policy itself says that this is only a warning.
    pub warning: bool,
}

/// Why a policy gave no answer: a defect of the policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Why.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// Where in the policy.
    pub place: Option<Span>,
    /// It took more than its budget: it is not asked again.
    pub spent: bool,
}

impl Failure {
    fn new(message: impl Into<String>, place: Option<Span>) -> Self {
        Self { message: message.into(), help: None, place, spent: false }
    }
}

/// What a policy says of an object.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// What it objects to.
    pub objections: Vec<Objection>,
    /// What it could not tell.
    pub failures: Vec<Failure>,
}
