//! Chart.lock and the indexes of repositories: no text panics their readers; what a lock says, it says when written again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll::chart::VersionRange;
use plimsoll::package::{Index, Lock, resolve};
use plimsoll_fuzz::text;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(index) = Index::parse(bytes) {
        let range = VersionRange::parse(">0.0.0-0").expect("is a range");
        for name in index.names().map(str::to_owned).collect::<Vec<_>>() {
            if let Some(listed) = index.newest(&name, &range) {
                let _ = resolve("https://example.com/charts", &format!("{listed:?}"));
            }
        }
    }
    let Some(text) = text(bytes) else { return };
    let _ = (VersionRange::parse(text), resolve("https://example.com/charts", text));
    let Ok(lock) = Lock::parse(text) else { return };
    let written = lock.write();
    assert_eq!(Lock::parse(&written).as_ref(), Ok(&lock), "{written}");
});
