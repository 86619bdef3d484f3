//! Random sequences of sharing, passing on, revoking, opening and emergencies while time passes: the
//! pallet and the reference model agree on every call and on who may read what, and the invariants
//! hold after each.

use std::{cell::RefCell, collections::BTreeMap};

use proptest::{
    prelude::*,
    test_runner::{RngSeed, TestRunner},
};
use xinglin_primitives::{
    glue::OnAppointment, time::DAY_MS, EmergencyId, GrantId, Hash, PatientId, PractitionerId,
    RecordId,
};

use super::{
    model::{Model, ModelEmergency, ModelGrant, ModelRecord},
    steps::{any_step, Likeness, Step, PURPOSES},
};
use crate::{
    access::Purpose,
    emergency::{EmergencyReason, Verdict},
    grants::{Grantee, Terms, GRANTS_TO_ONE_MAX, RESHARES_MAX},
    mock::*,
    types::*,
    Call, Files,
};

const CASES: u32 = 96;
const STEPS: std::ops::Range<usize> = 30..80;

/// The account of a grantee.
fn account(grantee: Grantee) -> AccountId {
    match grantee {
        Grantee::Practitioner(practitioner) => doctor(practitioner),
        Grantee::Member(member) => staff(member),
    }
}

/// How often each call went well or did not.
type Outcomes = BTreeMap<(&'static str, bool), u32>;

struct Pair<'a> {
    model: Model,
    outcomes: &'a RefCell<Outcomes>,
}

impl Pair<'_> {
    /// Makes a call of which the model has foretold whether it is accepted.
    fn agree(&self, name: &'static str, by: AccountId, made: Call<Test>, is_expected: bool) {
        let shown = format!("{made:?}");
        let result = call(by, made);
        assert_eq!(result.is_ok(), is_expected, "{shown} by {by}: {result:?}");
        *self
            .outcomes
            .borrow_mut()
            .entry((name, is_expected))
            .or_default() += 1;
    }

    /// Whether there is room for another grant. Grants that are over are cleared away before.
    fn has_room(&self, patient: PatientId, grantee: Grantee, now: u64) -> bool {
        let alive = (0..self.model.grants.len())
            .filter(|grant| self.model.is_alive(*grant, now))
            .map(|grant| &self.model.grants[grant])
            .filter(|grant| grant.patient == patient);
        let to_one = alive.filter(|grant| grant.terms.grantee == grantee).count();
        to_one < GRANTS_TO_ONE_MAX as usize
    }

    fn take(&mut self, step: Step) {
        let now = Now::get();
        let some = |index: usize, count: usize| (count > 0).then(|| index % count.max(1));
        let (records, grants) = (self.model.records.len(), self.model.grants.len());
        let emergencies = self.model.emergencies.len();
        match step {
            Step::Write(patient, at_clinic, kind) => self.write(patient, at_clinic, kind),
            Step::Share(patient, terms, token) => self.share(patient, terms, token),
            Step::PassOn(index, by, terms, likeness) => {
                if let Some(source) = some(index, grants) {
                    self.pass_on(source, by, terms, likeness);
                }
            }
            Step::Revoke(index, by_giver) => {
                if let Some(grant) = some(index, grants) {
                    self.revoke(grant, by_giver);
                }
            }
            Step::EndVisit(patient, token) => {
                <Records as OnAppointment>::visit_ended(patient, token);
                self.model.end_visit(patient, token, now);
            }
            Step::Open(party, index, purpose) => {
                if let Some(record) = some(index, records) {
                    self.open(party, record, purpose);
                }
            }
            Step::Erase(index) => {
                if let Some(record) = some(index, records) {
                    self.erase(record);
                }
            }
            Step::Retract(index) => {
                if let Some(record) = some(index, records) {
                    self.retract(record);
                }
            }
            Step::BreakGlass(practitioner, patient) => self.break_glass(practitioner, patient),
            Step::Justify(index) => {
                if let Some(emergency) = some(index, emergencies) {
                    self.justify(emergency);
                }
            }
            Step::Review(index, is_upheld) => {
                if let Some(emergency) = some(index, emergencies) {
                    self.review(emergency, is_upheld);
                }
            }
            Step::Wait(ms) => later(ms),
        }
    }

    fn write(&mut self, patient: PatientId, at_clinic: bool, kind: ContentKind) {
        let (author, member) = if at_clinic {
            (OUTSIDER, CLINIC)
        } else {
            (DOCTOR, HOSPITAL)
        };
        let record = NewRecord {
            patient,
            author,
            member,
            visit: None,
            kind,
        };
        let write = writing(record, required(author, member));
        self.agree("write", doctor(author), write, true);
        self.model.records.push(ModelRecord {
            patient,
            author,
            member,
            kind,
            written_at: Now::get(),
            is_retracted: false,
            is_erased: false,
        });
    }

    fn share(&mut self, patient: PatientId, terms: Terms, token: Option<Hash>) {
        let now = Now::get();
        let is_token_free = (0..self.model.grants.len()).all(|grant| {
            let it = &self.model.grants[grant];
            token.is_none()
                || it.patient != patient
                || it.token != token
                || !self.model.is_alive(grant, now)
        });
        let is_expected = self.model.is_well_formed(patient, &terms, now)
            && is_token_free
            && !(token.is_some() && terms.may_reshare)
            && self.has_room(patient, terms.grantee, now);
        let share = Call::share {
            terms: terms.clone(),
            token,
            keys: KeyBatch::new(),
        };
        self.agree("share", own(patient), share, is_expected);
        if is_expected {
            self.model.grants.push(ModelGrant {
                patient,
                terms,
                source: None,
                token,
                ended_at: None,
            });
        }
    }

    fn pass_on(
        &mut self,
        source: usize,
        by: Option<Grantee>,
        mut terms: Terms,
        likeness: Likeness,
    ) {
        let now = Now::get();
        let given = &self.model.grants[source];
        let patient = given.patient;
        let drawn = terms.clone();
        let like = Terms {
            grantee: drawn.grantee,
            may_reshare: drawn.may_reshare,
            ..given.terms.clone()
        };
        match likeness {
            Likeness::None => {}
            Likeness::AllButWhat => {
                let what = drawn.what;
                terms = Terms { what, ..like };
            }
            Likeness::All => terms = like,
        }
        let by = by.unwrap_or(given.terms.grantee);
        let is_expected = by == given.terms.grantee
            && self.model.is_alive(source, now)
            && self.model.is_within(&terms, source)
            && self.model.depth(source) < RESHARES_MAX
            && self.model.is_well_formed(patient, &terms, now)
            && self.has_room(patient, terms.grantee, now);
        let pass = Call::reshare {
            source: GrantId(source as u64),
            terms: terms.clone(),
            keys: KeyBatch::new(),
        };
        self.agree("reshare", account(by), pass, is_expected);
        if is_expected {
            self.model.grants.push(ModelGrant {
                patient,
                terms,
                source: Some(source),
                token: None,
                ended_at: None,
            });
        }
    }

    fn revoke(&mut self, grant: usize, by_giver: bool) {
        let it = &self.model.grants[grant];
        let giver = it
            .source
            .map(|source| self.model.grants[source].terms.grantee);
        let (by, may) = match giver {
            Some(giver) if by_giver => (account(giver), true),
            // The grantee itself may not: it is not its to revoke.
            None if by_giver => (account(it.terms.grantee), false),
            _ => (own(it.patient), true),
        };
        let is_expected = may && self.model.is_alive(grant, Now::get());
        let revoke = Call::revoke {
            grant: GrantId(grant as u64),
        };
        self.agree("revoke", by, revoke, is_expected);
        if is_expected {
            self.model.end(grant, Now::get());
        }
    }

    fn open(&mut self, party: Party, record: usize, purpose: Purpose) {
        let by = match party {
            Party::Patient(patient) => carer(patient),
            Party::Practitioner(practitioner) => tablet(practitioner),
            Party::Member(member) => staff(member),
        };
        let outcome = open_for(by, party, RecordId(record as u64), purpose);
        let is_expected = self.model.may_read(party, record, purpose, Now::get());
        assert_eq!(
            outcome.is_ok(),
            is_expected,
            "{party:?} {record}: {outcome:?}"
        );
        self.model.logged += 1;
        *self
            .outcomes
            .borrow_mut()
            .entry(("open", is_expected))
            .or_default() += 1;
    }

    fn erase(&mut self, record: usize) {
        let it = &self.model.records[record];
        let (patient, member, is_expected) = (it.patient, it.member, !it.is_erased);
        let id = RecordId(record as u64);
        self.agree(
            "erase",
            own(patient),
            Call::ask_erasure { record: id },
            is_expected,
        );
        let confirm = Call::confirm_erasure { record: id };
        self.agree("confirm", staff(member), confirm, is_expected);
        if is_expected {
            self.model.erase(record, Now::get());
        }
    }

    fn retract(&mut self, record: usize) {
        let it = &mut self.model.records[record];
        let is_expected = !it.is_retracted;
        it.is_retracted = true;
        let author = doctor(it.author);
        let retract = Call::retract {
            record: RecordId(record as u64),
            reason: RetractReason::Duplicate,
        };
        self.agree("retract", author, retract, is_expected);
    }

    fn break_glass(&mut self, practitioner: PractitionerId, patient: PatientId) {
        let member = if practitioner == OUTSIDER {
            CLINIC
        } else {
            HOSPITAL
        };
        let is_expected = self.model.may_declare(practitioner, patient);
        let declare = Call::break_glass {
            patient,
            member,
            reason: EmergencyReason::LifeThreatening,
            digest: Hash::zero(),
        };
        self.agree("break glass", doctor(practitioner), declare, is_expected);
        if is_expected {
            self.model.logged += 1;
            self.model.emergencies.push(ModelEmergency {
                patient,
                practitioner,
                until: Now::get() + EMERGENCY_MS,
                due: Now::get() + JUSTIFICATION_MS,
                is_justified: false,
                is_reviewed: false,
            });
        }
    }

    fn justify(&mut self, emergency: usize) {
        let it = &mut self.model.emergencies[emergency];
        let is_expected = !it.is_justified && !it.is_reviewed;
        it.is_justified |= is_expected;
        let by = doctor(it.practitioner);
        let justify = Call::justify {
            emergency: EmergencyId(emergency as u64),
            digest: Hash::zero(),
        };
        self.agree("justify", by, justify, is_expected);
    }

    fn review(&mut self, emergency: usize, is_upheld: bool) {
        let now = Now::get();
        let it = &mut self.model.emergencies[emergency];
        let is_expected = !it.is_reviewed && (it.is_justified || now > it.due);
        let verdict = if is_upheld {
            Verdict::Upheld
        } else {
            Verdict::Unfounded
        };
        if is_expected {
            it.is_reviewed = true;
            if !is_upheld {
                it.until = it.until.min(now);
            }
        }
        let review = Call::review {
            emergency: EmergencyId(emergency as u64),
            verdict,
        };
        self.agree("review", staff(REGULATOR), review, is_expected);
    }

    /// Who may read what, now and later: nothing that happens later but time is foreseen.
    fn compare(&self) {
        let parties = PRACTITIONERS
            .map(Party::Practitioner)
            .into_iter()
            .chain(MEMBERS.map(Party::Member))
            .chain(PATIENTS.map(Party::Patient));
        for party in parties {
            for record in 0..self.model.records.len() {
                let id = RecordId(record as u64);
                let stored = stored(id);
                for purpose in PURPOSES {
                    for now in [Now::get(), Now::get() + DAY_MS] {
                        // The account matters for the patient's basis only.
                        let decision =
                            Records::decide(&STRANGER, party, (id, &stored), Some(purpose), now);
                        let expected = self.model.may_read(party, record, purpose, now);
                        assert_eq!(
                            decision.is_ok(),
                            expected,
                            "{party:?} {record} {purpose:?} at {now}: {decision:?}"
                        );
                    }
                }
            }
        }
        let logged: u64 = Files::<Test>::iter_values().map(|file| file.accesses).sum();
        assert_eq!(logged, self.model.logged);
        check();
    }
}

#[test]
fn the_pallet_does_what_the_model_says() {
    let outcomes = RefCell::new(Outcomes::new());
    // The same sequences in every run: a failure is found again.
    let mut runner = TestRunner::new(ProptestConfig {
        cases: CASES,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(20_000),
        ..ProptestConfig::default()
    });
    let sequences = proptest::collection::vec(any_step(), STEPS);
    let result = runner.run(&sequences, |steps| {
        ext().execute_with(|| {
            let mut pair = Pair {
                model: Model::default(),
                outcomes: &outcomes,
            };
            for step in steps {
                pair.take(step);
                pair.compare();
            }
        });
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    everything_happened(&outcomes.into_inner());
}

/// The sequences are worth something only if they reach every rule.
fn everything_happened(outcomes: &Outcomes) {
    let calls = [
        "share",
        "reshare",
        "revoke",
        "open",
        "erase",
        "retract",
        "break glass",
        "justify",
        "review",
    ];
    for name in calls {
        for is_ok in [true, false] {
            let times = outcomes.get(&(name, is_ok)).copied().unwrap_or(0);
            assert!(times > 10, "{name} {is_ok}: {times} times; {outcomes:?}");
        }
    }
}
