//! The stores: one table each. A store knows its SQL, its key and its format; nothing of HTTP, of
//! Node or of who may refresh when.

pub mod gmail;
pub mod vault_migration;
pub mod zoho_migration;
