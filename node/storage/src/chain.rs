//! Blocks: the one write that moves the tip, and what finds them again.

use std::time::Instant;

use bytes::Bytes;
use codec::{Decode, Encode};
use rocksdb::{Direction, IteratorMode, WriteBatch};
use sp_runtime::traits::Header as _;
use xinglin_core::{Block, ChainStore, CommitBatch, Extrinsic, StoreError, Tip, TxLocation};
use xinglin_primitives::{consensus::CommitCertificate, BlockNumber, Hash, Header};

use crate::{
    columns::{
        height_key, meta, round_and_hash, undecided_key, Family, Location, StoredTip,
        FLAT_STAMP_KEY, STAMPS,
    },
    config::StateMode,
    database::{read_error, Database, Entry, Head, Inner},
    pruning::Window,
};

/// Undecided blocks kept of one height: beyond it, that of the earliest round goes. An honest height
/// has one or two; without a bound, proposers that fail round after round could fill the disk.
pub const UNDECIDED_PER_HEIGHT_MAX: usize = 128;

/// Bytes that a record of a batch takes besides its key and value.
const RECORD_OVERHEAD_BYTES: usize = 16;

/// The first fields of a stored certificate, enough to learn the block's hash.
#[derive(Decode)]
struct CertificateHead {
    _height: BlockNumber,
    _round: u32,
    block_hash: Hash,
}

impl Inner {
    /// The height of a committed block.
    pub(crate) fn number_of(&self, hash: &Hash) -> Result<Option<BlockNumber>, StoreError> {
        Ok(self.header(hash)?.map(|header| *header.number()))
    }

    pub(crate) fn header(&self, hash: &Hash) -> Result<Option<Header>, StoreError> {
        self.get_decoded(Family::BlockByHash, hash.as_bytes(), "a header")
    }

    /// The hash of the block at a height: the certificate names it.
    pub(crate) fn hash_at(&self, number: BlockNumber) -> Result<Option<Hash>, StoreError> {
        if number == 0 {
            let has_genesis = self.header(&self.genesis)?.is_some();
            return Ok(has_genesis.then_some(self.genesis));
        }
        let certificate = self
            .db
            .get_pinned_cf(self.cf(Family::Certificates), height_key(number))
            .map_err(read_error)?;
        let Some(bytes) = certificate else {
            return Ok(None);
        };
        let head = CertificateHead::decode(&mut &bytes[..])
            .map_err(|_| StoreError::Corrupt(format!("certificate {number} does not decode")))?;
        Ok(Some(head.block_hash))
    }

    fn encoded_block(&self, number: BlockNumber) -> Result<Option<Bytes>, StoreError> {
        let bytes = self.get(Family::Blocks, &height_key(number))?;
        Ok(bytes.map(Bytes::from))
    }

    /// Asserts that the batch extends the tip and that its parts belong together.
    fn check_batch(&self, batch: &CommitBatch<'_>, tip: Option<Tip>) -> Result<(), StoreError> {
        let number = batch.block.number();
        let refuse = |reason: String| Err(StoreError::Refused(reason));
        let next = tip.map_or(Some(0), |tip| tip.number.checked_add(1));
        if next != Some(number) {
            let tip = tip.map_or_else(|| "none".to_owned(), |tip| tip.number.to_string());
            return refuse(format!("block {number} does not follow the tip {tip}"));
        }
        if let Some(tip) = tip {
            let parent = *batch.block.header.parent_hash();
            if parent != tip.hash {
                return refuse(format!(
                    "block {number} has the parent {parent:?}, the tip is {:?}",
                    tip.hash
                ));
            }
        }
        if batch.hash != batch.block.hash() {
            return refuse(format!(
                "block {number} does not have the hash {:?}",
                batch.hash
            ));
        }
        if number == 0 && batch.hash != self.genesis {
            return refuse(format!(
                "genesis {:?} is not that of the chain, {:?}",
                batch.hash, self.genesis
            ));
        }
        match batch.certificate {
            None if number == 0 => {}
            Some(certificate)
                if number > 0
                    && certificate.height == number
                    && certificate.block_hash == batch.hash => {}
            _ => return refuse(format!("block {number} comes without its certificate")),
        }
        if batch.extrinsic_hashes.len() != batch.block.body.len() {
            return refuse(format!(
                "block {number} has {} transactions and {} hashes",
                batch.block.body.len(),
                batch.extrinsic_hashes.len()
            ));
        }
        self.check_state(batch)
    }

    fn check_state(&self, batch: &CommitBatch<'_>) -> Result<(), StoreError> {
        let refuse = |reason: &str| {
            let number = batch.block.number();
            Err(StoreError::Refused(format!("block {number}: {reason}")))
        };
        let trie = batch.trie;
        let short = |key: &Vec<u8>| key.len() < Hash::len_bytes();
        if trie.inserted.iter().any(|(key, _)| short(key)) || trie.deleted.iter().any(short) {
            return refuse("a trie node's key is shorter than a hash");
        }
        if batch.flat.iter().any(|(key, _)| key == FLAT_STAMP_KEY) {
            return refuse("a state key is reserved for the database");
        }
        let root = batch.block.header.state_root();
        let inserts_root = trie.inserted.iter().any(|(key, _)| key == root.as_bytes());
        if !inserts_root && !self.has_root(root)? {
            return refuse("the root node of its state is neither new nor stored");
        }
        Ok(())
    }

    /// All that the block writes, and the head after it.
    fn assemble(
        &self,
        batch: &CommitBatch<'_>,
        head: Head,
        window: &mut Window,
    ) -> Result<(WriteBatch, Head), StoreError> {
        let block = batch.block;
        let number = block.number();
        let tip = Tip {
            number,
            hash: batch.hash,
            state_root: *block.header.state_root(),
        };
        let mut out = WriteBatch::with_capacity_bytes(capacity(batch));
        out.put_cf(
            self.cf(Family::Blocks),
            height_key(number),
            block.to_bytes(),
        );
        let header = block.header.encode();
        out.put_cf(self.cf(Family::BlockByHash), batch.hash, header);
        if let Some(certificate) = batch.certificate {
            let family = self.cf(Family::Certificates);
            out.put_cf(family, height_key(number), certificate.encode());
        }
        self.put_index(&mut out, number, batch.extrinsic_hashes);
        self.put_state(&mut out, batch);
        self.drop_undecided(&mut out, number)?;
        let oldest_state = match self.mode {
            StateMode::Archive => None,
            StateMode::Pruned { states } => {
                self.prune(&mut out, window, number, batch.trie, states)?
            }
        };
        let meta_cf = self.cf(Family::Meta);
        if let Some(oldest) = oldest_state {
            out.put_cf(meta_cf, meta::OLDEST_STATE, oldest.encode());
        }
        let stored = StoredTip {
            number,
            hash: tip.hash,
            state_root: tip.state_root,
        };
        out.put_cf(meta_cf, meta::TIP, stored.encode());
        for (family, key) in STAMPS {
            out.put_cf(self.cf(family), key, number.encode());
        }
        let head = Head {
            tip: Some(tip),
            oldest_state: oldest_state.unwrap_or(head.oldest_state),
        };
        Ok((out, head))
    }

    fn put_index(&self, out: &mut WriteBatch, number: BlockNumber, hashes: &[Hash]) {
        let family = self.cf(Family::TxIndex);
        for (index, hash) in (0u32..).zip(hashes) {
            out.put_cf(family, hash, Location { number, index }.encode());
        }
    }

    fn put_state(&self, out: &mut WriteBatch, batch: &CommitBatch<'_>) {
        let nodes = self.cf(Family::StateNodes);
        // They are in the order of keys, in which a memtable takes a large batch in several times
        // faster.
        for (key, node) in &batch.trie.inserted {
            out.put_cf(nodes, key, node);
        }
        let flat = self.cf(Family::StateFlat);
        for (key, value) in batch.flat {
            match value {
                Some(value) => out.put_cf(flat, key, value),
                None => out.delete_cf(flat, key),
            }
        }
    }

    /// Removes the undecided blocks of a height. Those of lower heights went with their own commits.
    fn drop_undecided(&self, out: &mut WriteBatch, height: BlockNumber) -> Result<(), StoreError> {
        let family = self.cf(Family::Undecided);
        for item in self.undecided_entries(height) {
            out.delete_cf(family, item?.0);
        }
        Ok(())
    }

    fn undecided_entries(
        &self,
        height: BlockNumber,
    ) -> impl Iterator<Item = Result<Entry, StoreError>> + '_ {
        let start = height_key(height);
        let mode = IteratorMode::From(&start, Direction::Forward);
        self.db
            .iterator_cf(self.cf(Family::Undecided), mode)
            .map(|item| item.map_err(read_error))
            .take_while(move |item| match item {
                Ok((key, _)) => key.starts_with(&start),
                Err(_) => true,
            })
    }
}

/// About how many bytes the block's batch will have.
fn capacity(batch: &CommitBatch<'_>) -> usize {
    let nodes: usize = batch
        .trie
        .inserted
        .iter()
        .map(|(key, node)| key.len() + node.len() + RECORD_OVERHEAD_BYTES)
        .sum();
    let values: usize = batch
        .flat
        .iter()
        .map(|(key, value)| key.len() + value.as_ref().map_or(0, Vec::len) + RECORD_OVERHEAD_BYTES)
        .sum();
    let hashes = batch.extrinsic_hashes.len() * (Hash::len_bytes() + RECORD_OVERHEAD_BYTES);
    nodes + values + hashes + batch.block.encoded_len()
}

impl ChainStore for Database {
    fn tip(&self) -> Option<Tip> {
        self.inner.head.read().tip
    }

    fn hash_at(&self, number: BlockNumber) -> Result<Option<Hash>, StoreError> {
        self.inner.hash_at(number)
    }

    fn header(&self, hash: &Hash) -> Result<Option<Header>, StoreError> {
        self.inner.header(hash)
    }

    fn body(&self, hash: &Hash) -> Result<Option<Vec<Extrinsic>>, StoreError> {
        let Some(number) = self.inner.number_of(hash)? else {
            return Ok(None);
        };
        let bytes = self.inner.encoded_block(number)?.ok_or_else(|| {
            StoreError::Corrupt(format!("block {number} is indexed but not stored"))
        })?;
        let block = Block::from_bytes(&bytes)
            .map_err(|error| StoreError::Corrupt(format!("block {number}: {error}")))?;
        Ok(Some(block.body))
    }

    fn encoded_block(&self, number: BlockNumber) -> Result<Option<Bytes>, StoreError> {
        self.inner.encoded_block(number)
    }

    fn certificate(&self, number: BlockNumber) -> Result<Option<CommitCertificate>, StoreError> {
        self.inner
            .get_decoded(Family::Certificates, &height_key(number), "a certificate")
    }

    fn locate(&self, extrinsic: &Hash) -> Result<Option<TxLocation>, StoreError> {
        let location: Option<Location> =
            self.inner
                .get_decoded(Family::TxIndex, extrinsic.as_bytes(), "an index entry")?;
        Ok(location.map(|Location { number, index }| TxLocation { number, index }))
    }

    fn oldest_state(&self) -> BlockNumber {
        self.inner.head.read().oldest_state
    }

    fn disk_bytes(&self) -> Option<u64> {
        self.inner.disk_bytes().ok()
    }

    fn commit(&self, batch: CommitBatch<'_>) -> Result<(), StoreError> {
        let started = Instant::now();
        let inner = &self.inner;
        let mut window = inner.writer.lock();
        let head = *inner.head.read();
        inner.check_batch(&batch, head.tip)?;
        let (out, head) = inner.assemble(&batch, head, &mut window)?;
        inner.write(out, true)?;
        *inner.head.write() = head;
        inner
            .counters
            .committed(batch.block.number(), started.elapsed());
        Ok(())
    }

    fn put_undecided(&self, round: u32, block: &Block) -> Result<(), StoreError> {
        let inner = &self.inner;
        let _writer = inner.writer.lock();
        let height = block.number();
        let Some(tip) = inner.head.read().tip else {
            return Err(StoreError::Refused(
                "an undecided block before genesis is committed".to_owned(),
            ));
        };
        if height <= tip.number {
            // Its height was decided meanwhile: nobody will ask for it.
            return Ok(());
        }
        if Some(height) != tip.number.checked_add(1) {
            return Err(StoreError::Refused(format!(
                "an undecided block of height {height} cannot have been verified on the tip {}",
                tip.number
            )));
        }
        let family = inner.cf(Family::Undecided);
        let mut batch = WriteBatch::default();
        let hash = block.hash();
        let mut kept = Vec::new();
        for item in inner.undecided_entries(height) {
            let (key, _) = item?;
            if round_and_hash(&key).is_some_and(|(_, known)| known == hash) {
                return Ok(());
            }
            kept.push(key);
        }
        if kept.len() >= UNDECIDED_PER_HEIGHT_MAX {
            // Keys are in the order of rounds.
            batch.delete_cf(family, &kept[0]);
        }
        let key = undecided_key(height, round, &hash);
        batch.put_cf(family, key, block.to_bytes());
        inner.write(batch, true)
    }

    fn undecided(&self, height: BlockNumber) -> Result<Vec<(u32, Block)>, StoreError> {
        let corrupt =
            |reason: &str| StoreError::Corrupt(format!("an undecided block of {height}: {reason}"));
        self.inner
            .undecided_entries(height)
            .map(|item| {
                let (key, value) = item?;
                let (round, hash) = round_and_hash(&key).ok_or_else(|| corrupt("its key"))?;
                let block = Block::from_bytes(&value.into_vec().into())
                    .map_err(|error| corrupt(&error.to_string()))?;
                if block.hash() != hash {
                    return Err(corrupt("its hash"));
                }
                Ok((round, block))
            })
            .collect()
    }
}

impl Database {
    /// The encoded blocks from height `first` to the tip of now, in order, read one by one.
    pub fn blocks(
        &self,
        first: BlockNumber,
    ) -> impl Iterator<Item = Result<(BlockNumber, Bytes), StoreError>> + '_ {
        let heights = self.tip().map(|tip| first..=tip.number);
        heights.into_iter().flatten().map(|number| {
            let missing = || StoreError::Corrupt(format!("block {number} is missing"));
            let bytes = self.encoded_block(number)?.ok_or_else(missing)?;
            Ok((number, bytes))
        })
    }
}
