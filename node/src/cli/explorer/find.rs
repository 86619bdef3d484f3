//! Operations and events by filter.

use anyhow::Result;
use clap::Args;
use xinglin_primitives::{AccountId, Entity};
use xinglin_rpc_api::{
    explorer::{Events, Extrinsics, Filter, Outcome},
    number::Height,
};

use super::{
    listing,
    overview::{PageArgs, RangeArgs},
    Asking,
};
use crate::cli::parties::input;

/// Which operations.
#[derive(Args, Clone, Debug)]
pub struct FindArgs {
    #[command(flatten)]
    filter: FilterArgs,
    #[command(flatten)]
    range: RangeArgs,
    #[command(flatten)]
    page: PageArgs,
    /// List the events themselves instead of the operations
    #[arg(long)]
    events: bool,
}

/// What operations must have, whenever they were.
#[derive(Args, Clone, Debug)]
pub struct FilterArgs {
    /// Mentioning this, as in patient:7; several must all be mentioned. Kinds are member,
    /// practitioner, patient, appointment, record, grant, invoice, settlement, claim and case
    #[arg(long = "entity", value_name = "KIND:ID")]
    entities: Vec<Entity>,
    /// Signed by this account, or by `me`
    #[arg(long, value_name = "ACCOUNT", value_parser = signer)]
    signer: Option<Signer>,
    /// A call of this pallet, as in Appointments
    #[arg(long, value_name = "NAME")]
    pallet: Option<String>,
    /// This call of the pallet, as in book
    #[arg(long, value_name = "NAME", requires = "pallet")]
    call: Option<String>,
    /// With an event of this pallet
    #[arg(long, value_name = "NAME")]
    event_pallet: Option<String>,
    /// With this event of that pallet, as in Booked
    #[arg(long, value_name = "NAME", requires = "event_pallet")]
    event: Option<String>,
    /// success, or error if the rules refused it
    #[arg(long, value_name = "OUTCOME", value_parser = input::word::<Outcome>)]
    outcome: Option<Outcome>,
}

/// Who signed.
#[derive(Clone, Debug)]
enum Signer {
    Me,
    Account(AccountId),
}

fn signer(text: &str) -> Result<Signer, String> {
    match text {
        "me" => Ok(Signer::Me),
        text => input::account(text).map(Signer::Account),
    }
}

impl FilterArgs {
    /// The filter. Who names neither a case nor whom it is about means what she signed.
    pub fn filter(&self, asking: &Asking) -> Result<Filter> {
        let is_about_others = asking.case.is_some() || !self.entities.is_empty();
        let signer = match &self.signer {
            Some(Signer::Account(account)) => Some(account.clone()),
            Some(Signer::Me) => Some(asking.key()?.account()),
            None if is_about_others => None,
            None => Some(asking.key()?.account()),
        };
        Ok(Filter {
            signer,
            pallet: self.pallet.clone(),
            call: self.call.clone(),
            event_pallet: self.event_pallet.clone(),
            event: self.event.clone(),
            outcome: self.outcome,
            entities: self.entities.clone(),
            ..Filter::default()
        })
    }

    /// Whether nothing is said of the operations.
    pub fn is_of_events_alone(&self) -> bool {
        let Self {
            entities,
            signer,
            pallet,
            call,
            outcome,
            event_pallet: _,
            event: _,
        } = self;
        let says_nothing = signer.is_none() && pallet.is_none() && call.is_none();
        entities.is_empty() && says_nothing && outcome.is_none()
    }

    /// Pallet and name of the events.
    pub fn event(&self) -> (Option<String>, Option<String>) {
        (self.event_pallet.clone(), self.event.clone())
    }
}

/// Lists operations or events.
pub async fn run(asking: &Asking, args: FindArgs) -> Result<()> {
    let filter = Filter {
        from_block: args.range.from_block.map(Height::from),
        to_block: args.range.to_block.map(Height::from),
        from: args.range.period.from,
        before: args.range.period.before,
        ..args.filter.filter(asking)?
    };
    let (order, cursor, limit) = (args.page.order(), args.page.cursor(), args.page.limit);
    let (key, case) = (asking.key()?, asking.case);
    if args.events {
        let question = Events {
            filter,
            order,
            cursor,
            limit,
        };
        let page = asking.client.find_events(key, case, &question).await?;
        return listing::print(asking.form, &page);
    }
    let question = Extrinsics {
        filter,
        order,
        cursor,
        limit,
    };
    let page = asking.client.find_operations(key, case, &question).await?;
    listing::print(asking.form, &page)
}
