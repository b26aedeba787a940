//! Single settings: a field that must be written, or that may or may not have certain values.

use super::{Check, resources};
use crate::lint::finding::Findings;
use crate::lint::params::Params;
use crate::yaml::Node;

struct Setting {
    path: Vec<String>,
    allowed: Vec<String>,
    forbidden: Vec<String>,
    default: Option<String>,
}

impl Setting {
    fn is_right(&self, text: &str) -> bool {
        let listed = |list: &[String]| list.iter().any(|listed| listed == text);
        !listed(&self.forbidden) && (self.allowed.is_empty() || listed(&self.allowed))
    }

    fn judge<'d>(&self, node: Node<'d>, findings: &mut Findings<'d>) {
        let mut deepest = node;
        for key in &self.path {
            let Some(next) = deepest.field(key) else { break };
            deepest = next;
        }
        let found = self.path.iter().try_fold(node, |node, key| node.field(key));
        let empty = |node: &Node<'_>| node.text().is_empty() && node.entries().len() == 0 && node.items().len() == 0;
        if let Some(value) = found.filter(|value| !empty(value)) {
            if !self.is_right(value.text()) {
                findings.at(value);
            }
            return;
        }
        let wrong = match &self.default {
            Some(default) => !self.is_right(default),
            None => self.forbidden.is_empty(),
        };
        if wrong {
            findings.lacking(deepest);
        }
    }
}

/// A `field` (keys with dots between) `of` an object, its pods' specs or their containers must be written, with one of the
/// values `allowed` if any are, and none that is `forbidden`.
///
/// Where `default` says what an absent field means, that is judged instead; where only `forbidden` is given, an absent field
/// is right.
pub(super) fn build(params: &mut Params<'_>) -> Check {
    let of = params.word("of", &["object", "pod", "container"]);
    let setting = Setting {
        path: params.text("field").split('.').map(str::to_owned).collect(),
        allowed: params.optional_list("allowed"),
        forbidden: params.optional_list("forbidden"),
        default: params.optional_text("default"),
    };
    match of {
        "object" => Check::object(move |context, findings| setting.judge(context.object.node, findings)),
        "pod" => Check::pod(move |_, pod, findings| setting.judge(pod.spec, findings)),
        _ => Check::container(move |_, container, findings| {
            if resources::runs_on(container) {
                setting.judge(container.node, findings);
            }
        }),
    }
}
