//! What an e-invoice says otherwise than the chain.

use xinglin_einvoice::{EInvoice, Fault};

/// A difference between an e-invoice and the chain, or within it.
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
    /// Something that changes in an invoice's life is otherwise on the chain.
    #[error("`{0}` is not what the chain says now: the document is of another time, or false; render it again")]
    Changed(&'static str),
}

/// Compares a document with what the chain and the envelope make.
pub(super) fn compare(given: &EInvoice, chain: &EInvoice) -> Vec<Difference> {
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
    use super::*;

    fn example() -> EInvoice {
        let text = include_str!("../../../docs/e-invoice.md");
        let json = text.split("```json").nth(1).unwrap();
        let json = json.split("```").next().unwrap();
        EInvoice::from_json(json).unwrap()
    }

    #[test]
    fn every_field_is_compared() {
        let chain = example();
        assert_eq!(compare(&chain, &chain), []);
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
            let found = compare(&given, &chain);
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
        assert_eq!(compare(&given, &chain), [Difference::Line(1)]);
        let mut given = chain.clone();
        let last = given.lines.pop().unwrap();
        assert_eq!(compare(&given, &chain), [Difference::Line(last.no)]);
    }
}
