-- Of an entry of another node: which demands on policies its offers met when its supplier's connector was asked last, and when that was.
alter table space_entries add column demands_met text[];
alter table space_entries add column asked_at timestamptz;
create index space_entries_asked on space_entries (asked_at) where ended_at is null and asked_at is not null;
