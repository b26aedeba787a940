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
    let starts = words.windows(2).position(|pair| match pair {
        ["until", _] => true,
        ["while", condition] => ["!", "true", ":", "[", "[["].contains(condition),
        _ => false,
    });
    let (Some(start), Some(end)) = (starts, words.iter().rposition(|word| *word == "done")) else { return false };
    let (Some(before), Some(inside)) = (words.get(..start), words.get(start..end)) else { return false };
    // A time limit around it, a counter or clock that it compares, or giving up with an error. Leaving it when all is well
    // is no end: that may never come.
    let compares = ["-ge", "-gt", "-le", "-lt", "-eq"];
    let counted = inside.iter().any(|word| compares.contains(word) || word.contains("SECONDS"));
    let gives_up = inside.windows(2).any(|pair| matches!(pair, ["exit" | "return", code] if *code != "0"));
    let limited = before.contains(&"timeout") || script.contains("((");
    inside.contains(&"sleep") && !(counted || gives_up || limited)
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
            ("while :; do nc -z db 5432 && break; sleep 1; done", true),
            ("until timeout 1 nc -z db 5432; do sleep 1; done; exit 0", true),
            ("while true; do [ $SECONDS -gt 60 ] && exit 1; sleep 1; done", false),
            ("until nc -z db 5432; do sleep 1; (( i++ < 30 )) || exit 1; done", false),
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
