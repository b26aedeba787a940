//! `-f` and `--set*`: values from the command line, in its order.

use super::read_text;
use crate::chart;
use crate::cli::paths::slashed;
use crate::cli::trouble::Trouble;
use crate::cli::world::World;
use crate::source::SourceMap;
use clap::{ArgMatches, Args, Command, FromArgMatches};
use std::path::{Path, PathBuf};

/// One value or file of values given on the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Override {
    /// `-f FILE`
    File(PathBuf),
    /// `--set KEY=VALUE`: typed as YAML types it.
    Set(String),
    /// `--set-string KEY=VALUE`
    SetString(String),
    /// `--set-json KEY=JSON`
    SetJson(String),
    /// `--set-file KEY=FILE`: the file's text.
    SetFile(String),
}

/// All of them, in the order in which they stand on the command line, across flags.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::cli) struct Overrides(pub Vec<Override>);

/// The flags as clap knows them; [`Overrides`] brings them into one order.
#[derive(Args)]
struct Flags {
    /// Values from a file (repeatable); files and --set flags count in the order of the command line
    #[arg(short = 'f', long = "values", value_name = "FILE")]
    values: Vec<String>,
    /// A value, typed as YAML types it: web.replicas=3 (repeatable)
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// A value that is text: image.tag=1.10 (repeatable)
    #[arg(long, value_name = "KEY=VALUE")]
    set_string: Vec<String>,
    /// A value as JSON: web.env={"A":"b"} (repeatable)
    #[arg(long, value_name = "KEY=JSON")]
    set_json: Vec<String>,
    /// A value that is a file's text (repeatable)
    #[arg(long, value_name = "KEY=FILE")]
    set_file: Vec<String>,
}

impl Args for Overrides {
    fn augment_args(command: Command) -> Command {
        Flags::augment_args(command)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Flags::augment_args_for_update(command)
    }
}

impl FromArgMatches for Overrides {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        type Make = fn(&String) -> Override;
        let kinds: [(&str, Make); 5] = [
            ("values", |text| Override::File(PathBuf::from(text))),
            ("set", |text| Override::Set(text.clone())),
            ("set_string", |text| Override::SetString(text.clone())),
            ("set_json", |text| Override::SetJson(text.clone())),
            ("set_file", |text| Override::SetFile(text.clone())),
        ];
        let mut found = Vec::new();
        for (id, make) in kinds {
            let indices = matches.indices_of(id).into_iter().flatten();
            let values = matches.get_many::<String>(id).into_iter().flatten();
            found.extend(indices.zip(values.map(make)));
        }
        found.sort_by_key(|(index, _)| *index);
        Ok(Self(found.into_iter().map(|(_, value)| value).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Overrides {
    /// Reads what the flags name, and gives the values with a place for each: its file, or the text of its flag.
    pub(in crate::cli) fn read(&self, sources: &SourceMap, world: &dyn World) -> Result<Vec<chart::Override>, Trouble> {
        self.0.iter().map(|given| given.read(sources, world)).collect()
    }
}

impl Override {
    /// Reads one.
    pub(in crate::cli) fn read(&self, sources: &SourceMap, world: &dyn World) -> Result<chart::Override, Trouble> {
        Ok(match self {
            Self::File(path) => {
                let text = read_text(world, path)?;
                chart::Override::File(sources.add(slashed(path), text))
            }
            Self::Set(text) => chart::Override::Set(sources.add("--set", text.as_str())),
            Self::SetString(text) => chart::Override::SetString(sources.add("--set-string", text.as_str())),
            Self::SetJson(text) => chart::Override::SetJson(sources.add("--set-json", text.as_str())),
            Self::SetFile(text) => {
                let Some((key, path)) = text.split_once('=') else {
                    return Err(Trouble::new(format!("`--set-file {text}` names no file")).help("write KEY=FILE"));
                };
                let text = read_text(world, Path::new(path))?;
                chart::Override::SetFile { key: sources.add("--set-file", key), text: text.into() }
            }
        })
    }

    /// Gives the flag as helm knows it, with its argument.
    pub(in crate::cli) fn flag(&self) -> (&'static str, String) {
        match self {
            Self::File(path) => ("--values", path.to_string_lossy().into_owned()),
            Self::Set(text) => ("--set", text.clone()),
            Self::SetString(text) => ("--set-string", text.clone()),
            Self::SetJson(text) => ("--set-json", text.clone()),
            Self::SetFile(text) => ("--set-file", text.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        overrides: Overrides,
    }

    #[test]
    fn the_order_of_the_command_line_is_kept_across_flags() {
        let line = ["x", "--set", "a=1", "-f", "v.yaml", "--set-string=b=2", "--set", "a=3"];
        let overrides = Line::parse_from(line).overrides.0;
        let set = |text: &str| Override::Set(text.to_owned());
        let expected = [set("a=1"), Override::File("v.yaml".into()), Override::SetString("b=2".to_owned()), set("a=3")];
        assert_eq!(overrides, expected);
    }
}
