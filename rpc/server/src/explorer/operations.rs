//! Signed questions about operations.

use std::collections::BTreeSet;

use xinglin_core::{Filter, Page as Positions, Position};
use xinglin_primitives::{privacy::Topic, AccountId, Entity};
use xinglin_rpc_api::{
    explorer::{
        Cursor, EventView, Events, Extrinsics, Operation, OperationDetails, OperationView, Page,
        QuestionView, Questions as KeptQuestions,
    },
    questions::{Auth, SignedQuestion},
    time::Time,
    xinglin::Receipt,
};

use super::{
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

/// Entities of an operation of which any may be the asker's business.
const TOPICS_MAX: usize = 64;

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
        let found = reader.explorer.extrinsics(&filter, order, after, limit)?;
        let mut read = reader.operations(&found.items)?;
        if let Some(part) = admitted.part(&request.auth.account) {
            self.cut(&mut read.items, &part, &filter, &request.auth)?;
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
        self.admit(&request.auth, &topics)?;
        let order = filter::order(question.order);
        let found = reader.explorer.events(&filter, order, after, limit)?;
        let read = reader.events(&found.items)?;
        self.questions.keep(Events::METHOD, request)?;
        Ok(self.page(List::Events, &found, read))
    }

    pub(super) fn operation(
        &self,
        question: Operation,
        request: &Request,
    ) -> Result<Option<OperationDetails>, ExplorerApiError> {
        let reader = self.reader()?;
        let progress = reader.explorer.progress();
        let location = self.node.chain.locate(&question.hash)?;
        let found = match &location {
            // What is not indexed yet has no outcome yet.
            Some(location) if location.number > progress.last => {
                return Err(ExplorerApiError::Behind {
                    indexed: progress.last,
                    tip: progress.tip,
                })
            }
            Some(location) if location.number < progress.first => {
                return Err(ExplorerApiError::Before(progress.first))
            }
            Some(location) => Some(reader.details(Position {
                block: location.number,
                index: location.index,
            })?),
            None => None,
        };
        // What does not exist is refused like what is not the asker's business.
        let asker = &request.auth.account;
        let operation = found.as_ref().map(|(operation, _)| operation);
        let admitted = self.admit(&request.auth, &topics_of(operation, asker))?;
        let part = match operation {
            Some(operation) if admitted != Admitted::ForCase => {
                self.part_of(operation, &request.auth)?
            }
            _ => None,
        };
        let receipt = match part {
            Some(_) => None,
            None => xinglin::find_receipt(&self.node, &question.hash)
                .map_err(|_| crate::error::ServerError::Internal)?,
        };
        let time_tokens = match &location {
            Some(location) => self.time_tokens(location.number)?,
            None => None,
        };
        self.questions.keep(Operation::METHOD, request)?;
        Ok(found.map(|(mut operation, mut events)| {
            if let Some(part) = &part {
                part.cut(&mut operation);
                events.retain(|event| part.has(event));
            }
            OperationDetails {
                operation,
                events,
                receipt: receipt.as_ref().map(Receipt::from),
                time_tokens,
            }
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

    /// Leaves of operations what is the asker's business. One that is found by what is not tells
    /// nothing: that it is found at all would tell whom else it concerns.
    pub(super) fn cut(
        &self,
        operations: &mut Vec<OperationView>,
        part: &Part<'_>,
        filter: &Filter,
        auth: &Auth,
    ) -> Result<(), ExplorerApiError> {
        if !operations.iter().any(|it| Part::applies_to(part.asker, it)) {
            return Ok(());
        }
        let own = self.own(filter.entities.iter(), auth)?;
        if filter.entities.iter().any(|entity| !own.contains(entity)) {
            operations.retain(|it| !Part::applies_to(part.asker, it));
        }
        operations.iter_mut().for_each(|it| part.cut(it));
        Ok(())
    }

    /// Those of some entities that are the asker's business.
    fn own<'e>(
        &self,
        entities: impl Iterator<Item = &'e Entity>,
        auth: &Auth,
    ) -> Result<BTreeSet<Entity>, ExplorerApiError> {
        let at = self.node.tip()?.hash;
        let mut own = BTreeSet::new();
        for entity in entities {
            match self.questions.admit(at, auth, &[Topic::History(*entity)]) {
                Ok(_) => own.insert(*entity),
                Err(QuestionError::Refused(_)) => false,
                Err(error) => return Err(error.into()),
            };
        }
        Ok(own)
    }

    /// What of an operation is the asker's business, if that may not be all of it.
    fn part_of<'a>(
        &self,
        operation: &OperationView,
        auth: &'a Auth,
    ) -> Result<Option<Part<'a>>, ExplorerApiError> {
        let asker = &auth.account;
        if !Part::applies_to(asker, operation) {
            return Ok(None);
        }
        let own = self.own(operation.entities.iter().take(TOPICS_MAX), auth)?;
        Ok(Some(Part { asker, own }))
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

/// What must be the asker's business for her to see an operation: the same as would have found it.
fn topics_of(operation: Option<&OperationView>, asker: &AccountId) -> Vec<Topic> {
    let Some(operation) = operation else {
        return vec![Topic::Operations];
    };
    let own = (operation.signer.as_ref() == Some(asker)).then_some(Topic::OwnOperations);
    let entities = operation.entities.iter().copied().map(Topic::History);
    let last = std::iter::once(Topic::Operations);
    let topics = own.into_iter().chain(entities.take(TOPICS_MAX)).chain(last);
    topics.collect()
}
