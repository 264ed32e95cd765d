-- Catalogues within catalogues: of another space, or of a node of this hub. What they hold is looked up there, under their own rules.
create table space_catalogues (
  id text primary key,
  space text not null references spaces (id),
  node text not null,
  market text not null,
  -- Who put it in: the operator of the space.
  participant text not null,
  child_space text references spaces (id),
  child_node text,
  reason text not null default '',
  created_at timestamptz not null,
  ended_at timestamptz,
  retention_class text not null default 'trade',
  stored_region text not null default storage_region(),
  check (num_nonnulls(child_space, child_node) = 1),
  check (child_space <> space)
);
create unique index space_catalogues_space on space_catalogues (space, child_space) where ended_at is null and child_space is not null;
create unique index space_catalogues_node on space_catalogues (space, child_node) where ended_at is null and child_node is not null;
create index space_catalogues_child on space_catalogues (child_space) where ended_at is null;
create index space_catalogues_child_node on space_catalogues (child_node) where ended_at is null;
