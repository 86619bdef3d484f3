//! Archives that are no packages.

use std::io::{Cursor, Write};

use zip::{write::SimpleFileOptions, CompressionMethod, ZipWriter};

use crate::archive::{
    pack, unpack, ArchiveError, Files, FILES_MAX, PACKAGE_BYTES_MAX, PATH_BYTES_MAX,
};

/// What local headers and entries of the list of files begin with.
const LOCAL: &[u8] = b"PK\x03\x04";
const LISTED: &[u8] = b"PK\x01\x02";

fn files() -> Files {
    Files::from([
        ("aa".to_owned(), b"first".to_vec()),
        ("folder/ab.bin".to_owned(), vec![0; 300]),
    ])
}

/// Alters the entry of the first file, in its header and in the list of files.
fn altered(local: usize, listed: usize, bytes: &[u8]) -> Vec<u8> {
    let mut packed = pack(&files()).unwrap();
    for (signature, offset) in [(LOCAL, local), (LISTED, listed)] {
        let at = packed.windows(4).position(|it| it == signature).unwrap() + offset;
        packed[at..at + bytes.len()].copy_from_slice(bytes);
    }
    packed
}

fn zip(files: &[(&str, &[u8])], options: SimpleFileOptions) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (path, bytes) in files {
        writer.start_file(*path, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[test]
fn files_are_packed_and_unpacked() {
    let packed = pack(&files()).unwrap();
    assert_eq!(unpack(&packed), Ok(files()));
    assert_eq!(unpack(&pack(&Files::new()).unwrap()), Ok(Files::new()));
}

#[test]
fn encrypted_and_compressed_files_are_refused_by_name() {
    let path = || "aa".to_owned();
    let encrypted = unpack(&altered(6, 8, &[1, 0]));
    assert_eq!(encrypted, Err(ArchiveError::Encrypted { path: path() }));
    for method in [8_u16, 9, 12, 14, 93, 98, 999] {
        let refused = unpack(&altered(8, 10, &method.to_le_bytes()));
        let is_named =
            matches!(&refused, Err(ArchiveError::Compressed { path, .. }) if path == "aa");
        assert!(is_named, "{method}: {refused:?}");
    }
}

#[test]
fn paths_that_lead_elsewhere_are_refused() {
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let long = "a".repeat(PATH_BYTES_MAX + 1);
    for path in [
        "../a", "/a", "a/b/c", "a/../b", "a\\b", ".a", "a/.b", "A", "a b", "ä", "a\nb", "a/", &long,
    ] {
        let refused = unpack(&zip(&[(path, b"x")], stored));
        assert!(matches!(refused, Err(ArchiveError::Path { .. })), "{path}");
        let refused = pack(&Files::from([(path.to_owned(), Vec::new())]));
        assert!(matches!(refused, Err(ArchiveError::Path { .. })), "{path}");
    }
}

#[test]
fn two_files_of_one_name_are_refused() {
    let mut packed = pack(&Files::from([
        ("aa".to_owned(), b"one".to_vec()),
        ("ab".to_owned(), b"two".to_vec()),
    ]))
    .unwrap();
    for at in 0..packed.len() - 1 {
        if &packed[at..at + 2] == b"ab" {
            packed[at + 1] = b'a';
        }
    }
    assert_eq!(unpack(&packed), Err(ArchiveError::Duplicate));
}

#[test]
fn sizes_are_bounded_whatever_is_declared() {
    // A file says that it has 4 GiB, and that it has more than there is.
    for size in [u32::MAX - 1, 1_000_000] {
        let both = [size.to_le_bytes(), size.to_le_bytes()].concat();
        let refused = unpack(&altered(18, 20, &both));
        assert!(refused.is_err(), "{refused:?}");
    }
    let large = vec![0; PACKAGE_BYTES_MAX + 1];
    let bytes = large.len() as u64;
    assert_eq!(unpack(&large), Err(ArchiveError::TooLarge { bytes }));
    let half = vec![0; PACKAGE_BYTES_MAX / 2 + 1];
    let two = Files::from([("a".to_owned(), half.clone()), ("b".to_owned(), half)]);
    assert!(matches!(
        pack(&two),
        Err(ArchiveError::TooLargeUnpacked { .. })
    ));
    // The end of the archive promises more files than a package has.
    let mut packed = pack(&files()).unwrap();
    let end = packed.len() - 22;
    let many = u16::try_from(FILES_MAX + 1).unwrap().to_le_bytes();
    packed[end + 8..end + 10].copy_from_slice(&many);
    packed[end + 10..end + 12].copy_from_slice(&many);
    let files = FILES_MAX + 1;
    assert_eq!(unpack(&packed), Err(ArchiveError::TooManyFiles { files }));
}

#[test]
fn other_forms_of_the_same_files_are_refused() {
    let packed = pack(&files()).unwrap();
    let mut before = b"#!/bin/sh\n".to_vec();
    before.extend_from_slice(&packed);
    let mut behind = packed.clone();
    behind.push(0);
    for altered in [before, behind, packed[1..].to_vec(), packed[..40].to_vec()] {
        assert!(unpack(&altered).is_err());
    }
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let unordered = zip(&[("b", b"x"), ("a", b"y")], stored);
    assert_eq!(unpack(&unordered), Err(ArchiveError::OtherForm));
    let executable = zip(&[("a", b"x")], stored.unix_permissions(0o755));
    assert_eq!(unpack(&executable), Err(ArchiveError::OtherForm));
    for bytes in [&b""[..], b"PK", b"%PDF-1.7", &[0; 22]] {
        assert!(matches!(unpack(bytes), Err(ArchiveError::Damaged { .. })));
    }
}
