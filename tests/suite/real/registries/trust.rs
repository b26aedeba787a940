//! Reports of `check` that travel with charts, and demands for them and for signatures, beside cosign and oras.

use super::server::{Asks, Kind, Server, given, peer, run};
use super::signatures::{keys, sign};
use super::{sandbox, succeed};
use crate::sandbox::{Run, Sandbox};

const TYPE: &str = "https://plimsoll.dev/attestations/check/v1";
const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// Refuses: the exit code, and a part of what is said.
pub(super) fn refuse(sandbox: &Sandbox, line: &str, code: i32, told: &str) {
    let run = run(sandbox, line, "");
    assert!(run.code == code && run.stderr.contains(told), "{line}: {} {}{}", run.code, run.stdout, run.stderr);
}

/// Pushes `shop` as a version with a report; gives the image by its digest.
fn attest(sandbox: &Sandbox, host: &str, version: &str, flags: &str) -> String {
    let chart = sandbox.read("shop/Chart.yaml");
    let line = chart.lines().find(|line| line.starts_with("version:")).expect("a version");
    sandbox.write("shop/Chart.yaml", chart.replace(line, &format!("version: {version}")));
    let pushed = sign(sandbox, &format!("push shop oci://{host}/charts --attest {flags}")).stdout;
    format!("{host}/charts/shop@{}", pushed.lines().nth(1).expect("a digest"))
}

#[test]
fn the_verdict_of_check_travels() {
    for kind in [Kind::Debian, Kind::Referrers] {
        let Some(server) = Server::start(kind, Asks::Nothing, false) else { return };
        let (host, sandbox) = (&server.host, sandbox());
        if !keys(&sandbox, "ours") || !keys(&sandbox, "other") {
            return;
        }
        let cosign = |arguments: &[&str]| peer(&sandbox, "PLIMSOLL_TEST_COSIGN", arguments).expect("is there");
        let oras = |arguments: &[&str]| {
            let (success, told) = peer(&sandbox, "PLIMSOLL_TEST_ORAS", arguments).expect("is there");
            assert!(success, "{arguments:?}: {told}");
            told
        };
        refuse(&sandbox, &format!("push shop oci://{host}/charts --attest"), 2, "--key");
        let image = attest(&sandbox, host, "1.0.0", "--key ours.key");
        let demand = |image: &str, key: &str, profile: &str| {
            format!("verify oci://{image} --key {key} --require-check {profile}")
        };
        let told = succeed(&sandbox, &demand(&image, "ours.pub", "default")).stdout;
        assert_eq!(
            told,
            format!(
                "verified oci://{image}: `check` passed by `default` (0 warnings, 0 suppressed), signed by ours.pub\n"
            )
        );
        // The flags tell cosign not to look for the public log of transparency.
        let attested = |image: &str, key: &str| {
            let flags = ["verify-attestation", "--key", key, "--type", TYPE, "--insecure-ignore-tlog"];
            cosign(&[&flags[..], &["--allow-http-registry", image]].concat())
        };
        let (success, told) = attested(&image, "ours.pub");
        assert!(success, "cosign accepts our statement, {kind:?}: {told}");
        assert!(!attested(&image, "other.pub").0);
        let payload = told.lines().find_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        let payload = payload.unwrap_or_else(|| panic!("a statement: {told}"));
        let decoded = base64::Engine::decode(
            &base64::engine::general_purpose::STANDARD,
            payload["payload"].as_str().expect("a payload"),
        );
        let statement: serde_json::Value = serde_json::from_slice(&decoded.expect("is base64")).expect("is JSON");
        let report = &statement["predicate"];
        assert_eq!((&report["verdict"], &report["environments"]), (&"passed".into(), &vec!["prod"].into()));
        assert!(
            report["rules"]["count"].as_u64() > Some(50) && report["kubernetesVersions"][0].is_string(),
            "{report}"
        );

        refuse(&sandbox, &demand(&image, "other.pub", "default"), 1, "signed by another key");
        refuse(&sandbox, &demand(&image, "ours.pub", "strict"), 1, "a report judged by `default`");
        // A report is no signature of another kind.
        refuse(&sandbox, &format!("verify oci://{image} --key ours.pub"), 1, "no signature of it was found at all");
        let profiles = "--key ours.key --profile default --profile pss-baseline";
        let wider = attest(&sandbox, host, "1.1.0", profiles);
        for profile in ["default", "pss-baseline"] {
            succeed(&sandbox, &demand(&wider, "ours.pub", profile));
        }

        // What was said of one artifact proves nothing of another, nor does what somebody changed.
        let listed = oras(&["discover", "--plain-http", "--format", "json", &image]);
        let listed: serde_json::Value = serde_json::from_str(&listed).expect("is JSON");
        let referrer = listed["referrers"][0]["digest"].as_str().expect("a referrer");
        let named = |digest: &str| format!("{host}/charts/shop@{digest}");
        let manifest = oras(&["manifest", "fetch", "--plain-http", &named(referrer)]);
        let manifest: serde_json::Value = serde_json::from_str(&manifest).expect("is JSON");
        let blob = manifest["layers"][0]["digest"].as_str().expect("a layer");
        oras(&["blob", "fetch", "--plain-http", "--output", "bundle.json", &named(blob)]);
        let plain = |version: &str| {
            succeed(&sandbox, &format!("package shop --version {version} --skip-checks -d out"));
            let pushed = succeed(&sandbox, &format!("push out/shop-{version}.tgz oci://{host}/charts")).stdout;
            format!("{host}/charts/shop@{}", pushed.lines().nth(1).expect("a digest"))
        };
        let attach = |image: &str, file: &str| {
            let file = format!("{file}:{BUNDLE}");
            oras(&["attach", "--plain-http", "--artifact-type", BUNDLE, image, &file]);
        };
        let unattested = plain("2.0.0");
        refuse(&sandbox, &demand(&unattested, "ours.pub", "default"), 1, "no report was found at all");
        attach(&unattested, "bundle.json");
        refuse(&sandbox, &demand(&unattested, "ours.pub", "default"), 1, "a bundle is about something else");
        let tampered = plain("2.1.0");
        let hex = |image: &str| image.split_once("sha256:").expect("a digest").1.to_owned();
        let forged = serde_json::to_vec(&statement).map(|bytes| String::from_utf8(bytes).expect("is text"));
        let forged = forged.expect("is JSON").replace(&hex(&image), &hex(&tampered));
        let forged = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, forged);
        let mut bundle: serde_json::Value = serde_json::from_str(&sandbox.read("bundle.json")).expect("is JSON");
        bundle["dsseEnvelope"]["payload"] = forged.into();
        sandbox.write("forged.json", bundle.to_string());
        attach(&tampered, "forged.json");
        refuse(&sandbox, &demand(&tampered, "ours.pub", "default"), 1, "a bundle is signed by another key");

        // A chart that fails is pushed with its verdict only where somebody asks for that.
        sandbox.write("shop/templates/bad.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: bad }\ndta: {}\n");
        let line = format!("push shop oci://{host}/charts --attest --key ours.key");
        let refused = run(&sandbox, &line, "\n");
        assert!(refused.code == 2 && refused.stderr.contains("because it has errors"), "{}", refused.stderr);
        let failed = attest(&sandbox, host, "3.0.0", "--key ours.key --skip-checks");
        refuse(&sandbox, &demand(&failed, "ours.pub", "default"), 1, "by a report, `check` failed, with 1 errors");
        // Cosign itself knows nothing of verdicts.
        assert!(attested(&failed, "ours.pub").0);
        // A package is checked like its folder.
        succeed(&sandbox, "package shop --version 3.1.0 --skip-checks -d out");
        let line = format!("push out/shop-3.1.0.tgz oci://{host}/charts --attest --key ours.key");
        assert_eq!(run(&sandbox, &line, "\n").code, 2);
    }
}

#[test]
fn what_is_not_signed_goes_nowhere() {
    let Some(server) = Server::start(Kind::Referrers, Asks::Nothing, false) else { return };
    let (host, sandbox) = (&server.host, sandbox());
    if !keys(&sandbox, "ours") || !keys(&sandbox, "other") {
        return;
    }
    let Some(kubeconfig) = given("PLIMSOLL_TEST_KUBECONFIG") else { return };
    let attested = attest(&sandbox, host, "1.0.0", "--key ours.key");
    let attested = format!("oci://{attested}");
    let reference = format!("oci://{host}/charts/shop:1.0.0");
    let apply = format!("apply {reference} --dry-run -n trust --create-namespace --kubeconfig {kubeconfig}");
    refuse(&sandbox, &format!("{apply} --verify ours.pub"), 2, "no signature of it was found at all");
    refuse(&sandbox, &format!("{apply} --verify other.pub --require-check default"), 2, "signed by another key");
    refuse(&sandbox, &format!("{apply} --verify ours.pub --require-check strict"), 2, "a report judged by `default`");
    refuse(&sandbox, &format!("{apply} --require-check default"), 2, "no key is known");
    let local = format!("apply shop --dry-run --kubeconfig {kubeconfig} --verify ours.pub");
    refuse(&sandbox, &local, 2, "comes from no registry, so that nobody stands by it");
    let applied = succeed(&sandbox, &format!("{apply} --verify ours.pub --require-check default")).stdout;
    assert!(applied.contains("ConfigMap"), "{applied}");

    // Dependencies.
    let chart = |repository: &str| {
        format!(
            "apiVersion: plimsoll.dev/v1\nname: parent\nversion: 1.0.0\ndependencies:\n  - {{ name: shop, version: 1.0.0, repository: \"{repository}\" }}\n"
        )
    };
    sandbox.write("parent/Chart.yaml", chart(&format!("oci://{host}/charts")));
    refuse(&sandbox, "deps update parent --verify ours.pub", 2, "is not signed by this key");
    succeed(&sandbox, "deps update parent --verify ours.pub --require-check default");
    refuse(&sandbox, "deps build parent --verify ours.pub", 2, "is not signed by this key");
    refuse(&sandbox, "deps build parent --verify ours.pub --offline", 2, "cannot be verified offline");
    succeed(&sandbox, "deps build parent --offline");
    sandbox.write("parent/Chart.yaml", chart("https://charts.example.com"));
    refuse(&sandbox, "deps update parent --verify ours.pub", 2, "is no registry");
    sandbox.write("parent/Chart.yaml", chart(&format!("oci://{host}/charts")));

    // The workspace demands it, wherever a path leads into the registry.
    let workspace = |entries: &str| {
        let releases = format!("releases:\n  - {{ name: shop, chart: \"{reference}\" }}\n");
        sandbox.write("plimsoll.yaml", format!("apiVersion: plimsoll.dev/v1\n{releases}registries:\n{entries}"));
    };
    let every: Vec<String> = vec![
        format!("pull {reference} -d pulled"),
        format!("render {reference}"),
        format!("check {reference}"),
        "check".to_owned(),
        format!("values {reference}"),
        format!("show chart {reference}"),
        format!("diff shop --against {reference}"),
        format!("push {reference} oci://{host}/copies"),
        format!("{apply} --skip-checks"),
        format!("pull {attested} -d pulled"),
    ];
    workspace(&format!("  {host}/charts: {{ verify: [keys/other.pub, ours.pub] }}\n"));
    sandbox.write("keys/other.pub", sandbox.read("other.pub"));
    for line in &every {
        refuse(&sandbox, line, 2, "is not signed by any of these keys");
    }
    // So it does for its folders, and for other files of workspaces.
    refuse(&sandbox, "deps update parent", 2, "is not signed by any of these keys");
    refuse(&sandbox, "deps build parent --offline", 2, "cannot be verified offline");
    std::fs::create_dir_all(sandbox.path("elsewhere/.git")).expect("can be made");
    let elsewhere = |line: &str| -> Run {
        let home = sandbox.path("home").display().to_string();
        sandbox.run_in(
            "elsewhere".as_ref(),
            line,
            "",
            &[("HOME", &home), ("DOCKER_CONFIG", ""), ("XDG_CACHE_HOME", "")],
        )
    };
    assert_eq!(elsewhere(&format!("render {reference}")).code, 0, "another workspace demands nothing");
    let told = elsewhere(&format!("render {reference} --config ../plimsoll.yaml"));
    assert!(told.code == 2 && told.stderr.contains("is not signed by any"), "{}", told.stderr);
    // What a workspace cannot say for certain is not taken for nothing.
    for broken in ["  a: { verify: x }\n", "  a: { verfy: [x] }\n", "  a: {}\nregistires: {}\n", "  a: {\n"] {
        workspace(broken);
        for line in [&every[0], &every[1], &every[5]] {
            refuse(&sandbox, line, 2, "cannot be read for certain");
        }
    }
    // The longest path counts; `*` stands for the others.
    workspace(&format!(
        "  \"*\": {{ verify: [other.pub] }}\n  {host}/chart: {{ verify: [other.pub] }}\n  {host}: {{}}\n"
    ));
    succeed(&sandbox, &every[0]);
    workspace("  \"*\": { verify: [missing.pub] }\n");
    refuse(&sandbox, &every[0], 2, "missing.pub");
    workspace("  \"*\": { verify: [ours.pub], requireCheck: default }\n");
    for line in &every {
        let run = run(&sandbox, line, "");
        assert!(run.code < 2, "{line}: {}", run.stderr);
    }
    succeed(&sandbox, "deps update parent");
    let applied = succeed(&sandbox, &format!("{apply} --require-check default"));
    assert!(applied.stdout.contains("ConfigMap"), "{}", applied.stdout);
    sign(&sandbox, &format!("sign {reference} --key ours.key"));
    workspace(&format!("  {host}: {{ verify: [ours.pub] }}\n"));
    for line in &every[..2] {
        let run = run(&sandbox, line, "");
        assert!(run.code < 2, "{line}: {}", run.stderr);
    }
}

#[test]
fn flux_finds_rendered_manifests() {
    for kind in [Kind::Debian, Kind::Referrers] {
        let Some(server) = Server::start(kind, Asks::Nothing, false) else { return };
        let (host, sandbox) = (&server.host, sandbox());
        let oras = |arguments: &[&str]| peer(&sandbox, "PLIMSOLL_TEST_ORAS", arguments);
        let target = format!("{host}/manifests/shop");
        let push = format!("push shop oci://{target} --rendered -e prod --source https://git.example.com/shop");
        let pushed = succeed(&sandbox, &format!("{push} --revision main@sha1:0123")).stdout;
        assert!(pushed.starts_with(&format!("pushed oci://{target}:prod\nsha256:")), "{pushed}");
        let again = succeed(&sandbox, &format!("{push} --revision main@sha1:0123")).stdout;
        assert_eq!(again, pushed, "the same manifests are the same artifact");
        let Some((success, manifest)) = oras(&["manifest", "fetch", "--plain-http", &format!("{target}:prod")]) else {
            return;
        };
        assert!(success, "{manifest}");
        let manifest: serde_json::Value = serde_json::from_str(&manifest).expect("is JSON");
        assert_eq!(manifest["config"]["mediaType"], "application/vnd.cncf.flux.config.v1+json");
        assert_eq!(manifest["layers"][0]["mediaType"], "application/vnd.cncf.flux.content.v1.tar+gzip");
        let told = |name: &str| manifest["annotations"][format!("org.opencontainers.image.{name}")].clone();
        assert_eq!(
            [told("source"), told("revision"), told("created")],
            ["https://git.example.com/shop", "main@sha1:0123", "1980-01-01T00:00:00Z"]
        );
        let layer = format!("{target}@{}", manifest["layers"][0]["digest"].as_str().expect("a digest"));
        let fetched = oras(&["blob", "fetch", "--plain-http", "--output", "content.tgz", &layer]).expect("is there");
        assert!(fetched.0, "{}", fetched.1);
        std::fs::create_dir_all(sandbox.path("unpacked")).expect("can be made");
        let tar = std::process::Command::new("tar")
            .args(["-xzf", "content.tgz", "-C", "unpacked"])
            .current_dir(sandbox.path(""))
            .status();
        assert!(tar.expect("tar is there").success());
        succeed(&sandbox, "render shop -e prod --output-dir rendered");
        assert_eq!(sandbox.read("unpacked/templates/web.yaml"), sandbox.read("rendered/templates/web.yaml"));
        assert!(sandbox.read("unpacked/templates/web.yaml").contains("good day"));

        let bare = succeed(&sandbox, &format!("push shop oci://{target} --rendered --set greeting=hi")).stdout;
        assert!(bare.starts_with(&format!("pushed oci://{target}:1.0.0_b.1\n")), "{bare}");
        let tagged = succeed(&sandbox, &format!("push shop oci://{target}:next --rendered -e prod")).stdout;
        assert!(tagged.starts_with(&format!("pushed oci://{target}:next\n")), "{tagged}");
        refuse(&sandbox, &format!("push shop oci://{target} --rendered -e prdo"), 2, "did you mean `prod`?");
        refuse(&sandbox, &format!("push shop oci://{target} -e prod"), 2, "are for `--rendered`");
        refuse(&sandbox, &format!("push shop oci://{target} --include-secrets"), 2, "--rendered");
        // What nobody should read is not pushed.
        sandbox.write(
            "shop/templates/secret.yaml",
            "apiVersion: v1\nkind: List\nitems:\n  - apiVersion: v1\n    kind: Secret\n    metadata: { name: db }\n    stringData: { password: hunter2 }\n",
        );
        let line = format!("push shop oci://{target}:secret --rendered -e prod --skip-checks");
        refuse(&sandbox, &line, 2, "the Secret `db` holds its data in plain sight");
        let listed = oras(&["repo", "tags", "--plain-http", &target]).expect("is there").1;
        assert!(!listed.contains("secret"), "{listed}");
        succeed(&sandbox, &format!("{line} --include-secrets"));
    }
}
