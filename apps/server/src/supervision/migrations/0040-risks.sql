-- Warnings of the regulator with what was done about them, and its own tasks.

create table risks (
  id text primary key,
  node text not null,
  market text not null,
  -- Whom it concerns; the operator where it concerns the market itself.
  participant text not null,
  rule text not null,
  -- id@version of the rule pack whose figures were met.
  pack text not null,
  severity text not null check (severity in ('low', 'medium', 'high')),
  state text not null check (state in ('open', 'handled', 'passed')),
  -- What triggered it still holds.
  present boolean not null,
  target_kind text not null,
  target text not null,
  target_name text not null,
  cause jsonb not null,
  retention_class text not null default 'trade',
  stored_region text not null default storage_region(),
  created_at timestamptz not null,
  ended_at timestamptz,
  check ((state = 'open') = (ended_at is null))
);
-- Found once as long as it lasts.
create unique index risks_present on risks (rule, target) where present;
create index risks_list on risks (market, id desc);
create index risks_open on risks (severity, id) where state = 'open';

create table risk_steps (
  id text primary key,
  node text not null,
  market text not null,
  participant text not null,
  risk text not null references risks,
  person text not null,
  kind text not null check (kind in ('note', 'handle', 'reopen')),
  body text not null check (body <> ''),
  retention_class text not null default 'trade',
  stored_region text not null default storage_region(),
  created_at timestamptz not null
);
create index risk_steps_risk on risk_steps (risk, id);

create table regulator_tasks (
  id text primary key,
  node text not null,
  market text not null,
  participant text not null,
  title text not null,
  body text not null,
  state text not null check (state in ('open', 'done', 'cancelled')),
  due_on date not null,
  owner text not null,
  result text,
  created_by text not null,
  retention_class text not null default 'trade',
  stored_region text not null default storage_region(),
  created_at timestamptz not null,
  ended_at timestamptz,
  check ((state = 'open') = (ended_at is null)),
  check ((state = 'open') = (result is null))
);
create index regulator_tasks_due on regulator_tasks (due_on, id);
