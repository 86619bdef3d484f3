//! In which transaction an invoice was issued. It is found in the body of its block, which every node
//! keeps; the events of the block are gone once a node has pruned its state.
//!
//! A body also has transactions that failed. The state tells what came to be: a blue invoice is matched
//! by all that its call says and by the envelope that it carries, a red-letter one by the id of the
//! refund, which leads to it.

use std::collections::BTreeMap;

use pallet_members::Role;
use pallet_payments::{
    types::{Invoice, RedLetter, RefundRecord},
    Call as PaymentCall, RefundIds,
};
use sp_runtime::{generic::Preamble, MultiAddress};
use xinglin_primitives::{
    glue::Lines, receipt::extrinsic_hash, AccountId, BlockNumber, Hash, InvoiceId, MemberId,
};
use xinglin_runtime::{
    calls::{all_signed_within, decode},
    Runtime, RuntimeCall,
};

use crate::{
    client::Client,
    envelope::content_hash,
    operation::OperationError,
    parties::{role_of, unknown},
};

/// Most calls of other accounts than the member's that are looked at.
const OTHERS_MAX: usize = 256;

/// Where an invoice was issued.
pub(super) struct Issuance {
    /// The height of the block.
    pub height: BlockNumber,
    /// The transaction.
    first: Hash,
    /// Transactions of the same block that say the same in the name of the same member. At most one of
    /// all has issued it, and only the events tell which.
    others: Vec<Hash>,
}

impl Issuance {
    /// The transaction that issued it: the one that a document states, if it may be that one.
    pub fn transaction(&self, stated: Option<Hash>) -> Hash {
        stated
            .filter(|stated| self.others.contains(stated))
            .unwrap_or(self.first)
    }
}

/// A transaction of a block.
struct Sent {
    hash: Hash,
    signer: AccountId,
    call: RuntimeCall,
}

/// A transaction that says what the state has, and in whose name.
struct Candidate {
    transaction: Hash,
    by: AccountId,
}

/// Where a blue invoice was issued.
pub(super) async fn of_blue(
    client: &Client,
    id: InvoiceId,
    (invoice, lines): (&Invoice, &Lines),
) -> Result<Issuance, OperationError> {
    let height = invoice.issued_in;
    let mut candidates = Vec::new();
    for sent in sent_in(client, height).await? {
        candidates.extend(sent.candidates(|call| issues(call, invoice, lines).then_some(())));
    }
    let candidates = candidates.into_iter().map(|(one, ())| one).collect();
    // Others than the member's accounts have copied it, and were refused; unless the account that issued
    // it has left the member since.
    let mut accounts = Accounts::of(invoice.number.member);
    let (own, others) = accounts.split(client, candidates, |one| one).await?;
    let candidates = if own.is_empty() { others } else { own };
    issuance(height, candidates).ok_or_else(|| unknown(format_args!("transaction of invoice {id}")))
}

/// Where a red-letter invoice was issued.
pub(super) async fn of_red(
    client: &Client,
    id: InvoiceId,
    letter: &RedLetter,
) -> Result<Issuance, OperationError> {
    let (height, member) = (letter.issued_in, letter.number.member);
    let mut asked = Vec::new();
    for sent in sent_in(client, height).await? {
        asked.extend(sent.candidates(|call| refund_of(call, letter)));
    }
    let mut accounts = Accounts::of(member);
    let (own, others) = accounts
        .split(client, asked, |(candidate, _)| candidate)
        .await?;
    // Anybody can sign any number of such calls, so that they are looked at only if the account that
    // issued it has left the member since.
    let mut candidates = with_record(client, (id, member), own).await?;
    if candidates.is_empty() {
        let others = others.into_iter().take(OTHERS_MAX).collect();
        candidates = with_record(client, (id, member), others).await?;
    }
    issuance(height, candidates).ok_or_else(|| unknown(format_args!("transaction of invoice {id}")))
}

/// Those of whose refunds the state says that they led to this red-letter invoice.
async fn with_record(
    client: &Client,
    (id, member): (InvoiceId, MemberId),
    asked: Vec<(Candidate, (Hash, Hash))>,
) -> Result<Vec<Candidate>, OperationError> {
    let tip = client.tip().await?;
    let mut candidates = Vec::new();
    for (candidate, (refund, request)) in asked {
        let key = RefundIds::<Runtime>::hashed_key_for(member, refund);
        let record: Option<RefundRecord> = client.storage(&key, tip).await?;
        if record.is_some_and(|record| record.red == id && record.request == request) {
            candidates.push(candidate);
        }
    }
    Ok(candidates)
}

/// The transactions of a block that an account has signed.
async fn sent_in(client: &Client, height: BlockNumber) -> Result<Vec<Sent>, OperationError> {
    let block = client.block_hash(height).await?;
    let body = client.body(block).await?;
    Ok(body.iter().filter_map(|encoded| sent(encoded)).collect())
}

fn sent(encoded: &[u8]) -> Option<Sent> {
    let extrinsic = decode(encoded)?;
    match extrinsic.preamble {
        Preamble::Signed(MultiAddress::Id(signer), ..) => Some(Sent {
            hash: extrinsic_hash(encoded),
            signer,
            call: extrinsic.function,
        }),
        _ => None,
    }
}

impl Sent {
    /// The calls within the transaction of which `pick` takes something.
    fn candidates<T>(&self, pick: impl Fn(&RuntimeCall) -> Option<T>) -> Vec<(Candidate, T)> {
        let calls = all_signed_within(&self.call, &self.signer);
        let picked = calls.filter_map(|(call, by)| {
            let transaction = self.hash;
            Some((Candidate { transaction, by }, pick(call)?))
        });
        picked.collect()
    }
}

/// Whether a call issues what the state has as this invoice. No other invoice has its envelope.
fn issues(call: &RuntimeCall, invoice: &Invoice, lines: &Lines) -> bool {
    let RuntimeCall::Payments(PaymentCall::issue_invoice {
        invoice: new,
        envelope,
    }) = call
    else {
        return false;
    };
    new.details == invoice.details
        && new.patient == invoice.patient
        && new.visit == invoice.visit
        && new.setting == invoice.setting
        && new.service == invoice.service
        && new.lines == *lines
        && content_hash(envelope) == invoice.details.envelope
}

/// The id and the request of a refund by which a call may have issued a red-letter invoice.
fn refund_of(call: &RuntimeCall, letter: &RedLetter) -> Option<(Hash, Hash)> {
    let RuntimeCall::Payments(PaymentCall::refund {
        invoice,
        what,
        reason,
        refund,
    }) = call
    else {
        return None;
    };
    let is_of_it = *invoice == letter.blue && *reason == letter.reason;
    is_of_it.then(|| (*refund, RefundRecord::request_of(*invoice, what, *reason)))
}

/// Which accounts are a member's; each is looked up once.
struct Accounts {
    member: MemberId,
    known: BTreeMap<AccountId, bool>,
}

impl Accounts {
    fn of(member: MemberId) -> Self {
        Self {
            member,
            known: BTreeMap::new(),
        }
    }

    /// Parts what the member's accounts have sent from what others have.
    async fn split<T>(
        &mut self,
        client: &Client,
        all: Vec<T>,
        candidate: impl Fn(&T) -> &Candidate,
    ) -> Result<(Vec<T>, Vec<T>), OperationError> {
        let (mut own, mut others) = (Vec::new(), Vec::new());
        for one in all {
            let by = &candidate(&one).by;
            let is_own = match self.known.get(by) {
                Some(is_own) => *is_own,
                None => {
                    let is_own = is_of(role_of(client, by).await?.as_ref(), self.member);
                    self.known.insert(by.clone(), is_own);
                    is_own
                }
            };
            match is_own {
                true => own.push(one),
                false => others.push(one),
            }
        }
        Ok((own, others))
    }
}

/// The first of those that say the same: what it says cannot be done twice.
fn issuance(height: BlockNumber, candidates: Vec<Candidate>) -> Option<Issuance> {
    let mut transactions = candidates.into_iter().map(|it| it.transaction);
    Some(Issuance {
        height,
        first: transactions.next()?,
        others: transactions.collect(),
    })
}

/// Whether an account with this role is one of a member's.
fn is_of(role: Option<&Role>, member: MemberId) -> bool {
    matches!(role, Some(Role::Main(of) | Role::Service(of)) if *of == member)
}

#[cfg(test)]
mod tests {
    use codec::Encode;
    use frame_support::BoundedVec;
    use pallet_payments::{
        number::InvoiceNumber,
        states::Tally,
        types::{Details, Envelope, NewInvoice, Reason, RefundOf},
    };
    use xinglin_primitives::{
        glue::{CatalogueClass, Line, Setting},
        time::Date,
        PatientId,
    };

    use super::*;
    use crate::{
        keys::{KeyPair, Scheme},
        transaction::{sign, Signing},
    };

    const MEMBER: MemberId = MemberId(0);

    fn new() -> (NewInvoice, Envelope) {
        let envelope = Envelope::truncate_from(b"sealed".to_vec());
        let line = Line {
            item: Hash::repeat_byte(1),
            class: CatalogueClass::A,
            prepay_bp: 0,
            unit_price_fen: 100,
            quantity: 2,
            price_limit_fen: None,
            fund_share_bp: None,
        };
        let invoice = NewInvoice {
            patient: PatientId(3),
            visit: None,
            setting: Setting::Outpatient,
            service: (Date(20_000), Date(20_000)),
            lines: BoundedVec::truncate_from(vec![line]),
            total_fen: 200,
            details: Details {
                envelope: content_hash(&envelope),
                readers: BoundedVec::default(),
            },
        };
        (invoice, envelope)
    }

    fn number() -> InvoiceNumber {
        InvoiceNumber {
            year: 2024,
            member: MEMBER,
            sequence: 1,
        }
    }

    fn issued(new: NewInvoice) -> (Invoice, Lines) {
        let invoice = Invoice {
            number: number(),
            patient: new.patient,
            visit: new.visit,
            setting: new.setting,
            service: new.service,
            issued_at: 0,
            issued_in: 5,
            details: new.details,
            tally: Tally::new(new.total_fen),
            previous_of_patient: None,
            previous_of_visit: None,
        };
        (invoice, new.lines)
    }

    fn issue(invoice: NewInvoice, envelope: Envelope) -> RuntimeCall {
        PaymentCall::<Runtime>::issue_invoice { invoice, envelope }.into()
    }

    /// How often a transaction with this call issues what [`new`] is.
    fn found(call: RuntimeCall) -> usize {
        let (invoice, lines) = issued(new().0);
        let signing = Signing::immortal(Hash::zero(), 0);
        let key = KeyPair::from_secret(Scheme::Sr25519, "//Alice").unwrap();
        let transaction = sign(&key, call, &signing);
        let sent = sent(&transaction.bytes).unwrap();
        let candidates = sent.candidates(|call| issues(call, &invoice, &lines).then_some(()));
        for (candidate, ()) in &candidates {
            assert_eq!(candidate.transaction, transaction.hash);
            assert_eq!(candidate.by, key.account());
        }
        candidates.len()
    }

    #[test]
    fn an_invoice_is_found_by_all_that_its_call_says() {
        let (invoice, envelope) = new();
        let call = issue(invoice.clone(), envelope.clone());
        assert_eq!(found(call.clone()), 1);
        let batch = pallet_utility::Call::<Runtime>::batch_all {
            calls: vec![
                frame_system::Call::<Runtime>::remark { remark: Vec::new() }.into(),
                call,
            ],
        };
        assert_eq!(found(batch.into()), 1);

        type Change = fn(&mut NewInvoice);
        let changes: [Change; 5] = [
            |it| it.patient = PatientId(4),
            |it| it.setting = Setting::Inpatient,
            |it| it.service.0 = Date(19_999),
            |it| it.lines = BoundedVec::default(),
            |it| it.details.envelope = Hash::zero(),
        ];
        for change in changes {
            let mut other = invoice.clone();
            change(&mut other);
            assert_eq!(found(issue(other, envelope.clone())), 0);
        }
        let other = Envelope::truncate_from(b"another".to_vec());
        assert_eq!(found(issue(invoice, other)), 0, "the chain refuses it");
    }

    #[test]
    fn a_refund_is_of_its_invoice_and_reason() {
        let letter = RedLetter {
            number: number(),
            blue: InvoiceId(1),
            issued_at: 0,
            issued_in: 7,
            reason: Reason::Error,
            parts: BoundedVec::default(),
            total_fen: 200,
            to_balance_fen: 200,
            outside: BoundedVec::default(),
        };
        let of = |invoice, reason| {
            let call = PaymentCall::<Runtime>::refund {
                invoice: InvoiceId(invoice),
                what: RefundOf::Everything,
                reason,
                refund: Hash::repeat_byte(9),
            };
            refund_of(&call.into(), &letter)
        };
        let request = RefundRecord::request_of(InvoiceId(1), &RefundOf::Everything, Reason::Error);
        let encoded = (InvoiceId(1), RefundOf::Everything, Reason::Error).encode();
        assert_eq!(request, Hash::from(sp_io::hashing::blake2_256(&encoded)));
        let expected = Some((Hash::repeat_byte(9), request));
        assert_eq!(of(1, Reason::Error), expected);
        assert_eq!(of(2, Reason::Error), None);
        assert_eq!(of(1, Reason::Other), None);
    }

    #[test]
    fn a_document_may_state_any_that_may_have_issued_it() {
        let [first, other, stranger] = [1, 2, 3].map(Hash::repeat_byte);
        let issuance = Issuance {
            height: 5,
            first,
            others: vec![other],
        };
        for (stated, expected) in [
            (None, first),
            (Some(first), first),
            (Some(other), other),
            (Some(stranger), first),
        ] {
            assert_eq!(issuance.transaction(stated), expected);
        }
    }
}
