//! Regulators' cases, and what their holds reach.

use sp_runtime::DispatchResult;
use xinglin_primitives::glue::{Held, Holds, Subject, Subjects};

use super::council::TwoThirdsOfCouncil;
use crate::{Insurance, Members, Runtime, Timestamp};

impl pallet_audit::Config for Runtime {
    type Time = Timestamp;
    type CouncilOrigin = TwoThirdsOfCouncil;
    type Members = Members;
    type Subjects = Registry;
    type Holds = Registry;
    type WeightInfo = pallet_audit::weights::Estimated<Runtime>;
}

/// All that regulators oversee, wherever it is kept.
pub struct Registry;

impl Holds for Registry {
    fn set_hold(held: Held, is_held: bool) -> DispatchResult {
        match held {
            Held::Party(party) => Members::set_hold(party, is_held),
            Held::Scheme(scheme) => Insurance::set_scheme_hold(scheme, is_held),
        }
    }
}

impl Subjects for Registry {
    fn exists(subject: Subject) -> bool {
        match subject {
            Subject::Party(party) => Members::exists(party),
            Subject::Scheme(id) => Insurance::scheme_exists(id),
            Subject::Claim(id) => Insurance::claim_exists(id),
            Subject::Emergency(id) => pallet_records::Emergencies::<Runtime>::contains_key(id),
        }
    }
}
