-- Steps of cases that entered the public log. `core` is the signed statement; with the salt erased, nothing leads from the
-- entry to it any more.
create table case_step_log (
  case_id text not null,
  sequence int not null,
  node text not null,
  market text not null,
  -- Whose case it is.
  participant text not null,
  form text not null check (form in ('clear', 'commitment')),
  core jsonb not null,
  salt text,
  log_entry text not null references log_entries (id),
  retention_class text not null default 'member-file',
  stored_region text not null default storage_region(),
  created_at timestamptz not null,
  primary key (case_id, sequence),
  foreign key (case_id, sequence) references case_moves (case_id, sequence)
);
