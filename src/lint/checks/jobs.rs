//! What a Job needs to end, and to go away.

use super::Check;
use crate::diagnostic::Change;
use crate::lint::finding::called;
use crate::lint::params::Params;
use crate::object::{Container, Object, Role};
use crate::yaml::Node;

/// Gives the spec of a Job, or of the Jobs of a CronJob.
fn job<'d>(object: &Object<'d>) -> Option<Node<'d>> {
    match object.kind {
        "CronJob" => object.node.at(&["spec", "jobTemplate", "spec"]),
        _ => object.spec(),
    }
}

/// A Job, or its pods, must have a time limit.
pub(super) fn deadline(_: &mut Params<'_>) -> Check {
    const FIELD: &str = "activeDeadlineSeconds";
    Check::object(|context, findings| {
        let Some(job) = job(context.object) else { return };
        let of_pods = context.object.pods.iter().any(|pod| pod.spec.field(FIELD).is_some());
        if job.field(FIELD).is_none() && !of_pods {
            findings.lacking(job);
        }
    })
}

/// A Job that nothing else removes must say when it goes; the Jobs of a CronJob, which removes them, must not.
pub(super) fn ttl(_: &mut Params<'_>) -> Check {
    const FIELD: &str = "ttlSecondsAfterFinished";
    Check::object(|context, findings| {
        let object = context.object;
        let Some(job) = job(object) else { return };
        match job.field(FIELD) {
            Some(written) if object.kind == "CronJob" => {
                findings
                    .at(written)
                    .message(format!(
                        "CronJob `{}` removes its Jobs itself, and they remove themselves, too",
                        object.name
                    ))
                    .help(format!(
                        "remove `{FIELD}`, and write `successfulJobsHistoryLimit` and `failedJobsHistoryLimit`"
                    ))
                    .change(written, Change::Delete);
            }
            // A hook's Job is removed by what runs the hook.
            None if object.kind == "Job" && !is_hook(object) => _ = findings.lacking(job).set(job, FIELD, 86_400),
            _ => {}
        }
    })
}

fn is_hook(object: &Object<'_>) -> bool {
    ["helm.sh/hook", "argocd.argoproj.io/hook"].iter().any(|key| object.annotation(key).is_some())
}

/// No container of a Job may be one that does not end, beside those that do the work. `images` are the last words of names
/// of images that serve.
pub(super) fn sidecar(params: &mut Params<'_>) -> Check {
    let images = params.list("images");
    Check::pod(move |context, pod, findings| {
        if !context.object.is("batch", &["Job", "CronJob"]) {
            return;
        }
        let main = || pod.containers().filter(|container| container.role == Role::Main);
        let endless: Vec<_> = main().filter(|container| is_endless(*container, &images)).collect();
        if endless.len() < main().count() {
            for container in endless {
                findings.lacking(container.node).message(format!("{} keeps the Job from ending", called(container)));
            }
        }
    })
}

/// Tells whether a container is one that serves until it is stopped: by its image, its probes, or an endless script.
fn is_endless(container: Container<'_>, images: &[String]) -> bool {
    let image = container.node.field("image").map(Node::text).unwrap_or_default();
    let name = image.rsplit('/').next().unwrap_or_default().split([':', '@']).next().unwrap_or_default();
    let probed = ["livenessProbe", "readinessProbe"].iter().any(|probe| container.node.field(probe).is_some());
    let parts = ["command", "args"].into_iter().filter_map(|field| container.node.field(field));
    let words: Vec<&str> = parts.flat_map(Node::items).flat_map(|part| part.text().split_whitespace()).collect();
    let follows = words.windows(2).any(|pair| {
        matches!(pair, ["tail", flag] if flag.starts_with('-') && flag.to_ascii_lowercase().contains('f'))
            || matches!(pair, ["sleep", "infinity"])
    });
    probed || follows || images.iter().any(|listed| listed == name)
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::problems;

    fn job(containers: &str) -> String {
        format!(
            "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: report}}\nspec: {{template: {{spec: {{containers: [{containers}]}}}}}}\n"
        )
    }

    #[test]
    fn a_container_that_serves_holds_a_job_that_has_another() {
        let work = "{name: report, image: 'a:1'}";
        for (other, flagged) in [
            ("{name: proxy, image: 'example.com/envoy:1'}", true),
            ("{name: tail, image: 'b:1', command: [tail, -F, /log]}", true),
            ("{name: wait, image: 'b:1', command: [sh, -c, sleep infinity]}", true),
            ("{name: web, image: 'b:1', readinessProbe: {tcpSocket: {port: 80}}}", true),
            ("{name: other, image: 'b:1'}", false),
        ] {
            let found = problems("job-held-by-sidecar", &job(&format!("{work}, {other}"))).len();
            assert_eq!(found, usize::from(flagged), "{other}");
            assert_eq!(problems("job-held-by-sidecar", &job(other)), [""; 0], "alone, it is the work: {other}");
        }
    }

    #[test]
    fn what_runs_a_hook_removes_its_job() {
        let of = |annotations: &str| {
            format!(
                "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: m, annotations: {{{annotations}}}}}\nspec: {{}}\n"
            )
        };
        assert_eq!(problems("job-without-ttl", &of("")).len(), 1);
        assert_eq!(problems("job-without-ttl", &of("helm.sh/hook: pre-install")), [""; 0]);
    }
}
