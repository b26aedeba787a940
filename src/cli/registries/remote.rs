//! `oci://` wherever a path leads to a chart: what lies in a registry is read like a file.

use super::pulling::{choose, opened, pull};
use super::trust;
use super::{RegistryArgs, connect, converse, reference};
use crate::cli::trouble::Trouble;
use crate::cli::world::World;
use crate::oci::Pulled;
use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex, OnceLock};

/// What was read in this run: a reference leads to the same package throughout.
static READ: LazyLock<Mutex<HashMap<String, Arc<Pulled>>>> = LazyLock::new(Mutex::default);

/// How registries are reached, where flags say.
static REACHED: OnceLock<RegistryArgs> = OnceLock::new();

/// Makes flags hold for what this run reads, too.
pub(in crate::cli) fn reach(flags: &RegistryArgs) {
    let _ = REACHED.set(flags.clone());
}

/// Reads the package that a reference leads to.
pub(in crate::cli) fn read(path: &Path, world: &dyn World) -> io::Result<Vec<u8>> {
    pulled(path, world).map(|pulled| pulled.bytes.clone()).map_err(io::Error::other)
}

/// Gives the package that a reference leads to, with what lies beside it.
pub(in crate::cli) fn pulled(path: &Path, world: &dyn World) -> Result<Arc<Pulled>, Trouble> {
    let text = path.to_string_lossy().into_owned();
    let mut known = READ.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(pulled) = known.get(&text) {
        return Ok(Arc::clone(pulled));
    }
    let reference = reference(&text)?;
    let http = REACHED.get().cloned().unwrap_or_default().http(world)?;
    let trust = trust::demanded(world)?;
    let (reference, pulled) = converse(async {
        let registry = connect(&reference, &http, world).await?;
        let reference = choose(&registry, reference, None).await?;
        let reference = trust.admit(&registry, reference, world).await?;
        let pulled = pull(&registry, &reference, world).await?;
        Ok((reference, pulled))
    })?;
    opened(&reference, &pulled)?;
    let pulled = Arc::new(pulled);
    known.insert(text, Arc::clone(&pulled));
    Ok(pulled)
}
