//! Hooks: objects, Jobs most often, that run at a moment of a release's life and belong to no inventory.

use super::item::Item;
use crate::object::HOOKS;

/// A moment of a release's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    /// Before the first revision is applied.
    PreInstall,
    /// After it is ready.
    PostInstall,
    /// Before a later revision is applied.
    PreUpgrade,
    /// After it is ready.
    PostUpgrade,
    /// Before an earlier revision is applied again.
    PreRollback,
    /// After it is ready.
    PostRollback,
    /// Before the release is uninstalled.
    PreDelete,
    /// After all else is gone.
    PostDelete,
}

impl Moment {
    /// Gives the name that annotations write.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::PreInstall => "pre-install",
            Self::PostInstall => "post-install",
            Self::PreUpgrade => "pre-upgrade",
            Self::PostUpgrade => "post-upgrade",
            Self::PreRollback => "pre-rollback",
            Self::PostRollback => "post-rollback",
            Self::PreDelete => "pre-delete",
            Self::PostDelete => "post-delete",
        }
    }
}

/// When a hook's object is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Policy {
    /// Before the hook runs again.
    pub before: bool,
    /// Once it has succeeded.
    pub succeeded: bool,
    /// Once it has failed.
    pub failed: bool,
}

fn setting<'a>(item: &'a Item, suffix: &str) -> Option<&'a str> {
    HOOKS.iter().find_map(|name| item.annotation(&format!("{name}{suffix}")))
}

/// Gives the hooks of a moment, in the order in which they run: by weight, then by name.
pub(super) fn at(hooks: &[Item], moment: Moment) -> Vec<&Item> {
    let runs = |item: &&Item| setting(item, "").unwrap_or_default().split(',').any(|word| word.trim() == moment.name());
    let mut found: Vec<&Item> = hooks.iter().filter(runs).collect();
    found.sort_by_key(|item| (weight(item), item.key.name.clone(), item.key.kind.clone()));
    found
}

fn weight(item: &Item) -> i64 {
    setting(item, "-weight").and_then(|text| text.trim().parse().ok()).unwrap_or_default()
}

/// Gives when a hook's object is deleted; before it runs again where nothing is said.
pub(super) fn policy(item: &Item) -> Policy {
    let words: Vec<&str> =
        setting(item, "-delete-policy").unwrap_or("before-hook-creation").split(',').map(str::trim).collect();
    let says = |word: &str| words.contains(&word);
    Policy { before: says("before-hook-creation"), succeeded: says("hook-succeeded"), failed: says("hook-failed") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::is_hook;
    use serde_json::json;

    #[expect(clippy::needless_pass_by_value, reason = "tests read better so")]
    fn hook(name: &str, annotations: serde_json::Value) -> Item {
        Item::new(
            json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name, "annotations": annotations}}),
            0,
        )
    }

    #[test]
    fn hooks_run_by_weight_and_name() {
        let hooks = [
            hook("b", json!({"helm.sh/hook": "pre-install, pre-upgrade"})),
            hook("a", json!({"plimsoll.dev/hook": "pre-install"})),
            hook("c", json!({"helm.sh/hook": "pre-install", "helm.sh/hook-weight": "-5"})),
            hook("d", json!({"helm.sh/hook": "test"})),
            hook("e", json!({})),
            hook("f", json!({"helm.sh/hook": "crd-install"})),
        ];
        let names = |moment| at(&hooks, moment).iter().map(|item| item.key.name.clone()).collect::<Vec<_>>();
        assert_eq!(names(Moment::PreInstall), ["c", "a", "b"]);
        assert_eq!(names(Moment::PreUpgrade), ["b"]);
        assert_eq!(names(Moment::PostDelete), Vec::<String>::new());
        let is: Vec<bool> = hooks.iter().map(|hook| is_hook(|key| hook.annotation(key))).collect();
        assert_eq!(is, [true, true, true, true, false, false]);
    }

    #[test]
    fn policies_are_read() {
        let of = |annotations| {
            let Policy { before, succeeded, failed } = policy(&hook("a", annotations));
            (before, succeeded, failed)
        };
        assert_eq!(of(json!({})), (true, false, false));
        assert_eq!(of(json!({"helm.sh/hook-delete-policy": "hook-succeeded,hook-failed"})), (false, true, true));
        assert_eq!(
            of(json!({"plimsoll.dev/hook-delete-policy": "before-hook-creation, hook-succeeded"})),
            (true, true, false)
        );
    }
}
