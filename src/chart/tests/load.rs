//! From files to a chart.

use super::page;
use crate::chart::{ChartType, Flavour};

#[test]
fn files_land_where_they_belong() {
    let page = page(
        "
-- Chart.yaml --
apiVersion: plimsoll.dev/v1
name: shop
version: 1.4.0
appVersion: \"2.8.1\"
type: library
maintainers: [{ name: Shop team }]
annotations: { a/b: c }
-- .helmignore --
*.md
-- README.md --
left out
-- templates/web.yaml --
-- templates/sub/api.yml --
-- templates/_helpers.yaml --
-- templates/nginx.conf --
-- templates/NOTES.txt --
-- templates/.hidden.yaml --
-- crds/a.yaml --
-- files/seed.sql --
-- environments/dev.yaml --
-- environments/prod.yaml --
",
    );
    let chart = page.chart();
    let paths = |texts: &[crate::chart::ChartText]| {
        texts.iter().map(|text| text.template_name().to_owned()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(paths(&chart.templates), "sub/api.yml web.yaml");
    assert_eq!(paths(&chart.partials), "_helpers.yaml nginx.conf");
    assert_eq!(paths(&chart.crds), "crds/a.yaml");
    assert!(chart.notes.is_some());
    assert_eq!(chart.files.iter().map(|file| file.path.as_str()).collect::<Vec<_>>(), ["files/seed.sql"]);
    assert_eq!(chart.environments.keys().collect::<Vec<_>>(), ["dev", "prod"]);
    assert_eq!((chart.flavour, chart.metadata.chart_type), (Flavour::Native, ChartType::Library));
    assert_eq!(chart.metadata.app_version.as_deref().map(String::as_str), Some("2.8.1"));
}

#[test]
fn each_mistake_in_chart_yaml_is_told_at_its_place() {
    for (text, expected) in [
        ("", "Chart.yaml:1:1 chart/api-version: Chart.yaml is empty; begin with `apiVersion: plimsoll.dev/v1`, `name` and `version`"),
        ("name: a", "Chart.yaml:1:1 chart/api-version: Chart.yaml needs `apiVersion`; write `apiVersion: plimsoll.dev/v1`, or `v2` for a chart of Helm's"),
        (
            "apiVersion: v3\nname: a",
            "Chart.yaml:1:13 chart/api-version: `v3` is no apiVersion of a chart; write `plimsoll.dev/v1`, or `v1` or `v2` for a chart of Helm's",
        ),
        (
            "apiVersion: plimsoll.dev/v1\nname: a\nversion: 1.10",
            "Chart.yaml:3:10 chart/type: `version` must be a string; a bare `1.10` is read as the number 1.1; quote it: `\"1.10\"`",
        ),
        (
            "apiVersion: plimsoll.dev/v1\nname: a\nversion: '1.2'",
            "Chart.yaml:3:10 chart/version: `1.2` is no semantic version: unexpected end of input while parsing minor version number; write `1.2.0`",
        ),
        ("apiVersion: v2\nname: a\nversion: '1.2'", ""),
        (
            "apiVersion: plimsoll.dev/v1\nname: a\nversion: 1.0.0\nappversion: x",
            "Chart.yaml:4:1 chart/unknown-key: Chart.yaml has no key `appversion`; did you mean `appVersion`?",
        ),
        (
            "apiVersion: v2\nname: a\nversion: 1.0.0\nappversion: x",
            "Chart.yaml:4:1 warning chart/unknown-key: Chart.yaml has no key `appversion`; did you mean `appVersion`?",
        ),
        (
            "apiVersion: plimsoll.dev/v1\ntype: libary\nkeywords: x",
            "\
Chart.yaml:1:1 chart/required: a chart needs `name`
Chart.yaml:1:1 chart/required: a chart needs `version`
Chart.yaml:2:7 chart/type: `libary` is no type of chart; did you mean `library`?
Chart.yaml:3:11 chart/type: `keywords` must be a list, not a string",
        ),
        (
            "apiVersion: plimsoll.dev/v1\nname: a\nversion: 1.0.0\ndependencies: [{name: b, import-values: []}, {name: b}]",
            "\
Chart.yaml:4:26 chart/unsupported: native charts do not know `import-values`; read the subchart's values in templates: `values.NAME.key`
Chart.yaml:4:53 chart/duplicate-dependency: two dependencies are called `b`; give one of them an `alias`
Chart.yaml:4:23 chart/missing-dependency: `charts/` has no chart `b`; fetch it with `plimsoll deps build`, or put the chart into `charts/b`",
        ),
    ] {
        assert_eq!(page(&format!("-- Chart.yaml --\n{text}\n")).findings(), expected, "{text}");
    }
}

#[test]
fn subcharts_of_the_other_engine_are_findings() {
    let page = page(
        "
-- charts/a/Chart.yaml --
apiVersion: v2
name: a
version: 1.0.0
-- charts/_off/Chart.yaml --
-- charts/README.md --
",
    );
    assert_eq!(
        page.findings(),
        "\
charts/a/Chart.yaml:1:1 chart/flavour: the subchart `a` is rendered by another engine than this chart; release it as a chart of its own, and name it in `needs`"
    );
}
