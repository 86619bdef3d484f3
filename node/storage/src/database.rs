//! The open database: what all modules share, and the two ways in, reading and writing.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{mpsc, Arc, OnceLock},
};

use parking_lot::{Mutex, RwLock};
use rocksdb::{
    checkpoint::Checkpoint, ColumnFamily, ErrorKind, FlushOptions, WriteBatch, WriteOptions, DB,
};
use xinglin_core::{StoreError, Tip};
use xinglin_primitives::{BlockNumber, Hash};

use crate::{
    columns::{decode, Family, Shared},
    config::StateMode,
    metrics::Counters,
    pruning::Window,
};

/// The database of one node. Clones share it; it closes when the last is dropped.
#[derive(Clone, Debug)]
pub struct Database {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) db: DB,
    pub(crate) shared: Shared,
    pub(crate) path: PathBuf,
    pub(crate) genesis: Hash,
    pub(crate) mode: StateMode,
    /// What readers are told. It changes after the disk has.
    pub(crate) head: RwLock<Head>,
    /// Held while writing anything that depends on the tip.
    pub(crate) writer: Mutex<Window>,
    /// The first failed write, after which there are no more.
    pub(crate) failed: OnceLock<String>,
    pub(crate) counters: Counters,
    /// Dropped after the files are closed, being the last field.
    pub(crate) on_close: OnceLock<mpsc::Sender<()>>,
}

/// How far the chain and its states reach.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Head {
    pub(crate) tip: Option<Tip>,
    pub(crate) oldest_state: BlockNumber,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database")
            .field("path", &self.path)
            .field("head", &*self.head.read())
            .finish_non_exhaustive()
    }
}

impl Database {
    /// Keeps one end of a channel until the files are closed, so that whoever has the other end can
    /// wait for it. Only the first is kept.
    ///
    /// A process must not end before: the destructors of the C++ library run then, under the
    /// library's own threads.
    pub fn keep_until_closed(&self, sender: mpsc::Sender<()>) {
        self.inner.on_close.get_or_init(|| sender);
    }

    /// Hash of the genesis block of the chain that this database holds.
    pub fn genesis(&self) -> Hash {
        self.inner.genesis
    }

    /// Which states it keeps.
    pub fn mode(&self) -> StateMode {
        self.inner.mode
    }

    /// The folder it is in.
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// The lowest and highest height whose state can be read, or `None` while the database is empty.
    pub fn states(&self) -> Option<(BlockNumber, BlockNumber)> {
        let head = *self.inner.head.read();
        head.tip.map(|tip| (head.oldest_state, tip.number))
    }

    /// Bytes that the folder's files take.
    pub fn disk_bytes(&self) -> io::Result<u64> {
        self.inner.disk_bytes()
    }

    /// Makes a copy of the database, as of now and complete, in the new folder `target`, while the
    /// node goes on. On the same file system the copy shares the files that both have, so that it is
    /// quick and takes little room. A node restores it by starting with it as its database.
    pub fn checkpoint(&self, target: &Path) -> Result<(), StoreError> {
        if target.exists() {
            return Err(StoreError::Refused(format!(
                "a checkpoint needs a new folder, and {} exists",
                target.display()
            )));
        }
        Checkpoint::new(&self.inner.db)
            .and_then(|checkpoint| checkpoint.create_checkpoint(target))
            .map_err(|error| StoreError::Io(format!("checkpoint in {}: {error}", target.display())))
    }

    /// Moves all memtables to table files, so that the next start has no log to replay. Nothing is
    /// lost without it.
    pub fn flush(&self) -> Result<(), StoreError> {
        let families = Family::ALL.map(|family| self.inner.cf(family));
        self.inner
            .db
            .flush_cfs_opt(&families, &FlushOptions::default())
            .map_err(|error| write_error("a flush failed", error.as_ref()))
    }
}

/// A key and its value.
pub(crate) type Entry = (Box<[u8]>, Box<[u8]>);

pub(crate) fn read_error(error: rocksdb::Error) -> StoreError {
    match error.kind() {
        ErrorKind::Corruption => StoreError::Corrupt(error.to_string()),
        _ => StoreError::Io(error.to_string()),
    }
}

impl Inner {
    pub(crate) fn cf(&self, family: Family) -> &ColumnFamily {
        self.db
            .cf_handle(family.name())
            .expect("the database was opened with every family; qed")
    }

    pub(crate) fn get(&self, family: Family, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.db.get_cf(self.cf(family), key).map_err(read_error)
    }

    /// Reads a value without copying it and decodes it.
    pub(crate) fn get_decoded<T: codec::Decode>(
        &self,
        family: Family,
        key: &[u8],
        what: &'static str,
    ) -> Result<Option<T>, StoreError> {
        self.db
            .get_pinned_cf(self.cf(family), key)
            .map_err(read_error)?
            .map(|bytes| decode(&bytes, what))
            .transpose()
    }

    /// Writes a batch atomically; with `sync` it is on the disk when this returns.
    ///
    /// After a write has failed, RocksDB may have kept all of it, nothing, or a torn record that only
    /// its recovery can judge. So everything later is refused until the database is opened again.
    pub(crate) fn write(&self, batch: WriteBatch, sync: bool) -> Result<(), StoreError> {
        if let Some(reason) = self.failed.get() {
            return Err(write_error("an earlier write failed", reason));
        }
        let bytes = batch.size_in_bytes();
        let mut options = WriteOptions::default();
        options.set_sync(sync);
        self.db.write_opt(batch, &options).map_err(|error| {
            let reason = self.failed.get_or_init(|| error.to_string());
            tracing::error!(path = %self.path.display(), %reason, "a write failed; the database takes no more");
            write_error("a write failed", reason)
        })?;
        self.counters.written(bytes);
        Ok(())
    }

    pub(crate) fn disk_bytes(&self) -> io::Result<u64> {
        folder_bytes(&self.path)
    }
}

/// Bytes that the files of a database's folder take.
pub(crate) fn folder_bytes(path: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(path)? {
        match entry?.metadata() {
            Ok(metadata) => bytes += metadata.len(),
            // A compaction has removed it meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(bytes)
}

pub(crate) fn write_error(what: &str, reason: &str) -> StoreError {
    StoreError::Io(format!(
        "{what} ({reason}); nothing more is written until the node is started again: \
         free disk space or replace the disk first"
    ))
}
