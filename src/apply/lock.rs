//! The lock of a release: a Lease, renewed while it is held, taken over when its holder is gone.

use super::clock;
use super::server::{Failure, Server};
use crate::cluster::{Members, Served, text};
use serde_json::{Value as Json, json};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// How a lock is taken.
#[derive(Clone, Debug)]
pub struct Terms {
    /// Who takes it: unique among all processes.
    pub holder: String,
    /// How long it outlives its holder.
    pub lease: Duration,
    /// How long to wait for another holder.
    pub patience: Duration,
}

/// A lock that is held. It is renewed until it is given back.
pub(super) struct Lock {
    server: Server,
    lease: Place,
    holder: String,
    renewing: JoinHandle<()>,
}

/// Where the Lease is.
#[derive(Clone)]
struct Place {
    served: Served,
    namespace: String,
    name: String,
}

/// How a clock may differ from the server's, at most, in seconds.
const SKEW: i64 = 5;

/// What a Lease says to somebody who wants it.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Free,
    Held,
}

/// Judges a Lease: it is free where nobody holds it, where we do, and where its holder was not heard of for as long as it
/// says: by our own clock since it was first `seen` like that, or by the server's and far longer.
fn judge(lease: &Json, holder: &str, seen: Duration, now: i64) -> Verdict {
    let held_by = text(lease, "/spec/holderIdentity");
    if held_by.is_empty() || held_by == holder {
        return Verdict::Free;
    }
    let length = lease.pointer("/spec/leaseDurationSeconds").and_then(Json::as_i64).unwrap_or(15);
    let renewed = clock::seconds(text(lease, "/spec/renewTime"));
    let long_ago = now > 0 && renewed.is_none_or(|renewed| now - renewed > length + SKEW);
    let unheard = seen >= Duration::from_secs(u64::try_from(length).unwrap_or_default());
    if long_ago || unheard { Verdict::Free } else { Verdict::Held }
}

impl Lock {
    /// Takes the lock of a release, or waits for it.
    pub(super) async fn take(
        server: &Server,
        namespace: &str,
        release: &str,
        terms: &Terms,
        told: &dyn super::Told,
    ) -> Result<Self, Failure> {
        let served = Served::new("coordination.k8s.io/v1", "Lease", "leases", true);
        let place = Place { served, namespace: namespace.to_owned(), name: Members::parent(release) };
        let begun = Instant::now();
        let mut seen: Option<(String, Instant)> = None;
        let held = loop {
            let asked = Instant::now();
            let taken = match server.get(&place.served, Some(namespace), &place.name).await? {
                None => {
                    let lease = place.lease(server, terms, None);
                    server.create(&place.served, Some(namespace), &lease).await
                }
                Some(found) => {
                    let version = text(&found, "/metadata/resourceVersion").to_owned();
                    let since = match &seen {
                        Some((known, since)) if *known == version => *since,
                        _ => asked,
                    };
                    seen = Some((version, since));
                    if judge(&found, &terms.holder, since.elapsed(), server.now()) == Verdict::Free {
                        server.replace(&place.served, &place.lease(server, terms, Some(&found))).await
                    } else {
                        let by = text(&found, "/spec/holderIdentity");
                        if begun.elapsed() >= terms.patience {
                            return Err(Failure::Unfit(format!("the release `{release}` is being changed by {by}")));
                        }
                        told.live(&format!("waiting for {by}, which is changing `{release}`"));
                        server.pause(Duration::from_millis(200)).await?;
                        continue;
                    }
                }
            };
            match taken {
                Ok(lease) => break (lease, asked),
                // Somebody was faster.
                Err(failure) if failure.is(409) => server.pause(Duration::from_millis(50)).await?,
                Err(failure) => return Err(failure),
            }
        };
        let (lease, asked) = held;
        server.guard().hold(Some(asked + trusted(terms.lease)));
        let renewing = tokio::spawn(renew(server.for_last_words(), place.clone(), terms.clone(), lease));
        Ok(Self { server: server.for_last_words(), lease: place, holder: terms.holder.clone(), renewing })
    }

    /// Gives the lock back, if it still is ours.
    pub(super) async fn give_back(self) {
        self.renewing.abort();
        let Place { served, namespace, name } = &self.lease;
        // What cannot be given back runs out.
        for _ in 0..3 {
            let Ok(Some(lease)) = self.server.get(served, Some(namespace), name).await else { break };
            if text(&lease, "/spec/holderIdentity") != self.holder {
                break;
            }
            match self.server.delete(served, &lease, true).await {
                Err(failure) if failure.is(409) => {}
                _ => break,
            }
        }
        self.server.guard().hold(None);
    }
}

/// For how long a holder trusts a lease: shorter than others do.
fn trusted(lease: Duration) -> Duration {
    lease * 4 / 5
}

impl Place {
    /// Writes the Lease, over one that was there.
    fn lease(&self, server: &Server, terms: &Terms, before: Option<&Json>) -> Json {
        let now = clock::write_micro(server.now());
        let mut metadata = json!({"name": self.name, "namespace": self.namespace, "labels": {"app.kubernetes.io/managed-by": "plimsoll"}});
        let changes = before.and_then(|lease| lease.pointer("/spec/leaseTransitions")).and_then(Json::as_i64);
        if let Some(version) = before.map(|lease| text(lease, "/metadata/resourceVersion")) {
            metadata["resourceVersion"] = json!(version);
        }
        json!({
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": metadata,
            "spec": {
                "holderIdentity": terms.holder,
                "leaseDurationSeconds": terms.lease.as_secs().max(1),
                "acquireTime": now,
                "renewTime": now,
                "leaseTransitions": changes.map_or(0, |count| count + 1),
            },
        })
    }
}

/// Renews a lease until it is lost.
async fn renew(server: Server, place: Place, terms: Terms, mut lease: Json) {
    loop {
        tokio::time::sleep(terms.lease / 4).await;
        let asked = Instant::now();
        lease["spec"]["renewTime"] = json!(clock::write_micro(server.now()));
        match server.replace(&place.served, &lease).await {
            Ok(renewed) => lease = renewed,
            Err(failure) if failure.is(409) => {
                // It was renewed, and the answer got lost; or somebody took it over.
                match server.get(&place.served, Some(&place.namespace), &place.name).await {
                    Ok(Some(found)) if text(&found, "/spec/holderIdentity") == terms.holder => lease = found,
                    Ok(_) => {
                        server.guard().hold(Some(asked));
                        return;
                    }
                    Err(_) => continue,
                }
            }
            Err(failure) if failure.is(404) => {
                server.guard().hold(Some(asked));
                return;
            }
            // The time until which the lock is ours stays as it is.
            Err(_) => continue,
        }
        server.guard().hold(Some(asked + trusted(terms.lease)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leases_are_free_when_their_holder_is_gone() {
        let lease = |holder: &str, renewed: i64| json!({"spec": {"holderIdentity": holder, "leaseDurationSeconds": 15, "renewTime": clock::write_micro(renewed)}});
        for (what, lease, seen, now, verdict) in [
            ("nobody's", lease("", 100), 0, 100, Verdict::Free),
            ("ours", lease("me", 100), 0, 100, Verdict::Free),
            ("another's", lease("you", 100), 14, 110, Verdict::Held),
            ("not heard of since we look", lease("you", 100), 15, 110, Verdict::Free),
            ("run out by the server's clock", lease("you", 100), 0, 121, Verdict::Free),
            ("run out, but clocks differ", lease("you", 100), 0, 119, Verdict::Held),
            ("of a clock that is ahead", lease("you", 500), 0, 100, Verdict::Held),
            ("when the server tells no time", lease("you", 100), 0, 0, Verdict::Held),
        ] {
            assert_eq!(judge(&lease, "me", Duration::from_secs(seen), now), verdict, "{what}");
        }
    }
}
