//! All families as one set of methods.

use std::sync::Arc;

use jsonrpsee::{core::RegisterMethodError, server::Methods};
use xinglin_rpc_api::{
    archive::ArchiveApiServer,
    author::AuthorApiServer,
    chain::ChainApiServer,
    chain_head::ChainHeadApiServer,
    chain_spec::ChainSpecApiServer,
    explorer::ExplorerApiServer,
    state::StateApiServer,
    system::{MethodsApiServer, SystemApiServer},
    transaction::{TransactionApiServer, TransactionWatchApiServer},
    xinglin::XinglinApiServer,
};

use crate::{
    archive::Archive,
    author::Author,
    chain::Chain,
    chain_head::ChainHead,
    chain_spec::ChainSpec,
    explorer::{self, ExplorerService},
    node::Node,
    questions::{self, Questions},
    state::State,
    system::{MethodList, System},
    transaction::{Broadcast, Watch},
    xinglin::Xinglin,
};

/// Every method the server answers. Clients choose between the generations of the RPC by what is
/// listed: a group is here in full or not at all.
pub(crate) fn methods(node: &Arc<Node>) -> Result<Methods, RegisterMethodError> {
    let node = || Arc::clone(node);
    let mut methods = Methods::new();
    methods.merge(System::new(node()).into_rpc())?;
    methods.merge(Chain::new(node()).into_rpc())?;
    methods.merge(State::new(node()).into_rpc())?;
    methods.merge(Author::new(node()).into_rpc())?;
    methods.merge(ChainHead::new(node()).into_rpc())?;
    methods.merge(ChainSpec::new(node()).into_rpc())?;
    methods.merge(Archive::new(node()).into_rpc())?;
    methods.merge(Broadcast::new(node()).into_rpc())?;
    methods.merge(Watch::new(node()).into_rpc())?;
    let questions = Questions::new(node());
    methods.merge(Xinglin::new(node(), Arc::clone(&questions)).into_rpc())?;
    methods.merge(questions::methods(&questions)?)?;
    let explorer = ExplorerService::new(node(), questions);
    methods.merge(explorer::signed_methods(&explorer)?)?;
    methods.merge(explorer.into_rpc())?;
    let list = MethodList::new(methods.method_names());
    methods.merge(list.into_rpc())?;
    Ok(methods)
}
