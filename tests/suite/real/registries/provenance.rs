//! Helm's provenance files, both ways: beside packages, and in registries.
//!
//! The keys in tests/real/openpgp were made by gpg for these tests alone: `captain` opens by a password, `ghost` expired after a
//! day, `mutineer` was revoked.

use super::server::{Asks, Kind, Server, peer, run};
use super::{sandbox, succeed};
use crate::sandbox::{Run, Sandbox};
use std::path::Path;

const PACKAGE: &str = "hc-0.1.0+b.1.tgz";

/// Puts the keys into a sandbox, armoured and, for helm, bare.
fn keys() -> Sandbox {
    let sandbox = sandbox();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real/openpgp");
    for name in ["captain", "mate", "ghost", "mutineer"] {
        for kind in ["", ".sec"] {
            let text = std::fs::read_to_string(folder.join(format!("{name}{kind}.asc"))).expect("is there");
            sandbox.write(&format!("{name}{kind}.asc"), &text);
            let body = text.split("\n\n").nth(1).expect("a body");
            let body: String = body.lines().take_while(|line| !line.starts_with(['=', '-'])).collect();
            let bare = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, body).expect("is base64");
            sandbox.write(&format!("{name}{kind}.gpg"), bare);
        }
    }
    sandbox.write("password", "sea salt\n");
    sandbox
}

fn refuse(sandbox: &Sandbox, line: &str, code: i32, told: &str) {
    let Run { code: actual, stdout, stderr } = run(sandbox, line, "");
    assert!(actual == code && stderr.contains(told), "{line}: {actual} {stdout}{stderr}");
}

#[test]
fn helm_and_we_accept_each_others_provenance() {
    let sandbox = keys();
    let captain = "--sign --keyring captain.sec.asc --passphrase-file password";
    let made = succeed(&sandbox, &format!("package hc -d ours --skip-checks {captain}")).stdout;
    assert!(made.ends_with(&format!("wrote ours/{PACKAGE}.prov\n")), "{made}");
    let told = succeed(&sandbox, &format!("verify ours/{PACKAGE} --keyring captain.asc")).stdout;
    assert!(told.starts_with(&format!("verified ours/{PACKAGE}, signed by Captain <captain@example.com> (")), "{told}");
    succeed(&sandbox, &format!("verify ours/{PACKAGE} --key captain.gpg"));
    refuse(&sandbox, &format!("verify ours/{PACKAGE} --key mate.asc"), 1, "signed by another key");
    succeed(&sandbox, "package hc -d mates --skip-checks --sign --keyring mate.sec.gpg --key mate@example.com");
    for (password, told) in [("hc/values.yaml", "the key does not sign"), ("nowhere", "no such file")] {
        let line =
            format!("package hc -d not --skip-checks --sign --keyring captain.sec.asc --passphrase-file {password}");
        refuse(&sandbox, &line, 2, told);
    }
    refuse(&sandbox, "package hc -d not --skip-checks --sign --keyring mate.sec.asc --key cook", 2, "is called `cook`");
    refuse(&sandbox, "package hc -d not --skip-checks --sign --keyring hc/values.yaml", 2, "holds no key of this kind");
    assert!(!sandbox.path("not").exists(), "nothing is half done");

    // What was changed, moved, or signed by a key that may not.
    let bytes = |path: &str| std::fs::read(sandbox.path(path)).expect("is there");
    let prov = sandbox.read(&format!("ours/{PACKAGE}.prov"));
    sandbox.write(&format!("longer/{PACKAGE}"), [bytes(&format!("ours/{PACKAGE}")), b"x".to_vec()].concat());
    sandbox.write(&format!("longer/{PACKAGE}.prov"), &prov);
    refuse(&sandbox, &format!("verify longer/{PACKAGE} --key captain.asc"), 1, "and the archive is sha256:");
    sandbox.write("other-1.0.0.tgz", bytes(&format!("ours/{PACKAGE}")));
    sandbox.write("other-1.0.0.tgz.prov", &prov);
    refuse(&sandbox, "verify other-1.0.0.tgz --key captain.asc", 1, "tells nothing of `other-1.0.0.tgz`");
    sandbox.write("other-1.0.0.tgz.prov", prov.replace(PACKAGE, "other-1.0.0.tgz"));
    refuse(&sandbox, "verify other-1.0.0.tgz --key captain.asc", 1, "signed by another key");
    sandbox.write("other-1.0.0.tgz.prov", "noise");
    refuse(&sandbox, "verify other-1.0.0.tgz --key captain.asc", 1, "no text that OpenPGP signed");
    refuse(&sandbox, &format!("verify ours/{PACKAGE} --key hc/values.yaml"), 2, "not in PEM");
    // Keys that may not sign do not; the one that was revoked does not know of it.
    let line = "package hc -d not --skip-checks --sign --keyring ghost.sec.asc";
    refuse(&sandbox, line, 2, "the key does not sign: it has expired");
    succeed(&sandbox, "package hc -d mutineer --skip-checks --sign --keyring mutineer.sec.asc");
    refuse(&sandbox, &format!("verify mutineer/{PACKAGE} --key mutineer.asc"), 1, "signed by a key that was revoked");

    let helm = |arguments: &[&str]| peer(&sandbox, "PLIMSOLL_TEST_HELM", arguments);
    for (folder, who) in [("ours", "captain"), ("mates", "mate")] {
        let (package, keyring) = (format!("{folder}/{PACKAGE}"), format!("{who}.gpg"));
        let Some((success, told)) = helm(&["verify", &package, "--keyring", &keyring]) else { return };
        assert!(success, "helm accepts ours: {told}");
    }
    let (success, _) = helm(&["verify", &format!("ours/{PACKAGE}"), "--keyring", "mate.gpg"]).expect("is there");
    assert!(!success);
    for (who, name, password) in [("captain", "Captain", Some("password")), ("mate", "Mate", None)] {
        let keyring = format!("{who}.sec.gpg");
        let mut arguments = vec!["package", "hc", "--sign", "--key", name, "--keyring", &keyring, "-d", who];
        arguments.extend(password.iter().flat_map(|file| ["--passphrase-file", file]));
        let (success, told) = helm(&arguments).expect("is there");
        assert!(success, "{told}");
        let verified = succeed(&sandbox, &format!("verify {who}/{PACKAGE} --keyring {who}.asc")).stdout;
        assert!(verified.contains(name), "{verified}");
    }

    // In registries it is one more layer.
    let Some(server) = Server::start(Kind::Referrers, Asks::Nothing, false) else { return };
    let host = &server.host;
    succeed(&sandbox, &format!("push ours/{PACKAGE} oci://{host}/ours"));
    let (success, told) =
        helm(&["push", &format!("mate/{PACKAGE}"), &format!("oci://{host}/theirs"), "--plain-http"]).expect("is there");
    assert!(success, "{told}");
    for (at, who, other) in [("ours", "captain", "mate"), ("theirs", "mate", "captain")] {
        let reference = format!("oci://{host}/{at}/hc:0.1.0+b.1");
        succeed(&sandbox, &format!("verify {reference} --keyring {who}.asc"));
        refuse(&sandbox, &format!("verify {reference} --keyring {other}.asc"), 1, "signed by another key");
        refuse(&sandbox, &format!("pull {reference} --verify {other}.asc -d not"), 2, "signed by another key");
        succeed(&sandbox, &format!("pull {reference} --verify {who}.asc -d {at}-pulled"));
        succeed(&sandbox, &format!("verify {at}-pulled/{PACKAGE} --key {who}.gpg"));
        std::fs::create_dir_all(sandbox.path(at)).expect("can be made");
        let (url, keyring) = (format!("oci://{host}/{at}/hc"), format!("{who}.gpg"));
        let arguments = ["pull", &url, "--version", "0.1.0+b.1", "--verify", "--keyring", &keyring, "--plain-http"];
        let (success, told) = helm(&[&arguments[..], &["-d", at]].concat()).expect("is there");
        assert!(success, "helm verifies what it pulls: {told}");
    }
    assert!(!sandbox.path("not").exists());
    // A copy is signed like what it is of.
    succeed(&sandbox, &format!("push oci://{host}/ours/hc:0.1.0+b.1 oci://{host}/copies"));
    succeed(&sandbox, &format!("verify oci://{host}/copies/hc:0.1.0+b.1 --keyring captain.asc"));
    succeed(&sandbox, &format!("push shop oci://{host}/ours"));
    refuse(
        &sandbox,
        &format!("verify oci://{host}/ours/shop:1.0.0+b.1 --key captain.asc"),
        1,
        "it has no provenance file",
    );
}

#[test]
fn keys_that_expired_count_for_nothing_that_they_signed() {
    let sandbox = keys();
    let read = |name: &str| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real/openpgp");
        std::fs::read_to_string(folder.join(name)).expect("is there")
    };
    for name in ["stowaway.asc", "bosun.asc", "bosun.sec.asc"] {
        sandbox.write(name, read(name));
    }
    sandbox.write("hold-1.0.0.tgz", "rum\n");
    // Signed while the key was good, as it says itself. `stowaway` has taken back one of its names since, which says nothing of
    // when it ends; of `bosun`, the subkey expired that signed. Neither gpg nor helm calls any of these good.
    for who in ["ghost", "stowaway", "bosun"] {
        sandbox.write("hold-1.0.0.tgz.prov", read(&format!("{who}.prov")));
        let verify = format!("verify hold-1.0.0.tgz --key {who}.asc");
        refuse(&sandbox, &verify, 1, "the provenance file is signed by a key that has expired");
    }
    // Of several subkeys, one signs that may.
    succeed(&sandbox, "package hc -d bosuns --skip-checks --sign --keyring bosun.sec.asc");
    succeed(&sandbox, &format!("verify bosuns/{PACKAGE} --key bosun.asc"));
}
