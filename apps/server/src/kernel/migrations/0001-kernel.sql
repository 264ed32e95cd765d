-- The kernel's own tables. It knows no noun of the trade.

create table node_state (
  key text primary key,
  value jsonb not null
);

-- What was done, by whom; written in the transaction that did it.
create table audit (
  sequence bigint generated always as identity primary key,
  at timestamptz not null,
  node text not null,
  market text not null,
  participant text not null,
  actor_kind text not null,
  actor text not null,
  action text not null,
  subject text not null,
  data jsonb not null,
  request text
);
create index audit_subject on audit (subject, sequence);
create index audit_participant on audit (participant, sequence);

-- Outgoing facts. Readers wait for `transaction` to be older than every running one, so no commit is skipped.
create table events (
  sequence bigint generated always as identity primary key,
  transaction xid8 not null default pg_current_xact_id(),
  at timestamptz not null,
  node text not null,
  market text not null,
  participant text not null,
  type text not null,
  version int not null default 1,
  subject text not null,
  data jsonb not null
);

create table event_cursors (
  consumer text primary key,
  sequence bigint not null default 0,
  failures int not null default 0,
  failure text
);

create table idempotency (
  participant text not null,
  actor text not null,
  key text not null,
  endpoint text not null,
  request_digest text not null,
  status int not null,
  reply jsonb not null,
  at timestamptz not null,
  primary key (participant, actor, key)
);

create table jobs (
  id text primary key,
  node text not null,
  market text not null,
  participant text not null,
  kind text not null,
  title jsonb not null,
  data jsonb not null,
  state text not null check (state in ('queued', 'running', 'done', 'failed', 'dead', 'cancelled')),
  progress real not null default 0 check (progress between 0 and 1),
  note text,
  attempts int not null default 0,
  attempts_max int not null,
  run_at timestamptz not null,
  lease_until timestamptz,
  cancel_asked boolean not null default false,
  result jsonb,
  failure text,
  unique_key text,
  created_at timestamptz not null,
  finished_at timestamptz
);
create index jobs_due on jobs (run_at) where state in ('queued', 'running', 'failed');
create unique index jobs_unique on jobs (kind, unique_key) where unique_key is not null and state in ('queued', 'running', 'failed');

create table sessions (
  token_hash bytea primary key,
  node text not null,
  market text not null,
  participant text not null,
  person text not null,
  created_at timestamptz not null,
  seen_at timestamptz not null,
  expires_at timestamptz not null,
  ended_at timestamptz,
  client text
);
create index sessions_person on sessions (person);

create table counters (
  name text primary key,
  value bigint not null
);
