//! Tells the linker where Node's symbols come from; nothing to do for the core alone.
fn main() {
    #[cfg(feature = "binding")]
    napi_build::setup();
}
