-- Time stamps of outside authorities (RFC 3161) over checkpoints of the log.
create table log_stamps (
  origin text not null,
  size bigint not null,
  node text not null,
  market text not null,
  participant text not null,
  token bytea not null,
  authority text not null,
  -- By the authority's clock; and by the node's, when it was taken in.
  stamped_at timestamptz not null,
  taken_at timestamptz not null,
  retention_class text not null default 'public-log',
  stored_region text not null default storage_region(),
  primary key (origin, size),
  foreign key (origin, size) references log_checkpoints (origin, size)
);

-- Whether a paper's bundle carries one. Bundles without are made anew once a stamp covers their entry.
alter table papers add column stamped boolean not null default false;
create index papers_log_entry on papers (log_entry);
create index papers_unstamped on papers (id) where not stamped;
