//! Archives from strangers: what is taken is harmless and within the budget, and is packed and opened again as the same.
#![no_main]

use flate2::{Compression, write::GzEncoder};
use libfuzzer_sys::fuzz_target;
use plimsoll::chart::{ChartFile, Flavour};
use plimsoll::package::{Archive, Budget, FIXED_TIME, Packing, open};
use std::io::Write as _;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

fuzz_target!(|bytes: &[u8]| {
    // Hardly any bytes are gzip: most are taken as the archive inside.
    let archive = if bytes.starts_with(&[0x1f, 0x8b]) { bytes.to_vec() } else { gzip(bytes) };
    let _ = open("a.tgz", &archive);
    let Ok(read) = Archive::read(&archive, &mut Budget::default()) else { return };
    let mut seen = std::collections::BTreeSet::new();
    for (path, _) in &read.files {
        let plain = |part: &str| !part.is_empty() && part != "." && part != ".." && !part.contains(['\\', '\0']);
        assert!(path.split('/').all(plain) && path.len() <= 1024, "{path:?}");
        assert!(seen.insert(path.to_lowercase()), "{path:?} is there twice");
    }
    assert!(read.files.iter().map(|(_, bytes)| bytes.len() as u64).sum::<u64>() <= Budget::BYTES);
    let file = |(path, bytes): &(String, Vec<u8>)| ChartFile { path: path.clone(), name: path.clone(), bytes: bytes.clone().into() };
    let files: Vec<ChartFile> = read.files.iter().map(file).collect();
    let packing = Packing { name: &read.folder, version: "1.0.0", flavour: Flavour::Native, time: FIXED_TIME };
    let Ok(packed) = packing.pack(files.clone()) else { return };
    let mut turned = files;
    turned.reverse();
    assert_eq!(packing.pack(turned).expect("was packed before"), packed, "the order of files changes nothing");
    let again = Archive::read(&packed, &mut Budget::default()).expect("what we pack is taken");
    let sorted = |archive: Archive| { let mut files = archive.files; files.sort(); files };
    assert_eq!(sorted(again), sorted(read));
});
