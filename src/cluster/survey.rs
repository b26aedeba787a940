//! What a cluster has of objects, and what it would make of them.

use super::answer::{Cause, Outcome, refusal};
use super::connect::{Cluster, Reply};
use super::discovery::{Discovery, Served};
use super::dry_run::{Sent, is_busy, is_path, is_permission};
use super::error::ClusterError;
use super::json::{label, split, text};
use super::members::{Members, PART_OF};
use super::read::{JSON, escape, list};
use http::{Method, StatusCode};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use tokio::task::JoinSet;

/// How many requests are under way at once.
const AT_ONCE: usize = 12;

/// What a cluster says of an object.
#[derive(Clone, Debug, PartialEq)]
pub struct Surveyed {
    /// The object as it is; none where it is not there.
    pub live: Option<Json>,
    /// What would become of it.
    pub after: After,
}

/// What would become of an object.
#[derive(Clone, Debug, PartialEq)]
pub enum After {
    /// The server would store this.
    Applied(Json),
    /// The server refuses it.
    Refused {
        /// What is wrong with it.
        causes: Vec<Cause>,
        /// It refuses the change, not the object: what is there must go first.
        immutable: bool,
    },
    /// The server cannot say, as something is not there yet: why.
    NotYet(String),
    /// Its namespace is not there.
    Homeless,
    /// Nothing is known of it: the trouble has been told.
    Unknown,
}

/// What a cluster says of objects.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    /// One for each object, in their order.
    pub objects: Vec<Surveyed>,
    /// Members of the release that are not among the objects.
    pub others: Vec<Json>,
    /// What could not be asked: the rest is known all the same.
    pub troubles: Vec<String>,
}

/// Where objects of a kind are listed.
#[derive(Clone, Debug)]
struct Shelf {
    served: Served,
    /// None for every namespace, and for kinds that live in none.
    namespace: Option<String>,
    selector: String,
}

/// Where there may be objects of a kind.
struct Place {
    served: Served,
    namespaces: BTreeSet<String>,
    names: Vec<String>,
}

/// Group, kind, namespace, name.
type Name = (String, String, String, String);

impl Cluster {
    /// Asks for the live objects, kind by kind, and for what the server would make of each object: a list for each kind, and a
    /// dry run for each object.
    pub async fn survey(&self, objects: &[Sent], members: Option<&Members>) -> Result<Survey, ClusterError> {
        let discovery = self.discover().await?;
        let mut survey = Survey::default();
        let (live, unknown) = self.lists(objects, members, &discovery, &mut survey.troubles).await?;
        let mut wanted = BTreeSet::new();
        let mut running = JoinSet::new();
        // Kinds of which the server did not answer in time: each further question would take as long.
        let mut silent: HashMap<(String, String), String> = HashMap::new();
        let mut answers: Vec<Option<Surveyed>> = vec![None; objects.len()];
        for (index, sent) in objects.iter().enumerate() {
            let (api_version, kind) = (sent.text("/apiVersion"), sent.text("/kind"));
            let Some(served) = discovery.find(api_version, kind) else {
                let after = Self::not_served(objects, sent, &discovery, &mut survey.troubles);
                answers[index] = Some(Surveyed { live: None, after });
                continue;
            };
            let name = self.name(sent, served);
            let found = live.get(&name).cloned();
            wanted.insert(name.clone());
            if unknown.iter().any(|shelf| shelf.holds(&name, api_version)) {
                answers[index] = Some(Surveyed { live: None, after: After::Unknown });
                continue;
            }
            if name.3.is_empty() && !sent.text("/metadata/generateName").is_empty() {
                let why = "the server gives it a name of its own".to_owned();
                answers[index] = Some(Surveyed { live: None, after: After::NotYet(why) });
                continue;
            }
            if running.len() >= AT_ONCE {
                settle(&mut running, &mut answers, &mut survey.troubles, &mut silent).await?;
            }
            if let Some(why) = silent.get(&(name.0.clone(), name.1.clone())) {
                answers[index] = Some(Surveyed { live: found, after: After::NotYet(why.clone()) });
                continue;
            }
            let (cluster, sent, served) = (self.clone(), sent.clone(), served.clone());
            running.spawn(async move {
                let after = cluster.foresee(&sent, &served, &name).await;
                (index, name, found, after)
            });
        }
        while !running.is_empty() {
            settle(&mut running, &mut answers, &mut survey.troubles, &mut silent).await?;
        }
        survey.objects = answers.into_iter().flatten().collect();
        survey.doubt_old_definitions(objects);
        for (sent, surveyed) in objects.iter().zip(&mut survey.objects) {
            if surveyed.after == After::Homeless {
                surveyed.after = self.homeless(sent, objects, &mut survey.troubles);
            }
        }
        if let Some(members) = members {
            let is_member = |object: &Json| label(object, PART_OF) == Some(&members.id);
            survey.others = live
                .into_iter()
                .filter(|(name, object)| !wanted.contains(name) && is_member(object))
                .map(|(_, object)| object)
                .collect();
        }
        Ok(survey)
    }

    fn name(&self, sent: &Sent, served: &Served) -> Name {
        let (api_version, kind) = (sent.text("/apiVersion"), sent.text("/kind"));
        let (group, _) = split(api_version);
        let namespace = if served.namespaced { self.namespace_of(sent) } else { "" };
        (group.to_owned(), kind.to_owned(), namespace.to_owned(), sent.text("/metadata/name").to_owned())
    }

    /// Says of an object whose namespace is not there whether it will be.
    fn homeless(&self, sent: &Sent, objects: &[Sent], troubles: &mut Vec<String>) -> After {
        let namespace = self.namespace_of(sent);
        let why = format!("the namespace `{namespace}` is not in the cluster");
        if declares(objects, namespace) {
            return After::NotYet(format!("{why} yet, but among these objects"));
        }
        tell(troubles, format!("{why}, nor among these objects: what would become of it is only predicted"));
        After::NotYet(why)
    }

    /// Says of a kind that is not served whether it will be.
    fn not_served(objects: &[Sent], sent: &Sent, discovery: &Discovery, troubles: &mut Vec<String>) -> After {
        let (api_version, kind) = (sent.text("/apiVersion"), sent.text("/kind"));
        let (group, _) = api_version.split_once('/').unwrap_or_default();
        if discovery.is_stale(group) {
            tell(
                troubles,
                format!("the API group `{group}` of the cluster does not answer, so nothing is known of `{kind}`"),
            );
            return After::Unknown;
        }
        let defined = objects.iter().any(|other| {
            other.text("/kind") == "CustomResourceDefinition"
                && other.text("/spec/group") == group
                && other.text("/spec/names/kind") == kind
        });
        if defined {
            return After::NotYet(format!(
                "the cluster does not serve `{kind}` yet, whose definition is among these objects"
            ));
        }
        tell(
            troubles,
            format!(
                "the cluster does not serve `{api_version} {kind}`, and no definition of it is among these objects"
            ),
        );
        After::NotYet(format!("the cluster does not serve `{api_version} {kind}`"))
    }

    /// Lists what is there, and gives the places of which nothing is known.
    async fn lists(
        &self,
        objects: &[Sent],
        members: Option<&Members>,
        discovery: &Discovery,
        troubles: &mut Vec<String>,
    ) -> Result<(HashMap<Name, Json>, Vec<Shelf>), ClusterError> {
        let mut running: JoinSet<(Shelf, Result<Vec<Json>, ClusterError>)> = JoinSet::new();
        let (mut live, mut unknown) = (HashMap::new(), Vec::new());
        let mut open: Vec<Shelf> = self.shelves(objects, members, discovery);
        open.reverse();
        loop {
            while running.len() < AT_ONCE
                && let Some(shelf) = open.pop()
            {
                let cluster = self.clone();
                running.spawn(async move {
                    let items = list(&cluster, &shelf.served, shelf.namespace.as_deref(), &shelf.selector, JSON).await;
                    (shelf, items)
                });
            }
            let Some(finished) = running.join_next().await else { break };
            let Ok((shelf, items)) = finished else { continue };
            match items {
                Ok(items) => live.extend(items.into_iter().map(|item| (shelf.name(&item), item))),
                Err(error @ ClusterError::Unauthorized { .. }) => return Err(error),
                Err(error) => {
                    let within = shelf.namespace.as_ref().map(|name| format!(" in `{name}`")).unwrap_or_default();
                    tell(
                        troubles,
                        format!(
                            "{} `{}`{within} cannot be read, and is not compared: {error}",
                            shelf.served.kind,
                            shelf.served.api_version()
                        ),
                    );
                    unknown.push(shelf);
                }
            }
        }
        Ok((live, unknown))
    }

    /// Says what is listed: each kind once, in the one namespace where there may be some of it, else in all of them.
    fn shelves(&self, objects: &[Sent], members: Option<&Members>, discovery: &Discovery) -> Vec<Shelf> {
        let mut places: BTreeMap<(String, String), Place> = BTreeMap::new();
        for sent in objects {
            let (api_version, kind) = (sent.text("/apiVersion"), sent.text("/kind"));
            let Some(served) = discovery.find(api_version, kind) else { continue };
            let new = || Place { served: served.clone(), namespaces: BTreeSet::new(), names: Vec::new() };
            let place = places.entry((api_version.to_owned(), kind.to_owned())).or_insert_with(new);
            if served.namespaced {
                place.namespaces.insert(self.namespace_of(sent).to_owned());
            }
            place.names.push(sent.text("/metadata/name").to_owned());
        }
        let mut shelves = Vec::new();
        for group_kind in members.iter().flat_map(|members| &members.kinds) {
            let (kind, group) = group_kind.split_once('.').unwrap_or((group_kind, ""));
            let known = places.iter_mut().find(|((api_version, other), _)| {
                other == kind && api_version.split_once('/').map_or("", |(group, _)| group) == group
            });
            let namespaces = members.iter().flat_map(|members| members.namespaces.iter().cloned());
            match (known, discovery.preferred(group, kind)) {
                // More than the named ones is needed.
                (Some((_, place)), _) => {
                    place.names.clear();
                    if place.served.namespaced {
                        place.namespaces.extend(namespaces);
                    }
                }
                (None, Some(served)) => {
                    let selector = members
                        .map(|members| format!("labelSelector={}%3D{}", PART_OF.replace('/', "%2F"), members.id));
                    let shelf = |namespace: Option<String>| Shelf {
                        served: served.clone(),
                        namespace,
                        selector: selector.clone().unwrap_or_default(),
                    };
                    let mut namespaces = namespaces.collect::<Vec<_>>();
                    let one = if namespaces.len() == 1 { namespaces.pop() } else { None };
                    shelves.push(shelf(one.filter(|_| served.namespaced)));
                }
                (None, None) => {}
            }
        }
        for Place { served, namespaces, names } in places.into_values() {
            let one = if namespaces.len() == 1 { namespaces.into_iter().next() } else { None };
            // Of one object the rest of its kind need not be read.
            let selector = match &names[..] {
                [name] if is_path(name) => format!("fieldSelector=metadata.name%3D{}", escape(name)),
                _ => String::new(),
            };
            let namespace = one.filter(|_| served.namespaced);
            shelves.push(Shelf { served, namespace, selector });
        }
        shelves
    }

    /// Asks what the server would make of an object.
    async fn foresee(&self, sent: &Sent, served: &Served, name: &Name) -> Result<After, ClusterError> {
        if !is_path(&name.3) || served.namespaced && !is_path(&name.2) {
            return Ok(After::NotYet("it has no name that a cluster could have".to_owned()));
        }
        let path = format!(
            "{}?dryRun=All&fieldValidation=Strict&fieldManager=plimsoll&force=true",
            served.object_path(Some(&name.2), &name.3)
        );
        let body = sent.object.to_string().into_bytes();
        let reply = self.send(Method::PATCH, &path, "application/apply-patch+yaml", body).await?;
        if reply.status.is_success() {
            return Ok(After::Applied(reply.body));
        }
        let message = reply.body.get("message").and_then(Json::as_str).unwrap_or_default().to_owned();
        match reply.status {
            StatusCode::FORBIDDEN if is_permission(&message) => Err(ClusterError::Forbidden(message)),
            StatusCode::NOT_FOUND
                if reply.body.pointer("/details/kind").and_then(Json::as_str) == Some("namespaces") =>
            {
                Ok(After::Homeless)
            }
            StatusCode::NOT_FOUND => Ok(After::NotYet(format!("the cluster does not serve `{}`", name.1))),
            status if is_busy(status) || reply.body.get("kind").and_then(Json::as_str) != Some("Status") => {
                Err(self.refused(reply.status, &reply.body))
            }
            status => Ok(refused(&reply, status)),
        }
    }
}

impl Survey {
    /// What an old definition refuses, a new one among the objects may allow.
    fn doubt_old_definitions(&mut self, objects: &[Sent]) {
        let changes = |surveyed: &Surveyed| match (&surveyed.live, &surveyed.after) {
            (Some(live), After::Applied(after)) => live.get("spec") != after.get("spec"),
            _ => true,
        };
        let defined: Vec<(&str, &str)> = objects
            .iter()
            .zip(&self.objects)
            .filter(|(sent, surveyed)| sent.text("/kind") == "CustomResourceDefinition" && changes(surveyed))
            .map(|(sent, _)| (sent.text("/spec/group"), sent.text("/spec/names/kind")))
            .collect();
        for (sent, surveyed) in objects.iter().zip(&mut self.objects) {
            let (group, _) = split(sent.text("/apiVersion"));
            if matches!(surveyed.after, After::Refused { .. }) && defined.contains(&(group, sent.text("/kind"))) {
                let kind = sent.text("/kind");
                surveyed.after = After::NotYet(format!("the definition of `{kind}` among these objects comes first"));
            }
        }
    }
}

/// Reads a refusal: of the change, or of the object.
fn refused(reply: &Reply, status: StatusCode) -> After {
    let causes = match refusal(&reply.body, status.as_u16()) {
        Outcome::Refused { causes, .. } => causes,
        _ => Vec::new(),
    };
    let fixed = [
        "immutable",
        "may not change",
        "may not be changed",
        "updates to",
        "may not update fields",
        "must not update",
        "cannot change roleRef",
        "is immutable after creation",
    ];
    let of_the_change = |cause: &Cause| fixed.iter().any(|words| cause.message.contains(words));
    let immutable = !causes.is_empty() && causes.iter().all(of_the_change);
    After::Refused { causes, immutable }
}

/// Tells whether objects declare a namespace.
fn declares(objects: &[Sent], namespace: &str) -> bool {
    objects.iter().any(|other| {
        other.text("/apiVersion") == "v1"
            && other.text("/kind") == "Namespace"
            && other.text("/metadata/name") == namespace
    })
}

fn tell(troubles: &mut Vec<String>, trouble: String) {
    if !troubles.contains(&trouble) {
        troubles.push(trouble);
    }
}

type Finished = (usize, Name, Option<Json>, Result<After, ClusterError>);

/// Takes one finished dry run.
async fn settle(
    running: &mut JoinSet<Finished>,
    answers: &mut [Option<Surveyed>],
    troubles: &mut Vec<String>,
    silent: &mut HashMap<(String, String), String>,
) -> Result<(), ClusterError> {
    let Some(Ok((index, name, live, after))) = running.join_next().await else { return Ok(()) };
    let after = match after {
        Ok(after) => after,
        Err(error @ ClusterError::Unauthorized { .. }) => return Err(error),
        Err(error) => {
            let why = format!("the cluster could not be asked: {error}");
            let late = matches!(error, ClusterError::TimedOut { .. });
            if !late || silent.insert((name.0.clone(), name.1.clone()), why.clone()).is_none() {
                tell(troubles, format!("{} `{}` could not be tried: {error}", name.1, name.3));
            }
            After::NotYet(why)
        }
    };
    answers[index] = Some(Surveyed { live, after });
    Ok(())
}

impl Shelf {
    /// Names an object that was found here.
    fn name(&self, object: &Json) -> Name {
        let text = |pointer: &str| text(object, pointer).to_owned();
        let Served { group, kind, .. } = &self.served;
        (group.clone(), kind.clone(), text("/metadata/namespace"), text("/metadata/name"))
    }

    /// Tells whether an object would be found here.
    fn holds(&self, name: &Name, api_version: &str) -> bool {
        self.served.api_version() == api_version
            && self.served.kind == name.1
            && self.namespace.as_ref().is_none_or(|own| *own == name.2)
    }
}
