//! Handles: what a host holds instead of an object's address. To C a handle looks like a pointer, but it is a number: the place
//! of a slot and its generation. The library looks the number up and never dereferences it. So a handle that was freed, is of
//! another kind or was never given out leads to an error, not to a crash.

use std::any::Any;
use std::collections::VecDeque;
// The locks are those of the standard library: in the child of a fork, parking_lot's may wait for threads of the parent.
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

use super::call_error::CallError;
use super::process::{self, PerProcess};

/// A type whose objects can have a handle.
pub trait HandleKind: Any + Send + Sync {
    /// The type in C.
    type Public;
    const NAME: &'static str;
}

/// A handle has these bits, from low to high: 4 bits of 0, so that it looks like an aligned pointer; the process; the slot; the
/// generation; and a bit that no address of a program has.
const PROCESS_AT: u32 = 4;
const SLOT_AT: u32 = 10;
const GENERATION_AT: u32 = 32;
const GENERATIONS: u32 = 1 << 30;
const NO_ADDRESS: u64 = 1 << 62;

const FIRST_CHUNK: usize = 64;
const CHUNKS: usize = 16;

static TABLES: PerProcess<HandleTable> = PerProcess::new();

/// The handles of a process. The slots are in arrays that never move, so a look-up needs only the lock of its slot.
#[derive(Default)]
struct HandleTable {
    chunks: [OnceLock<Box<[HandleSlot]>>; CHUNKS],
    free: Mutex<Free>,
}

#[derive(Default)]
struct Free {
    /// Slots are taken from the front and put to the back, so that a number is used again as late as possible.
    slots: VecDeque<usize>,
    made: usize,
}

#[derive(Default)]
struct HandleSlot(RwLock<HandleEntry>);

#[derive(Default)]
struct HandleEntry {
    generation: u32,
    object: Option<Object>,
}

#[derive(Clone)]
struct Object {
    kind: &'static str,
    it: Arc<dyn Any + Send + Sync>,
}

/// A new handle for an object.
pub fn give<T: HandleKind>(object: T) -> Result<*mut T::Public, CallError> {
    let table = TABLES.get().ok_or_else(too_many_forks)?;
    let object = Object { kind: T::NAME, it: Arc::new(object) };
    let (slot, generation) = table.insert(object)?;
    let number = NO_ADDRESS
        | u64::from(generation) << GENERATION_AT
        | (slot as u64) << SLOT_AT
        | (process::number() as u64) << PROCESS_AT;
    Ok(number as usize as *mut T::Public)
}

/// The object of a handle. It lives as long as the caller has it, even if another thread frees the handle.
pub fn get<T: HandleKind>(handle: *const T::Public) -> Result<Arc<T>, CallError> {
    let (table, place) = find::<T>(handle)?;
    let object = table
        .slot(place.slot)
        .and_then(|slot| slot.0.read().unwrap_or_else(PoisonError::into_inner).of(place.generation));
    typed(object)
}

/// Like [`get`], but the handle is invalid from now on.
pub fn take<T: HandleKind>(handle: *const T::Public) -> Result<Arc<T>, CallError> {
    let (table, place) = find::<T>(handle)?;
    let Some(slot) = table.slot(place.slot) else { return typed(None) };
    let mut entry = slot.0.write().unwrap_or_else(PoisonError::into_inner);
    let object = typed(entry.of(place.generation))?;
    entry.object = None;
    entry.generation = (entry.generation + 1) % GENERATIONS;
    drop(entry);
    table.free.lock().unwrap_or_else(PoisonError::into_inner).slots.push_back(place.slot);
    Ok(object)
}

struct HandlePlace {
    slot: usize,
    generation: u32,
}

fn find<T: HandleKind>(handle: *const T::Public) -> Result<(&'static HandleTable, HandlePlace), CallError> {
    let number = handle as usize as u64;
    if number == 0 {
        return Err(CallError::argument(format!("the {} is NULL", T::NAME)));
    }
    let bits = |at: u32, count: u32| (number >> at & ((1 << count) - 1)) as usize;
    if number >> (GENERATION_AT + 30) != NO_ADDRESS >> (GENERATION_AT + 30) || bits(0, PROCESS_AT) != 0 {
        return Err(CallError::handle(format!("this is not the handle of a {}", T::NAME)));
    }
    if bits(PROCESS_AT, SLOT_AT - PROCESS_AT) != process::number() {
        return Err(CallError::forked(T::NAME));
    }
    let table = TABLES.get().ok_or_else(too_many_forks)?;
    let place =
        HandlePlace { slot: bits(SLOT_AT, GENERATION_AT - SLOT_AT), generation: bits(GENERATION_AT, 30) as u32 };
    Ok((table, place))
}

fn typed<T: HandleKind>(object: Option<Object>) -> Result<Arc<T>, CallError> {
    let Some(object) = object else { return Err(CallError::handle(format!("the {} was freed", T::NAME))) };
    let kind = object.kind;
    object.it.downcast().map_err(|_| CallError::handle(format!("a {} was given where a {} belongs", kind, T::NAME)))
}

fn too_many_forks() -> CallError {
    CallError::forked("library")
}

impl HandleTable {
    fn slot(&self, slot: usize) -> Option<&HandleSlot> {
        let (chunk, at) = chunk_of(slot);
        self.chunks.get(chunk)?.get()?.get(at)
    }

    fn insert(&self, object: Object) -> Result<(usize, u32), CallError> {
        let number = {
            let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
            match free.slots.pop_front() {
                Some(slot) => slot,
                None => {
                    free.made += 1;
                    free.made - 1
                }
            }
        };
        let (chunk, at) = chunk_of(number);
        let slots = self
            .chunks
            .get(chunk)
            .map(|slots| slots.get_or_init(|| (0..FIRST_CHUNK << chunk).map(|_| HandleSlot::default()).collect()));
        let Some(slot) = slots.and_then(|slots| slots.get(at)) else {
            return Err(CallError::internal("more than four million handles are open".to_owned()));
        };
        let mut entry = slot.0.write().unwrap_or_else(PoisonError::into_inner);
        entry.object = Some(object);
        Ok((number, entry.generation))
    }
}

impl HandleEntry {
    fn of(&self, generation: u32) -> Option<Object> {
        self.object.clone().filter(|_| self.generation == generation)
    }
}

/// Each chunk is twice as large as the one before.
fn chunk_of(slot: usize) -> (usize, usize) {
    let moved = slot + FIRST_CHUNK;
    let chunk = (moved / FIRST_CHUNK).ilog2() as usize;
    (chunk, moved - (FIRST_CHUNK << chunk))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Apple(u32);
    struct Pear;

    impl HandleKind for Apple {
        type Public = u8;
        const NAME: &'static str = "apple";
    }

    impl HandleKind for Pear {
        type Public = u8;
        const NAME: &'static str = "pear";
    }

    fn code<T>(result: Result<T, CallError>) -> i32 {
        result.map_or_else(|failed| failed.code, |_| 0)
    }

    #[test]
    fn a_handle_is_good_until_it_is_freed() {
        let handle = give(Apple(7)).ok().unwrap();
        assert_eq!(get::<Apple>(handle).ok().unwrap().0, 7);
        assert_eq!(code(get::<Pear>(handle)), crate::ffi::code::VECSINK_INVALID_HANDLE);
        let held = get::<Apple>(handle).ok().unwrap();
        assert_eq!(take::<Apple>(handle).ok().unwrap().0, 7);
        assert_eq!(held.0, 7, "an object lives as long as somebody uses it");
        assert_eq!(code(get::<Apple>(handle)), crate::ffi::code::VECSINK_INVALID_HANDLE);
        assert_eq!(code(take::<Apple>(handle)), crate::ffi::code::VECSINK_INVALID_HANDLE);
    }

    #[test]
    fn what_was_never_given_out_is_refused() {
        assert_eq!(code(get::<Apple>(std::ptr::null())), crate::ffi::code::VECSINK_INVALID_ARGUMENT);
        let handle = give(Apple(1)).ok().unwrap() as usize;
        let wrong =
            [1, 16, 0x7fff_ffff_f000, usize::MAX, handle + 1, handle ^ 1 << 40, handle ^ 1 << 31, handle ^ 1 << 63];
        for number in wrong {
            assert_ne!(code(get::<Apple>(number as *const u8)), 0, "{number:x}");
        }
        assert_eq!(code(take::<Apple>(handle as *const u8)), 0);
    }

    #[test]
    fn a_slot_is_in_one_place_however_many_there_are() {
        let mut last = (0, usize::MAX);
        for slot in 0..100_000 {
            let (chunk, at) = chunk_of(slot);
            assert!(at < FIRST_CHUNK << chunk);
            assert!((chunk, at) == (last.0, last.1.wrapping_add(1)) || (chunk, at) == (last.0 + 1, 0));
            last = (chunk, at);
        }
    }

    #[test]
    fn many_threads_open_and_close_without_meeting() {
        std::thread::scope(|scope| {
            for thread in 0..8_u32 {
                scope.spawn(move || {
                    for round in 0..2_000 {
                        let number = thread << 16 | round;
                        let handle = give(Apple(number)).ok().unwrap();
                        assert_eq!(get::<Apple>(handle).ok().unwrap().0, number);
                        assert_eq!(take::<Apple>(handle).ok().unwrap().0, number);
                        assert_ne!(code(get::<Apple>(handle)), 0);
                    }
                });
            }
        });
    }
}
