//! CronJobs.

use super::{Defaults, RULE, judge_spec};
use crate::api::check::{Check, is_true, text};
use crate::api::syntax::{schedule, time_zone};
use crate::api::workloads::{name_of, name_of_pods, no_negatives};
use crate::yaml::{Kind, Node};

/// The server appends a time of eleven characters to make the names of Jobs, which may have 63.
const LONGEST_NAME: usize = 52;

/// Judges a CronJob.
pub(super) fn judge<'d>(check: &mut Check<'d>, object: Node<'d>) {
    name_of_pods(check, object);
    name(check, object);
    let spec = object.field("spec");
    if let Some(spec) = spec {
        timing(check, spec);
        no_negatives(
            check,
            RULE,
            spec,
            &["startingDeadlineSeconds", "successfulJobsHistoryLimit", "failedJobsHistoryLimit"],
        );
    }
    let Some(job) = object.at(&["spec", "jobTemplate", "spec"]) else {
        let containers = &["spec", "jobTemplate", "spec", "template", "spec", "containers"];
        let restart = &["spec", "jobTemplate", "spec", "template", "spec", "restartPolicy"];
        check.error(RULE, (object, containers), "the Jobs have no `template`, and so no `containers`");
        check.error("api/restart-policy", (object, restart), "the Jobs have no `template`, and so no `restartPolicy`");
        return;
    };
    if job.kind() != Kind::Map {
        return;
    }
    judge_spec(check, job, Defaults::Open);
    check.forbidden("api/selector", job, "selector", "is made by the server for each of the Jobs");
    if is_true(job, "manualSelector") {
        let message = "`manualSelector` is `true`, but the Jobs of a CronJob get selectors of the server";
        check.error("api/selector", (job, "manualSelector"), message).help("remove `manualSelector`");
    }
}

fn name<'d>(check: &mut Check<'d>, object: Node<'d>) {
    let Some(metadata) = object.field("metadata") else { return };
    let length = name_of(metadata).len();
    if length > LONGEST_NAME {
        let message = format!("the name has {length} characters, and may have {LONGEST_NAME}");
        check.error("api/name", (metadata, "name"), message).help("its Jobs get the name, and the time behind it");
    }
}

fn timing<'d>(check: &mut Check<'d>, spec: Node<'d>) {
    const RULE: &str = "api/schedule";
    let when = text(spec, "schedule");
    if when.contains("TZ") {
        let message = "`schedule` names a time zone";
        check.error(RULE, (spec, "schedule"), message).help("write the zone as `timeZone`");
    } else if !when.is_empty() {
        check.syntax(RULE, (spec, "schedule"), "schedule", when, schedule);
    }
    if let Some(zone) = spec.field("timeZone") {
        check.syntax(RULE, zone, "timeZone", zone.text(), time_zone);
    }
}

#[cfg(test)]
mod tests {
    use crate::api::testing::heads;

    #[test]
    fn cron_jobs_are_told_when() {
        let found = heads(
            "
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly-nightly-nightly-nightly-nightly-nightly-nightly}
spec:
  schedule: TZ=UTC * * * * *
  timeZone: Europe/Roma
  failedJobsHistoryLimit: -1
  jobTemplate:
    spec:
      selector: {matchLabels: {app: a}}
      completionMode: Indexed
      template: {spec: {restartPolicy: OnFailure, containers: [{name: a, image: a}]}}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly}
spec: {schedule: 61 * * * *, jobTemplate: {}}
",
        );
        assert_eq!(
            found,
            [
                "error api/name metadata.name",
                "error api/schedule spec.schedule",
                "error api/schedule spec.timeZone",
                "error api/job spec.failedJobsHistoryLimit",
                "error api/job spec.jobTemplate.spec.completions",
                "error api/selector spec.jobTemplate.spec.selector",
                "error api/schedule spec.schedule",
                "error api/job spec.jobTemplate.spec.template.spec.containers",
                "error api/restart-policy spec.jobTemplate.spec.template.spec.restartPolicy",
            ],
            "{found:#?}"
        );
    }
}
