//! Registries for tests: distribution's, which knows no referrers, and go-containerregistry's, which does.

use crate::sandbox::{Folder, Run, Sandbox};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The name and password of those who may push.
pub(super) const LOGIN: (&str, &str) = ("captain", "tea and biscuits");

/// A registry that ends with the test.
pub(in crate::real) struct Server {
    child: Child,
    /// Its address: `127.0.0.1:5000`.
    pub(in crate::real) host: String,
    folder: Folder,
}

/// What a registry asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::real) enum Asks {
    Nothing,
    Password,
    Token,
}

/// Which registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::real) enum Kind {
    /// distribution, without the API for referrers.
    Distribution,
    /// Debian's docker-registry, an older distribution.
    Debian,
    /// go-containerregistry, with it.
    Referrers,
}

/// All of them.
pub(super) const KINDS: [Kind; 3] = [Kind::Distribution, Kind::Debian, Kind::Referrers];

/// Gives what tests/run hands over, where it could be built.
pub(super) fn given(name: &str) -> Option<String> {
    let value = std::env::var(name).ok();
    if value.is_none() {
        eprintln!("skipped: {name} is not set, tests/run sets it");
    }
    value
}

impl Server {
    /// Starts a registry, unless it could not be built.
    pub(in crate::real) fn start(kind: Kind, asks: Asks, tls: bool) -> Option<Self> {
        let folder = Folder::new();
        let certs = folder.path().join("certs");
        let referrers = given("PLIMSOLL_TEST_REFERRERS")?;
        if tls {
            let made = Command::new(&referrers).arg("-only-certs").arg("-certs").arg(&certs).status().expect("runs");
            assert!(made.success());
        }
        let (child, host) = match kind {
            Kind::Referrers => Self::referrers(&referrers, folder.path(), asks, tls.then_some(certs.as_path())),
            Kind::Distribution | Kind::Debian => {
                let program =
                    if kind == Kind::Debian { "PLIMSOLL_TEST_DOCKER_REGISTRY" } else { "PLIMSOLL_TEST_REGISTRY" };
                Self::distribution(&given(program)?, folder.path(), asks, tls.then_some(certs.as_path()))
            }
        };
        Some(Self { child, host, folder })
    }

    fn referrers(program: &str, folder: &Path, asks: Asks, certs: Option<&Path>) -> (Child, String) {
        let port = folder.join("port");
        let mut command = Command::new(program);
        command.arg("-port-file").arg(&port);
        if asks != Asks::Nothing {
            command.args(["-login", &format!("{}:{}", LOGIN.0, LOGIN.1)]);
        }
        if asks == Asks::Token {
            command.arg("-token");
        }
        if let Some(certs) = certs {
            command.arg("-certs").arg(certs);
        }
        let child = command.stderr(Stdio::null()).spawn().expect("the registry starts");
        let read = wait_for(|| std::fs::read_to_string(&port).ok());
        (child, format!("127.0.0.1:{read}"))
    }

    fn distribution(program: &str, folder: &Path, asks: Asks, certs: Option<&Path>) -> (Child, String) {
        let port =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port").local_addr().expect("an address").port();
        let mut config = format!(
            "version: 0.1\nlog: {{ level: error }}\nstorage: {{ filesystem: {{ rootdirectory: {} }}, delete: {{ enabled: true }} }}\nhttp:\n  addr: 127.0.0.1:{port}\n",
            folder.join("data").display()
        );
        if let Some(certs) = certs {
            let path = |name: &str| certs.join(name).display().to_string();
            config += &format!("  tls: {{ certificate: {}, key: {} }}\n", path("cert.pem"), path("key.pem"));
        }
        if asks != Asks::Nothing {
            // The password above, by bcrypt.
            let line = format!("{}:$2a$04$M/WvyOM.U8VdZ4dZEFgOLucxMFLO0iJ1wCi2.5Tm0bd2gMBH2O2Yq\n", LOGIN.0);
            std::fs::write(folder.join("htpasswd"), line).expect("can be written");
            config +=
                &format!("auth: {{ htpasswd: {{ realm: tests, path: {} }} }}\n", folder.join("htpasswd").display());
        }
        std::fs::write(folder.join("config.yml"), config).expect("can be written");
        let mut command = Command::new(program);
        command.arg("serve").arg(folder.join("config.yml")).env("OTEL_TRACES_EXPORTER", "none");
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the registry starts");
        wait_for(|| TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok());
        (child, format!("127.0.0.1:{port}"))
    }

    /// Gives the file of the authority behind its certificate.
    pub(super) fn authority(&self) -> PathBuf {
        self.folder.path().join("certs/ca.pem")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn wait_for<T>(mut ready: impl FnMut() -> Option<T>) -> T {
    for _ in 0..400 {
        if let Some(value) = ready() {
            return value;
        }
        std::thread::sleep(Duration::from_millis(25));
    }
    panic!("the registry does not start")
}

/// Runs a command line in a home of its own: no credentials and no cache of the person who tests.
pub(super) fn run(sandbox: &Sandbox, line: &str, input: &str) -> Run {
    let home = sandbox.path("home").display().to_string();
    let path = std::env::var("PATH").unwrap_or_default();
    let helm = given("PLIMSOLL_TEST_HELM").unwrap_or_default();
    let path = format!("{}:{}:{path}", sandbox.path("bin").display(), helm.trim_end_matches("helm"));
    let empty = [
        "XDG_CACHE_HOME",
        "XDG_CONFIG_HOME",
        "DOCKER_CONFIG",
        "REGISTRY_AUTH_FILE",
        "XDG_RUNTIME_DIR",
        "HELM_REGISTRY_CONFIG",
        "PLIMSOLL_CACHE",
    ];
    let mut variables: Vec<(&str, &str)> = empty.iter().map(|name| (*name, "")).collect();
    variables.extend([("HOME", home.as_str()), ("PATH", path.as_str())]);
    sandbox.run_with(line, input, &variables)
}

/// Runs a peer in a home of its own, and gives what it said.
pub(super) fn peer(sandbox: &Sandbox, name: &str, arguments: &[&str]) -> Option<(bool, String)> {
    let home = sandbox.path("home");
    let output = Command::new(given(name)?)
        .args(arguments)
        .current_dir(sandbox.path(""))
        .env("HOME", &home)
        .env("DOCKER_CONFIG", home.join(".docker"))
        .env("XDG_CACHE_HOME", home.join("helm-cache"))
        .env("XDG_CONFIG_HOME", home.join("helm-config"))
        .env("COSIGN_PASSWORD", "")
        .output()
        .expect("the peer runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Some((output.status.success(), text(&output.stdout) + &text(&output.stderr)))
}
