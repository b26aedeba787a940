//! Fetches one dependency from wherever its repository is.

use super::cache;
use super::pulling::{choose, opened, pull};
use super::trust::Trust;
use super::versions::range;
use crate::chart::{Dependency, Version, VersionRange};
use crate::cli::inputs::CHART_FILE;
use crate::cli::inputs::packing::{load, pack, time};
use crate::cli::paths::Base;
use crate::cli::registries::{self, connect, reference};
use crate::cli::trouble::Trouble;
use crate::cli::world::World;
use crate::diagnostic::nearest;
use crate::oci::{Http, Reference, place, tag_of};
use crate::package::{self, Index, Listed, Lock, Locked, resolve};
use futures_util::StreamExt as _;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::{Mutex, OnceCell};

/// How many dependencies are fetched at a time.
const AT_ONCE: usize = 8;
/// No index is larger: 64 MiB.
const INDEX_LIMIT: usize = 64 << 20;

/// Where a dependency comes from.
pub(in crate::cli) enum Origin {
    /// It stands in `charts/`, kept by hand.
    Here,
    /// A folder beside the chart.
    Folder(PathBuf),
    /// A repository with an index.
    Index(String),
    /// A registry.
    Registry(Reference),
}

/// A dependency, fetched.
pub(in crate::cli) struct Fetched {
    /// Which version it is.
    pub locked: Locked,
    /// Its archive; none where it stands in `charts/` by hand.
    pub bytes: Option<Vec<u8>>,
    /// The archive's digest; none where the source may change under its version: on this disk.
    pub digest: Option<String>,
}

/// Fetches dependencies. What several of them need is asked for once.
pub(in crate::cli) struct Fetcher<'a> {
    folder: &'a Path,
    offline: bool,
    http: Http,
    trust: Trust,
    indexes: Mutex<HashMap<String, Arc<OnceCell<Index>>>>,
    world: &'a dyn World,
}

impl<'a> Fetcher<'a> {
    /// Fetches for the chart in a folder.
    pub(in crate::cli) fn new(folder: &'a Path, offline: bool, http: Http, trust: Trust, world: &'a dyn World) -> Self {
        Self { folder, offline, http, trust, indexes: Mutex::default(), world }
    }

    /// Runs several fetches at once; the results come in the order of the dependencies, or the first trouble.
    pub(in crate::cli) async fn all(
        &self,
        each: impl Iterator<Item = impl Future<Output = Result<Fetched, Trouble>>>,
    ) -> Result<Vec<Fetched>, Trouble> {
        let mut fetched = Vec::new();
        let mut running = futures_util::stream::iter(each).buffered(AT_ONCE);
        while let Some(one) = running.next().await {
            let one = one?;
            if let Some(digest) = &one.digest {
                self.world.err(&format!("fetched {} {} ({digest})\n", one.locked.name, one.locked.version));
            }
            fetched.push(one);
        }
        Ok(fetched)
    }

    /// Fetches the newest version that Chart.yaml admits.
    pub(in crate::cli) async fn newest(&self, dependency: &Dependency, old: &Lock) -> Result<Fetched, Trouble> {
        let wanted = dependency.version.as_ref().map(|text| text.as_str()).unwrap_or_default();
        let range = range(wanted).map_err(|trouble| {
            Trouble::new(format!("the dependency `{}`: {}", dependency.name.value, trouble.message))
                .help("write a version or a range, such as `^1.2.0`")
        })?;
        let origin = self.origin(dependency)?;
        let demanded = self.demanded(dependency, &origin)?;
        match origin {
            Origin::Here => self.here(dependency, wanted),
            Origin::Folder(folder) => self.packed(dependency, &folder, &range),
            _ if self.offline && demanded => Err(unverifiable(dependency)),
            _ if self.offline => {
                let fits = |locked: &&Locked| {
                    locked.name == *dependency.name
                        && Some(&locked.repository) == dependency.repository.as_ref().map(|text| &text.value)
                        && Version::parse(&locked.version).is_some_and(|version| range.contains(&version))
                };
                let locked = old.dependencies.iter().find(fits).ok_or_else(|| unknown(dependency))?;
                self.cached(locked, old.pin(locked)).ok_or_else(|| unknown(dependency))
            }
            Origin::Index(url) => {
                let index = self.index(&url).await?;
                let found = index.get().and_then(|index| index.newest(&dependency.name, &range));
                let found = found.ok_or_else(|| missing(dependency, &url, index.get(), wanted))?;
                self.download(dependency, &url, found).await
            }
            Origin::Registry(repository) => {
                let registry = connect(&repository, &self.http, self.world).await?;
                let reference = choose(&registry, repository, Some(wanted)).await?;
                self.pulled(dependency, &registry, reference, None).await
            }
        }
    }

    /// Fetches the version that is locked. An archive that lies in the cache under its pinned digest is not asked for.
    pub(in crate::cli) async fn exactly(
        &self,
        dependency: &Dependency,
        locked: &Locked,
        pin: Option<&str>,
    ) -> Result<Fetched, Trouble> {
        let origin = self.origin(dependency)?;
        let demanded = self.demanded(dependency, &origin)?;
        match origin {
            Origin::Here => return self.here(dependency, &locked.version),
            Origin::Folder(folder) => {
                return self.packed(dependency, &folder, &range(&format!("={}", locked.version))?);
            }
            Origin::Index(_) | Origin::Registry(_) => {}
        }
        // Who signed it, only its registry tells.
        if demanded && self.offline {
            return Err(unverifiable(dependency));
        }
        if let Some(known) = self.cached(locked, pin).filter(|_| !demanded) {
            return Ok(known);
        }
        if self.offline {
            return Err(unknown(dependency));
        }
        match origin {
            Origin::Index(url) => {
                let index = self.index(&url).await?;
                let found = index.get().and_then(|index| index.exactly(&dependency.name, &locked.version));
                let found = found.ok_or_else(|| missing(dependency, &url, index.get(), &locked.version))?;
                self.download(dependency, &url, found).await
            }
            Origin::Registry(repository) => {
                let registry = connect(&repository, &self.http, self.world).await?;
                let reference = repository.with_tag(&tag_of(&locked.version));
                self.pulled(dependency, &registry, reference, Some(&locked.version)).await
            }
            Origin::Here | Origin::Folder(_) => Err(unknown(dependency)),
        }
    }

    fn origin(&self, dependency: &Dependency) -> Result<Origin, Trouble> {
        let repository = dependency.repository.as_ref().map(|text| text.as_str()).unwrap_or_default();
        let name = &dependency.name.value;
        if repository.is_empty() {
            Ok(Origin::Here)
        } else if let Some(path) = repository.strip_prefix("file://") {
            Ok(Origin::Folder(self.folder.join(path)))
        } else if repository.starts_with("oci://") {
            Ok(Origin::Registry(reference(&format!("{}/{name}", repository.trim_end_matches('/')))?))
        } else if repository.starts_with("https://") || repository.starts_with("http://") {
            Ok(Origin::Index(repository.trim_end_matches('/').to_owned()))
        } else {
            Err(Trouble::new(format!(
                "the dependency `{name}`: `{repository}` is no repository that can be fetched from"
            ))
            .help("write a URL: `https://…`, `oci://…` or `file://…`"))
        }
    }

    /// Tells whether somebody must have signed a dependency. Of what comes from an index, nobody can have.
    fn demanded(&self, dependency: &Dependency, origin: &Origin) -> Result<bool, Trouble> {
        match origin {
            Origin::Here | Origin::Folder(_) => Ok(false),
            Origin::Registry(repository) => self.trust.demands(&repository.place()),
            Origin::Index(url) => {
                let (name, shown) = (&dependency.name.value, shown(url));
                let place = place(url).ok_or_else(|| {
                    Trouble::new(format!("the dependency `{name}`: `{shown}` is no URL"))
                        .help("write `https://charts.example.com/stable`")
                })?;
                if !self.trust.demands(&place)? {
                    return Ok(false);
                }
                let host = place.split('/').next().unwrap_or_default();
                let help = if self.trust.is_flagged() {
                    "fetch it from a registry, or leave out `--verify`".to_owned()
                } else {
                    format!(
                        "fetch it from a registry, or exempt it in plimsoll.yaml: `registries: {{ \"{host}\": {{}} }}`"
                    )
                };
                Err(Trouble::new(format!("the dependency `{name}` cannot be verified: `{shown}` is no registry"))
                    .help(help))
            }
        }
    }

    /// Finds what stands in `charts/` by hand.
    fn here(&self, dependency: &Dependency, version: &str) -> Result<Fetched, Trouble> {
        let name = dependency.name.value.clone();
        let folder = self.folder.join("charts").join(&name);
        let there = self.world.entry(&folder.join(CHART_FILE)).is_ok()
            || self.world.walk(&self.folder.join("charts"), crate::cli::world::Walk::Everything).files.iter().any(
                |file| file.file_name().is_some_and(|file| file.to_string_lossy().starts_with(&format!("{name}-"))),
            );
        if !there {
            return Err(Trouble::new(format!(
                "the dependency `{name}` names no repository, and `charts/{name}` is not there"
            ))
            .help("put the chart there, or write its `repository`"));
        }
        let locked = Locked { name, repository: String::new(), version: version.to_owned() };
        Ok(Fetched { locked, bytes: None, digest: None })
    }

    /// Packs a folder beside the chart.
    fn packed(&self, dependency: &Dependency, folder: &Path, range: &VersionRange) -> Result<Fetched, Trouble> {
        let current = self.world.current_folder().map_err(|error| Trouble::io("find", Path::new("."), &error))?;
        let base = Base::new(&current);
        let folder = base.relative(folder);
        if self.world.entry(&folder.join(CHART_FILE)).is_err() {
            let message =
                format!("the dependency `{}`: `{}` is no chart's folder", dependency.name.value, folder.display());
            return Err(Trouble::new(message).help("write its path from the folder of Chart.yaml: `file://../db`"));
        }
        let (_, bytes) = pack(&folder, time(self.world)?, &base, self.world)?;
        let locked = looked_at(dependency, &folder.display().to_string(), &bytes, None)?;
        let fits = Version::parse(&locked.version).is_some_and(|version| range.contains(&version));
        if !fits {
            let wanted = dependency.version.as_ref().map(|text| text.as_str()).unwrap_or_default();
            let message = format!("`{}` is {}, and `{wanted}` is asked for", folder.display(), locked.version);
            return Err(Trouble::new(message).help("`plimsoll deps update` after changing one of them"));
        }
        Ok(Fetched { locked, bytes: Some(bytes), digest: None })
    }

    fn cached(&self, locked: &Locked, pin: Option<&str>) -> Option<Fetched> {
        let pin = pin?;
        let bytes = cache::get(pin, self.world)?;
        Some(Fetched { locked: locked.clone(), bytes: Some(bytes), digest: Some(pin.to_owned()) })
    }

    async fn index(&self, url: &str) -> Result<Arc<OnceCell<Index>>, Trouble> {
        let cell = Arc::clone(self.indexes.lock().await.entry(url.to_owned()).or_default());
        cell.get_or_try_init(|| async {
            let whole = format!("{url}/index.yaml");
            let bytes = self.http.get(&whole, INDEX_LIMIT).await.map_err(|error| registries::trouble(&error))?;
            Index::parse(&bytes)
                .map_err(|reason| Trouble::new(format!("the index of `{}` cannot be read: {reason}", shown(url))))
        })
        .await?;
        Ok(cell)
    }

    async fn download(&self, dependency: &Dependency, repository: &str, listed: Listed) -> Result<Fetched, Trouble> {
        let known = listed.digest.as_deref().and_then(|digest| cache::get(digest, self.world));
        let bytes = if let Some(bytes) = known {
            bytes
        } else {
            let url = resolve(repository, &listed.url);
            let limit = usize::try_from(crate::cli::world::SIZE_LIMIT).unwrap_or(usize::MAX);
            self.http.get(&url, limit).await.map_err(|error| registries::trouble(&error))?
        };
        let digest = package::digest(&bytes);
        if let Some(told) = listed.digest.filter(|told| *told != digest) {
            let message = format!(
                "{} {} is not what the index says: {digest} instead of {told}",
                dependency.name.value, listed.version
            );
            return Err(Trouble::new(message).help("tell the owners of the repository"));
        }
        let locked = looked_at(dependency, &shown(repository), &bytes, Some(&listed.version))?;
        cache::put(&bytes, self.world);
        Ok(Fetched { locked, bytes: Some(bytes), digest: Some(digest) })
    }

    async fn pulled(
        &self,
        dependency: &Dependency,
        registry: &crate::oci::Registry,
        reference: Reference,
        version: Option<&str>,
    ) -> Result<Fetched, Trouble> {
        let reference = self.trust.admit(registry, reference, self.world).await?;
        let pulled = pull(registry, &reference, self.world).await?;
        opened(&reference, &pulled)?;
        let locked = looked_at(dependency, &reference.to_string(), &pulled.bytes, version)?;
        let digest = Some(package::digest(&pulled.bytes));
        Ok(Fetched { locked, bytes: Some(pulled.bytes), digest })
    }
}

/// Looks into an archive: it must be the chart that was asked for.
fn looked_at(dependency: &Dependency, from: &str, bytes: &[u8], version: Option<&str>) -> Result<Locked, Trouble> {
    let name = &dependency.name.value;
    let files = package::open(name, bytes)
        .map_err(|error| Trouble::new(format!("`{name}` from `{from}` is refused: {error}")))?;
    let metadata = load(name, files)?.metadata;
    if metadata.name != *name || version.is_some_and(|version| version != metadata.version) {
        let wanted = version.map(|version| format!(" {version}")).unwrap_or_default();
        let message = format!("`{from}` gives {} {} for `{name}{wanted}`", metadata.name, metadata.version);
        return Err(Trouble::new(message));
    }
    let repository = dependency.repository.as_ref().map(|text| text.value.clone()).unwrap_or_default();
    Ok(Locked { name: metadata.name, repository, version: metadata.version })
}

fn unknown(dependency: &Dependency) -> Trouble {
    let version = dependency.version.as_ref().map(|text| format!(" {}", text.value)).unwrap_or_default();
    Trouble::new(format!("`{}{version}` was not fetched before", dependency.name.value)).help("leave out `--offline`")
}

fn unverifiable(dependency: &Dependency) -> Trouble {
    Trouble::new(format!("`{}` must be signed, which cannot be verified offline", dependency.name.value))
        .help("leave out `--offline`")
}

fn missing(dependency: &Dependency, url: &str, index: Option<&Index>, wanted: &str) -> Trouble {
    let name = dependency.name.value.as_str();
    let names: Vec<&str> = index.map(|index| index.names().collect()).unwrap_or_default();
    let trouble = Trouble::new(format!("`{}` has no version of `{name}` in `{wanted}`", shown(url)));
    if names.contains(&name) {
        return trouble;
    }
    match nearest(name, names) {
        Some(near) => trouble.help(format!("did you mean `{near}`?")),
        None => trouble.help("it has no chart of that name"),
    }
}

/// Gives a URL as it may be shown: without the password that it may hold.
fn shown(url: &str) -> String {
    match url.split_once("://").and_then(|(scheme, rest)| Some((scheme, rest.split_once('@')?))) {
        Some((scheme, (login, rest))) if !login.contains('/') => format!("{scheme}://{rest}"),
        _ => url.to_owned(),
    }
}
