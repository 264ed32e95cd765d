-- What owners confirm with keys that this node does not have: those of their own processes, over the very text of the contract.

create table compute_confirmations (
  contract text not null references compute_contracts (id),
  participant text not null,
  node text not null,
  market text not null,
  person text not null,
  signature text not null,
  created_at timestamptz not null,
  retention_class text not null default 'contract',
  stored_region text not null default storage_region(),
  primary key (contract, participant)
);
