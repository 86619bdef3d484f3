//! Calls that fill a chain of the presets: about the patient 0, her doctor, the practitioner 0, and
//! the member 0, their hospital.
//!
//! Tests of other crates include this file by its path; it needs nothing of its siblings.

use frame_support::BoundedVec;
use pallet_appointments::types::{NewSchedule, VisitKind};
use pallet_audit::types::Statement;
use pallet_insurance::{
    computation::{Category, Insured, Review, SchemeParameters},
    types::Period,
};
use pallet_records::{
    access::Purpose,
    grants::{Covered, Grantee, Terms},
};
use xinglin_primitives::{
    glue::Subject,
    time::{Date, Moment, DAY_MS},
    DepartmentId, Hash, Party, PatientId, PractitionerId, ScheduleId, SchemeId,
};
use xinglin_runtime::{Runtime, RuntimeCall};

/// The hospital's: a schedule of its doctor, whose first slot begins at `start`.
pub fn publish_schedule(start: Moment) -> RuntimeCall {
    let schedule = NewSchedule {
        practitioner: PractitionerId(0),
        department: DepartmentId(1),
        kind: VisitKind::First,
        start,
        slot_minutes: 15,
        slots: 8,
        capacity: 1,
        fee_fen: 2_500,
    };
    pallet_appointments::Call::<Runtime>::publish_schedule { schedule }.into()
}

/// A patient's: a slot of that schedule.
pub fn book(patient: u64, slot: u16) -> RuntimeCall {
    pallet_appointments::Call::<Runtime>::book {
        patient: PatientId(patient),
        schedule: ScheduleId(0),
        slot,
        waitlist: false,
        pre_visit_grant: None,
    }
    .into()
}

/// Terms under which a practitioner reads for treatment, for a day from `now` on.
pub fn terms(what: Covered, to: PractitionerId, now: Moment) -> Terms {
    Terms {
        what,
        grantee: Grantee::Practitioner(to),
        purpose: Purpose::Treatment,
        from: now,
        until: now + DAY_MS,
        may_reshare: false,
    }
}

/// Parameters of a scheme that looks at what has no visit.
pub fn visits_needed() -> SchemeParameters {
    SchemeParameters {
        review: Review {
            needs_visit: true,
            ..Review::default()
        },
        ..SchemeParameters::default()
    }
}

/// An insurer's: a scheme.
pub fn create_scheme(parameters: SchemeParameters) -> RuntimeCall {
    pallet_insurance::Call::<Runtime>::create_scheme {
        code: BoundedVec::truncate_from(b"BASIC".to_vec()),
        from: Date(0),
        parameters: Box::new(parameters),
    }
    .into()
}

/// The insurer's: a patient's coverage by that scheme.
pub fn enrol(patient: PatientId) -> RuntimeCall {
    pallet_insurance::Call::<Runtime>::enrol {
        patient,
        scheme: SchemeId(0),
        insured: Insured {
            category: Category::Employed,
            age_group: 0,
        },
        period: Period {
            from: Date(0),
            until: None,
        },
    }
    .into()
}

/// A legal basis or a finding.
pub fn statement(code: u16) -> Statement {
    Statement {
        code,
        digest: Hash::repeat_byte(1),
    }
}

/// A regulator's: a case about a party.
pub fn open_case(about: Party, basis: u16) -> RuntimeCall {
    pallet_audit::Call::<Runtime>::open_case {
        subject: Subject::Party(about),
        basis: statement(basis),
    }
    .into()
}
