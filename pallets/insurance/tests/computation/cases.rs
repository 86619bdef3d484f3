//! The cases in `tests/cases`: parameters, settlements of one year, and what each must give.

use std::{collections::BTreeSet, fs, path::PathBuf};

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

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/cases")
}

fn parsed(name: &str, text: &str) -> File {
    toml::from_str(text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Every file of the folder, by name.
fn files() -> Vec<(String, File)> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|it| it == "toml"))
        .collect();
    paths.sort();
    let read = |path: PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let file = parsed(&name, &fs::read_to_string(&path).unwrap());
        (name, file)
    };
    paths.into_iter().map(read).collect()
}

/// What is wrong with a case: the first step, counted from 1, that gives something else.
fn failure(parameters: &SchemeParameters, reference: &Reference) -> Option<String> {
    let mut so_far = Accumulators::default();
    for (number, step) in (1..).zip(&reference.steps) {
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
        let split = match case.compute(&lines) {
            Ok(split) => split.with_account(step.account_max_fen),
            Err(error) => return Some(format!("step {number}: {error}")),
        };
        let expected = step.expect.split(split.starts_admission);
        if !expected.is_balanced() {
            return Some(format!("step {number}: the expected parts do not add up"));
        }
        if split != expected {
            let found = format!("expected {expected:#?}, computed {split:#?}");
            return Some(format!("step {number}: {found}"));
        }
        if let Err(error) = so_far.add(&encounter, &split) {
            return Some(format!("step {number}: {error}"));
        }
    }
    None
}

/// What is wrong with a file, case by case.
fn failures(name: &str, file: &File) -> Vec<String> {
    let mut found = Vec::new();
    if let Err(error) = file.parameters.check() {
        found.push(format!("{name}: {error}"));
    }
    if file.source.is_empty() || file.notes.is_empty() || file.cases.is_empty() {
        found.push(format!(
            "{name}: name the source, what was assumed, and cases"
        ));
    }
    let mut names = BTreeSet::new();
    for reference in &file.cases {
        let case = &reference.name;
        if case.is_empty() || !names.insert(case) || reference.steps.is_empty() {
            found.push(format!(
                "{name}: \"{case}\": a case has a name of its own, and steps"
            ));
        }
        let wrong = failure(&file.parameters, reference);
        found.extend(wrong.map(|why| format!("{name}: \"{case}\": {why}")));
    }
    found
}

#[test]
fn every_reference_case_gives_what_was_worked_out_by_hand() {
    let files = files();
    let wrong: Vec<String> = files
        .iter()
        .flat_map(|(name, file)| failures(name, file))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let cases: usize = files.iter().map(|(_, file)| file.cases.len()).sum();
    assert!(files.len() >= 8 && cases >= 32, "cases are missing");
}

/// The example in the README is a file that works, and is found out if a figure of it is wrong.
#[test]
fn the_example_can_be_copied() {
    let readme = fs::read_to_string(folder().join("README.md")).unwrap();
    let (_, example) = readme.split_once("```toml\n").unwrap();
    let (example, _) = example.split_once("```").unwrap();
    let file = |text: &str| parsed("the example", text);
    assert_eq!(failures("README", &file(example)), Vec::<String>::new());
    let other = example.replace("4_199, cashFen = 9_134", "4_200, cashFen = 9_133");
    let wrong = failures("README", &file(&other));
    assert_eq!(wrong.len(), 1);
    assert!(wrong[0].starts_with("README: \"resident, one visit\": step 1: expected"));
}
