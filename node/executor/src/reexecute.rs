//! Executing the whole chain again, to prove that its rules give what is stored.

use std::sync::Arc;

use sp_core::storage::Storage;
use xinglin_core::{
    Block, BlockError, ChainStore, ExecutionError, InvalidBlock, StoreError, Tip, VerifyMode,
};
use xinglin_primitives::{BlockNumber, Hash};

use crate::{
    backend::TipState,
    config::ExecutorConfig,
    execution::Context,
    genesis::{Genesis, GenesisError},
    memory::MemoryState,
    metrics::Metrics,
    signature_pool,
    signatures::Signatures,
    verifying::{self, Refusal},
};

/// What was executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReExecution {
    /// Blocks executed, genesis not counted.
    pub blocks: BlockNumber,
    /// Transactions executed, inherents counted.
    pub transactions: u64,
    /// State root after the last block.
    pub state_root: Hash,
}

/// Why the chain does not execute to what is stored.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ReExecutionError {
    /// The genesis is not that of the chain.
    #[error(transparent)]
    Genesis(#[from] GenesisError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A stored block is missing or its bytes are not a block.
    #[error("block {number} cannot be read: {reason}")]
    Unreadable {
        /// Height of the block.
        number: BlockNumber,
        /// What is wrong.
        reason: String,
    },
    /// A stored block does not execute to its roots.
    #[error("block {number} differs: {reason}")]
    Differs {
        /// Height of the block.
        number: BlockNumber,
        /// What differs.
        reason: InvalidBlock,
    },
    /// It could not be executed here.
    #[error("block {number}: {error}")]
    Execution {
        /// Height of the block.
        number: BlockNumber,
        /// What failed.
        error: ExecutionError,
    },
}

/// Executes all blocks from genesis to the tip, in memory, and compares every root on the way.
///
/// Works on pruned databases too, since only blocks are read. Takes the memory of the whole state.
/// `progress` hears the height reached and that of the tip after every block.
pub fn re_execute(
    chain: &dyn ChainStore,
    genesis: Storage,
    mut progress: impl FnMut(BlockNumber, BlockNumber),
) -> Result<ReExecution, ReExecutionError> {
    let genesis = Genesis::build(genesis)?;
    let Some(last) = chain.tip() else {
        return Err(StoreError::Corrupt("the database is empty".into()).into());
    };
    genesis.write(chain)?;
    let memory = Arc::new(MemoryState::new());
    memory.apply(&genesis.trie, &genesis.flat);
    let mut tip = Tip {
        number: 0,
        hash: genesis.hash,
        state_root: genesis.block.header.state_root,
    };
    let context = context(&memory, tip)?;
    let mut transactions = 0;
    for number in 1..=last.number {
        let block = Arc::new(read(chain, number)?);
        let outcome =
            verifying::verify(&context, &tip, &block, &VerifyMode::Synced).map_err(|refusal| {
                match refusal {
                    Refusal::Invalid(reason) => ReExecutionError::Differs { number, reason },
                    Refusal::Here(error) => ReExecutionError::Execution { number, error },
                }
            })?;
        tip = Tip {
            number,
            hash: outcome.hash,
            state_root: block.header.state_root,
        };
        context.state.advance(tip, &outcome.flat, || {
            memory.apply(&outcome.trie, &outcome.flat);
            Ok(())
        })?;
        transactions += outcome.extrinsic_hashes.len() as u64;
        progress(number, last.number);
    }
    if tip != last {
        let message = format!("the tip is {last:?}, the blocks lead to {tip:?}");
        return Err(StoreError::Corrupt(message).into());
    }
    Ok(ReExecution {
        blocks: last.number,
        transactions,
        state_root: tip.state_root,
    })
}

fn context(memory: &Arc<MemoryState>, tip: Tip) -> Result<Context, ReExecutionError> {
    let config = ExecutorConfig::default();
    let metrics = Metrics::default();
    let pool = signature_pool(&config).map_err(|error| ReExecutionError::Execution {
        number: 0,
        error: ExecutionError::Runtime(error.to_string()),
    })?;
    Ok(Context {
        state: Arc::new(TipState::new(memory.clone(), tip, &config)),
        signatures: Signatures::new(pool, metrics.clone()),
        metrics,
    })
}

fn read(chain: &dyn ChainStore, number: BlockNumber) -> Result<Block, ReExecutionError> {
    let unreadable = |reason: String| ReExecutionError::Unreadable { number, reason };
    let bytes = chain
        .encoded_block(number)?
        .ok_or_else(|| unreadable("it is missing".into()))?;
    Block::from_bytes(&bytes).map_err(|error: BlockError| unreadable(error.to_string()))
}
