//! The value that a program gives an option: of the option's own type, so that no text has to be parsed.

/// `S` is what the option sets.
pub enum Given<S> {
    /// A text that stands for itself: `${` in it is no variable.
    Text(String),
    Number(u64),
    /// A value of the settings' own type. The function sets it, or says what is wrong with it.
    Typed(Box<TypedValue<S>>),
}

type TypedValue<S> = dyn FnOnce(&mut S) -> Result<(), String> + Send + Sync;

impl<S> Given<S> {
    /// A value that can't be wrong.
    pub fn typed(set: impl FnOnce(&mut S) + Send + Sync + 'static) -> Self {
        Given::Typed(Box::new(|settings| {
            set(settings);
            Ok(())
        }))
    }
}
