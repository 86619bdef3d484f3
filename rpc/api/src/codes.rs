//! The codes of errors. They are stable: clients may match on them.
//!
//! Codes of the JSON-RPC standard (−32700 to −32600) and of the server's transport (−32006 to
//! −32011: too many subscriptions, request or response or batch too large) come besides; a subscription
//! over HTTP is a method that does not exist there, −32601.

/// The client sends more requests per second than it may; wait and try again.
pub const RATE_LIMITED: i32 = -32005;
/// The node has more to do than it may queue; try again a little later.
pub const BUSY: i32 = -32009;

/// The transaction is not a length-prefixed extrinsic, or too large.
pub const AUTHOR_BAD_FORMAT: i32 = 1001;
/// The runtime refuses the transaction.
pub const AUTHOR_INVALID: i32 = 1010;
/// The runtime cannot tell whether the transaction is valid.
pub const AUTHOR_UNKNOWN_VALIDITY: i32 = 1011;
/// The transaction was found invalid a moment ago.
pub const AUTHOR_BANNED: i32 = 1012;
/// The transaction is in the pool already.
pub const AUTHOR_ALREADY_IMPORTED: i32 = 1013;
/// Another transaction with this nonce has at least this priority.
pub const AUTHOR_PRIORITY_TOO_LOW: i32 = 1014;
/// The pool has no room.
pub const AUTHOR_POOL_FULL: i32 = 1016;

/// More heights at once than one call may ask for.
pub const CHAIN_TOO_MANY: i32 = 3001;

/// More keys at once than one call may ask for.
pub const STATE_TOO_MANY: i32 = 4002;
/// No committed block has this hash.
pub const STATE_UNKNOWN_BLOCK: i32 = 4003;
/// The state of the block is not kept any more.
pub const STATE_PRUNED: i32 = 4004;
/// The runtime has no such function.
pub const STATE_UNKNOWN_FUNCTION: i32 = 4005;
/// The runtime function failed or its arguments do not decode.
pub const STATE_CALL_FAILED: i32 = 4006;
/// The runtime does not offer this version of the metadata.
pub const STATE_NO_METADATA: i32 = 4007;

/// The signature of a question does not verify.
pub const QUESTION_SIGNATURE: i32 = 5001;
/// The challenge of a question is not of this node and account, has expired or was used.
pub const QUESTION_CHALLENGE: i32 = 5002;
/// The asker may not ask this; `data` says why.
pub const QUESTION_REFUSED: i32 = 5003;
/// The chain's rules give no answer but an error, which `data` names.
pub const QUESTION_NO_ANSWER: i32 = 5004;
/// The account, or all accounts that the chain does not know, asked as many questions within a minute as
/// they may; `data` says what to do.
pub const QUESTION_QUOTA: i32 = 5005;
/// The node was asked more questions within a minute than it keeps count of; wait, or ask another one.
pub const QUESTION_FULL: i32 = 5006;

/// The node keeps no index of operations; start it with `--index`, or ask one that has it.
pub const EXPLORER_NO_INDEX: i32 = 6001;
/// The index has not come to where it could answer, or begins later; the message says where it is.
pub const EXPLORER_BEHIND: i32 = 6002;
/// The filter asks for what cannot be; `data` says what there is.
pub const EXPLORER_FILTER: i32 = 6003;
/// The cursor is not of this chain, or of another question.
pub const EXPLORER_CURSOR: i32 = 6004;
/// The node cannot put regulators' questions on the record; `data` says what its operator must do.
pub const EXPLORER_NO_ANCHOR: i32 = 6005;

/// More `chainHead_v1_follow` subscriptions on one connection than allowed.
pub const CHAIN_HEAD_FOLLOW_LIMIT: i32 = -32800;
/// The block was not reported by the subscription, or is unpinned.
pub const CHAIN_HEAD_NOT_PINNED: i32 = -32801;
/// The subscription was made without the runtime, so that it cannot call it.
pub const CHAIN_HEAD_WITHOUT_RUNTIME: i32 = -32802;
/// The operation is not waiting to be continued.
pub const CHAIN_HEAD_NOT_WAITING: i32 = -32803;
/// A list of blocks to unpin names one twice.
pub const CHAIN_HEAD_DUPLICATE_HASHES: i32 = -32804;
