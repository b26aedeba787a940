//! Manifests and the verdict on them.
