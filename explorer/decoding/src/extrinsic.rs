//! Taking transactions and events apart.

use codec::{Compact, Decode};
use sp_runtime::MultiAddress;
use xinglin_primitives::{AccountId, Hash};

use crate::{
    schema::{Name, Schema},
    walk::{take_list, Found},
    Fault,
};

/// A transaction begins with its format, in the lower six bits, and its kind.
const FORMAT_MASK: u8 = 0b0011_1111;
const KIND_SHIFT: u32 = 6;
const KIND_BARE: u8 = 0b00;
const KIND_GENERAL: u8 = 0b01;
const KIND_SIGNED: u8 = 0b10;
const FORMAT_4: u8 = 4;
const FORMAT_5: u8 = 5;
/// The one set of extensions that the metadata describes.
const EXTENSIONS_VERSION: u8 = 0;

/// A transaction in parts.
pub(crate) struct Parts<'s, 'b> {
    pub(crate) signer: Option<AccountId>,
    pub(crate) nonce: Option<u32>,
    /// The call, encoded.
    pub(crate) call: &'b [u8],
    /// What the call says.
    pub(crate) found: Found<'s>,
}

/// An event in parts.
pub(crate) struct EventParts<'s, 'b> {
    /// Index of the transaction that it belongs to.
    pub(crate) extrinsic: Option<u32>,
    /// What it says, if somebody wants to know.
    pub(crate) content: Option<EventContent<'s, 'b>>,
}

/// What an event says.
pub(crate) struct EventContent<'s, 'b> {
    pub(crate) name: Name<'s>,
    /// The enum of the pallet's events.
    pub(crate) ty: u32,
    /// The event, encoded, without its pallet's index.
    pub(crate) encoded: &'b [u8],
    pub(crate) found: Found<'s>,
}

/// When in a block something happened.
#[derive(Decode)]
enum Phase {
    ApplyExtrinsic(u32),
    Finalization,
    Initialization,
}

/// Whether nobody has signed or authorised a transaction, as it is with those of validators.
pub(crate) fn is_bare(encoded: &[u8]) -> bool {
    let mut rest = encoded;
    let has_length = Compact::<u32>::decode(&mut rest).is_ok();
    has_length
        && rest
            .first()
            .is_some_and(|preamble| preamble >> KIND_SHIFT == KIND_BARE)
}

impl Schema {
    /// Takes apart a transaction as it stands in a block, length prefix included.
    pub(crate) fn parts<'s, 'b>(&'s self, encoded: &'b [u8]) -> Result<Parts<'s, 'b>, Fault> {
        let mut rest = encoded;
        let length = Compact::<u32>::decode(&mut rest)?.0;
        if length as usize != rest.len() {
            return Err(Fault::Length);
        }
        let preamble = u8::decode(&mut rest)?;
        let (signer, nonce) = match (preamble >> KIND_SHIFT, preamble & FORMAT_MASK) {
            (KIND_BARE, FORMAT_4 | FORMAT_5) => (None, None),
            (KIND_SIGNED, FORMAT_4) => {
                let address = MultiAddress::<AccountId, ()>::decode(&mut rest)?;
                self.skip(self.extrinsic.signature, &mut rest)?;
                let signer = match address {
                    MultiAddress::Id(account) => Some(account),
                    _ => None,
                };
                (signer, self.extensions(&mut rest)?)
            }
            (KIND_GENERAL, FORMAT_5) => match u8::decode(&mut rest)? {
                EXTENSIONS_VERSION => (None, self.extensions(&mut rest)?),
                other => return Err(Fault::Format(other)),
            },
            _ => return Err(Fault::Format(preamble)),
        };
        let call = rest;
        let mut found = Found::default();
        self.walk(self.extrinsic.call, &mut rest, &mut found)?;
        match rest.len() {
            0 => Ok(Parts {
                signer,
                nonce,
                call,
                found,
            }),
            excess => Err(Fault::Excess(excess)),
        }
    }

    /// Passes over the extensions and gives the nonce.
    fn extensions(&self, input: &mut &[u8]) -> Result<Option<u32>, Fault> {
        let mut nonce = None;
        for extension in &self.extrinsic.extensions {
            if extension.is_nonce {
                nonce = Some(Compact::<u32>::decode(input)?.0);
            } else {
                self.skip(extension.ty, input)?;
            }
        }
        Ok(nonce)
    }

    /// Takes the next event off the front of the encoded list. What it says is looked at only if it
    /// is wanted, by the transaction that it belongs to.
    pub(crate) fn event_parts<'s, 'b>(
        &'s self,
        input: &mut &'b [u8],
        is_wanted: impl FnOnce(Option<u32>) -> bool,
    ) -> Result<EventParts<'s, 'b>, Fault> {
        let extrinsic = match Phase::decode(input)? {
            Phase::ApplyExtrinsic(index) => Some(index),
            Phase::Finalization | Phase::Initialization => None,
        };
        let content = if is_wanted(extrinsic) {
            Some(self.event_content(input)?)
        } else {
            self.skip_event(input)?;
            None
        };
        // Topics, which nothing here uses.
        take_list(input, size_of::<Hash>())?;
        Ok(EventParts { extrinsic, content })
    }

    fn event_content<'s, 'b>(
        &'s self,
        input: &mut &'b [u8],
    ) -> Result<EventContent<'s, 'b>, Fault> {
        let start = *input;
        let (name, ty) = self.event_name(start)?;
        let mut found = Found::default();
        self.walk(self.extrinsic.event, input, &mut found)?;
        Ok(EventContent {
            name,
            ty,
            encoded: &start[1..start.len() - input.len()],
            found,
        })
    }
}
