//! Findings: what is wrong, where a person wrote it, what to write instead.
//!
//! In: spans and sentences from every stage. Out: [`Diagnostic`]s; `emit` prints them. A defect in a person's file is a
//! [`Diagnostic`], and all are collected; trouble with the world (a missing file, no network) is an error type of its stage.

pub mod emit;
mod fix;
mod near;
pub mod secret;

pub use fix::{Change, Fix, Safety, TextEdit, Wish};
pub use near::nearest;

use crate::source::Span;
use std::borrow::Cow;
use std::sync::Arc;

/// How bad a finding is, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// It will not work, or must not be.
    Error,
    /// A careful reviewer would object.
    Warning,
    /// Worth knowing.
    Info,
}

impl Severity {
    /// Gives the name used on the command line, in rules and in every output format.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }

    /// Reads a severity by its name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Error, Self::Warning, Self::Info].into_iter().find(|severity| severity.name() == name)
    }
}

/// A second place that belongs to a finding, with what it has to do with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// A few words: ``first defined here``.
    pub text: String,
}

/// A step on the way to the innermost text: the call of a macro, an include.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Trace {
    /// The call.
    pub span: Span,
    /// What is called: ``macro `container` ``.
    pub what: String,
}

/// The value that supplied a scalar: where to change it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Edit {
    /// The value in its file.
    pub span: Span,
    /// Its dotted key: `web.image.tag`.
    pub key: String,
}

/// Names an object in findings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectName {
    /// As written: `apps/v1`.
    pub api_version: String,
    /// As written: `Deployment`.
    pub kind: String,
    /// The namespace written or given for the release, if any.
    pub namespace: Option<String>,
    /// `metadata.name`, empty where there is none.
    pub name: String,
}

/// How a person allowed a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppression {
    /// The comment or the annotation; none for what stands beside the sources, as exceptions and baselines do.
    pub place: Option<Span>,
    /// Why; empty where nothing is said.
    pub reason: String,
}

/// One finding.
///
/// Stages make it with a span in the text they see, rendered or written; [`crate::render::Rendered::resolve`] carries
/// spans of rendered text back to what a person wrote, and fills `trace`, `edit` and `rendered`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The rule's id: `missing-liveness-probe`, `schema/unknown-field`.
    pub rule: Cow<'static, str>,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong: a lower-case fragment, names in backticks.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
    /// The place; none where a finding belongs to no text.
    pub span: Option<Span>,
    /// Further places.
    pub labels: Vec<Label>,
    /// The calls that led to the place, outermost first.
    pub trace: Vec<Trace>,
    /// The value to change, when one supplied the scalar.
    pub edit: Option<Edit>,
    /// The place in rendered text, when the place above is in a template.
    pub rendered: Option<Span>,
    /// The object; its findings share the name.
    pub object: Option<Arc<ObjectName>>,
    /// The name of the container that it is about: exceptions may name one.
    pub container: Option<String>,
    /// The field from the object's root: `spec.template.spec.containers[0]`.
    pub path: Option<String>,
    /// The release it was found in.
    pub release: Option<String>,
    /// The environments it was found in; empty where there are none.
    pub environments: Vec<String>,
    /// The Kubernetes versions it holds for, shared by all that hold for the same; empty where it does not depend on one.
    pub versions: Arc<[String]>,
    /// The text at the place is a secret: no output shows it.
    pub masked: bool,
    /// What its stage would have changed.
    pub wish: Option<Box<Wish>>,
    /// What makes it go away, where that is known.
    pub fix: Option<Fix>,
    /// How a person allowed it; such a finding is not shown, and kept for formats that tell of it.
    pub suppression: Option<Suppression>,
}

impl Diagnostic {
    /// Begins a finding.
    pub fn new(rule: impl Into<Cow<'static, str>>, severity: Severity, message: impl Into<String>) -> Self {
        Self {
            rule: rule.into(),
            severity,
            message: message.into(),
            help: None,
            span: None,
            labels: Vec::new(),
            trace: Vec::new(),
            edit: None,
            rendered: None,
            object: None,
            container: None,
            path: None,
            release: None,
            environments: Vec::new(),
            versions: Arc::default(),
            masked: false,
            wish: None,
            fix: None,
            suppression: None,
        }
    }

    /// Begins an error.
    pub fn error(rule: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self::new(rule, Severity::Error, message)
    }

    /// Begins a warning.
    pub fn warning(rule: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self::new(rule, Severity::Warning, message)
    }

    /// Says where.
    #[must_use]
    pub fn at(mut self, span: Span) -> Self {
        self.span = Some(span);
        self
    }

    /// Says what to write instead.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds a further place.
    #[must_use]
    pub fn label(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    /// Keeps the text at the place out of every output, as it is a secret.
    #[must_use]
    pub fn masked(mut self) -> Self {
        self.masked = true;
        self
    }

    /// Says what should be changed.
    #[must_use]
    pub fn wish(mut self, wish: Wish) -> Self {
        self.wish = Some(Box::new(wish));
        self
    }

    /// Gives the fix, unless it may hold a secret.
    pub fn shown_fix(&self) -> Option<&Fix> {
        self.fix.as_ref().filter(|_| !self.masked)
    }

    /// Names the field from the object's root.
    #[must_use]
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }
}
