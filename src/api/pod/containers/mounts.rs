//! Volumes in containers: mounts and block devices.

use super::{Pod, Volume, descending_path, is_privileged, no_backsteps};
use crate::api::check::{Check, Place, is_true, items, show, text};
use crate::yaml::Node;

/// Judges `volumeMounts` and `volumeDevices` of a container.
pub(super) fn judge<'d>(check: &mut Check<'d>, pod: &Pod<'d>, container: Node<'d>) {
    mounts(check, pod, container);
    devices(check, pod, container);
}

fn mounts<'d>(check: &mut Check<'d>, pod: &Pod<'d>, container: Node<'d>) {
    let Some(list) = container.field("volumeMounts") else { return };
    let mut paths: Vec<Node<'d>> = Vec::new();
    for mount in list.items() {
        if let Some(name) = check.required("api/volume-mount", mount, "name")
            && known(check, pod, name).is_some()
            && device(container, "name", name.text()).is_some()
        {
            let message = format!("volume `{}` is a device of the container as well", show(name.text()));
            check.error("api/volume-mount", name, message);
        }
        if let Some(path) = check.required("api/volume-mount", mount, "mountPath") {
            if let Some(first) = paths.iter().find(|first| first.text() == path.text()) {
                let message = format!("two volumes are mounted at `{}`", show(path.text()));
                check.error("api/volume-mount", path, message).label(first.span(), "the first one");
            } else if device(container, "devicePath", path.text()).is_some() {
                let message = format!("`{}` is the path of a device as well", show(path.text()));
                check.error("api/volume-mount", path, message);
            }
            paths.push(path);
        }
        sub_paths(check, list, mount);
        propagation(check, container, list, mount);
        if check.since(31) {
            recursive_read_only(check, list, mount);
        }
    }
}

/// Judges `subPath` and `subPathExpr`. The server names them as fields of the list.
fn sub_paths<'d>(check: &mut Check<'d>, list: Node<'d>, mount: Node<'d>) {
    for field in ["subPath", "subPathExpr"] {
        if let Some(path) = mount.field(field) {
            let place = Place::Shown(path.span(), list, field);
            check.syntax("api/volume-mount", place, field, path.text(), descending_path);
        }
    }
    if !text(mount, "subPath").is_empty() && !text(mount, "subPathExpr").is_empty() {
        let message = "a mount has `subPath` or `subPathExpr`, not both";
        check.error("api/volume-mount", (mount, "subPathExpr"), message).help("remove one of them");
    }
}

/// Judges `mountPropagation`. The server names it, and `recursiveReadOnly`, as a field of the list.
fn propagation<'d>(check: &mut Check<'d>, container: Node<'d>, list: Node<'d>, mount: Node<'d>) {
    let Some(mode) = mount.field("mountPropagation") else { return };
    let place = Place::Shown(mode.span(), list, "mountPropagation");
    match mode.text() {
        "None" | "HostToContainer" => {}
        "Bidirectional" if is_privileged(container) => {}
        "Bidirectional" => {
            check
                .error("api/volume-mount", place, "`mountPropagation: Bidirectional` is for privileged containers only")
                .help("write `HostToContainer`, or `securityContext.privileged: true`");
        }
        other => unknown(check, place, "mountPropagation", other, "`None`, `HostToContainer`, `Bidirectional`"),
    }
}

fn unknown<'d>(check: &mut Check<'d>, place: Place<'d>, field: &str, value: &str, words: &str) {
    let message = format!("`{field}` is `{}`, but must be one of {words}", show(value));
    check.error("api/volume-mount", place, message);
}

fn recursive_read_only<'d>(check: &mut Check<'d>, list: Node<'d>, mount: Node<'d>) {
    let Some(mode) = mount.field("recursiveReadOnly") else { return };
    let place = Place::Shown(mode.span(), list, "recursiveReadOnly");
    match mode.text() {
        "Disabled" => {}
        "Enabled" | "IfPossible" => {
            if !is_true(mount, "readOnly") {
                check
                    .error("api/volume-mount", place, format!("`recursiveReadOnly: {}` needs `readOnly`", mode.text()))
                    .help("write `readOnly: true`");
            }
            if mount.field("mountPropagation").is_some_and(|mode| mode.text() != "None") {
                let message = format!("`recursiveReadOnly: {}` excludes `mountPropagation`", mode.text());
                check.error("api/volume-mount", place, message).help("remove `mountPropagation`");
            }
        }
        other => unknown(check, place, "recursiveReadOnly", other, "`Disabled`, `IfPossible`, `Enabled`"),
    }
}

fn devices<'d>(check: &mut Check<'d>, pod: &Pod<'d>, container: Node<'d>) {
    let Some(list) = container.field("volumeDevices") else { return };
    let (mut names, mut paths): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    for device in list.items() {
        if let Some(name) = check.required("api/volume-mount", device, "name")
            && let Some((volume, kind)) = known(check, pod, name)
        {
            if names.contains(&name.text()) {
                let message = format!("volume `{}` is a device of the container twice", show(name.text()));
                check.error("api/volume-mount", name, message);
            } else if kind != Volume::Claim {
                let message = format!("volume `{}` is no claim: only claims can be devices", show(name.text()));
                check
                    .error("api/volume-mount", name, message)
                    .label(volume.head(), "the volume")
                    .help("list it in `volumeMounts`, or make it a `persistentVolumeClaim`");
            }
            names.push(name.text());
        }
        let Some(path) = check.required("api/volume-mount", device, "devicePath") else { continue };
        if paths.contains(&path.text()) {
            check.error("api/volume-mount", path, format!("two devices are at `{}`", show(path.text())));
        } else if check.syntax("api/volume-mount", path, "devicePath", path.text(), no_backsteps) {
            paths.push(path.text());
        }
    }
}

/// Gives the volume that a name means; reports a name that means none.
fn known<'d>(check: &mut Check<'d>, pod: &Pod<'d>, name: Node<'d>) -> Option<(Node<'d>, Volume)> {
    let volume = pod.volume(name.text());
    let unread = pod.spec.field("volumes").is_none() && check.unread.contains(&pod.spec);
    if volume.is_none() && !unread {
        let said = check.error("api/volume-mount", name, format!("the pod has no volume `{}`", show(name.text())));
        let names = items(pod.spec, "volumes").map(|volume| text(volume, "name"));
        match crate::diagnostic::nearest(name.text(), names) {
            Some(near) => said.did_you_mean(name, near),
            None => said.help(format!("add `{}` to `volumes`", show(name.text()))),
        };
    }
    volume
}

fn device<'d>(container: Node<'d>, field: &str, value: &str) -> Option<Node<'d>> {
    items(container, "volumeDevices").find(|device| text(*device, field) == value)
}
