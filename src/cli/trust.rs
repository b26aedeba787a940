//! Who must stand by what comes out of registries: by flags, and by the workspace.

use super::attest;
use super::inputs::text;
use super::paths::Base;
#[cfg(feature = "pgp")]
use super::pull::{opened, pull};
use super::registries;
use super::trouble::Trouble;
use super::workspaces::{Loaded, Workspaces};
use super::world::World;
#[cfg(feature = "pgp")]
use crate::chart::Chart;
use crate::chart::Trusted;
#[cfg(feature = "pgp")]
use crate::oci::Ring;
use crate::oci::{OciError, PublicKey, Reference, Registry, Verdict};
use crate::source::SourceMap;
use clap::Args;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// What flags demand of charts in registries.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct TrustArgs {
    /// Take a chart from a registry only if it is signed by this public key: cosign's, or a keyring of OpenPGP for Helm's
    /// provenance files
    #[arg(long, value_name = "KEY")]
    pub verify: Option<PathBuf>,
    /// Take it only with a report, signed by the key, that `check` passed by this profile
    #[arg(long, value_name = "PROFILE")]
    pub require_check: Option<String>,
}

/// A demand: one of the keys must have signed; where a profile is named, that `check` passed by it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Demand {
    keys: Vec<PathBuf>,
    check: Option<String>,
}

/// All that is demanded.
#[derive(Clone, Debug, Default)]
pub(super) struct Trust {
    /// By flags: of everything.
    flags: Option<Demand>,
    /// By workspaces: of what comes from certain registries.
    workspaces: Vec<Kept>,
    /// A workspace that cannot be read for certain.
    unsure: Option<PathBuf>,
}

/// A workspace's demands, and the folder from which it names keys.
#[derive(Clone, Debug)]
struct Kept {
    folder: PathBuf,
    registries: Vec<Trusted>,
}

/// What the flags and the workspaces of this run demand wherever a path leads into a registry.
static DEMANDED: Mutex<Option<Trust>> = Mutex::new(None);

/// Notes what a workspace demands, so that it holds wherever this run reads from a registry.
pub(super) fn learn(file: &Path, loaded: Option<&Loaded>) {
    let mut demanded = DEMANDED.lock().unwrap_or_else(PoisonError::into_inner);
    demanded.get_or_insert_default().add(file, loaded);
}

impl TrustArgs {
    /// Makes what the flags demand hold wherever this run reads from a registry.
    pub(super) fn hold(&self) {
        let mut demanded = DEMANDED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(demand) = self.demand() {
            // The workspace is read by whoever reads paths, or else by whoever asks what is demanded.
            demanded.get_or_insert_default().flags = Some(demand);
        }
    }

    /// Refuses what comes from no registry: nobody signed it.
    pub(super) fn refuse_local<'n>(&self, names: impl Iterator<Item = &'n str>) -> Result<(), Trouble> {
        let flag = if self.verify.is_some() { "--verify" } else { "--require-check" };
        let mut local = names.filter(|name| !name.starts_with("oci:"));
        match local.next().filter(|_| self.demand().is_some()) {
            Some(name) => Err(Trouble::new(format!("`{name}` comes from no registry, so that nobody stands by it"))
                .help(format!("name it as `oci://…`, or leave out `{flag}`"))),
            None => Ok(()),
        }
    }

    /// Gives what flags and the workspace of a folder demand.
    pub(super) fn with_workspace(&self, folder: &Path, world: &dyn World) -> Result<Trust, Trouble> {
        let trust = Trust { flags: self.demand(), ..Trust::default() };
        trust.of_workspace(folder, world)
    }

    fn demand(&self) -> Option<Demand> {
        (self.verify.is_some() || self.require_check.is_some())
            .then(|| Demand { keys: self.verify.iter().cloned().collect(), check: self.require_check.clone() })
    }
}

/// Reads the workspace that a flag names in place of all others, so that its demands hold in this run.
pub(super) fn hold(config: &Path, world: &dyn World) -> Result<(), Trouble> {
    read(config, &Base::current(world)?, world).map(|_| ())
}

/// Reads a workspace's file, which notes what it demands.
fn read(file: &Path, base: &Base, world: &dyn World) -> Result<Option<Arc<Loaded>>, Trouble> {
    let sources = SourceMap::new();
    let mut workspaces = Workspaces::new(world, base, &sources, None);
    let loaded = workspaces.read(file);
    workspaces.troubles.into_iter().next().map_or(Ok(loaded), Err)
}

/// Gives what is demanded where a path leads into a registry: by the workspaces of this run, or, where none was read, by
/// that of the current folder.
pub(super) fn demanded(world: &dyn World) -> Result<Trust, Trouble> {
    let known = DEMANDED.lock().unwrap_or_else(PoisonError::into_inner).clone().unwrap_or_default();
    if known.workspaces.is_empty() && known.unsure.is_none() {
        return known.of_workspace(Path::new("."), world);
    }
    Ok(known)
}

impl Trust {
    fn add(&mut self, file: &Path, loaded: Option<&Loaded>) {
        match loaded.and_then(|loaded| Some((loaded, loaded.workspace.registries.clone()?))) {
            Some((loaded, registries)) => self.workspaces.push(Kept { folder: loaded.folder.clone(), registries }),
            None => self.unsure = Some(file.to_owned()),
        }
    }

    /// Adds what the workspace of a folder demands.
    fn of_workspace(mut self, folder: &Path, world: &dyn World) -> Result<Self, Trouble> {
        let base = Base::current(world)?;
        if let Some(file) = super::inputs::find_workspace(world, &base, folder) {
            let loaded = read(&file, &base, world)?;
            self.add(&file, loaded.as_deref());
        }
        Ok(self)
    }

    /// Gives what is demanded of what comes from a place: a repository, or a URL's host and path.
    fn of(&self, place: &str) -> Result<Vec<Demand>, Trouble> {
        if let Some(file) = &self.unsure {
            let message =
                format!("`{}` cannot be read for certain, and may say who must have signed `{place}`", file.display());
            return Err(Trouble::new(message).help("`plimsoll check` says what is wrong with it"));
        }
        let mut demands: Vec<Demand> = Vec::new();
        for Kept { folder, registries } in &self.workspaces {
            let fitting = registries.iter().filter_map(|entry| Some((entry.covers(place)?, entry)));
            let nearest = fitting.max_by_key(|(length, _)| *length).map(|(_, entry)| entry);
            if let Some(entry) = nearest.filter(|entry| !entry.verify.is_empty()) {
                let keys = entry.verify.iter().map(|key| folder.join(key.as_str())).collect();
                let check = entry.require_check.as_ref().map(|profile| profile.value.clone());
                demands.push(Demand { keys, check });
            }
        }
        if let Some(demand) = &self.flags {
            let mut demand = demand.clone();
            if demand.keys.is_empty() {
                // The workspace knows whose reports count.
                demand.keys = demands.iter().flat_map(|demand| demand.keys.clone()).collect();
            }
            if demand.keys.is_empty() {
                return Err(Trouble::new(format!("no key is known by which reports about `{place}` are signed"))
                    .help("name it by `--verify KEY`, or in plimsoll.yaml under `registries`"));
            }
            demands.push(demand);
        }
        demands.dedup();
        Ok(demands)
    }

    /// Tells whether anything is demanded of what comes from a place.
    pub(super) fn demands(&self, place: &str) -> Result<bool, Trouble> {
        Ok(!self.of(place)?.is_empty())
    }

    /// Tells whether flags demand something of everything.
    pub(super) fn is_flagged(&self) -> bool {
        self.flags.is_some()
    }

    /// Holds a reference against all that is demanded of it. Gives it by the digest that was signed, so that nobody can
    /// move the tag in between.
    pub(super) async fn admit(
        &self,
        registry: &Registry,
        mut reference: Reference,
        world: &dyn World,
    ) -> Result<Reference, Trouble> {
        for demand in self.of(&reference.place())? {
            let keys = demand.keys.iter().map(|file| key(file, world)).collect::<Result<Vec<_>, _>>()?;
            let tag = reference.tag.clone();
            let subject = match &demand.check {
                Some(profile) => passed(registry, &reference, &keys, profile).await??.0,
                None => signed(registry, &reference, &keys, world).await??.0,
            };
            reference = Reference { tag, ..subject };
        }
        Ok(reference)
    }
}

/// A key by which somebody may have signed.
pub(super) enum Key {
    /// As cosign writes it.
    Cosign(PublicKey),
    /// A keyring of OpenPGP, for Helm's provenance files.
    #[cfg(feature = "pgp")]
    Ring(Ring),
}

/// Reads a public key.
pub(super) fn key(file: &Path, world: &dyn World) -> Result<Key, Trouble> {
    let bytes = world.read(file).map_err(|error| Trouble::io("read", file, &error))?;
    let name = file.display().to_string();
    #[cfg(feature = "pgp")]
    if Ring::looks_like(&bytes) {
        return Ring::read(&name, &bytes).map(Key::Ring).map_err(|error| registries::trouble(&error));
    }
    PublicKey::read(&name, &text(file, bytes)?).map(Key::Cosign).map_err(|error| registries::trouble(&error))
}

/// What was proven of a manifest, by its digest; else why it was not.
type Proof<T> = Result<(Reference, T), Trouble>;

/// Demands a signature by one of some keys; gives the reference by the digest that was signed, and how it was.
pub(super) async fn signed(
    registry: &Registry,
    reference: &Reference,
    keys: &[Key],
    world: &dyn World,
) -> Result<Proof<String>, Trouble> {
    let (mut refused, mut unknown) = (Vec::new(), None);
    let mut subject = reference.clone();
    for key in keys {
        let (found, verdict) = match key {
            Key::Cosign(key) => {
                let verified = registry.verify(&subject, key).await;
                let (found, Verdict { mut holds, refused, kept_back }) =
                    verified.map_err(|error| registries::trouble(&error))?;
                holds.dedup();
                unknown = unknown.or(kept_back.into_iter().next());
                (found, if holds.is_empty() { Err(refused) } else { Ok(holds.join(", ")) })
            }
            #[cfg(feature = "pgp")]
            Key::Ring(ring) => {
                let pulled = pull(registry, &subject, world).await?;
                let verdict = match (opened(&subject, &pulled), &pulled.provenance) {
                    (Err(trouble), _) => Err(trouble.message),
                    (Ok(_), None) => Err("it has no provenance file".to_owned()),
                    (Ok(Chart { metadata, .. }), Some(provenance)) => {
                        let file = format!("{}-{}.tgz", metadata.name, metadata.version);
                        ring.verify(provenance, &file, &pulled.bytes, world.now())
                    }
                };
                (subject.with_digest(&pulled.digest), verdict.map_err(|reason| vec![reason]))
            }
        };
        subject = found;
        match verdict {
            Ok(how) => return Ok(Ok((subject, how))),
            Err(reasons) => refused.extend(reasons),
        }
    }
    let message = format!("`{subject}` is not signed by {}", this(keys));
    unproven(message, &refused, unknown.as_ref(), "no signature of it was found at all").map(Err)
}

/// Demands a report, signed by one of some keys, that `check` passed by a profile; gives the reference by its digest, and
/// what the report says.
pub(super) async fn passed(
    registry: &Registry,
    reference: &Reference,
    keys: &[Key],
    profile: &str,
) -> Result<Proof<String>, Trouble> {
    let (mut refused, mut unknown) = (Vec::new(), None);
    let mut subject = reference.clone();
    for key in keys {
        let key = match key {
            Key::Cosign(key) => key,
            #[cfg(feature = "pgp")]
            Key::Ring(_) => {
                refused.push("reports are signed by keys as cosign writes them".to_owned());
                continue;
            }
        };
        let attested = registry.attested(&subject, attest::CHECK, key).await;
        let (found, attested) = attested.map_err(|error| registries::trouble(&error))?;
        subject = found;
        // What was signed and says no tells more than what was signed by others.
        let mut reasons = attested.refused;
        unknown = unknown.or(attested.kept_back.into_iter().next());
        for predicate in &attested.predicates {
            match attest::passed(predicate, profile) {
                Ok(told) => return Ok(Ok((subject, told))),
                Err(reason) => reasons.insert(0, reason),
            }
        }
        refused.extend(reasons);
    }
    let message = format!("`{subject}` has no report by {} that `check` passed by `{profile}`", this(keys));
    let nothing = "no report was found at all: `plimsoll push --attest` attaches one";
    unproven(message, &refused, unknown.as_ref(), nothing).map(Err)
}

/// Verifies the provenance file beside a package on this disk; gives who signed it.
#[cfg(feature = "pgp")]
pub(super) fn provenance(path: &Path, key: &Key, world: &dyn World) -> Result<Result<String, Trouble>, Trouble> {
    let Key::Ring(ring) = key else {
        let trouble =
            Trouble::new(format!("cosign's keys sign what lies in registries, and `{}` does not", path.display()));
        return Err(trouble.help("name a keyring of OpenPGP: its provenance file is verified then"));
    };
    let read = |path: &Path| world.read(path).map_err(|error| Trouble::io("read", path, &error));
    let file = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let verdict = ring.verify(&read(&super::packed::beside(path))?, &file, &read(path)?, world.now());
    Ok(verdict.map_err(|reason| Trouble::new(format!("`{}` is not signed by this key", path.display())).help(reason)))
}

fn this(keys: &[Key]) -> &'static str {
    if keys.len() == 1 { "this key" } else { "any of these keys" }
}

/// Says that nothing was proven; it is trouble where the registry kept back what may have been the proof.
fn unproven(
    message: String,
    refused: &[String],
    unknown: Option<&OciError>,
    nothing: &str,
) -> Result<Trouble, Trouble> {
    if let Some(error) = unknown {
        let message = format!("{message}, as far as can be told: {error}");
        return Err(Trouble { message, help: error.help() });
    }
    let trouble = Trouble::new(message);
    Ok(match refused.first() {
        Some(reason) => trouble.help(format!("what was found does not hold: {reason}")),
        None => trouble.help(nothing),
    })
}
