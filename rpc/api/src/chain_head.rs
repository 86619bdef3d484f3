//! `chainHead_v1_*`: following the end of the chain.

use jsonrpsee::{core::RpcResult, proc_macros::rpc, ResponsePayload};
use serde::{Deserialize, Serialize};
use xinglin_primitives::Hash;

use crate::{
    number::OneOrMany,
    runtime::RuntimeEvent,
    storage::{StorageQuery, StorageResult},
    Bytes,
};

/// Notifications of `chainHead_v1_follow`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "event",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum FollowEvent {
    /// The first: the last final blocks, all of them pinned.
    Initialized {
        /// The last final blocks, the oldest first.
        finalized_block_hashes: Vec<Hash>,
        /// The runtime of the last of them, if asked for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        finalized_block_runtime: Option<RuntimeEvent>,
    },
    /// A new block, pinned.
    NewBlock {
        /// Its hash.
        block_hash: Hash,
        /// Its parent.
        parent_block_hash: Hash,
        /// With the runtime: `null`, or the new runtime if it changed with this block.
        #[serde(
            default,
            skip_serializing_if = "Option::is_none",
            with = "present_or_null"
        )]
        new_runtime: Option<Option<RuntimeEvent>>,
    },
    /// Another block is the best.
    BestBlockChanged {
        /// Its hash.
        best_block_hash: Hash,
    },
    /// Blocks have become final.
    Finalized {
        /// The blocks, the oldest first.
        finalized_block_hashes: Vec<Hash>,
        /// Blocks that never will: always empty, for there are no forks.
        pruned_block_hashes: Vec<Hash>,
    },
    /// A body.
    OperationBodyDone {
        /// The operation.
        operation_id: String,
        /// The encoded transactions.
        value: Vec<Bytes>,
    },
    /// A runtime function has returned.
    OperationCallDone {
        /// The operation.
        operation_id: String,
        /// What it returned, encoded.
        output: Bytes,
    },
    /// Some of the answers of a storage operation.
    OperationStorageItems {
        /// The operation.
        operation_id: String,
        /// The answers.
        items: Vec<StorageResult>,
    },
    /// A storage operation waits for `chainHead_v1_continue`. This server streams and never waits.
    OperationWaitingForContinue {
        /// The operation.
        operation_id: String,
    },
    /// A storage operation is complete.
    OperationStorageDone {
        /// The operation.
        operation_id: String,
    },
    /// The block cannot be read.
    OperationInaccessible {
        /// The operation.
        operation_id: String,
    },
    /// An operation failed.
    OperationError {
        /// The operation.
        operation_id: String,
        /// Why.
        error: String,
    },
    /// The last: the subscription is dead, all its blocks are unpinned. Follow anew.
    Stop,
}

/// Tells `null` from absence.
mod present_or_null {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<T: Serialize, S: Serializer>(
        value: &Option<Option<T>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        value
            .as_ref()
            .and_then(Option::as_ref)
            .serialize(serializer)
    }

    pub fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Option<T>>, D::Error> {
        Option::deserialize(deserializer).map(Some)
    }
}

/// The answer to a request for an operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "result",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum OperationReply {
    /// It has started; its outcome is told by the subscription.
    Started {
        /// Its id within the subscription.
        operation_id: String,
        /// Storage operations: how many items, from the end, are not answered.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        discarded_items: Option<usize>,
    },
    /// There are too many operations, or the subscription is dead.
    LimitReached,
}

/// Following the end of the chain. Blocks are pinned when reported: they can be read until unpinned.
#[rpc(client, server)]
pub trait ChainHeadApi {
    /// Reports blocks as they come; with the runtime's versions if asked for.
    #[subscription(
        name = "chainHead_v1_follow" => "chainHead_v1_followEvent",
        unsubscribe = "chainHead_v1_unfollow",
        item = FollowEvent,
        with_extensions,
    )]
    async fn follow(&self, with_runtime: bool);

    /// The encoded header of a pinned block; `null` if the subscription is dead.
    #[method(name = "chainHead_v1_header", with_extensions)]
    async fn header(&self, follow_subscription: String, hash: Hash) -> RpcResult<Option<Bytes>>;

    /// Begins to read the transactions of a pinned block.
    #[method(name = "chainHead_v1_body", with_extensions)]
    async fn body(
        &self,
        follow_subscription: String,
        hash: Hash,
    ) -> ResponsePayload<'static, OperationReply>;

    /// Begins to call a runtime function over the state after a pinned block.
    #[method(name = "chainHead_v1_call", with_extensions)]
    async fn call(
        &self,
        follow_subscription: String,
        hash: Hash,
        function: String,
        call_parameters: Bytes,
    ) -> ResponsePayload<'static, OperationReply>;

    /// Begins to read the state after a pinned block. `child_trie` is accepted; there are no child
    /// tries.
    #[method(name = "chainHead_v1_storage", with_extensions)]
    async fn storage(
        &self,
        follow_subscription: String,
        hash: Hash,
        items: Vec<StorageQuery>,
        child_trie: Option<Bytes>,
    ) -> ResponsePayload<'static, OperationReply>;

    /// Continues an operation that waits. None ever does.
    #[method(name = "chainHead_v1_continue", with_extensions)]
    fn continue_operation(
        &self,
        follow_subscription: String,
        operation_id: String,
    ) -> RpcResult<()>;

    /// Stops an operation, which then tells no more.
    #[method(name = "chainHead_v1_stopOperation", with_extensions)]
    fn stop_operation(&self, follow_subscription: String, operation_id: String) -> RpcResult<()>;

    /// Unpins one block or several.
    #[method(name = "chainHead_v1_unpin", with_extensions)]
    fn unpin(&self, follow_subscription: String, hashes: OneOrMany<Hash>) -> RpcResult<()>;
}

#[cfg(test)]
mod tests {
    use serde_json::{json, Value};

    use super::*;

    /// What `event` is on the wire, after a check that it is read back the same.
    fn wire(event: FollowEvent) -> Value {
        let value = serde_json::to_value(&event).unwrap();
        assert_eq!(
            serde_json::from_value::<FollowEvent>(value.clone()).unwrap(),
            event
        );
        value
    }

    #[test]
    fn a_runtime_is_absent_null_or_there() {
        let [block, parent] = [1, 2].map(Hash::repeat_byte);
        let new_block = |new_runtime| {
            wire(FollowEvent::NewBlock {
                block_hash: block,
                parent_block_hash: parent,
                new_runtime,
            })
        };
        let plain = json!({"event": "newBlock", "blockHash": block, "parentBlockHash": parent});
        assert_eq!(new_block(None), plain);
        assert_eq!(new_block(Some(None))["newRuntime"], Value::Null);
        assert!(new_block(Some(None)).get("newRuntime").is_some());
        let broken = RuntimeEvent::Invalid {
            error: "no".to_owned(),
        };
        assert_eq!(
            new_block(Some(Some(broken)))["newRuntime"],
            json!({"type": "invalid", "error": "no"})
        );
    }

    #[test]
    fn events_and_replies_have_the_names_of_the_specification() {
        assert_eq!(wire(FollowEvent::Stop), json!({"event": "stop"}));
        let operation_id = "7".to_owned();
        assert_eq!(
            wire(FollowEvent::OperationWaitingForContinue { operation_id }),
            json!({"event": "operationWaitingForContinue", "operationId": "7"})
        );
        let limit = serde_json::to_value(OperationReply::LimitReached).unwrap();
        assert_eq!(limit, json!({"result": "limitReached"}));
        let started = OperationReply::Started {
            operation_id: "7".to_owned(),
            discarded_items: None,
        };
        assert_eq!(
            serde_json::to_value(started).unwrap(),
            json!({"result": "started", "operationId": "7"})
        );
    }
}
