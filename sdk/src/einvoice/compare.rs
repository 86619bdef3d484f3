//! What an e-invoice says otherwise than the chain.

use xinglin_einvoice::{EInvoice, Fault, PagesFault};
use xinglin_primitives::glue::Line;

use super::item_of;
use crate::billing::ItemKey;

/// A difference between an e-invoice and the chain, or within it. All but the last are of the document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Difference {
    /// The document contradicts itself.
    #[error("it contradicts itself: {0}")]
    Fault(Fault),
    /// It is of another chain.
    #[error("it is of another chain; ask a node of that one")]
    OtherChain,
    /// The chain has no invoice of this number.
    #[error("the chain has no invoice of this number")]
    Unknown,
    /// Something that never changes is otherwise on the chain.
    #[error("`{0}` is not what the chain says: the document is false")]
    Contradiction(&'static str),
    /// A line is otherwise on the chain, or not there.
    #[error("line {0} is not what chain and envelope say: the document is false")]
    Line(u16),
    /// The commitment of the chain's line is to another item, or made with another salt.
    #[error("line {0} is for another item than the chain is bound to, or `proof.salt` is another: the document is false")]
    Item(u16),
    /// The document does not say of which catalogue its codes are, so that nothing binds them.
    #[error("its version does not bind codes and names to the chain: check it with the key of a reader, or have it rendered again")]
    Unbound,
    /// Something that changes in an invoice's life is otherwise on the chain.
    #[error("`{0}` is not what the chain says now: the document is of another time, or false; render it again")]
    Changed(&'static str),
    /// The pages of a PDF are not those of its document.
    #[error(transparent)]
    Pages(PagesFault),
}

/// Compares what the lines of a document are for with the commitments of the lines of the blue
/// invoice. A line that the chain does not have is for [`compare`] to find.
pub(super) fn compare_items(given: &EInvoice, lines: &[Line]) -> Vec<Difference> {
    if !given.has_systems() {
        return vec![Difference::Unbound];
    }
    let key = ItemKey::from_bytes(given.proof.salt.0);
    let differing = given.lines.iter().filter(|line| {
        let of_chain = usize::from(line.no).checked_sub(1);
        let of_chain = of_chain.and_then(|place| lines.get(place));
        of_chain.is_some_and(|of_chain| key.commit(&item_of(line)) != of_chain.item)
    });
    differing.map(|line| Difference::Item(line.no)).collect()
}

/// Compares a document with what the chain and the envelope make.
pub(super) fn compare(given: &EInvoice, mut chain: EInvoice) -> Vec<Difference> {
    if !given.has_systems() {
        chain.lines.iter_mut().for_each(|line| line.system = None);
    }
    let chain = &chain;
    let fixed = [
        ("number", given.number == chain.number),
        ("kind", given.kind == chain.kind),
        ("issuer", given.issuer == chain.issuer),
        ("patient", given.patient == chain.patient),
        ("visit", given.visit == chain.visit),
        ("service", given.service == chain.service),
        ("setting", given.setting == chain.setting),
        ("issuedAtMs", given.issued_at_ms == chain.issued_at_ms),
        ("totalFen", given.total_fen == chain.total_fen),
        ("totalInWords", given.total_in_words == chain.total_in_words),
        ("proof", given.proof == chain.proof),
    ];
    let changing = [
        ("settlement", given.settlement == chain.settlement),
        ("payments", given.payments == chain.payments),
        ("refundedFen", given.refunded_fen == chain.refunded_fen),
        ("state", given.state == chain.state),
    ];
    let differing = |fields: &[(&'static str, bool)]| -> Vec<&'static str> {
        let differing = fields.iter().filter(|(_, is_same)| !is_same);
        differing.map(|(field, _)| *field).collect()
    };
    let mut differences: Vec<Difference> = differing(&fixed)
        .into_iter()
        .map(Difference::Contradiction)
        .collect();
    differences.extend(lines(given, chain));
    differences.extend(differing(&changing).into_iter().map(Difference::Changed));
    differences
}

/// The lines that differ or are on one side only, each once.
fn lines(given: &EInvoice, chain: &EInvoice) -> Vec<Difference> {
    let count = given.lines.len().max(chain.lines.len());
    let differing = (0..count).filter_map(|place| {
        let (given, chain) = (given.lines.get(place), chain.lines.get(place));
        let line = given.or(chain)?;
        (given != chain).then_some(Difference::Line(line.no))
    });
    differing.collect()
}

#[cfg(test)]
mod tests {
    use xinglin_einvoice::{EInvoiceFile, SCHEMA_1};
    use xinglin_primitives::glue::CatalogueClass;

    use super::*;
    use crate::einvoice::{difference_of_pages, faults_of};

    fn example() -> EInvoice {
        let text = include_str!("../../../docs/e-invoice.md");
        let json = text.split("```json").nth(1).unwrap();
        let json = json.split("```").next().unwrap();
        EInvoice::from_json(json).unwrap()
    }

    #[test]
    fn every_field_is_compared() {
        let chain = example();
        assert_eq!(compare(&chain, chain.clone()), []);
        let text: serde_json::Value = serde_json::from_str(&chain.to_json()).unwrap();
        let names: Vec<&String> = text.as_object().unwrap().keys().collect();
        type Change = fn(&mut EInvoice);
        let changed: Vec<(&str, Change)> = vec![
            ("number", |it| it.number.sequence += 1),
            ("issuer", |it| it.issuer.name.push('x')),
            ("patient", |it| it.patient += 1),
            ("visit", |it| it.visit = None),
            ("service", |it| it.service.first = it.service.last),
            ("issuedAtMs", |it| it.issued_at_ms += 1),
            ("totalFen", |it| it.total_fen += 1),
            ("totalInWords", |it| it.total_in_words.push('x')),
            ("settlement", |it| it.settlement = None),
            ("payments", |it| it.payments.clear()),
            ("refundedFen", |it| it.refunded_fen += 1),
            ("proof", |it| it.proof.block_height += 1),
        ];
        for (field, change) in &changed {
            let mut given = chain.clone();
            change(&mut given);
            let found = compare(&given, chain.clone());
            let named = [Difference::Contradiction(field), Difference::Changed(field)];
            assert!(
                found.len() == 1 && named.contains(&found[0]),
                "{field}: {found:?}"
            );
        }
        // A field that is new needs a comparison.
        let elsewhere = ["schema", "kind", "setting", "lines", "state"];
        for name in names {
            let is_known = changed.iter().any(|(field, _)| field == name);
            assert!(is_known || elsewhere.contains(&name.as_str()), "{name}");
        }
    }

    #[test]
    fn lines_are_compared_one_by_one() {
        let chain = example();
        let mut given = chain.clone();
        given.lines[0].name.push('x');
        assert_eq!(compare(&given, chain.clone()), [Difference::Line(1)]);
        let mut given = chain.clone();
        let last = given.lines.pop().unwrap();
        assert_eq!(compare(&given, chain), [Difference::Line(last.no)]);
    }

    #[test]
    fn systems_are_compared_where_the_version_has_them() {
        let chain = example();
        let mut given = chain.clone();
        given.lines[1].system = Some("urn:example:other".into());
        assert_eq!(compare(&given, chain.clone()), [Difference::Line(2)]);
        given.schema = SCHEMA_1.into();
        given.lines.iter_mut().for_each(|line| line.system = None);
        assert_eq!(compare(&given, chain), []);
    }

    /// What a file is found to say otherwise than a chain that made a document.
    fn differences(file: &EInvoiceFile, chain: &EInvoice) -> Vec<Difference> {
        let mut found = faults_of(&file.document);
        found.extend(compare(&file.document, chain.clone()));
        found.extend(difference_of_pages(file));
        found
    }

    #[test]
    fn every_flipped_bit_of_a_document_is_found() {
        let chain = example();
        let json = chain.to_json().into_bytes();
        for bit in 0..json.len() * 8 {
            let mut flipped = json.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let Ok(file) = EInvoiceFile::read(&flipped) else {
                continue; // It is no e-invoice.
            };
            if file.document == chain {
                // Digits of hashes have two cases, which mean the same.
                assert!(flipped.eq_ignore_ascii_case(&json), "bit {bit}");
            } else {
                assert_ne!(differences(&file, &chain), [], "bit {bit}");
            }
        }
    }

    #[test]
    fn a_pdf_differs_in_its_document_or_in_its_pages() {
        let chain = example();
        let read = |pdf: &[u8]| differences(&EInvoiceFile::read(pdf).unwrap(), &chain);
        let genuine = chain.to_pdf();
        assert_eq!(read(&genuine), []);
        // Rendered from another document.
        let mut forged = chain.clone();
        forged.patient += 1;
        let patient = Difference::Contradiction("patient");
        assert_eq!(read(&forged.to_pdf()), std::slice::from_ref(&patient));
        // The document alone is changed, and the pages alone.
        let marks = genuine.windows(9).position(|bytes| bytes == b"\"patient\"");
        let mut changed = genuine.clone();
        changed[marks.unwrap() + 14] ^= 1;
        let found = read(&changed);
        assert!(
            matches!(&found[..], [first, Difference::Pages(_)] if *first == patient),
            "{found:?}"
        );
        let mut changed = genuine.clone();
        changed.push(b' ');
        let at = genuine.len();
        assert_eq!(
            read(&changed),
            [Difference::Pages(PagesFault::Changed { at })]
        );
    }

    #[test]
    fn items_are_compared_with_their_commitments() {
        let given = example();
        let key = ItemKey::from_bytes(given.proof.salt.0);
        let of_chain = |line: &xinglin_einvoice::Line| Line {
            item: key.commit(&item_of(line)),
            class: CatalogueClass::B,
            prepay_bp: 0,
            unit_price_fen: 1,
            quantity: 1,
            price_limit_fen: None,
            fund_share_bp: None,
        };
        let chain: Vec<Line> = given.lines.iter().map(of_chain).collect();
        assert_eq!(compare_items(&given, &chain), []);
        type Change = fn(&mut EInvoice);
        let cases: [(Change, &[u16]); 5] = [
            (|it| it.lines[0].system = Some("x".into()), &[1]),
            (|it| it.lines[1].code.push('x'), &[2]),
            (|it| it.proof.salt.0[0] ^= 1, &[1, 2, 3]),
            // It is told apart: nobody without a key can check it.
            (|it| it.lines[2].name.push('x'), &[]),
            // Where a line belongs is not told by its place in the document.
            (|it| drop(it.lines.remove(0)), &[]),
        ];
        for (change, expected) in cases {
            let mut changed = given.clone();
            change(&mut changed);
            let expected: Vec<Difference> =
                expected.iter().copied().map(Difference::Item).collect();
            assert_eq!(compare_items(&changed, &chain), expected);
        }
        let mut old = given;
        old.schema = SCHEMA_1.into();
        old.proof.salt.0[0] ^= 1;
        assert_eq!(compare_items(&old, &chain), [Difference::Unbound]);
    }
}
