//! The steps of a verification, in their order.

use std::collections::BTreeSet;

use sp_io::hashing::sha2_256;
use sp_runtime::traits::Header as _;
use xinglin_primitives::{consensus::Validator, receipt::CertifiedHeader, BlockNumber};

use crate::{
    archive,
    build::events,
    content::Registered,
    format::{Claim, Operation, StateClaim},
    package::Package,
    paper,
    reason::Reason,
    report::{Outcome, Report, Step},
    state::{Item, VALUE_BYTES_MAX},
    story::{self, Facts, Story},
    time,
    trust::{Sets, TrustAnchor},
    vocabulary::{Ended, Vocabulary},
};

/// What a verification relies on.
#[derive(Clone)]
pub struct Trust<'a> {
    /// The chain and the validators of some height.
    pub anchor: TrustAnchor,
    /// What knows the chain's calls and events. Without it, their names and the outcomes of
    /// transactions are not checked.
    pub vocabulary: Option<&'a dyn Vocabulary>,
}

/// Verifies a package. Nothing but the arguments is consulted, and nothing in the package is believed
/// that does not follow from the trust.
pub fn verify(bytes: &[u8], trust: &Trust<'_>) -> Report {
    let mut report = Report::new(sha2_256(bytes).into());
    if let Err((step, reason)) = run(bytes, trust, &mut report) {
        report.fail(step, reason);
    }
    report
}

fn run(bytes: &[u8], trust: &Trust<'_>, report: &mut Report) -> Result<(), (Step, Reason)> {
    let files = archive::unpack(bytes).map_err(|error| (Step::Package, error.into()))?;
    let note = format!("{} files, {} bytes", files.len(), bytes.len());
    report.tell(Step::Package, Outcome::Proven, note);

    let package = Package::read(files).map_err(|reason| (Step::Manifest, reason))?;
    let claim = &package.claim;
    report.subject = Some(claim.subject);
    report.tell(Step::Manifest, Outcome::Proven, claim.subject.to_string());

    let sets = check_validators(&package, trust).map_err(|reason| (Step::Validators, reason))?;
    let note = format!("{} changes of the validators", sets.changes());
    report.tell(Step::Validators, Outcome::Proven, note);

    check_operations(&package, &sets).map_err(|reason| (Step::Operations, reason))?;
    let note = (claim.operations.len(), "transactions");
    report.tell_counted(Step::Operations, note);

    check_states(&package, &sets).map_err(|reason| (Step::State, reason))?;
    let facts: usize = claim.states.iter().map(|state| state.facts.len()).sum();
    report.tell_counted(Step::State, (facts, "facts"));

    check_meaning(&package, trust, report).map_err(|reason| (Step::Meaning, reason))?;

    let facts = Facts::of(claim);
    let opened = check_contents(&package, &facts).map_err(|reason| (Step::Contents, reason))?;
    report.tell_counted(Step::Contents, (claim.contents.len(), "ciphertexts"));

    check_time(&package, &sets, &facts, report).map_err(|reason| (Step::Time, reason))?;

    let story = story::check(claim).map_err(|reason| (Step::Subject, reason))?;
    report.tell(Step::Subject, Outcome::Proven, claim.subject.to_string());

    if paper::render(&package.genesis, claim) != package.report {
        return Err((Step::Report, Reason::OtherReport));
    }
    report.tell(Step::Report, Outcome::Proven, "");
    conclude((claim, &facts), story, opened, report);
    Ok(())
}

impl Report {
    /// A step that holds for a number of things, or of which there is nothing.
    fn tell_counted(&mut self, step: Step, (count, what): (usize, &str)) {
        let outcome = match count {
            0 => Outcome::NotClaimed,
            _ => Outcome::Proven,
        };
        self.tell(step, outcome, format!("{count} {what}"));
    }
}

fn check_validators(package: &Package, trust: &Trust<'_>) -> Result<Sets, Reason> {
    if package.genesis != trust.anchor.genesis {
        return Err(Reason::OtherChain {
            found: package.genesis,
            expected: trust.anchor.genesis,
        });
    }
    Sets::follow(trust.anchor.clone(), &package.set_changes)
        .map_err(|(number, error)| Reason::Change { number, error })
}

/// The validators of a height, for what stands at `at` in the claim.
fn validators<'a>(
    sets: &'a Sets,
    height: BlockNumber,
    at: &str,
) -> Result<&'a [Validator], Reason> {
    let set = sets.of(height).ok_or_else(|| Reason::BeforeAnchor {
        at: at.to_owned(),
        height,
        from: sets.first(),
    })?;
    Ok(&set.validators)
}

fn check_decided(
    package: &Package,
    sets: &Sets,
    block: &CertifiedHeader,
    at: &str,
) -> Result<(), Reason> {
    let validators = validators(sets, *block.header.number(), at)?;
    let verified = block.verify(&package.genesis, validators);
    verified.map_err(|error| Reason::NotDecided {
        at: at.to_owned(),
        error,
    })
}

/// Fails if a field of the claim is not what it should be.
fn same<T: PartialEq>(claimed: &T, proven: &T, at: &str, field: &str) -> Result<(), Reason> {
    if claimed == proven {
        return Ok(());
    }
    let at = format!("{at}.{field}");
    Err(Reason::Misstated { at })
}

fn check_operations(package: &Package, sets: &Sets) -> Result<(), Reason> {
    let mut seen = BTreeSet::new();
    let operations = package.claim.operations.iter().zip(&package.receipts);
    for (number, (claim, receipt)) in operations.enumerate() {
        let at = format!("operations[{number}]");
        let height = *receipt.header.number();
        let validators = validators(sets, height, &at)?;
        let verified = receipt.verify(&package.genesis, validators);
        verified.map_err(|error| Reason::NotDecided {
            at: at.clone(),
            error,
        })?;
        same(&claim.transaction, &receipt.hash(), &at, "transaction")?;
        same(&claim.height, &height, &at, "height")?;
        same(&claim.block, &receipt.header.hash(), &at, "block")?;
        same(&claim.index, &receipt.index, &at, "index")?;
        // The same bytes may be in the chain once only, but the same place surely is.
        if !seen.insert((height, receipt.index)) {
            return Err(Reason::Twice { at });
        }
    }
    Ok(())
}

fn items_of(claim: &StateClaim) -> Vec<Item> {
    claim.facts.iter().map(|fact| fact.item).collect()
}

/// Fails if an item is claimed a second time after a block. Looking it up again would prove nothing and
/// take memory for another copy of its value.
fn check_once(
    claim: &StateClaim,
    at: &str,
    seen: &mut BTreeSet<(BlockNumber, Item)>,
) -> Result<(), Reason> {
    for (place, fact) in claim.facts.iter().enumerate() {
        if !seen.insert((claim.height, fact.item)) {
            let at = format!("{at}.facts[{place}]");
            return Err(Reason::Twice { at });
        }
    }
    Ok(())
}

fn check_states(package: &Package, sets: &Sets) -> Result<(), Reason> {
    let mut seen = BTreeSet::new();
    let mut room = VALUE_BYTES_MAX;
    let states = package.claim.states.iter().zip(&package.states);
    for (number, (claim, proof)) in states.enumerate() {
        let at = format!("states[{number}]");
        check_decided(package, sets, &proof.block, &at)?;
        let height = *proof.block.header.number();
        same(&claim.height, &height, &at, "height")?;
        same(&claim.block, &proof.block.header.hash(), &at, "block")?;
        check_once(claim, &at, &mut seen)?;
        let proven = proof
            .facts_within(&items_of(claim), &mut room)
            .map_err(|error| Reason::State {
                at: at.clone(),
                error,
            })?;
        for (place, (claimed, proven)) in claim.facts.iter().zip(&proven).enumerate() {
            same(claimed, proven, &at, &format!("facts[{place}]"))?;
        }
    }
    Ok(())
}

fn check_meaning(package: &Package, trust: &Trust<'_>, report: &mut Report) -> Result<(), Reason> {
    let claim = &package.claim;
    let is_claimed = |it: &Operation| it.reading != Default::default();
    if !claim.operations.iter().any(is_claimed) {
        report.tell(Step::Meaning, Outcome::NotClaimed, "");
        return Ok(());
    }
    let Some(vocabulary) = trust.vocabulary else {
        let note = "this program does not know the chain's calls and events";
        report.tell(Step::Meaning, Outcome::NotChecked, note);
        return Ok(());
    };
    let states = claim.states.iter().zip(&package.states);
    let events = events(states.map(|(state, proof)| (items_of(state), proof)));
    for (number, (operation, receipt)) in claim.operations.iter().zip(&package.receipts).enumerate()
    {
        let events = events.get(&operation.height).map(Vec::as_slice);
        let read = vocabulary.read(&receipt.extrinsic, receipt.index, events);
        let at = format!("operations[{number}].reading");
        same(&operation.reading.signer, &read.signer, &at, "signer")?;
        same(&operation.reading.call, &read.call, &at, "call")?;
        same(&operation.reading.ended, &read.ended, &at, "ended")?;
    }
    report.tell(Step::Meaning, Outcome::Proven, "");
    Ok(())
}

/// Checks the ciphertexts; the numbers of those whose plaintext is proven.
fn check_contents(package: &Package, facts: &Facts<'_>) -> Result<Vec<usize>, Reason> {
    let mut seen = BTreeSet::new();
    let mut opened = Vec::new();
    for (number, content) in package.claim.contents.iter().enumerate() {
        let of = content.of;
        let at = || format!("contents[{number}]");
        if !seen.insert(of.to_string()) {
            return Err(Reason::Twice { at: at() });
        }
        let receipt = usize::try_from(content.operation)
            .ok()
            .and_then(|at| package.receipts.get(at))
            .ok_or_else(|| Reason::NoOperation { at: at() })?;
        let registered = Registered::find(of, package.genesis, facts);
        let registered = registered.ok_or(Reason::NotProven { of })?;
        let ciphertext = slice(&receipt.extrinsic, content.offset, content.bytes);
        let ciphertext = ciphertext.ok_or(Reason::Beyond { of })?;
        registered.check(of, *receipt.header.number(), ciphertext)?;
        let (Some(key), Some(plain)) = (content.key, package.contents.get(&number)) else {
            continue;
        };
        let held = registered
            .open(ciphertext, key)
            .map_err(|error| Reason::Content { of, error })?;
        if *held != *plain {
            return Err(Reason::OtherPlaintext { of });
        }
        opened.push(number);
    }
    Ok(opened)
}

fn slice(bytes: &[u8], offset: u32, length: u32) -> Option<&[u8]> {
    let start = usize::try_from(offset).ok()?;
    let end = start.checked_add(usize::try_from(length).ok()?)?;
    bytes.get(start..end)
}

fn check_time(
    package: &Package,
    sets: &Sets,
    facts: &Facts<'_>,
    report: &mut Report,
) -> Result<(), Reason> {
    let times = &package.claim.times;
    for (number, ((_, block), claim)) in package.tokens.iter().zip(times).enumerate() {
        let at = format!("times[{number}]");
        check_decided(package, sets, block, &at)?;
        same(&claim.height, block.header.number(), &at, "height")?;
        same(&claim.block, &block.header.hash(), &at, "block")?;
    }
    time::check(package, facts)?;
    report.tell_counted(Step::Time, (times.len(), "tokens"));
    Ok(())
}

/// Says in words what follows, and what does not.
fn conclude(
    (claim, facts): (&Claim, &Facts<'_>),
    story: Story,
    opened: Vec<usize>,
    report: &mut Report,
) {
    let is_read = *report.outcome(Step::Meaning) == Outcome::Proven;
    for operation in &claim.operations {
        let reading = &operation.reading;
        let named = match (&reading.call, is_read) {
            (Some(call), true) => format!(" ({call})"),
            _ => String::new(),
        };
        let signed = match (&reading.signer, is_read) {
            (Some(signer), true) => format!(", signed by {signer},"),
            _ => String::new(),
        };
        let ended = match (&reading.ended, is_read) {
            (Some(Ended::Success), true) => ", and was carried out".to_owned(),
            (Some(Ended::Partly(what)), true) => {
                format!(", and was carried out in part: {what}")
            }
            (Some(Ended::Refused(error)), true) => format!(", and was refused: {error}"),
            _ => String::new(),
        };
        report.proven.push(format!(
            "Transaction {:?}{named}{signed} is in block {} at place {}{ended}.",
            operation.transaction, operation.height, operation.index,
        ));
    }
    report.proven.extend(story.proven);
    for number in opened {
        if let Some(content) = claim.contents.get(number) {
            report.proven.push(format!(
                "content/{number}.bin is what was recorded, encrypted, as {}.",
                content.of
            ));
        }
    }
    if *report.outcome(Step::Time) == Outcome::Proven {
        report.proven.extend(time::statements(claim));
    }
    conclude_not(claim, is_read, report);
    report.not_proven.extend(time::withdrawals(claim, facts));
    report.not_proven.extend(story.not_proven);
}

fn conclude_not(claim: &Claim, is_read: bool, report: &mut Report) {
    let mut not = |sentence: &str| report.not_proven.push(sentence.to_owned());
    not("That what was recorded is true: a chain proves that and when something was recorded, and by which key.");
    not("Who held the keys that signed.");
    if !is_read {
        not("The names of calls, signers and outcomes, which stand in the claim by the exporter's word.");
    }
    let without = claim.operations.iter();
    let without = without.filter(|it| it.reading.ended.is_none()).count();
    if without > 0 {
        let all = claim.operations.len();
        not(&format!("Whether the chain's rules accepted every transaction: of {without} of {all} the package does not have the outcome, and one that they refuse is in its block too. Where the state shows its effect, they did."));
    }
    if claim.contents.iter().any(|content| content.key.is_none()) {
        not("What the ciphertexts hold whose keys are not in the package.");
    }
    if claim.contents.iter().any(|content| content.key.is_some()) {
        not("That an author did not prepare a ciphertext which another key opens to something else: if that is in question, have another reader open it with the key that the chain holds sealed for him.");
    }
    if *report.outcome(Step::Time) != Outcome::Proven {
        report
            .not_proven
            .push("When blocks were made by any other clock than the validators' own.".to_owned());
    }
    if claim.states.is_empty() {
        report
            .not_proven
            .push("Anything about the chain's state.".to_owned());
    }
    report
        .not_proven
        .push("What happened after the latest block in the package.".to_owned());
}
