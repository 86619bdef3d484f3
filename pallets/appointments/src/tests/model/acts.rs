//! What the model does when nothing speaks against it.

use xinglin_primitives::{
    time::{Date, DAY_MS, MINUTE_MS},
    Balance, MemberId, PatientId,
};

use super::{Fault, Model, ModelAppointment, ModelSchedule, Reasons};
use crate::{
    mock::*,
    rules::{BookingRules, LatestCancellation},
    states::AppointmentState::{self, *},
    types::{Acting, NewSchedule},
    Error,
};

impl Model {
    pub fn book(
        &mut self,
        by: AccountId,
        patient: PatientId,
        place: (usize, u16),
        wait: bool,
    ) -> Reasons {
        let mut reasons = self.against_slot(place.0, place.1);
        if !self.acts_for(by, patient) {
            reasons.push(Error::NotForPatient);
        }
        if !reasons.is_empty() {
            return reasons;
        }
        let s = self.schedules[place.0].clone();
        let is_full = self.taken(place.0, place.1) >= usize::from(s.new.capacity);
        let payer = self.accounts[&patient];
        reasons.extend(self.against_patient(patient, place, None));
        match (is_full, wait) {
            (false, _) => reasons.extend(self.against_fee(payer, s.new.fee_fen)),
            (true, false) => reasons.push(Error::SlotFull),
            (true, true) if self.waiting(place.0, place.1).len() >= 16 => {
                reasons.push(Error::WaitlistFull)
            }
            (true, true) => (),
        }
        if !reasons.is_empty() {
            return reasons;
        }
        let mut a = ModelAppointment {
            patient,
            schedule: place.0,
            slot: place.1,
            state: Waitlisted,
            fee: 0,
            payer,
            cancel_by: 0,
            no_show_from: 0,
            late_bp: 0,
            no_show_bp: 0,
        };
        if !is_full {
            a.state = Booked;
            a.fee = s.new.fee_fen;
            *self.free.entry(payer).or_default() -= a.fee;
            self.agree(&mut a, true);
        }
        self.appointments.push(a);
        reasons
    }

    pub fn reschedule(
        &mut self,
        by: AccountId,
        id: usize,
        place: (usize, u16),
        acting: Acting,
    ) -> Reasons {
        if id >= self.appointments.len() {
            return vec![Error::UnknownAppointment];
        }
        let mut reasons = self.against_acting(by, id, acting);
        reasons.extend(self.against_slot(place.0, place.1));
        let mut a = self.appointments[id].clone();
        if !matches!(a.state, Booked | Confirmed) {
            reasons.push(Error::WrongState);
        }
        if (a.schedule, a.slot) == place {
            reasons.push(Error::SameSlot);
        }
        let Some(s) = self.schedules.get(place.0).cloned() else {
            return reasons;
        };
        if s.member != self.member(id) {
            reasons.push(Error::OtherMember);
        }
        if self.taken(place.0, place.1) >= usize::from(s.new.capacity) {
            reasons.push(Error::SlotFull);
        }
        let is_patient = matches!(acting, Acting::Patient(_));
        let fee = if is_patient {
            if self.now > a.cancel_by || self.now >= self.times(&a).0 {
                reasons.push(Error::TooLate);
            }
            reasons.extend(self.against_patient(a.patient, place, Some(id)));
            s.new.fee_fen
        } else {
            reasons.extend(self.against_time(a.patient, place, Some(id)));
            s.new.fee_fen.min(a.fee)
        };
        // What suffices stays where it is held; otherwise it is as if it came back first.
        let account = self.accounts[&a.patient];
        let payer = if fee <= a.fee { a.payer } else { account };
        let back = if fee <= a.fee { a.fee - fee } else { a.fee };
        let after = self.free.get(&account).copied().unwrap_or(0) + back;
        if fee > a.fee && after < fee + 1 {
            reasons.push(Error::FeeNotCovered);
        }
        if !reasons.is_empty() {
            return reasons;
        }
        let taken = if fee <= a.fee { 0 } else { fee };
        self.free.insert(account, after - taken);
        let old = (a.schedule, a.slot);
        (a.schedule, a.slot) = place;
        (a.fee, a.payer, a.state) = (fee, payer, Booked);
        self.agree(&mut a, is_patient);
        self.appointments[id] = a;
        self.promote(old);
        reasons
    }

    pub fn cancel(&mut self, by: AccountId, id: usize, acting: Acting) -> Reasons {
        if id >= self.appointments.len() {
            return vec![Error::UnknownAppointment];
        }
        let mut reasons = self.against_acting(by, id, acting);
        let a = self.appointments[id].clone();
        if !matches!(a.state, Booked | Confirmed | Waitlisted) {
            reasons.push(Error::WrongState);
        }
        let is_patient = matches!(acting, Acting::Patient(_));
        let start = self.times(&a).0;
        let has_begun = self.now >= start;
        let is_forgotten = has_begun && self.now - start >= 7 * DAY_MS;
        if is_patient && a.takes_place() && has_begun && !is_forgotten {
            reasons.push(Error::SlotBegun);
        }
        if !reasons.is_empty() {
            return reasons;
        }
        let is_late = is_patient && a.takes_place() && !has_begun && self.now > a.cancel_by;
        self.settle(id, Cancelled, if is_late { a.late_bp } else { 0 });
        if is_late {
            self.fault(id, false);
        }
        if a.takes_place() {
            self.promote((a.schedule, a.slot));
        }
        reasons
    }

    pub fn confirm(&mut self, by: AccountId, id: usize) -> Reasons {
        if id >= self.appointments.len() {
            return vec![Error::UnknownAppointment];
        }
        let may = Self::is_staff(by, self.member(id)) || self.is_doctor(by, self.practitioner(id));
        self.step(
            id,
            (!may).then_some(Error::NotPractitioner),
            &[Booked],
            Confirmed,
        )
    }

    pub fn check_in(&mut self, by: AccountId, id: usize) -> Reasons {
        if id >= self.appointments.len() {
            return vec![Error::UnknownAppointment];
        }
        let may = Self::is_staff(by, self.member(id));
        self.step(
            id,
            (!may).then_some(Error::NotStaff),
            &[Booked, Confirmed],
            Arrived,
        )
    }

    pub fn complete(&mut self, by: AccountId, id: usize) -> Reasons {
        if id >= self.appointments.len() {
            return vec![Error::UnknownAppointment];
        }
        let may = self.is_doctor(by, self.practitioner(id));
        let refusal = (!may).then_some(Error::NotPractitioner);
        let reasons = self.step(id, refusal, &[Arrived], Fulfilled);
        if reasons.is_empty() {
            self.settle(id, Fulfilled, 10_000);
        }
        reasons
    }

    pub fn mark_no_show(&mut self, by: AccountId, id: usize) -> Reasons {
        if id >= self.appointments.len() {
            return vec![Error::UnknownAppointment];
        }
        let a = self.appointments[id].clone();
        let mut reasons = Vec::new();
        if !Self::is_staff(by, self.member(id)) {
            reasons.push(Error::NotStaff);
        }
        if !matches!(a.state, Booked | Confirmed) {
            reasons.push(Error::WrongState);
        }
        if self.now < a.no_show_from {
            reasons.push(Error::TooEarly);
        }
        if reasons.is_empty() {
            self.settle(id, NoShow, a.no_show_bp);
            self.fault(id, true);
        }
        reasons
    }

    pub fn close(&mut self, by: AccountId, schedule: usize) -> Reasons {
        let Some(s) = self.schedules.get(schedule) else {
            return vec![Error::UnknownSchedule];
        };
        let mut reasons = Vec::new();
        if !Self::is_staff(by, s.member) {
            reasons.push(Error::NotStaff);
        }
        let is_vacant = (0..s.new.slots).all(|slot| self.taken(schedule, slot) == 0);
        if s.is_closed && !(is_vacant && s.has_time) {
            reasons.push(Error::Closed);
        }
        if reasons.is_empty() {
            let s = &mut self.schedules[schedule];
            s.is_closed = true;
            s.has_time &= !is_vacant;
        }
        reasons
    }

    pub fn publish_schedule(&mut self, by: AccountId, new: NewSchedule) -> Reasons {
        let mut reasons = Vec::new();
        let member = [HOSPITAL, CLINIC]
            .into_iter()
            .find(|m| Self::is_staff(by, *m));
        if member.is_none() {
            reasons.push(Error::NotProvider);
        }
        if new.start <= self.now {
            reasons.push(Error::InPast);
        }
        let works_there = match new.practitioner {
            HEART | HEART_TWO => member == Some(HOSPITAL),
            _ => member == Some(CLINIC),
        };
        if !works_there || self.unlicensed.contains(&new.practitioner) {
            reasons.push(Error::NotLicensed);
        }
        let end = |new: &NewSchedule| {
            new.start + u64::from(new.slots) * u64::from(new.slot_minutes) * MINUTE_MS
        };
        let is_busy = self.schedules.iter().any(|s| {
            s.has_time
                && s.new.practitioner == new.practitioner
                && !(end(&s.new) <= new.start || end(&new) <= s.new.start)
        });
        if is_busy {
            reasons.push(Error::PractitionerBusy);
        }
        if let (Some(member), true) = (member, reasons.is_empty()) {
            self.schedules.push(ModelSchedule {
                member,
                new,
                is_closed: false,
                has_time: true,
            });
        }
        reasons
    }

    pub fn publish_rules(&mut self, member: MemberId, from: Date, rules: BookingRules) -> Reasons {
        let today = Date::of(self.now);
        let mut to_come: Vec<Date> = self
            .rules
            .iter()
            .filter(|(m, date, _)| *m == member && *date > today)
            .map(|(_, date, _)| *date)
            .collect();
        to_come.sort();
        to_come.dedup();
        let mut reasons = Vec::new();
        if from <= today {
            reasons.push(Error::RulesNotAhead);
        }
        if to_come.len() >= 7 && !to_come.contains(&from) {
            reasons.push(Error::TooManyRules);
        }
        if reasons.is_empty() {
            self.rules.push((member, from, rules));
        }
        reasons
    }

    // What follows.

    fn step(
        &mut self,
        id: usize,
        refusal: Option<Error<Test>>,
        from: &[AppointmentState],
        to: AppointmentState,
    ) -> Reasons {
        let mut reasons: Reasons = refusal.into_iter().collect();
        if !from.contains(&self.appointments[id].state) {
            reasons.push(Error::WrongState);
        }
        if reasons.is_empty() {
            self.appointments[id].state = to;
        }
        reasons
    }

    /// Sets what is agreed, by the rules of today.
    fn agree(&self, a: &mut ModelAppointment, is_asked: bool) {
        let schedule = &self.schedules[a.schedule];
        let rules = self.rules_now(schedule.member);
        let start = schedule.start_of(a.slot);
        a.cancel_by = match rules.latest_cancellation {
            LatestCancellation::MinutesBefore(minutes) => start - u64::from(minutes) * MINUTE_MS,
            LatestCancellation::DayBefore(minute) => {
                Date(Date::of(start).0 - 1).start() + u64::from(minute) * MINUTE_MS
            }
        };
        if !is_asked && self.now > a.cancel_by {
            a.cancel_by = start;
        }
        a.no_show_from = start + u64::from(rules.grace_minutes) * MINUTE_MS;
        (a.late_bp, a.no_show_bp) = (rules.late_cancel_share_bp, rules.no_show_share_bp);
    }

    fn settle(&mut self, id: usize, state: AppointmentState, share_bp: u16) {
        let member = self.member(id);
        let a = &mut self.appointments[id];
        let to_member = a.fee * Balance::from(share_bp) / 10_000;
        let refund = a.fee - to_member;
        let account = self.accounts[&a.patient];
        (a.fee, a.state) = (0, state);
        *self.free.entry(main_account(member)).or_default() += to_member;
        *self.free.entry(account).or_default() += refund;
    }

    fn fault(&mut self, id: usize, is_no_show: bool) {
        let (patient, member) = (self.appointments[id].patient, self.member(id));
        let rules = self.rules_now(member);
        let now = self.now;
        self.faults.push(Fault {
            patient,
            member,
            is_no_show,
            at: now,
            is_forgotten: false,
        });
        let alike: Vec<&mut Fault> = self
            .faults
            .iter_mut()
            .filter(|f| (f.patient, f.member, f.is_no_show) == (patient, member, is_no_show))
            .filter(|f| !f.is_forgotten)
            .collect();
        let max = if is_no_show {
            rules.no_shows_max
        } else {
            rules.late_cancels_max
        };
        let mut counted = 0;
        let mut counting = Vec::new();
        for fault in alike {
            // What lies outside of the period is forgotten for good.
            if fault.at < now && now - fault.at >= u64::from(rules.period_days) * DAY_MS {
                fault.is_forgotten = true;
            } else {
                counted += 1;
                counting.push(fault);
            }
        }
        if max > 0 && counted >= usize::from(max) {
            counting
                .into_iter()
                .for_each(|fault| fault.is_forgotten = true);
            let until = now + u64::from(rules.block_days) * DAY_MS;
            let block = self.blocks.entry((patient, member)).or_default();
            *block = until.max(*block);
        }
    }

    fn promote(&mut self, place: (usize, u16)) {
        if !self.against_slot(place.0, place.1).is_empty() {
            return;
        }
        let new = self.schedules[place.0].new.clone();
        for id in self.waiting(place.0, place.1) {
            if self.taken(place.0, place.1) >= usize::from(new.capacity) {
                return;
            }
            let patient = self.appointments[id].patient;
            let payer = self.accounts[&patient];
            let mut against = self.against_patient(patient, place, Some(id));
            against.extend(self.against_fee(payer, new.fee_fen));
            if against.is_empty() {
                let mut a = self.appointments[id].clone();
                (a.state, a.fee, a.payer) = (Booked, new.fee_fen, payer);
                self.agree(&mut a, false);
                self.appointments[id] = a;
                *self.free.entry(payer).or_default() -= new.fee_fen;
            }
        }
    }
}
