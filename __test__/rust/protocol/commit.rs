//! Step 7: storing the answer.

use std::time::Duration;

use super::world::{Fault, Process, Provider, Step, World, pass};
use tokenkeep::error::Error;

#[tokio::test(start_paused = true)]
async fn a_longer_access_token_is_not_overwritten_by_an_older_one() {
    let (world, provider) = (World::new(), Provider::new(false, false));
    world.fail(Step::Commit, Fault::Before);
    // Over the same refresh token somebody stores a token that lasts longer.
    world.before(Step::Commit, |_| {});
    world.before(Step::Commit, |world| {
        let (access, expires_at) = (world.seal("longer"), world.at(7_200));
        world.change(|row| (row.access, row.expires_at) = (access, expires_at));
    });
    assert!(Process::new(&world, &provider).call().await.is_ok());
    pass(5).await;
    assert_eq!(world.row().expect("is there").access_token(), "longer");
}

#[tokio::test(start_paused = true)]
async fn sealing_a_row_again_during_a_refresh_does_not_lose_the_rotated_token() {
    let (world, provider) = (World::new(), Provider::new(true, true));
    for _ in 0..3 {
        world.before(Step::Commit, World::reseal);
    }
    assert_eq!(Process::new(&world, &provider).call().await.as_deref(), Ok("a1"));
    let row = world.row().expect("is there");
    assert_eq!((row.refresh_token(), provider.current().as_str()), ("r1", "r1"));
    assert_eq!(row.access_token(), "a1");
}

#[tokio::test(start_paused = true)]
async fn a_longer_access_token_survives_while_the_rotated_refresh_token_is_kept() {
    let (world, provider) = (World::new(), Provider::new(true, true));
    world.before(Step::Commit, |world| {
        let (access, expires_at) = (world.seal("longer"), world.at(7_200));
        world.change(|row| (row.access, row.expires_at) = (access, expires_at));
    });
    assert_eq!(Process::new(&world, &provider).call().await.as_deref(), Ok("longer"));
    let row = world.row().expect("is there");
    assert_eq!((row.refresh_token(), row.access_token()), ("r1", "longer"));
}

#[tokio::test(start_paused = true)]
async fn a_reconnect_during_a_refresh_wins() {
    let (world, provider) = (World::new(), Provider::new(true, true));
    world.before(Step::Commit, |world| world.connect("other", "new", 3_600));
    assert_eq!(Process::new(&world, &provider).call().await.as_deref(), Ok("new"));
    let row = world.row().expect("is there");
    assert_eq!((row.refresh_token(), row.access_token()), ("other", "new"));
}

#[tokio::test(start_paused = true)]
async fn a_disconnect_during_a_refresh_is_not_undone() {
    let (world, provider) = (World::new(), Provider::new(true, true));
    world.before(Step::Commit, World::disconnect);
    assert!(matches!(
        Process::new(&world, &provider).call().await,
        Err(Error::NotConnected { .. })
    ));
    assert!(world.row().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_usable_token_is_not_returned_for_a_user_who_has_just_disconnected() {
    let (world, provider) = (World::new(), Provider::new(true, true));
    world.connect("r0", "usable", 100);
    world.before(Step::Commit, World::disconnect);
    let outcome = Process::new(&world, &provider).call().await;
    assert!(matches!(outcome, Err(Error::NotConnected { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_commit_whose_answer_was_lost_is_recognized() {
    let (world, provider) = (World::new(), Provider::new(true, true));
    world.fail(Step::Commit, Fault::After);
    let process = Process::new(&world, &provider);
    assert_eq!(process.call().await.as_deref(), Ok("a1"));
    pass(5).await;
    assert_eq!(process.call().await.as_deref(), Ok("a1"));
    assert_eq!(provider.requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_late_answer_that_rotated_is_stored_but_not_as_fresh() {
    let (world, provider) = (World::new(), Provider::new(true, true));
    world.before(Step::Commit, |world| {
        let other = world.at(0);
        world.change(|row| row.refreshing_at = Some(other));
    });
    assert_eq!(Process::new(&world, &provider).call().await.as_deref(), Ok("a1"));
    let row = world.row().expect("is there");
    assert_eq!(row.refresh_token(), "r1");
    assert!(row.expires_at <= world.at(300));
}

#[tokio::test(start_paused = true)]
async fn the_expiry_counts_from_the_lease_however_late_the_commit_is() {
    let (world, provider) = (World::new(), Provider::new(false, false));
    let start = world.now();
    world.before(Step::Commit, |world| world.away_for(Duration::from_secs(100)));
    assert!(Process::new(&world, &provider).call().await.is_ok());
    pass(110).await;
    let left_ms = world.row().expect("is there").expires_at.ms_since(start);
    assert!((3_600_000..3_601_000).contains(&left_ms), "{left_ms}");
}

#[tokio::test(start_paused = true)]
async fn a_holder_that_was_stopped_for_longer_than_the_commit_budget_still_stores_the_answer() {
    let (world, provider) = (World::new(), Provider::new(true, true));
    let process = Process::new(&world, &provider);
    let machine = process.machine.clone();
    world.before(Step::Commit, move |_| machine.suspend_for(Duration::from_secs(700)));
    for _ in 0..3 {
        world.fail(Step::Commit, Fault::Before);
    }
    let _ = process.call().await;
    pass(5).await;
    assert_eq!(world.row().expect("is there").refresh_token(), "r1");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_not_stored_is_not_returned_after_a_reconnect() {
    let (world, provider) = (World::new(), Provider::new(false, false));
    for _ in 0..20 {
        world.fail(Step::Commit, Fault::Before);
    }
    let process = Process::new(&world, &provider);
    assert_eq!(process.call().await.as_deref(), Ok("a1"));
    world.connect("another account", "spent", -1);
    assert_eq!(process.call().await.as_deref(), Ok("a2"));
}
