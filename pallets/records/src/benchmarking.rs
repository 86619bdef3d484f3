//! Benchmarks of the calls, each on its most expensive path.

use frame_benchmarking::v2::*;
use frame_support::{assert_ok, traits::Time, BoundedVec};
use frame_system::RawOrigin;
use sp_io::hashing::blake2_256;
use xinglin_primitives::{
    time::{Moment, DAY_MS},
    AccessRequestId, AppointmentId, EmergencyId, EncryptionKey, GrantId, Hash, MemberId, Party,
    PatientId, PractitionerId, RecordId,
};

use crate::{
    access::Purpose,
    emergency::{EmergencyReason, Verdict},
    grants::{
        Covered, EndOfGrant, Grant, Grantee, Kinds, LiveGrant, Source, Terms, GRANTS_MAX,
        GRANTS_TO_ONE_MAX,
    },
    requests::{Answer, NewRequest, RequestReason, REQUESTS_BY_ONE_MAX},
    types::*,
    Call, Config, Emergencies, Files, Grants, LiveGrants, NextEmergency, NextGrant, NextRecord,
    NextRequest, Pallet, Records, SealedKeys,
};

/// Parties that the registry of the runtime knows.
pub trait BenchmarkHelper<AccountId> {
    /// An active hospital or clinic and an account of it.
    fn care_provider() -> (MemberId, AccountId);
    /// A practitioner licensed there and the practitioner's own account.
    fn author() -> (PractitionerId, AccountId);
    /// Another one and the own account.
    fn colleague() -> (PractitionerId, AccountId);
    /// A patient and the patient's own account.
    fn patient() -> (PatientId, AccountId);
    /// An account of an active regulator.
    fn regulator() -> AccountId;
    /// A visit of that patient at that member, for which she has arrived.
    fn visit(patient: PatientId, member: MemberId) -> AppointmentId;
}

fn by<T: Config>(who: T::AccountId) -> T::RuntimeOrigin {
    RawOrigin::Signed(who).into()
}

fn patient<T: Config>() -> PatientId {
    T::BenchmarkHelper::patient().0
}

fn own<T: Config>() -> T::AccountId {
    T::BenchmarkHelper::patient().1
}

fn author<T: Config>() -> T::AccountId {
    T::BenchmarkHelper::author().1
}

fn staff<T: Config>() -> T::AccountId {
    T::BenchmarkHelper::care_provider().1
}

fn colleague<T: Config>() -> Grantee {
    Grantee::Practitioner(T::BenchmarkHelper::colleague().0)
}

fn ciphertext(seed: u64, bytes: u32) -> (Hash, Ciphertext) {
    let mut content = vec![1; bytes.max(8) as usize];
    content[..8].copy_from_slice(&seed.to_le_bytes());
    (
        blake2_256(&content).into(),
        BoundedVec::truncate_from(content),
    )
}

fn key(byte: u8) -> SealedKey {
    SealedKey([byte; SEALED_KEY_BYTES])
}

fn new_record<T: Config>() -> NewRecord {
    let (member, _) = T::BenchmarkHelper::care_provider();
    NewRecord {
        patient: patient::<T>(),
        author: T::BenchmarkHelper::author().0,
        member,
        visit: Some(T::BenchmarkHelper::visit(patient::<T>(), member)),
        kind: ContentKind::Encounter,
    }
}

fn required<T: Config>() -> ReaderKeys<T::AccountId> {
    let new = new_record::<T>();
    BoundedVec::truncate_from(vec![
        (Reader::Patient, key(1)),
        (Reader::Practitioner(new.author), key(2)),
        (Reader::Member(new.member), key(3)),
    ])
}

/// Keys for the readers by right and, where there are four, a grantee.
fn keys<T: Config>(count: u32) -> ReaderKeys<T::AccountId> {
    let mut keys = required::<T>().into_inner();
    if count > 3 {
        keys.push((colleague::<T>().into(), key(4)));
    }
    BoundedVec::truncate_from(keys)
}

fn written<T: Config>() -> RecordId {
    let id = NextRecord::<T>::get();
    let (hash, content) = ciphertext(id.0, 8);
    // Without the visit, whose records are bounded.
    let record = NewRecord {
        visit: None,
        ..new_record::<T>()
    };
    assert_ok!(Pallet::<T>::write(
        by::<T>(author::<T>()),
        record,
        hash,
        content,
        required::<T>()
    ));
    id
}

fn batch<T: Config>(count: u32) -> KeyBatch {
    let keys = (0..count).map(|_| KeyFor {
        record: written::<T>(),
        version: 1,
        key: key(7),
    });
    BoundedVec::truncate_from(keys.collect())
}

fn everything() -> Covered {
    use ContentKind::*;
    let kinds = [
        Encounter,
        Profile,
        Diagnosis,
        TreatmentPlan,
        Prescription,
        Report,
        Image,
        Other,
    ];
    Covered::History {
        kinds: Kinds::try_from(std::collections::BTreeSet::from(kinds)).unwrap_or_default(),
        from: 0,
        until: Moment::MAX,
    }
}

fn terms<T: Config>() -> Terms {
    let now = T::Time::now();
    Terms {
        what: everything(),
        grantee: colleague::<T>(),
        purpose: Purpose::Treatment,
        from: now,
        until: now.saturating_add(DAY_MS),
        may_reshare: true,
    }
}

/// The most grants but one that a patient has: for the colleague all but one, the rest for others.
fn shared<T: Config>() -> GrantId {
    let first = NextGrant::<T>::get();
    for _ in 1..GRANTS_TO_ONE_MAX {
        let call = Pallet::<T>::share(by::<T>(own::<T>()), terms::<T>(), None, KeyBatch::new());
        assert_ok!(call);
    }
    let mut live = LiveGrants::<T>::get(patient::<T>());
    let source = Source::PassedOn(first);
    let grantee = Grantee::Practitioner(PractitionerId(u32::MAX));
    while live.len() + 1 < GRANTS_MAX as usize {
        let id = NextGrant::<T>::get();
        NextGrant::<T>::put(GrantId(id.0 + 1));
        let grant = Grant {
            patient: patient::<T>(),
            terms: Terms {
                grantee,
                ..terms::<T>()
            },
            source,
            given_at: 0,
            ended: None,
        };
        let until = grant.terms.until;
        Grants::<T>::insert(id, grant);
        live.force_push(LiveGrant {
            id,
            grantee,
            until,
            source,
        });
    }
    LiveGrants::<T>::insert(patient::<T>(), live);
    first
}

fn requested<T: Config>() -> AccessRequestId {
    let id = NextRequest::<T>::get();
    assert_ok!(Pallet::<T>::request_access(
        by::<T>(author::<T>()),
        T::BenchmarkHelper::author().0,
        request::<T>()
    ));
    id
}

fn request<T: Config>() -> NewRequest {
    NewRequest {
        patient: patient::<T>(),
        what: everything(),
        grantee: colleague::<T>(),
        purpose: Purpose::Treatment,
        reason: RequestReason::Referral,
    }
}

fn declared<T: Config>() -> EmergencyId {
    let id = NextEmergency::<T>::get();
    let (member, _) = T::BenchmarkHelper::care_provider();
    let (_, signer) = T::BenchmarkHelper::colleague();
    assert_ok!(Pallet::<T>::break_glass(
        by::<T>(signer),
        patient::<T>(),
        member,
        EmergencyReason::Unconscious,
        Hash::zero()
    ));
    id
}

/// Fills a record with keys for readers without a reason, up to `count`.
fn filled<T: Config>(count: u32) -> RecordId {
    let id = written::<T>();
    for n in 3..count {
        let reader = Reader::Delegate(account("reader", n, 0));
        let stored = StoredKey {
            key: key(5),
            epoch: 0,
        };
        SealedKeys::<T>::insert(id, (1, reader), stored);
    }
    Records::<T>::mutate(id, |record| {
        if let Some(record) = record {
            record.keys = count.max(3);
        }
    });
    id
}

#[benchmarks]
mod benchmarks {
    use super::*;

    #[benchmark]
    fn write(b: Linear<8, CIPHERTEXT_BYTES_MAX>, k: Linear<3, 4>) {
        shared::<T>();
        let (hash, content) = ciphertext(1 << 40, b);
        #[extrinsic_call]
        _(
            RawOrigin::Signed(author::<T>()),
            new_record::<T>(),
            hash,
            content,
            keys::<T>(k),
        );
        assert!(Pallet::<T>::by_content(hash).is_some());
    }

    #[benchmark]
    fn amend(b: Linear<8, CIPHERTEXT_BYTES_MAX>, k: Linear<3, 4>) {
        shared::<T>();
        let id = written::<T>();
        let (hash, content) = ciphertext(1 << 40, b);
        #[extrinsic_call]
        _(
            RawOrigin::Signed(author::<T>()),
            id,
            AmendReason::Correction,
            hash,
            content,
            keys::<T>(k),
        );
        assert_eq!(Pallet::<T>::by_content(hash), Some((id, 2)));
    }

    #[benchmark]
    fn retract() {
        let id = NextRecord::<T>::get();
        let (hash, content) = ciphertext(id.0, 8);
        let (origin, record) = (by::<T>(author::<T>()), new_record::<T>());
        assert_ok!(Pallet::<T>::write(
            origin,
            record,
            hash,
            content,
            required::<T>()
        ));
        #[extrinsic_call]
        _(RawOrigin::Signed(author::<T>()), id, RetractReason::Other);
        assert!(Records::<T>::get(id).is_some_and(|it| it.retracted_at.is_some()));
    }

    #[benchmark]
    fn share(k: Linear<0, BATCH_MAX>) {
        shared::<T>();
        let keys = batch::<T>(k);
        let id = NextGrant::<T>::get();
        #[extrinsic_call]
        _(RawOrigin::Signed(own::<T>()), terms::<T>(), None, keys);
        assert!(Grants::<T>::contains_key(id));
    }

    #[benchmark]
    fn reshare(k: Linear<0, BATCH_MAX>) {
        let source = shared::<T>();
        let keys = batch::<T>(k);
        let id = NextGrant::<T>::get();
        let (_, signer) = T::BenchmarkHelper::colleague();
        #[extrinsic_call]
        _(RawOrigin::Signed(signer), source, terms::<T>(), keys);
        assert!(Grants::<T>::contains_key(id));
    }

    #[benchmark]
    fn add_keys(k: Linear<1, BATCH_MAX>) {
        let grant = shared::<T>();
        let keys = batch::<T>(k);
        let record = keys[0].record;
        #[extrinsic_call]
        _(RawOrigin::Signed(own::<T>()), grant, keys);
        assert_eq!(Records::<T>::get(record).map(|it| it.keys), Some(4));
    }

    #[benchmark]
    fn provide_keys(k: Linear<1, BATCH_MAX>) {
        shared::<T>();
        let keys = batch::<T>(k);
        let record = keys[0].record;
        let reader = colleague::<T>().into();
        #[extrinsic_call]
        _(RawOrigin::Signed(author::<T>()), reader, keys);
        assert_eq!(Records::<T>::get(record).map(|it| it.keys), Some(4));
    }

    #[benchmark]
    fn revoke() {
        let grant = shared::<T>();
        #[extrinsic_call]
        _(RawOrigin::Signed(own::<T>()), grant);
        let cause = Grants::<T>::get(grant).and_then(|it| it.ended);
        assert!(matches!(cause, Some((_, EndOfGrant::Revoked))));
    }

    #[benchmark]
    fn request_access() {
        for _ in 1..REQUESTS_BY_ONE_MAX {
            requested::<T>();
        }
        let before = NextRequest::<T>::get();
        let requester = T::BenchmarkHelper::author().0;
        #[extrinsic_call]
        _(RawOrigin::Signed(author::<T>()), requester, request::<T>());
        assert!(NextRequest::<T>::get() > before);
    }

    #[benchmark]
    fn withdraw_request() {
        let id = requested::<T>();
        #[extrinsic_call]
        _(RawOrigin::Signed(author::<T>()), id);
        assert!(Pallet::<T>::requests_of(patient::<T>()).is_empty());
    }

    #[benchmark]
    fn answer(k: Linear<0, BATCH_MAX>) {
        shared::<T>();
        let id = requested::<T>();
        let keys = batch::<T>(k);
        let now = T::Time::now();
        let accepted = Answer::Accept {
            from: now,
            until: now.saturating_add(DAY_MS),
            may_reshare: false,
            keys,
        };
        #[extrinsic_call]
        _(RawOrigin::Signed(own::<T>()), id, accepted);
        assert!(Pallet::<T>::requests_of(patient::<T>()).is_empty());
    }

    #[benchmark]
    fn open(r: Linear<1, BATCH_MAX>) {
        shared::<T>();
        let records = (0..r).map(|_| written::<T>()).collect();
        let (practitioner, signer) = T::BenchmarkHelper::colleague();
        #[extrinsic_call]
        _(
            RawOrigin::Signed(signer),
            Party::Practitioner(practitioner),
            BoundedVec::truncate_from(records),
            Purpose::Research,
        );
        assert_eq!(Files::<T>::get(patient::<T>()).accesses, u64::from(r));
    }

    #[benchmark]
    fn break_glass() {
        let id = NextEmergency::<T>::get();
        let (member, _) = T::BenchmarkHelper::care_provider();
        let (_, signer) = T::BenchmarkHelper::colleague();
        #[extrinsic_call]
        _(
            RawOrigin::Signed(signer),
            patient::<T>(),
            member,
            EmergencyReason::Unconscious,
            Hash::zero(),
        );
        assert!(Emergencies::<T>::contains_key(id));
    }

    #[benchmark]
    fn justify() {
        let id = declared::<T>();
        let (_, signer) = T::BenchmarkHelper::colleague();
        #[extrinsic_call]
        _(RawOrigin::Signed(signer), id, Hash::repeat_byte(1));
        assert!(!Pallet::<T>::unreviewed_emergencies(None, 1).is_empty());
    }

    #[benchmark]
    fn review() {
        let id = declared::<T>();
        let (_, signer) = T::BenchmarkHelper::colleague();
        assert_ok!(Pallet::<T>::justify(by::<T>(signer), id, Hash::zero()));
        let regulator = T::BenchmarkHelper::regulator();
        #[extrinsic_call]
        _(RawOrigin::Signed(regulator), id, Verdict::Unfounded);
        assert!(Pallet::<T>::unreviewed_emergencies(None, 1).is_empty());
    }

    #[benchmark]
    fn reseal(k: Linear<1, BATCH_MAX>) {
        let keys = batch::<T>(k);
        // As if they were sealed to an encryption key before this one.
        Files::<T>::mutate(patient::<T>(), |file| {
            file.progress.key = EncryptionKey([255; 32]);
        });
        #[extrinsic_call]
        _(RawOrigin::Signed(author::<T>()), patient::<T>(), keys);
        assert_eq!(Pallet::<T>::key_progress(patient::<T>()).restored, k);
    }

    #[benchmark]
    fn ask_erasure() {
        let id = written::<T>();
        #[extrinsic_call]
        _(RawOrigin::Signed(own::<T>()), id);
        assert!(Records::<T>::get(id).is_some_and(|it| it.erasure != Erasure::None));
    }

    #[benchmark]
    fn confirm_erasure(k: Linear<3, KEYS_MAX>) {
        shared::<T>();
        let id = filled::<T>(k);
        assert_ok!(Pallet::<T>::ask_erasure(by::<T>(own::<T>()), id));
        #[extrinsic_call]
        _(RawOrigin::Signed(staff::<T>()), id);
        assert!(Records::<T>::get(id).is_some_and(|it| it.is_erased()));
    }

    #[benchmark]
    fn prune_keys(k: Linear<4, KEYS_MAX>) {
        let id = filled::<T>(k);
        #[extrinsic_call]
        _(RawOrigin::Signed(own::<T>()), id);
        assert_eq!(Records::<T>::get(id).map(|it| it.keys), Some(3));
    }

    #[benchmark]
    fn visit_ended() {
        let token = Hash::repeat_byte(1);
        let terms = Terms {
            may_reshare: false,
            ..terms::<T>()
        };
        let call = Pallet::<T>::share(by::<T>(own::<T>()), terms, Some(token), KeyBatch::new());
        assert_ok!(call);
        #[block]
        {
            use xinglin_primitives::glue::OnAppointment;
            <Pallet<T> as OnAppointment>::visit_ended(patient::<T>(), token);
        }
        assert!(LiveGrants::<T>::get(patient::<T>()).is_empty());
    }

    impl_benchmark_test_suite!(Pallet, crate::mock::ext(), crate::mock::Test);
}
