//! The pallet and the model side by side.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use sp_runtime::DispatchError;
use xinglin_primitives::{
    time::{Date, MINUTE_MS},
    AppointmentId, MemberId, PatientId, ScheduleId,
};

use super::{
    model::{Model, Reasons},
    random::nth_schedule,
    steps::{Party, Signer, Step, PLAYERS},
};
use crate::{
    mock::*,
    states::Standing,
    types::{Acting, StaffReason},
    Call, Event, Slots,
};

/// How often each outcome occurred: a step's name and its error, or "ok".
pub type Outcomes = BTreeMap<(&'static str, String), usize>;

/// Takes steps on both sides.
pub struct Pair<'a> {
    model: Model,
    outcomes: &'a RefCell<Outcomes>,
    /// How many keys were replaced.
    replaced: u64,
}

impl<'a> Pair<'a> {
    pub fn new(model: Model, outcomes: &'a RefCell<Outcomes>) -> Self {
        Self {
            model,
            outcomes,
            replaced: 0,
        }
    }

    pub fn take(&mut self, step: Step) {
        match step {
            Step::Wait(minutes) => {
                self.model.now += minutes * MINUTE_MS;
                Now::set(self.model.now);
            }
            Step::ReplaceKey(patient) => {
                self.replaced += 1;
                let account = 9_000 + self.replaced;
                self.model.accounts.insert(patient, account);
                Replaced::mutate(|replaced| replaced.insert(patient, account));
            }
            Step::ToggleLicence(n) => self.toggle_licence(n),
            Step::Rules(member, days, rules) => {
                let from = Date(Date::of(self.model.now).0 + days);
                let reasons = self.model.publish_rules(member, from, rules);
                self.agree(
                    "rules",
                    staff(member),
                    Call::publish_rules { from, rules },
                    reasons,
                );
            }
            Step::Publish(signer, n, quarters) => self.publish(signer, n, quarters),
            Step::Close(signer, n) => self.close(signer, n),
            Step::Book(signer, patient, n, slot, wait) => {
                self.book(signer, patient, (n, slot), wait)
            }
            Step::Reschedule(party, id, n, slot) => self.reschedule(party, id, (n, slot)),
            Step::Cancel(party, id) => self.cancel(party, id),
            other => self.visit(other),
        }
    }

    fn toggle_licence(&mut self, n: u16) {
        let practitioner = [HEART, HEART_TWO, SURGEON][usize::from(n) % 3];
        match self
            .model
            .unlicensed
            .iter()
            .position(|p| *p == practitioner)
        {
            Some(at) => drop(self.model.unlicensed.remove(at)),
            None => self.model.unlicensed.push(practitioner),
        }
        Unlicensed::set(self.model.unlicensed.iter().copied().collect());
    }

    fn publish(&mut self, signer: Signer, n: u16, quarters: u64) {
        let start = Date::of(self.model.now).start() + quarters * 15 * MINUTE_MS * 2;
        let (member, schedule) = nth_schedule(n % 3, start);
        let by = self.staff_signer(signer, member);
        let reasons = self.model.publish_schedule(by, schedule.clone());
        self.agree("publish", by, Call::publish_schedule { schedule }, reasons);
    }

    fn close(&mut self, signer: Signer, n: u16) {
        let schedule = self.schedule(n);
        let member = self
            .model
            .schedules
            .get(schedule)
            .map_or(HOSPITAL, |s| s.member);
        let by = self.staff_signer(signer, member);
        let reasons = self.model.close(by, schedule);
        let schedule = ScheduleId(schedule as u32);
        self.agree("close", by, Call::close_schedule { schedule }, reasons);
    }

    fn book(&mut self, signer: Signer, patient: PatientId, place: (u16, u16), waitlist: bool) {
        let (schedule, slot) = self.place(place);
        let by = self.patient_signer(signer, patient);
        let reasons = self.model.book(by, patient, (schedule, slot), waitlist);
        let schedule = ScheduleId(schedule as u32);
        let book = Call::book {
            patient,
            schedule,
            slot,
            waitlist,
            pre_visit_grant: None,
        };
        self.agree("book", by, book, reasons);
    }

    fn reschedule(&mut self, party: Party, n: u16, place: (u16, u16)) {
        let id = self.appointment(n);
        let (schedule, slot) = self.place(place);
        let (by, acting) = self.party(party, id);
        let reasons = self.model.reschedule(by, id, (schedule, slot), acting);
        let (schedule, appointment) = (ScheduleId(schedule as u32), AppointmentId(id as u64));
        let name = match acting {
            Acting::Patient(_) => "reschedule",
            Acting::Staff(_) => "reschedule as staff",
        };
        self.agree(
            name,
            by,
            Call::reschedule {
                appointment,
                schedule,
                slot,
                acting,
            },
            reasons,
        );
    }

    fn cancel(&mut self, party: Party, n: u16) {
        let id = self.appointment(n);
        let (by, acting) = self.party(party, id);
        let reasons = self.model.cancel(by, id, acting);
        let name = match acting {
            Acting::Patient(_) => "cancel",
            Acting::Staff(_) => "cancel as staff",
        };
        let appointment = AppointmentId(id as u64);
        self.agree(
            name,
            by,
            Call::cancel {
                appointment,
                acting,
            },
            reasons,
        );
    }

    fn visit(&mut self, step: Step) {
        let (signer, n) = match step {
            Step::Confirm(s, n) | Step::CheckIn(s, n) | Step::Complete(s, n) => (s, n),
            Step::MarkNoShow(s, n) => (s, n),
            other => unreachable!("{other:?} is no step of a visit"),
        };
        let id = self.appointment(n);
        let appointment = AppointmentId(id as u64);
        let exists = id < self.model.appointments.len();
        let practitioner = if exists {
            self.model.practitioner(id)
        } else {
            HEART
        };
        let member = if practitioner == SURGEON {
            CLINIC
        } else {
            HOSPITAL
        };
        let by_doctor = match signer {
            Signer::Right => doctor(practitioner),
            Signer::Substitute => tablet(practitioner),
            other => self.staff_signer(other, member),
        };
        let by_staff = self.staff_signer(signer, member);
        match step {
            Step::Confirm(..) => {
                let reasons = self.model.confirm(by_doctor, id);
                self.agree("confirm", by_doctor, Call::confirm { appointment }, reasons);
            }
            Step::CheckIn(..) => {
                let reasons = self.model.check_in(by_staff, id);
                self.agree(
                    "check in",
                    by_staff,
                    Call::check_in { appointment },
                    reasons,
                );
            }
            Step::Complete(..) => {
                let reasons = self.model.complete(by_doctor, id);
                self.agree(
                    "complete",
                    by_doctor,
                    Call::complete { appointment },
                    reasons,
                );
            }
            _ => {
                let reasons = self.model.mark_no_show(by_staff, id);
                self.agree(
                    "no-show",
                    by_staff,
                    Call::mark_no_show { appointment },
                    reasons,
                );
            }
        }
    }

    /// Makes the call and checks that the pallet does what the model says, for a reason of the
    /// model's.
    fn agree(&mut self, name: &'static str, by: AccountId, sent: Call<Test>, reasons: Reasons) {
        let context = format!("{sent:?} by {by}: the model says {reasons:?}");
        let outcome = match call(by, sent) {
            Ok(()) => {
                assert!(reasons.is_empty(), "{context}, the pallet does it");
                "ok".into()
            }
            Err(error) => {
                reasons
                    .into_iter()
                    .map(|reason| (format!("{reason:?}"), DispatchError::from(reason)))
                    .find(|(_, reason)| *reason == error)
                    .unwrap_or_else(|| panic!("{context}, the pallet {error:?}"))
                    .0
            }
        };
        self.count(name, outcome);
        for event in events() {
            match event {
                Event::Promoted { .. } => self.count("event", "Promoted".into()),
                Event::PatientBlocked { .. } => self.count("event", "PatientBlocked".into()),
                _ => (),
            }
        }
    }

    fn count(&self, name: &'static str, outcome: String) {
        let mut outcomes = self.outcomes.borrow_mut();
        *outcomes.entry((name, outcome)).or_default() += 1;
    }

    // Choices.

    /// Mostly one that is not over; sometimes one that does not exist.
    fn schedule(&self, n: u16) -> usize {
        let n = usize::from(n);
        let schedules = &self.model.schedules;
        let is_over = |id: &usize| {
            let (_, end) = self.model.times_of(*id, schedules[*id].new.slots - 1);
            end <= self.model.now
        };
        let ahead: Vec<usize> = (0..schedules.len()).filter(|id| !is_over(id)).collect();
        match (n % 50, n % 8) {
            (49, _) => schedules.len(),
            (_, 1..) if !ahead.is_empty() => ahead[n % ahead.len()],
            _ => n % schedules.len(),
        }
    }

    fn place(&self, (n, slot): (u16, u16)) -> (usize, u16) {
        let slot = if slot % 50 == 49 { 3 } else { slot % 3 };
        (self.schedule(n), slot)
    }

    fn appointment(&self, n: u16) -> usize {
        match (n % 50, self.model.appointments.len()) {
            (49, len) | (_, len @ 0) => len,
            // Rather a late one.
            (_, len) => len - 1 - usize::from(n) % len.min(12),
        }
    }

    fn patient_signer(&self, signer: Signer, patient: PatientId) -> AccountId {
        match signer {
            Signer::Right => self.model.accounts[&patient],
            Signer::Substitute => carer(patient),
            Signer::Patient(other) => self.model.accounts[&other],
            Signer::Staff(member) => staff(member),
        }
    }

    fn staff_signer(&self, signer: Signer, member: MemberId) -> AccountId {
        match signer {
            Signer::Right => staff(member),
            Signer::Substitute => main_account(member),
            Signer::Patient(other) => self.model.accounts[&other],
            Signer::Staff(member) => staff(member),
        }
    }

    fn party(&self, party: Party, id: usize) -> (AccountId, Acting) {
        let appointment = self.model.appointments.get(id);
        let patient = appointment.map_or(ALICE, |a| a.patient);
        let member = appointment.map_or(HOSPITAL, |a| self.model.schedules[a.schedule].member);
        match party {
            Party::Own(signer) => (
                self.patient_signer(signer, patient),
                Acting::Patient(patient),
            ),
            Party::Any(patient) => (self.model.accounts[&patient], Acting::Patient(patient)),
            Party::Staff(signer) => (
                self.staff_signer(signer, member),
                Acting::Staff(StaffReason::Other),
            ),
        }
    }

    // Comparison.

    pub fn compare(&self) {
        check();
        self.compare_appointments();
        self.compare_slots();
        self.compare_money();
        for patient in (1..=PLAYERS).map(PatientId) {
            for member in [HOSPITAL, CLINIC] {
                let until = self.model.blocks.get(&(patient, member)).copied();
                let expected = until.filter(|until| *until > self.model.now);
                assert_eq!(Appointments::blocked_until(patient, member), expected);
            }
        }
        for member in [HOSPITAL, CLINIC] {
            assert_eq!(
                Appointments::rules_of(member),
                Some(self.model.rules_now(member))
            );
        }
    }

    fn compare_appointments(&self) {
        let stored: BTreeMap<_, _> = crate::Appointments::<Test>::iter().collect();
        assert_eq!(stored.len(), self.model.appointments.len());
        for (id, (a, m)) in stored.values().zip(&self.model.appointments).enumerate() {
            assert_eq!(
                (a.patient, a.schedule, a.slot, a.state, a.fee_fen()),
                (
                    m.patient,
                    ScheduleId(m.schedule as u32),
                    m.slot,
                    m.state,
                    m.fee
                ),
                "appointment {id}"
            );
            assert!(a
                .escrow
                .as_ref()
                .is_none_or(|escrow| escrow.payer == m.payer));
            // The promise itself, without any index: nobody is at two places at a time.
            let start = |schedule: usize, slot| self.model.times_of(schedule, slot);
            let is_held = |a: &crate::booking::AppointmentOf<Test>| {
                a.state.standing() == Some(Standing::Held)
            };
            for (_, b) in stored
                .iter()
                .filter(|(other, b)| other.0 > id as u64 && is_held(b))
            {
                let (one, two) = (
                    start(a.schedule.0 as usize, a.slot),
                    start(b.schedule.0 as usize, b.slot),
                );
                let meet = one.0 < two.1 && two.0 < one.1;
                assert!(
                    !(is_held(a) && a.patient == b.patient && meet),
                    "{a:?} meets {b:?}"
                );
            }
        }
    }

    fn compare_slots(&self) {
        for (n, schedule) in self.model.schedules.iter().enumerate() {
            for slot in 0..schedule.new.slots {
                let stored = Slots::<Test>::get((ScheduleId(n as u32), slot));
                let waiting: Vec<_> = stored.waiting.iter().map(|id| id.0 as usize).collect();
                assert!(stored.taken.len() <= usize::from(schedule.new.capacity));
                assert_eq!(stored.taken.len(), self.model.taken(n, slot));
                assert_eq!(waiting, self.model.waiting(n, slot));
            }
        }
    }

    fn compare_money(&self) {
        let members = MEMBERS.map(main_account);
        let known: BTreeSet<AccountId> = self.model.free.keys().copied().chain(members).collect();
        let mut total = 0;
        for account in known {
            let expected = self.model.free.get(&account).copied().unwrap_or(0);
            assert_eq!(free(account), expected, "what {account} has");
            assert_eq!(
                held(account),
                self.model.held(account),
                "what is held of {account}"
            );
            total += free(account) + held(account);
        }
        // Nothing is lost and nothing made.
        assert_eq!(total, Balances::total_issuance());
        assert_eq!(total, PATIENTS as u128 * FUNDS_FEN + 3 * MEMBER_FUNDS_FEN);
    }
}
