//! `oci://` wherever a path leads to a chart: what lies in a registry is read like a file.

use super::cache;
use super::pull::{choose, opened, pull};
use super::registries::{RegistryArgs, connect, converse, reference};
use super::trouble::Trouble;
use super::trust;
use super::world::World;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex};

/// What was read in this run: a reference leads to the same package throughout.
static READ: LazyLock<Mutex<HashMap<String, Arc<[u8]>>>> = LazyLock::new(Mutex::default);

/// Reads the package that a reference leads to.
pub(super) fn read(path: &Path, world: &dyn World) -> Result<Arc<[u8]>, Trouble> {
    let text = path.to_string_lossy().into_owned();
    let mut known = READ.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(bytes) = known.get(&text) {
        return Ok(Arc::clone(bytes));
    }
    let reference = reference(&text)?;
    let http = RegistryArgs::default().http(world)?;
    let trust = trust::demanded(world)?;
    let (reference, pulled) = converse(async {
        let registry = connect(&reference, &http, world).await?;
        let reference = choose(&registry, reference, None).await?;
        let reference = trust.admit(&registry, reference, world).await?;
        let pulled = pull(&registry, &reference, world).await?;
        Ok((reference, pulled))
    })?;
    opened(&reference, &pulled)?;
    let bytes: Arc<[u8]> = pulled.bytes.into();
    known.insert(text, Arc::clone(&bytes));
    Ok(bytes)
}

/// Gives a file on disk that holds the package of a reference, for programs that read files.
pub(super) fn file(path: &Path, world: &dyn World) -> Result<PathBuf, Trouble> {
    let digest = crate::package::digest(&read(path, world)?);
    cache::path(&digest, world).filter(|file| world.entry(file).is_ok()).ok_or_else(|| {
        Trouble::new(format!("there is no cache in which `{}` could lie", path.display()))
            .help("set PLIMSOLL_CACHE to a folder")
    })
}
