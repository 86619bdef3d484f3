//! A lost account gives way to another, and the money follows.

use frame_support::traits::fungible::InspectHold;
use pallet_appointments::types::Acting;
use pallet_members::Principal;
use xinglin_primitives::{time::DAY_MS, AppointmentId, MemberId, PatientId, ScheduleId};

use super::{
    domain::{schedule, FEE_FEN},
    *,
};
use crate::{Balances, Runtime};

const PATIENT: &str = "//Alice//patient//1";
const NEW: &str = "//Alice//patient//1//new";
const ME: Principal = Principal::Patient(PatientId(0));
/// When the visits are: after the account was replaced.
const FIRST: Moment = START + 5 * DAY_MS;
const SECOND: Moment = START + 6 * DAY_MS;

fn book(schedule: u32) -> RuntimeCall {
    pallet_appointments::Call::book {
        patient: PatientId(0),
        schedule: ScheduleId(schedule),
        slot: 0,
        waitlist: false,
        pre_visit_grant: None,
    }
    .into()
}

impl Chain {
    fn issuance(&mut self) -> u128 {
        self.ext
            .execute_with(pallet_balances::TotalIssuance::<Runtime>::get)
    }

    fn held(&mut self, path: &str) -> u128 {
        let account = dev::account(path);
        self.ext
            .execute_with(|| Balances::total_balance_on_hold(&account))
    }

    fn do_all(
        &mut self,
        transactions: impl IntoIterator<Item = (&'static str, Nonce, RuntimeCall)>,
    ) {
        for (path, nonce, call) in transactions {
            let transaction = self.sign(path, nonce, call.clone());
            assert_eq!(self.one(transaction), Ok(Ok(())), "{path}: {call:?}");
        }
    }
}

/// A chain on which the patient has booked two visits and then had the account replaced.
fn replaced() -> Chain {
    let mut chain = Chain::new();
    let propose = pallet_members::Call::propose_replacement {
        principal: ME,
        account: dev::account(NEW),
        encryption_key: dev::encryption_key(NEW),
    };
    let approve = pallet_members::Call::approve_replacement {
        principal: ME,
        account: dev::account(NEW),
    };
    chain.do_all([
        ("//Alice", 0, schedule(FIRST)),
        ("//Alice", 1, schedule(SECOND)),
        (PATIENT, 0, book(0)),
        (PATIENT, 1, book(1)),
        ("//Alice", 2, propose.into()),
        ("//Bob", 0, approve.into()),
    ]);
    let (issued, free) = (chain.issuance(), chain.free(PATIENT));
    assert_eq!(chain.held(PATIENT), 2 * FEE_FEN);
    chain.now = START + 4 * DAY_MS;
    let complete = pallet_members::Call::complete_replacement { principal: ME };
    chain.do_all([("//Charlie", 0, complete.into())]);

    assert_eq!(chain.issuance(), issued);
    assert_eq!((chain.free(PATIENT), chain.held(PATIENT)), (0, 2 * FEE_FEN));
    assert_eq!((chain.free(NEW), chain.held(NEW)), (free, 0));
    chain.check();
    chain
}

#[test]
fn the_whole_free_balance_follows_and_fees_in_escrow_settle() {
    let mut chain = replaced();
    let (issued, free) = (chain.issuance(), chain.free(NEW));
    let acting = Acting::Patient(PatientId(0));
    let cancel = pallet_appointments::Call::cancel {
        appointment: AppointmentId(0),
        acting,
    };
    chain.do_all([(NEW, 0, cancel.into())]);
    assert_eq!(chain.free(NEW), free + FEE_FEN, "the fee comes back to her");
    assert_eq!(chain.held(PATIENT), FEE_FEN);

    let hospital = chain.free("//Alice");
    let appointment = AppointmentId(1);
    chain.now = SECOND - 1_000;
    chain.do_all([
        (
            "//Alice",
            3,
            pallet_appointments::Call::check_in { appointment }.into(),
        ),
        (
            "//Alice//doctor//1",
            0,
            pallet_appointments::Call::complete { appointment }.into(),
        ),
    ]);
    assert_eq!(chain.free("//Alice"), hospital + FEE_FEN, "the fee is paid");
    assert_eq!((chain.free(PATIENT), chain.held(PATIENT)), (0, 0));
    assert_eq!(chain.free(NEW), free + FEE_FEN);
    assert_eq!(chain.issuance(), issued);
    chain.check();
}

/// Who has the lost key has nothing by it any more.
#[test]
fn the_lost_account_is_nobodys() {
    let mut chain = replaced();
    let last = chain.sign(PATIENT, 2, transfer("//Bob", 1));
    assert_eq!(chain.one(last), Err(invalid(InvalidTransaction::BadSigner)));
}

#[test]
fn an_account_without_money_is_replaced_too() {
    let mut chain = Chain::new();
    let all: RuntimeCall = pallet_balances::Call::transfer_all {
        dest: dev::account("//Bob").into(),
        keep_alive: false,
    }
    .into();
    let change = pallet_members::Call::change_member_account {
        member: MemberId(0),
        account: dev::account(NEW),
    };
    chain.do_all([("//Alice", 0, all), ("//Alice", 1, change.into())]);
    assert_eq!((chain.free("//Alice"), chain.free(NEW)), (0, 0));
    chain.do_all([(NEW, 0, remark(1))]);
    chain.check();
}

#[test]
fn a_members_money_follows_it() {
    let mut chain = Chain::new();
    let (issued, free) = (chain.issuance(), chain.free("//Alice"));
    let change = pallet_members::Call::change_member_account {
        member: MemberId(0),
        account: dev::account(NEW),
    };
    chain.do_all([("//Alice", 0, change.into())]);
    assert_eq!((chain.free("//Alice"), chain.free(NEW)), (0, free));
    assert_eq!(chain.issuance(), issued);
    chain.check();
}
