//! The examples that the commands' help ends with.

use clap::Command;

/// Commands, and what people type: a command line, and what it does.
const EXAMPLES: &[(&str, &[(&str, &str)])] = &[
    (
        "",
        &[
            ("plimsoll init shop", "write a new chart to the folder shop"),
            ("plimsoll check", "check the workspace, or all charts and manifests below this folder"),
            (
                "plimsoll render shop -e prod --show-origin",
                "see what an environment gives, and where each line is written",
            ),
            ("plimsoll explain latest-tag", "read why a rule objects, and what to write instead"),
        ],
    ),
    (
        "check",
        &[
            ("plimsoll check shop", "check a chart in every environment that it declares"),
            ("plimsoll check shop -e prod --profile strict", "hold one environment against stricter rules"),
            (
                "plimsoll check k8s --kubernetes-version 1.33 --kubernetes-version 1.34",
                "prove manifests for two versions",
            ),
            ("kustomize build . | plimsoll check -", "check what another tool renders"),
            ("plimsoll check --fail-on warning --format json=findings.json", "fail on warnings, and keep the findings"),
        ],
    ),
    (
        "validate",
        &[
            ("plimsoll validate k8s", "hold manifests against the API, without rules"),
            (
                "plimsoll validate shop --crds crds --strict-kinds",
                "know custom resources, and insist on their definitions",
            ),
        ],
    ),
    (
        "lint",
        &[
            ("plimsoll lint shop --profile pss-restricted", "judge by the Pod Security Standards"),
            ("plimsoll lint k8s --rule latest-tag --rule missing-liveness-probe", "judge by two rules only"),
        ],
    ),
    (
        "fix",
        &[
            ("plimsoll fix --diff", "look at what the safe fixes would change"),
            ("plimsoll fix shop", "make them, in templates and values, proved in every environment"),
            ("plimsoll fix k8s --unsafe --rule missing-cpu-request", "begin with an amount, to be judged by a person"),
            ("kustomize build . | plimsoll fix -", "print the fixed text of another tool's"),
        ],
    ),
    (
        "render",
        &[
            ("plimsoll render shop -e prod", "print the manifests of an environment"),
            ("plimsoll render shop --show-only templates/web.yaml --show-origin", "see where each line is written"),
            ("plimsoll render shop -e dev --set web.replicas=3 --output-dir out", "write the files into a folder"),
        ],
    ),
    (
        "apply",
        &[
            ("plimsoll apply shop -e prod --dry-run", "ask the cluster what would change"),
            ("plimsoll apply shop -e prod --timeout 10m --rollback-on-failure", "apply, and go back where it fails"),
            ("plimsoll apply k8s --name tools -n tools --create-namespace", "apply plain manifests as a release"),
            ("plimsoll apply -e dev", "apply the workspace's releases, each after those that it needs"),
        ],
    ),
    ("rollback", &[("plimsoll rollback shop 3 -n shop", "bring back what revision 3 applied")]),
    ("status", &[("plimsoll status shop -n shop", "see how each object is, and what others changed")]),
    ("uninstall", &[("plimsoll uninstall shop -n shop --dry-run", "see what would be deleted")]),
    (
        "test",
        &[
            ("plimsoll test shop", "run the chart's tests in every environment"),
            ("plimsoll test shop/tests/web.yaml -e prod --filter replicas", "run some of them"),
            ("plimsoll test shop --update", "store what the chart gives now as its snapshots"),
        ],
    ),
    (
        "values",
        &[
            ("plimsoll values shop -e prod", "see the merged values, each with its file and line"),
            ("plimsoll values shop web.image --set web.image.tag=2.0.0", "see some of them, with a flag laid over"),
        ],
    ),
    ("rules", &[("plimsoll rules", "list all rules"), ("plimsoll rules --profile strict", "list those of a profile")]),
    (
        "explain",
        &[("plimsoll explain missing-liveness-probe", "reasons, parameters, and manifests that fail and pass")],
    ),
    (
        "crds",
        &[
            ("plimsoll crds pull --output-dir crds", "take all definitions from the current context's cluster"),
            ("plimsoll crds pull certificates.cert-manager.io --context prod", "take one from another cluster"),
        ],
    ),
    ("init", &[("plimsoll init shop", "write a new chart to the folder shop")]),
    ("package", &[("plimsoll package shop", "check the chart, and write its archive into this folder")]),
    ("show", &[("plimsoll show values shop", "print values.yaml with its comments")]),
    (
        "deps",
        &[
            ("plimsoll deps update shop", "choose versions by Chart.yaml, fetch them, and write Chart.lock"),
            ("plimsoll deps build shop --offline", "take what Chart.lock names out of the cache"),
        ],
    ),
    (
        "push",
        &[
            (
                "plimsoll push shop oci://registry.example.com/charts",
                "check, package and push the chart as its version",
            ),
            (
                "plimsoll push shop oci://registry.example.com/charts --attest --key cosign.key",
                "attach the report of the check, signed",
            ),
            (
                "plimsoll push shop oci://registry.example.com/manifests/shop --rendered -e prod",
                "push what the chart gives in prod, for Flux to pull",
            ),
        ],
    ),
    (
        "pull",
        &[
            (
                "plimsoll pull oci://registry.example.com/charts/shop --version ^1.2",
                "pull the newest version of a range",
            ),
            (
                "plimsoll pull oci://registry.example.com/charts/shop:1.2.0 --verify cosign.pub",
                "pull it only if it is signed",
            ),
        ],
    ),
    ("tags", &[("plimsoll tags oci://registry.example.com/charts/shop", "list the versions, the newest first")]),
    ("login", &[("plimsoll login registry.example.com --username me", "log in by the password on standard input")]),
    ("logout", &[("plimsoll logout registry.example.com", "forget the credentials")]),
    ("sign", &[("plimsoll sign oci://registry.example.com/charts/shop:1.2.0 --key cosign.key", "sign as cosign does")]),
    (
        "verify",
        &[
            ("plimsoll verify oci://registry.example.com/charts/shop:1.2.0 --key cosign.pub", "demand a signature"),
            (
                "plimsoll verify oci://registry.example.com/charts/shop:1.2.0 --key cosign.pub --require-check strict",
                "demand a signed report that check passed",
            ),
        ],
    ),
];

/// Ends the help of a command line and of its subcommands with examples.
pub(super) fn add(command: Command) -> Command {
    let end = |command: Command, name: &str| match EXAMPLES.iter().find(|(known, _)| *known == name) {
        Some((_, examples)) => command.after_help(text(examples)),
        None => command,
    };
    end(command, "").mut_subcommands(|command| {
        let name = command.get_name().to_owned();
        end(command, &name)
    })
}

fn text(examples: &[(&str, &str)]) -> String {
    let lines = examples.iter().map(|(line, does)| format!("  # {does}\n  {line}"));
    format!("Examples:\n{}", lines.collect::<Vec<_>>().join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::CommandLine;
    use clap::CommandFactory;

    /// Examples are command lines that exist. What leads to a pipe is another program's.
    #[test]
    fn every_example_is_understood() {
        let mut found = 0;
        for (name, examples) in EXAMPLES {
            let known = name.is_empty() || CommandLine::command().find_subcommand(name).is_some();
            // Some commands are left out of a build without their feature.
            for (line, _) in examples.iter().filter(|_| known) {
                let line = line.rsplit("| ").next().unwrap_or_default();
                let parsed = CommandLine::command().try_get_matches_from(line.split_whitespace());
                assert!(parsed.is_ok(), "{line}: {}", parsed.err().map(|error| error.to_string()).unwrap_or_default());
                found += 1;
            }
        }
        assert!(found > 20, "{found}");
    }
}
