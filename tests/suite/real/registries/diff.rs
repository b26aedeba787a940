//! `diff --against` packages, as files and in a registry.

use super::server::{Asks, Kind, Server, given, run};
use super::{sandbox, succeed};

#[test]
fn charts_are_compared_with_their_packages() {
    let Some(server) = Server::start(Kind::Distribution, Asks::Nothing, false) else { return };
    let (host, sandbox) = (&server.host, sandbox());
    let helm = given("PLIMSOLL_TEST_HELM").is_some();
    let charts = if helm { "shop hc" } else { "shop" };
    succeed(&sandbox, &format!("package {charts} --skip-checks"));
    for package in ["shop-1.0.0+b.1.tgz", "hc-0.1.0+b.1.tgz"].iter().take(charts.split(' ').count()) {
        succeed(&sandbox, &format!("push {package} oci://{host}/charts"));
    }
    sandbox.write("shop/values.yaml", "greeting: bye\n");
    sandbox.write("hc/values.yaml", "a: 2\n");
    let references = |chart: &str, version: &str| {
        [
            format!("{chart}-{version}.tgz"),
            format!("oci://{host}/charts/{chart}"),
            format!("oci://{host}/charts/{chart}:{version}"),
        ]
    };
    for against in references("shop", "1.0.0+b.1") {
        let told = run(&sandbox, &format!("diff shop --against {against}"), "");
        assert_eq!(told.code, 1, "{}{}", told.stdout, told.stderr);
        assert_eq!(
            told.stdout,
            format!(
                "shop, against `{against}`
~ ConfigMap web  # shop/templates/web.yaml:1
    ~ data.greeting: hello → bye  # shop/values.yaml:1 greeting
1 changed, 0 unchanged
"
            )
        );
        succeed(&sandbox, &format!("diff shop -e prod --against {against}"));
        let back = run(&sandbox, &format!("diff {against} --against shop --format json"), "");
        let place = &back.json()["comparisons"][0]["objects"][0]["fields"][0]["newPlace"]["edit"];
        assert_eq!((back.code, &place["file"]), (1, &format!("{against}!values.yaml").into()), "{}", back.stderr);
    }
    for against in references("hc", "0.1.0+b.1").iter().filter(|_| helm) {
        let told = run(&sandbox, &format!("diff hc --against {against}"), "");
        assert_eq!(told.code, 1, "{}{}", told.stdout, told.stderr);
        assert!(told.stdout.contains("    ~ data.a: \"1\" → \"2\"  # hc/templates/a.yaml:1\n"), "{}", told.stdout);
    }
    for (against, says) in [
        (format!("oci://{host}/charts/none"), "there is no "),
        (format!("oci://{host}/charts/shop:9.9.9"), "there is no "),
        ("oci://127.0.0.1:1/charts/shop".to_owned(), "cannot reach"),
        ("none-1.0.0.tgz".to_owned(), "cannot read `none-1.0.0.tgz`"),
    ] {
        let told = run(&sandbox, &format!("diff shop --against {against}"), "");
        assert!(told.code == 2 && told.stderr.contains(says), "{against}: {}{}", told.stdout, told.stderr);
    }
}
