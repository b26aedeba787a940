//! Charts in archives, wherever a path may lead to a chart.

use crate::sandbox::Sandbox;
use flate2::Compression;
use flate2::write::GzEncoder;

const CHART: (&str, &str) = ("shop/Chart.yaml", "apiVersion: plimsoll.dev/v1\nname: shop\nversion: 1.0.0\n");
const WEB: (&str, &str) = (
    "shop/templates/web.yaml",
    "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\ndata:\n  greeting: {{ values.greeting }}\n",
);
const VALUES: (&str, &str) = ("shop/values.yaml", "greeting: hello\n");

/// Packs files as any `tar` would, in the order given.
fn tgz(files: &[(&str, &str)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    for (name, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, text.as_bytes()).expect("memory can be written");
    }
    tar.into_inner().and_then(GzEncoder::finish).expect("memory can be written")
}

#[test]
fn an_archive_is_a_chart_like_its_folder() {
    let prod = ("shop/environments/prod.yaml", "greeting: good day\ngreting: hm\n");
    let sandbox = Sandbox::new(&[]);
    sandbox.write("out/shop-1.0.0.tgz", tgz(&[CHART, VALUES, WEB, prod]));
    let run = sandbox.run("validate out/shop-1.0.0.tgz --format json");
    assert_eq!((run.code, run.rules()), (1, vec!["values/unknown-key".to_owned()]), "{}", run.stderr);
    assert_eq!(run.json()["findings"][0]["file"], "out/shop-1.0.0.tgz!environments/prod.yaml");
    let shown = sandbox.run("render out/shop-1.0.0.tgz --show-origin").stdout;
    assert!(shown.contains("out/shop-1.0.0.tgz!templates/web.yaml:6 |   greeting: hello"), "{shown}");
    let values = sandbox.run("values out/shop-1.0.0.tgz").stdout;
    assert_eq!(values, "greeting: hello  # out/shop-1.0.0.tgz!values.yaml:1\n");
    sandbox.write(
        "plimsoll.yaml",
        "apiVersion: plimsoll.dev/v1\nreleases:\n  - {name: front, chart: out/shop-1.0.0.tgz}\n",
    );
    assert!(sandbox.run("validate").stdout.contains("checked front in prod: 1 object"));
    assert!(sandbox.run("validate out/shop-1.0.0.tgz").stdout.contains("checked front in prod: 1 object"));
}

#[test]
fn packed_subcharts_render_with_their_parent() {
    let inner = tgz(&[
        ("db/Chart.yaml", "apiVersion: plimsoll.dev/v1\nname: db\nversion: 1.0.0\n"),
        ("db/values.yaml", "size: 1\nold: x\n"),
        (
            "db/templates/db.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: db}\ndata:\n  size: {{ values.size|string }}\n  old: {{ values.old|default('gone') }}\ndat: {}\n",
        ),
    ]);
    let sandbox = Sandbox::new(&[CHART, WEB, ("shop/values.yaml", "greeting: hello\ndb: {size: 3, old: null}\n")]);
    sandbox.write("shop/charts/db-1.0.0.tgz", inner);
    let rendered = sandbox.run("render shop").stdout;
    assert!(rendered.contains("size: \"3\"\n  old: gone"), "{rendered}");
    let run = sandbox.run("validate shop --rule schema/unknown-field --format json");
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert_eq!(run.json()["findings"][0]["file"], "shop/charts/db-1.0.0.tgz!templates/db.yaml");
}

#[test]
fn archives_that_could_hurt_end_with_2_and_name_the_entry() {
    let sandbox = Sandbox::new(&[CHART, VALUES, WEB]);
    sandbox.write("evil.tgz", tgz(&[CHART, ("shop/CHART.yaml", "x")]));
    let run = sandbox.run("check evil.tgz");
    assert_eq!(run.code, 2);
    assert_eq!(
        run.stderr,
        "error: the archive `evil.tgz` is refused: the entry `shop/CHART.yaml` differs only by case from `Chart.yaml`, which is the same file on some systems\n"
    );
    sandbox.write("shop/charts/db-1.0.0.tgz", b"no archive");
    for line in ["check shop", "render shop", "values shop"] {
        let run = sandbox.run(line);
        assert_eq!(run.code, 2, "{line}");
        assert!(
            run.stderr.contains("the archive `shop/charts/db-1.0.0.tgz` is refused: it cannot be read"),
            "{}",
            run.stderr
        );
    }
    sandbox.write("latin.tgz", {
        let mut bytes = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
        let mut add = |name: &str, text: &[u8]| {
            let mut header = tar::Header::new_gnu();
            header.set_size(text.len() as u64);
            bytes.append_data(&mut header, name, text).expect("memory can be written");
        };
        add(CHART.0, CHART.1.as_bytes());
        add("shop/templates/a.yaml", b"a: \xe9\n");
        bytes.into_inner().and_then(GzEncoder::finish).expect("memory can be written")
    });
    let run = sandbox.run("check latin.tgz");
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("`latin.tgz!templates/a.yaml` is not UTF-8: byte 3"), "{}", run.stderr);
}

#[test]
fn packed_helm_charts_are_rendered_by_helm() {
    let Some(helm) = std::env::var_os("PLIMSOLL_TEST_HELM") else { return };
    let folder = std::path::Path::new(&helm).parent().expect("lies in a folder").to_string_lossy().into_owned();
    let template = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\ndat: {}\ndata:\n  a: {{ .Values.a | quote }}\n";
    let sandbox = Sandbox::new(&[]);
    sandbox.write(
        "hc-0.1.0.tgz",
        tgz(&[
            ("hc/Chart.yaml", "apiVersion: v2\nname: hc\nversion: 0.1.0\n"),
            ("hc/templates/a.yaml", template),
            ("hc/values.yaml", "a: 1\n"),
            ("hc/environments/prod.yaml", "a: 2\n"),
        ]),
    );
    let with_helm = [("PATH", folder.as_str())];
    let run = sandbox.run_with("validate hc-0.1.0.tgz --format json", "", &with_helm);
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert_eq!(run.json()["findings"][0]["file"], "hc-0.1.0.tgz!templates/a.yaml");
    let rendered = sandbox.run_with("render hc-0.1.0.tgz -e prod", "", &with_helm).stdout;
    assert!(rendered.contains("a: \"2\""), "the environment inside the archive reaches helm: {rendered}");
}
