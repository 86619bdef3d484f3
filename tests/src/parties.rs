//! The parties of test chains: those of the presets, and crowds for load.

use pallet_appointments::types::{NewSchedule, VisitKind};
use pallet_members::{GenesisLicence, GenesisPatient, GenesisPractitioner};
use sp_core::{sr25519, Pair};
use sp_runtime::traits::{BlakeTwo256, Hash as _};
use xinglin_chain_spec::RuntimeGenesisConfig;
use xinglin_primitives::{
    time::{Moment, DAY_MS, HOUR_MS},
    AccountId, Balance, DepartmentId, EncryptionKey, IdentityHash, MemberId, YUAN,
};

/// The hospital of the presets.
pub const HOSPITAL: MemberId = MemberId(0);
/// What each party of a crowd has at the beginning.
const FUNDS_FEN: Balance = 1_000 * YUAN;
/// Slots of each schedule of a crowd, and places of each slot.
const SLOTS: u16 = 96;
const CAPACITY: u16 = 8;

/// The well-known key at a path such as `//Alice//patient//1`.
pub fn dev_key(path: &str) -> sr25519::Pair {
    xinglin_runtime::genesis::dev::key_pair(path)
}

/// The key of the patient with this number in a crowd.
pub fn crowd_key(number: u32) -> sr25519::Pair {
    sr25519::Pair::from_seed(&BlakeTwo256::hash(format!("crowd-patient-{number}").as_bytes()).0)
}

/// Where in the lists of the genesis a crowd begins.
#[derive(Clone, Copy, Debug)]
pub struct Crowd {
    /// Id of the first patient.
    pub first_patient: u64,
    /// Id of the first schedule.
    pub first_schedule: u32,
    /// Number of patients.
    pub patients: u32,
}

impl Crowd {
    /// Adds as many patients to a genesis, and doctors with schedules that have a place for each,
    /// all tomorrow.
    pub fn join(genesis: &mut RuntimeGenesisConfig, patients: u32, now: Moment) -> Self {
        let crowd = Self {
            first_patient: genesis.members.patients.len() as u64,
            first_schedule: u32::try_from(genesis.appointments.schedules.len()).unwrap_or(u32::MAX),
            patients,
        };
        for number in 0..patients {
            let account = AccountId::from(crowd_key(number).public().0);
            genesis.balances.balances.push((account.clone(), FUNDS_FEN));
            genesis.members.patients.push(GenesisPatient {
                identity: IdentityHash(BlakeTwo256::hash(format!("crowd-{number}").as_bytes()).0),
                account,
                encryption_key: EncryptionKey::default(),
                registrar: HOSPITAL,
            });
        }
        let start = (now / DAY_MS + 1) * DAY_MS + HOUR_MS;
        for number in 0..patients.div_ceil(u32::from(SLOTS * CAPACITY)) {
            let doctor = genesis.members.practitioners.len();
            let seed = BlakeTwo256::hash(format!("crowd-doctor-{number}").as_bytes()).0;
            let account = AccountId::from(sr25519::Pair::from_seed(&seed).public().0);
            genesis.members.practitioners.push(GenesisPractitioner {
                account,
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
                    practitioner: xinglin_primitives::PractitionerId(
                        u32::try_from(doctor).unwrap_or(u32::MAX),
                    ),
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

    /// The schedule and slot in which a patient has a place.
    pub fn place(&self, number: u32) -> (u32, u16) {
        let slot = number / u32::from(CAPACITY);
        let schedule = self.first_schedule + slot / u32::from(SLOTS);
        let slot = u16::try_from(slot % u32::from(SLOTS)).unwrap_or_default();
        (schedule, slot)
    }
}
