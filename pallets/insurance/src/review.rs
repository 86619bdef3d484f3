//! What makes an insurer look at a settlement before it is paid, and the indexes by which that is
//! noticed.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{
    ensure,
    traits::{ConstU32, Get},
    BoundedVec,
};
use scale_info::TypeInfo;
use sp_io::hashing::twox_64;
use xinglin_primitives::{
    glue::{Bill, CatalogueClass, Line, Setting, VisitRecords, VisitState, Visits},
    time::Date,
    AppointmentId, Hash, InvoiceId, MemberId, PatientId, SettlementId,
};

use crate::{
    anomalies::{follows_refund, has_duplicate, has_swap, is_frequent, is_repeated},
    computation::{Review, FREQUENCY_INVOICES_MAX},
    norms::Norms,
    types::Settlement,
    Charges, Config, Error, Items, NormsInForce, Pallet, Refunds, Services, Stays,
};

/// Most settled lines of one patient at one member on one last service day: four full invoices.
pub const DAY_CHARGES_MAX: u32 = 512;
/// Most settled inpatient stays of a patient with which whatever is settled later is compared: the
/// latest.
pub const STAYS_MAX: u32 = 64;
/// Most settled invoices of a patient that are counted, and with which a stay that is settled later
/// is compared: the latest.
pub const SERVICES_MAX: u32 = FREQUENCY_INVOICES_MAX as u32 + 1;
/// Most settled lines of a patient at one member whose items are compared: the latest, four full
/// invoices.
pub const ITEMS_MAX: u32 = 512;
/// Most refunds of a patient by one member after which a charge is looked at: the latest.
pub const REFUNDS_MAX: u32 = 16;

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
    /// The patient was an inpatient elsewhere, or in another visit, at the time; or is charged as an
    /// inpatient for a time at which she was treated elsewhere, or in another visit.
    OverlapsAdmission,
    /// The total is above the scheme's threshold.
    AboveThreshold,
    /// The invoice names no visit of the patient to the member that took place.
    NoVisit,
    /// No record was written for the visit.
    NoRecord,
    /// The patient has had more invoices settled than is usual.
    Frequent,
    /// The stay goes on with another at the same member that ended, or begins, within a few days
    /// (分解住院).
    SplitAdmission,
    /// An item is charged on other terms than the member charged it before (串换).
    SwappedItem,
    /// An item is charged more often than is usual for its class.
    FrequentItem,
    /// The member charges the patient anew after it refunded something that had been settled.
    RefundedAfterSettlement,
}

/// How many kinds of flags there are.
pub const FLAGS_MAX: u32 = 10;

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

/// An invoice that was settled, as later invoices are compared with it.
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
    /// Whether it was a stay.
    pub setting: Setting,
    /// Where.
    pub member: MemberId,
    /// In which visit, if the invoice names one.
    pub visit: Option<AppointmentId>,
    /// The first and the last service day.
    pub days: (Date, Date),
    /// By which settlement.
    pub settlement: SettlementId,
}

impl Service {
    /// What a bill is for.
    pub(crate) fn of_bill(bill: &Bill, settlement: SettlementId) -> Self {
        Self {
            setting: bill.setting,
            member: bill.member,
            visit: bill.visit,
            days: bill.service,
            settlement,
        }
    }

    /// What the bill behind a settlement was for.
    pub(crate) fn of_settlement(id: SettlementId, settlement: &Settlement) -> Self {
        Self {
            setting: settlement.encounter.setting,
            member: settlement.member,
            visit: settlement.encounter.visit,
            days: settlement.service,
            settlement: id,
        }
    }
}

/// On which terms an item is charged.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct Terms {
    /// Its class in the catalogue.
    pub class: CatalogueClass,
    /// Share that the patient pays before the rest is eligible, in basis points.
    pub prepay_bp: u16,
    /// Share that the fund pays outright, in basis points.
    pub fund_share_bp: Option<u16>,
    /// Price of one unit, in fen.
    #[codec(compact)]
    pub unit_price_fen: u64,
}

/// A settled line as later charges of its item are compared with it.
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
pub struct ItemCharge {
    /// What was charged.
    pub item: ItemTag,
    /// The last service day of its invoice.
    pub day: Date,
    /// On which terms.
    pub terms: Terms,
    /// By which settlement.
    pub settlement: SettlementId,
}

/// A refund of an invoice that had been settled.
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
pub struct Refund {
    /// The invoice.
    pub invoice: InvoiceId,
    /// When it was refunded for the last time.
    pub day: Date,
}

/// The settled lines of a day.
pub type DayCharges = BoundedVec<Charge, ConstU32<DAY_CHARGES_MAX>>;
/// The settled stays of a patient, in the order in which they were settled.
pub type PatientStays = BoundedVec<Service, ConstU32<STAYS_MAX>>;
/// The settled invoices of a patient, in the order in which they were settled.
pub type PatientServices = BoundedVec<Service, ConstU32<SERVICES_MAX>>;
/// The settled lines of a patient at a member, in the order in which they were settled.
pub type PatientItems = BoundedVec<ItemCharge, ConstU32<ITEMS_MAX>>;
/// The refunds of a patient by a member, in the order of the first of each invoice.
pub type PatientRefunds = BoundedVec<Refund, ConstU32<REFUNDS_MAX>>;

/// The tag of an item.
pub fn tag_of(item: &Hash) -> ItemTag {
    twox_64(item.as_bytes())
}

/// Appends, and forgets the oldest if there is no room.
pub(crate) fn push_latest<V, S: Get<u32>>(list: &mut BoundedVec<V, S>, value: V) {
    extend_latest(list, core::iter::once(value));
}

/// Appends no more than the list holds, and forgets as many of the oldest as there is no room for.
fn extend_latest<V, S: Get<u32>>(
    list: &mut BoundedVec<V, S>,
    values: impl ExactSizeIterator<Item = V>,
) {
    let needed = list.len().saturating_add(values.len());
    let excess = needed.saturating_sub(S::get() as usize);
    list.drain(..excess.min(list.len()));
    for value in values {
        // Room was made above.
        if list.try_push(value).is_err() {
            frame_support::defensive!("a full list has no room after some were removed");
        }
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

/// The stricter of the council's norms and the scheme's own review.
fn strictest(norms: &Norms, review: &Review) -> Review {
    Review {
        needs_visit: norms.needs_visit || review.needs_visit,
        needs_record: norms.needs_record || review.needs_record,
        ..*review
    }
}

impl<T: Config> Pallet<T> {
    /// Why a bill is not settled at once.
    pub(crate) fn flags_of(bill: &Bill, review: &Review) -> Flags {
        let norms = NormsInForce::<T>::get();
        let mut found = Self::flags_of_review(bill, &norms, review);
        found.extend(Self::flags_of_norms(bill, &norms));
        let raised = found.into_iter().filter(|(_, is_raised)| *is_raised);
        // There are no more than [`FLAGS_MAX`].
        Flags::truncate_from(raised.map(|(flag, _)| flag).collect())
    }

    /// What every settlement is looked at for, and what a scheme may ask for by itself.
    fn flags_of_review(bill: &Bill, norms: &Norms, review: &Review) -> Vec<(Flag, bool)> {
        let charges = Charges::<T>::get(Self::day_of(bill));
        let stays = Stays::<T>::get(bill.patient);
        let usual = [norms.frequency, review.frequency];
        let services = match (bill.setting, usual) {
            (Setting::Outpatient, [None, None]) => PatientServices::new(),
            _ => Services::<T>::get(bill.patient),
        };
        // In whichever order the two are settled, the later one finds the other.
        let mut settled = stays.iter().chain(&services);
        let is_frequent = |usual| is_frequent(&services, bill.service.1, usual);
        let review = strictest(norms, review);
        vec![
            (Flag::DuplicateCharge, has_duplicate(bill, &charges)),
            (
                Flag::OverlapsAdmission,
                settled.any(|it| it.conflicts_with(bill)),
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
            (Flag::Frequent, usual.into_iter().flatten().any(is_frequent)),
            (
                Flag::SplitAdmission,
                norms
                    .readmission_days
                    .is_some_and(|days| stays.iter().any(|it| it.is_continued_by(bill, days))),
            ),
        ]
    }

    /// What only the council's norms ask for; what is remembered for them is read only then.
    fn flags_of_norms(bill: &Bill, norms: &Norms) -> [(Flag, bool); 3] {
        let pair = (bill.patient, bill.member);
        let items = match norms.looks_at_items() {
            true => Items::<T>::get(pair),
            false => PatientItems::new(),
        };
        let follows_refund = |days| follows_refund(bill, &Refunds::<T>::get(pair), days);
        [
            (
                Flag::SwappedItem,
                norms.swap.is_some_and(|it| has_swap(bill, &items, it)),
            ),
            (
                Flag::FrequentItem,
                is_repeated(bill, &items, &norms.repetition),
            ),
            (
                Flag::RefundedAfterSettlement,
                norms.refund_days.is_some_and(follows_refund),
            ),
        ]
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
        Items::<T>::mutate((bill.patient, bill.member), |all| {
            let charge = |line: &Line| ItemCharge {
                item: tag_of(&line.item),
                day,
                terms: Terms::of(line),
                settlement,
            };
            extend_latest(all, bill.lines.iter().map(charge));
        });
        let service = Service::of_bill(bill, settlement);
        Services::<T>::mutate(bill.patient, |all| push_latest(all, service));
        if bill.setting == Setting::Inpatient {
            Stays::<T>::mutate(bill.patient, |all| push_latest(all, service));
        }
        Ok(())
    }

    /// Forgets what was settled, and says how many lines it was.
    pub(crate) fn forget(patient: PatientId, id: SettlementId, settlement: &Settlement) -> u32 {
        let day = (patient, settlement.member, settlement.service.1);
        let lines = Charges::<T>::mutate_exists(day, |all| retain(all, |it| it.settlement != id));
        let pair = (patient, settlement.member);
        Items::<T>::mutate_exists(pair, |all| retain(all, |it| it.settlement != id));
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
