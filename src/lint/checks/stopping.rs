//! How containers stop: the time that they have, what runs before, and whether the signal reaches them.

use super::{Check, resources};
use crate::lint::finding::called;
use crate::lint::params::Params;
use crate::object::{Container, Pod};
use crate::yaml::Node;

const SHELLS: [&str; 4] = ["sh", "bash", "ash", "dash"];

/// Gives the seconds after which a pod is killed: 30 unless something else is written.
fn grace(pod: &Pod<'_>) -> i64 {
    pod.spec.field("terminationGracePeriodSeconds").and_then(Node::as_i64).unwrap_or(30)
}

/// What runs before a container is stopped must leave it time to stop.
pub(super) fn pre_stop(_: &mut Params<'_>) -> Check {
    Check::container(|pod, container, findings| {
        let Some(hook) = container.node.at(&["lifecycle", "preStop"]) else { return };
        let grace = grace(pod);
        let command = || hook.at(&["exec", "command"]).into_iter().flat_map(Node::items);
        let direct = hook.at(&["sleep", "seconds"]).and_then(|seconds| Some((seconds, seconds.as_i64()?)));
        let Some((place, seconds)) = direct.or_else(|| sleep(command())) else { return };
        if seconds >= grace {
            let message = format!(
                "`preStop` of {} sleeps for {seconds} seconds, and the pod is killed after {grace}",
                called(container)
            );
            let period = pod.spec.field("terminationGracePeriodSeconds");
            let finding = findings.at(place).message(message);
            finding.set(pod.spec, "terminationGracePeriodSeconds", seconds.saturating_add(30));
            if let Some(period) = period {
                finding.label(period.span(), "the grace period");
            }
        }
    })
}

/// Finds the longest `sleep N` of a command, given as words or as a script.
fn sleep<'d>(command: impl Iterator<Item = Node<'d>>) -> Option<(Node<'d>, i64)> {
    let parts: Vec<Node<'d>> = command.collect();
    let alone = parts.windows(2).filter_map(|pair| match pair {
        [word, seconds] if word.text().rsplit('/').next() == Some("sleep") => {
            Some((*seconds, seconds.text().to_owned()))
        }
        _ => None,
    });
    let in_scripts = parts.iter().flat_map(|part| {
        let words: Vec<&str> = part.text().split(|c: char| c.is_whitespace() || ";&|()".contains(c)).collect();
        let sleeps = words.windows(2).filter(|pair| pair.first() == Some(&"sleep"));
        sleeps.filter_map(|pair| Some((*part, (*pair.get(1)?).to_owned()))).collect::<Vec<_>>()
    });
    let seconds = |text: &str| {
        let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
        let factor = match unit {
            "" | "s" => 1,
            "m" => 60,
            "h" => 3600,
            _ => return None,
        };
        number.parse::<i64>().ok()?.checked_mul(factor)
    };
    let found = alone.chain(in_scripts).filter_map(|(part, text)| Some((part, seconds(&text)?)));
    found.max_by_key(|(_, seconds)| *seconds)
}

/// A pod's grace period must be no longer than `max` seconds.
pub(super) fn long(params: &mut Params<'_>) -> Check {
    let max = params.number("max");
    Check::pod(move |_, pod, findings| {
        let period = pod.spec.field("terminationGracePeriodSeconds");
        if let Some(period) = period.filter(|period| period.as_i64().is_some_and(|seconds| seconds > max)) {
            findings.at(period).message(format!("pod may take {} seconds to stop, more than {max}", period.text()));
        }
    })
}

/// A shell that starts a server must hand it the shell's own process, or pass signals on.
pub(super) fn shell(_: &mut Params<'_>) -> Check {
    Check::pod(|context, pod, findings| {
        if pod.runs_to_completion(context.object) || pod.spec.field("shareProcessNamespace").is_some() {
            return;
        }
        let stateful = context.object.is("apps", &["StatefulSet"]);
        let patient = stateful || pod.spec.field("terminationGracePeriodSeconds").is_some();
        for container in pod.containers().filter(|container| resources::runs_on(*container)) {
            let serves = container.node.field("ports").is_some_and(|ports| ports.items().len() > 0)
                || container.node.field("readinessProbe").is_some();
            if let Some(script) = script(container).filter(|script| (patient || serves) && swallows(script.text())) {
                findings.at(script).message(format!("{} runs in a shell that keeps its signals", called(container)));
            }
        }
    })
}

/// Finds the script that a shell runs as a container's process: `sh -c SCRIPT`.
fn script(container: Container<'_>) -> Option<Node<'_>> {
    let list = |field: &str| container.node.field(field).into_iter().flat_map(Node::items);
    let mut words = list("command").chain(list("args"));
    let shell = words.next()?;
    if list("command").next().is_none() || !SHELLS.contains(&shell.text().rsplit('/').next()?) {
        return None;
    }
    let flag = words.find(|word| !word.text().starts_with('-') || word.text().ends_with('c'))?;
    if flag.text().starts_with('-') { words.next() } else { None }
}

/// Tells whether the last command of a script runs beside the shell, which does not pass signals on.
fn swallows(script: &str) -> bool {
    let lines = script.replace("\\\n", " ");
    let commands = lines.split(['\n', ';']).flat_map(|line| line.split("&&")).map(str::trim);
    let commands: Vec<&str> = commands.filter(|command| !command.is_empty() && !command.starts_with('#')).collect();
    let trapped = commands.iter().any(|command| command.starts_with("trap "));
    // A script that is given signals some other way, or whose last word ends a block, is not judged.
    let blocks = ["done", "fi", "esac", "}", "wait"];
    let Some(last) = commands.last() else { return false };
    let first_word = last.split_whitespace().next().unwrap_or_default();
    let init = ["tini", "dumb-init", "gosu", "su-exec", "s6-svscan"];
    !trapped && first_word != "exec" && !blocks.contains(&first_word) && !init.iter().any(|init| last.contains(init))
}

#[cfg(test)]
mod tests {
    use super::swallows;
    use crate::lint::testing::{pod, problems};

    #[test]
    fn exec_hands_the_process_over() {
        for (script, swallowed) in [
            ("python app.py", true),
            ("./migrate && ./serve", true),
            ("./migrate && exec ./serve", false),
            ("set -e\nexport A=1\nexec ./serve \\\n  --port 80\n", false),
            ("set -e\n./serve \\\n  --port 80\n", true),
            ("trap 'kill $pid' TERM; ./serve & pid=$!; wait", false),
            ("while true; do date; sleep 1; done", false),
            ("tini -- ./serve", false),
            ("", false),
        ] {
            assert_eq!(swallows(script), swallowed, "{script}");
        }
    }

    #[test]
    fn a_hook_leaves_time_to_stop() {
        for (grace, hook, flagged) in [
            ("30", "{sleep: {seconds: 10}}", false),
            ("30", "{sleep: {seconds: 30}}", true),
            ("30", "{exec: {command: [sleep, '60']}}", true),
            ("30", "{exec: {command: [/bin/sh, -c, 'sleep 1m; nginx -s quit']}}", true),
            ("90", "{exec: {command: [/bin/sh, -c, 'sleep 1m; nginx -s quit']}}", false),
            ("30", "{exec: {command: [/bin/sh, -c, 'sleep $DELAY']}}", false),
            ("30", "{httpGet: {path: /stop, port: 80}}", false),
        ] {
            let text =
                pod(&format!("terminationGracePeriodSeconds: {grace}"), &format!("lifecycle: {{preStop: {hook}}}"));
            let found = problems("grace-shorter-than-pre-stop", &text).len();
            assert_eq!(found, usize::from(flagged), "{grace} {hook}");
        }
    }

    #[test]
    fn only_a_shells_script_is_judged() {
        for (command, flagged) in [
            ("command: [sh, -c, ./serve]", true),
            ("command: [/bin/bash, -ec]\n      args: [./serve]", true),
            ("command: [sh, -c, exec ./serve]", false),
            ("command: [sh, /start.sh]", false),
            ("command: [./serve, -c, x]", false),
            ("args: [sh, -c, ./serve]", false),
        ] {
            let text = pod("dnsPolicy: Default", &format!("ports: [{{containerPort: 80}}]\n      {command}"));
            let found = problems("shell-keeps-signals", &text).len();
            assert_eq!(found, usize::from(flagged), "{command}");
        }
    }
}
