//! Regulators' cases, and what their holds reach.

use pallet_members::Party;
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

/// The party that a hold suspends, or the scheme.
enum Target {
    Party(Party),
    Scheme(xinglin_primitives::SchemeId),
}

fn target(held: Held) -> Target {
    match held {
        Held::Member(member) => Target::Party(Party::Member(member)),
        Held::Practitioner(practitioner) => Target::Party(Party::Practitioner(practitioner)),
        Held::Patient(patient) => Target::Party(Party::Patient(patient)),
        Held::Scheme(scheme) => Target::Scheme(scheme),
    }
}

impl Holds for Registry {
    fn hold(held: Held) -> DispatchResult {
        match target(held) {
            Target::Party(party) => Members::suspend_party(party),
            Target::Scheme(scheme) => Insurance::set_scheme_hold(scheme, true),
        }
    }

    fn lift(held: Held) -> DispatchResult {
        match target(held) {
            Target::Party(party) => Members::lift_party(party),
            Target::Scheme(scheme) => Insurance::set_scheme_hold(scheme, false),
        }
    }
}

impl Subjects for Registry {
    fn exists(subject: Subject) -> bool {
        match subject {
            Subject::Member(id) => pallet_members::Members::<Runtime>::contains_key(id),
            Subject::Practitioner(id) => pallet_members::Practitioners::<Runtime>::contains_key(id),
            Subject::Patient(id) => pallet_members::Patients::<Runtime>::contains_key(id),
            Subject::Scheme(id) => pallet_insurance::Schemes::<Runtime>::contains_key(id),
            Subject::Claim(id) => pallet_insurance::Claims::<Runtime>::contains_key(id),
            Subject::Emergency(id) => pallet_records::Emergencies::<Runtime>::contains_key(id),
        }
    }
}
