//! Changes of the rules.

use super::council::TwoThirdsOfCouncil;
use crate::Runtime;

impl crate::upgrade::Config for Runtime {
    type CouncilOrigin = TwoThirdsOfCouncil;
}
