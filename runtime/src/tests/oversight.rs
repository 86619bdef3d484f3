//! What a regulator's hold takes away, and what it leaves.

use pallet_audit::types::Statement;
use pallet_members::Principal;
use sp_runtime::traits::TransactionExtension;
use xinglin_primitives::{
    glue::{Held, Subject},
    CaseId, MemberId, Party, PatientId, PractitionerId, ProviderId,
};

use super::{domain::motion, *};
use crate::{configs::CouncilInstance, extensions::CheckAdmission, Runtime};

const REGULATOR: &str = "//Dave";
const HOSPITAL: &str = "//Alice";
const PATIENT: &str = "//Alice//patient//1";
const DOCTOR: &str = "//Alice//doctor//1";

fn open_case(subject: Party) -> RuntimeCall {
    pallet_audit::Call::open_case {
        subject: Subject::Party(subject),
        basis: Statement {
            code: 1,
            digest: Hash::zero(),
        },
    }
    .into()
}

fn hold(held: Party) -> RuntimeCall {
    pallet_audit::Call::hold {
        case: CaseId(0),
        held: Held::Party(held),
    }
    .into()
}

fn lift(held: Party) -> RuntimeCall {
    pallet_audit::Call::lift {
        case: CaseId(0),
        held: Held::Party(held),
    }
    .into()
}

/// A chain on which the regulator holds some parties, and the regulator's next nonce.
fn holding(parties: &[Party]) -> (Chain, Nonce) {
    let mut chain = Chain::new();
    let mut nonce = 0;
    for call in core::iter::once(open_case(parties[0])).chain(parties.iter().map(|it| hold(*it))) {
        let transaction = chain.sign(REGULATOR, nonce, call);
        assert_eq!(chain.one(transaction), Ok(Ok(())));
        nonce += 1;
    }
    (chain, nonce)
}

fn seats(chain: &mut Chain) -> Vec<AccountId> {
    chain
        .ext
        .execute_with(pallet_collective::Members::<Runtime, CouncilInstance>::get)
}

/// Asserts that a party's only answer to any call is a refusal.
fn is_silent(chain: &mut Chain, path: &str, nonce: Nonce, call: impl Into<RuntimeCall>) {
    let transaction = chain.sign(path, nonce, call);
    let refusal = Err(invalid(InvalidTransaction::BadSigner));
    assert_eq!(chain.validate(&transaction).map(|_| ()), refusal, "{path}");
    assert_eq!(chain.one(transaction).map(|_| ()), refusal, "{path}");
}

/// Whoever holds all members has no more say in the council than before.
#[test]
fn a_regulator_does_not_take_the_council_over() {
    let mut fresh = Chain::new();
    let before = seats(&mut fresh);
    let others = [0, 1, 2].map(|id| Party::Member(MemberId(id)));
    let (mut chain, _) = holding(&others);
    assert_eq!(seats(&mut chain), before);
    chain.check();
}

#[test]
fn a_held_member_votes_and_does_nothing_else() {
    let member = Party::Member(MemberId(0));
    let (mut chain, nonce) = holding(&[member]);
    is_silent(&mut chain, HOSPITAL, 0, remark(1));
    is_silent(&mut chain, HOSPITAL, 0, transfer("//Bob", 1));
    is_silent(&mut chain, "//Alice//service//1", 0, remark(1));
    is_silent(&mut chain, DOCTOR, 0, remark(1));
    let batch = pallet_utility::Call::batch {
        calls: vec![remark(1)],
    };
    is_silent(&mut chain, HOSPITAL, 0, batch);
    let vote = pallet_collective::Call::vote {
        proposal: Hash::zero(),
        index: 0,
        approve: true,
    };
    // The seat belongs to the main account alone.
    is_silent(&mut chain, "//Alice//service//1", 0, vote);

    // It proposes, votes and closes; the regulator votes as any other.
    let party = Party::Patient(PatientId(0));
    let suspend = pallet_members::Call::suspend { party };
    motion(&mut chain, [0, 0, 0, nonce], suspend.into());
    is_silent(&mut chain, PATIENT, 0, remark(1));

    let lifted = chain.sign(REGULATOR, nonce + 1, lift(member));
    assert_eq!(chain.one(lifted), Ok(Ok(())));
    let transaction = chain.sign(HOSPITAL, 3, remark(1));
    assert_eq!(chain.one(transaction), Ok(Ok(())));
    chain.check();
}

/// No proxy, and no nesting of one in another, acts for a member that is held, but for its vote.
#[test]
fn a_held_member_does_not_act_through_others() {
    let member = Party::Member(MemberId(0));
    let mut chain = Chain::new();
    let proxy_of = |real: &str, call: RuntimeCall| -> RuntimeCall {
        pallet_proxy::Call::proxy {
            real: dev::account(real).into(),
            force_proxy_type: None,
            call: Box::new(call),
        }
        .into()
    };
    let add = |delegate: &str| pallet_proxy::Call::add_proxy {
        delegate: dev::account(delegate).into(),
        proxy_type: crate::configs::ProxyType::Any,
        delay: 0,
    };
    let call: RuntimeCall = pallet_utility::Call::batch {
        calls: vec![transfer("//Bob", 1)],
    }
    .into();
    let nested = proxy_of("//Charlie", proxy_of(HOSPITAL, call.clone()));
    let direct = proxy_of(HOSPITAL, call.clone());
    let in_batch: RuntimeCall = pallet_utility::Call::batch {
        calls: vec![remark(1), direct.clone()],
    }
    .into();
    let weight = |call: &RuntimeCall| CheckAdmission.weight(call);
    assert_eq!(weight(&in_batch), weight(&remark(1)) * 2);
    assert_eq!(weight(&nested), weight(&remark(1)) * 3);

    let transactions = [
        (HOSPITAL, 0, add("//Bob").into()),
        (HOSPITAL, 1, add("//Charlie").into()),
        ("//Charlie", 0, add("//Bob").into()),
        ("//Bob", 0, direct.clone()),
        (REGULATOR, 0, open_case(member)),
        (REGULATOR, 1, hold(member)),
    ];
    for (path, nonce, call) in transactions {
        let call: RuntimeCall = call;
        let transaction = chain.sign(path, nonce, call);
        assert_eq!(chain.one(transaction), Ok(Ok(())), "{path}");
    }
    let before = chain.free(HOSPITAL);
    for call in [direct.clone(), in_batch, nested] {
        is_silent(&mut chain, "//Bob", 1, call);
    }
    assert_eq!(chain.free(HOSPITAL), before);
    let vote = pallet_collective::Call::vote {
        proposal: Hash::zero(),
        index: 0,
        approve: true,
    };
    // There is no such motion, but the proxy may vote.
    let voted = chain.sign("//Bob", 1, proxy_of(HOSPITAL, vote.into()));
    assert_eq!(chain.one(voted), Ok(Ok(())));
    let lifted = chain.sign(REGULATOR, 2, lift(member));
    assert_eq!(chain.one(lifted), Ok(Ok(())));
    let again = chain.sign("//Bob", 2, direct);
    assert_eq!(chain.one(again), Ok(Ok(())));
    assert_eq!(chain.free(HOSPITAL), before - 1);
    chain.check();
}

/// Neither the council nor a regulator undoes what the other did.
#[test]
fn hold_and_suspension_are_apart() {
    let party = Party::Patient(PatientId(0));
    let (mut chain, nonce) = holding(&[party]);
    let suspend = pallet_members::Call::suspend { party };
    motion(&mut chain, [0, 0, 0, nonce], suspend.into());
    let lifted = chain.sign(REGULATOR, nonce + 1, lift(party));
    assert_eq!(chain.one(lifted), Ok(Ok(())));
    is_silent(&mut chain, PATIENT, 0, remark(1));
    let held = chain.sign(REGULATOR, nonce + 2, hold(party));
    assert_eq!(chain.one(held), Ok(Ok(())));
    let lift_suspension = pallet_members::Call::lift { party };
    motion(&mut chain, [3, 1, 1, nonce + 3], lift_suspension.into());
    is_silent(&mut chain, PATIENT, 0, remark(1));
    let lifted = chain.sign(REGULATOR, nonce + 4, lift(party));
    assert_eq!(chain.one(lifted), Ok(Ok(())));
    let transaction = chain.sign(PATIENT, 0, remark(1));
    assert_eq!(chain.one(transaction), Ok(Ok(())));
    chain.check();
}

#[test]
fn who_is_held_vetoes_and_does_nothing_else() {
    let parties = [
        Party::Patient(PatientId(0)),
        Party::Practitioner(PractitionerId(0)),
    ];
    let (mut chain, _) = holding(&parties);
    let persons = [
        (PATIENT, Principal::Patient(PatientId(0)), "//New//1"),
        (
            DOCTOR,
            Principal::Practitioner(PractitionerId(0)),
            "//New//2",
        ),
    ];
    for (nonce, (path, principal, new)) in (0..).zip(persons) {
        let propose = pallet_members::Call::propose_replacement {
            principal,
            account: dev::account(new),
            encryption_key: dev::encryption_key(new),
        };
        let proposed = chain.sign(HOSPITAL, nonce, propose);
        assert_eq!(chain.one(proposed), Ok(Ok(())));
        is_silent(&mut chain, path, 0, remark(1));
        let batch = pallet_utility::Call::batch {
            calls: vec![pallet_members::Call::veto_replacement {}.into()],
        };
        is_silent(&mut chain, path, 0, batch);
        let veto = chain.sign(path, 0, pallet_members::Call::veto_replacement {});
        assert_eq!(chain.one(veto), Ok(Ok(())));
    }
    chain.check();
}

/// Being a provider of payments besides does not let in who is stopped.
#[test]
fn a_party_that_is_stopped_is_not_let_in_as_a_provider() {
    let party = Party::Patient(PatientId(0));
    let (mut chain, _) = holding(&[party]);
    let provider = |path: &str| dev::account(path);
    chain.ext.execute_with(|| {
        for path in [PATIENT, "//Provider"] {
            pallet_payments::ProviderAccounts::<Runtime>::insert(provider(path), ProviderId(0));
        }
    });
    is_silent(&mut chain, PATIENT, 0, remark(1));
    let by_provider = chain.sign("//Provider", 0, remark(1));
    assert_eq!(chain.validate(&by_provider).map(|_| ()), Ok(()));
}
