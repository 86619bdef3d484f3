//! Blocks and counts: what everybody may ask.

use std::collections::BTreeMap;

use codec::Decode;
use sp_runtime::DigestItem;
use xinglin_core as core;
use xinglin_primitives::{AccountId, BlockNumber, Header, AUTHOR_ENGINE_ID};
use xinglin_rpc_api::{
    explorer::{
        BlockDetails, BlockView, BlocksQuery, CallCount, CountView, CountsQuery, Order, Page,
        Period,
    },
    questions::PAGE_DEFAULT,
    time::Time,
    xinglin::BlockRef,
};

use super::{
    cursor::{BadCursor, List},
    error::ExplorerApiError,
    filter, ExplorerService,
};

/// Bytes of transactions after which a page of blocks ends: they are read to be counted.
const PAGE_BLOCK_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Most counts of a page.
const COUNTS_MAX: u32 = 1_000;

impl ExplorerService {
    pub(super) fn find_blocks(
        &self,
        query: &BlocksQuery,
    ) -> Result<Page<BlockView>, ExplorerApiError> {
        let limit = filter::page_limit(query.limit.unwrap_or(PAGE_DEFAULT))?;
        let Some((mut first, mut last)) = self.range(query)? else {
            return Ok(Page::default());
        };
        let genesis = self.node.info.genesis_hash;
        if let Some(cursor) = &query.cursor {
            let place = List::Blocks.place(&genesis, cursor)?;
            let place = BlockNumber::try_from(place).map_err(|_| BadCursor::Malformed)?;
            let beyond = match query.order {
                Order::Newest => place.checked_sub(1).map(|next| last = last.min(next)),
                Order::Oldest => place.checked_add(1).map(|next| first = first.max(next)),
            };
            if beyond.is_none() {
                return Ok(Page::default());
            }
        }
        let mut page = Page::default();
        let mut bytes = 0;
        while first <= last {
            let number = match query.order {
                Order::Newest => last,
                Order::Oldest => first,
            };
            let (view, _, body) = self.view(number)?;
            bytes += body.iter().map(|it| it.len()).sum::<usize>();
            page.items.push(view);
            if first == last {
                break;
            }
            if page.items.len() >= limit as usize || bytes >= PAGE_BLOCK_BYTES_MAX {
                page.next = Some(List::Blocks.cursor(&genesis, number.into()));
                break;
            }
            match query.order {
                Order::Newest => last -= 1,
                Order::Oldest => first += 1,
            }
        }
        Ok(page)
    }

    /// The heights that a query means, both included; `None` if there are none.
    fn range(
        &self,
        query: &BlocksQuery,
    ) -> Result<Option<(BlockNumber, BlockNumber)>, ExplorerApiError> {
        let (from, to) = filter::blocks(query.from_block, query.to_block)?;
        let (from_ms, before_ms) = filter::times(query.from, query.before)?;
        let tip = self.node.tip()?.number;
        let mut first = from.unwrap_or(0);
        let mut last = to.map_or(tip, |to| to.min(tip));
        if from_ms.is_none() && before_ms.is_none() {
            return Ok((first <= last).then_some((first, last)));
        }
        // Times are those of indexed blocks.
        let index = self.index()?;
        let progress = index.progress();
        first = first.max(progress.first);
        last = last.min(progress.last);
        if let Some(from_ms) = from_ms {
            let Some(earliest) = index.block_at(from_ms)? else {
                return Ok(None);
            };
            first = first.max(earliest);
        }
        if let Some(before_ms) = before_ms {
            if let Some(after) = index.block_at(before_ms)? {
                let Some(latest) = after.checked_sub(1) else {
                    return Ok(None);
                };
                last = last.min(latest);
            }
        }
        Ok((first <= last).then_some((first, last)))
    }

    /// A committed block in short, its header and transactions.
    fn view(
        &self,
        number: BlockNumber,
    ) -> Result<(BlockView, Header, Vec<core::Extrinsic>), ExplorerApiError> {
        let missing = || ExplorerApiError::missing(number);
        let chain = &self.node.chain;
        let hash = chain.hash_at(number)?.ok_or_else(missing)?;
        let header = chain.header(&hash)?.ok_or_else(missing)?;
        let body = chain.body(&hash)?.ok_or_else(missing)?;
        let view = BlockView {
            number,
            hash,
            time: self.index()?.time_of(number)?.map(Time),
            author: author_of(&header),
            transactions: u32::try_from(body.len()).unwrap_or(u32::MAX),
        };
        Ok((view, header, body))
    }

    pub(super) fn find_block(
        &self,
        block: BlockRef,
    ) -> Result<Option<BlockDetails>, ExplorerApiError> {
        let number = match block {
            BlockRef::Height(height) => height.block_number(),
            BlockRef::Hash(hash) => self.node.chain.header(&hash)?.map(|header| header.number),
        };
        let tip = self.node.tip()?.number;
        let Some(number) = number.filter(|number| *number <= tip) else {
            return Ok(None);
        };
        let (view, header, body) = self.view(number)?;
        let reader = self.reader()?;
        let progress = reader.explorer.progress();
        let is_indexed = (progress.first..=progress.last).contains(&number);
        // What became of its calls is known of indexed blocks.
        let (calls, events) = match is_indexed {
            true => calls_of(&reader, number)?,
            false => (Vec::new(), 0),
        };
        Ok(Some(BlockDetails {
            block: view,
            parent_hash: header.parent_hash,
            state_root: header.state_root,
            extrinsics_root: header.extrinsics_root,
            bytes: body.iter().map(|bytes| bytes.len() as u64).sum(),
            events,
            calls,
            time_tokens: self.time_tokens(number)?,
        }))
    }

    pub(super) fn count(&self, query: &CountsQuery) -> Result<Page<CountView>, ExplorerApiError> {
        let genesis = self.node.info.genesis_hash;
        let (from_ms, before_ms) = filter::times(query.from, query.before)?;
        let from_ms = match &query.cursor {
            Some(cursor) => List::Counts.place(&genesis, cursor)?,
            None => from_ms.unwrap_or(0),
        };
        let period = match query.period {
            Period::Minute => core::Period::Minute,
            Period::Hour => core::Period::Hour,
            Period::Day => core::Period::Day,
        };
        let mut counts = self.index()?.counts(
            period,
            query.member,
            from_ms,
            before_ms.unwrap_or(u64::MAX),
            COUNTS_MAX + 1,
        )?;
        // A page has whole periods, and is continued with the first that it does not have. There
        // are fewer kinds of calls than counts of a page.
        let cut = (counts.len() > COUNTS_MAX as usize)
            .then(|| counts.last().map(|count| count.from_ms))
            .flatten();
        if let Some(cut) = cut {
            counts.retain(|count| count.from_ms < cut);
        }
        let items = counts.into_iter().map(|count| CountView {
            from: Time(count.from_ms),
            pallet: count.pallet,
            call: count.call,
            succeeded: count.succeeded,
            failed: count.failed,
        });
        Ok(Page {
            items: items.collect(),
            next: cut.map(|cut| List::Counts.cursor(&genesis, cut)),
        })
    }
}

/// The transactions of an indexed block by call, and how many events it has.
fn calls_of(
    reader: &super::Reader<'_>,
    number: BlockNumber,
) -> Result<(Vec<CallCount>, u32), ExplorerApiError> {
    let (body, events) = reader.parts(number)?;
    let outline = reader.schema.outline(&body, &events);
    let outline = outline.map_err(|error| ExplorerApiError::undecodable(number, &error))?;
    let mut counts: BTreeMap<_, (u32, u32)> = BTreeMap::new();
    for extrinsic in &outline.extrinsics {
        let (succeeded, failed) = counts.entry(extrinsic.call).or_default();
        *if extrinsic.succeeded {
            succeeded
        } else {
            failed
        } += 1;
    }
    let calls = counts
        .into_iter()
        .map(|(call, (succeeded, failed))| CallCount {
            pallet: call.pallet.to_owned(),
            call: call.name.to_owned(),
            succeeded,
            failed,
        });
    let events = u32::try_from(outline.events.len()).unwrap_or(u32::MAX);
    Ok((calls.collect(), events))
}

/// Who proposed a block, as its header names the account.
fn author_of(header: &Header) -> Option<AccountId> {
    header.digest.logs.iter().find_map(|log| match log {
        DigestItem::PreRuntime(engine, payload) if *engine == AUTHOR_ENGINE_ID => {
            AccountId::decode(&mut &payload[..]).ok()
        }
        _ => None,
    })
}
