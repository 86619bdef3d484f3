//! Parameters of the tests.

use super::*;

pub fn row<V>(when: Selector, then: V) -> Row<V> {
    Row { when, then }
}

pub fn table<V: Clone>(rows: &[Row<V>]) -> Table<V> {
    Table(BoundedVec::truncate_from(rows.to_vec()))
}

pub fn bands(bands: &[(Option<Balance>, u16)]) -> Bands {
    let bands = bands.iter().map(|(up_to_fen, ratio_bp)| Band {
        up_to_fen: *up_to_fen,
        ratio_bp: *ratio_bp,
    });
    BoundedVec::truncate_from(bands.collect())
}

/// For one setting.
pub fn at(setting: Setting) -> Selector {
    Selector {
        setting: Some(setting),
        ..Selector::default()
    }
}

/// Outpatient: 1,000 yuan a year, then 70 %, up to 20,000 yuan. Inpatient: 1,300 yuan for the first
/// admission, 650 for each after it, then 85 % up to 30,000 yuan and 90 % above.
pub fn parameters() -> SchemeParameters {
    let per_admission = BoundedVec::truncate_from(vec![130_000, 65_000]);
    SchemeParameters {
        deductibles: table(&[
            row(at(Setting::Outpatient), Deductible::Annual(100_000)),
            row(
                at(Setting::Inpatient),
                Deductible::PerAdmission(per_admission),
            ),
        ]),
        pool: Pool {
            bands: table(&[
                row(at(Setting::Outpatient), bands(&[(None, 7_000)])),
                row(
                    at(Setting::Inpatient),
                    bands(&[(Some(3_000_000), 8_500), (None, 9_000)]),
                ),
            ]),
            caps: table(&[row(
                at(Setting::Outpatient),
                PoolCap {
                    of_setting_fen: Some(2_000_000),
                    of_year_fen: None,
                },
            )]),
            ..Pool::default()
        },
        ..SchemeParameters::default()
    }
}
