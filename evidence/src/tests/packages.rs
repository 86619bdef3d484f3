//! Good packages, and those that lack something.

use std::collections::BTreeSet;

use codec::Encode;
use sp_runtime::traits::Header as _;
use xinglin_primitives::{MemberId, StampId};

use super::{
    chain::{anchor, carrying, certified, time_of, Block, Events, Words, GENESIS},
    subjects::{
        package, receipts, record, record_evidence, trail, trust, AUTHORITY, INVOICE, PATIENT,
        PLAIN, RECORD,
    },
};
use crate::{
    archive::unpack,
    build,
    build::json,
    build_within,
    format::{Claim, ContentOf, Part, StateClaim, CLAIM, ITEMS_MAX, REPORT},
    pack,
    report::{Outcome, Step},
    state::{Fact, Item, StateError, StateProof, Value, VALUE_BYTES_MAX},
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
    let open = "Whether the chain's rules accepted every transaction: of 1 of 2 ";
    assert!(report.not_proven.iter().any(|it| it.starts_with(open)));
}

/// The receipts with the events of both blocks; those of the first are the larger.
fn with_all_events() -> Evidence {
    let mut evidence = receipts();
    let mut first = Block::new(4);
    let events: Events = (0..100).map(|place| (place, true)).collect();
    first.put(Item::Events, &events);
    evidence.receipts[0] = first.receipt(3);
    let early = first.proof(vec![Item::BlockTime, Item::Events]);
    evidence.states.insert(0, early);
    evidence
}

/// How many operations of a package are said to have been carried out.
fn carried_out(report: &Report) -> usize {
    let ended = "and was carried out.";
    report
        .proven
        .iter()
        .filter(|it| it.ends_with(ended))
        .count()
}

#[test]
fn events_that_do_not_fit_are_left_out_and_their_outcomes_not_proven() {
    let evidence = with_all_events();
    let whole = package(&evidence);
    assert_eq!(carried_out(&verify(&whole, &trust())), 2);
    let within = |bytes_max: usize| build_within(evidence.clone(), Some(&Words), bytes_max);
    let (packed, without) = within(whole.len()).unwrap();
    assert!(packed == whole && without.is_empty());
    let Err(BuildError::Room { bytes: bare, .. }) = within(0) else {
        panic!("nothing fits into no bytes");
    };
    let refused = BuildError::Room {
        bytes: bare,
        bytes_max: bare - 1,
    };
    assert_eq!(within(bare - 1), Err(refused));

    for (bytes_max, blocks) in [(whole.len() - 1, &[4][..]), (bare, &[4, 25])] {
        let (packed, without) = within(bytes_max).unwrap();
        assert!(packed.len() <= bytes_max);
        assert_eq!(without, blocks.iter().copied().collect::<BTreeSet<_>>());
        let report = verify(&packed, &trust());
        assert!(report.is_proven(), "{:?}", report.failure());
        assert_eq!(*report.outcome(Step::Meaning), Outcome::Proven);
        assert_eq!(carried_out(&report), 2 - blocks.len());
        let lacking = format!("every transaction: of {} of 2 ", blocks.len());
        assert!(report.not_proven.join("\n").contains(&lacking));
    }
}

#[test]
fn what_does_not_fit_without_events_is_refused() {
    let evidence = record_evidence();
    let whole = package(&evidence).len();
    let refused = build_within(evidence, Some(&Words), whole - 1);
    let expected = BuildError::Room {
        bytes: whole,
        bytes_max: whole - 1,
    };
    assert_eq!(refused, Err(expected));
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

/// The package of the receipts with another state proof, and a claim of other facts. Nothing else in it
/// is right about them: what is looked at later is not reached.
fn with_state(proof: &StateProof, facts: Vec<Fact>) -> Vec<u8> {
    let evidence = receipts();
    let mut files = unpack(&package(&evidence)).unwrap();
    let mut claim: Claim = serde_json::from_slice(&files[CLAIM]).unwrap();
    claim.states = vec![StateClaim {
        height: *proof.block.header.number(),
        block: proof.block.header.hash(),
        facts,
    }];
    files.insert(CLAIM.into(), json(&claim).unwrap());
    files.insert(Part::State.path(0), proof.encode());
    pack(GENESIS, evidence.subject, files).unwrap()
}

fn absent(item: Item) -> Fact {
    Fact { item, value: None }
}

#[test]
fn an_item_that_is_claimed_again_is_refused_before_it_is_looked_up() {
    let (_, proof) = receipts().states.remove(0);
    // Looked up, the first of them would not be found.
    let empty = StateProof {
        nodes: Vec::new(),
        ..proof
    };
    let once = verify(&with_state(&empty, vec![absent(Item::Events)]), &trust());
    let expected = Reason::State {
        at: "states[0]".into(),
        error: StateError::NotLed(Item::Events),
    };
    assert_eq!(once.failure(), Some((Step::State, &expected)));
    let packed = with_state(&empty, vec![absent(Item::Events); ITEMS_MAX]);
    let again = verify(&packed, &trust());
    let at = "states[0].facts[1]".into();
    let expected = Reason::Twice { at };
    assert_eq!(again.failure(), Some((Step::State, &expected)));
}

#[test]
fn no_more_bytes_are_taken_out_of_proofs_than_there_is_room_for() {
    let (items, proof) = receipts().states.remove(0);
    let values = proof.values(&items).unwrap();
    let bytes: usize = values.iter().flatten().map(Vec::len).sum();
    let mut room = 2 * bytes;
    for left in [bytes, 0] {
        assert_eq!(proof.facts_within(&items, &mut room).unwrap().len(), 2);
        assert_eq!(room, left);
    }
    let refused = proof.facts_within(&items, &mut room);
    assert_eq!(refused, Err(StateError::TooLarge));
}

#[test]
fn many_items_with_one_large_value_are_not_all_taken_out() {
    const LARGE: usize = 1024 * 1024;
    let count = u32::try_from(VALUE_BYTES_MAX / LARGE + 1).unwrap();
    let items = (0..count).map(|number| Item::Certificates(MemberId(9), number));
    let items: Vec<Item> = items.collect();
    let mut block = Block::new(25);
    for item in &items {
        block.put_encoded(*item, vec![7; LARGE]);
    }
    let (items, proof) = block.proof(items);
    // In the state they are one node, so that the package is small.
    let packed = with_state(&proof, items.into_iter().map(absent).collect());
    assert!(packed.len() < 2 * LARGE);
    let report = verify(&packed, &trust());
    let expected = Reason::State {
        at: "states[0]".into(),
        error: StateError::TooLarge,
    };
    assert_eq!(report.failure(), Some((Step::State, &expected)));
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

/// The evidence of a record after the council has withdrawn the certificates of its tokens.
fn withdrawn(mut evidence: Evidence, at: u64) -> Evidence {
    let (items, proof) = evidence.states.remove(0);
    let values = proof.values(&items).unwrap();
    let mut tip = Block::new(33);
    for (item, value) in items.iter().zip(values) {
        let value = value.unwrap();
        match item.read(&value) {
            Some(Value::Certificates(mut registered)) => {
                registered.withdrawn_at = Some(at);
                tip.put(*item, &registered);
            }
            _ => tip.put_encoded(*item, value),
        }
    }
    evidence.states = vec![tip.proof(items)];
    evidence
}

#[test]
fn certificates_that_the_council_has_withdrawn_are_told() {
    let told = |report: &Report| -> Vec<String> {
        let sentences = report.not_proven.iter();
        let told = sentences.filter(|it| it.contains("the council withdrew"));
        told.cloned().collect()
    };
    let evidence = record_evidence();
    assert_eq!(told(&report(&evidence)), Vec::<String>::new());
    let times = evidence.stamps.iter().map(|it| it.time_ms);
    let (first, last) = (times.clone().min().unwrap(), times.max().unwrap());
    let (authority, number) = AUTHORITY;
    for (at, when) in [
        (last + 1, "after the times of all their tokens here"),
        (first, "before the times of all their tokens here"),
    ] {
        let report = report(&withdrawn(evidence.clone(), at));
        assert!(report.is_proven(), "{:?}", report.failure());
        assert_eq!(*report.outcome(Step::Time), Outcome::Proven);
        let told = told(&report);
        assert_eq!(told.len(), 1, "{told:?}");
        let of = format!("certificates {number} of time authority {authority} still count");
        let instant = crate::time::instant(at);
        assert!(told[0].contains(&of), "{told:?}");
        assert!(told[0].contains(&format!("{instant}, {when}.")), "{told:?}");
    }
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
