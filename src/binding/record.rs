//! Records: values that become an object in JavaScript. Each is declared once, by `record!`, and takes
//! consecutive elements of the flat array. JavaScript gets the names of the fields in their order at load
//! (`record_layouts`), takes positions from them, and refuses an addon with other fields than it reads
//! (`ts/bridge/layouts.ts`).

use napi::bindgen_prelude::Result;
use napi_derive::napi;

use super::flat::Flat;
use super::integration::SkippedRows;
use super::reseal::{PendingUses, Progress, RowsOfKey};
use super::vault::{ExpiringToken, ExpiringTokens};
use crate::connect::Connected;
use crate::store::{PendingUse, calendar, gmail, integration, vault};

/// The names of the fields of a record or a message, in the order of the flat array.
#[napi(object, object_from_js = false)]
pub struct Layout {
    pub name: &'static str,
    pub fields: Vec<&'static str>,
}

/// A value that crosses as a record.
pub(super) trait Record {
    const NAME: &'static str;
    const FIELDS: &'static [&'static str];

    fn layout() -> Layout {
        Layout { name: Self::NAME, fields: Self::FIELDS.to_vec() }
    }

    /// How many elements it takes.
    fn size(&self) -> u32;

    fn write(self, flat: &mut Flat<'_>) -> Result<()>;
}

/// A record of any type, on its way to the JavaScript thread.
pub(super) trait AnyRecord: Send {
    fn size(&self) -> u32;

    fn write(self: Box<Self>, flat: &mut Flat<'_>) -> Result<()>;
}

impl<R: Record + Send> AnyRecord for R {
    fn size(&self) -> u32 {
        Record::size(self)
    }

    fn write(self: Box<Self>, flat: &mut Flat<'_>) -> Result<()> {
        Record::write(*self, flat)
    }
}

/// A list or a record within a record. Its field is the number of items, or `null`; the items follow the
/// record's fields.
pub(super) trait Nested {
    fn count(&self) -> Option<u32>;

    /// How many elements the items take.
    fn size(&self) -> u32;

    fn write(self, flat: &mut Flat<'_>) -> Result<()>;
}

impl Nested for Vec<String> {
    fn count(&self) -> Option<u32> {
        Some(length(self.len()))
    }

    fn size(&self) -> u32 {
        length(self.len())
    }

    fn write(self, flat: &mut Flat<'_>) -> Result<()> {
        self.into_iter().try_for_each(|item| flat.put(item))
    }
}

impl Nested for Option<Vec<String>> {
    fn count(&self) -> Option<u32> {
        self.as_ref().and_then(Nested::count)
    }

    fn size(&self) -> u32 {
        self.as_ref().map_or(0, Nested::size)
    }

    fn write(self, flat: &mut Flat<'_>) -> Result<()> {
        self.map_or(Ok(()), |items| items.write(flat))
    }
}

impl<R: Record> Nested for Vec<R> {
    fn count(&self) -> Option<u32> {
        Some(length(self.len()))
    }

    fn size(&self) -> u32 {
        self.iter().map(Record::size).sum()
    }

    fn write(self, flat: &mut Flat<'_>) -> Result<()> {
        self.into_iter().try_for_each(|item| item.write(flat))
    }
}

impl<R: Record> Nested for R {
    fn count(&self) -> Option<u32> {
        Some(1)
    }

    fn size(&self) -> u32 {
        Record::size(self)
    }

    fn write(self, flat: &mut Flat<'_>) -> Result<()> {
        Record::write(self, flat)
    }
}

pub(super) fn length(items: usize) -> u32 {
    u32::try_from(items).unwrap_or(u32::MAX)
}

/// Declares how a type crosses: `Name(value: Type) { field: expression, }` with the fields by their
/// JavaScript names, then optionally `nested { field: place, }`.
macro_rules! record {
    (
        $name:ident($value:ident: $type:ty) {
            $($field:ident: $get:expr,)*
        }
        $(nested {
            $($nested:ident: $items:expr,)+
        })?
    ) => {
        impl $crate::binding::record::Record for $type {
            const NAME: &'static str = stringify!($name);
            const FIELDS: &'static [&'static str] =
                &[$(stringify!($field),)* $($(stringify!($nested),)+)?];

            fn size(&self) -> u32 {
                #[allow(unused_variables)] // without nested items
                let $value = self;
                $crate::binding::record::length(Self::FIELDS.len()) $($(+ $crate::binding::record::Nested::size(&$items))+)?
            }

            fn write(self, flat: &mut $crate::binding::flat::Flat<'_>) -> napi::Result<()> {
                let $value = self;
                $(flat.put($get)?;)*
                $($(flat.put($crate::binding::record::Nested::count(&$items))?;)+)?
                $($($crate::binding::record::Nested::write($items, flat)?;)+)?
                Ok(())
            }
        }
    };
}
pub(super) use record;

/// Every record. Called once, at load.
#[napi(catch_unwind)]
pub fn record_layouts() -> Vec<Layout> {
    vec![
        gmail::Decrypted::layout(),
        vault::Opened::layout(),
        <(vault::Opened, bool)>::layout(),
        ExpiringTokens::layout(),
        ExpiringToken::layout(),
        calendar::Tokens::layout(),
        integration::Tokens::layout(),
        integration::Summary::layout(),
        integration::FailureCount::layout(),
        SkippedRows::layout(),
        Connected::layout(),
        Progress::layout(),
        RowsOfKey::layout(),
        PendingUses::layout(),
        PendingUse::layout(),
    ]
}
