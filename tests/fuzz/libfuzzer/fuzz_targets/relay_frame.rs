#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| fengsui_fuzz::run("relay_frame", data));
