//! `-f` and `--set*`: values from the command line, in its order.

use clap::{ArgMatches, Args, Command, FromArgMatches};
use std::path::PathBuf;

/// One value or file of values given on the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Override {
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
pub(super) struct Overrides(pub Vec<Override>);

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
