//! The steps of which random sequences consist.

use proptest::prelude::*;
use xinglin_primitives::{MemberId, PatientId};

use crate::{
    mock::*,
    rules::{BookingRules, LatestCancellation},
};

/// How many patients take part: few, so that they get into each other's way.
pub const PLAYERS: u64 = 4;

/// Who signs, seen from the one who should.
#[derive(Clone, Copy, Debug)]
pub enum Signer {
    Right,
    /// The delegate or session key of the right one.
    Substitute,
    /// Another patient.
    Patient(PatientId),
    /// The staff of a member, right or wrong.
    Staff(MemberId),
}

/// For whom an appointment is moved or cancelled.
#[derive(Clone, Copy, Debug)]
pub enum Party {
    /// Its patient.
    Own(Signer),
    /// Its member.
    Staff(Signer),
    /// A patient, whose it may not be.
    Any(PatientId),
}

/// A step of a sequence. Numbers choose among what there is when the step is taken.
#[derive(Clone, Debug)]
pub enum Step {
    Wait(u64),
    Book(Signer, PatientId, u16, u16, bool),
    Confirm(Signer, u16),
    Reschedule(Party, u16, u16, u16),
    Cancel(Party, u16),
    CheckIn(Signer, u16),
    Complete(Signer, u16),
    MarkNoShow(Signer, u16),
    Close(Signer, u16),
    Publish(Signer, u16, u64),
    Rules(MemberId, u32, BookingRules),
    ReplaceKey(PatientId),
    ToggleLicence(u16),
}

pub fn any_patient() -> impl Strategy<Value = PatientId> {
    (1..=PLAYERS).prop_map(PatientId)
}

pub fn any_signer() -> impl Strategy<Value = Signer> {
    prop_oneof![
        12 => Just(Signer::Right),
        4 => Just(Signer::Substitute),
        1 => any_patient().prop_map(Signer::Patient),
        1 => prop_oneof![Just(HOSPITAL), Just(CLINIC)].prop_map(Signer::Staff),
    ]
}

pub fn any_party() -> impl Strategy<Value = Party> {
    prop_oneof![
        8 => any_signer().prop_map(Party::Own),
        2 => any_signer().prop_map(Party::Staff),
        1 => any_patient().prop_map(Party::Any),
    ]
}

pub fn any_rules() -> impl Strategy<Value = BookingRules> {
    let limit = prop_oneof![
        (0..300_u32).prop_map(LatestCancellation::MinutesBefore),
        (0..1_440_u16).prop_map(LatestCancellation::DayBefore),
    ];
    let counts = (0..4_u8, 0..3_u8, 1..4_u16, 1..3_u16);
    (
        0..4_u16,
        limit,
        counts,
        1..4_u8,
        0..60_u16,
        0..=10_000_u16,
        0..=10_000_u16,
    )
        .prop_map(
            |(
                window_days,
                latest_cancellation,
                counts,
                department_day_max,
                grace,
                late,
                no_show,
            )| {
                BookingRules {
                    window_days,
                    latest_cancellation,
                    late_cancels_max: counts.0,
                    no_shows_max: counts.1,
                    period_days: counts.2,
                    block_days: counts.3,
                    department_day_max,
                    grace_minutes: grace,
                    late_cancel_share_bp: late,
                    no_show_share_bp: no_show,
                }
            },
        )
}

pub fn any_step() -> impl Strategy<Value = Step> {
    let n = any::<u16>;
    let member = || prop_oneof![Just(HOSPITAL), Just(CLINIC)];
    prop_oneof![
        9 => prop_oneof![
            8 => 1..120_u64,
            2 => Just(12 * 60_u64),
            1 => Just(24 * 60_u64),
        ].prop_map(Step::Wait),
        40 => (any_signer(), any_patient(), n(), n(), any::<bool>())
            .prop_map(|(s, p, a, b, w)| Step::Book(s, p, a, b, w)),
        6 => (any_signer(), n()).prop_map(|(s, a)| Step::Confirm(s, a)),
        20 => (any_party(), n(), n(), n()).prop_map(|(p, a, b, c)| Step::Reschedule(p, a, b, c)),
        16 => (any_party(), n()).prop_map(|(p, a)| Step::Cancel(p, a)),
        6 => (any_signer(), n()).prop_map(|(s, a)| Step::CheckIn(s, a)),
        6 => (any_signer(), n()).prop_map(|(s, a)| Step::Complete(s, a)),
        8 => (any_signer(), n()).prop_map(|(s, a)| Step::MarkNoShow(s, a)),
        1 => (any_signer(), n()).prop_map(|(s, a)| Step::Close(s, a)),
        3 => (any_signer(), n(), 0..96_u64).prop_map(|(s, a, t)| Step::Publish(s, a, t)),
        2 => (member(), 0..3_u32, any_rules()).prop_map(|(m, d, r)| Step::Rules(m, d, r)),
        1 => any_patient().prop_map(Step::ReplaceKey),
        1 => n().prop_map(Step::ToggleLicence),
    ]
}
