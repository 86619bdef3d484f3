//! Benchmarks of the calls, each at its worst. Built with the feature `runtime-benchmarks` only.

use frame_benchmarking::v2::*;
use frame_support::{
    traits::{fungible::Mutate, EnsureOrigin},
    BoundedVec,
};
use frame_system::RawOrigin;
use xinglin_primitives::{
    glue::{CatalogueClass, HospitalLevel, Line, Lines, Members, Setting, LINES_MAX},
    time::Date,
    AppointmentId, Balance, ClaimId, CoverageId, Hash, InOrder, InvoiceId, MemberId, PatientId,
    SchemeId, SettlementId,
};

use crate::{
    computation::{
        Aid, Band, Bands, Category, Deductible, Frequency, Insured, Pool, PoolCap, Review, Row,
        SchemeParameters, SecondBase, SecondTier, Selector, Table, BANDS_MAX,
    },
    norms::{Norms, Repetition, Repetitions, Swap},
    refunds::{FlaggedRefund, RefundState},
    review::{ItemCharge, Refund, Service, Terms, ITEMS_MAX, REFUNDS_MAX, SERVICES_MAX, STAYS_MAX},
    types::{AccountHeir, Decision, DisplayCode, Period, CODE_BYTES_MAX},
    *,
};

/// Makes what benchmarks need of other pallets. Everybody it names is registered and active.
pub trait Setup<AccountId> {
    /// An insurer and its main account.
    fn insurer() -> (MemberId, AccountId);
    /// The main account of a hospital.
    fn provider() -> AccountId;
    /// A patient and her account.
    fn patient() -> (PatientId, AccountId);
    /// A new inpatient invoice of that hospital for that patient, paid in full or not at all, whose
    /// last service day has come.
    fn invoice(lines: Lines, is_paid: bool) -> InvoiceId;
}

/// What every account has, in fen.
const FUNDS_FEN: Balance = 1_000_000_000_000;
/// What a personal account has, in fen.
const ACCOUNT_FEN: Balance = 1_000;
/// What a line costs, in fen.
const PRICE_FEN: u64 = 1_000_000;
/// Rows of a table of bands: two settings, three levels, three categories.
const BAND_ROWS: u32 = 18;

type AccountOf<T> = <T as frame_system::Config>::AccountId;

fn table<V: Clone>(then: V, rows: u32) -> Table<V> {
    // The last row is the one that matches.
    let unmatched = Selector {
        setting: Some(Setting::Outpatient),
        level: Some(HospitalLevel::One),
        category: Some(Category::Employed),
        age_group: None,
    };
    let row = |n| Row {
        when: if n + 1 < rows {
            unmatched
        } else {
            Selector::default()
        },
        then: then.clone(),
    };
    Table(BoundedVec::truncate_from((0..rows).map(row).collect()))
}

fn bands() -> Bands {
    let band = |n: u32| Band {
        up_to_fen: (n + 1 < BANDS_MAX).then_some(Balance::from(n + 1) * 100_000),
        ratio_bp: 5_000,
    };
    BoundedVec::truncate_from((0..BANDS_MAX).map(band).collect())
}

/// A scheme with everything that a scheme can have; `needs_visit` flags every invoice.
fn parameters(needs_visit: bool) -> SchemeParameters {
    SchemeParameters {
        deductibles: table(Deductible::Annual(1_000), BAND_ROWS),
        pool: Pool {
            bands: table(bands(), BAND_ROWS),
            caps: table(
                PoolCap {
                    of_setting_fen: Some(500_000),
                    of_year_fen: Some(FUNDS_FEN),
                },
                2,
            ),
            ..Pool::default()
        },
        second: Some(SecondTier {
            base: SecondBase::AboveCap,
            with_deductible: true,
            basis: Default::default(),
            starts: table(10, 2),
            bands: table(bands(), BAND_ROWS),
            caps: table(FUNDS_FEN, 2),
        }),
        aid: Some(Aid {
            ratios: table(5_000, 2),
            caps: table(FUNDS_FEN, 2),
        }),
        review: Review {
            needs_visit,
            ..Review::default()
        },
        ..SchemeParameters::default()
    }
}

/// Every rule is on, and finds nothing in what the benchmarks charge.
fn norms() -> Norms {
    let repetition = Some(Repetition { times: 1, days: 1 });
    Norms {
        readmission_days: Some(1),
        swap: Some(Swap {
            days: 1,
            price_bp: 0,
        }),
        repetition: Repetitions {
            a: repetition,
            b: repetition,
            c: repetition,
        },
        frequency: Some(Frequency {
            invoices: 1,
            days: 1,
        }),
        needs_visit: false,
        needs_record: false,
        refund_days: Some(1),
        decision_days: Some(1),
    }
}

fn insured() -> Insured {
    Insured {
        category: Category::Retired,
        age_group: 0,
    }
}

fn lines(count: u32) -> Lines {
    let line = |n: u32| Line {
        item: Hash::from_low_u64_le(n.into()),
        class: CatalogueClass::B,
        prepay_bp: 1_000,
        unit_price_fen: PRICE_FEN,
        quantity: 1,
        price_limit_fen: Some(PRICE_FEN - 1),
        fund_share_bp: None,
    };
    BoundedVec::truncate_from((0..count).map(line).collect())
}

fn fund<T: Config>() -> Result<(MemberId, AccountOf<T>), BenchmarkError> {
    let (insurer, account) = T::BenchmarkHelper::insurer();
    for who in [
        account.clone(),
        T::BenchmarkHelper::provider(),
        T::BenchmarkHelper::patient().1,
    ] {
        T::Currency::mint_into(&who, FUNDS_FEN)?;
    }
    Ok((insurer, account))
}

fn scheme<T: Config>(
    needs_visit: bool,
) -> Result<(SchemeId, RawOrigin<AccountOf<T>>), BenchmarkError> {
    let (insurer, account) = fund::<T>()?;
    let code = DisplayCode::truncate_from(vec![b'a'; CODE_BYTES_MAX as usize]);
    let id = Pallet::<T>::create_scheme_as(insurer, code, Date(0), parameters(needs_visit))?;
    Ok((id, RawOrigin::Signed(account)))
}

fn covered<T: Config>(
    needs_visit: bool,
) -> Result<(CoverageId, RawOrigin<AccountOf<T>>), BenchmarkError> {
    let (scheme, origin) = scheme::<T>(needs_visit)?;
    let period = Period {
        from: Date(0),
        until: None,
    };
    let patient = T::BenchmarkHelper::patient().0;
    let coverage = Pallet::<T>::enrol_as(patient, scheme, insured(), period)?;
    Pallet::<T>::credit_account(origin.clone().into(), coverage, ACCOUNT_FEN)?;
    Ok((coverage, origin))
}

/// Full indexes of stays and services that have nothing to do with the invoice.
fn crowd<T: Config>() {
    let patient = T::BenchmarkHelper::patient().0;
    let settlement = SettlementId(u64::MAX);
    let service = |setting| Service {
        setting,
        member: MemberId(u32::MAX),
        visit: Some(AppointmentId(u64::MAX)),
        days: (Date(0), Date(1)),
        settlement,
    };
    let member = T::Members::member_of(&T::BenchmarkHelper::provider()).unwrap_or_default();
    let pair = (patient, member);
    let item = ItemCharge {
        item: Default::default(),
        day: Date(0),
        terms: Terms {
            class: CatalogueClass::A,
            prepay_bp: 0,
            fund_share_bp: Some(0),
            unit_price_fen: u64::MAX,
        },
        settlement,
    };
    let refund = Refund {
        invoice: InvoiceId(u64::MAX),
        day: Date(0),
    };
    let items = vec![item; ITEMS_MAX as usize];
    let refunds = vec![refund; REFUNDS_MAX as usize];
    Items::<T>::insert(pair, BoundedVec::truncate_from(items));
    Refunds::<T>::insert(pair, BoundedVec::truncate_from(refunds));
    NormsInForce::<T>::put(norms());
    let stays = vec![service(Setting::Inpatient); STAYS_MAX as usize];
    let services = vec![service(Setting::Outpatient); SERVICES_MAX as usize];
    Stays::<T>::insert(patient, BoundedVec::truncate_from(stays));
    Services::<T>::insert(patient, BoundedVec::truncate_from(services));
}

fn as_patient<T: Config>() -> RawOrigin<AccountOf<T>> {
    RawOrigin::Signed(T::BenchmarkHelper::patient().1)
}

/// A claim that waits for the insurer.
fn flagged<T: Config>(count: u32) -> Result<(ClaimId, RawOrigin<AccountOf<T>>), BenchmarkError> {
    let (coverage, origin) = covered::<T>(true)?;
    crowd::<T>();
    let invoice = T::BenchmarkHelper::invoice(lines(count), false);
    let claim = NextClaim::<T>::get();
    let patient = as_patient::<T>();
    Pallet::<T>::settle(patient.into(), invoice, coverage, ACCOUNT_FEN, None)
        .map_err(|refused| refused.error)?;
    Ok((claim, origin))
}

#[benchmarks]
mod benchmarks {
    use super::*;

    #[benchmark]
    fn create_scheme() -> Result<(), BenchmarkError> {
        let (_, account) = fund::<T>()?;
        let code = DisplayCode::truncate_from(vec![b'a'; CODE_BYTES_MAX as usize]);
        let parameters = Box::new(parameters(false));
        let id = NextScheme::<T>::get();

        #[extrinsic_call]
        _(RawOrigin::Signed(account), code, Date(0), parameters);

        assert!(Schemes::<T>::contains_key(id));
        Ok(())
    }

    #[benchmark]
    fn publish_version() -> Result<(), BenchmarkError> {
        let (id, origin) = scheme::<T>(false)?;
        let from = Date(Pallet::<T>::today().0 + 1);

        #[extrinsic_call]
        _(origin, id, from, Box::new(parameters(true)));

        assert!(Versions::<T>::contains_key(id, from));
        Ok(())
    }

    #[benchmark]
    fn close_scheme() -> Result<(), BenchmarkError> {
        let (id, origin) = scheme::<T>(false)?;
        let last = Pallet::<T>::today();

        #[extrinsic_call]
        _(origin, id, last);

        assert!(Schemes::<T>::get(id).is_some_and(|it| it.closed_after == Some(last)));
        Ok(())
    }

    #[benchmark]
    fn enrol() -> Result<(), BenchmarkError> {
        let (id, origin) = scheme::<T>(false)?;
        let patient = T::BenchmarkHelper::patient().0;
        let day = |n| Period {
            from: Date(n),
            until: Some(Date(n)),
        };
        let had = CoveragesOf::<T>::get(patient).len() as u32;
        for n in had..types::COVERAGES_MAX - 1 {
            Pallet::<T>::enrol_as(patient, id, insured(), day(n))?;
        }

        #[extrinsic_call]
        _(origin, patient, id, insured(), day(types::COVERAGES_MAX));

        assert!(CoveragesOf::<T>::get(patient).is_full());
        Ok(())
    }

    #[benchmark]
    fn change_standing() -> Result<(), BenchmarkError> {
        let (coverage, origin) = covered::<T>(false)?;

        #[extrinsic_call]
        _(origin, coverage, Date(1), insured());

        assert!(Coverages::<T>::get(coverage).is_some_and(|it| it.standings.len() == 2));
        Ok(())
    }

    #[benchmark]
    fn set_coverage_end() -> Result<(), BenchmarkError> {
        let (coverage, origin) = covered::<T>(false)?;

        #[extrinsic_call]
        _(origin, coverage, Some(Date(1)));

        let ended = Coverages::<T>::get(coverage).map(|it| it.period.until);
        assert_eq!(ended, Some(Some(Date(1))));
        Ok(())
    }

    #[benchmark]
    fn credit_account() -> Result<(), BenchmarkError> {
        let (coverage, origin) = covered::<T>(false)?;

        #[extrinsic_call]
        _(origin, coverage, ACCOUNT_FEN);

        let held = Coverages::<T>::get(coverage).map(|it| it.account_fen());
        assert_eq!(held, Some(2 * ACCOUNT_FEN));
        Ok(())
    }

    #[benchmark]
    fn release_account() -> Result<(), BenchmarkError> {
        let (coverage, origin) = covered::<T>(false)?;
        Pallet::<T>::set_coverage_end(origin.clone().into(), coverage, Some(Date(1)))?;

        #[extrinsic_call]
        _(origin, coverage, AccountHeir::Patient);

        assert!(Coverages::<T>::get(coverage).is_some_and(|it| it.account.is_none()));
        Ok(())
    }

    #[benchmark]
    fn settle(l: Linear<1, LINES_MAX>) -> Result<(), BenchmarkError> {
        let (coverage, _) = covered::<T>(false)?;
        crowd::<T>();
        let invoice = T::BenchmarkHelper::invoice(lines(l), false);
        let payment = Some(Hash::repeat_byte(1));
        let id = NextSettlement::<T>::get();

        #[extrinsic_call]
        _(as_patient::<T>(), invoice, coverage, ACCOUNT_FEN, payment);

        assert!(Settlements::<T>::contains_key(id));
        Ok(())
    }

    #[benchmark]
    fn claim(l: Linear<1, LINES_MAX>) -> Result<(), BenchmarkError> {
        let (coverage, _) = covered::<T>(false)?;
        crowd::<T>();
        let invoice = T::BenchmarkHelper::invoice(lines(l), true);
        let id = NextSettlement::<T>::get();

        #[extrinsic_call]
        _(as_patient::<T>(), invoice, coverage, ACCOUNT_FEN);

        assert!(Settlements::<T>::contains_key(id));
        Ok(())
    }

    #[benchmark]
    fn reverse(l: Linear<1, LINES_MAX>) -> Result<(), BenchmarkError> {
        let (coverage, origin) = covered::<T>(false)?;
        crowd::<T>();
        let invoice = T::BenchmarkHelper::invoice(lines(l), true);
        let id = NextSettlement::<T>::get();
        let patient = as_patient::<T>();
        Pallet::<T>::claim(patient.into(), invoice, coverage, ACCOUNT_FEN)
            .map_err(|refused| refused.error)?;

        #[extrinsic_call]
        _(origin, id);

        assert!(Settlements::<T>::get(id).is_some_and(|it| !it.is_live()));
        Ok(())
    }

    #[benchmark]
    fn decide(l: Linear<1, LINES_MAX>) -> Result<(), BenchmarkError> {
        let (id, origin) = flagged::<T>(l)?;

        #[extrinsic_call]
        _(origin, id, Decision::Part { fund_fen: 1 }, 1);

        assert!(Claims::<T>::get(id).is_some_and(|it| it.settlement.is_some()));
        Ok(())
    }

    #[benchmark]
    fn appeal() -> Result<(), BenchmarkError> {
        let (id, origin) = flagged::<T>(1)?;
        let part = Decision::Part { fund_fen: 1 };
        Pallet::<T>::decide(origin.into(), id, part, 1)?;

        #[extrinsic_call]
        _(as_patient::<T>(), id);

        assert!(Claims::<T>::get(id).is_some_and(|it| it.state.is_open()));
        Ok(())
    }

    #[benchmark]
    fn withdraw() -> Result<(), BenchmarkError> {
        let (id, _) = flagged::<T>(1)?;

        #[extrinsic_call]
        _(as_patient::<T>(), id);

        assert!(Claims::<T>::get(id).is_some_and(|it| !it.state.is_open()));
        Ok(())
    }

    #[benchmark]
    fn set_norms() -> Result<(), BenchmarkError> {
        let origin = T::CouncilOrigin::try_successful_origin()
            .map_err(|_| BenchmarkError::Stop("no origin is the council's"))?;

        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, norms());

        assert_eq!(NormsInForce::<T>::get(), norms());
        Ok(())
    }

    #[benchmark]
    fn review_refund() -> Result<(), BenchmarkError> {
        let (insurer, account) = T::BenchmarkHelper::insurer();
        let invoice = InvoiceId(0);
        let flagged = FlaggedRefund {
            settlement: SettlementId(0),
            coverage: CoverageId(0),
            member: MemberId(0),
            insurer,
            refunded_fen: 1,
            flagged_at: 0,
            state: RefundState::Open,
        };
        FlaggedRefunds::<T>::insert(invoice, flagged);
        OpenRefunds::<T>::insert(insurer, InOrder::from(invoice), ());

        #[extrinsic_call]
        _(RawOrigin::Signed(account), invoice, 1);

        assert!(FlaggedRefunds::<T>::get(invoice).is_some_and(|it| !it.is_open()));
        Ok(())
    }

    impl_benchmark_test_suite!(
        Pallet,
        crate::mock::ext(crate::mock::parameters()),
        crate::mock::Test
    );
}
