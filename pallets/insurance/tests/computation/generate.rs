//! Random schemes, persons and invoices, small enough that every rule is reached often.

use pallet_insurance::computation::{
    Accumulation, Aid, Band, Bands, Basis, Category, Deductible, Encounter, Insured, Modifier,
    Pool, PoolCap, Row, SchemeParameters, SecondBase, SecondTier, Selector, Span, Table,
};
use proptest::prelude::*;
use sp_runtime::BoundedVec;
use xinglin_primitives::{
    glue::{CatalogueClass, HospitalLevel, Line, Setting},
    AppointmentId, Balance, Hash,
};

/// Most of the amounts, in fen.
const FEN_MAX: Balance = 100_000;

fn any_setting() -> impl Strategy<Value = Setting> {
    prop_oneof![Just(Setting::Outpatient), Just(Setting::Inpatient)]
}

fn any_level() -> impl Strategy<Value = HospitalLevel> {
    prop_oneof![
        Just(HospitalLevel::One),
        Just(HospitalLevel::Two),
        Just(HospitalLevel::Three)
    ]
}

fn any_category() -> impl Strategy<Value = Category> {
    prop_oneof![
        Just(Category::Employed),
        Just(Category::Retired),
        Just(Category::Resident)
    ]
}

fn any_ratio() -> impl Strategy<Value = u16> {
    prop_oneof![1 => Just(0), 1 => Just(10_000), 8 => 0..=10_000_u16]
}

fn any_amount() -> impl Strategy<Value = Balance> {
    prop_oneof![1 => Just(0), 1 => Just(1), 8 => 0..FEN_MAX]
}

pub fn any_insured() -> impl Strategy<Value = Insured> {
    (any_category(), 0..2_u8).prop_map(|(category, age_group)| Insured {
        category,
        age_group,
    })
}

/// Mostly for anybody, so that rows match.
fn any_selector() -> impl Strategy<Value = Selector> {
    let rare = 0.25;
    (
        proptest::option::weighted(rare, any_setting()),
        proptest::option::weighted(rare, any_level()),
        proptest::option::weighted(rare, any_category()),
        proptest::option::weighted(rare, 0..2_u8),
    )
        .prop_map(|(setting, level, category, age_group)| Selector {
            setting,
            level,
            category,
            age_group,
        })
}

fn any_table<V: core::fmt::Debug + Clone>(
    value: impl Strategy<Value = V>,
) -> impl Strategy<Value = Table<V>> {
    let rows = (any_selector(), value).prop_map(|(when, then)| Row { when, then });
    proptest::collection::vec(rows, 0..4).prop_map(|rows| Table(BoundedVec::truncate_from(rows)))
}

fn any_bands() -> impl Strategy<Value = Bands> {
    let widths = proptest::collection::vec((1..FEN_MAX, any_ratio()), 1..5);
    (widths, any::<bool>()).prop_map(|(widths, is_open)| {
        let last = widths.len() - 1;
        let mut up_to = 0;
        let bands = widths
            .into_iter()
            .enumerate()
            .map(|(n, (width, ratio_bp))| {
                up_to += width;
                Band {
                    up_to_fen: (n < last || !is_open).then_some(up_to),
                    ratio_bp,
                }
            });
        BoundedVec::truncate_from(bands.collect())
    })
}

fn any_deductible() -> impl Strategy<Value = Deductible> {
    prop_oneof![
        any_amount().prop_map(Deductible::Annual),
        proptest::collection::vec(any_amount(), 1..4)
            .prop_map(|list| Deductible::PerAdmission(BoundedVec::truncate_from(list))),
    ]
}

fn any_basis() -> impl Strategy<Value = Basis> {
    prop_oneof![Just(Basis::Net), Just(Basis::Gross)]
}

fn any_pool() -> impl Strategy<Value = Pool> {
    let modifier = prop_oneof![
        any_ratio().prop_map(Modifier::Points),
        any_ratio().prop_map(Modifier::PersonalFactor),
    ];
    let cap = (
        proptest::option::of(any_amount()),
        proptest::option::of(0..3 * FEN_MAX),
    )
        .prop_map(|(of_setting_fen, of_year_fen)| PoolCap {
            of_setting_fen,
            of_year_fen,
        });
    let span = prop_oneof![3 => Just(Span::Year), 1 => Just(Span::Admission)];
    (
        any_basis(),
        span,
        any_table(any_bands()),
        any_table(modifier),
        any_table(cap),
    )
        .prop_map(|(basis, span, bands, modifiers, caps)| Pool {
            basis,
            span,
            bands,
            modifiers,
            caps,
        })
}

fn any_second() -> impl Strategy<Value = SecondTier> {
    let base = prop_oneof![
        Just(SecondBase::EligibleRest),
        Just(SecondBase::TotalRest),
        Just(SecondBase::AboveCap)
    ];
    (
        (base, any::<bool>(), any_basis()),
        any_table(any_amount()),
        any_table(any_bands()),
        any_table(any_amount()),
    )
        .prop_map(
            |((base, with_deductible, basis), starts, bands, caps)| SecondTier {
                base,
                with_deductible,
                basis,
                starts,
                bands,
                caps,
            },
        )
}

fn any_aid() -> impl Strategy<Value = Aid> {
    (any_table(any_ratio()), any_table(any_amount()))
        .prop_map(|(ratios, caps)| Aid { ratios, caps })
}

pub fn any_parameters() -> impl Strategy<Value = SchemeParameters> {
    let accumulation = prop_oneof![
        3 => Just(Accumulation::PerSetting),
        1 => Just(Accumulation::Together)
    ];
    (
        accumulation,
        any_table(any_deductible()),
        any_pool(),
        proptest::option::weighted(0.8, any_second()),
        proptest::option::weighted(0.5, any_aid()),
    )
        .prop_map(
            |(accumulation, deductibles, pool, second, aid)| SchemeParameters {
                age_bounds_years: BoundedVec::truncate_from(vec![70]),
                accumulation,
                deductibles,
                pool,
                second,
                aid,
                ..SchemeParameters::default()
            },
        )
}

/// With so few visits that one often follows itself.
pub fn any_encounter() -> impl Strategy<Value = Encounter> {
    (
        any_setting(),
        proptest::option::weighted(0.8, any_level()),
        proptest::option::of(0..2_u64),
    )
        .prop_map(|(setting, level, visit)| Encounter {
            setting,
            level,
            visit: visit.map(AppointmentId),
        })
}

pub fn any_line() -> impl Strategy<Value = Line> {
    let class = prop_oneof![
        3 => Just(CatalogueClass::A),
        2 => Just(CatalogueClass::B),
        1 => Just(CatalogueClass::C)
    ];
    (
        class,
        prop_oneof![2 => Just(0), 1 => any_ratio()],
        1..30_000_u64,
        1..5_u32,
        proptest::option::weighted(0.3, 0..40_000_u64),
        proptest::option::weighted(0.1, any_ratio()),
    )
        .prop_map(
            |(class, prepay_bp, unit_price_fen, quantity, price_limit_fen, fund_share_bp)| Line {
                item: Hash::zero(),
                class,
                prepay_bp,
                unit_price_fen,
                quantity,
                price_limit_fen,
                fund_share_bp,
            },
        )
}

pub fn any_lines() -> impl Strategy<Value = Vec<Line>> {
    proptest::collection::vec(any_line(), 1..8)
}
