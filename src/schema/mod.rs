//! What Kubernetes says of the shape of objects, and a validator that holds objects against it.
//!
//! In: the bundles of `schemas/` (built in, decoded kind by kind on first use), definitions of custom resources, and objects
//! as spanned trees. Out: [`Schema`]s, and `schema/…` findings at the key or value that a person wrote. This stage judges
//! shapes only: what a server rejects beyond them is for later stages, and so is what a careful reviewer would object to.

mod amount;
mod base64;
mod bundle;
mod custom;
mod expression;
mod pods;
mod shape;
mod store;
mod validate;
mod version;

pub use amount::Amount;
pub use base64::decode_base64;
pub use custom::{
    BrokenRule, CEL_WORDS, Custom, LARGEST_COST, LARGEST_SUM, RuleTypes, broken_rules, field_path, is_known_format,
    most_below, most_in_request, pattern_problem, rule_cost, rule_problem, server_functions, uses_old_self,
};
pub use expression::{
    COST_LIMIT, Language, Unreadable, compile as compile_expression, depth, evaluate, free_names, is_overspent,
    parse as parse_expression,
};
pub use shape::{Definition, Field, Format, Identity, Limits, List, Object, Schema, Shape, StringShape, Text};
pub use store::{Deprecation, Lookup, Missing, SchemaStore, Type, served};
pub use validate::{default_problems, each_object, over_versions, schema_problems, validate};
pub use version::Version;

pub(crate) use validate::show;
