//! Types and glue traits that the runtime, the pallets, the node and the SDK share.
//!
//! Nothing here depends on a pallet or on a service. The formats are Substrate's: `u32` block
//! numbers, Blake2b-256 hashes, 32-byte accounts, `MultiAddress` and a `MultiSignature` of our own
//! with the same layout (see [`signature`]).

pub mod consensus;
pub mod encryption;
pub mod entity;
pub mod glue;
pub mod ids;
pub mod page;
pub mod party;
pub mod privacy;
pub mod receipt;
pub mod signature;
pub mod stamp;
pub mod text;
pub mod time;

pub use entity::Entity;
pub use ids::{
    AccessRequestId, AppointmentId, CaseId, ClaimId, CoverageId, DepartmentId, DisclosureId,
    EmergencyId, EncryptionKey, GrantId, IdentityHash, InOrder, InvoiceId, MemberId, PatientId,
    PractitionerId, ProviderId, RecordId, RedemptionId, ScheduleId, SchemeId, SettlementId,
    StampId,
};
pub use party::Party;
pub use signature::{MultiSignature, MultiSigner};

use sp_runtime::{
    generic,
    traits::{BlakeTwo256, IdentifyAccount, Verify},
    OpaqueExtrinsic,
};

/// Height of a block. The genesis block is 0.
pub type BlockNumber = u32;
/// A Blake2b-256 hash.
pub type Hash = sp_core::H256;
/// The hashing algorithm of headers, tries and transactions.
pub type Hashing = BlakeTwo256;
/// How many transactions an account has made.
pub type Nonce = u32;
/// Money in fen (1/100 CNY).
pub type Balance = u128;
/// The signature of a transaction.
pub type Signature = MultiSignature;
/// An account: 32 bytes, for sr25519 and ed25519 the public key itself.
pub type AccountId = <<Signature as Verify>::Signer as IdentifyAccount>::AccountId;
/// The header of a block.
pub type Header = generic::Header<BlockNumber, BlakeTwo256>;
/// A block whose transactions are opaque bytes.
pub type OpaqueBlock = generic::Block<Header, OpaqueExtrinsic>;

/// The first height that validators agree on: genesis, at 0, is given. Every node keeps all blocks
/// from here on.
pub const FIRST_HEIGHT: BlockNumber = 1;
/// One yuan in fen.
pub const YUAN: Balance = 100;
/// Largest encoded block, header included, in bytes. Bounded by what the sync protocol carries.
pub const BLOCK_BYTES_MAX: u32 = 4 * 1024 * 1024;
/// Largest encoded transaction in bytes: a 256 KiB ciphertext and its sealed keys fit.
pub const EXTRINSIC_BYTES_MAX: u32 = 384 * 1024;
/// Address format: the generic Substrate prefix.
pub const SS58_PREFIX: u16 = 42;
/// Engine id of the pre-runtime digest that names the proposer's account. The id and its payload
/// (one `AccountId32`) are those of Nimbus, which wallets and explorers show as the author.
pub const AUTHOR_ENGINE_ID: sp_runtime::ConsensusEngineId = *b"nmbs";
/// Engine id of the consensus digest in the header of a block that changes the validator set. Its
/// payload is the SCALE encoding of the `Vec<Validator>` that is in force from the next height.
pub const VALIDATOR_SET_ENGINE_ID: sp_runtime::ConsensusEngineId = *b"xlvs";
