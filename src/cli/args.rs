//! Flags that several commands share.

use super::inputs::overrides::Overrides;
use crate::diagnostic::Severity;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Where the input is.
#[derive(Args, Debug, Default)]
pub(super) struct InputArgs {
    /// Charts, folders, files, or `-` for standard input; the workspace's releases, else the current folder, where none is given
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Leave out files and charts that match, as in .gitignore (repeatable)
    #[arg(long, value_name = "GLOB")]
    pub exclude: Vec<String>,
    /// Pass over named files that hold no object of Kubernetes, as in folders: for hooks that name every file that changed
    #[arg(long)]
    pub only_manifests: bool,
    /// Use this workspace file instead of the plimsoll.yaml found upwards
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Know custom resources by the definitions in this file or folder (repeatable)
    #[arg(long, value_name = "PATH")]
    pub crds: Vec<PathBuf>,
}

/// How strictly objects are validated.
#[derive(Args, Clone, Copy, Debug, Default)]
pub(super) struct StrictArgs {
    /// Make it an error when no schema is known for a custom resource
    #[arg(long)]
    pub strict_kinds: bool,
}

/// What is rendered, and for which environments.
#[derive(Args, Debug, Default)]
pub(super) struct ReleaseArgs {
    /// Only this environment (repeatable); all declared ones where none is given
    #[arg(short, long = "environment", value_name = "ENV")]
    pub environments: Vec<String>,
    #[command(flatten)]
    pub overrides: Overrides,
    /// The namespace of the release
    #[arg(short, long, value_name = "NAMESPACE")]
    pub namespace: Option<String>,
    /// The name of the release; the chart's where none is given
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Target this Kubernetes version, such as 1.34 (repeatable)
    #[arg(long = "kubernetes-version", value_name = "VERSION")]
    pub versions: Vec<String>,
}

impl ReleaseArgs {
    /// Tells whether any of its flags is given.
    #[cfg(feature = "oci")]
    pub(super) fn is_given(&self) -> bool {
        let Self { environments, overrides, namespace, name, versions } = self;
        let texts = namespace.is_some() || name.is_some();
        texts || !(environments.is_empty() && overrides.0.is_empty() && versions.is_empty())
    }
}

/// Which rules judge.
#[derive(Args, Debug, Default)]
pub(super) struct RuleArgs {
    /// Judge by this profile instead of the configured ones (repeatable)
    #[arg(long = "profile", value_name = "PROFILE")]
    pub profiles: Vec<String>,
    /// Judge by the policies in this file or folder too: rules, admission policies, Rego (repeatable)
    #[arg(long = "policy", value_name = "PATH")]
    pub policies: Vec<PathBuf>,
    #[command(flatten)]
    pub choice: ChoiceArgs,
}

/// Which findings are told.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct ChoiceArgs {
    /// Judge by this rule only (repeatable)
    #[arg(long = "rule", value_name = "RULE")]
    pub rules: Vec<String>,
    /// Leave this rule out (repeatable)
    #[arg(long = "skip", value_name = "RULE")]
    pub skipped: Vec<String>,
}

/// What is not told, though it was found.
#[derive(Args, Debug, Default)]
pub(super) struct SuppressArgs {
    /// Leave out the findings that this file lists
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// List all findings in this file, and leave them out
    #[arg(long, value_name = "FILE", conflicts_with = "baseline")]
    pub write_baseline: Option<PathBuf>,
    /// Tell what comments, annotations and exceptions allow, too: for audits
    #[arg(long, conflicts_with_all = ["baseline", "write_baseline"])]
    pub no_suppressions: bool,
    /// Tell only findings on lines that changed since this git revision; what git does not track counts as changed
    #[arg(long, value_name = "REV", conflicts_with = "write_baseline")]
    pub only_changed: Option<String>,
}

/// How findings are told.
#[derive(Args, Debug)]
pub(super) struct ReportArgs {
    /// Exit with 1 for findings of this severity or a worse one
    #[arg(long, value_name = "SEVERITY", default_value = "error")]
    pub fail_on: FailOn,
    /// Write findings in this format, to a file or to standard output: terminal, json, sarif, junit, github, gitlab, markdown (repeatable)
    #[arg(long = "format", value_name = "NAME[=FILE]", default_value = "terminal")]
    pub formats: Vec<FormatArg>,
    #[command(flatten)]
    pub tone: ToneArgs,
}

/// How much is said, and how colourfully.
#[derive(Args, Clone, Copy, Debug, Default)]
pub(super) struct ToneArgs {
    /// Colour the terminal's output
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub color: Colour,
    /// Say nothing but findings and errors
    #[arg(short, long)]
    pub quiet: bool,
    /// Say on standard error what is read and how it is understood
    #[arg(short, long, conflicts_with = "quiet")]
    pub verbose: bool,
}

/// When output is coloured.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(super) enum Colour {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// From which severity on findings make the command fail.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum FailOn {
    /// Errors.
    Error,
    /// Warnings and errors.
    Warning,
    /// Any finding.
    Info,
    /// Never.
    Never,
}

impl FailOn {
    /// Gives the mildest severity that makes the command fail.
    pub(super) fn mildest(self) -> Option<Severity> {
        match self {
            Self::Error => Some(Severity::Error),
            Self::Warning => Some(Severity::Warning),
            Self::Info => Some(Severity::Info),
            Self::Never => None,
        }
    }
}

/// An output format's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum FormatName {
    /// For people.
    Terminal,
    /// For programs.
    Json,
    /// The standard for code scanning.
    Sarif,
    /// Test reports of CI servers.
    Junit,
    /// GitHub's workflow commands.
    Github,
    /// GitLab's report of code quality.
    Gitlab,
    /// A comment on a pull request.
    Markdown,
}

/// A format and where its output goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FormatArg {
    /// The format.
    pub name: FormatName,
    /// The file; standard output where none.
    pub file: Option<PathBuf>,
}

impl std::str::FromStr for FormatArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, file) = text.split_once('=').map_or((text, None), |(name, file)| (name, Some(file)));
        let known = FormatName::value_variants().iter().filter_map(FormatName::to_possible_value);
        let names: Vec<String> = known.map(|value| value.get_name().to_owned()).collect();
        let name = FormatName::from_str(name, false).map_err(|_| format!("the formats are {}", names.join(", ")))?;
        match file {
            Some("") => Err("the file's name is missing".to_owned()),
            file => Ok(Self { name, file: file.map(PathBuf::from) }),
        }
    }
}
