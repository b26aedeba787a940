//! `sign` and `verify` beside cosign, with registries that list referrers and such that do not.

use super::server::{Asks, Kind, Server, peer, run};
use super::{sandbox, succeed};
use crate::sandbox::{Run, Sandbox};

/// Keys of cosign's making, for this test alone; their passwords are empty.
pub(super) fn keys(sandbox: &Sandbox, name: &str) -> bool {
    let made = peer(sandbox, "PLIMSOLL_TEST_COSIGN", &["generate-key-pair", "--output-key-prefix", name]);
    made.is_some_and(|(success, told)| {
        assert!(success, "{told}");
        true
    })
}

pub(super) fn sign(sandbox: &Sandbox, line: &str) -> Run {
    // The key's password comes from standard input: here an empty one.
    let run = run(sandbox, line, "\n");
    assert_eq!(run.code, 0, "{line}: {}", run.stderr);
    run
}

#[test]
fn cosign_and_we_accept_each_other() {
    for kind in [Kind::Debian, Kind::Referrers] {
        let Some(server) = Server::start(kind, Asks::Nothing, false) else { return };
        let (host, sandbox) = (&server.host, sandbox());
        if !keys(&sandbox, "ours") || !keys(&sandbox, "other") {
            return;
        }
        let cosign = |arguments: &[&str]| peer(&sandbox, "PLIMSOLL_TEST_COSIGN", arguments).expect("is there");
        let push = |version: &str| {
            succeed(&sandbox, &format!("package shop --version {version} --skip-checks -d out"));
            let pushed = succeed(&sandbox, &format!("push out/shop-{version}.tgz oci://{host}/charts")).stdout;
            format!("{host}/charts/shop@{}", pushed.lines().nth(1).expect("a digest"))
        };
        // Without the flag, cosign asks for proof from the public log of transparency, which these signatures are not in.
        let check = |image: &str, key: &str, old: bool| {
            let mut arguments = vec!["verify", "--key", key, "--insecure-ignore-tlog", "--allow-http-registry", image];
            arguments.extend(old.then_some("--new-bundle-format=false"));
            cosign(&arguments)
        };

        let image = push("1.0.0");
        let reference = format!("oci://{host}/charts/shop:1.0.0");
        let unsigned = run(&sandbox, &format!("verify {reference} --key ours.pub"), "");
        assert_eq!(unsigned.code, 1, "{kind:?} {}", unsigned.stderr);
        assert!(unsigned.stderr.contains("no signature of it was found at all"), "{}", unsigned.stderr);
        assert_eq!(run(&sandbox, &format!("pull {reference} --verify ours.pub"), "").code, 2);
        assert!(!sandbox.path("shop-1.0.0.tgz").exists(), "nothing that is not signed is written");

        let signed = sign(&sandbox, &format!("sign {reference} --key ours.key")).stdout;
        assert_eq!(signed, format!("signed oci://{image}\n"), "{kind:?}");
        let told = succeed(&sandbox, &format!("verify {reference} --key ours.pub")).stdout;
        assert_eq!(told, format!("verified oci://{image}, signed by ours.pub (bundle)\n"));
        succeed(&sandbox, &format!("pull {reference} --verify ours.pub"));
        let (success, told) = check(&image, "ours.pub", false);
        assert!(success, "cosign accepts our bundle, {kind:?}: {told}");
        assert!(!check(&image, "other.pub", false).0);
        let wrong = run(&sandbox, &format!("verify {reference} --key other.pub"), "");
        assert!(wrong.code == 1 && wrong.stderr.contains("signed by another key"), "{}", wrong.stderr);
        // The registry lists it, by itself or by the tag.
        let image_listed = peer(&sandbox, "PLIMSOLL_TEST_ORAS", &["discover", "--plain-http", &image]);
        if let Some((success, told)) = image_listed {
            assert!(success && told.contains("sha256:"), "{kind:?}: {told}");
        }

        let image = push("2.0.0");
        sign(&sandbox, &format!("sign oci://{image} --key ours.key --classic"));
        let (success, told) = check(&image, "ours.pub", true);
        assert!(success, "cosign accepts our classic signature, {kind:?}: {told}");
        let told = succeed(&sandbox, &format!("verify oci://{image} --key ours.pub")).stdout;
        assert!(told.contains("(bundle, classic)"), "{told}");

        for (version, old, form) in [("3.0.0", false, "(bundle)"), ("4.0.0", true, "(classic)")] {
            let image = push(version);
            let mut arguments = vec!["sign", "--key", "ours.key", "--use-signing-config=false", "--tlog-upload=false"];
            arguments.extend(["--allow-http-registry", "-y", &image]);
            arguments.extend(old.then_some("--new-bundle-format=false"));
            let (success, told) = cosign(&arguments);
            assert!(success, "{told}");
            let verified = succeed(&sandbox, &format!("verify oci://{image} --key ours.pub")).stdout;
            assert!(verified.contains(form), "we accept cosign's, {kind:?}: {verified}");
            assert_eq!(run(&sandbox, &format!("verify oci://{image} --key other.pub"), "").code, 1);
        }
    }
}
