//! Invoices and insurance.

use pallet_insurance::types::{AccountHeir, Decision};
use pallet_payments::{
    receipts::{ProviderReceipt, ReceiptSignature},
    types::{ProviderId, Reason},
};
use sp_core::Pair;
use xinglin_primitives::{
    time::{Date, DAY_MS},
    ClaimId, CoverageId, Hash, InvoiceId, SchemeId, SettlementId,
};
use xinglin_runtime::{genesis::dev, RuntimeCall};

use super::{
    super::{
        calls::{decide, invoice, pay, refund, settle, HOSPITAL, INSURER, PRICE_FEN},
        chain::Chain,
        shared,
    },
    PATIENT, PROVIDER, RENEWED,
};

fn today(chain: &Chain) -> Date {
    Date::of(chain.now_ms)
}

/// The invoice of the visit is settled with money of the personal account; that is taken back, and so is
/// the invoice, at which the insurer looks.
pub(super) fn settlements(chain: &mut Chain) {
    let today = today(chain);
    let coverage = CoverageId(1);
    let enrol = shared::enrol(PATIENT);
    let amount_fen = 10_000;
    let credit = pallet_insurance::Call::credit_account {
        coverage,
        amount_fen,
    };
    chain.block(
        1_000,
        vec![
            (INSURER, enrol),
            (INSURER, credit.into()),
            (HOSPITAL, invoice(5, Some(5), b"visit", today)),
        ],
    );
    let settle = pallet_insurance::Call::settle {
        invoice: InvoiceId(3),
        coverage,
        account_max_fen: 5_000,
        payment: Some(Hash::repeat_byte(10)),
    };
    chain.block(1_000, vec![(RENEWED, settle.into())]);
    let reverse = pallet_insurance::Call::reverse {
        settlement: SettlementId(1),
    };
    chain.block(1_000, vec![(HOSPITAL, reverse.into())]);
    // Red-letter invoice 4.
    chain.block(1_000, vec![(HOSPITAL, refund(3, 12))]);
    let review = pallet_insurance::Call::review_refund {
        invoice: InvoiceId(3),
        reason: 7,
    };
    chain.block(1_000, vec![(INSURER, review.into())]);
}

fn appeal(claim: u64) -> RuntimeCall {
    let claim = ClaimId(claim);
    pallet_insurance::Call::appeal { claim }.into()
}

/// One claim is approved in part, and in full after an appeal; one is taken back; one is denied twice.
pub(super) fn claims(chain: &mut Chain) {
    let today = today(chain);
    chain.block(
        1_000,
        vec![
            (HOSPITAL, invoice(5, None, b"part", today)),
            (HOSPITAL, invoice(5, None, b"paid", today)),
            (HOSPITAL, invoice(5, None, b"denied", today)),
            (HOSPITAL, invoice(5, None, b"mistaken", today)),
        ],
    );
    let cancel = pallet_payments::Call::cancel_invoice {
        invoice: InvoiceId(8),
        reason: Reason::Error,
    };
    chain.block(
        1_000,
        vec![
            (RENEWED, settle(5, 1)),
            (RENEWED, pay(6, PRICE_FEN.into(), 11)),
            (HOSPITAL, cancel.into()),
        ],
    );
    let claim = pallet_insurance::Call::claim {
        invoice: InvoiceId(6),
        coverage: CoverageId(1),
        account_max_fen: 0,
    };
    chain.block(
        1_000,
        vec![(RENEWED, claim.into()), (RENEWED, settle(7, 1))],
    );
    let part = Decision::Part { fund_fen: 50_000 };
    let withdraw = pallet_insurance::Call::withdraw { claim: ClaimId(2) };
    chain.block(
        1_000,
        vec![
            (INSURER, decide(1, part)),
            (RENEWED, withdraw.into()),
            (INSURER, decide(3, Decision::Deny)),
        ],
    );
    chain.block(1_000, vec![(RENEWED, appeal(1)), (RENEWED, appeal(3))]);
    chain.block(
        1_000,
        vec![
            (INSURER, decide(1, Decision::Approve)),
            (INSURER, decide(3, Decision::Deny)),
        ],
    );
}

fn receipt(chain: &Chain, invoice: u64, reference: u8) -> (ProviderReceipt, ReceiptSignature) {
    let receipt = ProviderReceipt {
        provider: ProviderId(0),
        reference: Hash::repeat_byte(reference),
        invoice: InvoiceId(invoice),
        amount_fen: PRICE_FEN.into(),
        paid_at: chain.now_ms,
    };
    let signature = dev::key_pair(PROVIDER).sign(&receipt.payload(&chain.genesis()));
    (receipt, signature.0)
}

/// An invoice is paid outside of the chain, and paid back there.
pub(super) fn outside_payments(chain: &mut Chain) {
    let day = today(chain);
    chain.block(1_000, vec![(HOSPITAL, invoice(5, None, b"outside", day))]);
    let (receipt_of_blue, signature) = receipt(chain, 9, 30);
    let pay = pallet_payments::Call::pay_external {
        receipt: receipt_of_blue,
        signature,
    };
    chain.block(1_000, vec![(HOSPITAL, pay.into())]);
    // Red-letter invoice 10.
    chain.block(1_000, vec![(HOSPITAL, refund(9, 13))]);
    let (receipt_of_red, signature) = receipt(chain, 10, 31);
    let confirm = pallet_payments::Call::confirm_repayment {
        receipt: receipt_of_red,
        signature,
    };
    chain.block(1_000, vec![(HOSPITAL, confirm.into())]);
}

/// A coverage ends, and what is left in its account goes to the patient; the scheme will be closed.
pub(super) fn end_of_coverage(chain: &mut Chain) {
    let today = today(chain);
    let coverage = CoverageId(1);
    let end = pallet_insurance::Call::set_coverage_end {
        coverage,
        until: Some(today),
    };
    let close = pallet_insurance::Call::close_scheme {
        scheme: SchemeId(0),
        last: Date(today.0 + 30),
    };
    chain.block(1_000, vec![(INSURER, end.into()), (INSURER, close.into())]);
    let release = pallet_insurance::Call::release_account {
        coverage,
        heir: AccountHeir::Patient,
    };
    chain.block(DAY_MS, vec![(INSURER, release.into())]);
}
