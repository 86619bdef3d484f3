//! Signed questions about operations.

use std::collections::BTreeSet;

use xinglin_core::{
    Explorer, ExplorerError, Filter, Owner, Page as Positions, Position, TxLocation,
};
use xinglin_primitives::{
    privacy::{Refusal, Topic},
    AccountId, Entity,
};
use xinglin_rpc_api::{
    explorer::{
        Cursor, EventView, Events, Extrinsics, Operation, OperationDetails, OperationView, Page,
        QuestionView, Questions as KeptQuestions, PAGE_MAX,
    },
    questions::{Auth, SignedQuestion},
    time::Time,
    xinglin::Receipt,
};

use super::{
    asking::Asking,
    cursor::List,
    error::ExplorerApiError,
    filter::{self, topics},
    part::{Admitted, Part},
    reading::Read,
    ExplorerService,
};
use crate::{
    questions::{QuestionError, Request},
    xinglin,
};

/// Entities that an operation concerns, of which any may be the asker's business: enough for a call that is no
/// batch, such as one that opens 64 records, with their patients and who opens them.
const TOPICS_MAX: usize = 136;

/// What is looked for in the index, and what is left out of what it finds.
#[derive(Clone)]
pub(super) struct Sought {
    /// With those of the entities alone that are the asker's business, so that where a page ends does not
    /// tell what the others have to do with these.
    pub(super) filter: Filter,
    /// The other entities.
    guessed: Vec<Entity>,
    /// Whether the asker may not be shown all that is found.
    is_in_part: bool,
}

impl Sought {
    /// How many positions to look for: more than are shown, where some may be hidden.
    fn limit(&self, limit: u32) -> u32 {
        match self.is_in_part {
            true => PAGE_MAX,
            false => limit,
        }
    }
}

impl ExplorerService {
    pub(super) fn extrinsics(
        &self,
        question: Extrinsics,
        request: &Request,
    ) -> Result<Page<OperationView>, ExplorerApiError> {
        let reader = self.reader()?;
        let limit = filter::page_limit(question.limit)?;
        let filter = filter::checked(&question.filter, &reader.schema)?;
        let after = self.after(List::Extrinsics, question.cursor.as_ref())?;
        let topics = topics(&question.filter, &request.auth.account);
        let admitted = self.admit(&request.auth, &topics)?;
        let order = filter::order(question.order);
        let sought = self.sought(admitted, filter, &request.auth)?;
        let searched = sought.limit(limit);
        let found = reader
            .explorer
            .extrinsics(&sought.filter, order, after, searched)?;
        let mut read = reader.operations(&found.items)?;
        if let Some(mut part) = self.part_of_found(&sought, &request.auth)? {
            read = part.of_operations(read, limit)?;
        }
        self.questions.keep(Extrinsics::METHOD, request)?;
        Ok(self.page(List::Extrinsics, &found, read))
    }

    pub(super) fn events(
        &self,
        question: Events,
        request: &Request,
    ) -> Result<Page<EventView>, ExplorerApiError> {
        let reader = self.reader()?;
        let limit = filter::page_limit(question.limit)?;
        let filter = filter::checked(&question.filter, &reader.schema)?;
        let after = self.after(List::Events, question.cursor.as_ref())?;
        let topics = topics(&question.filter, &request.auth.account);
        let admitted = self.admit(&request.auth, &topics)?;
        let order = filter::order(question.order);
        let sought = self.sought(admitted, filter, &request.auth)?;
        let searched = sought.limit(limit);
        let found = reader
            .explorer
            .events(&sought.filter, order, after, searched)?;
        let mut read = reader.events(&found.items)?;
        if let Some(mut part) = self.part_of_found(&sought, &request.auth)? {
            read = part.of_events(read, limit, &reader)?;
        }
        self.questions.keep(Events::METHOD, request)?;
        Ok(self.page(List::Events, &found, read))
    }

    pub(super) fn operation(
        &self,
        question: Operation,
        request: &Request,
    ) -> Result<Option<OperationDetails>, ExplorerApiError> {
        let reader = self.reader()?;
        let location = self.node.chain.locate(&question.hash)?;
        let mut found = match location {
            Some(location) => Some(reader.details(indexed(reader.explorer, location)?)?),
            None => None,
        };
        // What does not exist is refused like what is not the asker's business.
        let asker = &request.auth.account;
        let concerned = match &found {
            Some((operation, _)) => concerned(reader.explorer, operation)?,
            None => BTreeSet::new(),
        };
        let operation = found.as_ref().map(|(operation, _)| operation);
        let topics = topics_of(operation, &concerned, asker);
        let part = match (self.admit(&request.auth, &topics)?, operation) {
            (Admitted::Because(_), Some(operation)) => {
                self.part_of(operation, &concerned, &request.auth)?
            }
            _ => None,
        };
        let is_cut = part.is_some();
        if let (Some(mut part), Some((operation, events))) = (part, &mut found) {
            part.cut_details(operation, events)?;
        }
        let receipt = match is_cut {
            true => None,
            false => xinglin::find_receipt(&self.node, &question.hash)
                .map_err(|_| crate::error::ServerError::Internal)?,
        };
        let time_tokens = match &location {
            Some(location) => self.time_tokens(location.number)?,
            None => None,
        };
        self.questions.keep(Operation::METHOD, request)?;
        Ok(found.map(|(operation, events)| OperationDetails {
            operation,
            events,
            receipt: receipt.as_ref().map(Receipt::from),
            time_tokens,
        }))
    }

    pub(super) fn kept_questions(
        &self,
        question: KeptQuestions,
        request: &Request,
    ) -> Result<Vec<QuestionView>, ExplorerApiError> {
        let limit = filter::page_limit(question.limit)?;
        let at = self.node.tip()?.hash;
        // Regulators oversee each other: any of them sees it, and needs no case.
        let mut auth = request.auth.clone();
        auth.case = None;
        self.questions.admit(at, &auth, &[Topic::Oversight])?;
        let (log, _) = self.node.record()?;
        let questions = log.questions(question.from, limit)?;
        let numbered = (question.from..).zip(questions);
        let views = numbered.map(|(number, question)| QuestionView {
            number,
            hash: question.hash(),
            asked_at: Time(question.asked_at_ms),
            account: question.account,
            case: question.case,
            method: question.method,
            question: question.question,
            signed: question.signed,
        });
        Ok(views.collect())
    }

    /// Which of these topics the asker may ask about, the first of them; if it takes a case, whether
    /// the question can be put on the record.
    pub(super) fn admit(
        &self,
        auth: &Auth,
        topics: &[Topic],
    ) -> Result<Admitted, ExplorerApiError> {
        let at = self.node.tip()?.hash;
        // A case opens any of them: one question is enough.
        if auth.case.is_some() {
            self.questions.admit(at, auth, &[Topic::Operations])?;
            self.node.open_record()?;
            return Ok(Admitted::ForCase);
        }
        Ok(Admitted::Because(self.questions.admit(at, auth, topics)?))
    }

    /// What a filter means for who was admitted.
    pub(super) fn sought(
        &self,
        admitted: Admitted,
        mut filter: Filter,
        auth: &Auth,
    ) -> Result<Sought, ExplorerApiError> {
        // For a case all is shown; and else only her own operations are found.
        let Admitted::Because(Topic::History(_)) = admitted else {
            return Ok(Sought {
                filter,
                guessed: Vec::new(),
                is_in_part: false,
            });
        };
        let mut asking = self.asking(auth)?;
        let (mut own, mut guessed) = (Vec::new(), Vec::new());
        for entity in filter.entities {
            match asking.is_own(entity)? {
                true => own.push(entity),
                false => guessed.push(entity),
            }
        }
        // The state may be a later one than that in which she was admitted.
        if own.is_empty() {
            return Err(not_concerned());
        }
        filter.entities = own;
        Ok(Sought {
            filter,
            guessed,
            is_in_part: true,
        })
    }

    /// Refuses who may not ask any more for what she was admitted to.
    pub(super) fn admit_again(
        &self,
        auth: &Auth,
        topics: &[Topic],
        sought: &Sought,
    ) -> Result<(), ExplorerApiError> {
        if !sought.is_in_part {
            self.admit(auth, topics)?;
            return Ok(());
        }
        let mut asking = self.asking(auth)?;
        for entity in &sought.filter.entities {
            if !asking.is_own(*entity)? {
                return Err(not_concerned());
            }
        }
        Ok(())
    }

    /// What the asker is shown of what is found, if that may not be all of it.
    pub(super) fn part_of_found<'a>(
        &'a self,
        sought: &'a Sought,
        auth: &'a Auth,
    ) -> Result<Option<Part<'a>>, ExplorerApiError> {
        if !sought.is_in_part {
            return Ok(None);
        }
        Ok(Some(Part {
            asker: &auth.account,
            own: sought.filter.entities.iter().copied().collect(),
            guessed: &sought.guessed,
            index: self.index()?,
            asking: self.asking(auth)?,
        }))
    }

    /// What the asker is shown of an operation, if that may not be all of it.
    fn part_of<'a>(
        &'a self,
        operation: &OperationView,
        concerned: &BTreeSet<Entity>,
        auth: &'a Auth,
    ) -> Result<Option<Part<'a>>, ExplorerApiError> {
        if operation.signer.as_ref() == Some(&auth.account) {
            return Ok(None);
        }
        let mut asking = self.asking(auth)?;
        let mut own = BTreeSet::new();
        for entity in concerned {
            if asking.is_own(*entity)? {
                own.insert(*entity);
            }
        }
        let mut part = Part {
            asker: &auth.account,
            own,
            guessed: &[],
            index: self.index()?,
            asking,
        };
        let is_shared = part.is_shared(operation)?;
        if part.withholds(operation, is_shared)? {
            return Err(not_concerned());
        }
        Ok(is_shared.then_some(part))
    }

    fn asking<'a>(&'a self, auth: &'a Auth) -> Result<Asking<'a>, ExplorerApiError> {
        let at = self.node.tip()?.hash;
        Ok(Asking::new(&self.questions, at, auth))
    }

    fn after(
        &self,
        list: List,
        cursor: Option<&Cursor>,
    ) -> Result<Option<Position>, ExplorerApiError> {
        let genesis = &self.node.info.genesis_hash;
        let position = cursor.map(|cursor| list.position(genesis, cursor));
        Ok(position.transpose()?)
    }

    fn page<T>(&self, list: List, found: &Positions, read: Read<T>) -> Page<T> {
        let next = read.cut.or(found.next);
        Page {
            items: read.items,
            next: next.map(|next| list.after(&self.node.info.genesis_hash, next)),
        }
    }
}

/// The answer to who asks about what is not her business.
fn not_concerned() -> ExplorerApiError {
    QuestionError::Refused(Refusal::NotConcerned).into()
}

/// Where a transaction of the chain is found, if the index has its block: what is not indexed yet has no
/// outcome yet.
fn indexed(index: &dyn Explorer, location: TxLocation) -> Result<Position, ExplorerApiError> {
    let progress = index.progress();
    match location.number {
        number if number > progress.last => Err(ExplorerApiError::Behind {
            indexed: progress.last,
            tip: progress.tip,
        }),
        number if number < progress.first => Err(ExplorerApiError::Before(progress.first)),
        block => Ok(Position {
            block,
            index: location.index,
        }),
    }
}

/// What an operation mentions and whose that is, parties before things.
fn concerned(
    index: &dyn Explorer,
    operation: &OperationView,
) -> Result<BTreeSet<Entity>, ExplorerError> {
    let mut concerned = BTreeSet::new();
    for entity in operation.entities.iter().take(TOPICS_MAX) {
        concerned.insert(*entity);
        if let Owner::Patient(patient) = index.owner_of(*entity)? {
            concerned.insert(Entity::Patient(patient));
        }
    }
    Ok(concerned.into_iter().take(TOPICS_MAX).collect())
}

/// What must be the asker's business for her to see an operation: the same as would have found it.
fn topics_of(
    operation: Option<&OperationView>,
    concerned: &BTreeSet<Entity>,
    asker: &AccountId,
) -> Vec<Topic> {
    let is_own = operation.is_some_and(|it| it.signer.as_ref() == Some(asker));
    let own = is_own.then_some(Topic::OwnOperations);
    let histories = concerned.iter().copied().map(Topic::History);
    let last = std::iter::once(Topic::Operations);
    own.into_iter().chain(histories).chain(last).collect()
}
