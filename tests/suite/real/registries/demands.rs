//! Ways around a demand: other spellings, other flags, other charts by the same signer, a cache that somebody else fills.

use super::deps::serve;
use super::faults::{Fault, proxy};
use super::server::{Asks, Kind, Server, given, peer, run};
use super::signatures::{keys, sign};
use super::trust::refuse;
use super::{HELM, sandbox, succeed};
use crate::sandbox::{Run, Sandbox};

/// Writes a workspace's `registries`.
fn demand(sandbox: &Sandbox, file: &str, entries: &str) {
    sandbox.write(file, format!("apiVersion: plimsoll.dev/v1\nregistries:\n  {entries}\n"));
}

#[test]
fn a_demand_holds_whatever_way_it_is_asked() {
    let Some(server) = Server::start(Kind::Referrers, Asks::Nothing, false) else { return };
    let (port, sandbox) = (server.host.rsplit(':').next().expect("a port"), sandbox());
    if !keys(&sandbox, "ours") {
        return;
    }
    succeed(&sandbox, &format!("push shop oci://localhost:{port}/charts"));
    let reference = format!("oci://localhost:{port}/charts/shop:1.0.0+b.1");
    for (entry, host) in [("localhost", "LOCALHOST"), ("LocalHost", "localhost"), ("LOCALHOST.", "localhost")] {
        demand(&sandbox, "plimsoll.yaml", &format!("{entry}:{port}/charts/: {{ verify: [ours.pub] }}"));
        let reference = reference.replace("localhost", host);
        refuse(&sandbox, &format!("pull {reference} -d pulled"), 2, "is not signed by this key");
        refuse(&sandbox, &format!("render {reference}"), 2, "is not signed by this key");
    }
    // What stands for no registry is no demand that somebody forgot, but a mistake that lets nothing through.
    for entry in ["localhost/*", "\"*.example.com\"", "localhost/charts/shop:1.0.0", "oci://localhost", "a b"] {
        demand(&sandbox, "plimsoll.yaml", &format!("{entry}: {{ verify: [ours.pub] }}"));
        refuse(&sandbox, &format!("pull {reference} -d pulled"), 2, "cannot be read for certain");
        let checked = run(&sandbox, "check shop --format json", "");
        assert_eq!(checked.rules(), ["workspace/registry"], "{entry}: {}", checked.stderr);
    }
    std::fs::remove_file(sandbox.path("plimsoll.yaml")).expect("was there");

    // A copy heeds the workspace that is named in place of the one found.
    let copy = format!("push {reference} oci://localhost:{port}/copies");
    demand(&sandbox, "elsewhere/plimsoll.yaml", "\"*\": { verify: [../ours.pub] }");
    refuse(&sandbox, &format!("{copy} --config elsewhere/plimsoll.yaml"), 2, "is not signed by this key");
    refuse(&sandbox, &format!("{copy} --config nowhere.yaml"), 2, "nowhere.yaml");
    refuse(&sandbox, &format!("{copy} --profile nonsense"), 2, "nonsense");
    refuse(&sandbox, &format!("pull oci://localhost:{port}/copies/shop -d pulled"), 2, "there is no ");
    sign(&sandbox, &format!("sign {reference} --key ours.key"));
    let copied = succeed(&sandbox, &format!("{copy} --config elsewhere/plimsoll.yaml --profile default"));
    assert!(copied.stdout.starts_with("pushed oci://"), "{}", copied.stdout);
    assert!(!sandbox.path("pulled").exists());
}

#[test]
fn what_a_signer_signed_stands_for_nothing_else() {
    let Some(server) = Server::start(Kind::Referrers, Asks::Nothing, false) else { return };
    let (host, sandbox) = (&server.host, sandbox());
    if !keys(&sandbox, "ours") {
        return;
    }
    succeed(&sandbox, &format!("push shop oci://{host}/charts"));
    sign(&sandbox, &format!("sign oci://{host}/charts/shop:1.0.0+b.1 --key ours.key"));
    let copy = |to: &str| {
        let (from, to) = (format!("{host}/charts/shop:1.0.0_b.1"), format!("{host}/charts/{to}"));
        let flags = ["cp", "--recursive", "--from-plain-http", "--to-plain-http", &from, &to];
        let (success, told) = peer(&sandbox, "PLIMSOLL_TEST_ORAS", &flags)?;
        assert!(success, "{told}");
        Some(())
    };
    if copy("till:1.0.0_b.1").and_then(|()| copy("shop:2.0.0")).is_none() {
        return;
    }
    for (reference, told) in [
        (format!("oci://{host}/charts/till:1.0.0+b.1"), "it names till, and the chart is shop"),
        (format!("oci://{host}/charts/shop:2.0.0"), "the tag says 2.0.0, and the chart 1.0.0+b.1"),
    ] {
        succeed(&sandbox, &format!("verify {reference} --key ours.pub"));
        refuse(&sandbox, &format!("pull {reference} --verify ours.pub -d pulled"), 2, told);
        refuse(&sandbox, &format!("render {reference}"), 2, told);
    }
    for (name, version, told) in
        [("till", "1.0.0+b.1", "it names till, and the chart is shop"), ("shop", "2.0.0", "the tag says 2.0.0")]
    {
        sandbox.write(
            "parent/Chart.yaml",
            format!("apiVersion: plimsoll.dev/v1\nname: parent\nversion: 1.0.0\ndependencies: [{{ name: {name}, version: {version}, repository: \"oci://{host}/charts\" }}]\n"),
        );
        refuse(&sandbox, "deps update parent --verify ours.pub", 2, told);
    }
    assert!(!sandbox.path("pulled").exists() && !sandbox.path("parent/charts").exists());
}

#[test]
fn helm_gets_what_was_held_against_its_digest() {
    let Some(server) = Server::start(Kind::Referrers, Asks::Nothing, false) else { return };
    if given("PLIMSOLL_TEST_HELM").is_none() {
        return;
    }
    let (host, sandbox) = (&server.host, sandbox());
    succeed(&sandbox, &format!("push hc oci://{host}/charts --skip-checks"));
    let render = format!("render oci://{host}/charts/hc:0.1.0+b.1");
    let digest = succeed(&sandbox, &format!("show digest oci://{host}/charts/hc:0.1.0+b.1")).stdout;
    let hex = digest.trim_end().trim_start_matches("sha256:").to_owned();
    // Where the archive would lie, somebody put a chart that nobody can write over.
    let cached = format!("home/.cache/plimsoll/blobs/sha256/{hex}.tgz");
    std::fs::remove_file(sandbox.path(&cached)).expect("was kept");
    for (name, text) in HELM {
        sandbox.write(&name.replace("hc", &cached), text.replace("  a: ", "  evil: "));
    }
    let rendered = succeed(&sandbox, &render).stdout;
    assert!(rendered.contains("  a: \"1\"") && !rendered.contains("evil"), "{rendered}");
    // So does it where there is no cache at all, and what helm says names the chart as it was named.
    sandbox.write("no-folder", "");
    let variables = [("HOME", "/nowhere"), ("PLIMSOLL_CACHE", "no-folder")];
    let path = format!(
        "{}:{}",
        given("PLIMSOLL_TEST_HELM").unwrap_or_default().trim_end_matches("/helm"),
        std::env::var("PATH").unwrap_or_default()
    );
    let rendered = sandbox.run_with(&render, "", &[&variables[..], &[("PATH", &path)]].concat());
    assert!(rendered.code == 0 && rendered.stdout == succeed(&sandbox, &render).stdout, "{}", rendered.stderr);
}

#[test]
fn repositories_behind_an_index_are_bound_too() {
    let sandbox = sandbox();
    succeed(&sandbox, "package hc --skip-checks -d served/stable");
    let index = "apiVersion: v1\nentries:\n  hc:\n  - { apiVersion: v2, name: hc, version: 0.1.0+b.1, urls: [hc-0.1.0+b.1.tgz] }\n";
    sandbox.write("served/stable/index.yaml", index);
    let served = serve(sandbox.path("served"));
    let host = served.trim_start_matches("http://");
    sandbox.write("ours.pub", "");
    let parent = |path: &str| {
        let dependency = format!("{{ name: hc, version: 0.1.0+b.1, repository: \"{served}/{path}\" }}");
        sandbox.write(
            "parent/Chart.yaml",
            format!("apiVersion: v2\nname: parent\nversion: 1.0.0\ndependencies: [{dependency}]\n"),
        );
    };
    parent("stable");
    demand(&sandbox, "plimsoll.yaml", &format!("{host}/charts: {{ verify: [ours.pub] }}"));
    succeed(&sandbox, "deps update parent");
    for (entry, path) in [
        ("\"*\"".to_owned(), "stable"),
        (host.to_owned(), "stable"),
        (format!("{host}/stable"), "%73table/"),
        (format!("{host}/stable"), "other/..//stable"),
    ] {
        parent(path);
        demand(&sandbox, "plimsoll.yaml", &format!("{entry}: {{ verify: [ours.pub] }}"));
        let lines = ["deps update parent", "deps update parent --offline", "deps build parent"];
        // What is locked fits only as it was written then.
        for line in &lines[..if path == "stable" { 3 } else { 2 }] {
            let Run { code, stderr, .. } = run(&sandbox, line, "");
            assert!(code == 2 && stderr.contains("the dependency `hc` cannot be verified"), "{entry} {path}: {stderr}");
            assert!(stderr.contains(&format!("`registries: {{ \"{host}\": {{}} }}`")), "{stderr}");
        }
    }
    parent("stable");
    demand(&sandbox, "plimsoll.yaml", &format!("\"*\": {{ verify: [ours.pub] }}\n  \"{host}\": {{}}"));
    succeed(&sandbox, "deps update parent");
}

#[test]
fn one_signature_that_is_kept_back_hides_no_other() {
    let Some(server) = Server::start(Kind::Referrers, Asks::Nothing, false) else { return };
    let (host, sandbox) = (&server.host, sandbox());
    if !keys(&sandbox, "ours") || !keys(&sandbox, "other") {
        return;
    }
    let pushed = succeed(&sandbox, &format!("push shop oci://{host}/charts")).stdout;
    let digest = pushed.lines().nth(1).expect("a digest").to_owned();
    let image = format!("{host}/charts/shop@{digest}");
    let listed = || {
        let flags = ["discover", "--plain-http", "--format", "json", &image];
        let (success, told) = peer(&sandbox, "PLIMSOLL_TEST_ORAS", &flags)?;
        assert!(success, "{told}");
        let listed: serde_json::Value = serde_json::from_str(&told).expect("is JSON");
        let entries = listed["referrers"].as_array().expect("a list").iter();
        Some(entries.map(|entry| entry["digest"].as_str().expect("a digest").to_owned()).collect::<Vec<_>>())
    };
    sign(&sandbox, &format!("sign oci://{image} --key other.key"));
    let Some(theirs) = listed() else { return };
    sign(&sandbox, &format!("sign oci://{image} --key ours.key"));
    // The older form's tag is kept back with it.
    let through = |status: u16| {
        let kept_back = [theirs[0].clone(), format!("{}.sig", digest.replace(':', "-"))];
        proxy(host.clone(), String::new(), move |head| {
            kept_back.iter().any(|name| head.contains(name.as_str())).then_some(Fault::Status(status))
        })
    };
    let verify = |status: u16, key: &str| format!("verify oci://{}/charts/shop@{digest} --key {key}", through(status));
    for status in [403, 500] {
        succeed(&sandbox, &verify(status, "ours.pub"));
    }
    // Whether the other one signed, nobody can tell.
    let told = "is not signed by this key, as far as can be told: 127.0.0.1";
    refuse(&sandbox, &verify(403, "other.pub"), 2, told);
    refuse(&sandbox, &format!("{} --require-check default", verify(403, "other.pub")), 2, "as far as can be told");

    // Nobody is kept busy by heaps of signatures.
    succeed(&sandbox, "package shop --version 2.0.0 --skip-checks");
    let pushed = succeed(&sandbox, &format!("push shop-2.0.0.tgz oci://{host}/charts")).stdout;
    let digest = pushed.lines().nth(1).expect("a digest");
    let layer = serde_json::json!({
        "mediaType": "application/vnd.dev.cosign.simplesigning.v1+json", "digest": format!("sha256:{}", "0".repeat(64)),
        "size": 2_000_000, "annotations": { "dev.cosignproject.cosign/signature": "AAAA" },
    });
    let manifest = serde_json::json!({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": layer, "layers": vec![layer.clone(); 201],
    });
    sandbox.write("heap.json", manifest.to_string());
    let named = format!("{host}/charts/shop:{}.sig", digest.replace(':', "-"));
    let flags = ["manifest", "push", "--plain-http", &named, "heap.json"];
    let (success, told) = peer(&sandbox, "PLIMSOLL_TEST_ORAS", &flags).expect("is there");
    assert!(success, "{told}");
    let line = format!("verify oci://{host}/charts/shop@{digest} --key ours.pub");
    refuse(&sandbox, &line, 1, "there are more than 200 classic signatures");
}
