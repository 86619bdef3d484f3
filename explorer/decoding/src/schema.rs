//! What is looked up in the metadata, put where it is found quickly.

use std::{collections::BTreeMap, fmt};

use codec::Decode;
use frame_metadata::{
    v15::{PalletMetadata, RuntimeApiMetadata, RuntimeMetadataV15},
    RuntimeMetadata, RuntimeMetadataPrefixed,
};
use scale_info::{form::PortableForm, PortableRegistry, TypeDef};

use crate::{
    shape::{self, Shape},
    skip::{self, Way},
    storage::{maps, NumberedMap},
    times::Times,
    Fault,
};

/// The version of the metadata that is read. It is the first that describes the runtime's functions.
pub const METADATA_VERSION: u32 = 15;
/// The extension that holds a transaction's nonce.
const NONCE_EXTENSION: &str = "CheckNonce";

/// A call, an event or an error by its two names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name<'s> {
    /// Of the pallet.
    pub pallet: &'s str,
    /// Within the pallet.
    pub name: &'s str,
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.pallet, self.name)
    }
}

/// The metadata of one version of the rules.
#[derive(Debug)]
pub struct Schema {
    pub(crate) types: PortableRegistry,
    shapes: Vec<Shape>,
    pub(crate) times: Times,
    /// Over an event of which nothing is wanted.
    pub(crate) event_way: Way,
    /// Type of the output by `Api_function`.
    pub(crate) outputs: BTreeMap<String, u32>,
    /// By the names of pallet and map.
    pub(crate) maps: BTreeMap<(String, String), NumberedMap>,
    errors: Names,
    calls: Names,
    events: Names,
    pub(crate) extrinsic: ExtrinsicTypes,
}

/// The types of a transaction's parts, and of an event.
#[derive(Debug, Default)]
pub(crate) struct ExtrinsicTypes {
    pub(crate) signature: u32,
    pub(crate) call: u32,
    pub(crate) event: u32,
    /// In the order in which they are encoded.
    pub(crate) extensions: Vec<Extension>,
}

/// Something that a transaction carries besides its call.
#[derive(Debug)]
pub(crate) struct Extension {
    pub(crate) ty: u32,
    pub(crate) is_nonce: bool,
}

/// Names by the pallet's index and the index within.
#[derive(Debug, Default)]
pub(crate) struct Names(BTreeMap<u8, Group>);

/// What one pallet has of a kind.
#[derive(Debug)]
struct Group {
    pallet: String,
    /// The enum of them.
    ty: u32,
    names: BTreeMap<u8, String>,
}

impl Names {
    /// Of an enum with one variant per pallet, whose one field is an enum of the pallet's.
    fn of_outer(types: &PortableRegistry, outer: u32) -> Self {
        let Some(TypeDef::Variant(pallets)) = types.resolve(outer).map(|ty| &ty.type_def) else {
            return Self::default();
        };
        let groups = pallets.variants.iter().filter_map(|pallet| {
            let ty = pallet.fields.first()?.ty.id;
            Some((pallet.index, Group::new(types, &pallet.name, ty)))
        });
        Self(groups.collect())
    }

    pub(crate) fn of_pallets<'a>(
        types: &PortableRegistry,
        pallets: impl Iterator<Item = (u8, &'a str, u32)>,
    ) -> Self {
        let groups = pallets.map(|(index, name, ty)| (index, Group::new(types, name, ty)));
        Self(groups.collect())
    }

    fn all(&self) -> impl Iterator<Item = Name<'_>> + Clone {
        self.0.values().flat_map(|group| {
            let pallet = group.pallet.as_str();
            let names = group.names.values();
            names.map(move |name| Name { pallet, name })
        })
    }

    fn has(&self, pallet: &str, name: Option<&str>) -> bool {
        let group = self.0.values().find(|group| group.pallet == pallet);
        group.is_some_and(|group| {
            name.is_none_or(|name| group.names.values().any(|one| one == name))
        })
    }

    fn get(&self, pallet: u8, index: u8) -> Option<(Name<'_>, u32)> {
        let group = self.0.get(&pallet)?;
        let name = Name {
            pallet: &group.pallet,
            name: group.names.get(&index)?,
        };
        Some((name, group.ty))
    }

    /// The names by the two bytes that an encoded value begins with, and the enum of the pallet.
    fn peek(&self, what: &'static str, encoded: &[u8]) -> Result<(Name<'_>, u32), Fault> {
        let [pallet, index, ..] = *encoded else {
            return Err(scale_decode::visitor::DecodeError::NotEnoughInput.into());
        };
        self.get(pallet, index).ok_or(Fault::Unknown {
            what,
            pallet,
            index,
        })
    }
}

impl Group {
    fn new(types: &PortableRegistry, pallet: &str, ty: u32) -> Self {
        let names = match types.resolve(ty).map(|ty| &ty.type_def) {
            Some(TypeDef::Variant(inner)) => {
                let names = inner.variants.iter();
                names.map(|one| (one.index, one.name.clone())).collect()
            }
            _ => BTreeMap::new(),
        };
        Self {
            pallet: pallet.to_owned(),
            ty,
            names,
        }
    }
}

impl Schema {
    /// Reads encoded metadata of version [`METADATA_VERSION`]; `None` if it is not that.
    pub fn read(metadata: &[u8]) -> Option<Self> {
        let metadata = RuntimeMetadataPrefixed::decode(&mut &metadata[..]).ok()?;
        let RuntimeMetadata::V15(RuntimeMetadataV15 {
            types,
            pallets,
            extrinsic,
            apis,
            outer_enums,
            ..
        }) = metadata.1
        else {
            return None;
        };
        let extensions = extrinsic.signed_extensions.iter();
        let extrinsic = ExtrinsicTypes {
            signature: extrinsic.signature_ty.id,
            call: outer_enums.call_enum_ty.id,
            event: outer_enums.event_enum_ty.id,
            extensions: extensions
                .map(|extension| Extension {
                    ty: extension.ty.id,
                    is_nonce: extension.identifier == NONCE_EXTENSION,
                })
                .collect(),
        };
        Some(Self {
            shapes: shape::shapes(&types, Some(extrinsic.call)),
            times: Times::of(&types),
            event_way: skip::way(&types, extrinsic.call, extrinsic.event),
            outputs: outputs(apis),
            maps: maps(&types, &pallets),
            errors: errors(&types, &pallets),
            calls: Names::of_outer(&types, extrinsic.call),
            events: Names::of_outer(&types, extrinsic.event),
            extrinsic,
            types,
        })
    }

    /// The names of all calls, by pallet.
    pub fn call_names(&self) -> impl Iterator<Item = Name<'_>> + Clone {
        self.calls.all()
    }

    /// The names of all events, by pallet.
    pub fn event_names(&self) -> impl Iterator<Item = Name<'_>> + Clone {
        self.events.all()
    }

    /// A schema of functions alone.
    #[cfg(test)]
    pub(crate) fn of_functions(
        types: PortableRegistry,
        outputs: BTreeMap<String, u32>,
        errors: Names,
    ) -> Self {
        Self {
            shapes: shape::shapes(&types, None),
            times: Times::of(&types),
            event_way: Way::new(),
            outputs,
            maps: BTreeMap::new(),
            errors,
            calls: Names::default(),
            events: Names::default(),
            extrinsic: ExtrinsicTypes::default(),
            types,
        }
    }

    /// Whether there is a pallet with calls, and in it this call if one is given.
    pub fn has_call(&self, pallet: &str, call: Option<&str>) -> bool {
        self.calls.has(pallet, call)
    }

    /// Whether there is a pallet with events, and in it this event if one is given.
    pub fn has_event(&self, pallet: &str, event: Option<&str>) -> bool {
        self.events.has(pallet, event)
    }

    pub(crate) fn shape(&self, ty: u32) -> Shape {
        let shape = self.shapes.get(ty as usize);
        shape.copied().unwrap_or(Shape::Other)
    }

    /// Whether a type is called `name`.
    pub(crate) fn is(&self, ty: u32, name: &str) -> bool {
        shape::name(&self.types, ty) == Some(name)
    }

    /// The names of an encoded call.
    pub(crate) fn call_name(&self, encoded: &[u8]) -> Result<Name<'_>, Fault> {
        Ok(self.calls.peek("call", encoded)?.0)
    }

    /// The type of an encoded call, without its pallet's index.
    pub(crate) fn call_type(&self, encoded: &[u8]) -> Result<u32, Fault> {
        Ok(self.calls.peek("call", encoded)?.1)
    }

    /// The names of an encoded event, and its type without its pallet's index.
    pub(crate) fn event_name(&self, encoded: &[u8]) -> Result<(Name<'_>, u32), Fault> {
        self.events.peek("event", encoded)
    }

    /// The names of a pallet's error.
    pub(crate) fn error_name(&self, pallet: u8, error: u8) -> Option<Name<'_>> {
        Some(self.errors.get(pallet, error)?.0)
    }
}

fn outputs(apis: Vec<RuntimeApiMetadata<PortableForm>>) -> BTreeMap<String, u32> {
    let functions = apis.into_iter().flat_map(|api| {
        let name = api.name;
        let methods = api.methods.into_iter();
        methods.map(move |method| (format!("{name}_{}", method.name), method.output.id))
    });
    functions.collect()
}

fn errors(types: &PortableRegistry, pallets: &[PalletMetadata<PortableForm>]) -> Names {
    let of_pallets = pallets.iter().filter_map(|pallet| {
        let ty = pallet.error.as_ref()?.ty.id;
        Some((pallet.index, pallet.name.as_str(), ty))
    });
    Names::of_pallets(types, of_pallets)
}
