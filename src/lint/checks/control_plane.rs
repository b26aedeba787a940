//! Flags of the cluster's own programs, where their static pods are checked.

use super::Check;
use crate::lint::params::Params;
use crate::object::Container;
use crate::yaml::Node;

/// What a flag must be.
struct Demand {
    program: String,
    flag: String,
    /// One of these values, if any.
    is: Vec<String>,
    /// A list that holds all of these.
    has: Vec<String>,
    /// None of these, as the value or in the list.
    not: Vec<String>,
    /// A list of these only.
    only: Vec<String>,
    /// A number of at least this.
    least: Option<i64>,
    /// What an absent flag means; none where it must be written.
    default: Option<String>,
}

impl Demand {
    fn is_met(&self, value: &str) -> bool {
        let parts = || value.split(',').map(str::trim).filter(|part| !part.is_empty());
        let listed = |list: &[String], part: &str| list.iter().any(|listed| listed == part);
        (self.is.is_empty() || listed(&self.is, value))
            && self.has.iter().all(|wanted| parts().any(|part| part == wanted))
            && !parts().any(|part| listed(&self.not, part))
            && (self.only.is_empty() || parts().all(|part| listed(&self.only, part)))
            && self.least.is_none_or(|least| value.parse().is_ok_and(|number: i64| number >= least))
    }
}

/// A container that runs a `program` must be given a `flag` with a value that is one of `is`, holds all of `has`, none of
/// `not` and `only` those listed, and is `least` so much. `default` says what an absent flag means; with `absent: true` the
/// flag must not be written at all.
pub(super) fn flag(params: &mut Params<'_>) -> Check {
    let demand = Demand {
        program: params.text("program"),
        flag: params.text("flag"),
        is: params.optional_list("is"),
        has: params.optional_list("has"),
        not: params.optional_list("not"),
        only: params.optional_list("only"),
        least: params.optional_text("least").and_then(|least| least.parse().ok()),
        default: params.optional_text("default"),
    };
    let absent = params.flag("absent", false);
    Check::container(move |_, container, findings| {
        if !runs(container, &demand.program) {
            return;
        }
        match given(container, &demand.flag) {
            Some((place, _)) if absent => {
                findings.at(place).message(format!("`{}` is given `--{}`", demand.program, demand.flag));
            }
            Some((place, value)) if !demand.is_met(value) => {
                findings.at(place).message(format!("`{}` is given `--{}={value}`", demand.program, demand.flag));
            }
            None if !absent && !demand.default.as_deref().is_some_and(|default| demand.is_met(default)) => {
                findings
                    .lacking(container.node)
                    .message(format!("`{}` is not given `--{}`", demand.program, demand.flag));
            }
            _ => {}
        }
    })
}

fn words(container: Container<'_>) -> impl Iterator<Item = Node<'_>> {
    ["command", "args"].into_iter().filter_map(move |field| container.node.field(field)).flat_map(Node::items)
}

fn runs(container: Container<'_>, program: &str) -> bool {
    words(container).any(|word| word.text().rsplit('/').next() == Some(program))
}

/// Finds a flag on a container's command line, and its value. A flag without one is `true`.
fn given<'d>(container: Container<'d>, flag: &str) -> Option<(Node<'d>, &'d str)> {
    let mut words = words(container).peekable();
    let mut found = None;
    while let Some(word) = words.next() {
        let Some(rest) =
            word.text().trim_start_matches('-').strip_prefix(flag).filter(|_| word.text().starts_with('-'))
        else {
            continue;
        };
        if let Some(value) = rest.strip_prefix('=') {
            found = Some((word, value));
        } else if rest.is_empty() {
            let next = words.peek().map(|next| next.text()).filter(|next| !next.starts_with('-'));
            found = Some((word, next.unwrap_or("true")));
        }
    }
    // Given twice, the last one counts.
    found
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::{pod, problems};

    #[test]
    fn flags_are_read_as_the_programs_read_them() {
        for (words, count) in [
            ("[kube-apiserver, --anonymous-auth=false]", 0),
            ("[/usr/bin/kube-apiserver, --anonymous-auth, 'false']", 0),
            ("[kube-apiserver, --anonymous-auth]", 1),
            ("[kube-apiserver, --anonymous-auth=true, --anonymous-auth=false]", 0),
            ("[kube-apiserver]", 1),
            ("[web]", 0),
        ] {
            let found = problems("apiserver-anonymous-auth", &pod("dnsPolicy: Default", &format!("command: {words}")));
            assert_eq!(found.len(), count, "{words}");
        }
        let modes = |modes: &str| {
            let text = pod("dnsPolicy: Default", &format!("command: [kube-apiserver, '--authorization-mode={modes}']"));
            problems("apiserver-without-rbac", &text).len()
        };
        assert_eq!((modes("Node,RBAC"), modes("Node")), (0, 1));
    }
}
