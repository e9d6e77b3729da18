//! Builds again when the web app was built again, so that the binary holds the newest one.

fn main() {
    println!("cargo::rerun-if-changed=../web/dist");
    println!("cargo::rerun-if-changed=migrations");
}
