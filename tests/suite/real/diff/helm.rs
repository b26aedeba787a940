//! Helm charts, compared with what they were at a revision.

use crate::sandbox::Sandbox;

#[test]
fn helm_charts_are_rendered_as_they_were() {
    let Some(helm) = super::given("PLIMSOLL_TEST_HELM") else { return };
    let sandbox = Sandbox::new(&[]);
    let template = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\ndata:\n  a: {{ .Values.a | quote }}\n  b: {{ .Values.b | quote }}\n  c: {{ include \"c\" . }}\n";
    for (name, text) in [
        ("charts/hc/Chart.yaml", "apiVersion: v2\nname: hc\nversion: 0.1.0\n"),
        ("charts/hc/values.yaml", "a: 1\nb: 1\nc: 1\n"),
        ("charts/hc/environments/prod.yaml", "b: 2\n"),
        ("charts/hc/templates/a.yaml", template),
        ("charts/hc/templates/_c.tpl", "{{ define \"c\" }}old{{ end }}"),
        (
            "plimsoll.yaml",
            "apiVersion: plimsoll.dev/v1\nenvironments: { prod: {} }\nreleases: [{ name: one, chart: ./charts/hc, values: [one.yaml] }]\n",
        ),
        ("one.yaml", "a: 5\n"),
    ] {
        sandbox.write(name, text);
    }
    for line in ["init -q", "add .", "commit -q -m one"] {
        sandbox.git(line);
    }
    sandbox.write("charts/hc/environments/prod.yaml", "b: 3\n");
    sandbox.write("charts/hc/templates/_c.tpl", "{{ define \"c\" }}new{{ end }}");
    sandbox.write("one.yaml", "a: 6\n");
    std::fs::create_dir(sandbox.path("tmp")).expect("can be made");
    let path = format!("{}:{}", helm.trim_end_matches("/helm"), std::env::var("PATH").unwrap_or_default());
    let temporary = sandbox.path("tmp").display().to_string();
    let run = |line: &str| {
        sandbox.run_with(line, "", &[("PATH", path.as_str()), ("TMPDIR", &temporary), ("HOME", &temporary)])
    };
    let told = run("diff charts/hc -e prod --against git:HEAD");
    assert_eq!(told.code, 1, "{}{}", told.stdout, told.stderr);
    assert_eq!(
        told.stdout,
        "one in prod, against the revision `HEAD`
~ ConfigMap one  # charts/hc/templates/a.yaml:1
    ~ data.a: \"5\" → \"6\"  # charts/hc/templates/a.yaml:1
    ~ data.b: \"2\" → \"3\"  # charts/hc/templates/a.yaml:1
    ~ data.c: old → new  # charts/hc/templates/a.yaml:1
1 changed, 0 unchanged
"
    );
    // What flags name is read as it is now.
    let told = run("diff charts/hc -f one.yaml --against git:HEAD --format json");
    assert_eq!(told.code, 1, "{}{}", told.stdout, told.stderr);
    sandbox.write("charts/hc/templates/a.yaml", template.replace("| quote", "| oops"));
    sandbox.git("add .");
    sandbox.git("commit -q -m broken");
    sandbox.write("charts/hc/templates/a.yaml", template);
    let broken = run("diff charts/hc -e prod --against git:HEAD");
    assert!(broken.code == 2 && broken.stderr.contains("function \"oops\" not defined"), "{}", broken.stderr);
    assert!(!broken.stderr.contains(&temporary), "the temporary place means nothing to anybody: {}", broken.stderr);
    let left: Vec<_> = std::fs::read_dir(sandbox.path("tmp")).expect("is there").filter_map(Result::ok).collect();
    let left: Vec<_> = left.iter().map(|entry| entry.file_name().into_string().unwrap_or_default()).collect();
    assert!(!left.iter().any(|name| name.starts_with("plimsoll")), "{left:?} is left");
}
