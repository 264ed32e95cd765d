-- Files that are marked for one buyer, as cuts of table shares are: made once for a contract and a file, served instead of it.
create table delivery_file_copies (
  id text primary key,
  node text not null,
  market text not null,
  -- The supplier.
  participant text not null,
  version text not null,
  -- Whose copy it is: the contract, or the grant of a trial.
  copy text not null,
  table_name text not null,
  -- Digest of the file as the supplier made it.
  source text not null,
  watermark jsonb not null,
  -- The same in one spelling: amended terms make another copy.
  mark text not null,
  state text not null check (state in ('building', 'ready', 'failed')),
  fault jsonb,
  -- Of the copy, in the object store.
  digest text,
  bytes bigint,
  row_count bigint,
  -- Rows made up for it; kept for tracing, and so that it is the same when it is made again.
  synthetic jsonb,
  job text,
  -- What the node stated of it when it was made: signed, and committed to the log under the salt.
  core jsonb,
  salt text,
  log_entry text,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  retention_class text not null default 'contract',
  stored_region text not null default storage_region(),
  unique (version, copy, table_name, source, mark),
  check (state <> 'ready' or (digest is not null and bytes is not null and row_count is not null))
);
create index delivery_file_copies_participant on delivery_file_copies (participant, id);
