#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| fengsui_fuzz::run("packet_decode", data));
