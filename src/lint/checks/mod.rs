//! Built-in checks: functions with parameters, named by rules; several rules may share one.
//!
//! A check is made once per rule, from its parameters, and then run over objects, their pods or their containers. It says
//! where (a node) and, where the rule's summary does not say it all, what.

mod availability;
mod classes;
mod component;
mod config_change;
mod control_plane;
mod dangling;
mod duplicates;
mod endless_wait;
mod env_from;
mod fields;
mod file_mode;
mod hpa;
mod image;
mod ingress;
mod jobs;
mod metadata;
pub(super) mod network_policy;
mod overlap;
mod ports;
mod probes;
mod profiles;
mod quantities;
mod rbac;
mod resources;
mod restart_policy;
mod run_as;
mod secret;
mod security_context;
mod selector;
mod service;
mod service_names;
mod setting;
mod sidecars;
mod statefulset;
mod stopping;
mod unused;
mod volumes;

use super::finding::{Context, Findings};
use super::own::OwnCheck;
use super::params::Params;
use crate::object::{Container, Pod};

type OfObject = dyn for<'a, 'd> Fn(&Context<'a, 'd>, &mut Findings<'d>) + Send + Sync;
type OfPod = dyn for<'a, 'd> Fn(&Context<'a, 'd>, &Pod<'d>, &mut Findings<'d>) + Send + Sync;
type OfContainer = dyn for<'d> Fn(&Pod<'d>, Container<'d>, &mut Findings<'d>) + Send + Sync;

/// A check with its parameters, by what it looks at.
pub(super) enum Check {
    Object(Box<OfObject>),
    Pod(Box<OfPod>),
    Container(Box<OfContainer>),
    Own(OwnCheck),
}

impl Check {
    fn object(run: impl for<'a, 'd> Fn(&Context<'a, 'd>, &mut Findings<'d>) + Send + Sync + 'static) -> Self {
        Self::Object(Box::new(run))
    }

    fn pod(run: impl for<'a, 'd> Fn(&Context<'a, 'd>, &Pod<'d>, &mut Findings<'d>) + Send + Sync + 'static) -> Self {
        Self::Pod(Box::new(run))
    }

    fn container(run: impl for<'d> Fn(&Pod<'d>, Container<'d>, &mut Findings<'d>) + Send + Sync + 'static) -> Self {
        Self::Container(Box::new(run))
    }

    /// Runs the check over an object.
    pub(super) fn run<'d>(&self, context: &Context<'_, 'd>, findings: &mut Findings<'d>) {
        match self {
            Self::Object(run) => run(context, findings),
            Self::Own(check) => check.run(context, findings),
            Self::Pod(run) => context.object.pods.iter().for_each(|pod| run(context, pod, findings)),
            Self::Container(run) => {
                for pod in &context.object.pods {
                    pod.containers().for_each(|container| run(pod, container, findings));
                }
            }
        }
    }
}

/// A kind of check.
#[derive(Debug)]
pub(super) struct Builtin {
    /// What rules call it.
    pub(super) name: &'static str,
    /// Makes a check of parameters.
    pub(super) build: fn(&mut Params<'_>) -> Check,
}

/// All built-in checks, in the order of their names.
pub(super) static BUILTINS: &[Builtin] = &[
    Builtin { name: "account-secrets", build: dangling::account_secrets },
    Builtin { name: "added-capability", build: security_context::added_capability },
    Builtin { name: "autoscaler-duplicate", build: availability::autoscaler::duplicate },
    Builtin { name: "autoscaler-missing", build: availability::autoscaler::missing },
    Builtin { name: "autoscaler-room", build: availability::autoscaler::no_room },
    Builtin { name: "autoscaler-target", build: availability::autoscaler::dangling },
    Builtin { name: "binding-account", build: rbac::account },
    Builtin { name: "binding-role", build: rbac::role },
    Builtin { name: "binding-subject", build: rbac::subject },
    Builtin { name: "claim-volume", build: classes::claim },
    Builtin { name: "class-reference", build: classes::reference },
    Builtin { name: "command-word", build: fields::command },
    Builtin { name: "component", build: component::build },
    Builtin { name: "config-change", build: config_change::rolls_nothing },
    Builtin { name: "config-sub-path", build: config_change::sub_path },
    Builtin { name: "container-flag", build: fields::container_flag },
    Builtin { name: "container-port", build: ports::of_container },
    Builtin { name: "container-probe", build: probes::missing },
    Builtin { name: "container-resource", build: resources::missing },
    Builtin { name: "control-plane-flag", build: control_plane::flag },
    Builtin { name: "dangling-key", build: dangling::key },
    Builtin { name: "dangling-reference", build: dangling::reference },
    Builtin { name: "dangling-role", build: rbac::dangling },
    Builtin { name: "dns-option", build: fields::dns_option },
    Builtin { name: "duplicate-env", build: duplicates::env },
    Builtin { name: "duplicate-object", build: duplicates::object },
    Builtin { name: "empty-dir-limit", build: quantities::empty_dir },
    Builtin { name: "endless-wait", build: endless_wait::build },
    Builtin { name: "env-from-keys", build: env_from::build },
    Builtin { name: "env-name", build: fields::env },
    Builtin { name: "escalation", build: security_context::escalation },
    Builtin { name: "file-mode", build: file_mode::build },
    Builtin { name: "fixed-replicas", build: availability::autoscaler::fixed },
    Builtin { name: "forbidden-annotation", build: metadata::forbidden_annotation },
    Builtin { name: "forbidden-field", build: fields::forbidden },
    Builtin { name: "governing-service", build: statefulset::governing_service },
    Builtin { name: "grace-period-limit", build: stopping::long },
    Builtin { name: "handler-host", build: ports::handler_host },
    Builtin { name: "hardening", build: profiles::any },
    Builtin { name: "host-path", build: volumes::host_path },
    Builtin { name: "host-path-listed", build: volumes::listed_host_path },
    Builtin { name: "host-path-socket", build: volumes::socket },
    Builtin { name: "host-path-writable", build: volumes::writable_mount },
    Builtin { name: "host-port", build: ports::of_host },
    Builtin { name: "hpa-request", build: hpa::build },
    Builtin { name: "identical-probes", build: probes::identical },
    Builtin { name: "image-digest", build: image::digest },
    Builtin { name: "image-pull-policy", build: image::pull_policy },
    Builtin { name: "image-reference", build: image::reference },
    Builtin { name: "image-registry", build: image::registry },
    Builtin { name: "image-tag", build: image::tag },
    Builtin { name: "ingress-backend", build: ingress::backend },
    Builtin { name: "ingress-collision", build: ingress::collision },
    Builtin { name: "ingress-host", build: ingress::host },
    Builtin { name: "ingress-tls", build: ingress::tls },
    Builtin { name: "init-container-probe", build: probes::on_init_container },
    Builtin { name: "job-deadline", build: jobs::deadline },
    Builtin { name: "job-sidecar", build: jobs::sidecar },
    Builtin { name: "job-ttl", build: jobs::ttl },
    Builtin { name: "log-sidecar", build: sidecars::log },
    Builtin { name: "low-id", build: run_as::low },
    Builtin { name: "missing-field", build: fields::missing },
    Builtin { name: "monitor-selects", build: service::monitor },
    Builtin { name: "namespace-companion", build: quantities::namespace_companion },
    Builtin { name: "not-rolling", build: availability::rollout::not_rolling },
    Builtin { name: "object-flag", build: fields::object_flag },
    Builtin { name: "object-namespace", build: metadata::namespace },
    Builtin { name: "overlapping-selectors", build: overlap::workloads },
    Builtin { name: "overlapping-services", build: overlap::services },
    Builtin { name: "pdb-blocks", build: availability::budget::blocks },
    Builtin { name: "pdb-missing", build: availability::budget::missing },
    Builtin { name: "pdb-selects", build: availability::budget::dangling },
    Builtin { name: "pod-flag", build: fields::pod_flag },
    Builtin { name: "policy-for-all", build: network_policy::for_all },
    Builtin { name: "policy-ignored-rules", build: network_policy::ignored_rules },
    Builtin { name: "policy-missing", build: network_policy::missing },
    Builtin { name: "policy-peers", build: network_policy::peers },
    Builtin { name: "policy-ports", build: network_policy::ports },
    Builtin { name: "policy-selects", build: network_policy::selects },
    Builtin { name: "pre-stop-time", build: stopping::pre_stop },
    Builtin { name: "probe-command", build: probes::command },
    Builtin { name: "probe-port", build: probes::port },
    Builtin { name: "probe-timing", build: probes::timing },
    Builtin { name: "proc-mount", build: security_context::proc_mount },
    Builtin { name: "raw-secret", build: secret::raw },
    Builtin { name: "rbac-grant", build: rbac::grant },
    Builtin { name: "rbac-resource-group", build: rbac::resource_group },
    Builtin { name: "rbac-wildcard", build: rbac::wildcard },
    Builtin { name: "request-below-limit", build: quantities::below_limit },
    Builtin { name: "required-metadata", build: metadata::required },
    Builtin { name: "resource-range", build: quantities::of_containers },
    Builtin { name: "restart-policy", build: restart_policy::build },
    Builtin { name: "rolling-update-stops", build: availability::rollout::stops_all },
    Builtin { name: "root-id", build: run_as::root },
    Builtin { name: "route-backend", build: ingress::route_backend },
    Builtin { name: "run-as-non-root", build: run_as::non_root },
    Builtin { name: "secret-anywhere", build: secret::anywhere },
    Builtin { name: "secret-data-encoding", build: secret::encoding },
    Builtin { name: "secret-literal", build: secret::literal },
    Builtin { name: "secret-variable", build: secret::variable },
    Builtin { name: "security-context-flag", build: security_context::flag },
    Builtin { name: "security-profile", build: profiles::profile },
    Builtin { name: "selector-labels", build: selector::build },
    Builtin { name: "selinux-options", build: profiles::selinux },
    Builtin { name: "server-fields", build: metadata::server_fields },
    Builtin { name: "service-account-token", build: rbac::token },
    Builtin { name: "service-names", build: service_names::build },
    Builtin { name: "service-selector", build: service::selector_missing },
    Builtin { name: "service-selects", build: service::selects },
    Builtin { name: "setting", build: setting::build },
    Builtin { name: "shared-claim", build: availability::shared_volume::rolling },
    Builtin { name: "shared-host-path", build: availability::shared_volume::host_path },
    Builtin { name: "shell-signals", build: stopping::shell },
    Builtin { name: "sorted-keys", build: metadata::sorted_keys },
    Builtin { name: "spread-missing", build: availability::spread::missing },
    Builtin { name: "spread-selector", build: availability::spread::selector },
    Builtin { name: "spread-soft", build: availability::spread::soft },
    Builtin { name: "storage-range", build: quantities::of_storage },
    Builtin { name: "sysctl", build: volumes::sysctl },
    Builtin { name: "target-port", build: service::target_port },
    Builtin { name: "termination-grace-period", build: statefulset::grace_period },
    Builtin { name: "too-few-replicas", build: availability::autoscaler::too_few },
    Builtin { name: "undropped-capability", build: security_context::undropped_capability },
    Builtin { name: "unnamed-port", build: ports::unnamed },
    Builtin { name: "unowned-object", build: metadata::unowned },
    Builtin { name: "unused-object", build: unused::build },
    Builtin { name: "unwanted-field", build: fields::unwanted },
    Builtin { name: "volume-type", build: volumes::kind },
];

/// Finds a check by its name.
pub(super) fn find(name: &str) -> Option<&'static Builtin> {
    BUILTINS.iter().find(|builtin| builtin.name == name)
}
