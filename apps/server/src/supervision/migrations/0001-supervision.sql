-- Directives of the regulator, suspensions by the operator, and what each of them holds.

create table directives (
  id text primary key,
  node text not null,
  market text not null,
  -- The regulator.
  participant text not null,
  number text not null,
  state text not null check (state in ('proposed', 'declined', 'effective', 'lapsed', 'lifted', 'done')),
  measure text not null check (measure in ('freeze', 'suspendListing', 'explain', 'lift')),
  emergency boolean not null check (not emergency or measure = 'freeze'),
  basis text not null,
  reason text not null,
  target_kind text not null check (target_kind in ('listing', 'product', 'organisation', 'grant', 'contract')),
  target text not null,
  target_name text not null,
  -- Members concerned: they read it once it is effective, and answer.
  addressees text[] not null,
  lifts text references directives,
  answer_days int check (answer_days > 0),
  answer_by timestamptz,
  confirm_by timestamptz,
  issued_by text not null,
  confirmed_by text,
  confirmed_at timestamptz,
  declined_by text,
  decline_reason text,
  paper text,
  effect jsonb,
  retention_class text not null default 'trade',
  created_at timestamptz not null,
  effective_at timestamptz,
  ended_at timestamptz,
  unique (node, number),
  -- Two people, whatever the code believes.
  check (confirmed_by <> issued_by),
  check ((lifts is not null) = (measure = 'lift')),
  check (state <> 'effective' or effective_at is not null),
  check (state <> 'effective' or emergency or confirmed_by is not null)
);
create index directives_state on directives (state, id);
create index directives_target on directives (target) where state = 'effective';
create index directives_addressees on directives using gin (addressees);
create index directives_confirm_by on directives (confirm_by) where state = 'effective' and confirmed_by is null;
-- One lifting at a time.
create unique index directives_lifting on directives (lifts) where state = 'proposed';

create table directive_answers (
  id text primary key,
  node text not null,
  market text not null,
  participant text not null,
  directive text not null references directives,
  person text not null,
  body text not null check (body <> ''),
  late boolean not null,
  retention_class text not null default 'trade',
  created_at timestamptz not null
);
create index directive_answers_directive on directive_answers (directive, id);

create table suspensions (
  id text primary key,
  node text not null,
  market text not null,
  participant text not null,
  state text not null check (state in ('proposed', 'declined', 'effective', 'lifted')),
  target_kind text not null check (target_kind in ('product', 'grant', 'contract')),
  target text not null,
  target_name text not null,
  reason text not null,
  proposed_by text not null,
  confirmed_by text check (confirmed_by <> proposed_by),
  lifted_by text,
  lift_reason text,
  retention_class text not null default 'trade',
  created_at timestamptz not null,
  effective_at timestamptz,
  ended_at timestamptz,
  check (state not in ('effective', 'lifted') or confirmed_by is not null)
);
create unique index suspensions_open on suspensions (target_kind, target) where state in ('proposed', 'effective');

-- Why use is stopped, one row a source and target: use goes on when the last source of a target lets go.
create table use_holds (
  id text primary key,
  node text not null,
  market text not null,
  participant text not null,
  -- A directive, a suspension, or a registered right under a remark.
  source text not null,
  target_kind text not null check (target_kind in ('grant', 'contract', 'product', 'participant', 'standing', 'listing')),
  target text not null,
  reason text not null,
  retention_class text not null default 'trade',
  created_at timestamptz not null,
  lifted_at timestamptz
);
create unique index use_holds_live on use_holds (source, target_kind, target) where lifted_at is null;
create index use_holds_target on use_holds (target_kind, target) where lifted_at is null;
