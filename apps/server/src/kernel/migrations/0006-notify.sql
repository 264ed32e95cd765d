-- Notices by mail and webhook, every attempt recorded; and the signed proof of their service.

-- Title of the case and the end of the receiver's limit at that moment: all that leaves the house beside numbers. Older
-- notices have none, and are never sent anywhere.
alter table notices add column title text, add column due_at timestamptz;
create index notices_case on notices (case_id, id);

create table notice_proofs (
  notice text not null references notices (id),
  how text not null check (how in ('inbox', 'read')),
  node text not null,
  market text not null,
  participant text not null,
  -- The signed statement, and the salt of its commitment in the log: without it the entry says nothing.
  core jsonb not null,
  salt text not null,
  log_entry text not null references log_entries (id),
  at timestamptz not null,
  primary key (notice, how)
);

create table webhooks (
  id text primary key,
  node text not null,
  market text not null,
  participant text not null,
  name text not null,
  url text not null,
  -- Sealed under the webhook's own key.
  secret text not null,
  state text not null check (state in ('active', 'paused', 'removed')),
  -- Attempts in a row that failed.
  failures int not null default 0,
  created_by text not null,
  created_at timestamptz not null
);
create index webhooks_participant on webhooks (participant, id);

create table notice_letters (
  id text primary key,
  node text not null,
  market text not null,
  -- Organisation served.
  participant text not null,
  notice text not null references notices (id),
  channel text not null check (channel in ('mail', 'webhook')),
  -- A person or a webhook; the address itself is read anew for every attempt.
  recipient text not null,
  -- What people see of it: a mail address masked, and sealed under the person's key; a webhook's host.
  shown text not null,
  state text not null check (state in ('waiting', 'delivered', 'failed', 'refused', 'dropped')),
  created_at timestamptz not null,
  unique (notice, channel, recipient)
);
create index notice_letters_recipient on notice_letters (recipient, id);

create table letter_attempts (
  id bigint generated always as identity primary key,
  letter text not null references notice_letters (id),
  node text not null,
  market text not null,
  participant text not null,
  at timestamptz not null,
  outcome text not null check (outcome in ('delivered', 'failed', 'refused', 'dropped')),
  answer text not null
);
create index letter_attempts_letter on letter_attempts (letter, id);
