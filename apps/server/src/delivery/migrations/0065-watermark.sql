-- Cuts that are marked for one buyer.

-- Whose copy it is: the contract, or the grant of a trial; null where copies are all alike.
alter table delivery_cuts add column copy text;
-- {"altered": {column: largest change}, "syntheticRows": …}
alter table delivery_cuts add column watermark jsonb;
-- Rows made up for this copy, table by table; the same in every revision, or their change would give them away.
alter table delivery_cuts add column synthetic jsonb;
alter table delivery_cuts add constraint delivery_cuts_watermark_check check ((copy is null) = (watermark is null));

-- Files traced to marked copies: who asked, what was found. The files themselves are not kept.
create table delivery_traces (
  id text primary key,
  node text not null,
  market text not null,
  -- Who asked.
  participant text not null,
  file jsonb not null,
  copies int not null,
  tests int not null,
  chance_max double precision not null,
  named jsonb not null,
  closest jsonb,
  created_by text not null,
  created_at timestamptz not null,
  retention_class text not null default 'contract',
  stored_region text not null default storage_region()
);
create index delivery_traces_participant on delivery_traces (participant, id);
create index delivery_cuts_copies on delivery_cuts (participant, id) where copy is not null;
