//! `login` and `logout`: credentials for registries, kept where Docker keeps them.

use crate::cli::Exit;
use crate::cli::registries::{self, RegistryArgs, converse, docker_file, helper, helper_name};
use crate::cli::trouble::Trouble;
use crate::cli::world::World;
use crate::oci::{Login, Registry};
use clap::Args;
use serde_json::json;
use std::path::Path;

/// The flags of `login`.
#[derive(Args)]
pub(in crate::cli) struct LoginArgs {
    /// The registry, such as registry.example.com
    #[arg(value_name = "HOST")]
    host: String,
    /// The name to log in by; its password or token is read from standard input
    #[arg(short, long, value_name = "NAME")]
    username: String,
    #[command(flatten)]
    registry: RegistryArgs,
}

/// The flags of `logout`.
#[derive(Args)]
pub(in crate::cli) struct LogoutArgs {
    /// The registry, such as registry.example.com
    #[arg(value_name = "HOST")]
    host: String,
}

impl LoginArgs {
    /// Runs `login`.
    pub(in crate::cli) fn run(&self, world: &dyn World) -> Exit {
        crate::cli::end(self.log_in(world), world)
    }

    fn log_in(&self, world: &dyn World) -> Result<String, Trouble> {
        let host = host(&self.host)?;
        let bytes = world.stdin().map_err(|error| Trouble::io("read", Path::new("-"), &error))?;
        let password = String::from_utf8(bytes).map_err(|_| Trouble::new("the password is not UTF-8"))?;
        let password = password.strip_suffix('\n').unwrap_or(&password);
        let password = password.strip_suffix('\r').unwrap_or(password);
        if password.is_empty() {
            return Err(Trouble::new("there is no password on standard input")
                .help(format!("`plimsoll login {host} --username {} < FILE`", self.username)));
        }
        let http = self.registry.http(world)?;
        let login = Login::Password { name: self.username.clone(), password: password.to_owned() };
        converse(async {
            let registry = Registry::connect(host, login, &http).await.map_err(|error| registries::trouble(&error))?;
            registry.log_in().await.map_err(|error| registries::trouble(&error))
        })?;
        let file = docker_file(world).ok_or_else(|| Trouble::new("there is no home folder to keep credentials in"))?;
        let mut store = registries::store(&file, world)?;
        let kept = if let Some(program) = store.helper(host) {
            let secret = json!({ "ServerURL": helper_name(host), "Username": self.username, "Secret": password });
            if helper(&program, "store", &secret.to_string(), world)?.is_none() {
                return Err(Trouble::new(format!("`docker-credential-{program}` does not keep the credentials")));
            }
            store.put(host, None);
            format!("by docker-credential-{program}")
        } else {
            store.put(host, Some((&self.username, password)));
            format!("in {}, unencrypted", file.display())
        };
        world.write_private(&file, store.write().as_bytes()).map_err(|error| Trouble::io("write", &file, &error))?;
        Ok(format!("logged in to {host}; the credentials are kept {kept}\n"))
    }
}

impl LogoutArgs {
    /// Runs `logout`.
    pub(in crate::cli) fn run(&self, world: &dyn World) -> Exit {
        crate::cli::end(self.log_out(world), world)
    }

    fn log_out(&self, world: &dyn World) -> Result<String, Trouble> {
        let host = host(&self.host)?;
        let file = docker_file(world).ok_or_else(|| Trouble::new("there is no home folder with credentials"))?;
        let mut store = registries::store(&file, world)?;
        let erased = match store.helper(host) {
            Some(program) => helper(&program, "erase", helper_name(host), world)?.is_some(),
            None => false,
        };
        if store.forget(host) {
            world
                .write_private(&file, store.write().as_bytes())
                .map_err(|error| Trouble::io("write", &file, &error))?;
        } else if !erased {
            return Ok(format!("nobody was logged in to {host} by {}\n", file.display()));
        }
        Ok(format!("logged out of {host}\n"))
    }
}

/// Takes the registry alone: credentials are for hosts.
fn host(text: &str) -> Result<&str, Trouble> {
    let host = text.strip_prefix("oci://").unwrap_or(text).trim_end_matches('/');
    if host.is_empty() || host.contains(['/', '@']) {
        return Err(Trouble::new(format!("`{text}` is no registry")).help("name the host alone, with its port"));
    }
    Ok(host)
}
