//! Messages carried by hand: exported as files on one side, imported on the other, while no link works.

use std::path::Path;

use super::{check, world};

fn shown(path: &Path) -> String {
    path.display().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_carried_by_hand_arrives_once_and_forgeries_are_refused() {
    let world = world().await;
    world.upper.set_cut(true);
    world.lower.set_cut(true);
    world.county.command(&["probe", "--lane", "P2", "--count", "700"]);
    world.county.command(&["probe", "--lane", "P0"]);
    world.prefecture.command(&["probe", "--lane", "P2", "--down", "--count", "40"]);
    let base = world.county.folder.parent().expect("has one").to_owned();
    let (up, down) = (shown(&base.join("up/620100")), shown(&base.join("down/620123")));

    // A forged copy of the disc first: one letter of one message is another one.
    world.county.command(&["export", "--to", &shown(&base.join("up"))]);
    let forged = base.join("forged");
    std::fs::create_dir(&forged).expect("folder");
    for entry in std::fs::read_dir(&up).expect("lists").map(|entry| entry.expect("entry")) {
        let text = std::fs::read_to_string(entry.path()).expect("reads");
        std::fs::write(forged.join(entry.file_name()), text.replacen("\\\"number\\\":0", "\\\"number\\\":9", 1))
            .expect("writes");
    }
    // What only looks like a file, and never ends.
    std::os::unix::fs::symlink("/dev/zero", forged.join("0.batch.json")).expect("links");
    let pipe = std::process::Command::new("mkfifo").arg(forged.join("1.slip.json")).status().expect("runs");
    assert!(pipe.success());
    let refused = world.prefecture.try_command(&["import", &shown(&forged)]);
    assert!(["0.batch.json", "1.slip.json"].iter().all(|name| refused.out.contains(name)), "{}", refused.out);
    assert!(refused.code == 1 && refused.out.contains("forged"), "{} {}", refused.code, refused.out);
    let own = |received: &[serde_json::Value]| {
        received.iter().filter(|message| message["origin"] == "620123" && message["kind"] == "probe").count()
    };
    assert!(own(&world.prefecture.received()) < 700, "a forged disc was taken whole");

    // The real one: messages of two batches and of two lanes, then the same disc again.
    world.prefecture.command(&["import", &up]);
    check(&world.prefecture.received(), "620123", 701);
    let again = world.prefecture.try_command(&["import", &up]);
    assert!(again.code == 1 && again.out.contains("replayed"), "{} {}", again.code, again.out);
    check(&world.prefecture.received(), "620123", 701);
    assert!(world.prefecture.refused("620123") >= 2, "refusals are counted");

    // The way back brings what waits for the county, and the slip that says how far its own messages are.
    let waited = world.county.waiting();
    world.prefecture.command(&["export", "--to", &shown(&base.join("down"))]);
    let strange = world.province.try_command(&["import", &down]);
    assert!(strange.out.contains("wrong_tier"), "a disc for another node: {}", strange.out);
    world.county.command(&["import", &down]);
    check(&world.county.received(), "620100", 40);
    assert!(
        waited >= 701 && world.county.waiting() < 10,
        "the slip clears the outbox: {waited} {}",
        world.county.waiting()
    );
}
