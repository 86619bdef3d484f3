//! What is stored and sent, byte by byte: a change of layout needs a migration and a new version.

use codec::Encode;
use frame_support::BoundedVec;
use sp_io::hashing::blake2_128;
use xinglin_primitives::{
    glue::{Held, Subject},
    CaseId, DisclosureId, Party, PatientId,
};

use crate::{
    mock::*,
    states::{CaseState, DisclosureState},
    types::{Anchor, ByDue, Case, Disclosure, Hold, InOrder, NewestFirst},
    Call,
};

fn digest(value: impl Encode) -> String {
    let hash = blake2_128(&value.encode());
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn case(state: CaseState) -> Case {
    let held = [ALICE, DOCTOR, SCHEME, Held::Party(Party::Member(INSURER))];
    let holds = held.into_iter().map(|held| Hold {
        held,
        since: morning() + 2,
    });
    Case {
        regulator: REGULATOR,
        subject: Subject::Party(Party::Patient(PatientId(5))),
        basis: statement(1),
        opened_at: morning(),
        holds: BoundedVec::truncate_from(holds.collect()),
        requests: BoundedVec::truncate_from(vec![DisclosureId(6)]),
        state,
    }
}

fn disclosure(state: DisclosureState) -> Disclosure {
    Disclosure {
        case: CaseId(1),
        member: HOSPITAL,
        request: hash(3),
        requested_at: morning(),
        due: morning() + 1,
        state,
    }
}

#[test]
fn what_is_stored_keeps_its_layout() {
    let cases = [
        CaseState::Open,
        CaseState::Closed {
            finding: statement(2),
            at: 3,
        },
    ];
    let disclosures = [
        DisclosureState::Open,
        DisclosureState::Withdrawn { at: 1 },
        DisclosureState::Disclosed {
            envelope: hash(4),
            bytes: 5,
            at: 6,
            is_late: true,
        },
    ];
    let keys = (
        InOrder::from(CaseId(0x0102)),
        ByDue::new(0x0304, DisclosureId(0x0506)),
        NewestFirst::from(CaseId(1)),
    );
    assert_eq!(
        keys.encode(),
        [
            [0, 0, 0, 0, 0, 0, 1, 2],
            [0, 0, 0, 0, 0, 0, 3, 4],
            [0, 0, 0, 0, 0, 0, 5, 6],
            [255, 255, 255, 255, 255, 255, 255, 254],
        ]
        .concat()
    );
    let anchor = Anchor {
        count: 1,
        digest: hash(2),
        until: 3,
        at: 4,
    };
    let digests = [
        ("cases", digest(cases.map(case))),
        ("disclosures", digest(disclosures.map(disclosure))),
        ("anchors", digest(anchor)),
    ];
    let expected = [
        ("cases", "6ff14db87d24d93ed2ca9704d36d870a"),
        ("disclosures", "881f143da88174082c04b411357d184f"),
        ("anchors", "1fd9cfb35527d861309d6cd9c49c0fb5"),
    ];
    assert_eq!(
        digests,
        expected.map(|(name, digest)| (name, digest.to_string()))
    );
}

#[test]
fn calls_keep_their_layout() {
    let (case, request) = (CaseId(1), DisclosureId(2));
    let calls: [Call<Test>; 9] = [
        Call::open_case {
            subject: Subject::Party(Party::Member(HOSPITAL)),
            basis: statement(1),
        },
        closing(case),
        Call::transfer_case { case, to: OTHER },
        Call::request_disclosure {
            case,
            member: HOSPITAL,
            request: hash(3),
            due: morning(),
        },
        withdrawing(request),
        disclosing(request, b"x"),
        holding(case, ALICE),
        lifting(case, ALICE),
        anchoring(0, 3, 4),
    ];
    for (index, call) in calls.iter().enumerate() {
        assert_eq!(usize::from(call.encode()[0]), index);
    }
    assert_eq!(digest(calls), "ff29000df26d368c3404f00a994be273");
}
