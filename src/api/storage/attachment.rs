//! VolumeAttachments.

use super::source::csi_driver;
use super::volume;
use crate::api::check::{Check, text};
use crate::api::syntax::dns_subdomain;
use crate::yaml::Node;

const RULE: &str = "api/volume";

pub(super) fn judge<'d>(check: &mut Check<'d>, attachment: Node<'d>) {
    let Some(spec) = attachment.field("spec") else {
        let mark = check.mark();
        check.error(RULE, (attachment, "spec"), "`spec` is missing");
        check.respell(mark, "spec", "spec.source");
        return;
    };
    csi_driver(check, spec, "attacher");
    check.syntax("api/name", (spec, "nodeName"), "nodeName", text(spec, "nodeName"), dns_subdomain);
    let Some(source) = spec.field("source") else { return };
    match (source.field("inlineVolumeSpec"), source.field("persistentVolumeName")) {
        (Some(inline), None) => volume::inline(check, inline),
        (None, Some(_)) => {}
        (Some(_), Some(_)) => {
            let message = "`inlineVolumeSpec` and `persistentVolumeName` are both given";
            check.error(RULE, source, message).help("remove one");
        }
        (None, None) => {
            check.error(RULE, source, "neither `inlineVolumeSpec` nor `persistentVolumeName` is given");
        }
    }
    if let Some(name) = source.field("persistentVolumeName") {
        check.syntax("api/name", name, "persistentVolumeName", name.text(), dns_subdomain);
    }
}
