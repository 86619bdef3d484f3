//! How each pallet is set up, one file per pallet.

mod appointments;
mod audit;
mod balances;
mod council;
mod insurance;
mod members;
mod multisig;
mod payments;
mod proxy;
mod records;
mod system;
mod timestamp;
mod trusted_time;
mod upgrade;
mod utility;
mod validators;

pub use audit::Registry;
pub use council::{CouncilInstance, TwoThirdsOfCouncil, COUNCIL_SEATS_MAX};
pub use members::{CouncilSeats, Purse};
pub use payments::Admitted;
pub use proxy::ProxyType;
pub use system::{BlockLength, BlockWeights, DbWeight, BLOCK_HASH_COUNT, BLOCK_WEIGHT_MAX};
pub use validators::ThisChain;
