//! Issuing and cancelling invoices.

use codec::{Decode, Encode};
use frame_support::{assert_noop, assert_ok, dispatch::GetDispatchInfo, BoundedVec};
use xinglin_primitives::{
    glue::{Line, VisitState, LINES_MAX},
    time::Date,
    AppointmentId, InvoiceId, MemberId, PatientId,
};

use crate::{
    mock::*,
    number::InvoiceNumber,
    reads::Document,
    states::{InvoiceState, Tally},
    types::{Details, Envelope, Invoice, NewInvoice, Reason, ENVELOPE_BYTES_MAX, READERS_MAX},
    Call, Error, Event,
};

fn refused(change: impl FnOnce(&mut NewInvoice), error: Error<Test>) {
    refused_for(staff(HOSPITAL), change, error);
}

fn refused_for(by: AccountId, change: impl FnOnce(&mut NewInvoice), error: Error<Test>) {
    let mut invoice = charge(&[(1_000, 3), (2_000, 1)]);
    change(&mut invoice);
    assert_noop!(call(by, issuing(invoice, u64::MAX)), error);
}

fn refused_line(change: impl FnOnce(&mut Line)) {
    refused(
        |invoice| {
            change(&mut invoice.lines[1]);
            invoice.total_fen = invoice.lines.iter().map(Line::amount_fen).sum();
        },
        Error::BadLines,
    );
}

fn cancel(invoice: InvoiceId) -> Call<Test> {
    Call::cancel_invoice {
        invoice,
        reason: Reason::NotRendered,
    }
}

#[test]
fn an_invoice_says_what_was_issued() {
    run(|| {
        System::set_block_number(7);
        let mut new = charge(&[(1_000, 3), (2_000, 1)]);
        new.visit = Some(VISIT);
        new.service = (Date(19_990), Date(19_999));
        let id = issue(HOSPITAL, new.clone());
        let number = InvoiceNumber {
            year: 2024,
            member: HOSPITAL,
            sequence: 1,
        };
        let event = Event::InvoiceIssued {
            invoice: id,
            number,
            patient: ALICE,
            visit: Some(VISIT),
            total_fen: TOTAL_FEN,
            by: staff(HOSPITAL),
        };
        assert_eq!(events(), [event]);
        let invoice = Invoice {
            number,
            patient: ALICE,
            visit: Some(VISIT),
            setting: new.setting,
            service: new.service,
            issued_at: morning(),
            issued_in: 7,
            details: Details {
                envelope: hash_of(&envelope(id.0)),
                readers: new.details.readers,
            },
            tally: Tally::new(TOTAL_FEN),
            previous_of_patient: None,
            previous_of_visit: None,
        };
        let Some(Document::Blue(status, lines)) = Payments::document(id) else {
            panic!("the invoice is blue");
        };
        assert_eq!(
            (status.state, status.due_fen),
            (InvoiceState::Issued, 5_000)
        );
        assert_eq!((status.invoice, lines), (invoice, new.lines));
    });
}

#[test]
fn care_providers_issue_invoices_and_nobody_else() {
    run(|| {
        issue(HOSPITAL, charge(&[(1, 1)]));
        issue(CLINIC, charge(&[(1, 1)]));
        for who in [staff(INSURER), staff(BANK), own(ALICE), STRANGER] {
            refused_for(who, |_| (), Error::NotCareProvider);
        }
        Suspended::mutate(|suspended| suspended.insert(HOSPITAL));
        refused(|_| (), Error::NotCareProvider);
    });
}

#[test]
fn lines_are_within_their_bounds() {
    run(|| {
        refused_line(|line| line.quantity = 0);
        refused_line(|line| line.unit_price_fen = 0);
        refused_line(|line| line.prepay_bp = 10_001);
        refused_line(|line| line.fund_share_bp = Some(10_001));
        refused(
            |invoice| {
                invoice.lines = BoundedVec::default();
                invoice.total_fen = 0;
            },
            Error::BadLines,
        );
        // At the bounds.
        let mut invoice = charge(&vec![(u64::MAX, u32::MAX); LINES_MAX as usize]);
        for line in invoice.lines.iter_mut() {
            (line.prepay_bp, line.fund_share_bp) = (10_000, Some(10_000));
        }
        issue(HOSPITAL, invoice);
    });
}

#[test]
fn the_total_is_the_sum_of_the_lines() {
    run(|| {
        refused(|invoice| invoice.total_fen += 1, Error::TotalMismatch);
        refused(|invoice| invoice.total_fen -= 1, Error::TotalMismatch);
    });
}

#[test]
fn the_service_is_over_and_in_order() {
    run(|| {
        let tomorrow = Date(TODAY.0 + 1);
        let yesterday = Date(TODAY.0 - 1);
        refused(|i| i.service = (TODAY, tomorrow), Error::BadService);
        refused(|i| i.service = (TODAY, yesterday), Error::BadService);
        Now::set(tomorrow.start() - 1);
        refused(|i| i.service = (TODAY, tomorrow), Error::BadService);
        Now::set(tomorrow.start());
        let mut invoice = charge(&[(1, 1)]);
        invoice.service = (TODAY, tomorrow);
        issue(HOSPITAL, invoice);
    });
}

#[test]
fn readers_are_insurers_and_regulators_in_order() {
    run(|| {
        let readers = |list: &[MemberId]| BoundedVec::try_from(list.to_vec()).unwrap();
        for bad in [
            vec![HOSPITAL],
            vec![BANK],
            vec![MemberId(77)],
            vec![INSURER, INSURER],
            vec![REGULATOR, INSURER],
        ] {
            refused(|i| i.details.readers = readers(&bad), Error::BadReaders);
        }
        let mut nobody = charge(&[(1, 1)]);
        nobody.details.readers = readers(&[]);
        issue(HOSPITAL, nobody);
        Suspended::mutate(|suspended| suspended.insert(INSURER));
        refused(|_| (), Error::BadReaders);
        let many = BoundedVec::<_, frame_support::traits::ConstU32<READERS_MAX>>::try_from(vec![
                INSURER;
                READERS_MAX as usize
                    + 1
            ]);
        assert!(many.is_err());
    });
}

/// The call that issues the standard invoice with an envelope that has the hash stated.
fn sealed(envelope: Envelope) -> Call<Test> {
    let mut invoice = charge(&[(1_000, 3), (2_000, 1)]);
    invoice.details.envelope = hash_of(&envelope);
    Call::issue_invoice { invoice, envelope }
}

#[test]
fn the_envelope_travels_in_the_call_and_leads_to_the_invoice() {
    run(|| {
        let hash = hash_of(&envelope(3));
        let issue = issuing(charge(&[(5, 1)]), 3);
        assert_eq!(Payments::carried(&issue), Some((hash, &envelope(3)[..])));
        assert_eq!(Payments::by_envelope(hash), None);
        assert_ok!(call(staff(CLINIC), issue));
        let id = Payments::by_envelope(hash).unwrap();
        assert_eq!(
            Payments::status_of(id).unwrap().invoice.details.envelope,
            hash
        );
        assert_eq!(Payments::carried(&payment(id, 1, 1)), None);
    });
}

#[test]
fn the_envelope_is_the_one_that_the_invoice_states() {
    run(|| {
        let invoice = charge(&[(1_000, 3), (2_000, 1)]);
        let mut bytes = envelope(0).into_inner();
        bytes[0] ^= 1;
        let damaged = Call::issue_invoice {
            invoice,
            envelope: BoundedVec::truncate_from(bytes),
        };
        assert_noop!(call(staff(HOSPITAL), damaged), Error::<Test>::HashMismatch);
        let nothing = sealed(Envelope::new());
        assert_noop!(call(staff(HOSPITAL), nothing), Error::<Test>::Empty);
    });
}

#[test]
fn an_envelope_is_used_once() {
    run(|| {
        let id = issued();
        let used = Error::<Test>::EnvelopeUsed;
        // Whoever issues it, and whatever has become of the invoice.
        assert_noop!(call(staff(CLINIC), issuing(charge(&[(5, 1)]), id.0)), used);
        assert_ok!(call(staff(HOSPITAL), cancel(id)));
        let again = issuing(charge(&[(5, 1)]), id.0);
        assert_noop!(call(staff(HOSPITAL), again), Error::<Test>::EnvelopeUsed);
    });
}

#[test]
fn an_envelope_has_its_bound_and_its_weight() {
    run(|| {
        let bytes = |count: u32| vec![7u8; count as usize];
        let largest = Envelope::try_from(bytes(ENVELOPE_BYTES_MAX)).unwrap();
        assert!(Envelope::decode(&mut &bytes(ENVELOPE_BYTES_MAX + 1).encode()[..]).is_err());
        let (large, small) = (sealed(largest), sealed(envelope(0)));
        let weight = |call: &Call<Test>| call.get_dispatch_info().call_weight;
        assert!(weight(&large).ref_time() > weight(&small).ref_time());
        assert_ok!(call(staff(HOSPITAL), large));
    });
}

#[test]
fn the_patient_is_registered() {
    run(|| {
        refused(|i| i.patient = PatientId(77), Error::UnknownPatient);
        // Who is suspended is charged as well.
        SuspendedPatients::mutate(|suspended| suspended.insert(ALICE));
        issued();
    });
}

#[test]
fn the_visit_is_the_patients_at_the_member() {
    run(|| {
        refused(|i| i.visit = Some(AppointmentId(77)), Error::UnknownVisit);
        for others in [8, 9] {
            refused(|i| i.visit = Some(AppointmentId(others)), Error::OtherVisit);
        }
        for (state, is_billable) in [
            (VisitState::Planned, true),
            (VisitState::Arrived, true),
            (VisitState::Fulfilled, true),
            (VisitState::Off, false),
        ] {
            VisitStates::mutate(|states| states.insert(VISIT, state));
            if is_billable {
                let mut invoice = charge(&[(1, 1)]);
                invoice.visit = Some(VISIT);
                issue(HOSPITAL, invoice);
            } else {
                refused(|i| i.visit = Some(VISIT), Error::OtherVisit);
            }
        }
    });
}

#[test]
fn an_invoice_is_cancelled_before_anything_is_paid() {
    run(|| {
        let id = issued();
        events();
        assert_ok!(call(staff(HOSPITAL), cancel(id)));
        let cancelled = Event::InvoiceCancelled {
            invoice: id,
            reason: Reason::NotRendered,
            by: staff(HOSPITAL),
        };
        assert_eq!(events(), [cancelled]);
        let status = Payments::status_of(id).unwrap();
        assert_eq!((status.state, status.due_fen), (InvoiceState::Cancelled, 0));
        assert_eq!(Payments::unpaid_of(HOSPITAL, None, 10), []);
        assert_noop!(call(staff(HOSPITAL), cancel(id)), Error::<Test>::WrongState);
        assert_noop!(
            call(own(ALICE), payment(id, 1, 1)),
            Error::<Test>::WrongState
        );
    });
}

#[test]
fn what_is_paid_is_not_cancelled() {
    run(|| {
        let id = issued();
        pay(id, 1, 1);
        assert_noop!(call(staff(HOSPITAL), cancel(id)), Error::<Test>::WrongState);
        pay(id, TOTAL_FEN - 1, 2);
        assert_noop!(call(staff(HOSPITAL), cancel(id)), Error::<Test>::WrongState);
    });
}

#[test]
fn only_the_issuing_member_cancels() {
    run(|| {
        let id = issued();
        for who in [staff(CLINIC), own(ALICE), staff(REGULATOR), STRANGER] {
            assert_noop!(call(who, cancel(id)), Error::<Test>::NotStaff);
        }
        assert_noop!(
            call(staff(HOSPITAL), cancel(InvoiceId(77))),
            Error::<Test>::UnknownInvoice
        );
    });
}
