//! Registries, with helm and oras as clients beside us.

mod demands;
mod deps;
mod diff;
mod faults;
mod provenance;
pub(super) mod server;
mod signatures;
mod trust;

use crate::sandbox::{Run, Sandbox};
use server::{Asks, KINDS, Kind, LOGIN, Server, given, peer, run};

const NATIVE: [(&str, &str); 4] = [
    (
        "shop/Chart.yaml",
        "apiVersion: plimsoll.dev/v1\nname: shop\nversion: 1.0.0+b.1\ndescription: A shop\nhome: https://example.com\nmaintainers: [{ name: A, email: a@example.com }]\nannotations: { team: web, org.opencontainers.image.title: other }\n",
    ),
    ("shop/values.yaml", "greeting: hello\n"),
    ("shop/environments/prod.yaml", "greeting: good day\n"),
    (
        "shop/templates/web.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: web }\ndata:\n  greeting: {{ values.greeting }}\n",
    ),
];
const HELM: [(&str, &str); 3] = [
    ("hc/Chart.yaml", "apiVersion: v2\nname: hc\nversion: 0.1.0+b.1\ndescription: Helm's\n"),
    ("hc/values.yaml", "a: 1\n"),
    (
        "hc/templates/a.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\ndata:\n  a: {{ .Values.a | quote }}\n",
    ),
];

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new(&NATIVE);
    for (name, text) in HELM {
        sandbox.write(name, text);
    }
    sandbox
}

fn succeed(sandbox: &Sandbox, line: &str) -> Run {
    let run = run(sandbox, line, "");
    assert_eq!(run.code, 0, "{line}: {}{}", run.stdout, run.stderr);
    run
}

#[test]
fn charts_go_to_registries_and_come_back() {
    for kind in KINDS {
        let Some(server) = Server::start(kind, Asks::Nothing, false) else { return };
        let (host, sandbox) = (&server.host, sandbox());
        succeed(&sandbox, "package shop hc --skip-checks");
        let pushed = succeed(&sandbox, &format!("push shop-1.0.0+b.1.tgz oci://{host}/charts")).stdout;
        let (first, digest) = pushed.split_once('\n').expect("two lines");
        assert_eq!(first, format!("pushed oci://{host}/charts/shop:1.0.0_b.1"), "{kind:?}");
        let again = succeed(&sandbox, &format!("push shop oci://{host}/charts")).stdout;
        assert_eq!(again, pushed, "the folder gives the same manifest as its package");
        succeed(&sandbox, "package shop --version 0.9.0 -d older");
        succeed(&sandbox, &format!("push older/shop-0.9.0.tgz oci://{host}/charts/"));
        assert_eq!(succeed(&sandbox, &format!("tags oci://{host}/charts/shop")).stdout, "1.0.0+b.1\n0.9.0\n");
        assert_eq!(succeed(&sandbox, &format!("tags oci://{host}/charts/shop --version <1")).stdout, "0.9.0\n");
        let digest = digest.trim_end();
        for (at, reference) in ["", ":1.0.0+b.1", ":1.0.0_b.1", &format!("@{digest}"), &format!(":1.0.0+b.1@{digest}")]
            .into_iter()
            .enumerate()
        {
            let pulled = succeed(&sandbox, &format!("pull oci://{host}/charts/shop{reference} -d pulled-{at}")).stdout;
            assert!(pulled.contains(digest), "{pulled}");
            let bytes = |path: &str| std::fs::read(sandbox.path(path)).expect("was written");
            assert_eq!(bytes(&format!("pulled-{at}/shop-1.0.0+b.1.tgz")), bytes("shop-1.0.0+b.1.tgz"));
        }
        succeed(&sandbox, &format!("pull oci://{host}/charts/shop --version ^0.9 --untar -d out"));
        assert_eq!(sandbox.read("out/shop/values.yaml"), NATIVE[1].1);
        // A reference is a path like any other.
        let rendered = succeed(&sandbox, &format!("render oci://{host}/charts/shop:1.0.0+b.1 -e prod")).stdout;
        assert!(rendered.contains("greeting: good day"), "{rendered}");
        let checked = run(&sandbox, &format!("validate oci://{host}/charts/shop --set greting=x --format json"), "");
        assert_eq!((checked.code, checked.rules()), (1, vec!["values/unknown-key".to_owned()]), "{}", checked.stderr);
        let values = succeed(&sandbox, &format!("values oci://{host}/charts/shop")).stdout;
        assert_eq!(values, format!("greeting: hello  # oci://{host}/charts/shop!values.yaml:1\n"));
        assert!(succeed(&sandbox, &format!("show digest oci://{host}/charts/shop")).stdout.starts_with("sha256:"));
        for (line, told) in [
            (format!("pull oci://{host}/charts/shop:3.0.0"), "there is no `oci://"),
            (format!("pull oci://{host}/charts/shop --version ^3"), "has no version in `^3`"),
            (format!("pull oci://{host}/charts/none"), "there is no "),
            (format!("pull oci://{host}/charts/shop@sha256:{}", "0".repeat(64)), "there is no `oci://"),
            (format!("push shop oci://{host}/charts:1.0.0"), "names a version"),
            (format!("tags oci://{host}/Charts"), "is no reference"),
            ("tags oci://127.0.0.1:1/charts".to_owned(), "cannot reach 127.0.0.1:1"),
            (format!("pull oci://{host}/charts/shop --untar -d out"), "exists already"),
        ] {
            let run = run(&sandbox, &line, "");
            assert!(run.code == 2 && run.stderr.contains(told), "{line}: {}{}", run.stdout, run.stderr);
        }
    }
}

#[test]
fn helm_and_oras_agree() {
    for kind in KINDS {
        let Some(server) = Server::start(kind, Asks::Nothing, false) else { return };
        let (host, sandbox) = (&server.host, sandbox());
        let Some((helm, _)) = peer(&sandbox, "PLIMSOLL_TEST_HELM", &["version"]) else { return };
        assert!(helm);
        let helm = |arguments: &[&str]| peer(&sandbox, "PLIMSOLL_TEST_HELM", arguments).expect("is there");
        succeed(&sandbox, "package shop hc --skip-checks -d ours");
        succeed(&sandbox, &format!("push ours/hc-0.1.0+b.1.tgz oci://{host}/charts"));
        let url = format!("oci://{host}/charts/hc");
        for arguments in [
            &["pull", &url, "--version", "0.1.0+b.1", "--plain-http"][..],
            &["template", "r", &url, "--version", "0.1.0+b.1", "--plain-http"],
            &["show", "chart", &url, "--plain-http"],
        ] {
            let (success, told) = helm(arguments);
            assert!(success, "{kind:?} {arguments:?}: {told}");
        }
        let bytes = |path: &str| std::fs::read(sandbox.path(path)).expect("was written");
        assert_eq!(bytes("hc-0.1.0+b.1.tgz"), bytes("ours/hc-0.1.0+b.1.tgz"), "helm pulls what we pushed");
        assert!(helm(&["package", "hc", "-d", "theirs"]).0);
        let pushed = helm(&["push", "theirs/hc-0.1.0+b.1.tgz", &format!("oci://{host}/theirs"), "--plain-http"]);
        assert!(pushed.0, "{}", pushed.1);
        let pulled = succeed(&sandbox, &format!("pull oci://{host}/theirs/hc -d back")).stdout;
        assert_eq!(bytes("back/hc-0.1.0+b.1.tgz"), bytes("theirs/hc-0.1.0+b.1.tgz"), "we pull what helm pushed");
        let digest = pulled.lines().nth(1).expect("a digest");
        assert!(pushed.1.contains(digest), "helm tells the same digest: {}", pushed.1);
        succeed(&sandbox, &format!("render oci://{host}/theirs/hc --set a=3"));

        succeed(&sandbox, &format!("push ours/shop-1.0.0+b.1.tgz oci://{host}/charts"));
        let native = format!("oci://{host}/charts/shop");
        for arguments in [
            &["pull", &native, "--version", "1.0.0+b.1", "--plain-http"][..],
            &["template", "r", &native, "--plain-http"],
        ] {
            assert!(!helm(arguments).0, "helm refuses native charts: {arguments:?}");
        }
        let fetched = peer(
            &sandbox,
            "PLIMSOLL_TEST_ORAS",
            &["manifest", "fetch", "--plain-http", &format!("{host}/charts/shop:1.0.0_b.1")],
        );
        let Some((success, manifest)) = fetched else { return };
        assert!(success, "{manifest}");
        let manifest: serde_json::Value = serde_json::from_str(&manifest).expect("is JSON");
        assert_eq!(manifest["artifactType"], "application/vnd.plimsoll.chart.v1");
        assert_eq!(manifest["config"]["mediaType"], "application/vnd.plimsoll.chart.config.v1+json");
        assert_eq!(manifest["layers"][0]["mediaType"], "application/vnd.plimsoll.chart.content.v1.tar+gzip");
        let annotations = &manifest["annotations"];
        let key = |name: &str| format!("org.opencontainers.image.{name}");
        assert_eq!(annotations[key("title")], "shop", "the chart's own annotations do not override it");
        assert_eq!(annotations[key("authors")], "A (a@example.com)");
        assert_eq!(annotations[key("created")], "1980-01-01T00:00:00Z");
        assert_eq!(annotations["team"], "web");
    }
}

#[test]
fn credentials_are_kept_and_used() {
    let cases =
        [(Kind::Distribution, Asks::Password), (Kind::Referrers, Asks::Password), (Kind::Referrers, Asks::Token)];
    for (kind, asks) in cases {
        let Some(server) = Server::start(kind, asks, false) else { return };
        let (host, sandbox) = (&server.host, sandbox());
        let push = format!("push shop oci://{host}/charts --skip-checks");
        let refused = run(&sandbox, &push, "");
        assert!(
            refused.code == 2 && refused.stderr.contains("asks for credentials, and there are none"),
            "{}",
            refused.stderr
        );
        assert!(refused.stderr.contains(&format!("`plimsoll login {host} --username NAME`")), "{}", refused.stderr);
        let login = format!("login {host} --username {}", LOGIN.0);
        let wrong = run(&sandbox, &login, "hunter2\n");
        assert!(wrong.code == 2 && wrong.stderr.contains("does not accept the credentials"), "{}", wrong.stderr);
        assert!(!sandbox.path("home/.docker/config.json").exists());
        assert_eq!(run(&sandbox, &login, "").code, 2, "no password");
        let right = run(&sandbox, &login, &format!("{}\n", LOGIN.1));
        assert_eq!(right.code, 0, "{}", right.stderr);
        assert!(!format!("{}{}", right.stdout, right.stderr).contains(LOGIN.1));
        let file = sandbox.path("home/.docker/config.json");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(&file).expect("was written").permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "nobody else may read it");
        }
        succeed(&sandbox, &push);
        succeed(&sandbox, &format!("pull oci://{host}/charts/shop"));
        succeed(&sandbox, &format!("tags oci://{host}/charts/shop"));
        // Helm's own file, and podman's, have the same form.
        for (name, variable) in [("helm.json", "HELM_REGISTRY_CONFIG"), ("auth.json", "REGISTRY_AUTH_FILE")] {
            let moved = sandbox.path(name);
            std::fs::copy(&file, &moved).expect("can be copied");
            let line = format!("tags oci://{host}/charts/shop");
            let moved = moved.display().to_string();
            let listed =
                sandbox.run_with(&line, "", &[("HOME", "/nowhere"), ("DOCKER_CONFIG", ""), (variable, &moved)]);
            assert_eq!(listed.code, 0, "{variable}: {}", listed.stderr);
        }
        succeed(&sandbox, &format!("logout {host}"));
        assert!(!sandbox.read("home/.docker/config.json").contains(host.as_str()));
        assert_eq!(run(&sandbox, &push, "").code, 2);
        // A program that keeps credentials.
        let program = "#!/bin/sh\ncd \"$HOME\"\ncase $1 in store) cat >kept ;; get) cat >/dev/null; [ -e kept ] && cat kept || exit 1 ;; erase) cat >/dev/null; rm -f kept ;; esac\n";
        sandbox.write("bin/docker-credential-chest", program);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::Permissions::from_mode(0o755);
            std::fs::set_permissions(sandbox.path("bin/docker-credential-chest"), mode).expect("can be set");
        }
        sandbox.write("home/.docker/config.json", "{ \"credsStore\": \"chest\", \"HttpHeaders\": { \"a\": \"b\" } }");
        let kept = run(&sandbox, &login, LOGIN.1);
        assert_eq!(kept.code, 0, "{}", kept.stderr);
        let config = sandbox.read("home/.docker/config.json");
        assert!(config.contains("HttpHeaders") && !config.contains("\"auth\":"), "{config}");
        succeed(&sandbox, &push);
        succeed(&sandbox, &format!("logout {host}"));
        assert!(!sandbox.path("home/kept").exists());
    }
}

#[test]
fn connections_are_as_secret_as_they_were_asked_to_be() {
    for kind in KINDS {
        let Some(server) = Server::start(kind, Asks::Nothing, true) else { return };
        let (host, sandbox) = (server.host.replace("127.0.0.1", "localhost"), sandbox());
        let push = format!("push shop oci://{host}/charts --skip-checks");
        let refused = run(&sandbox, &push, "");
        assert!(refused.code == 2 && refused.stderr.contains("--ca-file"), "{}", refused.stderr);
        let authority = server.authority().display().to_string();
        succeed(&sandbox, &format!("{push} --ca-file {authority}"));
        succeed(&sandbox, &format!("pull oci://{host}/charts/shop --ca-file {authority}"));
        let home = sandbox.path("home").display().to_string();
        let variables = [("HOME", home.as_str()), ("SSL_CERT_FILE", authority.as_str())];
        let shown = sandbox.run_with(&format!("values oci://{host}/charts/shop"), "", &variables);
        assert_eq!(shown.code, 0, "{}", shown.stderr);
        // A copy is read and written in the same way.
        let copy = format!("push oci://{host}/charts/shop:1.0.0+b.1 oci://{host}/copies");
        succeed(&sandbox, &format!("{copy} --ca-file {authority}"));
        sandbox.write("empty.pem", "");
        sandbox.write("bad.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
        for file in ["bad.pem", "missing.pem"] {
            assert_eq!(run(&sandbox, &format!("{push} --ca-file {file}"), "").code, 2, "{file}");
        }
    }
    let _ = given("PLIMSOLL_TEST_REGISTRY");
}
