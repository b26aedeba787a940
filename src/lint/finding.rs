//! What checks see and what they give back, before the engine makes findings for people of it.

use super::own::Answers;
use super::set::Set;
use crate::object::{Container, Object, ObjectSet, Pod, Role};
use crate::schema::Version;
use crate::source::Span;
use crate::yaml::{Entry, Node};

/// What a run of the linter is about.
#[derive(Clone, Copy, Debug, Default)]
pub struct LintContext<'a> {
    /// The environment, where there is one.
    pub environment: Option<&'a str>,
    /// The release, where there is one.
    pub release: Option<&'a str>,
    /// The versions of Kubernetes to judge by; empty for the newest.
    pub versions: &'a [Version],
    /// The set holds all that belongs together (a whole release, a folder), so that what is not in it is missing. Rules
    /// that look for other objects are quiet otherwise.
    pub complete: bool,
    /// The objects of the other releases of the workspace in this environment, where they are known.
    pub neighbours: &'a [&'a ObjectSet<'a>],
}

/// What a check sees.
pub(super) struct Context<'a, 'd> {
    pub(super) object: &'a Object<'d>,
    /// The object's place in the set.
    pub(super) at: usize,
    pub(super) set: &'a Set<'a, 'd>,
    pub(super) run: &'a LintContext<'a>,
    /// What people's own policies say.
    pub(super) answers: &'a Answers,
}

impl Context<'_, '_> {
    /// Names what the objects of the set have in common, for messages about what is missing from it.
    pub(super) fn whole(&self) -> &'static str {
        if self.run.release.is_some() { "in this release" } else { "in what is checked" }
    }

    /// Tells whether another release of the environment has an object, in a namespace if one is given.
    pub(super) fn neighbour(&self, group: &str, kind: &str, name: &str, namespace: Option<&str>) -> bool {
        self.run.neighbours.iter().flat_map(|set| set.iter()).any(|object| {
            object.name == name
                && object.is(group, &[kind])
                && (namespace.is_none() || object.namespace.as_deref() == namespace)
        })
    }

    /// Iterates over the pods of the other releases of the environment.
    pub(super) fn neighbours(&self) -> impl Iterator<Item = (&Object<'_>, &Pod<'_>)> {
        let objects = self.run.neighbours.iter().flat_map(|set| set.iter());
        objects.flat_map(|object| object.pods.iter().map(move |pod| (object, pod)))
    }
}

/// One thing that a check found.
pub(super) struct Finding<'d> {
    /// The node that it is about: gives the path, and the container.
    pub(super) node: Node<'d>,
    pub(super) span: Span,
    /// None for the rule's own summary.
    pub(super) message: Option<String>,
    /// None for the rule's own remedy.
    pub(super) help: Option<String>,
    pub(super) labels: Vec<(Span, String)>,
    /// It is no more than a warning, whatever the rule.
    pub(super) warning: bool,
}

impl Finding<'_> {
    pub(super) fn message(&mut self, message: impl Into<String>) -> &mut Self {
        self.message = Some(message.into());
        self
    }

    pub(super) fn help(&mut self, help: impl Into<String>) -> &mut Self {
        self.help = Some(help.into());
        self
    }

    /// Asks whether a near name was meant, where there is one.
    pub(super) fn did_you_mean(&mut self, near: Option<&str>) -> &mut Self {
        if let Some(near) = near {
            self.help = Some(format!("did you mean `{near}`?"));
        }
        self
    }

    pub(super) fn label(&mut self, span: Span, text: impl Into<String>) -> &mut Self {
        self.labels.push((span, text.into()));
        self
    }
}

/// What a check found so far.
#[derive(Default)]
pub(super) struct Findings<'d>(pub(super) Vec<Finding<'d>>);

impl<'d> Findings<'d> {
    fn push(&mut self, node: Node<'d>, span: Span) -> &mut Finding<'d> {
        self.0.push(Finding { node, span, message: None, help: None, labels: Vec::new(), warning: false });
        let last = self.0.len() - 1;
        &mut self.0[last]
    }

    /// Points at a node: a scalar, or the beginning of a map or list.
    pub(super) fn at(&mut self, node: Node<'d>) -> &mut Finding<'d> {
        self.push(node, node.head())
    }

    /// Points at what lacks a field: the key that names a map, or the beginning of one that is an item of a list.
    pub(super) fn lacking(&mut self, node: Node<'d>) -> &mut Finding<'d> {
        let span = node.parent_entry().map_or(node.head(), |entry| entry.key.span());
        self.push(node, span)
    }

    /// Points at the key of a map's entry.
    pub(super) fn at_key(&mut self, entry: Entry<'d>) -> &mut Finding<'d> {
        self.push(entry.value, entry.key.span())
    }
}

/// Names a container for messages: ``init container `wait` ``.
pub(super) fn called(container: Container<'_>) -> String {
    let role = match container.role {
        Role::Main => "container",
        Role::Init => "init container",
        Role::Sidecar => "sidecar container",
        Role::Ephemeral => "ephemeral container",
    };
    match container.name() {
        "" => role.to_owned(),
        name => format!("{role} `{name}`"),
    }
}
