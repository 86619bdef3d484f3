//! Appointments (挂号): departments, schedules, booking rules and the life of an appointment.
//!
//! A member publishes its departments, its rules and, for a practitioner licensed there, schedules:
//! sessions of slots with a capacity and a fee. Patients, or those who act for them, book places in
//! slots; staff and practitioners take the appointment through the visit. [`states`] has the one
//! table of what follows what.
//!
//! # Rules and terms
//!
//! Rules are published to be in force from a date (UTC+8). Window, limit per day, penalties and
//! blocks follow the rules in force when the call is made. What a booking promises, namely the
//! latest cancellation, the grace and what becomes of the fee, is fixed in the appointment's
//! [`types::Terms`] when its place is taken, so that no later version changes it.
//!
//! - A patient may cancel until the slot begins. After `cancel_by` it counts as late and may cost
//!   part of the fee, also for a place that was booked after `cancel_by`. Moving to another slot is
//!   refused after `cancel_by`.
//! - Once the slot has begun, only staff can end the appointment. If nobody does within
//!   [`rules::ABANDONED_MS`], the patient may cancel it without consequences, so that no fee stays
//!   in escrow because a member has gone.
//! - Staff may move and cancel at any time with a reason. It costs the patient nothing, never
//!   counts against her, and passes over window, block and limit per day, but never over capacity
//!   or overlap. Whom staff moved, or the waitlist promoted, after the limit of the new place may
//!   give it back until its slot begins.
//! - So many late cancellations, or so many no-shows, within the period bring the block; each
//!   counts towards one block only.
//!
//! # Waitlist
//!
//! Who books a full slot and asks for it waits, first come, first served. A waiting appointment
//! takes no time, place or money. When a cancellation or a move frees a place before the slot
//! begins, and the schedule is open, free places go to the first who qualify by then: not blocked,
//! within window and limit, without an overlap, and able to pay. Those passed over keep their
//! position. Nobody looks at them again until the next place becomes free; until then anybody may
//! book a place for which nobody waiting qualified.
//!
//! # Fee
//!
//! A fee is held on the patient's own account, whoever books, and settled by the outcome:
//! fulfilled, all to the member; cancelled in time or by staff, all back; late or no-show, the
//! share of the terms to the member and the rest back. Refunds go to the account the patient has by
//! then. A slot without a fee touches no balance.
//!
//! # What a booking costs
//!
//! Of its own, without a fee, [`Pallet::book`] reads six values (clock, schedule, rules, agenda,
//! slot, next id; clock, rules and next id are the same for a whole block) and writes four (agenda,
//! slot, next id, appointment). To that come the questions to the registry: who acts, and whether
//! the practitioner still works there. Penalties are looked up only for patients with a block
//! somewhere. A fee adds the patient's account and its holds.

pub mod agenda;
mod booking;
mod errors;
mod escrow;
mod events;
mod glue;
mod invariants;
pub mod penalties;
pub mod reads;
pub mod rules;
mod schedule;
pub mod states;
pub mod types;
mod visit;
mod waitlist;
pub mod weights;

#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;

use frame_support::pallet_macros::import_section;

pub use pallet::*;
pub use weights::WeightInfo;

#[import_section(crate::errors::errors)]
#[import_section(crate::events::events)]
#[frame_support::pallet]
pub mod pallet {
    use frame_support::{
        pallet_prelude::*, traits::fungible::MutateHold, traits::Time, DefaultNoBound,
    };
    use frame_system::pallet_prelude::*;
    use xinglin_primitives::{
        glue::{Members, OnAppointment, Patients, Practitioners},
        time::{Date, Moment},
        AppointmentId, Balance, DepartmentId, Hash, MemberId, PatientId, PractitionerId,
        ScheduleId,
    };

    use crate::{
        agenda::{Agenda, AGENDA_MAX},
        penalties::{Penalties, FAULTS_MAX},
        rules::{BookingRules, RulesHistory, RULE_VERSIONS_MAX},
        types::*,
        weights::WeightInfo,
    };

    const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    /// What the pallet needs from the runtime.
    #[pallet::config]
    pub trait Config: frame_system::Config<RuntimeEvent: From<Event<Self>>> {
        /// The runtime's reasons for holding money.
        type RuntimeHoldReason: From<HoldReason>;
        /// On-chain CNY, in fen.
        type Currency: MutateHold<
            Self::AccountId,
            Balance = Balance,
            Reason = Self::RuntimeHoldReason,
        >;
        /// The time of the block.
        type Time: Time<Moment = Moment>;
        /// The members and their staff.
        type Members: Members<Self::AccountId>;
        /// The practitioners and where they are licensed.
        type Practitioners: Practitioners<Self::AccountId>;
        /// The patients and who acts for them.
        type Patients: Patients<Self::AccountId>;
        /// Told when a visit is over or off.
        type OnAppointment: OnAppointment;
        /// Weights of the calls.
        type WeightInfo: WeightInfo;
    }

    /// Why the pallet holds money.
    #[pallet::composite_enum]
    pub enum HoldReason {
        /// Fees of appointments that are not over.
        Fee,
    }

    /// The departments that members publish, with their display codes.
    // Members come one by one from the council; a department's number is chosen by its member.
    #[pallet::storage]
    pub type Departments<T> =
        StorageDoubleMap<_, Twox64Concat, MemberId, Blake2_128Concat, DepartmentId, DisplayCode>;

    /// Booking rules of each member: the version in force and those to come.
    // Only keys of admitted members are written.
    #[pallet::storage]
    pub type Rules<T> = StorageMap<_, Twox64Concat, MemberId, RulesHistory, ValueQuery>;

    /// The id of the next schedule.
    #[pallet::storage]
    pub type NextSchedule<T> = StorageValue<_, ScheduleId, ValueQuery>;

    /// The schedules.
    // Numbered one by one by this pallet.
    #[pallet::storage]
    pub type Schedules<T> = StorageMap<_, Twox64Concat, ScheduleId, Schedule>;

    /// The time of each practitioner that schedules take, at whichever member, by start. Sessions
    /// that are over disappear when another is published.
    // Only keys of licensed practitioners, numbered one by one, are written.
    #[pallet::storage]
    pub type Sessions<T> = StorageMap<
        _,
        Twox64Concat,
        PractitionerId,
        BoundedVec<Session, ConstU32<SESSIONS_MAX>>,
        ValueQuery,
    >;

    /// Who has the places of a slot and who waits; nothing is stored for an empty slot.
    // Both parts are numbered one by one by this pallet.
    #[pallet::storage]
    pub type Slots<T> = StorageMap<_, Twox64Concat, (ScheduleId, SlotIndex), Slot, ValueQuery>;

    /// The id of the next appointment.
    #[pallet::storage]
    pub type NextAppointment<T> = StorageValue<_, AppointmentId, ValueQuery>;

    /// Every appointment ever made.
    // Numbered one by one by this pallet.
    #[pallet::storage]
    pub type Appointments<T: Config> =
        StorageMap<_, Twox64Concat, AppointmentId, Appointment<T::AccountId>>;

    /// What still matters of each patient's appointments for the next booking.
    // Only keys of registered patients, numbered one by one, are written.
    #[pallet::storage]
    pub type Agendas<T> = StorageMap<_, Twox64Concat, PatientId, Agenda, ValueQuery>;

    /// Faults and blocks of a patient at a member.
    // As for `Agendas` and `Rules`.
    #[pallet::storage]
    pub type PenaltiesOf<T> =
        StorageDoubleMap<_, Twox64Concat, PatientId, Twox64Concat, MemberId, Penalties, ValueQuery>;

    /// What a chain begins with.
    #[pallet::genesis_config]
    #[derive(DefaultNoBound)]
    pub struct GenesisConfig<T: Config> {
        /// Departments and their display codes.
        pub departments: Vec<(MemberId, DepartmentId, String)>,
        /// Booking rules and the dates from which they are in force.
        pub rules: Vec<(MemberId, Date, BookingRules)>,
        /// Schedules, numbered from 0. Licences are checked when a patient books.
        pub schedules: Vec<(MemberId, NewSchedule)>,
        #[doc(hidden)]
        #[serde(skip)]
        pub _config: core::marker::PhantomData<T>,
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        fn build(&self) {
            Pallet::<T>::build_genesis(self);
        }
    }

    #[pallet::extra_constants]
    impl<T: Config> Pallet<T> {
        /// Most slots of one schedule.
        #[pallet::constant_name(SlotsMax)]
        fn slots_max() -> u32 {
            SLOTS_MAX.into()
        }
        /// Most places of one slot.
        #[pallet::constant_name(CapacityMax)]
        fn capacity_max() -> u32 {
            CAPACITY_MAX.into()
        }
        /// Most patients waiting for one slot.
        #[pallet::constant_name(WaitlistMax)]
        fn waitlist_max() -> u32 {
            WAITLIST_MAX
        }
        /// Most appointments of one patient that are not past.
        #[pallet::constant_name(AgendaMax)]
        fn agenda_max() -> u32 {
            AGENDA_MAX
        }
        /// Most schedules of one practitioner that are not over.
        #[pallet::constant_name(SessionsMax)]
        fn sessions_max() -> u32 {
            SESSIONS_MAX
        }
        /// Most versions of a member's rules in force or still to come.
        #[pallet::constant_name(RuleVersionsMax)]
        fn rule_versions_max() -> u32 {
            RULE_VERSIONS_MAX
        }
        /// Most faults of one kind that rules may ask for.
        #[pallet::constant_name(FaultsMax)]
        fn faults_max() -> u32 {
            FAULTS_MAX
        }
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::check_invariants()
        }
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Publishes a department of the signer's member, or changes its display code.
        ///
        /// Origin: signed by an account of a hospital or clinic.
        ///
        /// Errors: `NotProvider`, `BadCode`. Events: `DepartmentPublished`.
        #[pallet::call_index(0)]
        #[pallet::weight(T::WeightInfo::publish_department())]
        pub fn publish_department(
            origin: OriginFor<T>,
            department: DepartmentId,
            code: DisplayCode,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_publish_department(Self::provider(&who)?, department, code)
        }

        /// Withdraws a department of the signer's member. Its schedules go on; new ones are
        /// refused.
        ///
        /// Origin: signed by an account of a hospital or clinic.
        ///
        /// Errors: `NotProvider`, `UnknownDepartment`. Events: `DepartmentWithdrawn`.
        #[pallet::call_index(1)]
        #[pallet::weight(T::WeightInfo::withdraw_department())]
        pub fn withdraw_department(
            origin: OriginFor<T>,
            department: DepartmentId,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_withdraw_department(Self::provider(&who)?, department)
        }

        /// Publishes the booking rules of the signer's member that are in force from a date
        /// (UTC+8), in days since 1970-01-01. The date must lie after today, or may be today if no
        /// rules are in force. A version published for the same date before is replaced.
        ///
        /// Origin: signed by an account of a hospital or clinic.
        ///
        /// Errors: `NotProvider`, `BadRules`, `RulesNotAhead`, `TooManyRules`.
        /// Events: `RulesPublished`.
        #[pallet::call_index(2)]
        #[pallet::weight(T::WeightInfo::publish_rules())]
        pub fn publish_rules(
            origin: OriginFor<T>,
            from: Date,
            rules: BookingRules,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_publish_rules(Self::provider(&who)?, from, rules)
        }

        /// Opens a schedule of the signer's member for booking.
        ///
        /// Origin: signed by an account of a hospital or clinic.
        ///
        /// The practitioner must be licensed in the department at the member, and no schedule of
        /// hers, at whichever member, may overlap.
        ///
        /// Errors: `NotProvider`, `BadSchedule`, `InPast`, `UnknownDepartment`, `NotLicensed`,
        /// `PractitionerBusy`, `TooManySchedules`, `IdsUsedUp`. Events: `SchedulePublished`.
        #[pallet::call_index(3)]
        #[pallet::weight(T::WeightInfo::publish_schedule())]
        pub fn publish_schedule(origin: OriginFor<T>, schedule: NewSchedule) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_publish_schedule(Self::provider(&who)?, schedule)
        }

        /// Ends bookings in a schedule for good: nobody else gets a place in it, neither by booking
        /// or rescheduling nor from a waitlist. Appointments made remain.
        ///
        /// Origin: signed by an account of the schedule's member.
        ///
        /// If nobody has a place, the practitioner's time is free for another schedule. A closed
        /// schedule may be closed again for that, once its appointments were moved or cancelled.
        ///
        /// Errors: `UnknownSchedule`, `NotStaff`, `Closed` (closed before, and nothing to free).
        /// Events: `ScheduleClosed`.
        #[pallet::call_index(4)]
        #[pallet::weight(T::WeightInfo::close_schedule(SLOTS_MAX.into()))]
        pub fn close_schedule(
            origin: OriginFor<T>,
            schedule: ScheduleId,
        ) -> DispatchResultWithPostInfo {
            let who = ensure_signed(origin)?;
            let slots_read = Self::do_close_schedule(&who, schedule)?;
            Ok(Some(T::WeightInfo::close_schedule(slots_read)).into())
        }

        /// Books a place in a slot for a patient.
        ///
        /// Origin: signed by the patient, or by a delegate or session key with the scope booking.
        ///
        /// - `slot`: its number in the schedule, from 0.
        /// - `waitlist`: wait for a place if the slot is full. Nothing is paid before there is one.
        /// - `pre_visit_grant`: digest of a grant under which the practitioner may prepare; it ends
        ///   with the visit.
        ///
        /// The fee, if there is one, is held on the patient's account.
        ///
        /// Errors: `NotForPatient`, `UnknownSchedule`, `UnknownSlot`, `Closed`, `InPast`,
        /// `NotLicensed`, `NoRules`, `OutsideWindow`, `Blocked`, `DayLimit`, `Overlap`,
        /// `AlreadyWaiting`, `AgendaFull`, `SlotFull`, `WaitlistFull`, `FeeNotCovered`,
        /// `IdsUsedUp`.
        /// Events: `Booked` or `Waitlisted`; `PreVisitGranted`.
        #[pallet::call_index(5)]
        #[pallet::weight(T::WeightInfo::book().saturating_add(T::WeightInfo::hold_fee()))]
        pub fn book(
            origin: OriginFor<T>,
            patient: PatientId,
            schedule: ScheduleId,
            slot: SlotIndex,
            waitlist: bool,
            pre_visit_grant: Option<Hash>,
        ) -> DispatchResultWithPostInfo {
            let by = ensure_signed(origin)?;
            let has_fee = Self::do_book(by, patient, (schedule, slot), waitlist, pre_visit_grant)?;
            let fee_weight = if has_fee {
                T::WeightInfo::hold_fee()
            } else {
                Weight::zero()
            };
            Ok(Some(T::WeightInfo::book().saturating_add(fee_weight)).into())
        }

        /// Confirms a booked appointment.
        ///
        /// Origin: signed by the practitioner or her session key, or by an account of the member.
        ///
        /// Errors: `UnknownAppointment`, `NotPractitioner`, `WrongState`. Events: `Confirmed`.
        #[pallet::call_index(6)]
        #[pallet::weight(T::WeightInfo::confirm())]
        pub fn confirm(origin: OriginFor<T>, appointment: AppointmentId) -> DispatchResult {
            let by = ensure_signed(origin)?;
            Self::do_confirm(by, appointment)
        }

        /// Moves a booked or confirmed appointment to another slot of the same member; it keeps its
        /// id and is then Booked. The head of the old slot's waitlist gets the place.
        ///
        /// Origin: signed by the patient, a delegate or session key (`acting`: for this patient),
        /// or by an account of the member (`acting`: as staff, for this reason).
        ///
        /// For the patient the rules for booking apply, and the latest cancellation must not have
        /// passed. The fee becomes that of the new slot; moved by staff, the lower of both.
        ///
        /// Errors: `UnknownAppointment`, `NotStaff`, `NotForPatient`, `OtherPatient`, `WrongState`,
        /// `TooLate`, `OtherMember`, `SameSlot`, and those of `book`. Events: `Rescheduled`,
        /// `Promoted`.
        #[pallet::call_index(7)]
        #[pallet::weight(T::WeightInfo::reschedule(WAITLIST_MAX))]
        pub fn reschedule(
            origin: OriginFor<T>,
            appointment: AppointmentId,
            schedule: ScheduleId,
            slot: SlotIndex,
            acting: Acting,
        ) -> DispatchResultWithPostInfo {
            let by = ensure_signed(origin)?;
            let heads = Self::do_reschedule(by, appointment, (schedule, slot), acting)?;
            Ok(Some(T::WeightInfo::reschedule(heads)).into())
        }

        /// Calls off an appointment that has not been checked in. The head of the waitlist gets the
        /// place.
        ///
        /// Origin: signed by the patient, a delegate or session key (`acting`: for this patient),
        /// or by an account of the member (`acting`: as staff, for this reason).
        ///
        /// A patient may cancel a place until its slot begins; after the latest cancellation it
        /// counts as late, and the member keeps its share of the fee. Otherwise all is refunded. A
        /// place that nobody checked in or marked may be cancelled again a week after the slot
        /// began.
        ///
        /// Errors: `UnknownAppointment`, `NotStaff`, `NotForPatient`, `OtherPatient`, `WrongState`,
        /// `SlotBegun`, `NoMemberAccount`. Events: `Cancelled`, `FeeSettled`, `PatientBlocked`,
        /// `Promoted`.
        #[pallet::call_index(8)]
        #[pallet::weight(
            T::WeightInfo::cancel(WAITLIST_MAX)
                .saturating_add(T::OnAppointment::visit_ended_weight())
        )]
        pub fn cancel(
            origin: OriginFor<T>,
            appointment: AppointmentId,
            acting: Acting,
        ) -> DispatchResultWithPostInfo {
            let by = ensure_signed(origin)?;
            let heads = Self::do_cancel(by, appointment, acting)?;
            let weight = T::WeightInfo::cancel(heads);
            Ok(Some(weight.saturating_add(T::OnAppointment::visit_ended_weight())).into())
        }

        /// Records that the patient of a booked or confirmed appointment has arrived.
        ///
        /// Origin: signed by an account of the member.
        ///
        /// Errors: `UnknownAppointment`, `NotStaff`, `WrongState`. Events: `CheckedIn`.
        #[pallet::call_index(9)]
        #[pallet::weight(T::WeightInfo::check_in())]
        pub fn check_in(origin: OriginFor<T>, appointment: AppointmentId) -> DispatchResult {
            let by = ensure_signed(origin)?;
            Self::do_check_in(by, appointment)
        }

        /// Ends the visit of a patient who has arrived. The fee goes to the member.
        ///
        /// Origin: signed by the practitioner or her session key.
        ///
        /// Errors: `UnknownAppointment`, `NotPractitioner`, `WrongState`, `NoMemberAccount`.
        /// Events: `Fulfilled`, `FeeSettled`.
        #[pallet::call_index(10)]
        #[pallet::weight(
            T::WeightInfo::complete().saturating_add(T::OnAppointment::visit_ended_weight())
        )]
        pub fn complete(origin: OriginFor<T>, appointment: AppointmentId) -> DispatchResult {
            let by = ensure_signed(origin)?;
            Self::do_complete(by, appointment)
        }

        /// Records that the patient of a booked or confirmed appointment did not come. The member
        /// keeps its share of the fee.
        ///
        /// Origin: signed by an account of the member, once the slot began and the grace is over.
        ///
        /// Errors: `UnknownAppointment`, `NotStaff`, `WrongState`, `TooEarly`, `NoMemberAccount`.
        /// Events: `NoShow`, `FeeSettled`, `PatientBlocked`.
        #[pallet::call_index(11)]
        #[pallet::weight(
            T::WeightInfo::mark_no_show().saturating_add(T::OnAppointment::visit_ended_weight())
        )]
        pub fn mark_no_show(origin: OriginFor<T>, appointment: AppointmentId) -> DispatchResult {
            let by = ensure_signed(origin)?;
            Self::do_mark_no_show(by, appointment)
        }
    }
}
