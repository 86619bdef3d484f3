#![allow(
    clippy::unwrap_used,
    missing_docs,
    reason = "a test that cannot go on should panic"
)]

mod apis;
mod blocks;
mod ciphertexts;
mod devices;
mod domain;
mod genesis;
mod metadata;
mod money;
mod oversight;
mod policy;
mod privacy;
mod replacement;
mod settlements;
mod transactions;
mod trusted_time;
mod upgrade;
mod visits;

use codec::Encode;
use sp_core::{storage::well_known_keys::CODE, Pair};
use sp_io::TestExternalities;
use sp_runtime::{
    generic::Era,
    traits::Header as _,
    transaction_validity::{InvalidTransaction, TransactionValidityError},
    ApplyExtrinsicResult, StateVersion,
};
use xinglin_primitives::{
    receipt::extrinsics_root, time::Moment, AccountId, BlockNumber, Hash, Header, Nonce,
};

use crate::{
    genesis::{self as presets, dev},
    native::{self, DecodedExtrinsic},
    RuntimeCall, System,
};

/// 2025-06-02, 08:00 in UTC+8.
const START: Moment = 1_748_822_400_000;

/// A chain of one node, on the preset `dev`.
struct Chain {
    ext: TestExternalities,
    genesis: Hash,
    tip: Header,
    now: Moment,
}

/// A block as it is sent.
struct Built {
    header: Header,
    body: Vec<DecodedExtrinsic>,
    outcomes: Vec<ApplyExtrinsicResult>,
}

impl Chain {
    fn new() -> Self {
        Self::of(presets::DEV)
    }

    fn of(preset: &str) -> Self {
        let storage = presets::build(&presets::config(preset).unwrap()).unwrap();
        let code = storage.top[CODE].clone();
        let mut ext = TestExternalities::new_with_code_and_state(&code, storage, StateVersion::V1);
        ext.commit_all().unwrap();
        let root = *ext.backend.root();
        let tip = Header::new(
            0,
            extrinsics_root(Vec::new()),
            root,
            Hash::zero(),
            Default::default(),
        );
        Self {
            ext,
            genesis: tip.hash(),
            tip,
            now: START,
        }
    }

    fn next(&self) -> BlockNumber {
        self.tip.number() + 1
    }

    /// A header on the tip, by //Alice.
    fn header(&self) -> Header {
        Header::new(
            self.next(),
            Hash::zero(),
            Hash::zero(),
            self.tip.hash(),
            native::digest_of(&dev::account("//Alice")),
        )
    }

    fn sign(&self, path: &str, nonce: Nonce, call: impl Into<RuntimeCall>) -> DecodedExtrinsic {
        self.sign_at(path, nonce, None, call)
    }

    fn sign_at(
        &self,
        path: &str,
        nonce: Nonce,
        at: Option<(Era, Hash)>,
        call: impl Into<RuntimeCall>,
    ) -> DecodedExtrinsic {
        let pair = dev::key_pair(path);
        let signed = native::sign(
            call.into(),
            dev::account(path),
            nonce,
            self.genesis,
            at,
            |payload| pair.sign(payload).into(),
        );
        DecodedExtrinsic::encode(signed).unwrap()
    }

    /// Builds a block on the tip and makes it the tip. Transactions that cannot be in it are left
    /// out, as a proposer does.
    fn block(&mut self, transactions: Vec<DecodedExtrinsic>) -> Built {
        self.now += 1_000;
        let header = self.header();
        let inherent = DecodedExtrinsic::encode(native::timestamp_inherent(self.now)).unwrap();
        let built = self.ext.execute_with(|| {
            native::initialize_block(&header).unwrap();
            native::apply(&inherent, None).unwrap().unwrap();
            let mut body = vec![inherent];
            let mut outcomes = Vec::new();
            for transaction in transactions {
                let outcome = native::apply(&transaction, None);
                if outcome.is_ok() {
                    body.push(transaction);
                }
                outcomes.push(outcome);
            }
            Built {
                header: native::finalize_block().unwrap(),
                body,
                outcomes,
            }
        });
        self.ext.commit_all().unwrap();
        assert_eq!(built.header.state_root(), self.ext.backend.root());
        self.tip = built.header.clone();
        built
    }

    /// A block with one transaction, and what became of it.
    fn one(&mut self, transaction: DecodedExtrinsic) -> ApplyExtrinsicResult {
        self.block(vec![transaction]).outcomes.remove(0)
    }

    /// Whether and where a transaction could be in the next block.
    fn validate(
        &mut self,
        transaction: &DecodedExtrinsic,
    ) -> sp_runtime::transaction_validity::TransactionValidity {
        let tip = self.tip.hash();
        self.discard(|| {
            native::begin_validation(&tip);
            let source = sp_runtime::transaction_validity::TransactionSource::External;
            native::validate(transaction, source, None)
        })
    }

    /// Runs on the state of the tip and discards the changes.
    fn discard<R>(&mut self, scope: impl FnOnce() -> R) -> R {
        self.ext.execute_with(|| {
            frame_support::storage::with_transaction_unchecked(|| {
                sp_runtime::TransactionOutcome::Rollback(scope())
            })
        })
    }

    /// Checks every invariant at the tip.
    fn check(&mut self) {
        self.ext.execute_with(native::try_state).unwrap();
    }

    fn free(&mut self, path: &str) -> u128 {
        let account = dev::account(path);
        self.ext
            .execute_with(|| System::account(&account).data.free)
    }
}

fn remark(bytes: usize) -> RuntimeCall {
    frame_system::Call::remark {
        remark: vec![7; bytes],
    }
    .into()
}

fn transfer(to: &str, fen: u128) -> RuntimeCall {
    pallet_balances::Call::transfer_allow_death {
        dest: dev::account(to).into(),
        value: fen,
    }
    .into()
}

fn invalid(why: InvalidTransaction) -> TransactionValidityError {
    why.into()
}

fn body_of(built: &Built) -> Vec<Vec<u8>> {
    built.body.iter().map(|it| it.bytes().to_vec()).collect()
}

/// The account of //Alice, encoded: most arguments of the functions by name are one account.
fn alice() -> (AccountId, Vec<u8>) {
    let account = dev::account("//Alice");
    let encoded = account.encode();
    (account, encoded)
}
