-- No event is passed over: what a consumer could not handle in its turn waits here until it is handled.
create table stalled_events (
  id text primary key,
  node text not null,
  market text not null,
  -- The event's.
  participant text not null,
  consumer text not null,
  event bigint not null references events (sequence),
  -- Events of one lane stay in order for their consumer.
  lane text not null,
  -- queued: behind an earlier one of its lane; failed: to be tried again; dead: waits for a person.
  state text not null check (state in ('queued', 'failed', 'dead')),
  attempts int not null default 0,
  next_at timestamptz not null,
  reason text,
  since timestamptz not null,
  unique (consumer, event)
);
create index stalled_events_lane on stalled_events (consumer, lane, event);
create index stalled_events_due on stalled_events (consumer, next_at) where state <> 'dead';

-- Until now ten failures moved the cursor on; where the last thing a consumer met was such an event, it is still known.
insert into stalled_events (id, node, market, participant, consumer, event, lane, state, attempts, next_at, reason, since)
  select 'sev_' || left(md5(c.consumer || e.sequence), 26), e.node, e.market, e.participant, c.consumer, e.sequence, e.subject, 'dead',
    c.failures, e.at, c.failure, e.at
  from event_cursors c join events e on e.sequence = c.sequence
  where c.failure like c.sequence || ': %';

alter table event_cursors drop column failures, drop column failure;

-- Counts up with each claim and is never reset: whoever holds an older one has lost the job to somebody else.
alter table jobs add column lease int not null default 0;
create index jobs_dead on jobs (id) where state = 'dead';
