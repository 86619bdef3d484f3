//! Settlements and claims, beside payments, refunds and each other.

use pallet_payments::{
    states::{InvoiceState, Tally},
    types::RefundOf,
};
use xinglin_primitives::{Balance, CoverageId, Hash, InvoiceId};
use xinglin_runtime::{Runtime, RuntimeCall};
use xinglin_sdk::operation::random_id;

use super::{
    books::{covered, paid, settlement_of, split, Books},
    drafts::PRICE_FEN,
    expect_results, first_of,
    network::Network,
    only, pay, refund, refused, PaymentError, CARERS, HOSPITAL, PATIENT, PATIENTS,
};

type InsuranceError = pallet_insurance::Error<Runtime>;

/// What the patient allows of her personal account for an invoice.
const ALLOWED_FEN: Balance = 1_000;
/// More than the fund leaves to her of the price.
const DEPOSIT_FEN: Balance = 4_000;
/// Less than that.
const PART_FEN: Balance = 1_000;

/// By the coverage with this number.
fn settle(
    invoice: InvoiceId,
    coverage: u64,
    account_max_fen: Balance,
    payment: Option<Hash>,
) -> RuntimeCall {
    let call = pallet_insurance::Call::<Runtime>::settle {
        invoice,
        coverage: CoverageId(coverage),
        account_max_fen,
        payment,
    };
    call.into()
}

fn claim(invoice: InvoiceId, account_max_fen: Balance) -> RuntimeCall {
    let call = pallet_insurance::Call::<Runtime>::claim {
        invoice,
        coverage: CoverageId(0),
        account_max_fen,
    };
    call.into()
}

fn settled() -> String {
    "settled".to_owned()
}

/// The patient settles and pays the rest, the hospital settles, and one who pays for her pays all.
pub async fn settle_or_pay(network: &Network) {
    let invoice = network.issue(0, "settle or pay", PRICE_FEN).await;
    let before = network.books(0).await;
    let outcomes = network
        .at_once([
            (
                1,
                PATIENT,
                settle(invoice, 0, ALLOWED_FEN, Some(random_id())),
            ),
            (0, HOSPITAL, settle(invoice, 0, 0, None)),
            (2, CARERS[0], pay(invoice, PRICE_FEN, random_id())),
        ])
        .await;

    let first = first_of(&outcomes);
    let again = || refused(InsuranceError::AlreadySettled);
    let late = || refused(InsuranceError::PaidInFull);
    let results = match first {
        0 => [settled(), again(), refused(PaymentError::WrongState)],
        1 => [again(), settled(), refused(PaymentError::Overpaid)],
        _ => [late(), late(), "paid".to_owned()],
    };
    expect_results(&outcomes, results);
    let (books, tally, state) = match first {
        0 => {
            let split = split(PRICE_FEN, ALLOWED_FEN);
            let rest_fen = split.cash_fen;
            (
                before.settled(&split, 0).paid(rest_fen),
                covered(&outcomes[0], rest_fen, PRICE_FEN - rest_fen),
                InvoiceState::Balanced,
            )
        }
        1 => {
            let split = split(PRICE_FEN, 0);
            (
                before.settled(&split, 0),
                covered(&outcomes[1], 0, split.fund_fen()),
                InvoiceState::PartlyPaid,
            )
        }
        _ => (before.paid(PRICE_FEN), paid(PRICE_FEN), InvoiceState::Paid),
    };
    network.expect_books(0, books).await;
    network.expect_invoice(invoice, &tally, state).await;
}

/// One who pays for the patient pays a deposit (押金), and she settles and pays the rest. What the
/// deposit is above her part comes back to her, and then nothing is left for her account to pay.
pub async fn settle_beside_a_deposit(network: &Network) {
    let invoice = network.issue(0, "deposit", PRICE_FEN).await;
    let before = network.books(0).await;
    let outcomes = network
        .at_once([
            (1, CARERS[0], pay(invoice, DEPOSIT_FEN, random_id())),
            (
                2,
                PATIENT,
                settle(invoice, 0, ALLOWED_FEN, Some(random_id())),
            ),
        ])
        .await;

    let first = first_of(&outcomes);
    let result = match first {
        0 => "paid".to_owned(),
        _ => refused(PaymentError::WrongState),
    };
    expect_results(&outcomes, [result, settled()]);
    let (paid_fen, books) = match first {
        0 => {
            let split = split(PRICE_FEN, 0);
            let back_fen = DEPOSIT_FEN - split.person_fen();
            let books = before.paid(DEPOSIT_FEN).settled(&split, back_fen);
            (DEPOSIT_FEN, books)
        }
        _ => {
            let split = split(PRICE_FEN, ALLOWED_FEN);
            let books = before.settled(&split, 0).paid(split.cash_fen);
            (split.cash_fen, books)
        }
    };
    let tally = covered(&outcomes[1], paid_fen, PRICE_FEN - paid_fen);
    network.expect_books(0, books).await;
    network
        .expect_invoice(invoice, &tally, InvoiceState::Balanced)
        .await;
}

/// The patient settles and pays the rest under the id under which another pays a part for her. If she
/// comes too late, nothing of the settlement is left.
pub async fn settle_under_the_id_of_a_payment(network: &Network) {
    let invoice = network.issue(0, "one id", PRICE_FEN).await;
    let before = network.books(0).await;
    let payment = random_id();
    let outcomes = network
        .at_once([
            (1, PATIENT, settle(invoice, 0, 0, Some(payment))),
            (2, CARERS[0], pay(invoice, PART_FEN, payment)),
        ])
        .await;

    let first = first_of(&outcomes);
    let does = ["settled", "paid"][first];
    expect_results(&outcomes, only(first, does, PaymentError::PaymentIdUsed));
    let split = split(PRICE_FEN, 0);
    let (books, tally, state) = match first {
        0 => (
            before.settled(&split, 0).paid(split.cash_fen),
            covered(&outcomes[0], split.cash_fen, split.fund_fen()),
            InvoiceState::Balanced,
        ),
        _ => (
            before.paid(PART_FEN),
            paid(PART_FEN),
            InvoiceState::PartlyPaid,
        ),
    };
    network.expect_books(0, books).await;
    network.expect_invoice(invoice, &tally, state).await;
}

/// Of an invoice that is paid in full, the patient and one who pays for her claim what insurance
/// pays, and the hospital gives everything back.
pub async fn claim_or_refund(network: &Network) {
    let invoice = network.issue(0, "claim or refund", PRICE_FEN).await;
    let payment = pay(invoice, PRICE_FEN, random_id());
    network.act(PATIENT, payment).await;
    let before = network.books(0).await;
    let everything = refund(invoice, RefundOf::Everything, random_id());
    let outcomes = network
        .at_once([
            (1, PATIENT, claim(invoice, ALLOWED_FEN)),
            (2, CARERS[0], claim(invoice, 0)),
            (0, HOSPITAL, everything),
        ])
        .await;

    let first = first_of(&outcomes);
    let again = || refused(InsuranceError::AlreadySettled);
    let late = || refused(InsuranceError::InvoiceNotOpen);
    let results = match first {
        0 => [settled(), again(), refused(PaymentError::Settled)],
        1 => [again(), settled(), refused(PaymentError::Settled)],
        _ => [late(), late(), "refunded".to_owned()],
    };
    expect_results(&outcomes, results);
    let claimed = |allowed_fen| {
        let split = split(PRICE_FEN, allowed_fen);
        (
            before.settled(&split, split.fund_fen() + allowed_fen),
            covered(&outcomes[first], PRICE_FEN, 0),
            InvoiceState::Balanced,
        )
    };
    let (books, tally, state) = match first {
        0 => claimed(ALLOWED_FEN),
        1 => claimed(0),
        _ => {
            let tally = Tally {
                refunded_fen: PRICE_FEN,
                ..paid(0)
            };
            (before.refunded(PRICE_FEN), tally, InvoiceState::Refunded)
        }
    };
    network.expect_books(0, books).await;
    network.expect_invoice(invoice, &tally, state).await;
}

/// Two patients settle, each of them for more than half of what the fund has.
pub async fn no_more_than_the_fund(network: &Network) {
    let before = [network.books(0).await, network.books(1).await];
    let price_fen = before[0].fund_fen;
    let invoices = [
        network.issue(0, "the fund", price_fen).await,
        network.issue(1, "the fund", price_fen).await,
    ];
    let outcomes = network
        .at_once([
            (1, PATIENTS[0], settle(invoices[0], 0, 0, None)),
            (2, PATIENTS[1], settle(invoices[1], 1, 0, None)),
        ])
        .await;

    let first = first_of(&outcomes);
    let results = only(first, "settled", InsuranceError::FundTooSmall);
    expect_results(&outcomes, results);
    let split = split(price_fen, 0);
    let books = before[first].settled(&split, 0);
    network.expect_books(first, books).await;
    let other = 1 - first;
    let untouched = Books {
        hospital_fen: books.hospital_fen,
        fund_fen: books.fund_fen,
        ..before[other]
    };
    network.expect_books(other, untouched).await;
    let unpaid = Tally::new(price_fen);
    let tally = Tally {
        covered_fen: split.fund_fen(),
        settlement: Some(settlement_of(&outcomes[first])),
        ..unpaid.clone()
    };
    network
        .expect_invoice(invoices[first], &tally, InvoiceState::PartlyPaid)
        .await;
    network
        .expect_invoice(invoices[other], &unpaid, InvoiceState::Issued)
        .await;
}
