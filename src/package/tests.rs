//! What archives may hold, and what ends them.

use super::{Archive, Budget, PackageError, expand, open};
use crate::chart::ChartFile;
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use std::io::Write as _;
use tar::{EntryType, Header};

const CHART: (&str, &str) = ("shop/Chart.yaml", "apiVersion: plimsoll.dev/v1\nname: shop\nversion: 1.0.0\n");

/// A tar archive under construction. Names are written as they are given, whatever they say.
struct Tar(Vec<u8>);

impl Tar {
    fn of(files: &[(&str, &str)]) -> Self {
        files.iter().fold(Self(Vec::new()), |tar, (name, text)| tar.file(name, text.as_bytes()))
    }

    fn file(self, name: &str, content: &[u8]) -> Self {
        self.entry(name, EntryType::Regular, content.len() as u64, content)
    }

    fn kind(self, name: &str, kind: EntryType) -> Self {
        self.entry(name, kind, 0, &[])
    }

    fn entry(mut self, name: &str, kind: EntryType, size: u64, content: &[u8]) -> Self {
        let mut header = Header::new_gnu();
        let bytes = name.as_bytes();
        if bytes.len() > 100 {
            self = self.entry("././@LongLink", EntryType::GNULongName, bytes.len() as u64, bytes);
        }
        let end = bytes.len().min(100);
        header.as_old_mut().name[..end].copy_from_slice(&bytes[..end]);
        header.set_entry_type(kind);
        header.set_size(size);
        header.set_mode(0o644);
        if let Some(gnu) = header.as_gnu_mut().filter(|_| kind == EntryType::GNUSparse) {
            gnu.set_real_size(0);
        }
        header.set_cksum();
        self.0.extend_from_slice(header.as_bytes());
        self.0.extend_from_slice(content);
        self.0.resize(self.0.len().next_multiple_of(512), 0);
        self
    }

    fn gz(mut self) -> Vec<u8> {
        self.0.resize(self.0.len() + 1024, 0);
        gzip(&self.0)
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("memory can be written");
    encoder.finish().expect("memory can be written")
}

fn read(bytes: &[u8]) -> Result<Archive, PackageError> {
    Archive::read(bytes, &mut Budget::default())
}

fn refused(bytes: &[u8]) -> String {
    read(bytes).expect_err("is refused").to_string()
}

#[test]
fn a_chart_is_read() {
    let tar = Tar(Vec::new()).kind("./shop/", EntryType::Directory).kind("shop/templates", EntryType::Directory);
    let long = format!("shop/files/{}.txt", "x".repeat(120));
    let tar = tar.file(CHART.0, CHART.1.as_bytes()).file("./shop/templates/web.yaml", b"a: 1\n").file(&long, b"long");
    let archive = read(&tar.gz()).expect("is fine");
    assert_eq!(archive.folder, "shop");
    let paths: Vec<_> = archive.files.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(paths, ["Chart.yaml", "templates/web.yaml", &long[5..]]);
    assert_eq!(archive.files[1].1, b"a: 1\n");
}

#[test]
fn names_that_could_hurt_are_refused() {
    for (name, told) in [
        ("shop/../../etc/passwd", "leads out of the archive"),
        ("../shop/a", "leads out of the archive"),
        ("shop/templates/..", "leads out of the archive"),
        ("/etc/passwd", "has an absolute path"),
        ("C:/windows/a", "has the path of a drive"),
        ("shop/c:/a", "has the path of a drive"),
        ("shop\\..\\a", "has a name with a backslash, which is a folder on some systems"),
        ("shop//a", "has a path with an empty step"),
        ("shop/./a", "has a path with an empty step"),
        ("shop/a\nb", "has a name with control characters"),
        ("shop/a\u{1b}[2J", "has a name with control characters"),
        ("other/a", "lies outside the folder `shop` that all others are in"),
        ("loose", "lies outside the folder `shop` that all others are in"),
        ("shop", "lies in no folder; a chart's files lie in the folder of its name"),
        ("shop/Chart.yaml", "is there twice"),
        ("shop/CHART.yaml", "differs only by case from `Chart.yaml`, which is the same file on some systems"),
        ("shop/Chart.yaml/a", "lies below `Chart.yaml`, which is a file"),
        ("shop/a/", "is a file with the name of a folder"),
    ] {
        let shown = name.replace('\n', "\\n").replace('\u{1b}', "\\u{1b}");
        assert_eq!(refused(&Tar::of(&[CHART]).file(name, b"x").gz()), format!("the entry `{shown}` {told}"), "{name}");
    }
    let long = format!("shop/{}", "x".repeat(2000));
    assert!(
        refused(&Tar::of(&[CHART]).file(&long, b"").gz()).ends_with("has a name of 2005 bytes, and 1024 are allowed")
    );
    let folders = Tar::of(&[CHART, ("shop/templates/a.yaml", ""), ("shop/Templates/b.yaml", "")]).gz();
    assert_eq!(
        refused(&folders),
        "the entry `shop/Templates/b.yaml` lies in a folder that differs only by case from `templates`"
    );
    let mut header = Header::new_gnu();
    header.as_old_mut().name[..6].copy_from_slice(b"shop/\xff");
    header.set_size(0);
    header.set_entry_type(EntryType::Regular);
    header.set_cksum();
    assert_eq!(
        refused(&Tar(header.as_bytes().to_vec()).gz()),
        "the entry `shop/\u{fffd}` has a name that is not UTF-8"
    );
}

#[test]
fn what_is_neither_file_nor_folder_is_refused() {
    for (kind, what) in [
        (EntryType::Symlink, "a symbolic link"),
        (EntryType::Link, "a hard link"),
        (EntryType::Char, "a device"),
        (EntryType::Block, "a device"),
        (EntryType::Fifo, "a pipe"),
        (EntryType::GNUSparse, "a file with holes"),
        (EntryType::Continuous, "of an unknown kind"),
    ] {
        let told = refused(&Tar::of(&[CHART]).kind("shop/x", kind).gz());
        assert_eq!(told, format!("the entry `shop/x` is {what}, and a chart holds files and folders"));
    }
}

#[test]
fn bombs_end_at_the_limits() {
    // 1 GiB of zeros in one megabyte: nothing of it is ever in memory at once but what the limit allows.
    let huge = 1 << 30;
    let mut header = Tar::of(&[CHART]).entry("shop/zeros", EntryType::Regular, huge, &[]).0;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(&header).expect("memory can be written");
    let told = "it holds more than 100 MiB, at or behind the entry `shop/zeros`";
    assert_eq!(refused(&encoder.finish().expect("memory can be written")), told, "the size alone is enough");

    // A name that long is no file's size: the stream's limit ends it.
    header = Tar::of(&[CHART]).entry("././@LongLink", EntryType::GNULongName, huge, &[]).0;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(&header).expect("memory can be written");
    for _ in 0..140 {
        encoder.write_all(&vec![b'x'; 1 << 20]).expect("memory can be written");
    }
    let told = "it holds more than 100 MiB, at or behind the entry `shop/Chart.yaml`";
    assert_eq!(refused(&encoder.finish().expect("memory can be written")), told);

    let many = (0..10_000).fold(Tar::of(&[CHART]), |tar, index| tar.file(&format!("shop/files/{index}"), b""));
    assert_eq!(refused(&many.gz()), "it has more than 10000 entries: `shop/files/9999` is one too many");

    // Many files, each within the limit.
    let chunk = vec![0; 30 << 20];
    let large = (0..4).fold(Tar::of(&[CHART]), |tar, index| tar.file(&format!("shop/files/{index}"), &chunk));
    assert_eq!(refused(&large.gz()), "it holds more than 100 MiB, at or behind the entry `shop/files/3`");
}

#[test]
fn damaged_archives_are_refused() {
    let good = Tar::of(&[CHART, ("shop/values.yaml", "a: 1\n")]).gz();
    assert!(refused(b"hello").starts_with("it cannot be read as a gzip-compressed tar archive"));
    assert!(refused(b"").starts_with("it cannot be read as a gzip-compressed tar archive"));
    for length in 0..good.len() {
        assert!(read(&good[..length]).is_err(), "cut at {length}");
    }
    let mut wrong = good.clone();
    let end = wrong.len() - 5;
    wrong[end] ^= 1;
    assert!(read(&wrong).is_err(), "the checksum is read");
    let mut trailing = Tar::of(&[CHART]).0;
    trailing.resize(trailing.len() + 1024, 0);
    trailing.extend_from_slice(b"hidden");
    assert!(refused(&gzip(&trailing)).ends_with("there is data behind its end"));
    assert_eq!(refused(&Tar(Vec::new()).gz()), "it holds no files");
}

#[test]
fn a_folder_that_is_not_called_like_the_chart_is_refused() {
    let bytes = Tar::of(&[("shop/Chart.yaml", "apiVersion: v2\nname: stolen\nversion: 1.0.0\n")]).gz();
    let told = open("shop.tgz", &bytes).expect_err("is refused").to_string();
    assert_eq!(told, "its folder is called `shop`, and the chart `stolen`");
}

#[test]
fn packed_subcharts_are_unpacked_and_share_the_budget() {
    let inner = Tar::of(&[("db/Chart.yaml", "name: db\n"), ("db/templates/db.yaml", "a: 1\n")]).gz();
    let outer = Tar::of(&[CHART]).file("shop/charts/db-1.0.0.tgz", &inner).file("shop/files/x.tgz", b"as it is");
    let files = open("shop-1.0.0.tgz", &outer.gz()).expect("is fine");
    let shown: Vec<_> = files.iter().map(|file| (file.path.as_str(), file.name.as_str())).collect();
    assert_eq!(
        shown,
        [
            ("Chart.yaml", "shop-1.0.0.tgz!Chart.yaml"),
            ("charts/db-1.0.0.tgz/Chart.yaml", "shop-1.0.0.tgz!charts/db-1.0.0.tgz!Chart.yaml"),
            ("charts/db-1.0.0.tgz/templates/db.yaml", "shop-1.0.0.tgz!charts/db-1.0.0.tgz!templates/db.yaml"),
            ("files/x.tgz", "shop-1.0.0.tgz!files/x.tgz"),
        ]
    );
    let folder = |bytes: &[u8]| ChartFile {
        path: "charts/db-1.0.0.tgz".to_owned(),
        name: "shop/charts/db-1.0.0.tgz".to_owned(),
        bytes: bytes.into(),
    };
    let (files, refused) = expand(vec![folder(&inner)]);
    assert_eq!((files.len(), refused.len()), (2, 0));
    let (files, refused) = expand(vec![folder(b"no archive")]);
    assert_eq!((files.len(), refused.len()), (1, 1));

    let chunk = vec![0; 60 << 20];
    let large = Tar::of(&[("db/Chart.yaml", "name: db\n")]).file("db/files/large", &chunk).gz();
    let twice = Tar::of(&[CHART]).file("shop/charts/a.tgz", &large).file("shop/charts/b.tgz", &large).gz();
    let told = open("shop.tgz", &twice).expect_err("is refused").to_string();
    assert!(told.contains("`charts/b.tgz` is refused: it holds more than 100 MiB"), "{told}");

    let mut nested = inner;
    for level in 0..12 {
        nested = Tar::of(&[("db/Chart.yaml", "name: db\n")]).file(&format!("db/charts/{level}.tgz"), &nested).gz();
    }
    let told = open("db.tgz", &nested).expect_err("is refused").to_string();
    assert!(told.ends_with("it holds archives in archives, more than 10 deep"), "{told}");
}

proptest! {
    /// Whatever stands in an archive: what comes out has safe paths, each once, all below one folder.
    #[test]
    fn what_is_taken_is_safe(
        names in proptest::collection::vec("(shop|Shop|\\.|\\.\\.|/|c:)?/?([a-bA-B./\\\\: ]{0,6}/){0,3}[a-bA-B.]{0,3}", 1..8),
        kinds in proptest::collection::vec(prop_oneof![9 => Just(b'0'), 1 => any::<u8>()], 8),
    ) {
        let tar = names.iter().zip(&kinds).fold(Tar(Vec::new()), |tar, (name, kind)| {
            tar.entry(name, EntryType::new(*kind), 1, b"x")
        });
        if let Ok(archive) = read(&tar.gz()) {
            let mut seen = std::collections::HashSet::new();
            for (path, _) in &archive.files {
                prop_assert!(path.split('/').all(|step| !matches!(step, "" | "." | "..") && !step.contains(['\\', '\0'])));
                prop_assert!(!path.starts_with('/') && seen.insert(path.to_lowercase()), "{path}");
            }
        }
    }

    /// Bytes changed anywhere, before or after compression, never panic, and never pass the checksum unseen.
    #[test]
    fn changed_bytes_are_refused_or_read(at in any::<prop::sample::Index>(), to in any::<u8>(), outside in any::<bool>()) {
        let mut tar = Tar::of(&[CHART, ("shop/values.yaml", "a: 1\n"), ("shop/templates/web.yaml", "b: 2\n")]);
        let good = read(&Tar(tar.0.clone()).gz()).expect("is fine");
        if outside {
            let mut bytes = tar.gz();
            let at = at.index(bytes.len());
            let same = bytes[at] == to;
            bytes[at] = to;
            if let Ok(archive) = read(&bytes) {
                prop_assert!(same || archive == good, "only the header's time, system and name may differ");
            }
        } else {
            let at = at.index(tar.0.len());
            tar.0[at] = to;
            let _ = read(&tar.gz());
        }
    }

    /// Bytes of no form at all end in an error.
    #[test]
    fn noise_is_refused(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        prop_assert!(read(&bytes).is_err());
        let mut whole = bytes.clone();
        whole.resize(whole.len().next_multiple_of(512), 0);
        let _ = read(&gzip(&whole));
    }
}

/// Whatever somebody wrote as a digest is written again as the same.
#[test]
fn a_lock_is_written_as_it_was_read() {
    let text =
        "dependencies:\n- name: db\n  version: 1.0.0\npinned:\n- name: db\n  version: 1.0.0\n  digest: 'a: b #c'\n";
    let lock = super::Lock::parse(text).expect("is a lock");
    assert_eq!(super::Lock::parse(&lock.write()).as_ref(), Ok(&lock));
}
