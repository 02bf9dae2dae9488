//! The macro that declares the errors: each once, with everything that belongs to it.

use super::{NotAuthorized, Unproven};

/// What all errors of a code have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// `ERR_TOKENKEEP_…`.
    pub code: &'static str,
    /// The name of the JavaScript class.
    pub class: &'static str,
    /// Whether the same call may succeed later without any change; `None`: it depends on the error.
    pub retryable: Option<bool>,
}

/// A field of the JavaScript class. No field holds a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldValue<'a> {
    /// A text.
    Text(&'a str),
    /// A number without fraction.
    Number(u64),
}

/// What can become a field; `None` where there is no value.
pub(super) trait Field<'a> {
    fn value(self) -> Option<FieldValue<'a>>;
}

impl<'a> Field<'a> for &'a str {
    fn value(self) -> Option<FieldValue<'a>> {
        Some(FieldValue::Text(self))
    }
}

impl<'a> Field<'a> for &'a &'static str {
    fn value(self) -> Option<FieldValue<'a>> {
        Some(FieldValue::Text(self))
    }
}

impl<'a> Field<'a> for &'a String {
    fn value(self) -> Option<FieldValue<'a>> {
        Some(FieldValue::Text(self))
    }
}

impl<'a> Field<'a> for &'a Unproven {
    fn value(self) -> Option<FieldValue<'a>> {
        Some(FieldValue::Text(self.name()))
    }
}

impl<'a> Field<'a> for &'a NotAuthorized {
    fn value(self) -> Option<FieldValue<'a>> {
        Some(FieldValue::Text(self.name()))
    }
}

impl<'a> Field<'a> for &'a u16 {
    fn value(self) -> Option<FieldValue<'a>> {
        Some(FieldValue::Number((*self).into()))
    }
}

impl<'a> Field<'a> for &'a u32 {
    fn value(self) -> Option<FieldValue<'a>> {
        Some(FieldValue::Number((*self).into()))
    }
}

impl<'a> Field<'a> for &'a u64 {
    fn value(self) -> Option<FieldValue<'a>> {
        Some(FieldValue::Number(*self))
    }
}

impl<'a> Field<'a> for Option<&'a str> {
    fn value(self) -> Option<FieldValue<'a>> {
        self.map(FieldValue::Text)
    }
}

impl<'a, T> Field<'a> for &'a Option<T>
where
    &'a T: Field<'a>,
{
    fn value(self) -> Option<FieldValue<'a>> {
        self.as_ref().and_then(Field::value)
    }
}

/// Declares the errors. Of each, in this order:
///
/// - its documentation, its variant, and the variant's fields;
/// - its code and its JavaScript class;
/// - `retryable`: `yes`, `no` or `each`, then, if it depends on the error, `=> expression`;
/// - `fields`: those of the JavaScript class, as `name: field`;
/// - `text`: its message, written to a formatter.
macro_rules! errors {
    ($(
        $(#[$doc:meta])*
        $variant:ident $({ $($(#[$field_doc:meta])* $field:ident: $type:ty,)* })?
        $code:literal $class:ident
        retryable: $retryable:ident $(=> $own:expr)?,
        fields: { $($name:ident: $value:expr),* },
        text: |$f:ident| $text:expr;
    )*) => {
        /// Everything that can go wrong. Cloned to each caller of a shared refresh.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Error {
            $(
                $(#[$doc])*
                #[doc = concat!("\n\nIn JavaScript `", stringify!($class), "`, `", $code, "`.")]
                $variant $({ $($(#[$field_doc])* $field: $type,)* })?,
            )*
        }

        impl Error {
            /// Every error, in the order in which they are declared. Neighbours may share a code.
            pub const KINDS: &[Kind] = &[$(Kind {
                code: $code,
                class: stringify!($class),
                retryable: errors!(@ $retryable),
            },)*];

            /// The stable code that callers match on.
            #[must_use]
            pub fn code(&self) -> &'static str {
                match self {
                    $(Self::$variant { .. } => $code,)*
                }
            }

            /// Whether the same call may succeed later without any change.
            #[must_use]
            #[allow(unused_variables)]
            pub fn is_retryable(&self) -> bool {
                match self {
                    $(Self::$variant { $($($field,)*)? } => {
                        let known: Option<bool> = errors!(@ $retryable);
                        $(let known = Some($own);)?
                        known.unwrap_or(false)
                    })*
                }
            }

            /// The fields of the JavaScript class, by their names there.
            #[must_use]
            #[allow(unused_variables)]
            pub fn fields(&self) -> Vec<(&'static str, FieldValue<'_>)> {
                let all: Vec<(&'static str, Option<FieldValue<'_>>)> = match self {
                    $(Self::$variant { $($($field,)*)? } => {
                        vec![$((stringify!($name), $crate::error::declare::Field::value($value)),)*]
                    })*
                };
                all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
            }
        }

        impl std::fmt::Display for Error {
            #[allow(unused_variables)]
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match self {
                    $(Self::$variant { $($($field,)*)? } => {
                        let $f = formatter;
                        $text
                    })*
                }
            }
        }
    };
    (@ yes) => { Some(true) };
    (@ no) => { Some(false) };
    (@ each) => { None };
}

pub(super) use errors;
