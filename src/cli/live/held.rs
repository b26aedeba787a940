//! A release, held against what its cluster has of it.

use super::changing::{check_name, release_name};
use super::{ContextArgs, converse, pinned};
use crate::cli::compile::against::Side;
use crate::cli::trouble::Trouble;
use crate::cli::world::World;
use crate::cluster::{After, Cluster, ClusterError, Members, PART_OF, Sent, Served, Survey, Surveyed, get, kept, mark};
use crate::diff::emit::Part;
use crate::diff::{Comparison, Foreseen, Reading, Secrets, as_applied, redacted};
use crate::object::{Object, is_hook};
use crate::schema::{SchemaStore, Version};
use serde_json::Value as Json;

/// What came of it.
pub(in crate::cli) struct Held {
    /// The changes.
    pub part: Part,
    /// What could not be compared.
    pub troubles: Vec<Trouble>,
    /// The context of the cluster.
    pub context: String,
    /// The address of its server.
    pub server: String,
    /// The version of Kubernetes that it runs.
    pub version: Version,
    /// The namespace of the release.
    pub namespace: String,
    /// Every object that is applied or goes.
    pub objects: Vec<HeldObject>,
}

/// An object that is applied or goes.
pub(in crate::cli) struct HeldObject {
    /// What is sent; none where it goes.
    pub sent: Option<Json>,
    /// What is there.
    pub live: Option<Json>,
    /// Where it lives; none for what lives in no namespace.
    pub namespace: Option<String>,
    /// What happens to it.
    pub change: &'static str,
}

/// What is read of a cluster.
struct Heard {
    context: String,
    server: String,
    version: Version,
    namespace: String,
    survey: Survey,
    requests: usize,
    troubles: Vec<Trouble>,
}

/// How units are held against clusters.
pub(in crate::cli) struct How<'a> {
    /// The name that plain manifests have as a release; that of their folder or file where none is given, as `apply` has it.
    pub named: Option<&'a str>,
    /// The schemas.
    pub store: &'a SchemaStore,
    /// Whether secrets are masked.
    pub secrets: Secrets,
    /// Which cluster is asked.
    pub context: &'a ContextArgs,
    /// Tells how much was asked.
    pub verbose: bool,
}

/// Holds a unit against the cluster of its environment.
pub(in crate::cli) fn hold(side: &Side, at: usize, how: &How<'_>, world: &dyn World) -> Result<Held, Trouble> {
    let How { named, store, secrets, context, verbose } = *how;
    let unit = &side.units[at];
    let environment = unit.checked.environment.as_deref();
    let options = context.options(pinned(unit.workspace.as_deref(), environment), world)?;
    let set = side.objects(&[at]);
    // Hooks are no part of what a release is.
    let (hooks, objects): (Vec<&Object<'_>>, Vec<&Object<'_>>) =
        set.iter().filter(|object| !object.kind.is_empty()).partition(|object| is_hook(|key| object.annotation(key)));
    let bodies: Vec<Json> = objects.iter().map(|object| as_applied(object)).collect();
    // What has no name that a release can have was never applied as one.
    let release = match named {
        Some(name) if !unit.checked.is_release => check_name(name).map(|()| Some(name.to_owned()))?,
        _ => release_name(unit, None, world).ok().filter(|name| check_name(name).is_ok()),
    };
    let heard = converse(async {
        let cluster = Cluster::connect(&options).await?;
        listen(&cluster, bodies.clone(), release.as_deref(), unit.namespace.as_deref()).await
    })?;
    if verbose {
        world.err(&format!("asked the cluster of `{}` in {} requests\n", heard.context, heard.requests));
    }
    let comparison = Comparison {
        reading: Reading { store, version: heard.version.clamp(Version::ALL[0], Version::LATEST), fill: true },
        namespaces: (Some(&heard.namespace), Some(&heard.namespace)),
        secrets,
        ignore: unit.workspace.as_ref().map_or(&[], |loaded| &loaded.workspace.ignore),
    };
    let mut held = Held {
        part: Part {
            name: unit.checked.name.clone(),
            environment: unit.checked.environment.clone(),
            against: format!("the cluster of `{}`", heard.context),
            ..Part::default()
        },
        troubles: heard.troubles,
        context: heard.context,
        server: heard.server,
        version: heard.version,
        namespace: heard.namespace.clone(),
        objects: Vec::new(),
    };
    held.objects.extend(hooks.into_iter().map(|object| HeldObject {
        sent: Some(as_applied(object)),
        live: None,
        namespace: namespace_of(object, store, &comparison),
        change: "hook",
    }));
    held.troubles.extend(heard.survey.troubles.into_iter().map(Trouble::new));
    for ((object, body), Surveyed { live, after }) in objects.iter().zip(bodies).zip(heard.survey.objects) {
        let foreseen = match &after {
            After::Applied(json) => Foreseen::Applied(json),
            After::NotYet(why) => Foreseen::Forecast(why.clone()),
            After::Homeless | After::Unknown => continue,
            After::Refused { causes, immutable } => {
                let words = |cause: &crate::cluster::Cause| {
                    let said = redacted(&cause.message, object);
                    if cause.field.is_empty() { said } else { format!("`{}`: {said}", cause.field) }
                };
                let reasons: Vec<String> = causes.iter().map(words).collect();
                if *immutable {
                    Foreseen::Fixed(reasons)
                } else {
                    let name = format!("{} `{}`", object.kind, object.name);
                    held.troubles.push(Trouble::new(format!("the server refuses {name}: {}", reasons.join("; "))));
                    Foreseen::Forecast("the server refuses it".to_owned())
                }
            }
        };
        let change = comparison.with_live(object, live.as_ref(), &foreseen);
        let namespace = namespace_of(object, store, &comparison);
        held.objects.push(HeldObject {
            sent: Some(body),
            live,
            namespace: namespace.clone(),
            change: change.as_ref().map_or("unchanged", |change| change.what.name()),
        });
        match change {
            Some(mut change) => {
                std::sync::Arc::make_mut(&mut change.object).namespace = namespace;
                held.part.changes.objects.push(change);
            }
            None => held.part.changes.unchanged += 1,
        }
    }
    for live in heard.survey.others.into_iter().filter(|live| kept(live).is_none()) {
        held.part.changes.objects.push(comparison.pruned(&live));
        let namespace = live.pointer("/metadata/namespace").and_then(Json::as_str).map(str::to_owned);
        held.objects.push(HeldObject { sent: None, live: Some(live), namespace, change: "removed" });
    }
    held.part.changes.sort();
    held.part.changes.locate(&|_| None, &|span| side.place(span));
    Ok(held)
}

/// The namespace where an object lands; none for what lives in none.
fn namespace_of(object: &Object<'_>, store: &SchemaStore, comparison: &Comparison<'_>) -> Option<String> {
    let namespaced = store.is_namespaced(comparison.reading.version, object.api_version, object.kind);
    let own = || object.namespace.clone().or_else(|| comparison.namespaces.1.map(str::to_owned));
    if namespaced == Some(false) { None } else { own() }
}

/// Asks a cluster of everything.
async fn listen(
    cluster: &Cluster,
    bodies: Vec<Json>,
    release: Option<&str>,
    namespace: Option<&str>,
) -> Result<Heard, ClusterError> {
    let namespace = namespace.unwrap_or(cluster.namespace()).to_owned();
    let mut troubles = Vec::new();
    let mut members = release.map(|release| Members::of(release, &namespace));
    if let (Some(known), Some(release)) = (&mut members, release) {
        match get(cluster, &Served::new("v1", "Secret", "secrets", true), Some(&namespace), &Members::parent(release))
            .await
        {
            Ok(Some(parent)) => *known = std::mem::take(known).told_by(&parent, &namespace),
            Ok(None) => {}
            Err(
                error @ (ClusterError::Forbidden(_) | ClusterError::TimedOut { .. } | ClusterError::Unreadable { .. }),
            ) => {
                troubles.push(Trouble::new(format!(
                    "the inventory of the release cannot be read, so that nothing is known of what would be pruned: {error}"
                )));
            }
            Err(error) => return Err(error),
        }
    }
    let sent = bodies.into_iter().map(|mut object| {
        if let Some(members) = &members {
            mark(&mut object, PART_OF, &members.id);
        }
        Sent { object, namespace: Some(namespace.clone()) }
    });
    let survey = cluster.survey(&sent.collect::<Vec<_>>(), members.as_ref()).await?;
    let (context, server, requests) = (cluster.context().to_owned(), cluster.server().to_owned(), cluster.requests());
    Ok(Heard { context, server, version: cluster.version(), namespace, survey, requests, troubles })
}
