//! The pallet's errors. A section of the pallet in a file of its own.

use frame_support::pallet_macros::pallet_section;

#[pallet_section]
mod errors {
    /// Why a call was refused.
    #[pallet::error]
    pub enum Error<T> {
        /// The signer is no account of an active hospital or clinic.
        NotProvider,
        /// The signer is no account of the member this belongs to.
        NotStaff,
        /// The signer neither is the patient nor may book for the patient.
        NotForPatient,
        /// The signer neither is the appointment's practitioner nor acts for her.
        NotPractitioner,
        /// The appointment is not that patient's.
        OtherPatient,
        /// The display code is empty, not UTF-8 or holds control characters.
        BadCode,
        /// The member has no such department: publish it first.
        UnknownDepartment,
        /// A number of the rules is out of its bounds.
        BadRules,
        /// Rules must begin after today: appointments are being made under today's.
        RulesNotAhead,
        /// Too many versions of the rules are still to come.
        TooManyRules,
        /// The member has no rules in force: it must publish them before it takes bookings.
        NoRules,
        /// A number of the schedule is out of its bounds.
        BadSchedule,
        /// The schedule or slot begins in the past.
        InPast,
        /// The practitioner is not licensed in that department at that member now.
        NotLicensed,
        /// The practitioner has another schedule at that time.
        PractitionerBusy,
        /// The practitioner has too many schedules that are not over.
        TooManySchedules,
        /// No ids are left.
        IdsUsedUp,
        /// There is no such schedule.
        UnknownSchedule,
        /// The schedule has no such slot.
        UnknownSlot,
        /// The schedule takes no bookings.
        Closed,
        /// The slot's date is not within the member's booking window.
        OutsideWindow,
        /// The member blocks the patient for late cancellations or no-shows.
        Blocked,
        /// The patient has as many places in that department on that day as the member allows.
        DayLimit,
        /// The patient has another appointment at that time.
        Overlap,
        /// The patient waits for that slot already: cancel that appointment first.
        AlreadyWaiting,
        /// The patient has too many appointments that are not over.
        AgendaFull,
        /// All places of the slot are taken.
        SlotFull,
        /// All places of the slot and of its waitlist are taken.
        WaitlistFull,
        /// The patient's balance does not cover the fee.
        FeeNotCovered,
        /// There is no such appointment.
        UnknownAppointment,
        /// The appointment is not in a state in which this can happen.
        WrongState,
        /// An appointment moves within its member only.
        OtherMember,
        /// The appointment is in that slot already.
        SameSlot,
        /// The latest time for moving the appointment has passed.
        TooLate,
        /// The slot has begun: only staff can cancel. A week later the patient can again.
        SlotBegun,
        /// The slot has not begun, or the grace is not over.
        TooEarly,
        /// The member has no account to which the fee can be paid.
        NoMemberAccount,
    }
}
