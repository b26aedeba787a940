//! Policies that people enforce: what a cluster would refuse besides the API itself.
//!
//! In: ValidatingAdmissionPolicies with their bindings and parameters, as documents, and the objects of a release or folder.
//! Out: `policy/…` findings at the fields that the policies speak of. Objects are judged as the server would on creation.
//! [`own`] evaluates the rules that people write in CEL and Rego.

mod admission;
mod cel;
mod matching;
pub mod own;

#[cfg(test)]
mod tests;

pub use admission::Policies;
