//! The name under which a release is known in its cluster.

use super::args::ReleaseArgs;
use super::compile::Unit;
use super::trouble::Trouble;
use super::world::World;
use std::path::Path;

/// Gives the name of a release: for plain manifests, that of their folder or file.
pub(super) fn name(unit: &Unit, args: &ReleaseArgs, world: &dyn World) -> Result<String, Trouble> {
    if unit.checked.is_release {
        return Ok(unit.checked.name.clone());
    }
    if let Some(name) = &args.name {
        return Ok(name.clone());
    }
    let unnamed = || Trouble::new("these manifests have no name as a release").help("give them one by `--name NAME`");
    let path = Path::new(&unit.checked.name);
    let path = match unit.checked.name.as_str() {
        "-" => return Err(unnamed()),
        name if name.ends_with(" files") => return Err(unnamed()),
        "." | "" => world.current_folder().map_err(|error| Trouble::io("find", Path::new("."), &error))?,
        _ => path.to_owned(),
    };
    path.file_stem().map(|name| name.to_string_lossy().into_owned()).ok_or_else(unnamed)
}
