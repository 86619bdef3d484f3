//! Good packages, and those that lack something.

use xinglin_primitives::{MemberId, StampId};

use super::{
    chain::{anchor, carrying, certified, time_of, Block, Words},
    subjects::{
        package, receipts, record, record_evidence, trail, trust, INVOICE, PATIENT, PLAIN, RECORD,
    },
};
use crate::{
    build,
    format::{ContentOf, CLAIM, REPORT},
    report::{Outcome, Step},
    state::{Item, StateError, Value},
    verify, BuildError, Evidence, Reason, Report, Trust, ACCESSES_MAX,
};

fn report(evidence: &Evidence) -> Report {
    verify(&package(evidence), &trust())
}

fn outcomes(report: &Report) -> Vec<(Step, Outcome)> {
    let steps = report.steps.iter();
    steps.map(|it| (it.step, it.outcome.clone())).collect()
}

/// The steps that do not end as all others do.
fn unlike_proven(report: &Report) -> Vec<(Step, Outcome)> {
    let mut outcomes = outcomes(report);
    assert!(outcomes.iter().map(|(step, _)| *step).eq(Step::ALL));
    outcomes.retain(|(_, outcome)| *outcome != Outcome::Proven);
    outcomes
}

fn failure(evidence: &Evidence, trust: &Trust<'_>) -> (Step, Reason) {
    let report = verify(&package(evidence), trust);
    assert!(report.proven.is_empty());
    let (step, reason) = report.failure().unwrap();
    (step, reason.clone())
}

#[test]
fn receipts_are_proven_through_changes_of_the_validators() {
    let report = report(&receipts());
    let not = vec![
        (Step::Contents, Outcome::NotClaimed),
        (Step::Time, Outcome::NotClaimed),
    ];
    assert_eq!(unlike_proven(&report), not, "{:?}", report.failure());
    assert!(report.proven[1].contains("Appointments.book"));
    assert!(report.proven[1].ends_with("and was carried out."));
    assert!(report.proven[1].contains(", signed by "));
    // Of the first, the events are not proven.
    let open = "Whether the chain's rules accepted every transaction";
    assert!(report.not_proven.iter().any(|it| it.starts_with(open)));
}

#[test]
fn a_record_is_proven_with_versions_accesses_and_times() {
    let evidence = record_evidence();
    let report = report(&evidence);
    assert_eq!(unlike_proven(&report), [], "{:?}", report.failure());
    let all = report.proven.join("\n");
    for sentence in [
        "record 5 had 2 versions, and all of them are here",
        "1 of them are about record 5",
        "content/0.bin is what was recorded, encrypted, as version 1 of record 5",
        "Block 12 was made between",
    ] {
        assert!(all.contains(sentence), "{sentence} in\n{all}");
    }
    let files = crate::archive::unpack(&package(&evidence)).unwrap();
    for (number, plain) in PLAIN.iter().enumerate() {
        assert_eq!(files[&format!("content/{number}.bin")], *plain);
    }
    assert!(files["report.pdf"].starts_with(b"%PDF"));
}

#[test]
fn a_trail_is_proven_from_booking_to_settlement() {
    let report = report(&trail());
    let not = vec![(Step::Time, Outcome::NotClaimed)];
    assert_eq!(unlike_proven(&report), not, "{:?}", report.failure());
    let all = report.proven.join("\n");
    for sentence in [
        "was Fulfilled",
        "record 5 had 2 versions",
        "Invoice 31 is over 12000 fen",
        "Settlement 17 of invoice 31 (Live after block 33): fund 9000 fen",
        "After block 33 there were no other records, invoices and settlements",
    ] {
        assert!(all.contains(sentence), "{sentence} in\n{all}");
    }
}

#[test]
fn the_same_evidence_is_the_same_bytes() {
    let evidence = trail();
    let packed = package(&evidence);
    assert!(packed == package(&evidence), "a package made twice differs");
    // Packages that are handed out have to verify later: what changes these bytes is another format.
    let files = crate::archive::unpack(&packed).unwrap();
    let form = crate::archive::pack(&crate::archive::Files::from([
        ("a".to_owned(), b"one".to_vec()),
        ("b/c.bin".to_owned(), b"two".to_vec()),
    ]));
    let golden = [
        (CLAIM, files[CLAIM].clone()),
        (REPORT, files[REPORT].clone()),
        ("form", form.unwrap()),
    ];
    let golden = golden.map(|(name, bytes)| {
        let hash = hex::encode(sp_io::hashing::blake2_256(&bytes));
        format!("{name} {hash}\n")
    });
    assert_eq!(golden.concat(), include_str!("golden.txt"));
}

#[test]
fn a_later_anchor_proves_what_comes_after_it_and_no_more() {
    let mut later = trust();
    later.anchor = anchor(21);
    let of_receipts = failure(&receipts(), &later);
    let expected = Reason::BeforeAnchor {
        at: "operations[0]".into(),
        height: 4,
        from: 21,
    };
    assert_eq!(of_receipts, (Step::Operations, expected));
    let mut evidence = receipts();
    evidence.receipts.remove(0);
    let report = verify(&package(&evidence), &later);
    assert!(report.is_proven(), "{:?}", report.failure());
}

#[test]
fn another_chain_and_an_omitted_change_fail_at_the_validators_and_the_operations() {
    let mut foreign = trust();
    foreign.anchor.genesis = xinglin_primitives::Hash::zero();
    let (step, reason) = failure(&receipts(), &foreign);
    assert_eq!(step, Step::Validators);
    assert!(matches!(reason, Reason::OtherChain { .. }));
    let mut evidence = receipts();
    evidence.set_changes.remove(0);
    let (step, reason) = failure(&evidence, &trust());
    assert_eq!(step, Step::Validators);
    assert!(matches!(reason, Reason::Change { number: 0, .. }));
    evidence.set_changes.clear();
    let (step, reason) = failure(&evidence, &trust());
    assert_eq!(step, Step::Operations);
    assert!(matches!(reason, Reason::NotDecided { .. }));
}

#[test]
fn what_the_verifier_cannot_check_is_told_and_not_proven() {
    let mut poor = trust();
    poor.vocabulary = None;
    let report = verify(&package(&record_evidence()), &poor);
    let not = vec![(Step::Meaning, Outcome::NotChecked)];
    assert_eq!(unlike_proven(&report), not);
    assert!(!report.proven.join("\n").contains("Records.write"));
    assert!(report
        .not_proven
        .iter()
        .any(|it| it.contains("exporter's word")));
}

#[test]
fn ciphertexts_without_keys_are_proven_as_such() {
    let mut evidence = record_evidence();
    for placement in &mut evidence.contents {
        placement.opened = None;
    }
    let report = report(&evidence);
    assert_eq!(unlike_proven(&report), []);
    assert!(!report.proven.join("\n").contains("content/"));
    let open = "What the ciphertexts hold whose keys are not in the package.";
    assert!(report.not_proven.iter().any(|it| it == open));
}

#[test]
fn what_belongs_to_the_subject_and_is_left_out_fails_at_the_subject() {
    let without = |evidence: Evidence, item: Item| {
        let mut evidence = evidence;
        let (items, proof) = evidence.states.remove(0);
        let items: Vec<Item> = items.into_iter().filter(|it| *it != item).collect();
        evidence.states = vec![(items.clone(), proof.trimmed(&items))];
        failure(&evidence, &trust())
    };
    for item in [
        Item::Accesses(PATIENT),
        Item::Access(PATIENT, 1),
        Item::VisitRecords(super::subjects::VISIT),
        Item::Appointment(super::subjects::VISIT),
        Item::LatestInvoice(super::subjects::VISIT),
        Item::Settled(INVOICE),
        Item::Settlement(super::subjects::SETTLEMENT),
    ] {
        let evidence = match item {
            Item::Accesses(_) | Item::Access(..) => record_evidence(),
            _ => trail(),
        };
        let expected = (Step::Subject, Reason::Incomplete { item });
        assert_eq!(without(evidence, item), expected);
    }
    let mut evidence = record_evidence();
    evidence.contents.pop();
    let of = ContentOf::Version(RECORD, 2);
    let expected = (Step::Subject, Reason::NoContent { of });
    assert_eq!(failure(&evidence, &trust()), expected);
    let mut evidence = receipts();
    evidence.receipts.clear();
    evidence.states.clear();
    assert_eq!(failure(&evidence, &trust()), (Step::Subject, Reason::Empty));
}

/// The evidence with other entries of the access log: `count` of them, those from `first` on proven.
fn with_accesses(count: u64, first: u64) -> Evidence {
    let mut evidence = record_evidence();
    let (items, proof) = evidence.states.remove(0);
    let values = proof.values(&items).unwrap();
    let (mut tip, mut kept) = (Block::new(33), Vec::new());
    let entry = Item::Access(PATIENT, 0);
    let mut entry_value = Vec::new();
    for (item, value) in items.into_iter().zip(values) {
        let value = value.unwrap();
        match item {
            Item::Access(..) if item == entry => entry_value = value,
            Item::Access(..) => {}
            Item::Accesses(_) => {
                let Some(Value::Accesses(mut file)) = item.read(&value) else {
                    panic!("no file");
                };
                file.accesses = count;
                tip.put(item, &file);
                kept.push(item);
            }
            _ => {
                tip.put_encoded(item, value);
                kept.push(item);
            }
        }
    }
    for at in first..count {
        tip.put_encoded(Item::Access(PATIENT, at), entry_value.clone());
        kept.push(Item::Access(PATIENT, at));
    }
    evidence.states = vec![tip.proof(kept)];
    evidence
}

#[test]
fn the_access_log_begins_where_a_package_has_to_and_not_where_its_exporter_likes() {
    let item = Item::Access(PATIENT, 0);
    let expected = (Step::Subject, Reason::Incomplete { item });
    assert_eq!(failure(&with_accesses(3, 1), &trust()), expected);

    let all = report(&with_accesses(3, 0));
    assert!(all.proven.join("\n").contains("entries 0 to 2"));
    let earlier = "before entry";
    assert!(!all.not_proven.join("\n").contains(earlier));

    let long = report(&with_accesses(ACCESSES_MAX + 2, 2));
    assert!(long.is_proven(), "{:?}", long.failure());
    assert!(long.proven.join("\n").contains("entries 2 to 3501"));
    assert!(long.not_proven.join("\n").contains("before entry 2"));
}

#[test]
fn what_belongs_together_is_of_one_block() {
    // The list of records and invoices from before there were any.
    for item in [
        Item::VisitRecords(super::subjects::VISIT),
        Item::LatestInvoice(super::subjects::VISIT),
    ] {
        let mut evidence = trail();
        let (items, proof) = evidence.states.remove(0);
        let rest: Vec<Item> = items.into_iter().filter(|it| *it != item).collect();
        let early = Block::new(11).proof(vec![item]);
        evidence.states = vec![early, (rest.clone(), proof.trimmed(&rest))];
        let expected = (Step::Subject, Reason::Incomplete { item });
        assert_eq!(failure(&evidence, &trust()), expected);
    }
    let mut evidence = record_evidence();
    let (items, proof) = evidence.states.remove(0);
    let item = Item::Accesses(PATIENT);
    let is_access = |it: &Item| matches!(it, Item::Accesses(_) | Item::Access(..));
    let rest: Vec<Item> = items.into_iter().filter(|it| !is_access(it)).collect();
    let early = Block::new(11).proof(vec![item]);
    evidence.states = vec![early, (rest.clone(), proof.trimmed(&rest))];
    let expected = (Step::Subject, Reason::Incomplete { item });
    assert_eq!(failure(&evidence, &trust()), expected);
}

#[test]
fn text_of_a_package_cannot_steer_a_terminal() {
    let mut files = crate::archive::unpack(&package(&receipts())).unwrap();
    let manifest = String::from_utf8(files["manifest.json"].clone()).unwrap();
    for changed in [
        manifest.replace("claim.json", "\\u001b[2Jclaim.json"),
        manifest.replacen("\"format\"", "\"\\u001b[2J\"", 1),
    ] {
        assert_ne!(changed, manifest);
        files.insert("manifest.json".into(), changed.into_bytes());
        let packed = crate::archive::pack(&files).unwrap();
        let report = verify(&packed, &trust());
        let (step, reason) = report.failure().unwrap();
        assert_eq!(step, Step::Manifest);
        assert!(!reason.to_string().contains('\u{1b}'), "{reason}");
    }
}

#[test]
fn absence_is_proven_and_the_latest_state_counts() {
    let mut evidence = record_evidence();
    let later = Block::new(34);
    evidence
        .states
        .push(later.proof(vec![Item::Record(RECORD)]));
    let (step, reason) = failure(&evidence, &trust());
    assert_eq!(step, Step::Contents);
    assert!(matches!(reason, Reason::NotProven { .. }));
    evidence.contents.clear();
    let expected = Reason::Absent("record 5".into());
    assert_eq!(failure(&evidence, &trust()), (Step::Subject, expected));
}

#[test]
fn a_state_proof_has_what_its_items_need_and_no_more() {
    let mut block = Block::new(33);
    block.put(Item::Record(RECORD), &record());
    let (items, proof) = block.proof(vec![Item::Record(RECORD), Item::BlockTime]);
    let facts = proof.facts(&items).unwrap();
    assert_eq!(facts[0].value, Some(Value::Record(record())));
    assert_eq!(facts[1].value, Some(Value::BlockTime(time_of(33))));
    let fewer = proof.facts(&items[..1]);
    assert!(matches!(fewer, Err(StateError::Surplus(_))), "{fewer:?}");
    let other = proof.facts(&[Item::Record(RECORD), Item::Invoice(INVOICE)]);
    assert!(other.is_err());
    let mut longer = Block::new(33);
    longer.put(Item::Record(RECORD), &(record(), 0u8));
    let (items, proof) = longer.proof(vec![Item::Record(RECORD)]);
    let layout = Err(StateError::Layout(Item::Record(RECORD)));
    assert_eq!(proof.facts(&items), layout);
}

#[test]
fn a_ciphertext_in_another_transaction_or_block_is_refused() {
    let mut evidence = record_evidence();
    evidence.contents[0].receipt = 1;
    let of = ContentOf::Version(RECORD, 1);
    let refused = build(&evidence, Some(&Words));
    assert_eq!(refused, Err(BuildError::NotCarried(of)));
    // Somebody else carries a copy of the same bytes.
    let extrinsic = evidence.receipts[0].extrinsic.clone();
    let mut copying = Block::new(13);
    let index = copying.add(carrying("Other.call", &extrinsic));
    evidence.receipts[0] = copying.receipt(index);
    evidence.contents[0].receipt = 0;
    let expected = Reason::OtherBlock { of, found: 13 };
    assert_eq!(failure(&evidence, &trust()), (Step::Contents, expected));
}

#[test]
fn a_token_that_the_chain_did_not_accept_fails_at_the_time() {
    let mut evidence = record_evidence();
    evidence.stamps[0].certificates = (MemberId(9), 0);
    let item = Item::Certificates(MemberId(9), 0);
    let expected = (Step::Time, Reason::Incomplete { item });
    assert_eq!(failure(&evidence, &trust()), expected);
    let mut evidence = record_evidence();
    evidence.stamps[1].block = certified(Block::new(30).header());
    let (step, reason) = failure(&evidence, &trust());
    assert_eq!(step, Step::Time);
    assert!(matches!(reason, Reason::Token { number: 1, .. }));
    // A good token in a transaction that is no submission, or was refused: the state has none.
    let mut evidence = record_evidence();
    evidence.stamps[0].stamp = StampId(7);
    let item = Item::Stamp(StampId(7));
    let expected = (Step::Time, Reason::Incomplete { item });
    assert_eq!(failure(&evidence, &trust()), expected);
    let mut evidence = record_evidence();
    evidence.stamps[0].recorded = 3;
    let expected = (Step::Time, Reason::NotRecorded { number: 0 });
    assert_eq!(failure(&evidence, &trust()), expected);
}
