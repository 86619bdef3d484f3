//! Who validates the next height.

use xinglin_core::{
    ExecutionError, Extrinsic, HeightConfig, HeightConfigs, HeightValidator, RegisteredNode,
};
use xinglin_primitives::consensus::Equivocation;
use xinglin_runtime::{native, VERSION};

use crate::{
    backend::Reader,
    session::{self, Overlay, SessionError},
    Executor,
};

impl HeightConfigs for Executor {
    fn next_height(&self) -> Result<HeightConfig, ExecutionError> {
        let state = &self.context.state;
        let tip = state.hold();
        let backend = state.backend(&tip, Reader::Visitor);
        let (needed, next) =
            session::run(&backend, backend.faults(), &mut Overlay::default(), || {
                (native::required_spec_version(), native::next_height())
            })
            .map_err(|error| match error {
                SessionError::Fault(fault) => fault.into_store_error(tip.state_root).into(),
                SessionError::Panicked(text) => ExecutionError::Runtime(text),
            })?;
        if needed != VERSION.spec_version {
            return Err(ExecutionError::Runtime(format!(
                "block {} is made under version {needed} of the rules and this binary has {}; install the release with `spec_version` {needed}",
                next.height, VERSION.spec_version
            )));
        }
        Ok(convert(next))
    }

    fn equivocation_report(&self, evidence: &Equivocation) -> Extrinsic {
        use codec::Encode;
        native::equivocation_report(evidence.clone())
            .encode()
            .into()
    }
}

fn convert(next: native::NextHeight) -> HeightConfig {
    HeightConfig {
        height: next.height,
        validators: next
            .validators
            .into_iter()
            .map(|validator| HeightValidator {
                validator: validator.validator,
                account: validator.account,
            })
            .collect(),
        parameters: next.parameters,
        nodes: next
            .nodes
            .into_iter()
            .map(|node| RegisteredNode {
                peer_id: node.peer_id,
                addresses: node.addresses,
            })
            .collect(),
    }
}
