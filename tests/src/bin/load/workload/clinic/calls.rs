//! The calls of the clinic. Nothing on the chain looks into ciphertexts, envelopes and sealed keys, so
//! they are noise of the right length.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use codec::Encode;
use pallet_payments::types::{Details, Envelope, NewInvoice, Readers};
use pallet_records::{
    access::Purpose,
    grants::{Covered, Grantee, Kinds, Terms},
    types::{
        Ciphertext, ContentKind, KeyBatch, NewRecord, Reader, ReaderKeys, SealedKey,
        SEALED_KEY_BYTES,
    },
};
use sp_runtime::traits::{BlakeTwo256, Hash as _};
use xinglin_primitives::{
    glue::{CatalogueClass, Line, Lines, Setting},
    time::{Date, DAY_MS},
    Balance, Hash,
};
use xinglin_runtime::RuntimeCall;
use xinglin_tests::parties::{HOSPITAL, INSURER};

use super::{Clinic, Deed, Ids};
use crate::workload::simple;

/// Length of the ciphertext of a record.
const CIPHERTEXT_BYTES: usize = 2 * 1024;
/// Length of the envelope of an invoice: some text for each line and the sealed keys.
const ENVELOPE_BYTES: usize = 768;
/// What the lines of an invoice charge.
const PRICES_FEN: [u64; 3] = [2_500, 2_000, 1_500];
/// How long a grant lasts.
const GRANT_MS: u64 = 30 * DAY_MS;

/// What noise is for, so that no two are the same.
#[derive(Clone, Copy, Encode)]
enum Noise {
    Ciphertext(u32),
    Key(u32, u8),
    Envelope(u32),
    Item(u32, u8),
    Payment(u32),
}

impl Noise {
    /// So many bytes, which do not compress.
    fn bytes(self, length: usize) -> Vec<u8> {
        (0_u32..)
            .flat_map(|block| BlakeTwo256::hash_of(&(self, block)).0)
            .take(length)
            .collect()
    }

    fn hash(self) -> Hash {
        BlakeTwo256::hash_of(&self)
    }
}

impl Clinic {
    /// The call of a deed, with the ids of what was made before.
    pub(super) fn call(&self, deed: Deed, ids: &Ids) -> Result<RuntimeCall> {
        use pallet_appointments::Call as Appointments;

        Ok(match deed {
            Deed::Book(number) => simple::book(&self.crowd, self.patient(number)),
            Deed::Confirm(number) => RuntimeCall::Appointments(Appointments::confirm {
                appointment: ids.appointment(self.patient_id(number))?,
            }),
            Deed::CheckIn(number) => RuntimeCall::Appointments(Appointments::check_in {
                appointment: ids.appointment(self.patient_id(number))?,
            }),
            Deed::Write(number) => self.write(number),
            Deed::Charge(number) => self.charge(number),
            Deed::Pay(number) => RuntimeCall::Payments(pallet_payments::Call::pay {
                invoice: ids.invoice(self.patient_id(number))?,
                amount_fen: total_fen(),
                payment: Noise::Payment(number).hash(),
            }),
            Deed::Settle(number) => RuntimeCall::Insurance(pallet_insurance::Call::settle {
                invoice: ids.invoice(self.patient_id(number))?,
                coverage: self.crowd.coverage_id(self.patient(number)),
                account_max_fen: 0,
                payment: Some(Noise::Payment(number).hash()),
            }),
            Deed::Share(number) => self.share(number)?,
        })
    }

    fn patient_id(&self, number: u32) -> xinglin_primitives::PatientId {
        self.crowd.patient_id(self.patient(number))
    }

    fn write(&self, number: u32) -> RuntimeCall {
        let author = self.crowd.doctor_id(self.doctor(number));
        let readers = [
            Reader::Patient,
            Reader::Practitioner(author),
            Reader::Member(HOSPITAL),
        ];
        let keys = (0..).zip(readers).map(|(place, reader)| {
            let mut key = [0; SEALED_KEY_BYTES];
            key.copy_from_slice(&Noise::Key(number, place).bytes(SEALED_KEY_BYTES));
            (reader, SealedKey(key))
        });
        let ciphertext = Noise::Ciphertext(number).bytes(CIPHERTEXT_BYTES);
        RuntimeCall::Records(pallet_records::Call::write {
            record: NewRecord {
                patient: self.patient_id(number),
                author,
                member: HOSPITAL,
                visit: None,
                kind: ContentKind::Encounter,
            },
            content_hash: BlakeTwo256::hash(&ciphertext),
            ciphertext: Ciphertext::truncate_from(ciphertext),
            keys: ReaderKeys::truncate_from(keys.collect()),
        })
    }

    fn charge(&self, number: u32) -> RuntimeCall {
        let lines = (0..).zip(PRICES_FEN).map(|(place, unit_price_fen)| Line {
            item: Noise::Item(number, place).hash(),
            class: CatalogueClass::A,
            prepay_bp: 0,
            unit_price_fen,
            quantity: 1,
            price_limit_fen: None,
            fund_share_bp: None,
        });
        // The chain's clock may be on the day before still.
        let day = Date::of(self.now.saturating_sub(DAY_MS));
        let envelope = Noise::Envelope(number).bytes(ENVELOPE_BYTES);
        let invoice = NewInvoice {
            patient: self.patient_id(number),
            visit: None,
            setting: Setting::Outpatient,
            service: (day, day),
            lines: Lines::truncate_from(lines.collect()),
            total_fen: total_fen(),
            details: Details {
                envelope: BlakeTwo256::hash(&envelope),
                readers: Readers::truncate_from(vec![INSURER]),
            },
        };
        RuntimeCall::Payments(pallet_payments::Call::issue_invoice {
            invoice,
            envelope: Envelope::truncate_from(envelope),
        })
    }

    fn share(&self, number: u32) -> Result<RuntimeCall> {
        let kinds = Kinds::try_from(BTreeSet::from([ContentKind::Encounter]));
        let until = self.now + GRANT_MS;
        let terms = Terms {
            what: Covered::History {
                kinds: kinds.ok().context("too many kinds of records")?,
                from: 0,
                until,
            },
            grantee: Grantee::Practitioner(self.crowd.doctor_id(self.doctor(number))),
            purpose: Purpose::Treatment,
            from: self.now,
            until,
            may_reshare: false,
        };
        Ok(RuntimeCall::Records(pallet_records::Call::share {
            terms,
            token: None,
            keys: KeyBatch::default(),
        }))
    }
}

/// What an invoice charges in all, in fen.
fn total_fen() -> Balance {
    PRICES_FEN.into_iter().map(Balance::from).sum()
}
