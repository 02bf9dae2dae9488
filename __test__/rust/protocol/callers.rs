//! Steps 1, 2 and 10: what a caller gets, and when.

use std::time::Duration;

use super::world::{Answer, Process, Provider, World, pass, unavailable};
use tokenkeep::error::Error;
use tokenkeep::refresh::RefreshOptions;

#[tokio::test(start_paused = true)]
async fn a_fresh_token_costs_no_request() {
    let (world, provider) = (World::new(), Provider::new(true, true));
    world.connect("r0", "fresh", 301);
    assert_eq!(Process::new(&world, &provider).call().await.as_deref(), Ok("fresh"));
    assert_eq!(provider.requests(), 0);
}

#[tokio::test(start_paused = true)]
async fn many_callers_of_many_processes_cost_one_request() {
    let (world, provider) = (World::new(), Provider::new(true, true));
    let processes: Vec<_> = (0..8).map(|_| Process::new(&world, &provider)).collect();
    let calls: Vec<_> =
        processes.iter().flat_map(|one| (0..50).map(|_| one.spawn_call())).collect();
    for call in calls {
        assert_eq!(call.await.expect("does not panic").as_deref(), Ok("a1"));
    }
    assert_eq!(provider.requests(), 1);
    let row = world.row().expect("is there");
    assert_eq!((row.refresh_token(), row.refreshing_at), ("r1", None));
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_leaves_cancels_nobody() {
    let (world, provider) = (World::new(), Provider::new(true, true));
    let process = Process::new(&world, &provider);
    let gone = process.spawn_call();
    tokio::time::sleep(Duration::from_millis(50)).await;
    gone.abort();
    assert_eq!(process.call().await.as_deref(), Ok("a1"));
    assert_eq!(provider.requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn usable_at_once_returns_a_usable_token_while_another_process_refreshes() {
    let (world, provider) = (World::new(), Provider::new(true, true));
    world.connect("r0", "usable", 70);
    let now = world.now();
    world.change(|row| row.refreshing_at = Some(now));
    let process = Process::new(&world, &provider);
    let options = RefreshOptions { usable_at_once: true, ..process.options() };
    let before = tokio::time::Instant::now();
    assert_eq!(process.call_with(options).await.as_deref(), Ok("usable"));
    assert!(before.elapsed() < Duration::from_secs(1), "waited although it need not");
    pass(11).await;
    assert!(matches!(process.call_with(options).await, Err(Error::RefreshTimeout { .. })));
}

#[tokio::test(start_paused = true)]
async fn usable_at_once_does_not_apply_to_a_caller_that_asks_for_more_than_the_refresh_buffer() {
    let (world, provider) = (World::new(), Provider::new(true, true));
    world.connect("r0", "short", 180);
    let now = world.now();
    world.change(|row| row.refreshing_at = Some(now));
    let process = Process::new(&world, &provider);
    let options = RefreshOptions { fresh_ms: 1_800_000, usable_at_once: true, ..process.options() };
    let waiting = process.spawn_call_with(options);
    pass(2).await;
    let (access, expires_at) = (world.seal("theirs"), world.at(3_600));
    world.change(|row| {
        (row.access, row.expires_at, row.refreshing_at) = (access, expires_at, None);
    });
    assert_eq!(waiting.await.expect("does not panic").as_deref(), Ok("theirs"));
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_asks_for_more_than_the_running_task_does_not_get_less() {
    let (world, provider) = (World::new(), Provider::new(true, true));
    world.connect("r0", "short", 180);
    let now = world.now();
    world.change(|row| row.refreshing_at = Some(now));
    let process = Process::new(&world, &provider);
    let first = process.spawn_call();
    pass(2).await;
    // The user connects again. The token is enough for the first caller only.
    world.connect("r0", "enough", 900);
    let options = RefreshOptions { fresh_ms: 1_800_000, ..process.options() };
    assert_eq!(process.call_with(options).await.as_deref(), Ok("a1"));
    assert_eq!(first.await.expect("does not panic").as_deref(), Ok("enough"));
}

#[tokio::test(start_paused = true)]
async fn a_usable_token_replaces_an_error_but_not_after_it_has_expired() {
    let (world, provider) = (World::new(), Provider::new(true, true));
    world.connect("r0", "usable", 100);
    for _ in 0..5 {
        provider.script(unavailable());
    }
    let process = Process::new(&world, &provider);
    assert_eq!(process.call().await.as_deref(), Ok("usable"));
    // Judged when it is returned: this refresh takes longer than the token is valid.
    pass(36).await;
    provider.script(Answer::LostAfter(14_000));
    assert!(matches!(process.call().await, Err(Error::OutcomeUnknown { .. })));
}

#[tokio::test(start_paused = true)]
async fn usable_at_once_applies_to_everyone_except_the_caller_that_started_the_task() {
    let (world, provider) = (World::new(), Provider::new(true, true));
    world.connect("r0", "usable", 100);
    let process = Process::new(&world, &provider);
    let options = RefreshOptions { usable_at_once: true, ..process.options() };
    let first = tokio::spawn({
        let process = process.clone();
        async move { process.call_with(options).await }
    });
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(process.call_with(options).await.as_deref(), Ok("usable"));
    assert_eq!(first.await.expect("does not panic").as_deref(), Ok("a1"));
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_subscribes_to_an_old_task_waits_for_its_whole_time() {
    let (world, provider) = (World::new(), Provider::new(true, true));
    let process = Process::new(&world, &provider);
    let first = process.spawn_call();
    for _ in 0..3 {
        let now = world.now();
        world.change(|row| row.refreshing_at = Some(now));
        pass(18).await;
    }
    assert!(matches!(first.await, Ok(Err(Error::RefreshTimeout { .. }))));
    let late = process.spawn_call();
    pass(10).await;
    world.connect("r0", "theirs", 3_600);
    assert_eq!(late.await.expect("does not panic").as_deref(), Ok("theirs"));
}

#[tokio::test(start_paused = true)]
async fn closing_waits_for_the_commit_and_ends_tasks_that_have_sent_nothing() {
    let (world, provider) = (World::new(), Provider::new(true, true));
    let (holder, waiter) = (Process::new(&world, &provider), Process::new(&world, &provider));
    let held = holder.spawn_call();
    tokio::time::sleep(Duration::from_millis(20)).await;
    let waiting = waiter.spawn_call();
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert!(waiter.engine.close(Duration::from_secs(1)).await);
    assert!(matches!(waiting.await, Ok(Err(Error::Closed))));
    assert!(holder.engine.close(Duration::from_secs(10)).await);
    assert_eq!(world.row().expect("is there").refresh_token(), "r1");
    assert_eq!(held.await.expect("does not panic").as_deref(), Ok("a1"));
}
