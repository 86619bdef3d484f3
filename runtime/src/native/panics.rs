//! Panics of code that we do not own, as errors.

use std::{
    any::Any,
    cell::Cell,
    panic::{catch_unwind, set_hook, take_hook, AssertUnwindSafe},
    sync::Once,
};

thread_local! {
    static IS_QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Runs `scope` and turns a panic into its message.
///
/// FRAME panics where a client's arguments do not decode and where a genesis is wrong. Neither is a
/// fault of the process, so that nothing is printed either; panics of other threads are printed as
/// ever. What `scope` had changed through references stays half changed: discard it.
pub fn catch<R>(scope: impl FnOnce() -> R) -> Result<R, String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |info| {
            if !IS_QUIET.with(Cell::get) {
                before(info);
            }
        }));
    });
    let was_quiet = IS_QUIET.with(|flag| flag.replace(true));
    let outcome = catch_unwind(AssertUnwindSafe(scope));
    IS_QUIET.with(|flag| flag.set(was_quiet));
    outcome.map_err(|panic| message_of(panic.as_ref()))
}

fn message_of(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_string()))
        .unwrap_or_else(|| "it panicked without a message".to_string())
}
