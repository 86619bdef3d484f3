//! The first state and the first block.

use sp_core::storage::{StateVersion, Storage};
use sp_runtime::traits::{Hash as _, Header as _};
use xinglin_primitives::{Hash, Hashing, Header};

use crate::{ChainSpec, Problem, Problems};

/// What a specification stands for.
#[derive(Clone, Debug)]
pub struct Genesis {
    /// The first state.
    pub storage: Storage,
    /// The header of block 0, which has no transactions.
    pub header: Header,
}

impl Genesis {
    /// The hash of block 0: the name of the chain.
    pub fn hash(&self) -> Hash {
        self.header.hash()
    }

    /// The root of the first state.
    pub fn state_root(&self) -> Hash {
        *self.header.state_root()
    }
}

impl ChainSpec {
    /// Checks the specification and builds what it stands for.
    pub fn build(&self) -> Result<Genesis, Problems> {
        let mut problems = self.problems();
        match xinglin_runtime::genesis::build(&self.genesis) {
            Ok(storage) if problems.is_empty() => {
                let header = header_of(&storage);
                return Ok(Genesis { storage, header });
            }
            Ok(_) => {}
            Err(reason) => problems.push(Problem::Runtime(reason)),
        }
        Err(Problems(problems))
    }

    /// The first state.
    pub fn build_storage(&self) -> Result<Storage, Problems> {
        Ok(self.build()?.storage)
    }

    /// Whether a chain can begin with this, or all that stands against it.
    pub fn check(&self) -> Result<(), Problems> {
        self.build().map(|_| ())
    }
}

/// The header over a first state, whose trie has the layout of [`xinglin_runtime::VERSION`].
fn header_of(storage: &Storage) -> Header {
    let pairs = storage
        .top
        .iter()
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    Header::new(
        0,
        Hashing::trie_root(Vec::new(), StateVersion::V0),
        Hashing::trie_root(pairs, xinglin_runtime::VERSION.state_version()),
        Hash::zero(),
        Default::default(),
    )
}
