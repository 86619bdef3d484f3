//! What must survive a restart although no block holds it yet: this node's transactions, and evidence.

use codec::Encode;
use rocksdb::{IteratorMode, WriteBatch};
use sp_core::Hasher;
use xinglin_core::{EvidenceStore, Extrinsic, PoolJournal, StoreError};
use xinglin_primitives::{consensus::Equivocation, Hash, Hashing};

use crate::{
    columns::{decode, Family},
    database::{read_error, Database, Inner},
};

impl Inner {
    fn values<'a>(
        &'a self,
        family: Family,
    ) -> impl Iterator<Item = Result<Box<[u8]>, StoreError>> + 'a {
        self.db
            .iterator_cf(self.cf(family), IteratorMode::Start)
            .map(|item| item.map(|(_, value)| value).map_err(read_error))
    }
}

impl PoolJournal for Database {
    fn keep(&self, transactions: &[(Hash, Extrinsic)]) -> Result<(), StoreError> {
        if transactions.is_empty() {
            return Ok(());
        }
        let pool = self.inner.cf(Family::Pool);
        let mut batch = WriteBatch::default();
        for (hash, extrinsic) in transactions {
            batch.put_cf(pool, hash, extrinsic);
        }
        self.inner.write(batch, true)
    }

    fn forget(&self, hashes: &[Hash]) -> Result<(), StoreError> {
        if hashes.is_empty() {
            return Ok(());
        }
        let pool = self.inner.cf(Family::Pool);
        let mut batch = WriteBatch::default();
        for hash in hashes {
            batch.delete_cf(pool, hash);
        }
        // Not synced: a transaction that comes back after a crash is judged anew and forgotten again.
        self.inner.write(batch, false)
    }

    fn load(&self) -> Result<Vec<Extrinsic>, StoreError> {
        self.inner
            .values(Family::Pool)
            .map(|value| value.map(|bytes| Extrinsic::from(bytes.into_vec())))
            .collect()
    }
}

fn evidence_key(encoded: &[u8]) -> Hash {
    <Hashing as Hasher>::hash(encoded)
}

impl EvidenceStore for Database {
    fn keep_evidence(&self, evidence: &[Equivocation]) -> Result<(), StoreError> {
        if evidence.is_empty() {
            return Ok(());
        }
        let family = self.inner.cf(Family::Evidence);
        let mut batch = WriteBatch::default();
        for encoded in evidence.iter().map(Encode::encode) {
            batch.put_cf(family, evidence_key(&encoded), &encoded);
        }
        self.inner.write(batch, true)
    }

    fn evidence(&self) -> Result<Vec<Equivocation>, StoreError> {
        self.inner
            .values(Family::Evidence)
            .map(|value| decode(&value?, "a piece of evidence"))
            .collect()
    }

    fn forget_evidence(&self, evidence: &[Equivocation]) -> Result<(), StoreError> {
        if evidence.is_empty() {
            return Ok(());
        }
        let family = self.inner.cf(Family::Evidence);
        let mut batch = WriteBatch::default();
        for encoded in evidence.iter().map(Encode::encode) {
            batch.delete_cf(family, evidence_key(&encoded));
        }
        self.inner.write(batch, false)
    }
}
