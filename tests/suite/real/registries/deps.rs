//! `deps` with repositories of every kind, and helm's lock files both ways.

use super::server::{Asks, Kind, Server, peer, run};
use super::succeed;
use crate::sandbox::Sandbox;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;

/// Serves a folder over HTTP on a port of this machine, for as long as the tests run.
pub(super) fn serve(folder: PathBuf) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for mut connection in listener.incoming().flatten() {
            let mut reader = BufReader::new(connection.try_clone().expect("a connection"));
            let mut line = String::new();
            let _ = reader.read_line(&mut line);
            let mut header = String::new();
            while reader.read_line(&mut header).is_ok_and(|read| read > 2) {
                header.clear();
            }
            let path = line.split(' ').nth(1).unwrap_or("/").trim_start_matches('/').to_owned();
            let (status, body) = match std::fs::read(folder.join(path)) {
                Ok(body) => ("200 OK", body),
                Err(_) => ("404 Not Found", Vec::new()),
            };
            let _ =
                write!(connection, "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            let _ = connection.write_all(&body);
        }
    });
    format!("http://{address}")
}

fn chart(flavour: &str, name: &str, version: &str, rest: &str) -> String {
    format!("apiVersion: {flavour}\nname: {name}\nversion: {version}\n{rest}")
}

const CONFIG_MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: NAME }\n";

/// Makes a chart with one ConfigMap of its name.
fn add(sandbox: &Sandbox, folder: &str, flavour: &str, name: &str, version: &str) {
    sandbox.write(&format!("{folder}/Chart.yaml"), chart(flavour, name, version, ""));
    sandbox.write(&format!("{folder}/values.yaml"), "on: true\nsize: 1\n");
    sandbox.write(&format!("{folder}/templates/a.yaml"), CONFIG_MAP.replace("NAME", name));
}

#[test]
fn dependencies_come_from_everywhere_and_are_locked() {
    let Some(server) = Server::start(Kind::Distribution, Asks::Nothing, false) else { return };
    for flavour in ["plimsoll.dev/v1", "v2"] {
        let (host, sandbox) = (&server.host, Sandbox::new(&[]));
        let team = if flavour == "v2" { "helm" } else { "native" };
        for version in ["1.0.0", "1.2.0", "2.0.0"] {
            add(&sandbox, &format!("oci-{version}"), flavour, "queue", version);
            succeed(&sandbox, &format!("push oci-{version} oci://{host}/{team} --skip-checks"));
        }
        add(&sandbox, "db", flavour, "db", "0.3.1");
        let mut index = "apiVersion: v1\nentries:\n  cache:\n".to_owned();
        for version in ["3.1.0", "3.0.0", "4.0.0-rc.1"] {
            add(&sandbox, &format!("cache-{version}"), flavour, "cache", version);
            succeed(&sandbox, &format!("package cache-{version} --skip-checks -d served"));
            let digest = succeed(&sandbox, &format!("show digest served/cache-{version}.tgz")).stdout;
            let digest = digest.trim_end().trim_start_matches("sha256:").to_owned();
            index += &format!(
                "  - apiVersion: v2\n    name: cache\n    version: {version}\n    digest: {digest}\n    urls: [cache-{version}.tgz]\n"
            );
        }
        sandbox.write("served/index.yaml", index);
        let repository = serve(sandbox.path("served"));
        add(&sandbox, "shop", flavour, "shop", "1.0.0");
        add(&sandbox, "shop/charts/kept", flavour, "kept", "1.0.0");
        let dependencies = format!(
            "dependencies:\n  - {{ name: queue, version: \"^1.0.0 <3\", repository: \"oci://{host}/{team}\", condition: queue.on, tags: [a, \"<b>&\"] }}\n  - {{ name: queue, alias: second, version: 2.0.0, repository: \"oci://{host}/{team}\" }}\n  - {{ name: db, version: ~0.3, repository: \"file://../db\" }}\n  - {{ name: cache, version: 3.x, repository: \"{repository}\" }}\n  - {{ name: kept, version: \"*\" }}\n"
        );
        sandbox.write("shop/Chart.yaml", chart(flavour, "shop", "1.0.0", &dependencies));
        let updated = succeed(&sandbox, "deps update shop");
        assert_eq!(updated.stderr.matches("fetched ").count(), 3, "{}", updated.stderr);
        let held = |sandbox: &Sandbox| {
            let mut names: Vec<_> = std::fs::read_dir(sandbox.path("shop/charts"))
                .expect("is there")
                .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
                .collect();
            names.sort();
            names
        };
        let all = ["cache-3.1.0.tgz", "db-0.3.1.tgz", "kept", "queue-1.2.0.tgz", "queue-2.0.0.tgz"];
        assert_eq!(held(&sandbox), all);
        let lock = sandbox.read("shop/Chart.lock");
        assert!(lock.contains("- name: cache\n  repository: ") && lock.contains("pinned:\n- name: queue"), "{lock}");
        let listed = succeed(&sandbox, "deps list shop").stdout;
        assert!(listed.contains("queue as second") && listed.contains("2.0.0"), "{listed}");
        let rendered = succeed(&sandbox, "render shop --set queue.size=null").stdout;
        for name in ["shop", "queue", "db", "cache", "kept"] {
            assert!(rendered.contains(&format!("name: {name}")), "{name}: {rendered}");
        }
        assert_eq!(rendered.matches("name: queue").count(), 2, "both versions, by their names");

        // Again: nothing changes. From the lock alone, from the cache alone.
        assert_eq!(succeed(&sandbox, "deps update shop").stdout.matches("wrote").count(), 0);
        std::fs::remove_file(sandbox.path("shop/charts/queue-1.2.0.tgz")).expect("was there");
        sandbox.write("shop/charts/stale-9.9.9.tgz", "damaged");
        succeed(&sandbox, "deps build shop --offline");
        assert_eq!(held(&sandbox), all, "what is not asked for any more is gone");
        assert_eq!(sandbox.read("shop/Chart.lock"), lock);

        if flavour == "v2" {
            // Helm knows no repository that nobody added.
            let _ = peer(&sandbox, "PLIMSOLL_TEST_HELM", &["repo", "add", "served", &repository]);
        }
        if flavour == "v2"
            && let Some((success, told)) =
                peer(&sandbox, "PLIMSOLL_TEST_HELM", &["dependency", "build", "shop", "--plain-http"])
        {
            assert!(success, "helm accepts our lock file: {told}");
            assert_eq!(held(&sandbox), all);
            std::fs::remove_file(sandbox.path("shop/Chart.lock")).expect("was there");
            let (success, told) =
                peer(&sandbox, "PLIMSOLL_TEST_HELM", &["dependency", "update", "shop", "--plain-http"])
                    .expect("is there");
            assert!(success, "{told}");
            let theirs = sandbox.read("shop/Chart.lock");
            let digest = |lock: &str| lock.lines().find(|line| line.starts_with("digest:")).map(str::to_owned);
            assert_eq!(digest(&theirs), digest(&lock), "the digest is Helm's");
            assert_eq!(held(&sandbox), all);
            succeed(&sandbox, "deps build shop");
            assert!(sandbox.read("shop/Chart.lock").contains("pinned:"), "what Helm locked is pinned");
            sandbox.write("shop/Chart.lock", &lock);
        }

        // A version that is replaced in the repository is found, whatever the index says by now.
        add(&sandbox, "cache-3.1.0", flavour, "cache", "3.1.0");
        sandbox.write("cache-3.1.0/values.yaml", "evil: true\n");
        succeed(&sandbox, "package cache-3.1.0 --skip-checks -d served");
        let before = sandbox.read("served/index.yaml");
        let swapped = run(&sandbox, "deps update shop", "");
        assert!(swapped.code == 0, "the archive of the index's digest lies in the cache: {}", swapped.stderr);
        let digest = succeed(&sandbox, "show digest served/cache-3.1.0.tgz").stdout;
        let digest = digest.trim_end().trim_start_matches("sha256:");
        let old = before
            .split("version: 3.1.0\n    digest: ")
            .nth(1)
            .and_then(|rest| rest.split('\n').next())
            .expect("a digest");
        sandbox.write("served/index.yaml", before.replace(old, digest));
        let swapped = run(&sandbox, "deps update shop", "");
        assert!(
            swapped.code == 2 && swapped.stderr.contains("cache 3.1.0 is not what was locked"),
            "{}",
            swapped.stderr
        );
        std::fs::remove_dir_all(sandbox.path("home/.cache")).expect("a cache");
        let swapped = run(&sandbox, "deps build shop", "");
        assert!(
            swapped.code == 2 && swapped.stderr.contains("cache 3.1.0 is not what was locked"),
            "{}",
            swapped.stderr
        );
        sandbox.write("served/index.yaml", before);
        let lying = run(&sandbox, "deps build shop", "");
        assert!(lying.code == 2 && lying.stderr.contains("is not what the index says"), "{}", lying.stderr);
        assert_eq!(held(&sandbox), all, "nothing is half done");
        assert_eq!(sandbox.read("shop/Chart.lock"), lock);

        sandbox.write("cache-3.1.0/values.yaml", "on: true\nsize: 1\n");
        succeed(&sandbox, "package cache-3.1.0 --skip-checks -d served");

        // What does not fit is told.
        for (from, to, told) in [
            ("3.x", "5.x", "has no version of `cache` in `5.x`"),
            ("name: cache", "name: cahce", "did you mean `cache`?"),
            ("~0.3", "~0.4", "is 0.3.1, and `~0.4` is asked for"),
            ("../db", "../nowhere", "is no chart's folder"),
            ("^1.0.0 <3", "^7", "has no version in `^7`"),
            ("^1.0.0 <3", "abc", "`abc` is no range of versions"),
            ("name: kept", "name: lost", "names no repository"),
            ("file://../db", "stable", "is no repository that can be fetched from"),
        ] {
            let text = chart(flavour, "shop", "1.0.0", &dependencies).replacen(from, to, 1);
            sandbox.write("shop/Chart.yaml", text);
            let run = run(&sandbox, "deps update shop", "");
            assert!(run.code == 2 && run.stderr.contains(told), "{to}: {}", run.stderr);
            let built = super::run(&sandbox, "deps build shop", "");
            assert!(built.stderr.contains("Chart.lock does not fit Chart.yaml"), "{to}: {}", built.stderr);
        }
    }
}
