-- Cases (办件) of every procedure, their clocks, papers and served notices.

create table cases (
  id text primary key,
  node text not null,
  market text not null,
  -- The applicant's organisation.
  participant text not null,
  procedure text not null,
  -- id@version of the rule pack that the case was filed under.
  pack text not null,
  title text not null,
  subject text,
  handler text not null,
  state text not null,
  turn text not null,
  -- Only the applicant sees it: not handed in yet.
  private boolean not null,
  data jsonb not null,
  -- What anyone may read in the present state; null where nothing is public.
  public_data jsonb,
  published_at timestamptz,
  -- What effects left: numbers of papers issued and the like.
  outcome jsonb not null default '{}',
  -- Earliest end of a running limit, for sorting queues.
  due_at timestamptz,
  filed_at timestamptz not null,
  ended_at timestamptz,
  version int not null default 1
);
create index cases_participant on cases (participant, id);
create index cases_handler on cases (handler, due_at, id);
create index cases_subject on cases (subject) where subject is not null;
create index cases_public on cases (market, published_at, id) where public_data is not null;

create table case_parties (
  case_id text not null references cases (id),
  node text not null,
  market text not null,
  participant text not null,
  party text not null,
  since timestamptz not null,
  primary key (case_id, party, participant)
);
create index case_parties_participant on case_parties (participant, case_id);

create table case_moves (
  case_id text not null references cases (id),
  sequence int not null,
  node text not null,
  market text not null,
  -- Organisation of the actor; '' where the system moved.
  participant text not null,
  -- When the move took effect: for a limit that ran out, the moment it did, however late the server noticed.
  at timestamptz not null,
  recorded_at timestamptz not null,
  move text not null,
  from_state text,
  to_state text not null,
  by text not null,
  actor text not null,
  actor_name text not null,
  input jsonb not null,
  primary key (case_id, sequence)
);

create table case_clocks (
  id bigint generated always as identity primary key,
  case_id text not null references cases (id),
  node text not null,
  market text not null,
  participant text not null,
  clock text not null,
  started_at timestamptz not null,
  due_at timestamptz,
  fires_at timestamptz,
  length int not null,
  unit text not null,
  extended_by int not null default 0,
  paused_at timestamptz,
  remaining int,
  overdue_at timestamptz,
  stopped_at timestamptz,
  awaits_service boolean not null default false,
  provisional boolean not null default false,
  failure text,
  check (stopped_at is null or fires_at is null),
  check ((paused_at is null) = (remaining is null))
);
create unique index case_clocks_live on case_clocks (case_id, clock) where stopped_at is null;
create index case_clocks_fires on case_clocks (fires_at, id) where fires_at is not null;
create index case_clocks_due on case_clocks (due_at) where stopped_at is null;
create index case_clocks_provisional on case_clocks (case_id) where provisional and stopped_at is null;

create table case_papers (
  id text primary key,
  case_id text not null references cases (id),
  node text not null,
  market text not null,
  -- Organisation that handed it in.
  participant text not null,
  kind text not null,
  name text not null,
  media_type text not null,
  object text not null,
  bytes bigint not null,
  sensitive boolean not null,
  by text not null,
  at timestamptz not null
);
create index case_papers_case on case_papers (case_id, id);

create table notices (
  id text primary key,
  node text not null,
  market text not null,
  -- Organisation served.
  participant text not null,
  case_id text references cases (id),
  subject text not null,
  text jsonb not null,
  channel text not null,
  created_at timestamptz not null,
  -- 送达: when clocks that begin with service begin.
  served_at timestamptz,
  starts_clocks jsonb not null default '[]',
  read_at timestamptz,
  read_by text,
  digest text not null
);
create index notices_participant on notices (participant, id);
create index notices_unread on notices (participant, id) where read_at is null;
