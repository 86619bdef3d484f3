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

#[cfg(test)]
mod tests {
    use sp_io::storage;
    use sp_state_machine::{new_in_mem, InMemoryBackend};
    use xinglin_core::StoreError;

    use super::*;

    fn backend() -> InMemoryBackend<Hashing> {
        new_in_mem()
    }

    #[test]
    fn a_panic_ends_the_session_and_no_more() {
        let (backend, faults) = (backend(), Faults::default());
        let mut overlay = Overlay::default();
        let result = run(&backend, &faults, &mut overlay, || {
            storage::set(b"key", b"value");
            panic!("at {}", 42)
        });
        let Err::<(), _>(SessionError::Panicked(text)) = result else {
            panic!("{result:?}");
        };
        assert_eq!(text, "at 42");
        // The thread is free for the next one.
        let result = run(&backend, &faults, &mut Overlay::default(), || {
            storage::get(b"key")
        });
        assert_eq!(result.unwrap(), None);
    }

    #[test]
    fn a_fault_counts_more_than_the_panic_or_the_result_that_follows() {
        let (backend, faults) = (backend(), Faults::default());
        let fault = || Fault::Store(StoreError::Io("gone".into()));
        for panics in [false, true] {
            let result = run(&backend, &faults, &mut Overlay::default(), || {
                let _message = faults.note(fault());
                assert!(!panics, "the runtime could not go on");
            });
            assert!(matches!(result, Err(SessionError::Fault(Fault::Store(_)))));
        }
        assert!(run(&backend, &faults, &mut Overlay::default(), || ()).is_ok());
    }

    #[test]
    fn what_is_rolled_back_leaves_nothing() {
        let (backend, faults) = (backend(), Faults::default());
        let mut overlay = Overlay::default();
        let seen = run(&backend, &faults, &mut overlay, || {
            storage::set(b"before", b"1");
            let inside = rolled_back(|| {
                storage::set(b"before", b"2");
                storage::get(b"before")
            });
            (inside, storage::get(b"before"))
        });
        let (inside, after) = seen.unwrap();
        assert_eq!(inside.unwrap(), &b"2"[..]);
        assert_eq!(after.unwrap(), &b"1"[..]);
        assert_eq!(overlay.transaction_depth(), 0);
    }
}
