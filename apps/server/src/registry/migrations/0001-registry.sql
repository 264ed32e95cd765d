-- Data resources, what was uploaded for them, rights registered on them, certificates.

create table resources (
  id text primary key,
  node text not null,
  market text not null,
  participant text not null,
  name text not null,
  summary text not null,
  industry text not null,
  source text not null,
  region_scope text not null,
  region text,
  time_from date not null,
  time_until date,
  update_frequency text not null,
  forms text[] not null check (cardinality(forms) > 0),
  structure text not null,
  limits text not null,
  personal boolean not null,
  person_count int check (person_count >= 0),
  purpose text not null,
  licence text not null,
  synthetic boolean not null,
  state text not null check (state in ('draft', 'uploaded', 'profiled', 'retired')),
  revision int not null,
  retention_class text not null default 'registration',
  created_at timestamptz not null,
  updated_at timestamptz not null,
  check (time_until is null or time_from <= time_until)
);
create index resources_participant on resources (market, participant, id);

create table resource_uploads (
  id text primary key,
  node text not null,
  market text not null,
  participant text not null,
  resource text not null references resources,
  file_name text not null,
  bytes bigint not null check (bytes > 0),
  received bigint not null default 0 check (received between 0 and bytes),
  digest text,
  state text not null check (state in ('open', 'complete', 'expired')),
  content text,
  created_by text not null,
  created_at timestamptz not null,
  expires_at timestamptz not null
);
create index resource_uploads_open on resource_uploads (expires_at) where state = 'open';

-- One file as it was read: the newest of a resource is the resource's content. Rows of the data itself are never in here.
create table resource_contents (
  id text primary key,
  node text not null,
  market text not null,
  participant text not null,
  resource text not null references resources,
  file_name text not null,
  bytes bigint not null,
  digest text,
  normal_digest text,
  normal_bytes bigint,
  row_count bigint,
  columns jsonb not null default '[]',
  profile jsonb,
  quality jsonb,
  scan jsonb,
  classification jsonb,
  state text not null check (state in ('reading', 'ready', 'faulty')),
  fault jsonb,
  job text,
  retention_class text not null default 'registration',
  created_at timestamptz not null,
  finished_at timestamptz,
  check (state <> 'ready' or (digest is not null and normal_digest is not null and row_count is not null))
);
create index resource_contents_resource on resource_contents (resource, id desc);

create table certificates (
  id text primary key,
  node text not null,
  market text not null,
  participant text not null,
  code text not null unique check (code ~ '^SJ\d{3}20\d{2}(0[1-9]|1[0-2])(?!0000)\d{4}$'),
  registrar text not null,
  resource text not null references resources,
  object_kind text not null,
  case_id text not null unique,
  data_name text not null,
  data_summary text not null,
  limits text not null,
  holders jsonb not null,
  changes jsonb not null default '[]',
  evidence_number text not null,
  evidenced_on date not null,
  valid_from timestamptz not null,
  valid_until timestamptz not null,
  state text not null check (state in ('valid', 'expired', 'cancelled', 'transferred')),
  revision int not null default 1,
  paper text,
  ended_at timestamptz,
  retention_class text not null default 'registration',
  created_at timestamptz not null,
  check (registrar <> participant),
  check (valid_from < valid_until)
);
create index certificates_list on certificates (market, id desc);
create index certificates_expiry on certificates (valid_until) where state = 'valid';

-- Resource × right × holder × limits. No uniqueness: several holders may have the same right on the same data at once.
create table registered_rights (
  id text primary key,
  node text not null,
  market text not null,
  -- The holding organisation; '' for a holder that is no member here.
  participant text not null,
  resource text not null references resources,
  right_kind text not null check (right_kind in ('hold', 'use', 'operate')),
  holder_name text not null,
  holder_code text not null,
  certificate text not null references certificates,
  case_id text not null,
  valid_from timestamptz not null,
  valid_until timestamptz not null,
  limits text not null,
  proof text not null,
  state text not null check (state in ('active', 'frozen', 'expired', 'cancelled', 'transferred')),
  ended_at timestamptz,
  ended_by_case text,
  retention_class text not null default 'registration',
  created_at timestamptz not null,
  check (valid_from < valid_until),
  check ((ended_at is null) = (state in ('active', 'frozen')))
);
create index registered_rights_resource on registered_rights (resource, right_kind);
create index registered_rights_holder on registered_rights (participant, id desc);
create index registered_rights_certificate on registered_rights (certificate);
create index registered_rights_expiry on registered_rights (valid_until) where state in ('active', 'frozen');

create table right_remarks (
  id text primary key,
  node text not null,
  market text not null,
  participant text not null,
  right_id text not null references registered_rights,
  kind text not null check (kind in ('agreed', 'seizure', 'control', 'objection')),
  text text not null,
  basis text not null,
  until_day date,
  recorded_by text not null,
  lifted_at timestamptz,
  lifted_reason text,
  retention_class text not null default 'registration',
  created_at timestamptz not null
);
create index right_remarks_right on right_remarks (right_id);
create index right_remarks_until on right_remarks (until_day) where lifted_at is null;

-- What the registrar asks of the national system: written before it is sent, so that a crash is a pause.
create table national_dispatches (
  id text primary key,
  node text not null,
  market text not null,
  participant text not null,
  case_id text not null,
  step text not null check (step in ('notice', 'evidence', 'code')),
  payload jsonb not null,
  state text not null check (state in ('doing', 'done')),
  answer jsonb,
  attempts int not null default 0,
  failure text,
  retention_class text not null default 'registration',
  created_at timestamptz not null,
  done_at timestamptz,
  unique (case_id, step),
  check ((state = 'done') = (answer is not null))
);

-- The labelled simulator's own book; a real adapter leaves it empty.
create table national_simulator (
  key text primary key,
  node text not null,
  market text not null,
  participant text not null,
  step text not null,
  payload jsonb not null,
  answer jsonb not null,
  created_at timestamptz not null
);

create table registrar_pages (
  participant text primary key,
  node text not null,
  market text not null,
  process text not null,
  complaint_channel text not null,
  team text not null,
  fees jsonb not null,
  created_at timestamptz not null
);

create table cancellation_proposals (
  id text primary key,
  node text not null,
  market text not null,
  participant text not null,
  certificate text not null references certificates,
  ground text not null,
  reason text not null,
  proposed_by text not null,
  confirmed_by text check (confirmed_by <> proposed_by),
  created_at timestamptz not null,
  confirmed_at timestamptz
);
create unique index cancellation_proposals_open on cancellation_proposals (certificate) where confirmed_at is null;

create table file_inspections (
  id text primary key,
  node text not null,
  market text not null,
  participant text not null,
  case_id text not null,
  handler text not null,
  person text not null,
  purpose text not null,
  basis text not null,
  state text not null check (state in ('asked', 'granted', 'refused')),
  answer text not null default '',
  answered_by text,
  until_at timestamptz,
  retention_class text not null default 'registration',
  created_at timestamptz not null
);
create index file_inspections_participant on file_inspections (participant, id desc);
create index file_inspections_handler on file_inspections (handler, id desc);
create index file_inspections_case on file_inspections (case_id, participant);
