//! Failures that every family of methods shares, and how they look to clients.

use jsonrpsee::types::{
    error::{INTERNAL_ERROR_CODE, METHOD_NOT_FOUND_CODE},
    ErrorObjectOwned,
};
use xinglin_core::StoreError;
use xinglin_rpc_api::codes;

/// A failure of the server itself.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ServerError {
    /// Too much is waiting for the workers.
    #[error("the node is busy; try again in a moment")]
    Busy,
    /// The client is above its rate.
    #[error("more requests per second than this node allows a client; wait a moment, or use a node of your own")]
    RateLimited,
    /// A subscription over HTTP, which ends with its answer.
    #[error("subscriptions need a connection that stays; open a WebSocket at the same address")]
    NeedsWebSocket,
    /// There is no block, not even genesis.
    #[error("the node has no block yet; wait until it has started")]
    NoBlock,
    /// The database failed.
    #[error("the node cannot read its database; its log says why")]
    Store(#[from] StoreError),
    /// Something broke that should not.
    #[error("the node failed to answer; its log says why")]
    Internal,
}

impl ServerError {
    /// The public code.
    pub fn code(&self) -> i32 {
        match self {
            Self::RateLimited => codes::RATE_LIMITED,
            Self::Busy => codes::BUSY,
            Self::NeedsWebSocket => METHOD_NOT_FOUND_CODE,
            Self::NoBlock | Self::Store(_) | Self::Internal => INTERNAL_ERROR_CODE,
        }
    }
}

impl From<ServerError> for ErrorObjectOwned {
    fn from(error: ServerError) -> Self {
        if let ServerError::Store(cause) = &error {
            tracing::error!(%cause, "rpc: database error");
        }
        Self::owned(error.code(), error.to_string(), None::<()>)
    }
}

/// An error object with a remedy or a reason in `data`.
pub(crate) fn error_with_data(code: i32, message: &str, data: String) -> ErrorObjectOwned {
    ErrorObjectOwned::owned(code, message, Some(data))
}
