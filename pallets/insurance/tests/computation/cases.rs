//! The cases in `tests/cases`: parameters, settlements of one year, and what each must give.

use std::{fs, path::PathBuf};

use pallet_insurance::computation::{
    Accumulators, Case, Category, Encounter, Insured, SchemeParameters, Split,
};
use serde::Deserialize;
use xinglin_primitives::{
    glue::{CatalogueClass, HospitalLevel, Line, Setting},
    AppointmentId, Balance, Hash,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct File {
    source: String,
    notes: String,
    parameters: SchemeParameters,
    cases: Vec<Reference>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Reference {
    name: String,
    category: Category,
    #[serde(default)]
    age_group: u8,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Step {
    setting: Setting,
    level: Option<HospitalLevel>,
    visit: Option<u64>,
    #[serde(default)]
    account_max_fen: Balance,
    lines: Vec<LineOf>,
    expect: Expected,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct LineOf {
    class: Class,
    price_fen: u64,
    #[serde(default = "one")]
    quantity: u32,
    #[serde(default)]
    prepay_bp: u16,
    limit_fen: Option<u64>,
    fund_share_bp: Option<u16>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Class {
    A,
    B,
    C,
}

fn one() -> u32 {
    1
}

/// Every part that is not named is 0.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct Expected {
    total_fen: Balance,
    own_fen: Balance,
    prepay_fen: Balance,
    flat_fen: Balance,
    eligible_fen: Balance,
    deductible_fen: Balance,
    pool_fen: Balance,
    second_base_fen: Balance,
    second_fen: Balance,
    aid_fen: Balance,
    account_fen: Balance,
    cash_fen: Balance,
}

impl Expected {
    fn split(&self, starts_admission: bool) -> Split {
        Split {
            total_fen: self.total_fen,
            own_fen: self.own_fen,
            prepay_fen: self.prepay_fen,
            flat_fen: self.flat_fen,
            eligible_fen: self.eligible_fen,
            deductible_fen: self.deductible_fen,
            pool_fen: self.pool_fen,
            second_base_fen: self.second_base_fen,
            second_fen: self.second_fen,
            aid_fen: self.aid_fen,
            account_fen: self.account_fen,
            cash_fen: self.cash_fen,
            starts_admission,
        }
    }
}

fn line(it: &LineOf) -> Line {
    Line {
        item: Hash::zero(),
        class: match it.class {
            Class::A => CatalogueClass::A,
            Class::B => CatalogueClass::B,
            Class::C => CatalogueClass::C,
        },
        prepay_bp: it.prepay_bp,
        unit_price_fen: it.price_fen,
        quantity: it.quantity,
        price_limit_fen: it.limit_fen,
        fund_share_bp: it.fund_share_bp,
    }
}

/// Every file of the folder, by name.
fn files() -> Vec<(String, File)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut paths: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|it| it == "toml"))
        .collect();
    paths.sort();
    let read = |path: PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).unwrap();
        match toml::from_str(&text) {
            Ok(file) => (name, file),
            Err(error) => panic!("{name}: {error}"),
        }
    };
    paths.into_iter().map(read).collect()
}

fn run(name: &str, parameters: &SchemeParameters, reference: &Reference) {
    let mut so_far = Accumulators::default();
    for (number, step) in reference.steps.iter().enumerate() {
        let encounter = Encounter {
            setting: step.setting,
            level: step.level,
            visit: step.visit.map(AppointmentId),
        };
        let case = Case {
            parameters,
            insured: Insured {
                category: reference.category,
                age_group: reference.age_group,
            },
            encounter,
            so_far: &so_far,
        };
        let lines: Vec<Line> = step.lines.iter().map(line).collect();
        let split = case.compute(&lines).unwrap();
        let split = split.with_account(step.account_max_fen);
        let expected = step.expect.split(split.starts_admission);
        assert!(
            expected.is_balanced(),
            "{name}: {}: the figures of step {number} do not add up",
            reference.name
        );
        assert_eq!(split, expected, "{name}: {}: step {number}", reference.name);
        so_far.add(&encounter, &split).unwrap();
    }
}

#[test]
fn every_reference_case_gives_what_was_worked_out_by_hand() {
    let files = files();
    for (name, file) in &files {
        assert_eq!(file.parameters.check(), Ok(()), "{name}");
        assert!(!file.source.is_empty() && !file.notes.is_empty(), "{name}");
        for reference in &file.cases {
            run(name, &file.parameters, reference);
        }
    }
    let cases: usize = files.iter().map(|(_, file)| file.cases.len()).sum();
    assert!(files.len() >= 4 && cases >= 12, "cases are missing");
}
