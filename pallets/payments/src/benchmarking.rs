//! Benchmarks of the calls, each on its most expensive path.

use frame_benchmarking::v2::*;
use frame_support::{
    assert_ok,
    traits::{fungible::Mutate, EnsureOrigin, Get, Time},
    BoundedVec,
};
use frame_system::RawOrigin;
use sp_core::{sr25519, Pair};
use sp_runtime::traits::Hash as _;
use xinglin_primitives::{
    glue::{CatalogueClass, ChainId, Line, Members, Setting, LINES_MAX},
    time::Date,
    AppointmentId, Balance, Hash, Hashing, InvoiceId, MemberId, PatientId,
};

use crate::{
    receipts::{ProviderReceipt, ReceiptKey, ReceiptSignature},
    types::{
        Details, Envelope, Name, NewInvoice, ProviderId, Reason, RedemptionId, RefundOf, Rejection,
        ENVELOPE_BYTES_MAX, NAME_BYTES_MAX, PAYMENTS_MAX,
    },
    Banks, Call, Config, NextInvoice, NextProvider, NextRedemption, Pallet, Payments, Providers,
    RedLetters, Redemptions,
};

/// Parties that the registry of the runtime knows.
pub trait BenchmarkHelper<AccountId> {
    /// An active settlement bank and an account of it.
    fn bank() -> (MemberId, AccountId);
    /// An active hospital or clinic and an account of it.
    fn care_provider() -> (MemberId, AccountId);
    /// A patient and the patient's own account.
    fn patient() -> (PatientId, AccountId);
    /// A visit of that patient at that member.
    fn visit(patient: PatientId, member: MemberId) -> AppointmentId;
}

const PRICE_FEN: u64 = 1_000;
const FUNDS_FEN: Balance = 1_000_000_000;

fn hash(n: u32) -> Hash {
    Hash::from_low_u64_be(n.into())
}

fn provider_pair() -> sr25519::Pair {
    sr25519::Pair::from_seed(&[5; 32])
}

fn key() -> ReceiptKey {
    ReceiptKey::Sr25519(provider_pair().public().0)
}

fn name() -> Name {
    BoundedVec::truncate_from(vec![b'x'; NAME_BYTES_MAX as usize])
}

fn fund<T: Config>() {
    let (_, patient) = T::BenchmarkHelper::patient();
    let (member, _) = T::BenchmarkHelper::care_provider();
    T::Currency::set_balance(&patient, FUNDS_FEN);
    if let Some(account) = T::Members::account_of(member) {
        T::Currency::set_balance(&account, FUNDS_FEN);
    }
}

fn envelope(byte: u8, bytes: u32) -> Envelope {
    BoundedVec::truncate_from(vec![byte; bytes as usize])
}

fn new_invoice<T: Config>(lines: u32, envelope: &Envelope) -> NewInvoice {
    let (member, _) = T::BenchmarkHelper::care_provider();
    let (patient, _) = T::BenchmarkHelper::patient();
    let today = Date::of(T::Time::now());
    let line = Line {
        item: Hash::repeat_byte(1),
        class: CatalogueClass::B,
        prepay_bp: 1_000,
        unit_price_fen: PRICE_FEN,
        quantity: 1,
        price_limit_fen: Some(PRICE_FEN),
        fund_share_bp: None,
    };
    NewInvoice {
        patient,
        visit: Some(T::BenchmarkHelper::visit(patient, member)),
        setting: Setting::Outpatient,
        service: (today, today),
        lines: BoundedVec::truncate_from(vec![line; lines as usize]),
        total_fen: Balance::from(PRICE_FEN) * Balance::from(lines),
        details: Details {
            envelope: Hashing::hash(envelope),
            readers: BoundedVec::default(),
        },
    }
}

/// An invoice of so many lines.
fn issued<T: Config>(lines: u32) -> InvoiceId {
    fund::<T>();
    let (_, staff) = T::BenchmarkHelper::care_provider();
    let id = NextInvoice::<T>::get();
    let envelope = envelope(1, 1);
    assert_ok!(Pallet::<T>::issue_invoice(
        RawOrigin::Signed(staff).into(),
        new_invoice::<T>(lines, &envelope),
        envelope
    ));
    id
}

/// An invoice with all payments but one that it can have.
fn almost_paid<T: Config>(lines: u32) -> InvoiceId {
    let id = issued::<T>(lines);
    let (_, patient) = T::BenchmarkHelper::patient();
    for n in 1..PAYMENTS_MAX {
        assert_ok!(Pallet::<T>::pay(
            RawOrigin::Signed(patient.clone()).into(),
            id,
            1,
            hash(n)
        ));
    }
    id
}

fn rest_fen(lines: u32) -> Balance {
    Balance::from(PRICE_FEN) * Balance::from(lines) - Balance::from(PAYMENTS_MAX - 1)
}

fn registered<T: Config>() -> ProviderId {
    let id = NextProvider::<T>::get();
    assert_ok!(Pallet::<T>::do_register_provider(
        name(),
        account("provider", 0, 0),
        key()
    ));
    id
}

fn signed<T: Config>(
    provider: ProviderId,
    invoice: InvoiceId,
    amount_fen: Balance,
    n: u32,
) -> (ProviderReceipt, ReceiptSignature) {
    let receipt = ProviderReceipt {
        provider,
        reference: hash(n),
        invoice,
        amount_fen,
        paid_at: T::Time::now(),
    };
    let signature = provider_pair()
        .sign(&receipt.payload(&T::ChainId::genesis_hash()))
        .0;
    (receipt, signature)
}

/// A redemption that the bank has not answered.
fn requested<T: Config>() -> RedemptionId {
    fund::<T>();
    let (bank, teller) = T::BenchmarkHelper::bank();
    let (_, patient) = T::BenchmarkHelper::patient();
    assert_ok!(Pallet::<T>::issue(
        RawOrigin::Signed(teller).into(),
        patient.clone(),
        1_000,
        hash(1)
    ));
    let id = NextRedemption::<T>::get();
    assert_ok!(Pallet::<T>::request_redemption(
        RawOrigin::Signed(patient).into(),
        bank,
        1_000,
        hash(1)
    ));
    id
}

#[benchmarks]
mod benchmarks {
    use super::*;

    #[benchmark]
    fn issue() {
        let (bank, teller) = T::BenchmarkHelper::bank();
        let (_, patient) = T::BenchmarkHelper::patient();
        #[extrinsic_call]
        _(RawOrigin::Signed(teller), patient, 1_000, hash(1));
        assert_eq!(Banks::<T>::get(bank).issued_fen, 1_000);
    }

    #[benchmark]
    fn request_redemption() {
        let first = requested::<T>();
        let (bank, teller) = T::BenchmarkHelper::bank();
        let (_, patient) = T::BenchmarkHelper::patient();
        assert_ok!(Pallet::<T>::issue(
            RawOrigin::Signed(teller).into(),
            patient.clone(),
            1_000,
            hash(2)
        ));
        #[extrinsic_call]
        _(RawOrigin::Signed(patient), bank, 1_000, hash(2));
        assert!(first.next().is_some_and(Redemptions::<T>::contains_key));
    }

    #[benchmark]
    fn confirm_redemption() {
        let id = requested::<T>();
        let (_, teller) = T::BenchmarkHelper::bank();
        #[extrinsic_call]
        _(RawOrigin::Signed(teller), id, hash(2));
        assert!(!Redemptions::<T>::contains_key(id));
    }

    #[benchmark]
    fn reject_redemption() {
        let id = requested::<T>();
        let (_, teller) = T::BenchmarkHelper::bank();
        #[extrinsic_call]
        _(RawOrigin::Signed(teller), id, Rejection::Other);
        assert!(!Redemptions::<T>::contains_key(id));
    }

    #[benchmark]
    fn withdraw_redemption() {
        let id = requested::<T>();
        // As if it had been asked long ago.
        Redemptions::<T>::mutate(id, |redemption| {
            if let Some(redemption) = redemption {
                redemption.requested_at = T::Time::now().saturating_sub(T::RedemptionTime::get());
            }
        });
        let (_, patient) = T::BenchmarkHelper::patient();
        #[extrinsic_call]
        _(RawOrigin::Signed(patient), id);
        assert!(!Redemptions::<T>::contains_key(id));
    }

    #[benchmark]
    fn register_provider() -> Result<(), BenchmarkError> {
        let origin =
            T::CouncilOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
        let id = NextProvider::<T>::get();
        #[extrinsic_call]
        _(
            origin as T::RuntimeOrigin,
            name(),
            account("provider", 0, 0),
            key(),
        );
        assert!(Providers::<T>::contains_key(id));
        Ok(())
    }

    #[benchmark]
    fn change_provider() -> Result<(), BenchmarkError> {
        let origin =
            T::CouncilOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
        let id = registered::<T>();
        let other: T::AccountId = account("provider", 1, 0);
        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, id, other.clone(), key());
        assert!(Providers::<T>::get(id).is_some_and(|provider| provider.account == other));
        Ok(())
    }

    #[benchmark]
    fn retire_provider() -> Result<(), BenchmarkError> {
        let origin =
            T::CouncilOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
        let id = registered::<T>();
        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, id);
        assert!(Providers::<T>::get(id).is_some_and(|provider| provider.is_retired));
        Ok(())
    }

    #[benchmark]
    fn issue_invoice(l: Linear<1, LINES_MAX>, b: Linear<1, ENVELOPE_BYTES_MAX>) {
        let before = issued::<T>(1);
        let (_, staff) = T::BenchmarkHelper::care_provider();
        let envelope = envelope(2, b);
        let invoice = new_invoice::<T>(l, &envelope);
        #[extrinsic_call]
        _(RawOrigin::Signed(staff), invoice, envelope);
        assert!(NextInvoice::<T>::get() > before);
    }

    #[benchmark]
    fn cancel_invoice() {
        let id = issued::<T>(1);
        let (_, staff) = T::BenchmarkHelper::care_provider();
        #[extrinsic_call]
        _(RawOrigin::Signed(staff), id, Reason::Error);
        assert!(Pallet::<T>::status_of(id).is_some_and(|status| status.due_fen == 0));
    }

    #[benchmark]
    fn pay() {
        let id = almost_paid::<T>(1);
        let (_, patient) = T::BenchmarkHelper::patient();
        #[extrinsic_call]
        _(RawOrigin::Signed(patient), id, rest_fen(1), hash(0));
        assert_eq!(Payments::<T>::get(id).len(), PAYMENTS_MAX as usize);
    }

    #[benchmark]
    fn pay_external() {
        let id = almost_paid::<T>(1);
        let (receipt, signature) = signed::<T>(registered::<T>(), id, rest_fen(1), 0);
        let (_, patient) = T::BenchmarkHelper::patient();
        #[extrinsic_call]
        _(RawOrigin::Signed(patient), receipt, signature);
        assert_eq!(Payments::<T>::get(id).len(), PAYMENTS_MAX as usize);
    }

    #[benchmark]
    fn refund(l: Linear<1, LINES_MAX>) {
        // All lines are there, and so many of them are refunded.
        let id = almost_paid::<T>(LINES_MAX);
        let (_, patient) = T::BenchmarkHelper::patient();
        assert_ok!(Pallet::<T>::pay(
            RawOrigin::Signed(patient).into(),
            id,
            rest_fen(LINES_MAX),
            hash(0)
        ));
        let (_, staff) = T::BenchmarkHelper::care_provider();
        let lines = (0..l).map(|line| line as u8).collect();
        let what = RefundOf::Lines(BoundedVec::truncate_from(lines));
        let red = NextInvoice::<T>::get();
        #[extrinsic_call]
        _(RawOrigin::Signed(staff), id, what, Reason::Error, hash(1));
        assert!(RedLetters::<T>::contains_key(red));
    }

    #[benchmark]
    fn confirm_repayment() {
        let id = issued::<T>(1);
        let provider = registered::<T>();
        let (_, patient) = T::BenchmarkHelper::patient();
        let (_, staff) = T::BenchmarkHelper::care_provider();
        // 1, 2, 3 and so on, and the last one all the rest.
        let mut due_fen = Balance::from(PRICE_FEN);
        for n in 1..=PAYMENTS_MAX {
            let amount_fen = if n < PAYMENTS_MAX { n.into() } else { due_fen };
            due_fen -= amount_fen;
            let (receipt, signature) = signed::<T>(provider, id, amount_fen, n);
            assert_ok!(Pallet::<T>::pay_external(
                RawOrigin::Signed(patient.clone()).into(),
                receipt,
                signature
            ));
        }
        let red = NextInvoice::<T>::get();
        assert_ok!(Pallet::<T>::refund(
            RawOrigin::Signed(staff).into(),
            id,
            RefundOf::Everything,
            Reason::Error,
            hash(1)
        ));
        // The first payment is given back last.
        let (receipt, signature) = signed::<T>(provider, red, 1, 0);
        #[extrinsic_call]
        _(RawOrigin::Signed(patient), receipt, signature);
        assert!(RedLetters::<T>::get(red)
            .and_then(|letter| letter.outside.last().copied())
            .is_some_and(|owed| owed.confirmed.is_some()));
    }

    impl_benchmark_test_suite!(Pallet, crate::mock::ext(), crate::mock::Test);
}
