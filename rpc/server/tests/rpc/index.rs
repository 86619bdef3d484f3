//! An index in memory over blocks of the real runtime's operations.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use codec::{Decode, Encode};
use frame_system::{EventRecord, Phase};
use pallet_appointments::{
    types::{Acting, StaffReason},
    Event as Appointments,
};
use pallet_records::{
    access::Purpose,
    types::{ContentKind, KeyFor, Reader, RecordBatch, SealedKey, SEALED_KEY_BYTES},
    Event as Records,
};
use parking_lot::{Mutex, RwLock};
use sp_core::{sr25519, Pair};
use sp_runtime::DispatchError;
use xinglin_core::{
    Count, Explorer, ExplorerError, Extrinsic, Filter, IndexProblem, IndexProgress, KeptQuestion,
    Order, Outcome, Owner, Page, Period, Position, QuestionLog, StateError, StateQuery, StoreError,
};
use xinglin_decoding::{Schema, METADATA_VERSION};
use xinglin_primitives::{
    privacy::{Refusal, Topic},
    AccountId, AppointmentId, BlockNumber, CaseId, Entity, Hash, MemberId, Party, PatientId,
    PractitionerId, RecordId, ScheduleId,
};
use xinglin_runtime::{
    native::{self, DecodedExtrinsic},
    Runtime, RuntimeCall, RuntimeEvent,
};

use crate::fake::FakeChain;

/// Time of block 0; every further one is a second later.
pub const START_MS: u64 = 1_748_822_400_000;
/// Calls of a period that the index counts in one block.
const COUNT: u64 = 3;
/// The events that tell whose things are.
const MAKING: [&str; 2] = ["Booked", "Written"];
/// Who treats all patients.
const DOCTOR: PractitionerId = PractitionerId(3);
/// Where she does.
const CLINIC: MemberId = MemberId(2);

type Record = EventRecord<RuntimeEvent, Hash>;

struct Row {
    signer: Option<AccountId>,
    pallet: String,
    call: String,
    succeeded: bool,
    entities: BTreeSet<Entity>,
    event_pallets: BTreeSet<String>,
}

struct Indexed {
    events: Vec<u8>,
    rows: Vec<Row>,
    /// Pallet and name of each event with what it mentions, in order.
    event_rows: Vec<(String, String, BTreeSet<Entity>)>,
}

/// The index, and the record of questions.
pub struct FakeIndex {
    /// What is indexed.
    pub chain: Arc<FakeChain>,
    schema: Schema,
    blocks: RwLock<BTreeMap<BlockNumber, Indexed>>,
    /// Whose things are.
    owners: RwLock<BTreeMap<Entity, PatientId>>,
    /// Why it comes no further.
    pub problem: Mutex<Option<IndexProblem>>,
    /// What was asked.
    pub questions: Mutex<Vec<KeptQuestion>>,
}

/// An account by the byte that its seed is made of.
pub fn signer(seed: u8) -> sr25519::Pair {
    sr25519::Pair::from_seed(&[seed; 32])
}

fn timestamp(number: BlockNumber) -> Vec<u8> {
    let now_ms = START_MS + 1_000 * u64::from(number);
    let inherent = DecodedExtrinsic::encode(native::timestamp_inherent(now_ms));
    inherent.unwrap().bytes().to_vec()
}

fn booking(patient: u64) -> RuntimeCall {
    RuntimeCall::from(pallet_appointments::Call::book {
        patient: PatientId(patient),
        schedule: ScheduleId(0),
        slot: 3,
        waitlist: false,
        pre_visit_grant: None,
    })
}

fn signed(seed: u8, nonce: u32, call: RuntimeCall) -> Vec<u8> {
    let pair = signer(seed);
    let account = AccountId::from(pair.public());
    let signed = native::sign(call, account, nonce, Hash::zero(), None, |payload| {
        pair.sign(payload).into()
    });
    DecodedExtrinsic::encode(signed).unwrap().bytes().to_vec()
}

/// That a signer has booked for a patient, in the transaction with this index, as its nth booking.
fn booked(number: BlockNumber, (index, nth): (u32, u64), seed: u8, patient: u64) -> Record {
    let booked = Appointments::Booked {
        appointment: AppointmentId(100 * u64::from(number) + u64::from(index) + 10 * nth),
        patient: PatientId(patient),
        practitioner: DOCTOR,
        member: CLINIC,
        schedule: ScheduleId(0),
        slot: 3,
        by: AccountId::from(signer(seed).public()),
    };
    event(index, booked)
}

fn succeeded(index: u32) -> Record {
    let succeeded = frame_system::Event::ExtrinsicSuccess {
        dispatch_info: Default::default(),
    };
    event(index, succeeded)
}

fn event(index: u32, event: impl Into<RuntimeEvent>) -> Record {
    EventRecord {
        phase: Phase::ApplyExtrinsic(index),
        event: event.into(),
        topics: Vec::new(),
    }
}

impl FakeIndex {
    /// A chain of genesis.
    pub fn new() -> Arc<Self> {
        let mut ext = sp_io::TestExternalities::default();
        let call = || native::call("Metadata_metadata_at_version", &METADATA_VERSION.encode());
        let answer = ext.execute_with(call).unwrap();
        let metadata = Option::<Vec<u8>>::decode(&mut &answer[..])
            .unwrap()
            .unwrap();
        let chain = FakeChain::new(0);
        chain.set_metadata(metadata.clone());
        Arc::new(Self {
            chain,
            schema: Schema::read(&metadata).unwrap(),
            blocks: RwLock::default(),
            owners: RwLock::default(),
            problem: Mutex::default(),
            questions: Mutex::default(),
        })
    }

    /// Commits a block in which each of these signers books for her patient, and indexes it. The
    /// rules refuse who books for patient 0. Gives the hashes.
    pub fn book(&self, bookings: &[(u8, u64)]) -> Vec<Hash> {
        let number = self.progress().tip + 1;
        let mut body = vec![timestamp(number)];
        let mut events = Vec::new();
        for (index, (seed, patient)) in (1..).zip(bookings) {
            body.push(signed(*seed, number, booking(*patient)));
            if *patient == 0 {
                let failed = frame_system::Event::ExtrinsicFailed {
                    dispatch_error: DispatchError::BadOrigin,
                    dispatch_info: Default::default(),
                };
                events.push(event(index, failed));
                continue;
            }
            events.push(booked(number, (index, 0), *seed, *patient));
            events.push(succeeded(index));
        }
        self.commit(&body, &events)
    }

    /// The same in one transaction of one signer for several patients.
    pub fn book_together(&self, seed: u8, patients: &[u64]) -> Hash {
        let number = self.progress().tip + 1;
        let calls = patients.iter().map(|patient| booking(*patient)).collect();
        let batch = RuntimeCall::Utility(pallet_utility::Call::batch_all { calls });
        let body = [timestamp(number), signed(seed, number, batch)];
        let bookings = (0..).zip(patients);
        let mut events: Vec<Record> = bookings
            .map(|(nth, patient)| booked(number, (1, nth), seed, *patient))
            .collect();
        events.push(succeeded(1));
        self.commit(&body, &events)[0]
    }

    /// The doctor writes records, each with its number and its patient.
    pub fn write(&self, seed: u8, records: &[(u64, u64)]) -> Hash {
        let by = AccountId::from(signer(seed).public());
        let written = records
            .iter()
            .map(|(record, patient)| Records::<Runtime>::Written {
                record: RecordId(*record),
                patient: PatientId(*patient),
                author: DOCTOR,
                member: CLINIC,
                visit: None,
                kind: ContentKind::Encounter,
                hash: Hash::zero(),
                size: 1,
                by: by.clone(),
            });
        // What the call says is of no account here.
        let call = frame_system::Call::<Runtime>::remark { remark: Vec::new() };
        self.act(seed, call, written)
    }

    /// The doctor writes a record of a patient's visit.
    pub fn document(&self, seed: u8, record: u64, (patient, visit): (u64, u64)) -> Hash {
        let written = Records::<Runtime>::Written {
            record: RecordId(record),
            patient: PatientId(patient),
            author: DOCTOR,
            member: CLINIC,
            visit: Some(AppointmentId(visit)),
            kind: ContentKind::Encounter,
            hash: Hash::zero(),
            size: 1,
            by: AccountId::from(signer(seed).public()),
        };
        let call = frame_system::Call::<Runtime>::remark { remark: Vec::new() };
        self.act(seed, call, [written])
    }

    /// Opens records as the doctor.
    pub fn open(&self, seed: u8, records: &[u64]) -> Hash {
        let (party, purpose) = (Party::Practitioner(DOCTOR), Purpose::Treatment);
        let records = records.iter().copied().map(RecordId).collect();
        let records = RecordBatch::truncate_from(records);
        let opened = Records::<Runtime>::Opened {
            by: AccountId::from(signer(seed).public()),
            party,
            purpose,
            allowed: records.clone(),
            denied: Default::default(),
        };
        let call = pallet_records::Call::<Runtime>::open {
            party,
            records,
            purpose,
        };
        self.act(seed, call, [opened])
    }

    /// Provides the doctor with keys of records, which the call alone names.
    pub fn provide_keys(&self, seed: u8, records: &[u64]) -> Hash {
        let key = |record: &u64| KeyFor {
            record: RecordId(*record),
            version: 1,
            key: SealedKey([0; SEALED_KEY_BYTES]),
        };
        let keys: Vec<KeyFor> = records.iter().map(key).collect();
        let call = pallet_records::Call::<Runtime>::provide_keys {
            reader: Reader::Practitioner(DOCTOR),
            keys: keys.try_into().unwrap(),
        };
        self.act(seed, call, std::iter::empty::<RuntimeEvent>())
    }

    /// The staff cancels an appointment, and another patient gets its place by hers.
    pub fn cancel(&self, seed: u8, appointment: u64, (next, patient): (u64, u64)) -> Hash {
        let appointment = AppointmentId(appointment);
        let acting = Acting::Staff(StaffReason::Medical);
        let cancelled = Appointments::<Runtime>::Cancelled {
            appointment,
            acting,
            is_late: false,
            by: AccountId::from(signer(seed).public()),
        };
        let promoted = Appointments::<Runtime>::Promoted {
            appointment: AppointmentId(next),
            patient: PatientId(patient),
        };
        let call = pallet_appointments::Call::<Runtime>::cancel {
            appointment,
            acting,
        };
        self.act(seed, call, [cancelled, promoted])
    }

    /// Commits a block with one transaction, which has these events, and indexes it.
    fn act(
        &self,
        seed: u8,
        call: impl Into<RuntimeCall>,
        events: impl IntoIterator<Item = impl Into<RuntimeEvent>>,
    ) -> Hash {
        let number = self.progress().tip + 1;
        let body = [timestamp(number), signed(seed, number, call.into())];
        let mut events: Vec<Record> = events.into_iter().map(|it| event(1, it)).collect();
        events.push(succeeded(1));
        self.commit(&body, &events)[0]
    }

    fn commit(&self, body: &[Vec<u8>], events: &[Record]) -> Vec<Hash> {
        let number = self.progress().tip + 1;
        let events = events.encode();
        let indexed = self.outline(body, events);
        let hashes = body[1..]
            .iter()
            .map(|bytes| xinglin_primitives::receipt::extrinsic_hash(bytes));
        let hashes = hashes.collect();
        self.chain.commit_extrinsics(body);
        self.blocks.write().insert(number, indexed);
        hashes
    }

    fn outline(&self, body: &[Vec<u8>], events: Vec<u8>) -> Indexed {
        let mut outline = self.schema.outline(body, &events).unwrap();
        for event in &mut outline.events {
            if MAKING.contains(&event.event.name) {
                self.learn(&event.entities);
            }
            let owners = self.owners_of(&event.entities);
            let by = event.extrinsic.unwrap() as usize;
            outline.extrinsics[by].entities.extend(&owners);
            event.entities.extend(owners);
        }
        for extrinsic in &mut outline.extrinsics {
            let owners = self.owners_of(&extrinsic.entities);
            extrinsic.entities.extend(owners);
        }
        let mut rows: Vec<Row> = outline
            .extrinsics
            .iter()
            .map(|extrinsic| Row {
                signer: extrinsic.signer.clone(),
                pallet: extrinsic.call.pallet.to_owned(),
                call: extrinsic.call.name.to_owned(),
                succeeded: extrinsic.succeeded,
                entities: extrinsic.entities.clone(),
                event_pallets: BTreeSet::new(),
            })
            .collect();
        for event in &outline.events {
            let row = &mut rows[event.extrinsic.unwrap() as usize];
            row.event_pallets.insert(event.event.pallet.to_owned());
        }
        let event_rows = outline.events.iter().map(|event| {
            let (pallet, name) = (event.event.pallet, event.event.name);
            (pallet.to_owned(), name.to_owned(), event.entities.clone())
        });
        let event_rows = event_rows.collect();
        drop(outline);
        Indexed {
            events,
            rows,
            event_rows,
        }
    }

    /// The things that an event makes are its patient's.
    fn learn(&self, mentioned: &BTreeSet<Entity>) {
        let patient = mentioned.iter().find_map(|entity| match entity {
            Entity::Patient(patient) => Some(*patient),
            _ => None,
        });
        let mut owners = self.owners.write();
        for thing in mentioned.iter().filter(|it| is_thing(it)) {
            owners.insert(*thing, patient.unwrap());
        }
    }

    fn owners_of(&self, mentioned: &BTreeSet<Entity>) -> BTreeSet<Entity> {
        let owners = self.owners.read();
        let owned = mentioned.iter().filter_map(|thing| owners.get(thing));
        owned.copied().map(Entity::Patient).collect()
    }

    fn page(
        &self,
        filter: &Filter,
        order: Order,
        after: Option<Position>,
        limit: u32,
        found: impl Fn(&Indexed) -> Vec<u32>,
    ) -> Page {
        let blocks = self.blocks.read();
        let first = filter.from_block.unwrap_or(0);
        let last = filter.to_block.unwrap_or(u32::MAX);
        let mut all: Vec<Position> = blocks
            .range(first..=last)
            .flat_map(|(block, indexed)| {
                let (block, indexes) = (*block, found(indexed));
                indexes
                    .into_iter()
                    .map(move |index| Position { block, index })
            })
            .collect();
        if order == Order::Newest {
            all.reverse();
        }
        if let Some(after) = after {
            all.retain(|it| match order {
                Order::Newest => *it < after,
                Order::Oldest => *it > after,
            });
        }
        let is_more = all.len() > limit as usize;
        all.truncate(limit as usize);
        Page {
            next: all.last().copied().filter(|_| is_more),
            items: all,
        }
    }
}

/// Whether patients own such things.
fn is_thing(entity: &Entity) -> bool {
    let is_party = matches!(
        entity,
        Entity::Patient(_) | Entity::Practitioner(_) | Entity::Member(_)
    );
    !is_party && !matches!(entity, Entity::Case(_))
}

fn is_or_any<T: PartialEq>(wanted: &Option<T>, value: &T) -> bool {
    wanted.as_ref().is_none_or(|wanted| wanted == value)
}

impl Explorer for FakeIndex {
    fn progress(&self) -> IndexProgress {
        use xinglin_core::ChainStore;
        let last = self.blocks.read().keys().next_back().copied();
        IndexProgress {
            first: 1,
            last: last.unwrap_or(0),
            tip: self.chain.tip().unwrap().number,
        }
    }

    fn problem(&self) -> Option<IndexProblem> {
        self.problem.lock().clone()
    }

    fn owner_of(&self, entity: Entity) -> Result<Owner, ExplorerError> {
        if let Entity::Patient(patient) = entity {
            return Ok(Owner::Patient(patient));
        }
        let owner = self.owners.read().get(&entity).copied();
        Ok(match owner {
            Some(patient) => Owner::Patient(patient),
            None if is_thing(&entity) => Owner::Unknown,
            None => Owner::Nobody,
        })
    }

    fn extrinsics(
        &self,
        filter: &Filter,
        order: Order,
        after: Option<Position>,
        limit: u32,
    ) -> Result<Page, ExplorerError> {
        let outcome = |row: &Row| match row.succeeded {
            true => Outcome::Success,
            false => Outcome::Error,
        };
        let matches = |row: &Row| {
            (filter.signer.is_none() || filter.signer == row.signer)
                && is_or_any(&filter.pallet, &row.pallet)
                && is_or_any(&filter.call, &row.call)
                && is_or_any(&filter.outcome, &outcome(row))
                && filter
                    .event_pallet
                    .iter()
                    .all(|it| row.event_pallets.contains(it))
                && filter.entities.iter().all(|it| row.entities.contains(it))
        };
        Ok(self.page(filter, order, after, limit, |indexed| {
            let rows = (0..).zip(&indexed.rows);
            rows.filter(|(_, row)| matches(row))
                .map(|(index, _)| index)
                .collect()
        }))
    }

    fn events(
        &self,
        filter: &Filter,
        order: Order,
        after: Option<Position>,
        limit: u32,
    ) -> Result<Page, ExplorerError> {
        Ok(self.page(filter, order, after, limit, |indexed| {
            let rows = (0..).zip(&indexed.event_rows);
            rows.filter(|(_, (pallet, name, entities))| {
                is_or_any(&filter.event_pallet, pallet)
                    && is_or_any(&filter.event, name)
                    && filter.entities.iter().all(|it| entities.contains(it))
            })
            .map(|(index, _)| index)
            .collect()
        }))
    }

    fn time_of(&self, block: BlockNumber) -> Result<Option<u64>, ExplorerError> {
        let is_indexed = self.blocks.read().contains_key(&block);
        Ok(is_indexed.then(|| START_MS + 1_000 * u64::from(block)))
    }

    fn block_at(&self, time_ms: u64) -> Result<Option<BlockNumber>, ExplorerError> {
        let blocks = self.blocks.read();
        let mut numbers = blocks.keys().copied();
        Ok(numbers.find(|number| START_MS + 1_000 * u64::from(*number) >= time_ms))
    }

    fn encoded_events(&self, block: BlockNumber) -> Result<Option<Vec<u8>>, ExplorerError> {
        let blocks = self.blocks.read();
        Ok(blocks.get(&block).map(|indexed| indexed.events.clone()))
    }

    fn counts(
        &self,
        _: Period,
        member: Option<MemberId>,
        from_ms: u64,
        before_ms: u64,
        limit: u32,
    ) -> Result<Vec<Count>, ExplorerError> {
        // Three calls in each of so many periods as a member's number says.
        let periods = member.map_or(1, |member| u64::from(member.0));
        let all = (0..periods * COUNT).map(|n| Count {
            from_ms: START_MS + 1_000 * (n / COUNT),
            pallet: "Appointments".to_owned(),
            call: format!("call{}", n % COUNT),
            succeeded: n,
            failed: 0,
        });
        let wanted = all.filter(|count| (from_ms..before_ms).contains(&count.from_ms));
        Ok(wanted.take(limit as usize).collect())
    }
}

impl QuestionLog for FakeIndex {
    fn keep_question(&self, question: &KeptQuestion) -> Result<u64, StoreError> {
        let mut questions = self.questions.lock();
        questions.push(question.clone());
        Ok(questions.len() as u64 - 1)
    }

    fn questions(&self, from: u64, limit: u32) -> Result<Vec<KeptQuestion>, StoreError> {
        let questions = self.questions.lock();
        let from = questions.iter().skip(from as usize);
        Ok(from.take(limit as usize).cloned().collect())
    }

    fn question_count(&self) -> Result<u64, StoreError> {
        Ok(self.questions.lock().len() as u64)
    }
}

/// The state of a chain whose rules let more ask than [`FakeChain`] says.
pub struct Policy {
    /// The chain.
    pub chain: Arc<FakeChain>,
    /// Whose business what is, besides.
    pub admitted: Vec<(AccountId, Entity)>,
}

impl Policy {
    fn admits(&self, asked: &[u8]) -> bool {
        let (asker, topic, case): (AccountId, Topic, Option<CaseId>) =
            Decode::decode(&mut &asked[..]).unwrap();
        let mut admitted = self.admitted.iter();
        case.is_none()
            && admitted.any(|(who, what)| *who == asker && topic == Topic::History(*what))
    }
}

impl StateQuery for Policy {
    fn storage(&self, at: Hash, key: &[u8]) -> Result<Option<Vec<u8>>, StateError> {
        self.chain.storage(at, key)
    }

    fn storage_hash(&self, at: Hash, key: &[u8]) -> Result<Option<Hash>, StateError> {
        self.chain.storage_hash(at, key)
    }

    fn closest_merkle_value(&self, at: Hash, key: &[u8]) -> Result<Option<Vec<u8>>, StateError> {
        self.chain.closest_merkle_value(at, key)
    }

    fn keys(
        &self,
        at: Hash,
        prefix: &[u8],
        start_after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Vec<u8>>, StateError> {
        self.chain.keys(at, prefix, start_after, limit)
    }

    fn pairs(
        &self,
        at: Hash,
        prefix: &[u8],
        start_after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<(Vec<u8>, Vec<u8>)>, StateError> {
        self.chain.pairs(at, prefix, start_after, limit)
    }

    fn read_proof(&self, at: Hash, keys: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, StateError> {
        self.chain.read_proof(at, keys)
    }

    fn call(&self, at: Hash, method: &str, data: &[u8]) -> Result<Vec<u8>, StateError> {
        if method == "PrivacyApi_may_ask" && self.admits(data) {
            return Ok(Ok::<(), Refusal>(()).encode());
        }
        self.chain.call(at, method, data)
    }

    fn dry_run(&self, at: Hash, transaction: &Extrinsic) -> Result<Vec<u8>, StateError> {
        self.chain.dry_run(at, transaction)
    }
}
