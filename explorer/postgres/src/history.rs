//! The rows of history of a block: the block, its transactions and events, and what the events say of
//! the domain.

use serde_json::{json, Value};
use sp_crypto_hashing::blake2_256;
use xinglin_decoding::{DecodedBlock, DecodedEvent, DecodedExtrinsic, Outcome};
use xinglin_primitives::{BlockNumber, Hash};

use crate::{
    json::{
        bytea, canonical, field, get, is_storable, moment, name, storable, tagged, variant, within,
    },
    rows::{
        Rows, APPOINTMENT_CHANGES, BLOCKS, CLAIM_CHANGES, EVENTS, EVENT_ENTITIES, EXTRINSICS,
        EXTRINSIC_ENTITIES, HOLD_CHANGES, INVOICE_CHANGES,
    },
    source::SourceBlock,
};

/// A block that was read and decoded.
#[derive(Debug)]
pub(crate) struct ReadBlock {
    pub(crate) height: BlockNumber,
    pub(crate) source: SourceBlock,
    pub(crate) spec_version: u32,
    pub(crate) decoded: DecodedBlock,
    /// The digest of each event.
    pub(crate) digests: Vec<Hash>,
}

/// The digest of what an event says.
pub(crate) fn event_digest(event: &DecodedEvent) -> Hash {
    let content = json!([event.pallet, event.event, event.extrinsic, event.fields]);
    let mut bytes = Vec::new();
    canonical(&content, &mut bytes);
    blake2_256(&bytes).into()
}

impl ReadBlock {
    /// The digest of this block and all before it, by the digest of those before it.
    pub(crate) fn digest(&self, before: Hash) -> Hash {
        let mut bytes = Vec::new();
        bytes.extend(before.as_bytes());
        bytes.extend(self.source.hash.as_bytes());
        for extrinsic in &self.decoded.extrinsics {
            bytes.extend(extrinsic.hash.as_bytes());
        }
        for digest in &self.digests {
            bytes.extend(digest.as_bytes());
        }
        blake2_256(&bytes).into()
    }

    /// Adds the rows of history; `digest` is that of this block and all before it.
    pub(crate) fn add_rows(&self, digest: Hash, rows: &mut Rows) {
        let header = &self.source.header;
        rows.add(
            BLOCKS,
            json!({
                "height": self.height,
                "hash": bytea(self.source.hash.as_bytes()),
                "parent_hash": bytea(header.parent_hash.as_bytes()),
                "state_root": bytea(header.state_root.as_bytes()),
                "extrinsics_root": bytea(header.extrinsics_root.as_bytes()),
                "at": self.at(),
                "spec_version": self.spec_version,
                "extrinsic_count": self.decoded.extrinsics.len(),
                "event_count": self.decoded.events.len(),
                "digest": bytea(digest.as_bytes()),
            }),
        );
        for extrinsic in &self.decoded.extrinsics {
            self.add_extrinsic(extrinsic, rows);
        }
        for (event, digest) in self.decoded.events.iter().zip(&self.digests) {
            self.add_event(event, *digest, rows);
            self.add_change(event, rows);
        }
    }

    /// When: genesis has no time.
    fn at(&self) -> Option<String> {
        self.decoded.time_ms.map(moment)
    }

    fn add_extrinsic(&self, extrinsic: &DecodedExtrinsic, rows: &mut Rows) {
        let (is_success, pallet, error) = match &extrinsic.outcome {
            Outcome::Success => (true, None, None),
            Outcome::Error { pallet, error } => (false, pallet.as_deref(), Some(error)),
        };
        let wrapped = extrinsic.wrapped.iter();
        let wrapped: Vec<String> = wrapped
            .map(|(pallet, call)| format!("{pallet}.{call}"))
            .collect();
        rows.add(
            EXTRINSICS,
            json!({
                "height": self.height,
                "index": extrinsic.index,
                "hash": bytea(extrinsic.hash.as_bytes()),
                "at": self.at(),
                "signer": extrinsic.signer.as_ref().map(|signer| json!(signer)),
                "nonce": extrinsic.nonce,
                "pallet": extrinsic.pallet,
                "call": extrinsic.call,
                "wrapped": wrapped,
                "arguments": storable(&extrinsic.arguments),
                "is_success": is_success,
                "error_pallet": pallet,
                "error": error,
            }),
        );
        for entity in extrinsic.entities.iter().filter(|it| is_storable(it)) {
            rows.add(
                EXTRINSIC_ENTITIES,
                json!({
                    "kind": entity.kind(),
                    "id": entity.number(),
                    "height": self.height,
                    "index": extrinsic.index,
                }),
            );
        }
    }

    fn add_event(&self, event: &DecodedEvent, digest: Hash, rows: &mut Rows) {
        rows.add(
            EVENTS,
            json!({
                "height": self.height,
                "index": event.index,
                "extrinsic": event.extrinsic,
                "at": self.at(),
                "pallet": event.pallet,
                "event": event.event,
                "fields": storable(&event.fields),
                "digest": bytea(digest.as_bytes()),
            }),
        );
        for entity in event.entities.iter().filter(|it| is_storable(it)) {
            rows.add(
                EVENT_ENTITIES,
                json!({
                    "kind": entity.kind(),
                    "id": entity.number(),
                    "height": self.height,
                    "index": event.index,
                }),
            );
        }
    }

    /// Adds what an event says has happened to an appointment, an invoice, a claim or a hold.
    fn add_change(&self, event: &DecodedEvent, rows: &mut Rows) {
        let fields = &event.fields;
        let (table, mut row) = match event.pallet.as_str() {
            "Appointments" if has(fields, "appointment") => match appointment_change(event) {
                Some(row) => (APPOINTMENT_CHANGES, row),
                None => return,
            },
            "Payments" if has(fields, "invoice") => match invoice_change(event) {
                Some(row) => (INVOICE_CHANGES, row),
                None => return,
            },
            "Insurance" if has(fields, "claim") => (
                CLAIM_CHANGES,
                json!({
                    "claim_id": field(fields, "claim"),
                    "change": event.event,
                    "settlement_id": field(fields, "settlement"),
                }),
            ),
            "Audit" if has(fields, "held") => {
                let (kind, id) = tagged(get(fields, &["held"]));
                let row = json!({
                    "case_id": field(fields, "case"),
                    "held_kind": kind,
                    "held_id": id,
                    "is_placed": event.event == "HoldPlaced",
                    "by_account": field(fields, "by"),
                });
                (HOLD_CHANGES, row)
            }
            _ => return,
        };
        row["height"] = self.height.into();
        row["event_index"] = event.index.into();
        row["at"] = self.at().into();
        rows.add(table, row);
    }
}

fn has(fields: &Value, name: &str) -> bool {
    !get(fields, &[name]).is_null()
}

/// `None` for what is no step in the life of an appointment.
fn appointment_change(event: &DecodedEvent) -> Option<Value> {
    if matches!(event.event.as_str(), "PreVisitGranted" | "FeeSettled") {
        return None;
    }
    let fields = &event.fields;
    let acting = get(fields, &["acting"]);
    Some(json!({
        "appointment_id": field(fields, "appointment"),
        "change": event.event,
        "acting": variant(acting).0,
        "reason": within(acting, "Staff").clone(),
        "is_late": field(fields, "is_late"),
        "by_account": field(fields, "by"),
    }))
}

/// `None` for what changes nothing of an invoice.
fn invoice_change(event: &DecodedEvent) -> Option<Value> {
    let fields = &event.fields;
    // The first and the last state are in the event's name.
    let (change, state) = match event.event.as_str() {
        "InvoiceIssued" => ("Issued", json!("Issued")),
        "InvoiceCancelled" => ("Cancelled", json!("Cancelled")),
        other if has(fields, "state") => (other, name(get(fields, &["state"]))),
        _ => return None,
    };
    let amounts = ["amount_fen", "covered_fen", "total_fen"];
    let amount = amounts.iter().map(|name| get(fields, &[*name]));
    Some(json!({
        "invoice_id": field(fields, "invoice"),
        "change": change,
        "state": state,
        "amount_fen": amount.into_iter().find(|amount| !amount.is_null()),
        "reason": field(fields, "reason"),
        "by_account": field(fields, "by"),
    }))
}
