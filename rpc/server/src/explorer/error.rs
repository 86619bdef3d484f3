//! Why an `explorer_*` call fails.

use jsonrpsee::types::ErrorObjectOwned;
use xinglin_core::{ExplorerError, StoreError};
use xinglin_decoding::DecodeError;
use xinglin_primitives::BlockNumber;
use xinglin_rpc_api::codes;

use super::{cursor::BadCursor, filter::BadFilter};
use crate::{
    error::{error_with_data, ServerError},
    questions::{NoRecord, QuestionError},
};

/// Why an `explorer_*` call fails.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum ExplorerApiError {
    /// The server or the database.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// The asker, or what she asks.
    #[error(transparent)]
    Question(#[from] QuestionError),
    /// There is no index.
    #[error("this node keeps no index of operations")]
    NoIndex,
    /// Too many listen.
    #[error("the node tells as many subscribers of operations as it can")]
    TooManyLive,
    /// What is asked for cannot be.
    #[error("the filter is refused")]
    Filter(#[from] BadFilter),
    /// The page cannot be continued.
    #[error("the cursor is refused")]
    Cursor(#[from] BadCursor),
    /// The index has not come so far.
    #[error("the index is at block {indexed} of {tip}")]
    Behind {
        /// The last block that is indexed.
        indexed: BlockNumber,
        /// The tip.
        tip: BlockNumber,
    },
    /// The index begins later.
    #[error("the index begins at block {0}, after this")]
    Before(BlockNumber),
    /// An indexed block is not there, or does not decode.
    #[error("block {number} cannot be read: {reason}")]
    Block {
        /// Which.
        number: BlockNumber,
        /// What is wrong.
        reason: String,
    },
}

impl ExplorerApiError {
    /// An indexed block that the chain does not have.
    pub(super) fn missing(number: BlockNumber) -> Self {
        let reason = "it is indexed and missing".to_owned();
        Self::Block { number, reason }
    }

    pub(super) fn undecodable(number: BlockNumber, error: &DecodeError) -> Self {
        let reason = error.to_string();
        Self::Block { number, reason }
    }
}

impl From<StoreError> for ExplorerApiError {
    fn from(error: StoreError) -> Self {
        Self::Server(error.into())
    }
}

impl From<NoRecord> for ExplorerApiError {
    fn from(error: NoRecord) -> Self {
        Self::Question(error.into())
    }
}

impl From<ExplorerError> for ExplorerApiError {
    fn from(error: ExplorerError) -> Self {
        match error {
            ExplorerError::Store(error) => error.into(),
            ExplorerError::Filter(reason) => Self::Filter(BadFilter::Index(reason)),
            ExplorerError::Cursor(block) => Self::Cursor(BadCursor::Block(block)),
            ExplorerError::Behind { indexed, tip } => Self::Behind { indexed, tip },
        }
    }
}

impl From<ExplorerApiError> for ErrorObjectOwned {
    fn from(error: ExplorerApiError) -> Self {
        let message = error.to_string();
        let (code, data) = match error {
            ExplorerApiError::Server(error) => return error.into(),
            ExplorerApiError::Question(error) => return error.into(),
            ExplorerApiError::NoIndex => (
                codes::EXPLORER_NO_INDEX,
                "start the node with --index, or ask one that has an index; if it was started so, its log \
                 says why the index does not open"
                    .to_owned(),
            ),
            ExplorerApiError::TooManyLive => (
                codes::BUSY,
                "try again later, or ask for pages of operations instead".to_owned(),
            ),
            ExplorerApiError::Filter(reason) => (codes::EXPLORER_FILTER, reason.to_string()),
            ExplorerApiError::Cursor(reason) => (codes::EXPLORER_CURSOR, reason.to_string()),
            ExplorerApiError::Behind { .. } => (
                codes::EXPLORER_BEHIND,
                "ask again later; explorer_status tells how far it is".to_owned(),
            ),
            ExplorerApiError::Before(_) => (
                codes::EXPLORER_BEHIND,
                "ask a node whose index begins earlier, as that of an archive does".to_owned(),
            ),
            ExplorerApiError::Block { .. } => {
                tracing::error!(error = message, "rpc: an indexed block cannot be read");
                return ServerError::Internal.into();
            }
        };
        error_with_data(code, &message, data)
    }
}
