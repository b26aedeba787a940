//! A cache of what was fetched, by its digest: what lies there is held against its name each time it is read.

use crate::cli::world::World;
use crate::package::digest;
use std::path::PathBuf;

/// Gives the folder of the cache, where there is any.
pub(in crate::cli) fn folder(world: &dyn World) -> Option<PathBuf> {
    let variable = |name: &str| world.variable(name).filter(|text| !text.is_empty()).map(PathBuf::from);
    variable("PLIMSOLL_CACHE")
        .or_else(|| variable("XDG_CACHE_HOME").map(|folder| folder.join("plimsoll")))
        .or_else(|| variable("HOME").map(|home| home.join(".cache/plimsoll")))
}

/// Gives the path of what has a digest.
pub(in crate::cli) fn path(digest: &str, world: &dyn World) -> Option<PathBuf> {
    let hex = digest.strip_prefix("sha256:").filter(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    Some(folder(world)?.join("blobs/sha256").join(format!("{hex}.tgz")))
}

/// Takes something out of the cache; what is not what its digest says counts as missing.
pub(in crate::cli) fn get(wanted: &str, world: &dyn World) -> Option<Vec<u8>> {
    let bytes = world.read(&path(wanted, world)?).ok()?;
    (digest(&bytes) == wanted).then_some(bytes)
}

/// Puts something in. A cache that cannot be written is as good as none.
pub(in crate::cli) fn put(bytes: &[u8], world: &dyn World) {
    let digest = digest(bytes);
    if let Some(path) = path(&digest, world)
        && get(&digest, world).is_none()
    {
        let _ = world.write(&path, bytes);
    }
}
