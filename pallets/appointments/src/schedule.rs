//! What members publish: departments, rules and schedules.

use frame_support::{ensure, traits::Time};
use sp_runtime::DispatchResult;
use xinglin_primitives::{
    glue::{MemberKind, Members, Practitioners},
    time::{Date, Moment},
    DepartmentId, MemberId, ScheduleId,
};

use crate::{
    rules::{BookingRules, RulesRefusal, RulesVersion},
    types::{DisplayCode, NewSchedule, Schedule, Session, SlotIndex, Target},
    Config, Departments, Error, Event, GenesisConfig, NextSchedule, Pallet, Rules, Schedules,
    Sessions, Slots,
};

/// Whether a display code can be shown.
fn is_showable(code: &DisplayCode) -> bool {
    core::str::from_utf8(code)
        .is_ok_and(|text| !text.is_empty() && !text.chars().any(char::is_control))
}

impl<T: Config> Pallet<T> {
    /// The hospital or clinic that `who` is an account of.
    pub(crate) fn provider(who: &T::AccountId) -> Result<MemberId, Error<T>> {
        T::Members::member_of(who)
            .filter(|member| T::Members::kind_of(*member).is_some_and(MemberKind::is_provider))
            .ok_or(Error::NotProvider)
    }

    /// Refuses whoever is no account of `member`.
    pub(crate) fn ensure_staff(who: &T::AccountId, member: MemberId) -> Result<(), Error<T>> {
        ensure!(T::Members::member_of(who) == Some(member), Error::NotStaff);
        Ok(())
    }

    pub(crate) fn do_publish_department(
        member: MemberId,
        department: DepartmentId,
        code: DisplayCode,
    ) -> DispatchResult {
        ensure!(is_showable(&code), Error::<T>::BadCode);
        Departments::<T>::insert(member, department, &code);
        Self::deposit_event(Event::DepartmentPublished {
            member,
            department,
            code,
        });
        Ok(())
    }

    pub(crate) fn do_withdraw_department(
        member: MemberId,
        department: DepartmentId,
    ) -> DispatchResult {
        Departments::<T>::take(member, department).ok_or(Error::<T>::UnknownDepartment)?;
        Self::deposit_event(Event::DepartmentWithdrawn { member, department });
        Ok(())
    }

    pub(crate) fn do_publish_rules(
        member: MemberId,
        from: Date,
        rules: BookingRules,
    ) -> DispatchResult {
        Self::add_rules(member, from, rules, Date::of(T::Time::now()))?;
        Self::deposit_event(Event::RulesPublished {
            member,
            from,
            rules,
        });
        Ok(())
    }

    pub(crate) fn do_publish_schedule(member: MemberId, new: NewSchedule) -> DispatchResult {
        let now = T::Time::now();
        ensure!(new.is_well_formed(), Error::<T>::BadSchedule);
        ensure!(new.start > now, Error::<T>::InPast);
        ensure!(
            T::Practitioners::department_at(new.practitioner, member) == Some(new.department),
            Error::<T>::NotLicensed
        );
        let schedule = new.of(member);
        let id = Self::add_schedule(&schedule, now)?;
        Self::deposit_event(Event::SchedulePublished {
            schedule: id,
            member,
            practitioner: schedule.practitioner,
            start: schedule.start,
        });
        Ok(())
    }

    /// Returns how many slots were looked at.
    pub(crate) fn do_close_schedule(who: &T::AccountId, id: ScheduleId) -> Result<u32, Error<T>> {
        let mut schedule = Schedules::<T>::get(id).ok_or(Error::UnknownSchedule)?;
        Self::ensure_staff(who, schedule.member)?;
        let is_vacant =
            (0..schedule.slots).all(|slot| Slots::<T>::get((id, slot)).taken.is_empty());
        let is_time_freed = is_vacant && Self::free_time(id, &schedule);
        ensure!(!schedule.is_closed || is_time_freed, Error::Closed);
        schedule.is_closed = true;
        Schedules::<T>::insert(id, &schedule);
        Self::deposit_event(Event::ScheduleClosed {
            schedule: id,
            is_time_freed,
        });
        Ok(schedule.slots.into())
    }

    /// The slot that a call names, if a place in it may be given away at `now`.
    pub(crate) fn open_slot(
        (id, slot): (ScheduleId, SlotIndex),
        now: Moment,
    ) -> Result<Target, Error<T>> {
        let schedule = Schedules::<T>::get(id).ok_or(Error::UnknownSchedule)?;
        ensure!(slot < schedule.slots, Error::UnknownSlot);
        ensure!(!schedule.is_closed, Error::Closed);
        let target = Target { id, schedule, slot };
        ensure!(target.start() > now, Error::InPast);
        let Schedule {
            practitioner,
            member,
            department,
            ..
        } = target.schedule;
        ensure!(
            T::Practitioners::department_at(practitioner, member) == Some(department),
            Error::NotLicensed
        );
        Ok(target)
    }

    /// The rules of `member` in force on `date`.
    pub(crate) fn rules_on(member: MemberId, date: Date) -> Result<BookingRules, Error<T>> {
        Rules::<T>::get(member)
            .on(date)
            .copied()
            .ok_or(Error::NoRules)
    }

    /// Fills the state of a new chain. Panics on what a call would refuse: a chain must not begin
    /// with it.
    pub(crate) fn build_genesis(config: &GenesisConfig<T>) {
        for (member, department, code) in &config.departments {
            let code = DisplayCode::try_from(code.clone().into_bytes())
                .ok()
                .filter(is_showable)
                .expect("a department's display code is short, printable and not empty");
            Departments::<T>::insert(member, department, code);
        }
        for (member, from, rules) in &config.rules {
            Self::add_rules(*member, *from, *rules, Date::default())
                .expect("booking rules are within their bounds");
        }
        for (member, new) in &config.schedules {
            assert!(
                new.is_well_formed(),
                "a schedule is within its bounds: {new:?}"
            );
            Self::add_schedule(&new.clone().of(*member), 0)
                .expect("a schedule has its department, and a practitioner has one at a time");
        }
    }

    fn add_rules(
        member: MemberId,
        from: Date,
        rules: BookingRules,
        today: Date,
    ) -> Result<(), Error<T>> {
        ensure!(rules.is_well_formed(), Error::BadRules);
        Rules::<T>::try_mutate(member, |history| {
            history
                .publish(RulesVersion { from, rules }, today)
                .map_err(|refusal| match refusal {
                    RulesRefusal::NotAhead => Error::RulesNotAhead,
                    RulesRefusal::TooMany => Error::TooManyRules,
                })
        })
    }

    fn add_schedule(schedule: &Schedule, now: Moment) -> Result<ScheduleId, Error<T>> {
        ensure!(
            Departments::<T>::contains_key(schedule.member, schedule.department),
            Error::UnknownDepartment
        );
        let id = NextSchedule::<T>::get();
        let session = Session {
            schedule: id,
            start: schedule.start,
            end: schedule.end(),
        };
        Sessions::<T>::try_mutate(schedule.practitioner, |sessions| {
            sessions.retain(|s| s.end > now);
            // They are disjoint and in order, so that only the neighbours can overlap.
            let at = sessions.partition_point(|s| s.end <= session.start);
            ensure!(
                sessions
                    .get(at)
                    .is_none_or(|next| session.end <= next.start),
                Error::<T>::PractitionerBusy
            );
            sessions
                .try_insert(at, session)
                .map_err(|_| Error::TooManySchedules)
        })?;
        NextSchedule::<T>::put(id.next().ok_or(Error::IdsUsedUp)?);
        Schedules::<T>::insert(id, schedule);
        Ok(id)
    }

    /// Gives the practitioner's time back; says whether the schedule still had it.
    fn free_time(id: ScheduleId, schedule: &Schedule) -> bool {
        Sessions::<T>::mutate(schedule.practitioner, |sessions| {
            let before = sessions.len();
            sessions.retain(|s| s.schedule != id);
            sessions.len() < before
        })
    }
}
