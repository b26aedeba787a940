//! Charts: their metadata, templates, values and environments, read from bytes that somebody else fetched.
//!
//! In: the files of a chart's folder ([`Chart::load`]), the name of an environment, values of the command line. Out: a
//! [`Chart`], and the [`Composed`] values that its templates see, each of which remembers where it was written and what it
//! overrode. [`Workspace`] is `plimsoll.yaml`. This stage reads no files and renders nothing.

mod compose;
mod decode;
mod ignore_file;
mod load;
mod merge;
mod metadata;
mod range;
mod read;
mod registry;
mod set;
mod spot;
#[cfg(test)]
mod tests;
mod unknown;
mod value;
mod values_schema;
mod workspace;

pub use compose::{Composed, ComposedSubchart, Override, compose};
pub use decode::Spanned;
pub(crate) use decode::{Decoder, listed};
pub use ignore_file::without_ignored;
pub use load::{Chart, ChartFile, ChartText, Subchart};
pub use metadata::{API_VERSION, ChartType, Dependency, Flavour, Maintainer, Metadata};
pub use range::{Version, VersionRange};
pub use read::{is_encrypted, read_values};
pub use registry::{Trusted, host, is_repository};
pub use set::{Assignments, assignments};
pub use spot::{Found, Spot};
pub use value::{Place, Value, ValueData, ValueEntry};
pub use values_schema::ValuesSchema;
pub use workspace::{Configure, Environment, Exception, IgnoredField, Level, Release, Rules, Workspace, is_date};
