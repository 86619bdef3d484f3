//! The pallet's events. A section of the pallet in a file of its own.

use frame_support::pallet_macros::pallet_section;

#[pallet_section]
mod events {
    /// What happened. `by` is the account that signed; for whom it acted follows from the
    /// appointment, or stands beside it.
    #[pallet::event]
    #[pallet::generate_deposit(pub(crate) fn deposit_event)]
    #[allow(
        missing_docs,
        reason = "a variant's own text speaks of its fields, and their types say the rest"
    )]
    pub enum Event<T: Config> {
        /// A member published a department or changed its code.
        DepartmentPublished {
            member: MemberId,
            department: DepartmentId,
            code: DisplayCode,
        },
        /// A member takes no new schedules for a department.
        DepartmentWithdrawn {
            member: MemberId,
            department: DepartmentId,
        },
        /// A member's rules change on a date.
        RulesPublished {
            member: MemberId,
            from: Date,
            rules: BookingRules,
        },
        /// A schedule is open for booking.
        SchedulePublished {
            schedule: ScheduleId,
            member: MemberId,
            practitioner: PractitionerId,
            start: Moment,
        },
        /// A schedule takes no more bookings. `is_time_freed`: nobody has a place in it, and the
        /// practitioner's time is free again.
        ScheduleClosed {
            schedule: ScheduleId,
            is_time_freed: bool,
        },
        /// A patient has a place.
        Booked {
            appointment: AppointmentId,
            patient: PatientId,
            practitioner: PractitionerId,
            member: MemberId,
            schedule: ScheduleId,
            slot: SlotIndex,
            by: T::AccountId,
        },
        /// A patient waits for a place.
        Waitlisted {
            appointment: AppointmentId,
            patient: PatientId,
            practitioner: PractitionerId,
            member: MemberId,
            schedule: ScheduleId,
            slot: SlotIndex,
            by: T::AccountId,
        },
        /// The practitioner may prepare for the visit under the grant with this digest.
        PreVisitGranted {
            appointment: AppointmentId,
            grant: Hash,
        },
        /// A patient who waited has a place.
        Promoted {
            appointment: AppointmentId,
            patient: PatientId,
        },
        /// The practitioner or the staff confirmed.
        Confirmed {
            appointment: AppointmentId,
            by: T::AccountId,
        },
        /// An appointment moved to another slot.
        Rescheduled {
            appointment: AppointmentId,
            schedule: ScheduleId,
            slot: SlotIndex,
            acting: Acting,
            by: T::AccountId,
        },
        /// An appointment was called off; `is_late` if that counts against the patient.
        Cancelled {
            appointment: AppointmentId,
            acting: Acting,
            is_late: bool,
            by: T::AccountId,
        },
        /// The patient arrived.
        CheckedIn {
            appointment: AppointmentId,
            by: T::AccountId,
        },
        /// The visit took place.
        Fulfilled {
            appointment: AppointmentId,
            by: T::AccountId,
        },
        /// The patient did not come.
        NoShow {
            appointment: AppointmentId,
            by: T::AccountId,
        },
        /// The fee in escrow was paid out.
        FeeSettled {
            appointment: AppointmentId,
            to_member_fen: Balance,
            refunded_fen: Balance,
        },
        /// A patient may not book at a member for a time.
        PatientBlocked {
            patient: PatientId,
            member: MemberId,
            until: Moment,
        },
    }
}
