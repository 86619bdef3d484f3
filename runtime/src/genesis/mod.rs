//! The first state of a chain: its presets.
//!
//! `dev` and `local` have the same parties (see [`dev`]) and differ in who validates. Neither has
//! schedules, because a genesis has no clock to place them by: whoever demonstrates a booking
//! publishes a schedule first.

pub mod dev;

use pallet_appointments::rules::{BookingRules, LatestCancellation};
use pallet_insurance::norms::{Norms, Repetitions};
use pallet_members::{
    GenesisLicence, GenesisMember, GenesisPatient, GenesisPractitioner, HospitalLevel,
};
use pallet_validators::GenesisValidator;
use serde_json::Value;
use sp_core::{
    storage::{well_known_keys::CODE, Storage},
    Pair,
};
use sp_io::TestExternalities;
use sp_runtime::BuildStorage;
use xinglin_primitives::{
    glue::MemberKind, time::Date, AccountId, Balance, DepartmentId, MemberId, YUAN,
};

use crate::{native, AppointmentsConfig, BalancesConfig, MembersConfig, RuntimeGenesisConfig};

/// One validator, for one developer.
pub const DEV: &str = "dev";
/// Four validators on one machine.
pub const LOCAL: &str = "local";
/// The presets by name.
pub const PRESETS: [&str; 2] = [DEV, LOCAL];

/// What a member has at the beginning.
const MEMBER_FUNDS_FEN: Balance = 10_000_000 * YUAN;
/// What a practitioner or patient has at the beginning.
const PERSON_FUNDS_FEN: Balance = 10_000 * YUAN;

/// A member of the presets. Its id is its place in [`MEMBERS`].
struct DevMember {
    path: &'static str,
    name: &'static str,
    kind: MemberKind,
    level: Option<HospitalLevel>,
    /// Display codes; a department's id is its place plus one.
    departments: &'static [&'static str],
    /// The department of each doctor; the path is the member's, then `//doctor//1` and so on.
    doctors: &'static [u16],
    /// How many patients it has registered; their paths end in `//patient//1` and so on.
    patients: u16,
}

const MEMBERS: [DevMember; 6] = [
    DevMember {
        path: "//Alice",
        name: "Alice Hospital",
        kind: MemberKind::Hospital,
        level: Some(HospitalLevel::Three),
        departments: &["Internal medicine", "Surgery"],
        doctors: &[1, 2],
        patients: 10,
    },
    DevMember {
        path: "//Bob",
        name: "Bob Clinic",
        kind: MemberKind::Clinic,
        level: None,
        departments: &["General practice"],
        doctors: &[1],
        patients: 5,
    },
    DevMember {
        path: "//Charlie",
        name: "Charlie Insurance",
        kind: MemberKind::Insurer,
        level: None,
        departments: &[],
        doctors: &[],
        patients: 0,
    },
    DevMember {
        path: "//Dave",
        name: "Dave Health Commission",
        kind: MemberKind::Regulator,
        level: None,
        departments: &[],
        doctors: &[],
        patients: 0,
    },
    DevMember {
        path: "//Eve",
        name: "Eve Settlement Bank",
        kind: MemberKind::SettlementBank,
        level: None,
        departments: &[],
        doctors: &[],
        patients: 0,
    },
    DevMember {
        path: "//Grace",
        name: "Grace Hospital",
        kind: MemberKind::Hospital,
        level: Some(HospitalLevel::Two),
        departments: &["Rehabilitation medicine"],
        doctors: &[1],
        patients: 0,
    },
];

/// The booking rules of hospitals and clinics in the presets.
pub const DEV_RULES: BookingRules = BookingRules {
    window_days: 14,
    latest_cancellation: LatestCancellation::MinutesBefore(60),
    late_cancels_max: 3,
    no_shows_max: 3,
    period_days: 180,
    block_days: 30,
    department_day_max: 1,
    grace_minutes: 30,
    late_cancel_share_bp: 5_000,
    no_show_share_bp: 10_000,
};

/// What the council of the presets finds remarkable: refunds within a quarter of the settlement.
/// Insurers have half a month to decide.
pub const DEV_NORMS: Norms = Norms {
    readmission_days: None,
    swap: None,
    repetition: Repetitions {
        a: None,
        b: None,
        c: None,
    },
    frequency: None,
    needs_visit: false,
    needs_record: false,
    refund_days: Some(90),
    decision_days: Some(15),
};

/// A preset by name, complete.
pub fn config(name: &str) -> Option<RuntimeGenesisConfig> {
    let validators = match name {
        DEV => 1,
        LOCAL => 4,
        _ => return None,
    };
    Some(dev_config(validators))
}

/// As [`config`], in JSON.
pub fn preset(name: &str) -> Option<Value> {
    serde_json::to_value(config(name)?).ok()
}

/// Builds the first state of a chain and checks the invariants of every pallet on it. The error
/// says what is wrong with the configuration.
pub fn build(config: &RuntimeGenesisConfig) -> Result<Storage, String> {
    let storage = native::catch(|| config.build_storage())??;
    // `new` would put an empty `:code` in the place of the storage's.
    let code = storage.top.get(CODE).cloned().unwrap_or_default();
    TestExternalities::new_with_code(&code, storage.clone())
        .execute_with(native::try_state)
        .map_err(|broken| broken.to_string())?;
    Ok(storage)
}

/// The parties of the presets, without validators.
pub fn dev_parties() -> RuntimeGenesisConfig {
    let mut config = RuntimeGenesisConfig::default();
    for (id, member) in ids().zip(&MEMBERS) {
        add_member(&mut config, id, member);
    }
    config
}

/// Member ids in the order of the list.
fn ids() -> impl Iterator<Item = MemberId> {
    (0..).map(MemberId)
}

fn dev_config(validators: u16) -> RuntimeGenesisConfig {
    let mut config = dev_parties();
    config.insurance.norms = DEV_NORMS;
    for (index, (id, member)) in (0..validators).zip(ids().zip(&MEMBERS)) {
        config.validators.validators.push(GenesisValidator {
            member: id,
            key: dev::consensus_key_pair(member.path).public(),
            power: 1,
            peer: dev::peer_id(member.path).into(),
            addresses: vec![dev::node_address(index).into()],
        });
    }
    config
}

fn add_member(config: &mut RuntimeGenesisConfig, id: MemberId, member: &DevMember) {
    let MembersConfig {
        members,
        practitioners,
        patients,
    } = &mut config.members;
    let BalancesConfig { balances, .. } = &mut config.balances;
    let AppointmentsConfig {
        departments, rules, ..
    } = &mut config.appointments;

    let desk = format!("{}//service//1", member.path);
    let services = [desk, dev::node_service(member.path)];
    balances.push((dev::account(member.path), MEMBER_FUNDS_FEN));
    members.push(GenesisMember {
        kind: member.kind,
        level: member.level,
        name: member.name.to_string(),
        account: dev::account(member.path),
        encryption_key: dev::encryption_key(member.path),
        service_accounts: services.map(|path| dev::account(&path)).to_vec(),
    });
    for (department, code) in (1..).map(DepartmentId).zip(member.departments) {
        departments.push((id, department, (*code).to_string()));
    }
    if member.kind.is_provider() {
        rules.push((id, Date::default(), DEV_RULES));
    }
    for (number, department) in (1..).zip(member.doctors) {
        let path = format!("{}//doctor//{number}", member.path);
        balances.push(person(&path));
        practitioners.push(GenesisPractitioner {
            account: dev::account(&path),
            encryption_key: dev::encryption_key(&path),
            licences: vec![GenesisLicence {
                member: id,
                department: DepartmentId(*department),
                specialty: format!("{:02}", department),
            }],
        });
    }
    for number in 1..=member.patients {
        let path = format!("{}//patient//{number}", member.path);
        balances.push(person(&path));
        patients.push(GenesisPatient {
            identity: dev::identity(&path),
            account: dev::account(&path),
            encryption_key: dev::encryption_key(&path),
            registrar: id,
        });
    }
}

fn person(path: &str) -> (AccountId, Balance) {
    (dev::account(path), PERSON_FUNDS_FEN)
}
