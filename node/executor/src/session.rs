//! Running the runtime over a state.

use std::panic::{catch_unwind, AssertUnwindSafe};

use sp_externalities::set_and_run_with_externalities;
use sp_state_machine::{Backend, Ext, OverlayedChanges};
use xinglin_primitives::Hashing;

use crate::backend::{Fault, Faults};

/// Changes that are not yet in the database.
pub(crate) type Overlay = OverlayedChanges<Hashing>;

/// Why a session has no result. Its overlay must be thrown away.
#[derive(Clone, Debug)]
pub(crate) enum SessionError {
    /// The state could not be read: our fault.
    Fault(Fault),
    /// The runtime panicked: its fault, or that of what it was given.
    Panicked(String),
}

/// Runs `scope` with the state of `backend` under `overlay` as its externalities.
///
/// A panic in the runtime ends the session, not the node. (`sp_panic_handler` would make some
/// panics abort the process; it is active only where its hook is installed, which we never do.)
pub(crate) fn run<B, R>(
    backend: &B,
    faults: &Faults,
    overlay: &mut Overlay,
    scope: impl FnOnce() -> R,
) -> Result<R, SessionError>
where
    B: Backend<Hashing>,
{
    let mut ext = Ext::new(overlay, backend, None);
    let result = catch_unwind(AssertUnwindSafe(|| {
        set_and_run_with_externalities(&mut ext, scope)
    }));
    // A root that could not be computed is returned as if nothing had changed, and a value that
    // could not be read is a panic; in both cases the fault is what counts.
    if let Some(fault) = faults.take() {
        return Err(SessionError::Fault(fault));
    }
    result.map_err(|payload| SessionError::Panicked(panic_text(payload.as_ref())))
}

/// Runs `scope` and undoes all it has written.
pub(crate) fn rolled_back<R>(scope: impl FnOnce() -> R) -> R {
    transaction(|ext| ext.storage_start_transaction());
    let result = scope();
    transaction(|ext| {
        if ext.storage_rollback_transaction().is_err() {
            panic!("the runtime closed a storage transaction that it had not opened");
        }
    });
    result
}

fn transaction(act: impl FnOnce(&mut dyn sp_externalities::Externalities)) {
    if sp_externalities::with_externalities(act).is_none() {
        panic!("a storage transaction needs externalities");
    }
}

fn panic_text(payload: &(dyn std::any::Any + Send)) -> String {
    payload
        .downcast_ref::<&str>()
        .map(ToString::to_string)
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".into())
}
