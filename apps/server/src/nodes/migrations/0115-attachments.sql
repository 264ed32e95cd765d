-- At a node: what goes with its application at a hub. At the hub they are papers of the case.
create table node_attachments (
  id text primary key,
  node text not null,
  market text not null,
  participant text not null,
  kind text not null,
  name text not null,
  media_type text not null,
  object text not null,
  bytes bigint not null check (bytes > 0),
  -- The application that names it, when the hub had it, and why it would not.
  uplink text references node_uplinks (id),
  sent_at timestamptz,
  fault text not null default '',
  created_at timestamptz not null,
  retention_class text not null default 'member-file',
  stored_region text not null default storage_region()
);
create index node_attachments_unsent on node_attachments (uplink) where sent_at is null;
-- The same content goes once.
create unique index node_attachments_object on node_attachments (object);
