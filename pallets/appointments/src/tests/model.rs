//! The reference model: the rules of the domain over plain lists, counted anew for every question.
//!
//! It shares neither code nor data structures with the pallet. A question whether something may be
//! done is answered with every reason against it; the pallet must give one of them, and must do it
//! if there are none.

use std::collections::BTreeMap;

use xinglin_primitives::{
    time::{Date, Moment, MINUTE_MS},
    Balance, DepartmentId, MemberId, PatientId, PractitionerId,
};

use crate::{
    mock::*,
    rules::BookingRules,
    states::AppointmentState::{self, *},
    types::{Acting, NewSchedule},
    Error,
};

mod acts;

/// Reasons against something; none: it happens.
pub type Reasons = Vec<Error<Test>>;

#[derive(Clone, Debug)]
pub struct ModelSchedule {
    pub member: MemberId,
    pub new: NewSchedule,
    pub is_closed: bool,
    pub has_time: bool,
}

impl ModelSchedule {
    fn start_of(&self, slot: u16) -> Moment {
        self.new.start + u64::from(slot) * u64::from(self.new.slot_minutes) * MINUTE_MS
    }
}

#[derive(Clone, Debug)]
pub struct ModelAppointment {
    pub patient: PatientId,
    pub schedule: usize,
    pub slot: u16,
    pub state: AppointmentState,
    pub fee: Balance,
    pub payer: AccountId,
    cancel_by: Moment,
    no_show_from: Moment,
    late_bp: u16,
    no_show_bp: u16,
}

impl ModelAppointment {
    pub fn is_live(&self) -> bool {
        matches!(self.state, Booked | Confirmed | Arrived)
    }

    pub fn takes_place(&self) -> bool {
        self.is_live() || matches!(self.state, Fulfilled | NoShow)
    }
}

struct Fault {
    patient: PatientId,
    member: MemberId,
    is_no_show: bool,
    at: Moment,
    is_forgotten: bool,
}

/// Everything the chain knows, the slow way.
pub struct Model {
    pub now: Moment,
    /// Every version ever published, in the order of publication.
    pub rules: Vec<(MemberId, Date, BookingRules)>,
    pub schedules: Vec<ModelSchedule>,
    pub appointments: Vec<ModelAppointment>,
    faults: Vec<Fault>,
    pub blocks: BTreeMap<(PatientId, MemberId), Moment>,
    pub free: BTreeMap<AccountId, Balance>,
    pub accounts: BTreeMap<PatientId, AccountId>,
    pub unlicensed: Vec<PractitionerId>,
}

impl Model {
    pub fn new(rules: BookingRules, schedules: &[(MemberId, NewSchedule)]) -> Self {
        let patients = || (1..=PATIENTS).map(PatientId);
        let members = MEMBERS.map(|member| (main_account(member), MEMBER_FUNDS_FEN));
        let schedule = |(member, new): &(MemberId, NewSchedule)| ModelSchedule {
            member: *member,
            new: new.clone(),
            is_closed: false,
            has_time: true,
        };
        Self {
            now: morning(),
            rules: vec![(HOSPITAL, Date(0), rules), (CLINIC, Date(0), rules)],
            schedules: schedules.iter().map(schedule).collect(),
            appointments: Vec::new(),
            faults: Vec::new(),
            blocks: BTreeMap::new(),
            free: patients()
                .map(|p| (own(p), FUNDS_FEN))
                .chain(members)
                .collect(),
            accounts: patients().map(|p| (p, own(p))).collect(),
            unlicensed: Vec::new(),
        }
    }

    // What is.

    pub fn rules_now(&self, member: MemberId) -> BookingRules {
        let today = Date::of(self.now);
        let in_force = self
            .rules
            .iter()
            .filter(|(m, from, _)| *m == member && *from <= today);
        // Of two for the same date the later publication holds: `max_by_key` takes the last.
        in_force.max_by_key(|(_, from, _)| *from).unwrap().2
    }

    fn department(&self, a: &ModelAppointment) -> (MemberId, DepartmentId) {
        let schedule = &self.schedules[a.schedule];
        (schedule.member, schedule.new.department)
    }

    fn member(&self, id: usize) -> MemberId {
        self.schedules[self.appointments[id].schedule].member
    }

    pub fn practitioner(&self, id: usize) -> PractitionerId {
        self.schedules[self.appointments[id].schedule]
            .new
            .practitioner
    }

    pub fn times_of(&self, schedule: usize, slot: u16) -> (Moment, Moment) {
        let schedule = &self.schedules[schedule];
        (schedule.start_of(slot), schedule.start_of(slot + 1))
    }

    fn times(&self, a: &ModelAppointment) -> (Moment, Moment) {
        self.times_of(a.schedule, a.slot)
    }

    pub fn taken(&self, schedule: usize, slot: u16) -> usize {
        let here = |a: &&ModelAppointment| (a.schedule, a.slot) == (schedule, slot);
        self.appointments
            .iter()
            .filter(here)
            .filter(|a| a.takes_place())
            .count()
    }

    /// Who waits for a slot, longest first.
    pub fn waiting(&self, schedule: usize, slot: u16) -> Vec<usize> {
        // One joins a waitlist by booking only, so that ids are in the order of joining.
        let here = |id: &usize| {
            let a = &self.appointments[*id];
            (a.schedule, a.slot, a.state) == (schedule, slot, Waitlisted)
        };
        (0..self.appointments.len()).filter(here).collect()
    }

    pub fn held(&self, account: AccountId) -> Balance {
        let paid = self.appointments.iter().filter(|a| a.payer == account);
        paid.map(|a| a.fee).sum()
    }

    fn is_staff(by: AccountId, member: MemberId) -> bool {
        [main_account(member), staff(member)].contains(&by)
    }

    fn acts_for(&self, by: AccountId, patient: PatientId) -> bool {
        by == carer(patient) || self.accounts.get(&patient) == Some(&by)
    }

    fn is_doctor(&self, by: AccountId, practitioner: PractitionerId) -> bool {
        [doctor(practitioner), tablet(practitioner)].contains(&by)
            && !self.unlicensed.contains(&practitioner)
    }

    // What speaks against it.

    /// Against giving a place or a turn in a slot to anybody. The slot exists if this is empty.
    fn against_slot(&self, schedule: usize, slot: u16) -> Reasons {
        let Some(s) = self.schedules.get(schedule) else {
            return vec![Error::UnknownSchedule];
        };
        let mut reasons = Vec::new();
        if slot >= s.new.slots {
            reasons.push(Error::UnknownSlot);
        }
        if s.is_closed {
            reasons.push(Error::Closed);
        }
        if s.start_of(slot) <= self.now {
            reasons.push(Error::InPast);
        }
        if self.unlicensed.contains(&s.new.practitioner) {
            reasons.push(Error::NotLicensed);
        }
        reasons
    }

    /// Against a patient's being in a slot, apart from the appointment `except`, as far as it
    /// cannot be passed over by staff.
    fn against_time(
        &self,
        patient: PatientId,
        place: (usize, u16),
        except: Option<usize>,
    ) -> Reasons {
        let s = &self.schedules[place.0];
        let (start, end) = (s.start_of(place.1), s.start_of(place.1 + 1));
        let mut reasons = Vec::new();
        for (id, a) in self.appointments.iter().enumerate() {
            if a.patient != patient || Some(id) == except {
                continue;
            }
            let (other_start, other_end) = self.times(a);
            let meets = !(other_end <= start || end <= other_start);
            if a.is_live() && meets {
                reasons.push(Error::Overlap);
            }
            if a.state == Waitlisted && (a.schedule, a.slot) == place {
                reasons.push(Error::AlreadyWaiting);
            }
        }
        reasons
    }

    /// Against a patient's taking a place by the member's rules.
    fn against_patient(
        &self,
        patient: PatientId,
        place: (usize, u16),
        except: Option<usize>,
    ) -> Reasons {
        let s = &self.schedules[place.0];
        let rules = self.rules_now(s.member);
        let day = Date::of(s.start_of(place.1));
        let mut reasons = self.against_time(patient, place, except);
        let last_day = Date::of(self.now).0 + u32::from(rules.window_days);
        if day.0 > last_day {
            reasons.push(Error::OutsideWindow);
        }
        if self
            .blocks
            .get(&(patient, s.member))
            .is_some_and(|until| self.now < *until)
        {
            reasons.push(Error::Blocked);
        }
        let same_day = self.appointments.iter().enumerate().filter(|(id, a)| {
            a.patient == patient
                && Some(*id) != except
                && a.takes_place()
                && self.department(a) == (s.member, s.new.department)
                && Date::of(self.times(a).0) == day
        });
        if same_day.count() >= usize::from(rules.department_day_max) {
            reasons.push(Error::DayLimit);
        }
        reasons
    }

    /// Against holding so much more on an account: one fen must stay.
    fn against_fee(&self, account: AccountId, fee: Balance) -> Reasons {
        let free = self.free.get(&account).copied().unwrap_or(0);
        match fee > 0 && free < fee + 1 {
            true => vec![Error::FeeNotCovered],
            false => vec![],
        }
    }

    fn against_acting(&self, by: AccountId, id: usize, acting: Acting) -> Reasons {
        let mut reasons = Vec::new();
        match acting {
            Acting::Staff(_) => {
                if !Self::is_staff(by, self.member(id)) {
                    reasons.push(Error::NotStaff);
                }
            }
            Acting::Patient(patient) => {
                if patient != self.appointments[id].patient {
                    reasons.push(Error::OtherPatient);
                }
                if !self.acts_for(by, patient) {
                    reasons.push(Error::NotForPatient);
                }
            }
        }
        reasons
    }
}
