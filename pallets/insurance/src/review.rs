//! What makes an insurer look at a settlement before it is paid, and the indexes by which that is
//! noticed.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{ensure, traits::ConstU32, BoundedVec};
use scale_info::TypeInfo;
use sp_io::hashing::twox_64;
use xinglin_primitives::{
    glue::{Bill, Setting, VisitRecords, VisitState, Visits},
    time::Date,
    AppointmentId, Hash, MemberId, PatientId, SettlementId,
};

use crate::{
    computation::{Frequency, Review, FREQUENCY_INVOICES_MAX},
    types::Settlement,
    Charges, Config, Error, Pallet, Services, Stays,
};

/// Most settled lines of one patient at one member on one last service day: four full invoices.
pub const DAY_CHARGES_MAX: u32 = 512;
/// Most settled inpatient stays of a patient with which a visit is compared: the latest.
pub const STAYS_MAX: u32 = 64;
/// Most settled invoices of a patient that are counted: the latest.
pub const SERVICES_MAX: u32 = FREQUENCY_INVOICES_MAX as u32 + 1;

/// Why a settlement is not paid at once.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub enum Flag {
    /// An item is charged twice: in the invoice, or by the same member on the same last service day.
    DuplicateCharge,
    /// The patient was an inpatient elsewhere, or in another visit, at the time.
    OverlapsAdmission,
    /// The total is above the scheme's threshold.
    AboveThreshold,
    /// The invoice names no visit of the patient to the member that took place.
    NoVisit,
    /// No record was written for the visit.
    NoRecord,
    /// The patient has had more invoices settled than is usual.
    Frequent,
}

/// How many kinds of flags there are.
pub const FLAGS_MAX: u32 = 6;

/// Flags in the order of [`Flag`], each at most once.
pub type Flags = BoundedVec<Flag, ConstU32<FLAGS_MAX>>;

/// A short hash of a line's commitment to its item. Two that are equal by chance, once in 2⁶⁴
/// pairs, cost a look by the insurer.
pub type ItemTag = [u8; 8];

/// A line that was settled.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct Charge {
    /// What was charged.
    pub item: ItemTag,
    /// By which settlement.
    pub settlement: SettlementId,
}

/// A stay that was settled.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct Stay {
    /// Where.
    pub member: MemberId,
    /// In which visit, if the invoice names one.
    pub visit: Option<AppointmentId>,
    /// The first and the last day.
    pub service: (Date, Date),
    /// By which settlement.
    pub settlement: SettlementId,
}

impl Stay {
    /// Whether a bill is for another stay or visit at that time. Who is discharged and admitted
    /// elsewhere on one day has no two stays at a time.
    fn conflicts_with(&self, bill: &Bill) -> bool {
        let is_same =
            self.member == bill.member && self.visit.is_some() && self.visit == bill.visit;
        let ((from, to), (first, last)) = (self.service, bill.service);
        !is_same && from < last && first < to
    }
}

/// An invoice that was settled.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct Service {
    /// Its last service day.
    pub day: Date,
    /// By which settlement.
    pub settlement: SettlementId,
}

/// The settled lines of a day.
pub type DayCharges = BoundedVec<Charge, ConstU32<DAY_CHARGES_MAX>>;
/// The settled stays of a patient, in the order in which they were settled.
pub type PatientStays = BoundedVec<Stay, ConstU32<STAYS_MAX>>;
/// The settled invoices of a patient, in the order in which they were settled.
pub type PatientServices = BoundedVec<Service, ConstU32<SERVICES_MAX>>;

/// The tag of an item.
pub fn tag_of(item: &Hash) -> ItemTag {
    twox_64(item.as_bytes())
}

/// Whether an item of the bill occurs twice in it or in what was settled before.
fn has_duplicate(bill: &Bill, settled: &[Charge]) -> bool {
    let mut own: Vec<ItemTag> = bill.lines.iter().map(|line| tag_of(&line.item)).collect();
    own.sort_unstable();
    let is_own = |charge: &Charge| own.binary_search(&charge.item).is_ok();
    own.windows(2).any(|pair| pair[0] == pair[1]) || settled.iter().any(is_own)
}

/// Whether one more settled on `day` is more than is usual.
fn is_frequent(settled: &[Service], day: Date, usual: Frequency) -> bool {
    let first = day.0.saturating_add(1).saturating_sub(usual.days.into());
    let within = settled
        .iter()
        .filter(|it| (first..=day.0).contains(&it.day.0));
    within.count() >= usize::from(usual.invoices)
}

/// Appends, and forgets the oldest if there is no room.
fn push_latest<V, S: sp_runtime::traits::Get<u32>>(list: &mut BoundedVec<V, S>, value: V) {
    if list.is_full() {
        list.remove(0);
    }
    // Room was made above.
    if list.try_push(value).is_err() {
        frame_support::defensive!("a full list has no room after one was removed");
    }
}

/// Keeps what is to be kept, and says how many were not. An empty list is not stored.
fn retain<V, S>(stored: &mut Option<BoundedVec<V, S>>, keep: impl Fn(&V) -> bool) -> u32 {
    let Some(all) = stored else { return 0 };
    let before = all.len();
    all.retain(keep);
    let removed = before.saturating_sub(all.len());
    if all.is_empty() {
        *stored = None;
    }
    u32::try_from(removed).unwrap_or(u32::MAX)
}

impl<T: Config> Pallet<T> {
    /// Why a bill is not settled at once.
    pub(crate) fn flags_of(bill: &Bill, review: &Review) -> Flags {
        let charges = Charges::<T>::get(Self::day_of(bill));
        let stays = Stays::<T>::get(bill.patient);
        let is_frequent =
            |usual| is_frequent(&Services::<T>::get(bill.patient), bill.service.1, usual);
        let found = [
            (Flag::DuplicateCharge, has_duplicate(bill, &charges)),
            (
                Flag::OverlapsAdmission,
                stays.iter().any(|stay| stay.conflicts_with(bill)),
            ),
            (
                Flag::AboveThreshold,
                review.total_fen.is_some_and(|max| bill.total_fen > max),
            ),
            (Flag::NoVisit, review.needs_visit && !Self::took_place(bill)),
            (
                Flag::NoRecord,
                review.needs_record && !bill.visit.is_some_and(T::VisitRecords::is_documented),
            ),
            (Flag::Frequent, review.frequency.is_some_and(is_frequent)),
        ];
        let raised = found.into_iter().filter(|(_, is_raised)| *is_raised);
        // There are no more than [`FLAGS_MAX`].
        Flags::truncate_from(raised.map(|(flag, _)| flag).collect())
    }

    /// Whether the bill names a visit of its patient to its member that took place.
    fn took_place(bill: &Bill) -> bool {
        bill.visit.and_then(T::Visits::visit).is_some_and(|visit| {
            visit.patient == bill.patient
                && visit.member == bill.member
                && matches!(visit.state, VisitState::Arrived | VisitState::Fulfilled)
        })
    }

    /// Refuses a bill whose lines do not fit into the list of the day.
    pub(crate) fn ensure_rememberable(bill: &Bill) -> Result<(), Error<T>> {
        let settled = Charges::<T>::decode_len(Self::day_of(bill)).unwrap_or_default();
        let lines = settled.saturating_add(bill.lines.len());
        ensure!(lines <= DAY_CHARGES_MAX as usize, Error::TooManyCharges);
        Ok(())
    }

    /// Remembers what was settled.
    pub(crate) fn remember(bill: &Bill, settlement: SettlementId) -> Result<(), Error<T>> {
        let mut charges = Charges::<T>::get(Self::day_of(bill));
        for line in &bill.lines {
            let item = tag_of(&line.item);
            charges
                .try_push(Charge { item, settlement })
                .map_err(|_| Error::TooManyCharges)?;
        }
        Charges::<T>::insert(Self::day_of(bill), charges);
        let day = bill.service.1;
        Services::<T>::mutate(bill.patient, |all| {
            push_latest(all, Service { day, settlement });
        });
        if bill.setting == Setting::Inpatient {
            let stay = Stay {
                member: bill.member,
                visit: bill.visit,
                service: bill.service,
                settlement,
            };
            Stays::<T>::mutate(bill.patient, |all| push_latest(all, stay));
        }
        Ok(())
    }

    /// Forgets what was settled, and says how many lines it was.
    pub(crate) fn forget(patient: PatientId, id: SettlementId, settlement: &Settlement) -> u32 {
        let day = (patient, settlement.member, settlement.service.1);
        let lines = Charges::<T>::mutate_exists(day, |all| retain(all, |it| it.settlement != id));
        Services::<T>::mutate_exists(patient, |all| retain(all, |it| it.settlement != id));
        if settlement.encounter.setting == Setting::Inpatient {
            Stays::<T>::mutate_exists(patient, |all| retain(all, |it| it.settlement != id));
        }
        lines
    }

    fn day_of(bill: &Bill) -> (PatientId, MemberId, Date) {
        (bill.patient, bill.member, bill.service.1)
    }
}
