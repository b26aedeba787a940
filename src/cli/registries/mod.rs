//! The way to registries: flags, credentials, and a runtime for the conversation.

pub(super) mod attest;
pub(super) mod cache;
pub(super) mod fetch;
pub(super) mod pulling;
pub(super) mod remote;
pub(super) mod rendered;
pub(super) mod trust;
pub(super) mod versions;

use crate::cli::trouble::Trouble;
use crate::cli::world::World;
use crate::oci::{Http, Login, OciError, Options, Reference, Registry, Store, Stored, from_helper};
use clap::Args;
use std::path::{Path, PathBuf};

/// How registries are reached.
#[derive(Args, Clone, Debug, Default)]
pub(in crate::cli) struct RegistryArgs {
    /// Speak plain HTTP; with this machine it is spoken anyway where HTTPS is not
    #[arg(long)]
    plain_http: bool,
    /// Trust these authorities too, certificates in PEM
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
}

impl RegistryArgs {
    /// Makes a client.
    pub(in crate::cli) fn http(&self, world: &dyn World) -> Result<Http, Trouble> {
        let authorities = match &self.ca_file {
            Some(file) => world.read(file).map_err(|error| Trouble::io("read", file, &error))?,
            None => Vec::new(),
        };
        let options = Options { plain_http: self.plain_http, authorities, ..Options::default() };
        Http::new(options).map_err(|error| trouble(&error))
    }
}

/// Connects to the registry of a reference, with the credentials that are kept for it.
pub(in crate::cli) async fn connect(
    reference: &Reference,
    http: &Http,
    world: &dyn World,
) -> Result<Registry, Trouble> {
    let login = login(&reference.host, &reference.repository, world)?;
    Registry::connect(&reference.host, login, http).await.map_err(|error| trouble(&error))
}

/// Words trouble with a registry.
pub(in crate::cli) fn trouble(error: &OciError) -> Trouble {
    Trouble { message: error.to_string(), help: error.help() }
}

/// Reads a reference.
pub(in crate::cli) fn reference(text: &str) -> Result<Reference, Trouble> {
    Reference::parse(text).map_err(|error| trouble(&error))
}

/// Runs a conversation with registries to its end.
pub(in crate::cli) fn converse<T>(conversation: impl Future<Output = Result<T, Trouble>>) -> Result<T, Trouble> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Trouble::new(format!("cannot start speaking with registries: {error}")))?;
    runtime.block_on(conversation)
}

/// Gives Docker's file of credentials: the one that `login` writes.
pub(in crate::cli) fn docker_file(world: &dyn World) -> Option<PathBuf> {
    let folder = variable("DOCKER_CONFIG", world).or_else(|| Some(variable("HOME", world)?.join(".docker")));
    folder.map(|folder| folder.join("config.json"))
}

/// Reads a file of credentials; one that is not there holds nothing.
pub(in crate::cli) fn store(file: &Path, world: &dyn World) -> Result<Store, Trouble> {
    if world.entry(file).is_err() {
        return Ok(Store::default());
    }
    let bytes = world.read(file).map_err(|error| Trouble::io("read", file, &error))?;
    Store::parse(&file.display().to_string(), &String::from_utf8_lossy(&bytes)).map_err(|error| trouble(&error))
}

/// Runs a program that keeps credentials: `get`, `store` or `erase`.
pub(in crate::cli) fn helper(
    name: &str,
    verb: &str,
    input: &str,
    world: &dyn World,
) -> Result<Option<Vec<u8>>, Trouble> {
    let program = format!("docker-credential-{name}");
    if name.contains(['/', '\\']) {
        return Err(Trouble::new(format!("`{program}` names no program")));
    }
    match world.feed(&program, &[verb.to_owned()], input.as_bytes()) {
        Ok(finished) => Ok(finished.success.then_some(finished.stdout)),
        Err(error) => Err(Trouble::new(format!("cannot run `{program}`, which keeps the credentials: {error}"))),
    }
}

/// Gives the name by which programs know a registry.
pub(in crate::cli) fn helper_name(host: &str) -> &str {
    if host == "docker.io" { "https://index.docker.io/v1/" } else { host }
}

/// Finds the credentials for a repository: in Docker's file, in Helm's, in podman's.
fn login(host: &str, repository: &str, world: &dyn World) -> Result<Login, Trouble> {
    let home = |path: &str| variable("HOME", world).map(|home| home.join(path));
    let config =
        |path: &str| variable("XDG_CONFIG_HOME", world).or_else(|| home(".config")).map(|folder| folder.join(path));
    let files = [
        docker_file(world),
        variable("HELM_REGISTRY_CONFIG", world).or_else(|| config("helm/registry/config.json")),
        variable("REGISTRY_AUTH_FILE", world),
        variable("XDG_RUNTIME_DIR", world).map(|folder| folder.join("containers/auth.json")),
        config("containers/auth.json"),
    ];
    for file in files.into_iter().flatten() {
        match store(&file, world)?.find(host, repository) {
            None => {}
            Some(Stored::Here(login)) => return Ok(login),
            Some(Stored::Helper(name)) => {
                let output = helper(&name, "get", helper_name(host), world)?;
                if let Some(login) = output.as_deref().and_then(from_helper) {
                    return Ok(login);
                }
            }
        }
    }
    Ok(Login::Anonymous)
}

fn variable(name: &str, world: &dyn World) -> Option<PathBuf> {
    world.variable(name).filter(|text| !text.is_empty()).map(PathBuf::from)
}
