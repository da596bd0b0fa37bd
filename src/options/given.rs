//! The value that a program gives an option. It has the option's own type, so that no text has to be parsed.

/// `S` is the type of the settings that the option changes.
pub enum Given<S> {
    /// A text that is taken as it is: `${` in it is not a variable.
    Text(String),
    Number(u64),
    /// A value of the settings' own type. The function sets it or returns an error.
    Typed(Box<TypedValue<S>>),
}

type TypedValue<S> = dyn FnOnce(&mut S) -> Result<(), String> + Send + Sync;

impl<S> Given<S> {
    /// A value that is always valid.
    pub fn typed(set: impl FnOnce(&mut S) + Send + Sync + 'static) -> Self {
        Given::Typed(Box::new(|settings| {
            set(settings);
            Ok(())
        }))
    }
}
