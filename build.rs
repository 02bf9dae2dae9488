//! Sets up linking of the Node addon; does nothing for the core alone.
fn main() {
    #[cfg(feature = "binding")]
    napi_build::setup();
}
