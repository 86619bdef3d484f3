//! What transactions did.

use codec::{Decode, Encode};
use frame_support::storage::storage_prefix;
use jsonrpsee::rpc_params;
use serde::Deserialize;
use sp_runtime::DispatchError;
use xinglin_primitives::{receipt::extrinsic_hash, BlockNumber, Hash, Header};
use xinglin_runtime::{RuntimeError, RuntimeEvent};

use super::{to_hex, Client, ClientError};

/// A transaction that is final, and what it did.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Hash of the transaction: its receipt is found by it.
    pub hash: Hash,
    /// Hash of its block.
    pub block: Hash,
    /// Height of its block.
    pub number: BlockNumber,
    /// Its place in the block.
    pub index: u32,
    /// Whether the call did what it was asked.
    pub result: Result<(), DispatchError>,
    /// The events of the call.
    pub events: Vec<RuntimeEvent>,
}

impl Outcome {
    /// The name of the error with which the call failed, such as
    /// `Appointments(Error::SlotFull)`, or `None` if it succeeded.
    pub fn failure(&self) -> Option<String> {
        self.result.as_ref().err().map(describe_error)
    }
}

/// The name of a dispatch error.
pub fn describe_error(error: &DispatchError) -> String {
    if let DispatchError::Module(module) = error {
        let encoded = (module.index, module.error).encode();
        if let Ok(named) = RuntimeError::decode(&mut &encoded[..]) {
            return format!("{named:?}");
        }
    }
    format!("{error:?}")
}

#[derive(Deserialize)]
struct SignedBlock {
    block: JsonBlock,
}

#[derive(Deserialize)]
struct JsonBlock {
    header: Header,
    extrinsics: Vec<String>,
}

impl Client {
    /// What a transaction did that is in this block.
    pub async fn outcome(&self, encoded: &[u8], block: Hash) -> Result<Outcome, ClientError> {
        let hash = extrinsic_hash(encoded);
        let found: Option<SignedBlock> = self.request("chain_getBlock", rpc_params![block]).await?;
        let found = found.map(|signed| signed.block);
        let wanted = to_hex(encoded);
        let (number, index) = found
            .and_then(|block| {
                let index = block.extrinsics.iter().position(|bytes| *bytes == wanted)?;
                Some((block.header.number, u32::try_from(index).ok()?))
            })
            .ok_or_else(|| ClientError::NotFound {
                what: format!("transaction {hash:?} in block {block:?}"),
            })?;
        let (result, events) = self.events_of(block, index).await?;
        Ok(Outcome {
            hash,
            block,
            number,
            index,
            result,
            events,
        })
    }

    async fn event_records(
        &self,
        block: Hash,
    ) -> Result<Vec<frame_system::EventRecord<RuntimeEvent, Hash>>, ClientError> {
        let key = storage_prefix(b"System", b"Events");
        Ok(self.storage(&key, block).await?.unwrap_or_default())
    }

    async fn events_of(
        &self,
        block: Hash,
        index: u32,
    ) -> Result<(Result<(), DispatchError>, Vec<RuntimeEvent>), ClientError> {
        let records = self.event_records(block).await?;
        let mut result = None;
        let mut events = Vec::new();
        for record in records {
            if record.phase != frame_system::Phase::ApplyExtrinsic(index) {
                continue;
            }
            match record.event {
                RuntimeEvent::System(frame_system::Event::ExtrinsicSuccess { .. }) => {
                    result = Some(Ok(()));
                }
                RuntimeEvent::System(frame_system::Event::ExtrinsicFailed {
                    dispatch_error,
                    ..
                }) => result = Some(Err(dispatch_error)),
                event => events.push(event),
            }
        }
        let result = result.ok_or(ClientError::Undecodable { what: "the events" })?;
        Ok((result, events))
    }
}
