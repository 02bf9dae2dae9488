//! Step 5: waiting while another process refreshes.

use std::time::Duration;

use super::world::{Answer, Process, Provider, World, pass, unavailable};
use tokenkeep::error::Error;

#[tokio::test(start_paused = true)]
async fn waiters_go_on_when_the_holder_fails() {
    let (world, provider) = (World::new(), Provider::new(true, true));
    for _ in 0..5 {
        provider.script(unavailable());
    }
    let (first, second) = (Process::new(&world, &provider), Process::new(&world, &provider));
    let failing = first.spawn_call();
    tokio::time::sleep(Duration::from_millis(5)).await;
    assert_eq!(second.call().await.as_deref(), Ok("a6"));
    assert!(matches!(failing.await, Ok(Err(Error::ProviderUnavailable { .. }))));
}

#[tokio::test(start_paused = true)]
async fn waiters_see_a_new_access_token_over_the_same_refresh_token() {
    let (world, provider) = (World::new(), Provider::new(false, false));
    let now = world.now();
    world.change(|row| row.refreshing_at = Some(now));
    let waiting = Process::new(&world, &provider).spawn_call();
    pass(2).await;
    let (access, expires_at) = (world.seal("theirs"), world.at(3_600));
    world.change(|row| {
        (row.access, row.expires_at, row.refreshing_at) = (access, expires_at, None);
    });
    assert_eq!(waiting.await.expect("does not panic").as_deref(), Ok("theirs"));
    assert_eq!(provider.requests(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_short_failure_of_the_database_ends_no_wait() {
    let (world, provider) = (World::new(), Provider::new(true, true));
    let (holder, waiter) = (Process::new(&world, &provider), Process::new(&world, &provider));
    provider.script(Answer::After(3_000));
    let held = holder.spawn_call();
    tokio::time::sleep(Duration::from_millis(20)).await;
    let waiting = waiter.spawn_call();
    tokio::time::sleep(Duration::from_millis(500)).await;
    world.away_for(Duration::from_secs(1));
    assert_eq!(waiting.await.expect("does not panic").as_deref(), Ok("a1"));
    assert_eq!(held.await.expect("does not panic").as_deref(), Ok("a1"));
    assert_eq!(provider.requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_row_that_was_only_sealed_again_does_not_count_as_refreshed() {
    let (world, provider) = (World::new(), Provider::new(true, true));
    world.connect("r0", "short", 180);
    let now = world.now();
    world.change(|row| row.refreshing_at = Some(now));
    let waiting = Process::new(&world, &provider).spawn_call();
    pass(2).await;
    world.reseal();
    pass(2).await;
    let (access, expires_at) = (world.seal("theirs"), world.at(3_600));
    world.change(|row| {
        (row.access, row.expires_at, row.refreshing_at) = (access, expires_at, None);
    });
    assert_eq!(waiting.await.expect("does not panic").as_deref(), Ok("theirs"));
    assert_eq!(provider.requests(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_waiter_rereads_when_refreshes_usually_end_and_rarely_before() {
    let (world, provider) = (World::new(), Provider::new(true, true));
    let (holder, other) = (Process::new(&world, &provider), Process::new(&world, &provider));
    let mut waits = Vec::new();
    for round in 0..3 {
        let reads = world.reads();
        let held = holder.spawn_call();
        tokio::time::sleep(Duration::from_millis(3)).await;
        let waiting = other.spawn_call();
        let token = held.await.expect("does not panic");
        let done = world.now();
        assert_eq!(waiting.await.expect("does not panic"), token);
        waits.push((world.now().ms_since(done), world.reads() - reads));
        world.connect(&format!("r{}", round + 1), "spent", -60);
    }
    let (first, last) = (waits[0], waits[2]);
    assert!(last.0 < first.0 && last.0 <= 10, "waited too long: {waits:?}");
    assert!(last.1 < first.1 && last.1 <= 5, "polled too often: {waits:?}");
}
