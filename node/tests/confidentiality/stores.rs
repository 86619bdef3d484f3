//! What a node that has ended leaves on the disk.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use rocksdb::{IteratorMode, Options, DB};

use crate::needles::Scan;

/// The folders of databases in a node's folder: the chain, the index, the record of questions.
const DATABASES: [&str; 3] = ["db", "index", "questions"];

/// Looks into every file as it is, the write-ahead log of the consensus among them.
pub fn look_into_files(base: &Path, scan: &mut Scan) {
    let mut files = BTreeSet::new();
    list(base, &mut files);
    assert!(files.contains(&base.join("wal/consensus.wal")), "{files:?}");
    for file in files {
        let bytes = fs::read(&file).unwrap();
        scan.look(file.to_str().unwrap(), &bytes);
    }
}

fn list(folder: &Path, found: &mut BTreeSet<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            list(&path, found);
        } else {
            found.insert(path);
        }
    }
}

/// Looks into all keys and values of all databases. Files hide some of them: blocks are compressed.
pub fn look_into_databases(base: &Path, scan: &mut Scan) {
    for name in DATABASES {
        let path = base.join(name);
        let options = Options::default();
        let families = DB::list_cf(&options, &path).unwrap();
        let database = DB::open_cf_for_read_only(&options, &path, &families, false).unwrap();
        for family in &families {
            let place = format!("{name}/{family}");
            let handle = database.cf_handle(family).unwrap();
            for entry in database.iterator_cf(handle, IteratorMode::Start) {
                let (key, value) = entry.unwrap();
                scan.look(&place, &key);
                scan.look(&place, &value);
            }
        }
    }
}
