//! Init containers that wait in a shell loop without an end.

use super::Check;
use crate::lint::params::Params;
use crate::object::Role;
use crate::yaml::Node;

/// An init container's command may not loop until something happens, unless something else ends the loop.
pub(super) fn build(_: &mut Params<'_>) -> Check {
    Check::container(|pod, container, findings| {
        if container.role != Role::Init || pod.spec.field("activeDeadlineSeconds").is_some() {
            return;
        }
        let parts = ["command", "args"].into_iter().filter_map(|field| container.node.field(field));
        let mut scripts = parts.flat_map(Node::items);
        if let Some(script) = scripts.find(|script| waits_for_ever(script.text())) {
            findings.at(script);
        }
    })
}

/// Tells whether a shell script has a loop with a pause in it and nothing that ends it but success.
fn waits_for_ever(script: &str) -> bool {
    let lines = script.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    let words: Vec<&str> = lines
        .flat_map(|line| line.split(|c: char| c.is_whitespace() || ";&|()".contains(c)))
        .filter(|word| !word.is_empty())
        .collect();
    let has = |wanted: &[&str]| words.iter().any(|word| wanted.contains(word));
    let starts = words.windows(2).any(|pair| match pair {
        ["until", _] => true,
        ["while", condition] => ["!", "true", ":", "[", "[["].contains(condition),
        _ => false,
    });
    // A time limit, a counter that is compared, or a way out of the loop.
    let ends = has(&["timeout", "break", "exit", "return", "seq", "-ge", "-gt", "-le", "-lt", "-eq"])
        || ["SECONDS", "((", "--timeout", "--retry"].iter().any(|sign| script.contains(sign));
    starts && has(&["sleep"]) && !ends
}

#[cfg(test)]
mod tests {
    use super::waits_for_ever;

    #[test]
    fn a_loop_is_endless_unless_something_ends_it() {
        for (script, endless) in [
            ("until nslookup db; do echo waiting; sleep 2; done", true),
            ("while ! nc -z db 5432; do sleep 1; done;", true),
            ("set -e\nuntil pg_isready -h db\ndo\n  sleep 1\ndone\n", true),
            ("while true; do curl -f http://db && true; sleep 1; done", true),
            ("while [ \"$(curl -s db)\" != ok ]; do sleep 1; done", true),
            ("timeout 60 sh -c 'until nc -z db 5432; do sleep 1; done'", false),
            ("for i in $(seq 30); do nc -z db 5432 && exit 0; sleep 1; done; exit 1", false),
            ("i=0; until nc -z db 5432; do i=$((i+1)); [ $i -gt 30 ] && exit 1; sleep 1; done", false),
            ("while read line; do echo $line; done < file", false),
            ("# until x; do sleep 1; done\n./migrate", false),
            ("./wait-until ready; sleep 1", false),
        ] {
            assert_eq!(waits_for_ever(script), endless, "{script}");
        }
    }
}
