-- Entries of other catalogues and nodes: by reference to what was harvested, or to what a node publishes at this hub.
alter table space_entries alter column product drop not null;
alter table space_entries add column harvested text;
alter table space_entries add column foreign_node text;
alter table space_entries add column foreign_subject text;
-- Since when it is not where it comes from.
alter table space_entries add column missing_since timestamptz;
alter table space_entries add constraint space_entries_one_kind check (
  num_nonnulls(product, harvested, foreign_node) = 1 and (foreign_node is null) = (foreign_subject is null));
create unique index space_entries_harvested on space_entries (space, harvested) where ended_at is null and harvested is not null;
create unique index space_entries_node on space_entries (space, foreign_node, foreign_subject)
  where ended_at is null and foreign_node is not null;
create index space_entries_foreign on space_entries (id) where ended_at is null and product is null;
