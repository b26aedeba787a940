//! What checks see and what they give back, before the engine makes findings for people of it.

use super::beside::Neighbourhood;
use super::own::Answers;
use super::set::Set;
use crate::diagnostic::Change;
use crate::object::{Container, Object, Pod, Role};
use crate::schema::Version;
use crate::source::Span;
use crate::yaml::{Entry, Node};
use serde_json::Value;

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
    /// The objects of the workspace's releases in this environment, its own among them, where they are known.
    pub neighbourhood: Option<&'a Neighbourhood<'a>>,
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

impl<'a> Context<'a, '_> {
    /// Names what the objects of the set have in common, for messages about what is missing from it.
    pub(super) fn whole(&self) -> &'static str {
        if self.run.release.is_some() { "in this release" } else { "in what is checked" }
    }

    /// Tells whether another release of the environment has an object, in a namespace if one is given.
    pub(super) fn neighbour(&self, group: &str, kind: &str, name: &str, namespace: Option<&str>) -> bool {
        let mut named = self.run.neighbourhood.into_iter().flat_map(|all| all.named(name, self.run.release));
        named.any(|object| {
            object.is(group, &[kind]) && (namespace.is_none() || object.namespace.as_deref() == namespace)
        })
    }

    /// Iterates over the pods of the other releases of the environment.
    pub(super) fn neighbours(&self) -> impl Iterator<Item = (&'a Object<'a>, &'a Pod<'a>)> {
        let objects = self.run.neighbourhood.into_iter().flat_map(|all| all.objects(self.run.release));
        objects.flat_map(|object| object.pods.iter().map(move |pod| (object, pod)))
    }

    /// Iterates over the objects of a group and kind of the other releases of the environment.
    pub(super) fn neighbours_of_kind(
        &self,
        group: &'static str,
        kind: &'static str,
    ) -> impl Iterator<Item = &'a Object<'a>> {
        self.run.neighbourhood.into_iter().flat_map(move |all| all.of_kind(group, kind, self.run.release))
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
    /// What is to change so that it goes away, where the rule cannot say it for all.
    pub(super) change: Option<(Node<'d>, Change)>,
    /// It is no more than a warning, whatever the rule.
    pub(super) warning: bool,
}

impl<'d> Finding<'d> {
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
            self.change = Some((self.node, Change::Replace(near.into())));
        }
        self
    }

    /// Says what is to change, of this node.
    pub(super) fn change(&mut self, node: Node<'d>, change: Change) -> &mut Self {
        self.change = Some((node, change));
        self
    }

    /// Says that a field of a map is to have a value; `keys` has dots between.
    pub(super) fn set(&mut self, map: Node<'d>, keys: &str, value: impl Into<Value>) -> &mut Self {
        let keys = keys.split('.').map(str::to_owned).collect();
        self.change(map, Change::Set { keys, value: value.into() })
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
        self.0.push(Finding {
            node,
            span,
            message: None,
            help: None,
            labels: Vec::new(),
            change: None,
            warning: false,
        });
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
