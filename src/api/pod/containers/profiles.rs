//! Profiles of seccomp and AppArmor in security contexts.

use super::descending_path;
use crate::api::check::{Check, text};
use crate::yaml::Node;

const TYPES: [&str; 3] = ["Localhost", "RuntimeDefault", "Unconfined"];

/// Judges `seccompProfile` of a security context.
pub(super) fn seccomp<'d>(check: &mut Check<'d>, context: Node<'d>) {
    let Some(profile) = context.field("seccompProfile") else { return };
    let Some(path) = local(check, profile) else { return };
    check.syntax("api/security-context", path, "localhostProfile", path.text(), descending_path);
}

/// Judges `appArmorProfile` of a security context.
pub(super) fn app_armor<'d>(check: &mut Check<'d>, context: Node<'d>) {
    const LONGEST: usize = 4095;
    let Some(profile) = context.field("appArmorProfile") else { return };
    let Some(name) = local(check, profile) else { return };
    let length = name.text().len();
    if name.text().trim() != name.text() {
        let message = "`localhostProfile` begins or ends with white space";
        check.error("api/security-context", name, message).help("remove the white space");
    } else if length == 0 {
        check.error("api/security-context", name, "`localhostProfile` is empty").help("name a profile of the node");
    } else if length > LONGEST {
        let message = format!("`localhostProfile` has {length} characters, and may have {LONGEST}");
        check.error("api/security-context", name, message);
    }
}

/// Judges the type of a profile, and that it names one of the node if, and only if, it says so. Gives that name.
fn local<'d>(check: &mut Check<'d>, profile: Node<'d>) -> Option<Node<'d>> {
    check.required("api/security-context", profile, "type")?;
    if !check.word("api/security-context", profile, "type", &TYPES) {
        return None;
    }
    let is_local = text(profile, "type") == "Localhost";
    match profile.field("localhostProfile") {
        Some(name) if is_local => return Some(name),
        Some(name) => {
            let message = "`localhostProfile` is for `type: Localhost` only";
            check.error("api/security-context", name, message).help("remove it, or write `type: Localhost`");
        }
        None if is_local => {
            let message = "`type: Localhost` needs a `localhostProfile`";
            check.error("api/security-context", (profile, "localhostProfile"), message);
        }
        None => {}
    }
    None
}
