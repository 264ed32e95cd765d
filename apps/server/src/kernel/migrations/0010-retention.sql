-- How long a row is kept (its class is a rule pack’s), in which region it was stored, and what the law keeps from being
-- deleted (docs/decisions/0010-retention.md). Tables of the node itself (node_state, counters, event_cursors, rule_packs) carry neither.

-- The region of the server that writes, which its sessions name. Others (a server of the version before, while an upgrade runs)
-- get the node's; a row without any is refused.
insert into node_state (key, value) values ('region', to_jsonb(current_setting('shugu.region')));
create function storage_region() returns text language plpgsql stable as $$
begin
  return coalesce(nullif(current_setting('shugu.region', true), ''), (select value #>> '{}' from node_state where key = 'region'));
end $$;

-- A legal hold (封存): nothing of what it covers is erased or pruned.
create table legal_holds (
  id text primary key,
  node text not null,
  market text not null,
  -- Who ordered it: the operator or the regulator.
  participant text not null,
  state text not null check (state in ('proposed', 'declined', 'effective', 'lifting', 'lifted', 'expired')),
  target_kind text not null check (target_kind in ('organisation', 'resource', 'order', 'contract', 'case')),
  target text not null,
  target_name text not null,
  -- The target, and the organisations it concerns with all that is theirs.
  covers text[] not null check (target = any(covers)),
  basis text not null check (basis <> ''),
  reason text not null check (reason <> ''),
  until timestamptz,
  proposed_by text not null,
  confirmed_by text,
  lift_proposed_by text,
  lift_reason text,
  lifted_by text,
  retention_class text not null default 'trade',
  stored_region text not null default storage_region(),
  created_at timestamptz not null,
  effective_at timestamptz,
  ended_at timestamptz,
  -- Two people for each of both acts, whatever the code believes.
  check (confirmed_by <> proposed_by),
  check (lifted_by <> lift_proposed_by),
  check (state not in ('effective', 'lifting', 'lifted', 'expired') or confirmed_by is not null),
  check (state <> 'lifted' or lifted_by is not null)
);
create index legal_holds_covers on legal_holds using gin (covers);
create index legal_holds_target on legal_holds (target, id);

alter table audit
  add column retention_class text not null default 'audit',
  add column stored_region text not null default storage_region();
alter table events
  add column retention_class text not null default 'message',
  add column stored_region text not null default storage_region();
alter table stalled_events
  add column retention_class text not null default 'message',
  add column stored_region text not null default storage_region();
alter table idempotency
  add column retention_class text not null default 'retry',
  add column stored_region text not null default storage_region();
alter table jobs
  add column retention_class text not null default 'message',
  add column stored_region text not null default storage_region();
alter table sessions
  add column retention_class text not null default 'access-log',
  add column stored_region text not null default storage_region();
alter table cases
  add column retention_class text not null default 'member-file',
  add column stored_region text not null default storage_region();
alter table case_parties
  add column retention_class text not null default 'member-file',
  add column stored_region text not null default storage_region();
alter table case_moves
  add column retention_class text not null default 'member-file',
  add column stored_region text not null default storage_region();
alter table case_clocks
  add column retention_class text not null default 'member-file',
  add column stored_region text not null default storage_region();
alter table case_papers
  add column retention_class text not null default 'member-file',
  add column stored_region text not null default storage_region();
alter table notices
  add column retention_class text not null default 'trade',
  add column stored_region text not null default storage_region();
alter table keys
  add column retention_class text not null default 'signature',
  add column stored_region text not null default storage_region();
alter table subject_keys
  add column retention_class text not null default 'member-file',
  add column stored_region text not null default storage_region();
alter table log_origins
  add column retention_class text not null default 'public-log',
  add column stored_region text not null default storage_region();
alter table log_entries
  add column retention_class text not null default 'public-log',
  add column stored_region text not null default storage_region();
alter table log_tiles
  add column retention_class text not null default 'public-log',
  add column stored_region text not null default storage_region();
alter table log_checkpoints
  add column retention_class text not null default 'public-log',
  add column stored_region text not null default storage_region();
alter table papers add column stored_region text not null default storage_region();

-- A file is kept as its procedure says, and all that hangs on it with it. Cases filed before now take their pack’s class.
update cases set retention_class = case
  when pack like 'dpr26@%' then 'registration' when procedure in ('trade.review', 'complaint') then 'trade' else 'member-file' end;
update case_parties p set retention_class = c.retention_class from cases c where c.id = p.case_id;
update case_moves m set retention_class = c.retention_class from cases c where c.id = m.case_id;
update case_clocks k set retention_class = c.retention_class from cases c where c.id = k.case_id;
update case_papers p set retention_class = c.retention_class from cases c where c.id = p.case_id;
update notices n set retention_class = c.retention_class from cases c where c.id = n.case_id;
-- Who only looked is an access log; what was done is not.
update audit set retention_class = 'access-log' where action like '%.read' and subject like '{%';
