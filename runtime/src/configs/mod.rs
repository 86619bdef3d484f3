//! How each pallet is set up, one file per pallet.

mod appointments;
mod balances;
mod council;
mod members;
mod multisig;
mod proxy;
mod system;
mod timestamp;
mod upgrade;
mod utility;
mod validators;

pub use council::{CouncilInstance, TwoThirdsOfCouncil, COUNCIL_SEATS_MAX};
pub use members::CouncilSeats;
pub use proxy::ProxyType;
pub use system::{BlockLength, BlockWeights, DbWeight, BLOCK_HASH_COUNT, BLOCK_WEIGHT_MAX};
pub use validators::ThisChain;
