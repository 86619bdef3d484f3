//! What is stored, signed and sent, byte by byte: a change of layout needs a migration and a new
//! version.

use codec::Encode;
use frame_support::BoundedVec;
use sp_io::hashing::blake2_128;
use xinglin_primitives::{AppointmentId, Hash, InvoiceId, SettlementId};

use crate::{
    mock::*,
    number::InvoiceNumber,
    states::{InvoiceState, Tally},
    types::{
        BankBook, Invoice, LinePart, Name, Owner, Payment, PaymentRecord, Provider, Reason,
        RedLetter, Redemption, RedemptionId, RefundOf, RefundRecord, Rejection, Repayment, Source,
    },
    Call,
};

fn digest(value: impl Encode) -> String {
    let hash = blake2_128(&value.encode());
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn number() -> InvoiceNumber {
    InvoiceNumber {
        year: 2024,
        member: HOSPITAL,
        sequence: 3,
    }
}

fn invoice() -> Invoice {
    let new = charge(&[(1_000, 3)]);
    Invoice {
        number: number(),
        patient: ALICE,
        visit: Some(VISIT),
        setting: new.setting,
        service: new.service,
        issued_at: morning(),
        issued_in: 6,
        details: new.details,
        tally: Tally {
            paid_fen: 1,
            covered_fen: 2,
            settlement: Some(SettlementId(5)),
            ..Tally::new(3_000)
        },
        previous_of_patient: Some(InvoiceId(1)),
        previous_of_visit: Some(InvoiceId(2)),
    }
}

fn red_letter() -> RedLetter {
    RedLetter {
        number: number(),
        blue: InvoiceId(4),
        issued_at: morning(),
        issued_in: 6,
        reason: Reason::Allowance,
        parts: BoundedVec::truncate_from(vec![part()]),
        total_fen: 20,
        to_balance_fen: 5,
        outside: BoundedVec::truncate_from(vec![Repayment {
            provider: CARD,
            reference: hash(1),
            amount_fen: 15,
            confirmed: Some(hash(2)),
        }]),
    }
}

fn part() -> LinePart {
    LinePart {
        line: 1,
        quantity: 2,
        amount_fen: 20,
    }
}

fn payments() -> [Payment; 2] {
    let booked = |source| Payment {
        source,
        amount_fen: 9,
        returned_fen: 1,
        at: morning(),
    };
    [
        booked(Source::Balance {
            payment: hash(1),
            is_delegated: true,
        }),
        booked(Source::Outside {
            provider: CARD,
            reference: hash(2),
            paid_at: 7,
        }),
    ]
}

#[test]
fn what_is_stored_keeps_its_layout() {
    use InvoiceState::*;
    let redemption = Redemption {
        holder: [1u8; 32],
        owner: Some(Owner::Patient(ALICE)),
        bank: BANK,
        amount_fen: 5,
        payout: hash(1),
        requested_at: morning(),
    };
    let provider = Provider {
        name: Name::truncate_from(b"Wallet".to_vec()),
        account: [2u8; 32],
        key: key_of(WALLET),
        is_retired: true,
    };
    let book = BankBook {
        issued_fen: 3,
        redeemed_fen: 2,
        pending_fen: 1,
    };
    let payment_record = PaymentRecord {
        invoice: InvoiceId(1),
        amount_fen: 2,
    };
    let refund_record = RefundRecord {
        red: InvoiceId(1),
        request: hash(2),
    };
    let states = [
        Issued,
        PartlyPaid,
        Paid,
        Balanced,
        Cancelled,
        PartlyRefunded,
        Refunded,
    ];
    let digests = [
        ("invoice", digest(invoice())),
        ("red letter", digest(red_letter())),
        ("payments", digest(payments())),
        ("records", digest((payment_record, refund_record))),
        ("redemption", digest(redemption)),
        ("provider", digest((provider, key_of(CARD)))),
        ("book", digest(book)),
        ("states", digest(states)),
    ];
    let expected = [
        ("invoice", "f82df6f7172429e6363f642d80295232"),
        ("red letter", "d8b61a595c36aadaa3790c80addfeb91"),
        ("payments", "0be7e8df54d123cc6824d8374b9150d1"),
        ("records", "c43029037dfd6da45e9d986353a0fa3a"),
        ("redemption", "5c7d25fff17f3914ef7b27c16769670d"),
        ("provider", "485ca5eca6745857bdeb24d52dbf49ed"),
        ("book", "5e9b5fbc94a2567466f882699570d514"),
        ("states", "162197197f38df3fe9cfd909c539e0a5"),
    ];
    assert_eq!(
        digests,
        expected.map(|(name, digest)| (name, digest.to_string()))
    );
}

#[test]
fn what_providers_sign_keeps_its_layout() {
    let payload = receipt(CARD, 1, InvoiceId(2), 3).payload(&Hash::repeat_byte(9));
    let mut expected = b"xinglin/provider-receipt/v1".to_vec();
    expected.extend([9; 32]);
    expected.extend(1u16.to_le_bytes());
    expected.extend(hash(1).0);
    expected.extend(2u64.to_le_bytes());
    // Compact: 3 in the upper bits.
    expected.push(3 << 2);
    expected.extend((morning() - 1).to_le_bytes());
    assert_eq!(payload, expected);
}

#[test]
fn calls_keep_their_layout() {
    let (redemption, invoice) = (RedemptionId(1), InvoiceId(2));
    let (account, key) = (9, key_of(CARD));
    let receipt = receipt(CARD, 1, invoice, 3);
    let mut new = charge(&[(1_000, 3)]);
    new.visit = Some(AppointmentId(4));
    let calls: [Call<Test>; 14] = [
        Call::issue {
            to: account,
            amount_fen: 5,
            reference: hash(1),
        },
        Call::request_redemption {
            bank: BANK,
            amount_fen: 5,
            payout: hash(1),
        },
        Call::confirm_redemption {
            redemption,
            reference: hash(1),
        },
        Call::reject_redemption {
            redemption,
            reason: Rejection::Compliance,
        },
        Call::withdraw_redemption { redemption },
        Call::register_provider {
            name: Name::truncate_from(b"x".to_vec()),
            account,
            key,
        },
        Call::change_provider {
            provider: CARD,
            account,
            key,
        },
        Call::retire_provider { provider: CARD },
        issuing(new, 0),
        Call::cancel_invoice {
            invoice,
            reason: Reason::Other,
        },
        payment(invoice, 5, 1),
        Call::pay_external {
            receipt: receipt.clone(),
            signature: [7; 64],
        },
        refund_of(
            invoice,
            RefundOf::Parts(BoundedVec::truncate_from(vec![part()])),
            1,
        ),
        Call::confirm_repayment {
            receipt,
            signature: [7; 64],
        },
    ];
    for (index, call) in calls.iter().enumerate() {
        assert_eq!(usize::from(call.encode()[0]), index);
    }
    assert_eq!(digest(calls), "bee599aa49c1d2b38ae896ef80d90bba");
}
