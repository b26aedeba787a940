//! Modes of files, which are octal for people and decimal in JSON.

use super::Check;
use crate::diagnostic::Change;
use crate::lint::params::Params;
use crate::yaml::Node;

/// No mode of a volume's files may be one of these `numbers`: written in decimal, but meant in octal.
pub(super) fn build(params: &mut Params<'_>) -> Check {
    let numbers = params.list("numbers");
    Check::pod(move |_, pod, findings| {
        for volume in pod.spec.field("volumes").into_iter().flat_map(Node::items) {
            modes(volume, &mut |mode| {
                if let Some(number) = mode.as_i64()
                    && numbers.iter().any(|listed| listed == mode.text())
                {
                    findings
                        .at(mode)
                        .message(format!("`{number}` is decimal, and {number:#o} in octal").replace("0o", "0"))
                        .help(format!("write `0{number}`"))
                        .change(mode, Change::Write(format!("0{number}")));
                }
            });
        }
    })
}

/// Visits the modes of a volume: `defaultMode` and `mode`, at any depth.
fn modes<'d>(node: Node<'d>, visit: &mut dyn FnMut(Node<'d>)) {
    for entry in node.entries() {
        if matches!(entry.name(), "defaultMode" | "mode") {
            visit(entry.value);
        }
        modes(entry.value, visit);
    }
    node.items().for_each(|item| modes(item, visit));
}
