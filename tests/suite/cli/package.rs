//! `package` and `show`: archives that are the same wherever they are made, and that helm reads.

use crate::sandbox::Sandbox;
use std::io::Read as _;
use std::process::Command;

const CHART: (&str, &str) =
    ("shop/Chart.yaml", "apiVersion: plimsoll.dev/v1\nname: shop\nversion: 1.0.0 # bumped by hand\n");
const FILES: [(&str, &str); 9] = [
    ("shop/values.yaml", "greeting: hello\nweb: { password: hunter2 }\n"),
    ("shop/environments/dev.yaml", "greeting: hi\n"),
    ("shop/environments/prod.yaml", "greeting: good day\nweb: { password: hunter3 }\n"),
    (
        "shop/templates/web.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\ndata:\n  greeting: {{ values.greeting }}\n  login: {{ values.web.password | length | string }}\n",
    ),
    ("shop/templates/_helpers.yaml", ""),
    ("shop/templates-old.md", "not a template\n"),
    ("shop/README.md", "# Shop\n"),
    ("shop/.helmignore", "*.bak\n"),
    ("shop/notes.bak", "left out\n"),
];

/// Gives the entries of an archive: names and modes, and what they hold.
fn entries(bytes: &[u8]) -> Vec<(String, u32, String)> {
    let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(bytes));
    let read = |entry: std::io::Result<tar::Entry<'_, _>>| {
        let mut entry = entry.expect("can be read");
        let mut text = String::new();
        entry.read_to_string(&mut text).expect("is text");
        (entry.path().expect("a path").display().to_string(), entry.header().mode().expect("a mode"), text)
    };
    tar.entries().expect("can be read").map(read).collect()
}

#[test]
fn a_package_is_the_same_wherever_it_is_made() {
    let shop: Vec<_> = FILES.iter().copied().chain([CHART]).collect();
    let mut digests = std::collections::HashSet::new();
    let mut seed: u32 = 7;
    for build in 0..50 {
        // The files are made in another order, with other modes and times, in a folder of another name.
        let mut order = shop.clone();
        for at in (1..order.len()).rev() {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            order.swap(at, seed as usize % (at + 1));
        }
        let sandbox = Sandbox::new(&[]);
        let folder = format!("folder-{build}");
        for (name, text) in order {
            sandbox.write(&name.replace("shop/", &format!("{folder}/")), text);
        }
        let umask = ["000", "022", "077", "027"][build % 4];
        let zone = ["UTC", "Asia/Kathmandu", "America/St_Johns"][build % 3];
        let clock = format!("{}-0{}-11 0{}:17", 1999 + build, build % 9 + 1, build % 10);
        let script = format!(
            "umask {umask}; find . -type f -exec touch -d '{clock}' {{}} +; chmod -R {}rw {folder}; exec \"$0\" package {folder} -d out",
            ["u+", "go-", "a+", "ug+"][build % 4]
        );
        let output = Command::new("sh")
            .args(["-c", &script, env!("CARGO_BIN_EXE_plimsoll")])
            .current_dir(sandbox.path(""))
            .envs([("TZ", zone), ("LC_ALL", ["C", "de_DE.UTF-8"][build % 2])])
            .env_remove("SOURCE_DATE_EPOCH")
            .output()
            .expect("sh runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let told = String::from_utf8(output.stdout).expect("is text");
        let (file, digest) = told.split_once('\n').expect("two lines");
        assert_eq!(file, "wrote out/shop-1.0.0.tgz");
        digests.insert(digest.to_owned());
        let shown = sandbox.run(&format!("show digest {folder}")).stdout;
        assert_eq!(shown, digest, "the digest of the folder is that of its package");
        assert_eq!(sandbox.run("show digest out/shop-1.0.0.tgz").stdout, digest);
    }
    assert_eq!(digests.len(), 1, "{digests:?}");
}

#[test]
fn a_package_holds_what_belongs_to_the_chart() {
    let sandbox = Sandbox::new(&FILES);
    sandbox.write(CHART.0, CHART.1);
    sandbox.write("shop/shop-0.9.0.tgz", "an older package, left here");
    assert_eq!(sandbox.run("package shop").code, 0);
    let bytes = std::fs::read(sandbox.path("shop-1.0.0.tgz")).expect("was written");
    let names: Vec<_> = entries(&bytes).into_iter().map(|(name, mode, _)| format!("{name} {mode:o}")).collect();
    assert_eq!(
        names,
        [
            "shop/Chart.yaml 644",
            "shop/values.yaml 644",
            "shop/templates/_helpers.yaml 644",
            "shop/templates/web.yaml 644",
            "shop/.helmignore 644",
            "shop/README.md 644",
            "shop/environments/dev.yaml 644",
            "shop/environments/prod.yaml 644",
            "shop/templates-old.md 644",
        ]
    );
    let other = sandbox.run_with("package shop -d out", "", &[("SOURCE_DATE_EPOCH", "1700000000")]);
    assert_eq!(other.code, 0);
    let later = std::fs::read(sandbox.path("out/shop-1.0.0.tgz")).expect("was written");
    assert_ne!(later, bytes);
    let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(&later[..]));
    let times: Vec<_> = tar
        .entries()
        .expect("can be read")
        .map(|entry| entry.expect("an entry").header().mtime().expect("a time"))
        .collect();
    assert!(times.iter().all(|time| *time == 1_700_000_000), "{times:?}");
    let bad = sandbox.run_with("package shop", "", &[("SOURCE_DATE_EPOCH", "yesterday")]);
    assert_eq!(
        (bad.code, bad.stderr.lines().next()),
        (2, Some("error: SOURCE_DATE_EPOCH is `yesterday`, which is no time"))
    );
    let rendered = (sandbox.run("render shop -e prod").stdout, sandbox.run("render shop-1.0.0.tgz -e prod").stdout);
    assert_eq!(rendered.0, rendered.1);
}

#[test]
fn versions_are_overridden_in_the_package_alone() {
    let sandbox = Sandbox::new(&FILES);
    sandbox.write(CHART.0, CHART.1);
    let run = sandbox.run("package shop --version 2.0.0-rc.1+build.5 --app-version 3.1");
    assert_eq!(run.code, 0, "{}", run.stderr);
    let text = sandbox.run("show chart shop-2.0.0-rc.1+build.5.tgz").stdout;
    assert_eq!(
        text,
        "apiVersion: plimsoll.dev/v1\nname: shop\nversion: 2.0.0-rc.1+build.5 # bumped by hand\nappVersion: \"3.1\"\n"
    );
    assert_eq!(sandbox.read("shop/Chart.yaml"), CHART.1);
    assert_eq!(sandbox.run("package shop --version 2").code, 2);
}

#[test]
fn what_fails_its_checks_is_not_packaged_unless_asked() {
    let sandbox = Sandbox::new(&FILES);
    sandbox.write(CHART.0, CHART.1);
    sandbox.write("shop/environments/prod.yaml", "greting: hm\n");
    let run = sandbox.run("package shop");
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    assert!(run.stderr.contains("error[values/unknown-key]"), "{}", run.stderr);
    assert!(run.stderr.contains("`shop` is not packaged, because it has errors"), "{}", run.stderr);
    assert!(!sandbox.path("shop-1.0.0.tgz").exists());
    assert_eq!(sandbox.run("package shop --skip-checks").code, 0);
    assert!(sandbox.path("shop-1.0.0.tgz").exists());
    for (line, told) in [
        ("package shop-1.0.0.tgz", "is a package already"),
        ("package nowhere", "no such file or folder"),
        ("package", "holds no chart"),
    ] {
        let sandbox = if line == "package" { &Sandbox::new(&[]) } else { &sandbox };
        let run = sandbox.run(line);
        assert!(run.code == 2 && run.stderr.contains(told), "{line}: {}", run.stderr);
    }
    sandbox.write("shop/Chart.yaml", "apiVersion: plimsoll.dev/v1\nname: ../up\nversion: 1.0.0\n");
    assert_eq!(sandbox.run("package shop --skip-checks").code, 2, "a name that leads out of the folder");
}

#[test]
fn a_chart_is_shown_from_its_folder_and_its_package() {
    let sandbox = Sandbox::new(&FILES);
    sandbox.write("shop/Chart.yaml", "apiVersion: plimsoll.dev/v1\nname: shop\nversion: 1.0.0\ndependencies:\n  - { name: db, version: ^1.0.0, repository: \"file://../db\" }\n");
    sandbox.write("shop/charts/db/Chart.yaml", "apiVersion: plimsoll.dev/v1\nname: db\nversion: 1.2.3\n");
    sandbox.write(
        "shop/crds/a.yaml",
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: { name: a }\n",
    );
    assert_eq!(sandbox.run("package shop --skip-checks").code, 0);
    for path in ["shop", "shop-1.0.0.tgz"] {
        let show = |what: &str| sandbox.run(&format!("show {what} {path}")).stdout;
        assert_eq!(show("values"), "greeting: hello\nweb: { password: ••• }\n", "{path}");
        assert_eq!(show("readme"), "# Shop\n");
        assert!(show("crds").starts_with("---\n# crds/a.yaml\napiVersion: apiextensions"), "{}", show("crds"));
        let environments = show("environments");
        assert!(
            environments.starts_with("---\n# environments/dev.yaml\ngreeting: hi\n---\n# environments/prod"),
            "{environments}"
        );
        assert!(!environments.contains("hunter"), "{environments}");
        assert_eq!(show("dependencies"), "NAME  VERSION  REPOSITORY    STATUS\ndb    ^1.0.0   file://../db  1.2.3\n");
    }
    let run = sandbox.run("show readme shop/charts/db");
    assert_eq!((run.code, run.stderr.as_str()), (2, "error: the chart at `shop/charts/db` has no readme\n"));
}

#[test]
fn helm_reads_our_packages_of_its_charts_and_refuses_native_ones() {
    let Some(helm) = std::env::var_os("PLIMSOLL_TEST_HELM") else { return };
    let folder = std::path::Path::new(&helm).parent().expect("lies in a folder").to_string_lossy().into_owned();
    let sandbox = Sandbox::new(&[
        (
            "hc/Chart.yaml",
            "apiVersion: v2\nname: hc\nversion: 0.1.0+b.1\ntype: application\ndependencies:\n  - { name: sub, version: 0.2.0 }\n",
        ),
        ("hc/values.yaml", "a: 1\n"),
        ("hc/values.schema.json", "{}"),
        ("hc/README.md", "# hc\n"),
        ("hc/a/b.txt", "b"),
        ("hc/a-b.txt", "ab"),
        (
            "hc/crds/c.yaml",
            "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: { name: cs.example.com }\nspec:\n  group: example.com\n  scope: Namespaced\n  names: { kind: C, plural: cs, singular: c, listKind: CList }\n  versions:\n    - { name: v1, served: true, storage: true, schema: { openAPIV3Schema: { type: object } } }\n",
        ),
        (
            "hc/templates/a.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\ndata:\n  a: {{ .Values.a | quote }}\n",
        ),
        ("hc/templates/NOTES.txt", "hello\n"),
        ("hc/environments/prod.yaml", "a: 2\n"),
        ("hc/charts/sub/Chart.yaml", "apiVersion: v2\nname: sub\nversion: 0.2.0\n"),
        ("hc/charts/sub/values.yaml", "b: 1\n"),
        ("hc/charts/sub/templates/b.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: sub\n"),
        ("hc/charts/sub/zz.txt", "z"),
    ]);
    sandbox.write(CHART.0, CHART.1);
    let helm = |arguments: &[&str]| {
        let output = Command::new(&helm).args(arguments).current_dir(sandbox.path("")).output().expect("helm runs");
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        (output.status.success(), text(&output.stdout), text(&output.stderr))
    };
    let run = sandbox.run_with("package hc -d ours --skip-checks", "", &[("PATH", folder.as_str())]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(helm(&["package", "hc", "-d", "theirs"]).0);
    let read = |path: &str| std::fs::read(sandbox.path(path)).expect("was written");
    let (ours, theirs) = (read("ours/hc-0.1.0+b.1.tgz"), read("theirs/hc-0.1.0+b.1.tgz"));
    let listed = |bytes: &[u8]| entries(bytes).into_iter().map(|(name, mode, _)| (name, mode)).collect::<Vec<_>>();
    assert_eq!(listed(&ours), listed(&theirs), "the order and the modes are Helm's");
    let comment = |bytes: &[u8]| {
        flate2::read::GzDecoder::new(bytes).header().and_then(|header| header.comment().map(<[u8]>::to_vec))
    };
    assert_eq!(comment(&ours), comment(&theirs));
    for arguments in [
        &["template", "r", "PACKAGE"][..],
        &["template", "r", "PACKAGE", "--include-crds", "--set", "a=5"],
        &["show", "chart", "PACKAGE"],
        &["show", "values", "PACKAGE"],
        &["show", "readme", "PACKAGE"],
        &["show", "crds", "PACKAGE"],
        &["lint", "PACKAGE"],
    ] {
        let with = |package: &str| {
            let arguments: Vec<_> = arguments.iter().map(|word| word.replace("PACKAGE", package)).collect();
            helm(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
        };
        let (one, other) = (with("ours/hc-0.1.0+b.1.tgz"), with("theirs/hc-0.1.0+b.1.tgz"));
        assert!(one.0, "{arguments:?}: {}{}", one.1, one.2);
        assert_eq!(one.1.replace("ours/", ""), other.1.replace("theirs/", ""), "{arguments:?}");
    }
    assert_eq!(sandbox.run_with("package shop --skip-checks", "", &[("PATH", folder.as_str())]).code, 0);
    for arguments in [&["template", "r", "shop-1.0.0.tgz"][..], &["lint", "shop-1.0.0.tgz"]] {
        assert!(!helm(arguments).0, "{arguments:?}");
    }
    assert!(helm(&["template", "r", "shop-1.0.0.tgz"]).2.contains("unsupported chart version"));
    // Both flavours check what they package; helm renders its own.
    let run = sandbox.run_with("package hc -d checked", "", &[("PATH", folder.as_str())]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(read("checked/hc-0.1.0+b.1.tgz"), ours);
}
