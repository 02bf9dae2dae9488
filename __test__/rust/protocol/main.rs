//! The refresh protocol against a table and a provider that fail on demand. Each test is named
//! after what would be lost; the hard ones are the counterexamples of the checked model.

mod world;

use std::time::Duration;

use tokenkeep::error::Error;
use tokenkeep::oauth::{Refusal, Verdict};
use tokenkeep::refresh::RefreshOptions;
use world::{Answer, Fault, Process, Provider, Step, World, pass};

fn unavailable() -> Answer {
    Answer::Instead(
        0,
        Verdict::Transient(
            Error::ProviderUnavailable { status: Some(503), reason: "test".into() },
            None,
        ),
    )
}

fn rejected() -> Answer {
    Answer::Instead(
        0,
        Verdict::ClientRejected(Error::ClientRejected { error: "invalid_client".into() }),
    )
}

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
async fn a_caller_that_goes_away_cancels_nobody() {
    let (world, provider) = (World::new(), Provider::new(true, true));
    let process = Process::new(&world, &provider);
    let gone = process.spawn_call();
    tokio::time::sleep(Duration::from_millis(50)).await;
    gone.abort();
    assert_eq!(process.call().await.as_deref(), Ok("a1"));
    assert_eq!(provider.requests(), 1);
}

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
async fn a_longer_access_token_is_not_overwritten_by_an_older_one() {
    let (world, provider) = (World::new(), Provider::new(false, false));
    world.fail(Step::Commit, Fault::Before);
    // Over the same refresh token somebody stores a token that runs longer.
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
async fn sealing_anew_during_a_refresh_does_not_lose_the_rotated_token() {
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
async fn nobody_takes_over_while_a_holder_waits_for_the_database() {
    let (world, provider) = (World::new(), Provider::new(true, true));
    let (holder, other) = (Process::new(&world, &provider), Process::new(&world, &provider));
    world.before(Step::Commit, |world| world.away_for(Duration::from_secs(45)));
    // The holder's caller is answered meanwhile, although nothing is stored.
    assert_eq!(holder.call().await.as_deref(), Ok("a1"));
    assert_eq!(world.row().expect("is there").refresh_token(), "r0");
    while other.call().await.is_err() {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    // The commit was late, so the other process proved its token; nothing was spent twice.
    assert_eq!(provider.requests(), 2);
    assert_eq!(world.row().expect("is there").refresh_token(), provider.current());
}

#[tokio::test(start_paused = true)]
async fn an_expired_lease_is_taken_over_only_after_the_grace() {
    let (world, provider) = (World::new(), Provider::new(true, true));
    let expired = world.at(-3_600);
    world.change(|row| row.refreshing_at = Some(expired));
    let process = Process::new(&world, &provider);
    let call = process.spawn_call();
    tokio::time::sleep(Duration::from_millis(4_900)).await;
    assert_eq!(provider.requests(), 0, "taken over without having been watched");
    assert_eq!(call.await.expect("does not panic").as_deref(), Ok("a1"));
}

#[tokio::test(start_paused = true)]
async fn a_failed_poll_starts_the_watch_again() {
    let (world, provider) = (World::new(), Provider::new(true, true));
    let expired = world.at(-3_600);
    world.change(|row| row.refreshing_at = Some(expired));
    let process = Process::new(&world, &provider);
    let call = process.spawn_call();
    pass(4).await;
    world.fail(Step::Read, Fault::Before);
    pass(4).await;
    assert_eq!(provider.requests(), 0, "the first four seconds were counted");
    assert_eq!(call.await.expect("does not panic").as_deref(), Ok("a1"));
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_was_frozen_starts_the_watch_again() {
    let (world, provider) = (World::new(), Provider::new(true, true));
    let expired = world.at(-3_600);
    world.change(|row| row.refreshing_at = Some(expired));
    let process = Process::new(&world, &provider);
    let call = process.spawn_call();
    pass(4).await;
    process.machine.freeze_for(Duration::from_secs(10));
    pass(4).await;
    assert_eq!(provider.requests(), 0, "what was seen before the freeze was counted");
    assert_eq!(call.await.expect("does not panic").as_deref(), Ok("a1"));
}

#[tokio::test(start_paused = true)]
async fn an_old_process_that_died_is_got_over_by_one_patient_caller_of_a_mixed_fleet() {
    let (world, provider) = (World::new(), Provider::new(true, true));
    let (locked, written) = (world.now(), world.at(-3_600));
    world.change(|row| (row.refreshing_at, row.updated_at) = (Some(locked), written));
    let process = Process::with(&world, &provider, true);
    let options = RefreshOptions { wait_ms: 70_000, ..process.options() };
    assert_eq!(process.call_with(options).await.as_deref(), Ok("a1"));
}

#[tokio::test(start_paused = true)]
async fn a_lease_in_the_future_is_respected_for_one_lease() {
    let (world, provider) = (World::new(), Provider::new(true, true));
    let skewed = world.at(3_600);
    world.change(|row| row.refreshing_at = Some(skewed));
    let process = Process::new(&world, &provider);
    assert!(matches!(process.call().await, Err(Error::RefreshTimeout { .. })));
    assert_eq!(provider.requests(), 0);
    pass(5).await;
    assert_eq!(process.call().await.as_deref(), Ok("a1"));
}

#[tokio::test(start_paused = true)]
async fn a_lease_a_little_ahead_is_respected_no_longer_than_one_far_ahead() {
    let (world, provider) = (World::new(), Provider::new(true, true));
    let skewed = world.at(48);
    world.change(|row| row.refreshing_at = Some(skewed));
    let process = Process::new(&world, &provider);
    let options = RefreshOptions { wait_ms: 50_000, ..process.options() };
    let call = tokio::spawn({
        let process = process.clone();
        async move { process.call_with(options).await }
    });
    pass(29).await;
    assert_eq!(provider.requests(), 0);
    pass(3).await;
    assert_eq!(provider.requests(), 1, "the lease slid into the past and was respected again");
    assert_eq!(call.await.expect("does not panic").as_deref(), Ok("a1"));
}

#[tokio::test(start_paused = true)]
async fn a_database_that_is_away_for_a_moment_ends_no_wait() {
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
async fn a_usable_token_is_given_at_once_while_another_process_refreshes_and_never_a_spent_one() {
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
async fn who_asks_for_more_than_the_refresh_buffer_is_not_given_less_while_another_process_refreshes()
 {
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
async fn who_joins_a_refresh_of_somebody_who_asked_for_less_is_not_given_less() {
    let (world, provider) = (World::new(), Provider::new(true, true));
    world.connect("r0", "short", 180);
    let now = world.now();
    world.change(|row| row.refreshing_at = Some(now));
    let process = Process::new(&world, &provider);
    let first = process.spawn_call();
    pass(2).await;
    // The user has connected anew, by a token that is enough for the first alone.
    world.connect("r0", "enough", 900);
    let options = RefreshOptions { fresh_ms: 1_800_000, ..process.options() };
    assert_eq!(process.call_with(options).await.as_deref(), Ok("a1"));
    assert_eq!(first.await.expect("does not panic").as_deref(), Ok("enough"));
}

#[tokio::test(start_paused = true)]
async fn a_token_that_was_only_sealed_anew_is_not_taken_for_a_refreshed_one() {
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
async fn a_refusal_beside_a_new_access_token_ends_nothing() {
    let (world, provider) = (World::new(), Provider::new(false, false));
    provider.script(Answer::Instead(0, Verdict::InvalidGrant(Refusal::invalid_grant(Some(400)))));
    // Read by the call, and once more after the refusal.
    world.before(Step::Read, |_| {});
    world.before(Step::Read, |world| {
        let (access, expires_at) = (world.seal("theirs"), world.at(3_600));
        world.change(|row| (row.access, row.expires_at) = (access, expires_at));
    });
    assert_eq!(Process::new(&world, &provider).call().await.as_deref(), Ok("theirs"));
}

#[tokio::test(start_paused = true)]
async fn an_unknown_outcome_outlives_a_takeover_that_fails() {
    let (world, provider) = (World::new(), Provider::new(true, true));
    let expired = world.at(-3_600);
    world.change(|row| row.refreshing_at = Some(expired));
    for _ in 0..5 {
        provider.script(unavailable());
    }
    assert!(Process::new(&world, &provider).call().await.is_err());
    assert_eq!(world.row().expect("is there").refreshing_at, Some(expired));
}

#[tokio::test(start_paused = true)]
async fn a_row_in_doubt_is_marked_only_when_the_attempt_is_old() {
    let (world, provider) = (World::new(), Provider::new(true, false));
    provider.revoke();
    let expired = world.at(-60);
    world.change(|row| row.refreshing_at = Some(expired));
    let process = Process::new(&world, &provider);
    assert!(matches!(process.call().await, Err(Error::OutcomeUnknown { .. })));
    assert_eq!(world.row().expect("is there").refreshing_at, Some(expired));
    pass(600).await;
    assert!(matches!(process.call().await, Err(Error::Revoked { .. })));
    assert!(world.row().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_dead_grant_marks_a_row_that_is_not_in_doubt_at_once() {
    let (world, provider) = (World::new(), Provider::new(true, true));
    provider.revoke();
    assert!(matches!(Process::new(&world, &provider).call().await, Err(Error::Revoked { .. })));
    assert!(world.row().is_none());
}

#[tokio::test(start_paused = true)]
async fn an_ending_without_the_lease_ends_nothing() {
    let (world, provider) = (World::new(), Provider::new(true, false));
    provider.revoke();
    let stolen = world.at(1);
    world.before(Step::End, move |world| world.change(|row| row.refreshing_at = Some(stolen)));
    let call = Process::new(&world, &provider).spawn_call();
    pass(2).await;
    assert_eq!(world.row().expect("is there").refreshing_at, Some(stolen));
    call.abort();
}

#[tokio::test(start_paused = true)]
async fn a_stale_refusal_does_not_end_a_reconnected_row() {
    let (world, provider) = (World::new(), Provider::new(true, true));
    provider.script(Answer::Instead(0, Verdict::InvalidGrant(Refusal::invalid_grant(Some(400)))));
    world.before(Step::Read, |_| {});
    world.before(Step::Read, |world| world.connect("other", "new", 3_600));
    // The new token may be of a family that reuse has killed: it is proved by a refresh.
    assert!(matches!(Process::new(&world, &provider).call().await, Err(Error::Revoked { .. })));
    assert_eq!(provider.requests(), 2);
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
async fn a_usable_token_is_not_given_to_a_user_who_has_just_disconnected() {
    let (world, provider) = (World::new(), Provider::new(true, true));
    world.connect("r0", "usable", 100);
    world.before(Step::Commit, World::disconnect);
    let outcome = Process::new(&world, &provider).call().await;
    assert!(matches!(outcome, Err(Error::NotConnected { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_commit_whose_answer_was_lost_is_recognised() {
    let (world, provider) = (World::new(), Provider::new(true, true));
    world.fail(Step::Commit, Fault::After);
    let process = Process::new(&world, &provider);
    assert_eq!(process.call().await.as_deref(), Ok("a1"));
    pass(5).await;
    assert_eq!(process.call().await.as_deref(), Ok("a1"));
    assert_eq!(provider.requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_lease_whose_answer_was_lost_runs_out_and_is_taken_over() {
    let (world, provider) = (World::new(), Provider::new(true, true));
    world.fail(Step::Lease, Fault::After);
    let process = Process::new(&world, &provider);
    assert!(matches!(process.call().await, Err(Error::RefreshTimeout { .. })));
    pass(16).await;
    assert_eq!(process.call().await.as_deref(), Ok("a1"));
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
async fn expiry_counts_from_the_lease_however_late_the_commit() {
    let (world, provider) = (World::new(), Provider::new(false, false));
    let start = world.now();
    world.before(Step::Commit, |world| world.away_for(Duration::from_secs(100)));
    assert!(Process::new(&world, &provider).call().await.is_ok());
    pass(110).await;
    let left_ms = world.row().expect("is there").expires_at.ms_since(start);
    assert!((3_600_000..3_601_000).contains(&left_ms), "{left_ms}");
}

#[tokio::test(start_paused = true)]
async fn a_usable_token_is_given_instead_of_an_error_but_not_after_it_ran_out() {
    let (world, provider) = (World::new(), Provider::new(true, true));
    world.connect("r0", "usable", 100);
    for _ in 0..5 {
        provider.script(unavailable());
    }
    let process = Process::new(&world, &provider);
    assert_eq!(process.call().await.as_deref(), Ok("usable"));
    // Judged when it is handed out: this refresh task takes longer than the token is good for.
    pass(36).await;
    provider.script(Answer::LostAfter(14_000));
    assert!(matches!(process.call().await, Err(Error::OutcomeUnknown { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_usable_token_is_given_at_once_to_everyone_but_the_one_who_refreshes() {
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
async fn a_lease_is_released_although_the_row_was_sealed_anew() {
    let (world, provider) = (World::new(), Provider::new(true, true));
    for _ in 0..5 {
        provider.script(unavailable());
    }
    world.before(Step::Release, World::reseal);
    assert!(Process::new(&world, &provider).call().await.is_err());
    assert_eq!(world.row().expect("is there").refreshing_at, None);
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_leaves_the_lease_as_the_mark_for_everybody() {
    let (world, provider) = (World::new(), Provider::new(true, false));
    provider.script(Answer::LostAfter(1_000));
    let process = Process::new(&world, &provider);
    assert!(matches!(process.call().await, Err(Error::OutcomeUnknown { .. })));
    let lease = world.row().expect("is there").refreshing_at;
    assert!(lease.is_some());
    pass(40).await;
    // Taken over in doubt: a refusal does not mark the row while somebody may hold the successor.
    assert!(matches!(process.call().await, Err(Error::OutcomeUnknown { .. })));
    assert_eq!(world.row().expect("is there").refreshing_at, lease);
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_of_a_provider_that_does_not_rotate_is_asked_again_at_once() {
    let (world, provider) = (World::new(), Provider::new(false, false));
    provider.script(Answer::LostAfter(1_000));
    assert_eq!(Process::new(&world, &provider).call().await.as_deref(), Ok("a2"));
    assert_eq!(world.row().expect("is there").refreshing_at, None);
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_was_frozen_after_its_lease_does_not_send() {
    let (world, provider) = (World::new(), Provider::new(true, true));
    let process = Process::new(&world, &provider);
    let machine = process.machine.clone();
    world.before(Step::Lease, move |_| machine.freeze_for(Duration::from_secs(16)));
    let call = process.spawn_call();
    tokio::time::sleep(Duration::from_millis(5)).await;
    assert_eq!(provider.requests(), 0, "sent without room in the lease");
    assert_eq!(call.await.expect("does not panic").as_deref(), Ok("a1"));
}

#[tokio::test(start_paused = true)]
async fn a_bad_client_secret_touches_no_row_and_is_not_tried_for_every_user() {
    let (world, provider) = (World::new(), Provider::new(true, true));
    provider.script(rejected());
    let process = Process::new(&world, &provider);
    assert!(matches!(process.call().await, Err(Error::ClientRejected { .. })));
    pass(29).await;
    assert!(matches!(process.call().await, Err(Error::ClientRejected { .. })));
    assert_eq!(provider.requests(), 1);
    let row = world.row().expect("is there");
    assert_eq!((row.refresh_token(), row.refreshing_at), ("r0", None));
    pass(2).await;
    assert_eq!(process.call().await.as_deref(), Ok("a2"));
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_not_asked_for_again_at_once_and_pauses_grow() {
    let (world, provider) = (World::new(), Provider::new(true, true));
    let process = Process::new(&world, &provider);
    for _ in 0..200 {
        let refused = Verdict::Refused(Error::ProviderRefused { status: 400, reason: "t".into() });
        provider.script(Answer::Instead(0, refused));
    }
    for _ in 0..600 {
        assert!(process.call().await.is_err());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(provider.requests() <= 10, "{} requests in a minute", provider.requests());
    // A reconnect is served at once, whatever was remembered, and refreshed if need be.
    let before = provider.requests();
    world.connect("r0", "new", 0);
    assert!(process.call().await.is_err());
    assert_eq!(provider.requests(), before + 1);
}

#[tokio::test(start_paused = true)]
async fn a_slow_refusal_is_not_made_unknown_by_another_try_that_the_budget_cuts_off() {
    let (world, provider) = (World::new(), Provider::new(true, true));
    for _ in 0..5 {
        let Answer::Instead(_, busy) = unavailable() else { unreachable!("is one") };
        provider.script(Answer::Instead(4_000, busy));
    }
    let told = Process::new(&world, &provider).call().await;
    assert!(matches!(told, Err(Error::ProviderUnavailable { .. })), "{told:?}");
    assert_eq!(world.row().expect("is there").refreshing_at, None);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_waits_in_the_socket_when_the_timer_is_due_is_not_lost() {
    let (world, provider) = (World::new(), Provider::new(true, true));
    provider.script(Answer::After(15_030));
    assert_eq!(Process::new(&world, &provider).call().await.as_deref(), Ok("a1"));
    assert_eq!(world.row().expect("is there").refresh_token(), "r1");
}

#[tokio::test(start_paused = true)]
async fn a_process_that_was_stopped_has_time_to_read_the_answers_that_came_meanwhile() {
    let (world, provider) = (World::new(), Provider::new(true, true));
    let process = Process::new(&world, &provider);
    // Fifty answers at once on a busy machine: the last is read seconds after the timer.
    provider.script(Answer::After(17_000));
    let call = process.spawn_call();
    tokio::time::sleep(Duration::from_secs(1)).await;
    process.machine.freeze_for(Duration::from_secs(40));
    assert_eq!(call.await.expect("does not panic").as_deref(), Ok("a1"));
    assert_eq!(world.row().expect("is there").refresh_token(), "r1");
}

#[tokio::test(start_paused = true)]
async fn who_waits_rereads_when_refreshes_usually_end_and_hardly_before() {
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

#[tokio::test(start_paused = true)]
async fn retry_after_is_honoured_up_to_ten_minutes() {
    let (world, provider) = (World::new(), Provider::new(true, true));
    let process = Process::new(&world, &provider);
    let hour = Some(Duration::from_secs(3_600));
    let throttled = Verdict::Transient(Error::ProviderThrottled { retry_after_ms: None }, hour);
    provider.script(Answer::Instead(0, throttled));
    assert!(process.call().await.is_err());
    pass(590).await;
    assert!(matches!(process.call().await, Err(Error::ProviderThrottled { .. })));
    assert_eq!(provider.requests(), 1);
    pass(15).await;
    assert_eq!(process.call().await.as_deref(), Ok("a2"));
}

#[tokio::test(start_paused = true)]
async fn a_holder_that_was_stopped_for_longer_than_its_budget_still_stores_the_answer() {
    let (world, provider) = (World::new(), Provider::new(true, true));
    let process = Process::new(&world, &provider);
    let machine = process.machine.clone();
    world.before(Step::Commit, move |_| machine.freeze_for(Duration::from_secs(700)));
    for _ in 0..3 {
        world.fail(Step::Commit, Fault::Before);
    }
    let _ = process.call().await;
    pass(5).await;
    assert_eq!(world.row().expect("is there").refresh_token(), "r1");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_not_stored_is_not_given_to_who_has_connected_anew() {
    let (world, provider) = (World::new(), Provider::new(false, false));
    for _ in 0..20 {
        world.fail(Step::Commit, Fault::Before);
    }
    let process = Process::new(&world, &provider);
    assert_eq!(process.call().await.as_deref(), Ok("a1"));
    world.connect("another account", "spent", -1);
    assert_eq!(process.call().await.as_deref(), Ok("a2"));
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_joins_an_old_refresh_has_its_whole_time() {
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
async fn closing_waits_for_the_commit_and_ends_what_has_sent_nothing() {
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

#[tokio::test(start_paused = true)]
async fn what_a_mixed_fleet_leaves_behind_locks_while_it_is_live_and_is_free_afterwards() {
    let (world, provider) = (World::new(), Provider::new(true, true));
    let process = Process::with(&world, &provider, true);
    assert_eq!(process.call().await.as_deref(), Ok("a1"));
    let row = world.row().expect("is there");
    assert_eq!(row.refreshing_at, Some(row.updated_at.minus(Duration::from_secs(2))));
    pass(31).await;
    let spent = world.at(-1);
    world.change(|row| row.expires_at = spent);
    assert_eq!(process.call().await.as_deref(), Ok("a2"));
    // A lease newer than the last write is somebody's: the grace is a whole lease.
    let (spent, expired) = (world.at(-1), world.at(-31));
    world.change(|row| {
        (row.expires_at, row.refreshing_at, row.updated_at) =
            (spent, Some(expired), expired.minus(Duration::from_secs(60)));
    });
    let call = process.spawn_call();
    pass(19).await;
    assert_eq!(provider.requests(), 2);
    assert!(matches!(call.await, Ok(Err(Error::RefreshTimeout { .. }))));
    pass(12).await;
    assert_eq!(process.call().await.as_deref(), Ok("a3"));
}

#[tokio::test(start_paused = true)]
async fn a_row_that_was_sealed_anew_is_still_what_a_forced_refresh_replaces() {
    // Before the lease, before the commit, and before a refusal marks the row.
    for step in [Step::Lease, Step::Commit, Step::End] {
        let (world, provider) = (World::new(), Provider::new(true, true));
        // It runs longer than what the provider will give.
        world.connect("r0", "bad", 7_200);
        world.before(step, World::reseal);
        if step == Step::End {
            provider.revoke();
        }
        let given = Process::new(&world, &provider).force().await;
        match step {
            Step::End => assert!(given.is_err(), "{given:?}"),
            _ => assert_eq!(given.as_deref(), Ok("a1"), "{step:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_forced_refresh_is_not_content_with_a_refresh_of_an_older_version() {
    let (world, provider) = (World::new(), Provider::new(true, false));
    provider.script(Answer::After(5_000));
    let process = Process::new(&world, &provider);
    let older = process.spawn_call();
    pass(1).await;
    // The user connects anew, and the provider refuses that access token.
    provider.connect("r9");
    world.connect("r9", "bad", 3_600);
    assert_eq!(process.force().await.as_deref(), Ok("a2"));
    assert_eq!(older.await.expect("does not panic").as_deref(), Ok("bad"));
}

#[tokio::test(start_paused = true)]
async fn a_row_that_was_claimed_too_long_ago_counts_as_no_refresh() {
    let (world, provider) = (World::new(), Provider::new(true, true));
    let process = Process::new(&world, &provider);
    let late = process.claim_and_refresh_after(20).await;
    assert!(matches!(late, Err(Error::RefreshTimeout { .. })), "{late:?}");
    assert_eq!((provider.requests(), world.row().expect("is there").refreshing_at), (0, None));
    assert_eq!(process.claim_and_refresh_after(10).await.as_deref(), Ok("a1"));
}
