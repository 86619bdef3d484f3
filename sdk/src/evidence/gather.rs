//! Receipts, state proofs and headers from a node.

use std::collections::{BTreeMap, BTreeSet};

use codec::Decode;
use xinglin_evidence::{
    locate,
    state::{Item, StateProof},
    Evidence, Placement, Subject,
};
use xinglin_primitives::{
    receipt::{extrinsic_hash, CertifiedHeader, Receipt},
    BlockNumber, Hash,
};

use xinglin_rpc_api::codes;

use super::{outcomes::Outcomes, stamps, ContentOf, EvidenceError};
use crate::client::{Client, ClientError};

/// What is gathered for one package. The state is that after one block, however long it takes.
pub(super) struct Gathering<'a> {
    client: &'a Client,
    tip: Hash,
    height: BlockNumber,
    receipts: Vec<Receipt>,
    /// The places of the receipts by transaction.
    places: BTreeMap<Hash, usize>,
    /// The transactions of blocks that were looked at.
    bodies: BTreeMap<BlockNumber, Vec<Vec<u8>>>,
    items: BTreeSet<Item>,
    /// Where the ciphertexts are.
    pub(super) contents: Vec<Placement>,
}

impl<'a> Gathering<'a> {
    pub(super) async fn new(client: &'a Client) -> Result<Self, EvidenceError> {
        let tip = client.tip().await?;
        Ok(Self {
            client,
            tip,
            height: client.header(tip).await?.number,
            receipts: Vec::new(),
            places: BTreeMap::new(),
            bodies: BTreeMap::new(),
            items: BTreeSet::new(),
            contents: Vec::new(),
        })
    }

    /// The height of the block after which the state is claimed.
    pub(super) fn height(&self) -> BlockNumber {
        self.height
    }

    /// How many receipts there are.
    pub(super) fn receipts(&self) -> usize {
        self.receipts.len()
    }

    /// The connection.
    pub(super) fn client(&self) -> &'a Client {
        self.client
    }

    /// What the state holds at an item, which is proven in the package. The type is that of the pallet
    /// behind it.
    pub(super) async fn claim<V: Decode>(
        &mut self,
        item: Item,
    ) -> Result<Option<V>, EvidenceError> {
        self.items.insert(item);
        Ok(self.client.storage(&item.key(), self.tip).await?)
    }

    /// Has an item proven in the package.
    pub(super) fn prove(&mut self, item: Item) {
        self.items.insert(item);
    }

    /// Fetches a receipt, if it is not here already; its place.
    pub(super) async fn receipt(&mut self, transaction: Hash) -> Result<usize, EvidenceError> {
        if let Some(place) = self.places.get(&transaction) {
            return Ok(*place);
        }
        let receipt = self.client.receipt_alone(transaction).await?;
        let place = self.receipts.len();
        self.receipts.push(receipt);
        self.places.insert(transaction, place);
        Ok(place)
    }

    /// What a function of the runtime says of the state that is claimed.
    pub(super) async fn ask<V: Decode>(
        &self,
        function: &str,
        arguments: &[u8],
    ) -> Result<V, EvidenceError> {
        let client = self.client;
        Ok(client.runtime_call(function, arguments, self.tip).await?)
    }

    /// The transactions of a block.
    pub(super) async fn body(&mut self, height: BlockNumber) -> Result<&[Vec<u8>], EvidenceError> {
        if !self.bodies.contains_key(&height) {
            let block = self.client.block_hash(height).await?;
            self.bodies.insert(height, self.client.body(block).await?);
        }
        Ok(self.bodies.get(&height).map_or(&[], Vec::as_slice))
    }

    /// The header of a block with its certificate.
    pub(super) async fn certified(
        &self,
        height: BlockNumber,
    ) -> Result<CertifiedHeader, ClientError> {
        let hash = self.client.block_hash(height).await?;
        Ok(CertifiedHeader {
            header: self.client.header(hash).await?,
            certificate: self.client.certificate(height).await?,
        })
    }

    /// A receipt that is here.
    pub(super) fn at(&self, place: usize) -> Option<&Receipt> {
        self.receipts.get(place)
    }

    /// Fetches the receipt of the transaction in a block that carries a ciphertext; its place.
    pub(super) async fn carrier(
        &mut self,
        of: ContentOf,
        height: BlockNumber,
        (hash, bytes): (Hash, usize),
    ) -> Result<usize, EvidenceError> {
        let body = self.body(height).await?;
        let mut carrying = body
            .iter()
            .filter(|encoded| locate(encoded, hash, bytes).is_some());
        let found = carrying.next().map(|encoded| extrinsic_hash(encoded));
        let transaction = found.ok_or(EvidenceError::NotCarried { of, height })?;
        self.receipt(transaction).await
    }

    /// Adds what proves all that was gathered, with the outcomes of the operations as far as they can be
    /// had. Why not the tokens around all blocks, if so.
    pub(super) async fn finish(
        mut self,
        subject: Subject,
        outcomes: &mut Outcomes,
    ) -> Result<(Evidence, Option<String>), EvidenceError> {
        let blocks = self.receipts.iter().map(|receipt| receipt.header.number);
        let blocks = blocks.collect();
        let (stamps, untimed) = stamps::gather(&mut self, blocks).await?;
        let mut wanted: BTreeMap<BlockNumber, BTreeSet<Item>> = BTreeMap::new();
        for receipt in &self.receipts {
            let items = wanted.entry(receipt.header.number).or_default();
            items.extend(outcomes.items());
        }
        // A receipt may be of a later block than the one whose state is claimed.
        if !self.items.is_empty() {
            self.items.insert(Item::BlockTime);
            let items = std::mem::take(&mut self.items);
            wanted.entry(self.height).or_default().extend(items);
        }
        let highest = wanted.keys().next_back().copied().unwrap_or_default();
        let mut states = Vec::with_capacity(wanted.len());
        for (height, items) in wanted {
            let items: Vec<Item> = items.into_iter().collect();
            match self.state(height, &items).await {
                Ok(proof) => states.push(outcomes.fit(height, (items, proof))),
                // The state of an old block may be pruned; then what came of its transactions is not
                // claimed.
                Err(ClientError::Refused {
                    code: codes::STATE_PRUNED,
                    ..
                }) if height != self.height => outcomes.note_pruned(),
                Err(error) => return Err(error.into()),
            }
        }
        let evidence = Evidence {
            genesis: self.client.genesis(),
            subject,
            set_changes: self.client.set_changes(highest).await?,
            receipts: self.receipts,
            states,
            contents: self.contents,
            stamps,
        };
        Ok((evidence, untimed))
    }

    async fn state(&self, height: BlockNumber, items: &[Item]) -> Result<StateProof, ClientError> {
        let hash = self.client.block_hash(height).await?;
        let keys: Vec<Vec<u8>> = items.iter().map(Item::key).collect();
        let proof = StateProof {
            nodes: self.client.read_proof(&keys, hash).await?,
            block: self.certified(height).await?,
        };
        Ok(proof.trimmed(items))
    }
}
