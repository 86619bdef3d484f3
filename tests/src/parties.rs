//! The parties of test chains: those of the presets, and crowds for load.

use pallet_appointments::types::{NewSchedule, VisitKind};
use pallet_insurance::{
    computation::{Band, Bands, Category, Insured, Pool, Row, SchemeParameters, Selector, Table},
    types::Period,
};
use pallet_members::{GenesisLicence, GenesisPatient, GenesisPractitioner};
use sp_core::{sr25519, Pair};
use sp_runtime::{
    traits::{BlakeTwo256, Hash as _},
    BoundedVec,
};
use xinglin_chain_spec::RuntimeGenesisConfig;
use xinglin_primitives::{
    time::{Date, Moment, DAY_MS, HOUR_MS},
    AccountId, Balance, CoverageId, DepartmentId, EncryptionKey, IdentityHash, MemberId, PatientId,
    PractitionerId, SchemeId, YUAN,
};

/// The hospital of the presets.
pub const HOSPITAL: MemberId = MemberId(0);
/// The insurer of the presets.
pub const INSURER: MemberId = MemberId(2);
/// Service accounts of the hospital that a clinic has at its desks.
pub const DESKS: u32 = 16;
/// What each party of a crowd has at the beginning.
const FUNDS_FEN: Balance = 1_000 * YUAN;
/// Slots of each schedule of a crowd, and places of each slot.
const SLOTS: u16 = 96;
const CAPACITY: u16 = 8;
/// Patients of one doctor: as many as her schedule has places.
const PATIENTS_PER_DOCTOR: u32 = SLOTS as u32 * CAPACITY as u32;
/// What the insurer has for each patient of a clinic.
const FUND_FEN: Balance = 100 * YUAN;
/// The share that the scheme of [`insure`] pays, in basis points.
pub const FUND_SHARE_BP: u16 = 7_000;

/// The well-known key at a path such as `//Alice//patient//1`.
pub fn dev_key(path: &str) -> sr25519::Pair {
    xinglin_runtime::genesis::dev::key_pair(path)
}

/// The key of the patient with this number in a crowd.
pub fn crowd_key(number: u32) -> sr25519::Pair {
    key_of(&format!("crowd-patient-{number}"))
}

/// The seed of that key, as the SDK takes it.
pub fn crowd_secret(number: u32) -> String {
    format!("{:?}", seed_of(&format!("crowd-patient-{number}")))
}

/// The key of the doctor with this number in a crowd.
pub fn doctor_key(number: u32) -> sr25519::Pair {
    key_of(&format!("crowd-doctor-{number}"))
}

/// The key of the desk with this number, below [`DESKS`], in a clinic.
pub fn desk_key(number: u32) -> sr25519::Pair {
    key_of(&format!("crowd-desk-{number}"))
}

fn key_of(name: &str) -> sr25519::Pair {
    sr25519::Pair::from_seed(&seed_of(name).0)
}

fn seed_of(name: &str) -> sp_core::H256 {
    BlakeTwo256::hash(name.as_bytes())
}

/// The account of a key.
fn account_of(key: &sr25519::Pair) -> AccountId {
    AccountId::from(key.public().0)
}

/// Where in the lists of the genesis a crowd begins.
#[derive(Clone, Copy, Debug)]
pub struct Crowd {
    /// Id of the first patient.
    pub first_patient: u64,
    /// Id of the first doctor.
    pub first_doctor: u32,
    /// Id of the first schedule.
    pub first_schedule: u32,
    /// Id of the first coverage, if there is a clinic.
    pub first_coverage: u64,
    /// Number of patients.
    pub patients: u32,
}

impl Crowd {
    /// Adds as many patients to a genesis, and doctors with schedules that have a place for each,
    /// all tomorrow.
    pub fn join(genesis: &mut RuntimeGenesisConfig, patients: u32, now: Moment) -> Self {
        let crowd = Self {
            first_patient: genesis.members.patients.len() as u64,
            first_doctor: index(genesis.members.practitioners.len()),
            first_schedule: index(genesis.appointments.schedules.len()),
            first_coverage: genesis.insurance.coverages.len() as u64,
            patients,
        };
        for number in 0..patients {
            let account = account_of(&crowd_key(number));
            genesis.balances.balances.push((account.clone(), FUNDS_FEN));
            genesis.members.patients.push(GenesisPatient {
                identity: IdentityHash(BlakeTwo256::hash(format!("crowd-{number}").as_bytes()).0),
                account,
                encryption_key: EncryptionKey::default(),
                registrar: HOSPITAL,
            });
        }
        let start = (now / DAY_MS + 1) * DAY_MS + HOUR_MS;
        for number in 0..crowd.doctors() {
            genesis.members.practitioners.push(GenesisPractitioner {
                account: account_of(&doctor_key(number)),
                encryption_key: EncryptionKey::default(),
                licences: vec![GenesisLicence {
                    member: HOSPITAL,
                    department: DepartmentId(1),
                    specialty: "03".into(),
                }],
            });
            genesis.appointments.schedules.push((
                HOSPITAL,
                NewSchedule {
                    practitioner: crowd.doctor_id(number),
                    department: DepartmentId(1),
                    kind: VisitKind::FollowUp,
                    start,
                    slot_minutes: 10,
                    slots: SLOTS,
                    capacity: CAPACITY,
                    fee_fen: 0,
                },
            ));
        }
        crowd
    }

    /// Adds to the genesis that the crowd has just joined what a clinic needs besides patients and
    /// doctors: desks, and an insurance for every patient that pays its share at once, whatever is
    /// charged, from yesterday on.
    pub fn open_clinic(&self, genesis: &mut RuntimeGenesisConfig, now: Moment) {
        let from = Date::of(now.saturating_sub(DAY_MS));
        if let Some(hospital) = genesis.members.members.get_mut(HOSPITAL.0 as usize) {
            let desks = (0..DESKS).map(|number| account_of(&desk_key(number)));
            hospital.service_accounts.extend(desks);
        }
        let insurer = genesis.members.members.get(INSURER.0 as usize);
        let balances = genesis.balances.balances.iter_mut();
        for (account, fen) in balances {
            if insurer.is_some_and(|insurer| insurer.account == *account) {
                *fen += Balance::from(self.patients) * FUND_FEN;
            }
        }
        insure(
            genesis,
            (0..self.patients).map(|n| self.patient_id(n)),
            from,
        );
    }

    /// Number of doctors.
    pub fn doctors(&self) -> u32 {
        self.patients.div_ceil(PATIENTS_PER_DOCTOR)
    }

    /// The number of the doctor with whom a patient has a place.
    pub fn doctor_of(&self, number: u32) -> u32 {
        number / PATIENTS_PER_DOCTOR
    }

    /// The id of the patient with this number.
    pub fn patient_id(&self, number: u32) -> PatientId {
        PatientId(self.first_patient + u64::from(number))
    }

    /// The id of the doctor with this number.
    pub fn doctor_id(&self, number: u32) -> PractitionerId {
        PractitionerId(self.first_doctor + number)
    }

    /// The id of the coverage of the patient with this number, if there is a clinic.
    pub fn coverage_id(&self, number: u32) -> CoverageId {
        CoverageId(self.first_coverage + u64::from(number))
    }

    /// The schedule and slot in which a patient has a place.
    pub fn place(&self, number: u32) -> (u32, u16) {
        let slot = number / u32::from(CAPACITY);
        let schedule = self.first_schedule + slot / u32::from(SLOTS);
        let slot = u16::try_from(slot % u32::from(SLOTS)).unwrap_or_default();
        (schedule, slot)
    }
}

/// Adds a scheme of the insurer to a genesis that pays its share of whatever is charged at once, and
/// covers these patients by it from a day on.
pub fn insure(
    genesis: &mut RuntimeGenesisConfig,
    patients: impl IntoIterator<Item = PatientId>,
    from: Date,
) {
    let insurance = &mut genesis.insurance;
    let scheme = SchemeId(index(insurance.schemes.len()));
    let code = "Clinic".to_owned();
    insurance.schemes.push((INSURER, code, from, parameters()));
    let insured = Insured {
        category: Category::Employed,
        age_group: 0,
    };
    let period = Period { from, until: None };
    let coverages = patients.into_iter();
    let coverages = coverages.map(|patient| (patient, scheme, insured, period));
    insurance.coverages.extend(coverages);
}

/// A place in a list of the genesis as an id.
fn index(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

/// One ratio for everybody and everything, without deductible and cap. Nothing makes the insurer look
/// first, so that a settlement is paid by the rule alone.
fn parameters() -> SchemeParameters {
    let bands = Bands::truncate_from(vec![Band {
        up_to_fen: None,
        ratio_bp: FUND_SHARE_BP,
    }]);
    let row = Row {
        when: Selector::default(),
        then: bands,
    };
    SchemeParameters {
        pool: Pool {
            bands: Table(BoundedVec::truncate_from(vec![row])),
            ..Pool::default()
        },
        ..SchemeParameters::default()
    }
}
